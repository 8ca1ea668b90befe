package tree

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Document is what identifies one object in a YAML file. Line is where it begins.
type Document struct {
	APIVersion, Kind, Name, Namespace string
	Line                              int
}

// documents lists the objects in a YAML file, lists expanded; nil when it does not parse.
func documents(content []byte) []Document {
	if found, ok := scan(content); ok {
		return found
	}
	var found []Document
	for _, root := range nodes(content) {
		found = appendObject(found, root)
	}
	return found
}

// nodes parses every document of a stream; it stops at the first that does not parse.
func nodes(content []byte) []*yaml.Node {
	var found []*yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	for {
		var document yaml.Node
		if err := decoder.Decode(&document); err != nil {
			return found
		}
		if document.Kind == yaml.DocumentNode && len(document.Content) == 1 {
			found = append(found, document.Content[0])
		}
	}
}

func appendObject(found []Document, root *yaml.Node) []Document {
	if root = follow(root); root.Kind == yaml.SequenceNode {
		for _, item := range root.Content {
			found = appendObject(found, item)
		}
		return found
	}
	kind := text(root, "kind")
	if items := field(root, "items"); strings.HasSuffix(kind, "List") && items != nil && items.Kind == yaml.SequenceNode {
		return appendObject(found, items)
	}
	if kind == "" {
		return found
	}
	metadata := field(root, "metadata")
	return append(found, Document{
		APIVersion: text(root, "apiVersion"), Kind: kind,
		Name: text(metadata, "name"), Namespace: text(metadata, "namespace"), Line: root.Line,
	})
}

// scan reads plain block-style manifests line by line, which is far cheaper than parsing them.
// It gives up (false) on anything unusual. What it finds only guides the search for origins, which has to fit the
// rendered objects one to one; a file misread here costs a second build, never a wrong render.
func scan(content []byte) ([]Document, bool) {
	var found []Document
	s := scanner{}
	for number := 1; len(content) > 0; number++ {
		line, rest, _ := bytes.Cut(content, []byte("\n"))
		content = rest
		line = bytes.TrimRight(line, " \t\r")
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if bytes.HasPrefix(line, []byte("---")) {
			if found = s.finish(found); len(line) > 3 {
				return nil, false
			}
			continue
		}
		if !s.line(line, number) {
			return nil, false
		}
	}
	return s.finish(found), true
}

type scanner struct {
	current Document
	block   string
	indent  int
}

func (s *scanner) finish(found []Document) []Document {
	if s.current.Kind != "" {
		found = append(found, s.current)
	}
	*s = scanner{}
	return found
}

func (s *scanner) line(line []byte, number int) bool {
	indent := len(line) - len(bytes.TrimLeft(line, " "))
	if indent > 0 {
		return s.nested(line[indent:], indent)
	}
	if line[0] == '-' && s.block != "" { // a sequence at its key's own indentation
		return s.block != "metadata"
	}
	key, value, ok := pair(line)
	if !ok {
		return false
	}
	if s.current.Line == 0 {
		s.current.Line = number
	}
	s.block, s.indent = key, 0
	switch key {
	case "kind":
		again := s.current.Kind != ""
		s.current.Kind = value
		return !again && value != "" && !strings.HasSuffix(value, "List")
	case "apiVersion":
		again := s.current.APIVersion != ""
		s.current.APIVersion = value
		return !again && value != ""
	case "metadata":
		return value == ""
	}
	return true
}

func (s *scanner) nested(line []byte, indent int) bool {
	if s.block == "kind" || s.block == "apiVersion" {
		return false
	}
	if s.block != "metadata" || line[0] == '#' {
		return true
	}
	if s.indent == 0 {
		s.indent = indent
	}
	if indent != s.indent {
		return indent > s.indent
	}
	if line[0] == '-' {
		return true
	}
	key, value, ok := pair(line)
	switch {
	case !ok:
		return false
	case key == "name":
		again := s.current.Name != ""
		s.current.Name = value
		return !again && value != ""
	case key == "namespace":
		again := s.current.Namespace != ""
		s.current.Namespace = value
		return !again && value != ""
	}
	return true
}

// pair splits `key: value` with a plain or simply quoted value; false for anything else that matters.
func pair(line []byte) (key, value string, ok bool) {
	name, rest, found := bytes.Cut(line, []byte(":"))
	if !found || len(name) == 0 || (len(rest) > 0 && rest[0] != ' ') || bytes.ContainsAny(name, "\"'{}[]&*!?<%@`|>, \t") {
		return "", "", false
	}
	value = string(rest)
	if cut := strings.Index(value, " #"); cut >= 0 {
		value = value[:cut]
	}
	value = strings.TrimSpace(value)
	key = string(name)
	if key != "kind" && key != "apiVersion" && key != "name" && key != "namespace" && key != "metadata" {
		return key, value, true
	}
	if n := len(value); n > 1 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		value = value[1 : n-1]
	}
	return key, value, !strings.ContainsAny(value, "\"'{}[]&*!|>\\#%@`") && !strings.HasPrefix(value, "?")
}

// follow resolves an alias.
func follow(node *yaml.Node) *yaml.Node {
	for node != nil && node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	return node
}

// each visits a mapping's pairs, merged ones included.
func each(node *yaml.Node, visit func(key, value *yaml.Node)) {
	if node = follow(node); node == nil || node.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], follow(node.Content[i+1])
		if key.Value != "<<" {
			visit(follow(key), value)
			continue
		}
		if value.Kind == yaml.SequenceNode {
			for _, merged := range value.Content {
				each(merged, visit)
			}
			continue
		}
		each(value, visit)
	}
}

// field finds a mapping's value by its key. Case does not count, as in the JSON decoder that kustomize uses.
func field(node *yaml.Node, name string) *yaml.Node {
	var found *yaml.Node
	each(node, func(key, value *yaml.Node) {
		if found == nil && strings.EqualFold(key.Value, name) {
			found = value
		}
	})
	return found
}

func text(node *yaml.Node, name string) string {
	if value := field(node, name); value != nil && value.Kind == yaml.ScalarNode {
		return value.Value
	}
	return ""
}

// syntaxError returns what is wrong with a YAML file and the line, counted from the file's start.
func syntaxError(content []byte) (line int, message string) {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	for {
		var node yaml.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) {
			return 0, ""
		}
		if err != nil {
			return errorLine(err.Error()), err.Error()
		}
	}
}

// SyntaxError returns the line of the first YAML syntax error in a file, and its message; 0 for none.
func SyntaxError(content []byte) (line int, message string) { return syntaxError(content) }

func errorLine(message string) int {
	_, after, found := strings.Cut(message, "line ")
	line := 0
	for _, c := range after {
		if c < '0' || c > '9' {
			break
		}
		line = line*10 + int(c-'0')
	}
	if !found || line == 0 {
		return 1
	}
	return line
}
