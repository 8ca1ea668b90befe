package tree

import (
	"regexp"
	"strings"
)

// Place is a position in a file relative to the repository; Line and Column count from 1.
type Place struct {
	File         string
	Line, Column int
}

var (
	unknownField = regexp.MustCompile(`unknown field "([^"]+)"`)
	resourceID   = regexp.MustCompile(`\b([A-Z]\w*)\.[\w.\[\]]*/([\w.-]+)\.\[?\w+\]?`)
	jsonPath     = regexp.MustCompile(`path:? '?"?(/[^\s"':]+)`)
)

// Locate finds the place that one of kustomize's messages speaks of: a broken file's line, a field, the entry of a
// missing or refused input; failing these, the kustomization it names, at its start.
func (t *Tree) Locate(message string) Place {
	nodes := t.nodes(t.Top)
	finders := []func([]*Node, string) (Place, bool){t.broken, unknownKey, missing, t.patchTarget, named}
	for _, find := range finders {
		if place, ok := find(nodes, message); ok {
			return place
		}
	}
	for _, n := range nodes {
		if strings.Contains(message, "'"+n.Dir+"'") {
			return start(n)
		}
	}
	return start(t.Top)
}

func start(n *Node) Place { return Place{File: n.File, Line: 1, Column: 1} }

// nodes lists kustomizations, the deepest first, because kustomize's messages go from the outside in.
func (t *Tree) nodes(n *Node) []*Node {
	var all []*Node
	for _, child := range n.children {
		all = append(all, t.nodes(child)...)
	}
	return append(all, n)
}

func at(n *Node, ref Ref) Place { return Place{File: n.File, Line: ref.Line, Column: ref.Column} }

// broken finds a file that is not YAML.
func (t *Tree) broken(nodes []*Node, message string) (Place, bool) {
	if !strings.Contains(message, "yaml") && !strings.Contains(message, "YAML") {
		return Place{}, false
	}
	for _, n := range nodes {
		if content, err := t.fs.ReadFile(t.absolute(n.File)); err == nil {
			if line, _ := syntaxError(content); line > 0 {
				return Place{File: n.File, Line: line, Column: 1}, true
			}
		}
		for _, path := range t.inputs(n) {
			content, err := t.fs.ReadFile(path)
			if err != nil {
				continue
			}
			if line, _ := syntaxError(content); line > 0 {
				real, _, _ := t.fs.Find(path)
				return Place{File: t.fs.Relative(real), Line: line, Column: 1}, true
			}
		}
	}
	return Place{}, false
}

func (t *Tree) absolute(file string) string { return t.fs.Root() + "/" + file }

// inputs lists the YAML files that a kustomization names.
func (t *Tree) inputs(n *Node) []string {
	if n.k == nil {
		return nil
	}
	var paths []string
	for _, ref := range n.k.refs {
		generator := strings.HasSuffix(strings.ToLower(ref.Field), "generator")
		if ref.Path == "" || generator || strings.HasPrefix(ref.Field, "helm") {
			continue
		}
		if real, isDir, err := t.fs.Find(n.Dir + "/" + ref.Path); err == nil && !isDir {
			paths = append(paths, real)
		}
	}
	return paths
}

func unknownKey(nodes []*Node, message string) (Place, bool) {
	match := unknownField.FindStringSubmatch(message)
	if match == nil {
		return Place{}, false
	}
	for _, n := range nodes {
		if n.k == nil {
			continue
		}
		if line, column := n.k.keyAt(match[1]); line > 0 {
			return Place{File: n.File, Line: line, Column: column}, true
		}
	}
	return Place{}, false
}

func missing(nodes []*Node, message string) (Place, bool) {
	for _, n := range nodes {
		for _, ref := range n.missing {
			if mentions(message, ref.Path) {
				return at(n, ref), true
			}
		}
	}
	return Place{}, false
}

// mentions says whether a message has the path as a whole name, not as a part of another.
func mentions(message, path string) bool {
	path = strings.TrimPrefix(strings.TrimSuffix(path, "/"), "./")
	for strings.HasPrefix(path, "../") {
		path = path[3:]
	}
	for rest := message; ; {
		before, after, found := strings.Cut(rest, path)
		if !found || path == "" {
			return false
		}
		opens := before == "" || strings.ContainsAny(before[len(before)-1:], "/'\"` [(:")
		closes := after == "" || strings.ContainsAny(after[:1], "'\"` ])}\n:,;/")
		if opens && closes {
			return true
		}
		rest = after
	}
}

// patchTarget finds the patch that has no target, or whose operation does not apply.
func (t *Tree) patchTarget(nodes []*Node, message string) (Place, bool) {
	ids := resourceID.FindAllStringSubmatch(message, -1)
	paths := jsonPath.FindAllStringSubmatch(message, -1)
	for _, n := range nodes {
		if n.k == nil {
			continue
		}
		for _, ref := range n.k.refs {
			if strings.HasPrefix(strings.ToLower(ref.Field), "patches") && t.speaksOf(n, ref, ids, paths) {
				return at(n, ref), true
			}
		}
	}
	return Place{}, false
}

func (t *Tree) speaksOf(n *Node, ref Ref, ids, paths [][]string) bool {
	var content string
	if ref.inline != nil {
		content = ref.inline.Value
	} else if read, err := t.fs.ReadFile(n.Dir + "/" + ref.Path); err == nil {
		content = string(read)
	}
	for _, document := range documents([]byte(content)) {
		for _, id := range ids {
			if document.Kind == id[1] && document.Name == id[2] {
				return true
			}
		}
	}
	for _, path := range paths {
		if mentions(content, path[1]) {
			return true
		}
	}
	return false
}

// named finds an entry whose path the message has.
func named(nodes []*Node, message string) (Place, bool) {
	for _, n := range nodes {
		if n.k == nil {
			continue
		}
		for _, ref := range n.k.refs {
			if ref.Path != "" && !hasChild(n, ref) && mentions(message, ref.Path) {
				return at(n, ref), true
			}
		}
	}
	return Place{}, false
}

// hasChild says whether the entry is a kustomization, which messages name on the way to the fault.
func hasChild(n *Node, ref Ref) bool {
	for _, child := range n.children {
		if child.Entry == ref {
			return true
		}
	}
	return false
}
