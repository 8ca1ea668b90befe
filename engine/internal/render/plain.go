package render

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Kustomize prints an object by writing its nodes as YAML, reading that as values, and writing these as JSON, twice
// more for YAML. Of plain objects it is certain what comes out, so they are written at once: no comments, anchors,
// blocks of text, numbers with a fraction, or letters beyond ASCII. Tests hold the two against each other.

// longestKey is well below where YAML's printers and readers treat keys otherwise.
const longestKey = 100

// plainJSON appends a node as kustomize's MarshalJSON writes it; false where that is not certain.
func plainJSON(out []byte, node *yaml.Node) ([]byte, bool) {
	if !bare(node) {
		return out, false
	}
	switch node.Kind {
	case yaml.MappingNode:
		return plainMapping(out, node)
	case yaml.SequenceNode:
		return plainSequence(out, node)
	case yaml.ScalarNode:
		return plainScalar(out, node)
	default:
		return out, false
	}
}

func bare(node *yaml.Node) bool {
	return node.Anchor == "" && node.HeadComment == "" && node.LineComment == "" && node.FootComment == ""
}

func plainMapping(out []byte, node *yaml.Node) ([]byte, bool) {
	if (node.Tag != "" && node.Tag != "!!map") || node.Style&^yaml.FlowStyle != 0 || len(node.Content)%2 != 0 {
		return out, false
	}
	order, ok := sorted(node)
	if !ok {
		return out, false
	}
	out = append(out, '{')
	for n, at := range order {
		if n > 0 {
			out = append(out, ',')
		}
		out = append(quoted(out, node.Content[at].Value), ':')
		if out, ok = plainJSON(out, node.Content[at+1]); !ok {
			return out, false
		}
	}
	return append(out, '}'), true
}

// sorted returns the places of a mapping's keys in the order of JSON; false unless they are different plain texts.
func sorted(node *yaml.Node) ([]int, bool) {
	order := make([]int, 0, len(node.Content)/2)
	for at := 0; at < len(node.Content); at += 2 {
		key := node.Content[at]
		if key.Kind != yaml.ScalarNode || !bare(key) || !isText(key) || len(key.Value) > longestKey || key.Value == "<<" {
			return nil, false
		}
		order = append(order, at)
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(node.Content[a].Value, node.Content[b].Value) })
	for n := 1; n < len(order); n++ {
		if node.Content[order[n-1]].Value == node.Content[order[n]].Value {
			return nil, false
		}
	}
	return order, true
}

func plainSequence(out []byte, node *yaml.Node) ([]byte, bool) {
	if (node.Tag != "" && node.Tag != "!!seq") || node.Style&^yaml.FlowStyle != 0 {
		return out, false
	}
	out = append(out, '[')
	for n, item := range node.Content {
		if n > 0 {
			out = append(out, ',')
		}
		var ok bool
		if out, ok = plainJSON(out, item); !ok {
			return out, false
		}
	}
	return append(out, ']'), true
}

func plainScalar(out []byte, node *yaml.Node) ([]byte, bool) {
	if isText(node) {
		return quoted(out, node.Value), true
	}
	known := false
	if node.Style == 0 {
		switch node.Tag {
		case "!!int":
			known = isCount(node.Value)
		case "!!bool":
			known = node.Value == "true" || node.Value == "false"
		case "!!null":
			known = node.Value == "null"
		}
	}
	return append(out, node.Value...), known
}

// isText says whether a scalar is text that YAML's printers and readers leave as it is.
func isText(node *yaml.Node) bool {
	quoted := node.Style == yaml.DoubleQuotedStyle || node.Style == yaml.SingleQuotedStyle
	switch {
	case !quoted && node.Style != 0:
		return false
	case node.Tag == "" && !quoted && !isWord(node.Value):
		return false
	case node.Tag != "" && node.Tag != "!!str":
		return false
	}
	for n := range len(node.Value) {
		if c := node.Value[n]; c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// isWord says whether a scalar without a tag, as transformers make them, can be read as nothing but text.
func isWord(value string) bool {
	if value == "" || (value[0]|' ') < 'a' || (value[0]|' ') > 'z' {
		return false
	}
	switch strings.ToLower(value) {
	case "true", "false", "null", "yes", "no", "on", "off", "y", "n":
		return false
	}
	return true
}

// isCount says whether a number is whole, positive or 0, and far from any bound.
func isCount(digits string) bool {
	if digits == "" || len(digits) > 15 || (digits[0] == '0' && len(digits) > 1) {
		return false
	}
	for n := range len(digits) {
		if digits[n] < '0' || digits[n] > '9' {
			return false
		}
	}
	return true
}

// quoted appends printable ASCII as encoding/json writes it.
func quoted(out []byte, value string) []byte {
	const hex = "0123456789abcdef"
	out = append(out, '"')
	for n := range len(value) {
		switch c := value[n]; c {
		case '"', '\\':
			out = append(out, '\\', c)
		case '<', '>', '&':
			out = append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}

// plainValue returns what YAML's reader makes of a node's JSON. Only for nodes that plainJSON is certain of.
func plainValue(node *yaml.Node) any {
	switch {
	case node.Kind == yaml.MappingNode:
		found := make(map[any]any, len(node.Content)/2)
		for at := 0; at < len(node.Content); at += 2 {
			found[node.Content[at].Value] = plainValue(node.Content[at+1])
		}
		return found
	case node.Kind == yaml.SequenceNode:
		found := make([]any, 0, len(node.Content))
		for _, item := range node.Content {
			found = append(found, plainValue(item))
		}
		return found
	case node.Tag == "!!int":
		number, _ := strconv.Atoi(node.Value) // it has 15 digits at most
		return number
	case node.Tag == "!!bool":
		return node.Value == "true"
	case node.Tag == "!!null":
		return nil
	default:
		return node.Value
	}
}
