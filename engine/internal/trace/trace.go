// Package trace is the file system through which an overlay is rendered: it stays inside one repository,
// refuses `.git`, and records everything that was looked at, so that a later run can tell whether anything
// that the render depends on has changed.
package trace

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sort"
	"strings"
	"syscall"

	"sigs.k8s.io/kustomize/kyaml/filesys"

	"sealock.dev/engine/internal/failure"
)

// Kinds of Entry.
const (
	File        = "file"
	Directory   = "directory"
	Symlink     = "symlink"
	Absent      = "absent"
	Uncacheable = "uncacheable"
)

// Entry is one probe. Path is relative to the root with `/`. Digest is the hex SHA-256 of a file's content, of a
// directory's sorted names each ended by a newline, or of a link's target; empty for `absent` and for
// directories and files that were only tested for existence. Numbers were taken before the read; a Git tree has none.
type Entry struct {
	Path      string `json:"path"`
	Kind      string `json:"kind"`
	Digest    string `json:"digest,omitempty"`
	Inode     uint64 `json:"inode,omitempty"`
	SizeBytes int64  `json:"size_bytes,omitempty"`
	MtimeNS   int64  `json:"mtime_ns,omitempty"`
	CtimeNS   int64  `json:"ctime_ns,omitempty"`
}

// OutsideError is an attempt to look outside of the repository, or into its `.git`. Path is as it was asked for.
type OutsideError struct{ Path, Reason string }

func (e *OutsideError) Error() string { return fmt.Sprintf("%s %s", e.Path, e.Reason) }

const maxLinks = 40

// FS is one item's view of the repository. What was read once is not read again, so that a render sees one
// state of each file. It is not safe for concurrent use.
type FS struct {
	root     string
	source   Source
	entries  map[string]*Entry
	resolved map[string]resolution
	content  map[string][]byte
	// Substitute gives other content to a file by its absolute path, for a second build with origins.
	Substitute map[string][]byte
	// Outside is the first attempt to leave the repository; nil when there was none.
	Outside *OutsideError
	// Failed is the first time that the source could not say what is at a path; nil when it always could.
	Failed *failure.Error
}

type resolution struct {
	real string
	info fs.FileInfo
	err  error
}

var _ filesys.FileSystem = (*FS)(nil)

// New returns a file system for the repository on disk at root, an absolute path whose own links are followed.
func New(root string) (*FS, error) {
	if !filepath.IsAbs(root) {
		return nil, fmt.Errorf("root %q is not an absolute path", root)
	}
	real, err := filepath.EvalSymlinks(root)
	if err != nil {
		return nil, err
	}
	return On(real, disk{})
}

// On returns a file system for what source has at root, an absolute path with no link in it.
func On(root string, source Source) (*FS, error) {
	if !filepath.IsAbs(root) {
		return nil, fmt.Errorf("root %q is not an absolute path", root)
	}
	root = filepath.Clean(root)
	info, err := source.Lstat(root)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("root %q is not a directory", root)
	}
	return &FS{
		root: root, source: source, entries: map[string]*Entry{},
		resolved: map[string]resolution{root: {real: root, info: info}},
		content:  map[string][]byte{},
	}, nil
}

// OnDisk says whether other programs find the same files at the same paths.
func (f *FS) OnDisk() bool { return onDisk(f.source) }

// Root returns the repository's real absolute path.
func (f *FS) Root() string { return f.root }

// Entries returns what was looked at, by path.
func (f *FS) Entries() []Entry {
	result := make([]Entry, 0, len(f.entries))
	for _, entry := range f.entries {
		result = append(result, *entry)
	}
	sort.Slice(result, func(a, b int) bool { return result[a].Path < result[b].Path })
	return result
}

// MarkUncacheable records that the result depends on more than the file system shows.
func (f *FS) MarkUncacheable(why string) {
	f.entries[why] = &Entry{Path: why, Kind: Uncacheable}
}

// Relative returns a path below the root relative to it with `/`, and "." for the root.
func (f *FS) Relative(path string) string {
	if path == f.root {
		return "."
	}
	return filepath.ToSlash(strings.TrimPrefix(path, f.root+string(filepath.Separator)))
}

// resolve follows links one component at a time and never looks outside of the root.
func (f *FS) resolve(path string) resolution {
	path = filepath.Clean(path)
	if known, ok := f.resolved[path]; ok {
		return known
	}
	found := f.walk(path, 0)
	f.resolved[path] = found
	return found
}

func (f *FS) walk(path string, links int) resolution {
	if known, ok := f.resolved[path]; ok {
		return known
	}
	if !filepath.IsAbs(path) || !strings.HasPrefix(path, f.root+string(filepath.Separator)) {
		return resolution{err: f.refuse(path, "leads out of the repository")}
	}
	parent := f.walk(filepath.Dir(path), links)
	f.resolved[filepath.Dir(path)] = parent
	if parent.err != nil {
		return parent
	}
	name := filepath.Base(path)
	if strings.EqualFold(name, ".git") {
		return resolution{err: f.refuse(path, "is Git's own data, which no kustomization may read")}
	}
	real := filepath.Join(parent.real, name)
	info, err := f.source.Lstat(real)
	if err != nil {
		if !f.broken(err) {
			f.record(real, Entry{Kind: Absent})
		}
		return resolution{err: err}
	}
	if info.Mode()&fs.ModeSymlink == 0 {
		return resolution{real: real, info: info}
	}
	return f.follow(path, real, info, links)
}

func (f *FS) follow(path, real string, info fs.FileInfo, links int) resolution {
	target, err := f.source.Readlink(real)
	if err != nil {
		f.broken(err)
		return resolution{err: err}
	}
	f.record(real, described(Symlink, info, digestOf([]byte(target))))
	if links++; links > maxLinks {
		return resolution{err: &fs.PathError{Op: "lstat", Path: path, Err: syscall.ELOOP}}
	}
	// Each `..` of the target applies to the real path so far, as the kernel does it.
	at := resolution{real: filepath.Dir(real)}
	if filepath.IsAbs(target) {
		at.real = string(filepath.Separator)
	}
	for _, part := range strings.Split(target, string(filepath.Separator)) {
		switch part {
		case "", ".":
		case "..":
			at = resolution{real: filepath.Dir(at.real)}
		default:
			next := filepath.Join(at.real, part)
			if f.isAbove(next) {
				at = resolution{real: next}
			} else if at = f.walk(next, links); at.err != nil {
				return at
			}
		}
	}
	return f.walk(at.real, links)
}

// isAbove says whether path is a proper ancestor of the root: a link may pass through one, never end there.
func (f *FS) isAbove(path string) bool {
	return strings.HasPrefix(f.root, strings.TrimSuffix(path, string(filepath.Separator))+string(filepath.Separator))
}

func (f *FS) refuse(path, reason string) error {
	err := &OutsideError{Path: path, Reason: reason}
	if f.Outside == nil {
		f.Outside = err
	}
	return err
}

// broken says whether an error means that the source could not tell, and keeps the first such error.
func (f *FS) broken(err error) bool {
	var failed *failure.Error
	if !errors.As(err, &failed) {
		return false
	}
	if f.Failed == nil {
		f.Failed = failed
	}
	return true
}

// record keeps the strongest entry for a path: one with a digest wins.
func (f *FS) record(real string, entry Entry) {
	entry.Path = f.Relative(real)
	if known, ok := f.entries[entry.Path]; ok && (known.Digest != "" || entry.Digest == "") {
		return
	}
	f.entries[entry.Path] = &entry
}

func described(kind string, info fs.FileInfo, digest string) Entry {
	entry := Entry{Kind: kind, Digest: digest}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		entry.Inode, entry.CtimeNS = stat.Ino, changeTime(stat)
		entry.SizeBytes, entry.MtimeNS = info.Size(), info.ModTime().UnixNano()
	}
	return entry
}

func digestOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func kindOf(info fs.FileInfo) string {
	if info.IsDir() {
		return Directory
	}
	return File
}

// look resolves a path and records that its existence was tested.
func (f *FS) look(path string) resolution {
	found := f.resolve(path)
	if found.err == nil {
		f.record(found.real, described(kindOf(found.info), found.info, ""))
	}
	return found
}

// Find returns the real path of what is at path, and whether it is a directory.
func (f *FS) Find(path string) (real string, isDir bool, err error) {
	found := f.look(path)
	if found.err != nil {
		return "", false, found.err
	}
	return found.real, found.info.IsDir(), nil
}

// Digest returns the digest of a file that was read, by its real path; empty when it was not.
func (f *FS) Digest(real string) string {
	if entry, ok := f.entries[f.Relative(real)]; ok {
		return entry.Digest
	}
	return ""
}

// IsDir says whether the path is a directory.
func (f *FS) IsDir(path string) bool {
	found := f.look(path)
	return found.err == nil && found.info.IsDir()
}

// Exists says whether there is anything at the path.
func (f *FS) Exists(path string) bool { return f.look(path).err == nil }

// CleanedAbs splits the path, links followed, into a directory and a file name.
func (f *FS) CleanedAbs(path string) (filesys.ConfirmedDir, string, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(f.root, path)
	}
	found := f.look(path)
	if found.err != nil {
		return "", "", fmt.Errorf("evalsymlink failure on '%s' : %w", path, found.err)
	}
	if found.info.IsDir() {
		return filesys.ConfirmedDir(found.real), "", nil
	}
	return filesys.ConfirmedDir(filepath.Dir(found.real)), filepath.Base(found.real), nil
}

// ReadFile returns a regular file's content.
func (f *FS) ReadFile(path string) ([]byte, error) {
	if content, ok := f.Substitute[path]; ok {
		return content, nil
	}
	found := f.resolve(path)
	if found.err != nil {
		return nil, notFound(path, found.err)
	}
	if content, ok := f.content[found.real]; ok {
		return content, nil
	}
	if found.info.IsDir() {
		f.record(found.real, described(Directory, found.info, ""))
		return nil, &fs.PathError{Op: "read", Path: path, Err: syscall.EISDIR}
	}
	if !found.info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("not a regular file")}
	}
	content, info, err := f.source.ReadFile(found.real)
	if err != nil {
		f.broken(err)
		return nil, err
	}
	f.record(found.real, described(File, info, digestOf(content)))
	f.content[found.real] = content
	return content, nil
}

// notFound words a failed probe as os.ReadFile would.
func notFound(path string, err error) error {
	var cause *fs.PathError
	if errors.As(err, &cause) {
		return &fs.PathError{Op: "open", Path: path, Err: cause.Err}
	}
	return err
}

// ReadDir returns the names in a directory, sorted.
func (f *FS) ReadDir(path string) ([]string, error) {
	found := f.resolve(path)
	if found.err != nil {
		return nil, notFound(path, found.err)
	}
	names, err := f.source.ReadDir(found.real)
	if err != nil {
		f.broken(err)
		return nil, err
	}
	f.record(found.real, described(Directory, found.info, digestOf([]byte(strings.Join(names, "\n")+"\n"))))
	return names, nil
}

var errReadOnly = errors.New("the engine's file system is read-only")

// Open is not needed by kustomize's own code.
func (f *FS) Open(path string) (filesys.File, error) {
	return nil, &fs.PathError{Op: "open", Path: path, Err: errors.ErrUnsupported}
}

// Create always fails.
func (f *FS) Create(path string) (filesys.File, error) { return nil, readOnly("create", path) }

// Mkdir always fails.
func (f *FS) Mkdir(path string) error { return readOnly("mkdir", path) }

// MkdirAll always fails.
func (f *FS) MkdirAll(path string) error { return readOnly("mkdir", path) }

// RemoveAll always fails.
func (f *FS) RemoveAll(path string) error { return readOnly("remove", path) }

// WriteFile always fails.
func (f *FS) WriteFile(path string, _ []byte) error { return readOnly("write", path) }

// Glob is not needed by kustomize's own code.
func (f *FS) Glob(pattern string) ([]string, error) {
	return nil, &fs.PathError{Op: "glob", Path: pattern, Err: errors.ErrUnsupported}
}

// Walk is not needed by kustomize's own code.
func (f *FS) Walk(path string, _ filepath.WalkFunc) error {
	return &fs.PathError{Op: "walk", Path: path, Err: errors.ErrUnsupported}
}

// CheckLinks makes sure that no link below a directory leads out of the repository, for programs
// that read the directory on disk themselves.
func (f *FS) CheckLinks(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var outside *OutsideError
		if entry.Type()&fs.ModeSymlink != 0 && errors.As(f.resolve(path).err, &outside) {
			return outside
		}
		return nil
	})
}

func readOnly(op, path string) error { return &fs.PathError{Op: op, Path: path, Err: errReadOnly} }
