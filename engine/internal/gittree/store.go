package gittree

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/filesystem/dotgit"
)

const (
	deltaBases     = 48 * cache.MiByte
	blobBytes      = 32 << 20
	maxFolders     = 50_000
	maxStores      = 4
	mostAlternates = 5 // as deep as Git itself follows them
)

// store is one repository's object database, kept open between requests: objects never change.
type store struct {
	gitDir    string
	databases []*filesystem.ObjectStorage
	folders   map[plumbing.Hash]folder
	blobs     map[plumbing.Hash][]byte
	held      int
}

// emptyTree is the id of a folder with nothing in it, which Git knows without an object.
var emptyTree = plumbing.NewHash("4b825dc642cb6eb9a060e54bf8d69288fbee4904")

type entry struct {
	id   plumbing.Hash
	mode filemode.FileMode
}

type folder struct {
	names   []string
	entries map[string]entry
}

var stores = map[string]*store{}

func open(gitDir string) (*store, error) {
	if known, ok := stores[gitDir]; ok {
		return known, nil
	}
	s := &store{gitDir: gitDir, folders: map[plumbing.Hash]folder{}, blobs: map[plumbing.Hash][]byte{}}
	if err := s.reopen(); err != nil {
		return nil, err
	}
	if len(stores) >= maxStores {
		for _, each := range stores {
			each.close()
		}
		clear(stores)
	}
	stores[gitDir] = s
	return s, nil
}

// reopen looks for packs anew: `git gc` may have replaced them, and a fetch added some.
func (s *store) reopen() error {
	s.close()
	common, err := commonDir(s.gitDir)
	if err != nil {
		return err
	}
	folders, err := databases(filepath.Join(common, "objects"), nil, 0)
	if err != nil {
		return err
	}
	lru := cache.NewObjectLRU(deltaBases)
	for _, each := range folders {
		dir := dotgit.New(osfs.New(filepath.Dir(each)))
		options := filesystem.Options{KeepDescriptors: true}
		s.databases = append(s.databases, filesystem.NewObjectStorageWithOptions(dir, lru, options))
	}
	return nil
}

func (s *store) close() {
	for _, each := range s.databases {
		_ = each.Close() // it was only read from
	}
	s.databases = nil
}

// commonDir returns where the objects of a worktree's `.git` are.
func commonDir(gitDir string) (string, error) {
	content, err := os.ReadFile(filepath.Join(gitDir, "commondir"))
	if errors.Is(err, os.ErrNotExist) {
		return gitDir, nil
	}
	if err != nil {
		return "", err
	}
	common := strings.TrimRight(string(content), "\n")
	if !filepath.IsAbs(common) {
		common = filepath.Join(gitDir, common)
	}
	return common, nil
}

// databases lists an `objects` folder and those that it borrows from. go-git can follow these too, but opens them
// again for each object, and passes over those that it cannot read.
func databases(objects string, known []string, depth int) ([]string, error) {
	info, err := os.Stat(objects)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() || filepath.Base(objects) != "objects" {
		return nil, fmt.Errorf("%s is no folder called objects", objects)
	}
	known = append(known, objects)
	content, err := os.ReadFile(filepath.Join(objects, "info", "alternates"))
	if errors.Is(err, os.ErrNotExist) {
		return known, nil
	}
	if err != nil {
		return nil, err
	}
	for _, line := range strings.Split(string(content), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		if !filepath.IsAbs(line) {
			line = filepath.Join(objects, line)
		}
		line = filepath.Clean(line)
		if slices.Contains(known, line) {
			continue
		}
		if depth == mostAlternates {
			return nil, fmt.Errorf("%s: alternates lead too far", objects)
		}
		if known, err = databases(line, known, depth+1); err != nil {
			return nil, err
		}
	}
	return known, nil
}

// read returns an object's content, which is what its id says: a damaged database is an error.
func (s *store) read(kind plumbing.ObjectType, id plumbing.Hash) ([]byte, error) {
	for _, each := range s.databases {
		if err := each.HasEncodedObject(id); err != nil {
			if !errors.Is(err, plumbing.ErrObjectNotFound) {
				return nil, err
			}
			continue
		}
		found, err := each.EncodedObject(kind, id)
		if err != nil {
			return nil, err
		}
		return verified(found, id)
	}
	return nil, plumbing.ErrObjectNotFound
}

func verified(found plumbing.EncodedObject, id plumbing.Hash) ([]byte, error) {
	reader, err := found.Reader()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	content, err := io.ReadAll(reader)
	if err != nil {
		return nil, err
	}
	if plumbing.ComputeHash(found.Type(), content) != id {
		return nil, errors.New("the object is damaged")
	}
	return content, nil
}

// tree returns the tree that an id names, directly or as a commit.
func (s *store) tree(id plumbing.Hash) (plumbing.Hash, error) {
	if _, ok := s.folders[id]; ok {
		return id, nil
	}
	content, err := s.read(plumbing.CommitObject, id)
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		_, err := s.folder(id)
		return id, err
	}
	if err != nil {
		return id, err
	}
	line, _, _ := bytes.Cut(content, []byte("\n"))
	named, isTree := bytes.CutPrefix(line, []byte("tree "))
	if !isTree || !plumbing.IsHash(string(named)) {
		return id, errors.New("the commit names no tree")
	}
	top := plumbing.NewHash(string(named))
	_, err = s.folder(top)
	return top, err
}

func (s *store) folder(id plumbing.Hash) (folder, error) {
	if known, ok := s.folders[id]; ok {
		return known, nil
	}
	if id == emptyTree {
		return folder{}, nil
	}
	content, err := s.read(plumbing.TreeObject, id)
	if err != nil {
		return folder{}, err
	}
	memory := &plumbing.MemoryObject{}
	memory.SetType(plumbing.TreeObject)
	if _, err := memory.Write(content); err != nil {
		return folder{}, err
	}
	var tree object.Tree
	if err := tree.Decode(memory); err != nil {
		return folder{}, err
	}
	found := folder{entries: make(map[string]entry, len(tree.Entries))}
	for _, each := range tree.Entries {
		if each.Name == "." || each.Name == ".." || strings.Contains(each.Name, "/") {
			return folder{}, fmt.Errorf("the tree has an entry %q", each.Name)
		}
		found.names = append(found.names, each.Name)
		found.entries[each.Name] = entry{id: each.Hash, mode: each.Mode}
	}
	slices.Sort(found.names) // Git sorts a folder as if its name ended in a slash
	if len(s.folders) >= maxFolders {
		clear(s.folders)
	}
	s.folders[id] = found
	return found, nil
}

func (s *store) blob(id plumbing.Hash) ([]byte, error) {
	if known, ok := s.blobs[id]; ok {
		return known, nil
	}
	content, err := s.read(plumbing.BlobObject, id)
	if err != nil {
		return nil, err
	}
	if s.held += len(content); s.held > blobBytes {
		clear(s.blobs)
		s.held = len(content)
	}
	s.blobs[id] = content
	return content, nil
}
