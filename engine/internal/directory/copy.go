package directory

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/argoproj/argo-cd/v3/util/kustomize"
	"go.yaml.in/yaml/v3"
)

// argument is what a jsonnet file becomes in the copy: one object, so that it shows when Argo CD would evaluate it.
const argument = `{apiVersion: "v1", kind: "ConfigMap", metadata: {name: "jsonnet"}}`

// skipped is Argo CD's own mark of files that it passes over.
const skipped = "+argocd:skip-file-rendering"

// copyAll copies the folder, whose real path is given, into root. Below the top only what Argo CD may descend into.
func (r *reader) copyAll(real string, recurse bool) error {
	for _, root := range []string{r.root, r.single} {
		if err := r.place(root, real); err != nil {
			return err
		}
	}
	names, err := r.fs.ReadDir(real)
	if err != nil {
		return err
	}
	// The overrides of Argo CD may ask for recursion too.
	overridden := slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, ".argocd-source") })
	return r.copyBelow(real, "", names, recurse || overridden)
}

// place makes the folder below root. One whose own name is a link stays one: Argo CD does not walk into that.
func (r *reader) place(root, real string) error {
	at := r.at(root)
	above, _, err := r.fs.Find(filepath.Dir(r.top))
	if err != nil || r.top == r.fs.Root() || filepath.Join(above, filepath.Base(r.top)) == real {
		return os.MkdirAll(at, 0o700)
	}
	target := filepath.Join(root, ".linked")
	return errors.Join(os.MkdirAll(filepath.Dir(at), 0o700), os.MkdirAll(target, 0o700), os.Symlink(target, at))
}

// copyBelow copies what may count of a folder, in the order in which Argo CD walks.
func (r *reader) copyBelow(real, inside string, names []string, recurse bool) error {
	for _, name := range names {
		full, here := filepath.Join(real, name), inside+name
		if strings.EqualFold(name, ".git") {
			continue
		}
		found, isDir, err := r.fs.Find(full)
		switch {
		case err != nil && r.fs.Outside != nil:
			return r.refused(here, r.fs.Outside)
		case err != nil:
			continue // Argo CD passes over a link that leads nowhere
		case isDir && found != full:
			continue // and over one to a folder
		case isDir && recurse:
			if names, err := r.fs.ReadDir(full); err != nil {
				return err
			} else if err := r.copyBelow(full, here+"/", names, recurse); err != nil {
				return err
			}
		case isDir:
		case counts(name):
			if err := r.copyFile(found, here); err != nil {
				return err
			}
		}
	}
	return nil
}

// counts says whether Argo CD may look into a file of this name: manifests, and what says that there are none.
func counts(name string) bool {
	switch filepath.Ext(name) {
	case ".yaml", ".yml", ".json", ".jsonnet":
		return true
	}
	return kustomize.IsKustomization(name)
}

func (r *reader) copyFile(real, inside string) error {
	content, err := r.fs.ReadFile(real)
	if err != nil {
		return nil //nolint:nilerr // no regular file: Argo CD passes over it
	}
	if strings.HasSuffix(inside, ".jsonnet") {
		stub := argument
		if bytes.Contains(content, []byte(skipped)) {
			stub = "// " + skipped + "\n" + stub
		}
		content = []byte(stub)
	}
	r.files = append(r.files, file{inside, real, content})
	return write(filepath.Join(r.at(r.root), filepath.FromSlash(inside)), content)
}

func write(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}

var line = regexp.MustCompile(`line (\d+)`)

// faultyLine returns the line at which a file is no YAML, or 0.
func faultyLine(content []byte) int {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	for {
		var document yaml.Node
		err := decoder.Decode(&document)
		if err == nil {
			continue
		}
		if found := line.FindStringSubmatch(err.Error()); found != nil {
			number, _ := strconv.Atoi(found[1])
			return number
		}
		return 0
	}
}
