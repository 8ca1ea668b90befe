// Package tree reads the kustomizations that an overlay is made of before kustomize does, in order to refuse what
// must never run (remote inputs, plugins, paths that lead out of the repository, Helm unless asked for), with the
// place, and to know afterwards where objects and faults come from.
package tree

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/konfig"
	kresource "sigs.k8s.io/kustomize/api/resource"

	"sealock.dev/engine/internal/failure"
	"sealock.dev/engine/internal/trace"
)

const maxDepth = 200

// Node is one kustomization. Dir is absolute and real; File is relative to the repository.
type Node struct {
	Dir, File string
	// Entry is how the parent refers to it; empty for the overlay itself.
	Entry    Ref
	parent   *Node
	children []*Node
	files    []source
	missing  []Ref
	k        *kustomization
}

// source is one file that a `resources` entry names.
type source struct {
	ref       Ref
	real      string
	documents []Document
}

// Tree is an overlay with everything below it.
type Tree struct {
	Top *Node
	// OpenAPI says that a kustomization sets `openapi`, which is global to a process in kustomize.
	OpenAPI bool
	// Helm says that a chart is inflated.
	Helm bool
	fs   *trace.FS
	helm bool
	seen int
}

// Read walks the overlay at dir, an absolute path. It returns *failure.Error for what is refused, and for an overlay
// that is not there. What kustomize itself will refuse is left to kustomize.
func Read(fs *trace.FS, dir string, helmAllowed bool) (*Tree, error) {
	t := &Tree{fs: fs, helm: helmAllowed}
	real, isDir, err := fs.Find(dir)
	if outside := asOutside(err); outside != nil {
		return nil, failure.New(failure.OutsideRepository, outsideMessage(fs, outside), "name an overlay inside the repository")
	}
	if err != nil || !isDir {
		return nil, notFound(fs.Relative(dir))
	}
	t.Top = &Node{Dir: real}
	found, err := t.load(t.Top, false)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, notFound(fs.Relative(dir))
	}
	return t, nil
}

func notFound(overlay string) error {
	return failure.New(failure.NotFound, fmt.Sprintf("there is no kustomization at %s", overlay),
		"an overlay is a directory with a "+konfig.DefaultKustomizationFileName())
}

// load reads a directory's kustomization and what it refers to; false when there is none.
func (t *Tree) load(n *Node, plugins bool) (bool, error) {
	var content []byte
	var digest string
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		path := filepath.Join(n.Dir, name)
		if read, err := t.fs.ReadFile(path); err == nil {
			real, _, _ := t.fs.Find(path)
			content, digest = read, t.fs.Digest(real)
			n.File = t.fs.Relative(path)
		} else if outside := asOutside(err); outside != nil {
			return false, t.refused(n, n.Entry, outside)
		}
	}
	if n.File == "" {
		return false, nil
	}
	if n.k = parsed(digest, content); n.k == nil {
		return true, nil
	}
	t.OpenAPI = t.OpenAPI || n.k.openapi
	if err := t.checkHelm(n); err != nil {
		return true, err
	}
	for _, ref := range n.k.refs {
		if err := t.visit(n, ref, plugins || ref.kind == plugin); err != nil {
			return true, err
		}
	}
	return true, nil
}

func (t *Tree) visit(n *Node, ref Ref, plugins bool) error {
	if ref.inline != nil {
		if ref.kind == plugin {
			return t.checkPlugins(n, ref, nodes([]byte(ref.inline.Value)), n.File, true)
		}
		return nil
	}
	if isURL(ref.Path) {
		return remote(n, ref)
	}
	path := ref.Path
	if !filepath.IsAbs(path) {
		path = filepath.Join(n.Dir, path)
	}
	directories := ref.kind != data
	if directories && isRepository(ref.Path) && (ref.kind == component || !t.isFile(path)) {
		return remote(n, ref)
	}
	real, isDir, err := t.fs.Find(path)
	if outside := asOutside(err); outside != nil {
		return t.refused(n, ref, outside)
	}
	switch {
	case err != nil:
		n.missing = append(n.missing, ref)
		return nil
	case isDir && directories:
		return t.descend(n, ref, real, plugins)
	case !isDir && directories:
		return t.file(n, ref, real, plugins)
	}
	return nil
}

func (t *Tree) isFile(path string) bool {
	clean := filepath.Clean(path)
	if !strings.HasPrefix(clean, t.fs.Root()+string(filepath.Separator)) {
		return false
	}
	_, isDir, err := t.fs.Find(clean)
	return err == nil && !isDir
}

func (t *Tree) descend(n *Node, ref Ref, real string, plugins bool) error {
	t.seen++
	depth := 0
	for above := n; above != nil; above = above.parent {
		// kustomize refuses cycles itself, in its own words.
		if depth++; above.Dir == real || depth > maxDepth || t.seen > 10*1000 {
			return nil
		}
	}
	child := &Node{Dir: real, Entry: ref, parent: n}
	found, err := t.load(child, plugins)
	if err != nil {
		return err
	}
	if !found {
		n.missing = append(n.missing, ref)
		return nil
	}
	n.children = append(n.children, child)
	return nil
}

func (t *Tree) file(n *Node, ref Ref, real string, plugins bool) error {
	content, err := t.fs.ReadFile(real)
	if err != nil {
		n.missing = append(n.missing, ref)
		return nil //nolint:nilerr // kustomize says it in its own words
	}
	if plugins {
		return t.checkPlugins(n, ref, nodes(content), t.fs.Relative(real), false)
	}
	n.files = append(n.files, source{ref: ref, real: real, documents: described(t.fs.Digest(real), content)})
	return nil
}

// checkPlugins refuses every plugin that is not built into kustomize.
func (t *Tree) checkPlugins(n *Node, ref Ref, documents []*yaml.Node, file string, inline bool) error {
	for _, document := range documents {
		for _, object := range expand(document) {
			place := ref
			if !inline {
				place.Line, place.Column = object.Line, object.Column
			}
			if err := t.checkPlugin(n, place, object, file); err != nil {
				return err
			}
		}
	}
	return nil
}

func expand(node *yaml.Node) []*yaml.Node {
	if node = follow(node); node.Kind == yaml.SequenceNode {
		return items(node)
	}
	if strings.HasSuffix(text(node, "kind"), "List") {
		return items(field(node, "items"))
	}
	return []*yaml.Node{node}
}

func (t *Tree) checkPlugin(n *Node, place Ref, object *yaml.Node, file string) error {
	kind, version := text(object, "kind"), text(object, "apiVersion")
	if version != konfig.BuiltinPluginApiVersion {
		return &failure.Error{
			Code: failure.ExecPlugin, File: file, Line: place.Line, Column: place.Column,
			Message: fmt.Sprintf("%s %s in %s is %s, which would run a program", version, kind, place.Field, pluginKind(object)),
			Hint:    "only kustomize's built-in plugins (apiVersion: builtin) are run; render the objects beforehand and commit them",
		}
	}
	if url := findURL(object); url != nil {
		return remoteAt(file, place, url.Value)
	}
	if kind == "HelmChartInflationGenerator" {
		place.Field = kind
		if !t.helm {
			return helmDisabled(file, place)
		}
		k := kustomization{root: &yaml.Node{Kind: yaml.MappingNode}}
		k.readChart(kind, object, text(object, "chartHome"))
		return t.checkCharts(n, &k, file)
	}
	return nil
}

func pluginKind(object *yaml.Node) string {
	annotations := field(field(object, "metadata"), "annotations")
	for _, key := range []string{"config.kubernetes.io/function", "config.k8s.io/function", "config.kubernetes.io/container"} {
		if field(annotations, key) != nil {
			return "a KRM function"
		}
	}
	return "an exec or Go plugin"
}

// pathFields are the fields of built-in plugins whose values kustomize loads.
var pathFields = map[string]bool{
	"path": true, "paths": true, "files": true, "env": true, "envs": true, "valuesfile": true,
	"additionalvaluesfiles": true,
}

func findURL(node *yaml.Node) (found *yaml.Node) {
	each(node, func(key, value *yaml.Node) {
		for _, item := range append(items(value), value) {
			_, path, keyed := strings.Cut(item.Value, "=")
			loaded := item.Kind == yaml.ScalarNode && pathFields[strings.ToLower(key.Value)]
			if loaded && (isURL(item.Value) || (keyed && isURL(path))) {
				found = item
			} else if nested := findURL(item); nested != nil {
				found = nested
			}
		}
	})
	return found
}

func isURL(path string) bool {
	u, err := url.Parse(path)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https")
}

// isRepository asks kustomize itself whether it would clone the path: only then does an origin have a repository.
func isRepository(path string) (remote bool) {
	defer func() {
		if recover() != nil { // Append indexes into the URL's path, which may be too short
			remote = true
		}
	}()
	return (&kresource.Origin{}).Append(path).Repo != ""
}

func remote(n *Node, ref Ref) error { return remoteAt(n.File, ref, ref.Path) }

func remoteAt(file string, place Ref, path string) error {
	return &failure.Error{
		Code: failure.RemoteBase, File: file, Line: place.Line, Column: place.Column,
		Message: fmt.Sprintf("%q in %s is remote; nothing is fetched during a render", path, place.Field),
		Hint:    "copy it into the repository at a fixed version and refer to the copy",
	}
}

func asOutside(err error) *trace.OutsideError {
	var outside *trace.OutsideError
	errors.As(err, &outside)
	return outside
}

func outsideMessage(fs *trace.FS, outside *trace.OutsideError) string {
	path := outside.Path
	if relative, err := filepath.Rel(fs.Root(), path); err == nil {
		path = filepath.ToSlash(relative)
	}
	return path + " " + outside.Reason
}

func (t *Tree) refused(n *Node, ref Ref, outside *trace.OutsideError) error {
	file := n.File
	if ref == n.Entry && n.parent != nil {
		file = n.parent.File
	}
	return &failure.Error{
		Code: failure.OutsideRepository, File: file, Line: ref.Line, Column: ref.Column,
		Message: fmt.Sprintf("%q in %s: %s", ref.Path, ref.Field, outsideMessage(t.fs, outside)),
		Hint:    "move the file into the repository, or replace the link by what it links to",
	}
}
