package trace

import (
	"io"
	"io/fs"
	"os"
	"syscall"
)

// Source has a repository's files. Paths are absolute, and no part but the last is a link. What is not there is an
// error as the disk's; a *failure.Error means that the source cannot tell.
type Source interface {
	// Lstat says what is at a path, links not followed.
	Lstat(path string) (fs.FileInfo, error)
	// Readlink returns a link's target as it was written.
	Readlink(path string) (string, error)
	// ReadFile returns a regular file's content, which the caller may keep, and what Lstat said before the read.
	ReadFile(path string) ([]byte, fs.FileInfo, error)
	// ReadDir returns the names in a directory, sorted by byte.
	ReadDir(path string) ([]string, error)
}

type disk struct{}

func (disk) Lstat(path string) (fs.FileInfo, error) { return os.Lstat(path) }

func (disk) Readlink(path string) (string, error) { return os.Readlink(path) }

func (disk) ReadDir(path string) ([]string, error) {
	list, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(list))
	for _, entry := range list {
		names = append(names, entry.Name())
	}
	return names, nil
}

// ReadFile never follows a link in the last place and never blocks on a pipe.
func (disk) ReadFile(path string) ([]byte, fs.FileInfo, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	content := make([]byte, 0, info.Size()+1)
	for {
		n, err := file.Read(content[len(content):cap(content)])
		content = content[:len(content)+n]
		if err == io.EOF {
			return content, info, nil
		}
		if err != nil {
			return nil, nil, err
		}
		if len(content) == cap(content) {
			content = append(content, 0)[:len(content)]
		}
	}
}
