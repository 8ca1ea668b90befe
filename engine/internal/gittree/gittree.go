// Package gittree has the files of one Git tree, straight from the repository's object database: what a checkout
// would put on the disk, with nothing read from the disk. Where a checkout would do more than copy (submodules,
// filters, line endings), or an object cannot be had, it fails rather than guess.
package gittree

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"

	"sealock.dev/engine/internal/failure"
)

const (
	maxName = 255
	maxPath = 4096
)

// Tree is a source of files for trace.FS. It is not safe for concurrent use.
type Tree struct {
	store      *store
	root       string
	top        entry
	seen       map[string]entry
	attributes map[string][]line
	reopened   bool
}

// Open returns the tree that id names, a hexadecimal id of a tree or a commit, as if it stood at root, an absolute
// path that need not exist. gitDir is the absolute path of a `.git` directory, a worktree's too.
func Open(gitDir, id, root string) (*Tree, error) {
	if !filepath.IsAbs(gitDir) {
		return nil, failure.New(failure.BadRequest, "git_dir: not an absolute path", "")
	}
	if len(id) == 64 {
		return nil, failure.New(failure.GitFailed, "repositories with SHA-256 object names cannot be read yet", "check out the revision and check that folder")
	}
	if !plumbing.IsHash(id) {
		return nil, failure.New(failure.BadRequest, "tree: not the 40 hexadecimal digits of a tree or commit", "")
	}
	opened, err := open(filepath.Clean(gitDir))
	if err != nil {
		return nil, failed("", fmt.Errorf("the repository cannot be opened: %w", err))
	}
	t := &Tree{store: opened, root: filepath.Clean(root), seen: map[string]entry{}, attributes: map[string][]line{}}
	top, err := again(t, func() (plumbing.Hash, error) { return opened.tree(plumbing.NewHash(id)) })
	if err != nil {
		return nil, failed("", fmt.Errorf("%s: %w", id, err))
	}
	t.top = entry{id: top, mode: filemode.Dir}
	return t, nil
}

func failed(file string, err error) error {
	message := err.Error()
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		message = strings.Replace(message, plumbing.ErrObjectNotFound.Error(), "not in this repository's object database", 1)
	}
	return &failure.Error{
		Code: failure.GitFailed, Message: message, File: file,
		Hint: "in a partial or shallow clone fetch the revision in full; else run `git fsck`",
	}
}

// again repeats what failed once for an item with packs looked for anew.
func again[T any](t *Tree, read func() (T, error)) (T, error) {
	found, err := read()
	if err == nil || t.reopened {
		return found, err
	}
	t.reopened = true
	if wrong := t.store.reopen(); wrong != nil {
		return found, wrong
	}
	return read()
}

// find returns what is at an absolute path.
func (t *Tree) find(op, path string) (entry, error) {
	if path == t.root {
		return t.top, nil
	}
	if known, ok := t.seen[path]; ok {
		return known, nil
	}
	name := filepath.Base(path)
	switch {
	case len(name) > maxName || len(path) >= maxPath:
		return entry{}, &fs.PathError{Op: op, Path: path, Err: syscall.ENAMETOOLONG}
	case strings.Contains(name, "\x00"):
		return entry{}, &fs.PathError{Op: op, Path: path, Err: syscall.EINVAL}
	}
	parent, err := t.find(op, filepath.Dir(path))
	if err != nil {
		return entry{}, err
	}
	if parent.mode != filemode.Dir {
		return entry{}, &fs.PathError{Op: op, Path: path, Err: syscall.ENOTDIR}
	}
	within, err := again(t, func() (folder, error) { return t.store.folder(parent.id) })
	if err != nil {
		return entry{}, failed(t.relative(filepath.Dir(path)), err)
	}
	found, ok := within.entries[name]
	switch {
	case !ok:
		return entry{}, &fs.PathError{Op: op, Path: path, Err: syscall.ENOENT}
	case found.mode == filemode.Submodule:
		return entry{}, submodule(t.relative(path))
	}
	t.seen[path] = found
	return found, nil
}

func submodule(path string) error {
	return &failure.Error{
		Code: failure.GitFailed, File: path, Message: path + " is a submodule, whose files are in another repository",
		Hint: "check out the revision with its submodules and check that folder",
	}
}

// relative returns a path below the root relative to it with `/`.
func (t *Tree) relative(path string) string {
	return filepath.ToSlash(strings.TrimPrefix(strings.TrimPrefix(path, t.root), string(filepath.Separator)))
}

// Lstat says what is at a path, links not followed; it knows no size and no time.
func (t *Tree) Lstat(path string) (fs.FileInfo, error) {
	found, err := t.find("lstat", path)
	if err != nil {
		return nil, err
	}
	return info{name: filepath.Base(path), mode: found.mode}, nil
}

// Readlink returns a link's target as it was written.
func (t *Tree) Readlink(path string) (string, error) {
	content, err := t.content("readlink", path, filemode.Symlink)
	return string(content), err
}

// ReadFile returns a file's content as a checkout would write it.
func (t *Tree) ReadFile(path string) ([]byte, fs.FileInfo, error) {
	content, err := t.content("open", path, filemode.Regular)
	if err != nil {
		return nil, nil, err
	}
	if err := t.converted(t.relative(path), content); err != nil {
		return nil, nil, err
	}
	return bytes.Clone(content), info{name: filepath.Base(path), mode: filemode.Regular}, nil
}

func (t *Tree) content(op, path string, mode filemode.FileMode) ([]byte, error) {
	found, err := t.find(op, path)
	if err != nil {
		return nil, err
	}
	if (found.mode == filemode.Symlink) != (mode == filemode.Symlink) || found.mode == filemode.Dir {
		return nil, &fs.PathError{Op: op, Path: path, Err: syscall.EINVAL}
	}
	content, err := again(t, func() ([]byte, error) { return t.store.blob(found.id) })
	if err != nil {
		return nil, failed(t.relative(path), err)
	}
	return content, nil
}

// ReadDir returns the names in a directory, sorted by byte.
func (t *Tree) ReadDir(path string) ([]string, error) {
	found, err := t.find("open", path)
	if err != nil {
		return nil, err
	}
	if found.mode != filemode.Dir {
		return nil, &fs.PathError{Op: "readdirent", Path: path, Err: syscall.ENOTDIR}
	}
	within, err := again(t, func() (folder, error) { return t.store.folder(found.id) })
	if err != nil {
		return nil, failed(t.relative(path), err)
	}
	return within.names, nil
}

// info is what a tree says about an entry.
type info struct {
	name string
	mode filemode.FileMode
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return 0 }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.mode == filemode.Dir }
func (i info) Sys() any           { return nil }

func (i info) Mode() fs.FileMode {
	switch i.mode {
	case filemode.Dir:
		return fs.ModeDir
	case filemode.Symlink:
		return fs.ModeSymlink
	default:
		return 0
	}
}
