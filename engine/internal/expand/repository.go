package expand

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/argoproj/argo-cd/v3/applicationset/services"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/git"
)

// repository stands for the one repository that is there: what its server would answer the git generator.
type repository struct {
	root      string
	urls      []string
	revisions []string
	files     []string
	folders   []string
	read      map[string]bool
}

var _ services.Repos = (*repository)(nil)

func open(p *parameters) (*repository, error) {
	if !filepath.IsAbs(p.Root) {
		return nil, fmt.Errorf("root %q is not absolute", p.Root)
	}
	root, err := filepath.EvalSymlinks(p.Root)
	if err != nil {
		return nil, err
	}
	r := &repository{root: root, urls: p.RepositoryURLs, revisions: append([]string{"", "HEAD"}, p.Revisions...)}
	if p.Files != nil {
		r.files = slices.Clone(*p.Files)
	} else if r.files, err = walk(root); err != nil {
		return nil, err
	}
	r.folders, err = r.foldersOf()
	return r, err
}

func walk(root string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(root, func(full string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.Name() == ".git" && full != root:
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case entry.IsDir():
			return nil
		}
		relative, err := filepath.Rel(root, full)
		files = append(files, filepath.ToSlash(relative))
		return err
	})
	return files, err
}

// foldersOf returns the folders of a checkout in the order in which Argo CD's repo server walks them,
// without hidden ones. A submodule is a file to Git and a folder of the checkout.
func (r *repository) foldersOf() ([]string, error) {
	known := map[string]bool{".": true}
	submodules := slices.Contains(r.files, ".gitmodules")
	var folders []string
	add := func(folder string) {
		for ; !known[folder]; folder = path.Dir(folder) {
			known[folder] = true
			folders = append(folders, folder)
		}
	}
	for _, file := range r.files {
		if !filepath.IsLocal(file) || path.Clean(file) != file {
			return nil, fmt.Errorf("%q is no path of a repository", file)
		}
		add(path.Dir(file))
		if submodules {
			if found, err := os.Lstat(filepath.Join(r.root, file)); err == nil && found.IsDir() {
				add(file)
			}
		}
	}
	hidden := func(folder string) bool { return folder[0] == '.' || strings.Contains(folder, "/.") }
	folders = slices.DeleteFunc(folders, hidden)
	sort.Slice(folders, func(i, j int) bool {
		return slices.Compare(strings.Split(folders[i], "/"), strings.Split(folders[j], "/")) < 0
	})
	return folders, nil
}

// GetDirectories returns every folder, as the repo server does.
func (r *repository) GetDirectories(_ context.Context, url, revision, _ string, _ bool, _ *v1alpha1.SourceIntegrity) ([]string, error) {
	return r.folders, r.known(url, revision)
}

// GetFiles returns the content of the files that `git ls-files -- pattern` lists (Argo CD's default globbing).
func (r *repository) GetFiles(_ context.Context, url, revision, _, pattern string, _ bool, _ *v1alpha1.SourceIntegrity) (map[string][]byte, error) {
	if err := r.known(url, revision); err != nil {
		return nil, err
	}
	matches, err := pathspec(pattern)
	if err != nil {
		return nil, &unknown{kind: "git", url: url, revision: revision, reason: err.Error()}
	}
	found := map[string][]byte{}
	for _, file := range r.files {
		if !matches(file) {
			continue
		}
		r.read[file] = true
		if found[file], err = r.content(file); err != nil {
			return nil, &unknown{kind: "git", url: url, revision: revision, reason: fmt.Sprintf("%s: %v", file, err)}
		}
	}
	return found, nil
}

func (r *repository) content(file string) ([]byte, error) {
	real, err := filepath.EvalSymlinks(filepath.Join(r.root, filepath.FromSlash(file)))
	if err != nil {
		return nil, errors.New("cannot be read")
	}
	inside, err := filepath.Rel(r.root, real)
	if err != nil || !filepath.IsLocal(inside) || slices.Contains(strings.Split(filepath.ToSlash(inside), "/"), ".git") {
		return nil, errors.New("leads out of the repository")
	}
	if found, err := os.Stat(real); err != nil || !found.Mode().IsRegular() {
		return nil, errors.New("is no regular file")
	}
	content, err := os.ReadFile(real)
	if err != nil {
		return nil, errors.New("cannot be read")
	}
	return content, nil
}

// known says whether a repository and revision are those that are checked.
func (r *repository) known(url, revision string) error {
	reason := ""
	same := func(each string) bool { return git.SameURL(each, url) }
	switch {
	case len(r.urls) == 0:
		reason = fmt.Sprintf("reads repository %s, and no URL is known of the one that is checked", url)
	case !slices.ContainsFunc(r.urls, same):
		reason = fmt.Sprintf("reads repository %s, only the checked repository is known", url)
	case !slices.Contains(r.revisions, strings.TrimPrefix(revision, "refs/heads/")):
		reason = fmt.Sprintf("reads revision %s, only the checked revision is known", revision)
	default:
		return nil
	}
	return &unknown{kind: "git", url: url, revision: revision, reason: reason}
}
