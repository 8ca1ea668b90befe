package compare

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// identified is a list whose items are known by what stands for them in a path, such as `[name=web]`.
type identified struct {
	order  []string
	values map[string]any
}

func (l identified) shared(other identified) []string {
	shared := []string{}
	for _, identity := range l.order {
		if _, ok := other.values[identity]; ok {
			shared = append(shared, identity)
		}
	}
	return shared
}

// byKeys is not ok when an item has no keys or two items have the same.
func byKeys(before, after []any, keys []key) (b, a identified, ok bool) {
	identity := func(item any) (string, bool) {
		fields, isMap := item.(map[string]any)
		if !isMap {
			return "", false
		}
		return keyText(fields, keys)
	}
	if b, ok = identify(before, identity); !ok {
		return b, a, false
	}
	a, ok = identify(after, identity)
	return b, a, ok
}

func byValue(before, after []any) (b, a identified, ok bool) {
	identity := func(item any) (string, bool) {
		switch item.(type) {
		case map[string]any, []any:
			return "", false
		}
		return "[=" + plain(item) + "]", true
	}
	if b, ok = identify(before, identity); !ok {
		return b, a, false
	}
	a, ok = identify(after, identity)
	return b, a, ok
}

func identify(items []any, identity func(any) (string, bool)) (identified, bool) {
	found := identified{make([]string, 0, len(items)), make(map[string]any, len(items))}
	for _, item := range items {
		name, ok := identity(item)
		if _, twice := found.values[name]; twice || !ok {
			return found, false
		}
		found.order = append(found.order, name)
		found.values[name] = item
	}
	return found, true
}

func keyText(fields map[string]any, keys []key) (string, bool) {
	var parts []string
	for _, each := range keys {
		value, ok := fields[each.name]
		if !ok || value == nil {
			value = each.fallback
		}
		switch value.(type) {
		case nil:
			continue
		case map[string]any, []any:
			return "", false
		}
		parts = append(parts, each.name+"="+plain(value))
	}
	return "[" + strings.Join(parts, ",") + "]", len(parts) > 0
}

var (
	bare      = regexp.MustCompile(`^[A-Za-z0-9_./:@*-]+$`)
	fieldName = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$-]*$`)
)

// plain writes a scalar, quoted where it could be taken for something else.
func plain(value any) string {
	text := fmt.Sprint(value)
	if bare.MatchString(text) {
		return text
	}
	return quoted(text)
}

func quoted(text string) string {
	raw, err := json.Marshal(text)
	if err != nil {
		return text
	}
	return string(raw)
}

// join appends a field to a path; names that are no identifiers stand in brackets: `labels["app.io/name"]`.
func join(path, name string) string {
	switch {
	case !fieldName.MatchString(name):
		return path + "[" + quoted(name) + "]"
	case path == "":
		return name
	}
	return path + "." + name
}

// orderMatters knows the keyed lists that Kubernetes works through one after the other.
func orderMatters(path string) bool {
	name := path[strings.LastIndexByte(path, '.')+1:]
	return name == "initContainers" || name == "env"
}

// hunk is a run of items that differ: [before, beforeEnd) became [after, afterEnd).
type hunk struct{ before, beforeEnd, after, afterEnd int }

// mostCells bounds the work on one pair of lists; longer ones are compared in one hunk.
const mostCells = 1 << 20

// hunks aligns two lists along a longest common subsequence.
func hunks(before, after []any) []hunk {
	start := 0
	for start < min(len(before), len(after)) && same(before[start], after[start]) {
		start++
	}
	endB, endA := len(before), len(after)
	for endB > start && endA > start && same(before[endB-1], after[endA-1]) {
		endB, endA = endB-1, endA-1
	}
	if start == endB && start == endA {
		return nil
	}
	rows, columns := endB-start, endA-start
	if rows == 0 || columns == 0 || rows*columns > mostCells {
		return []hunk{{start, endB, start, endA}}
	}
	found := aligned(before[start:endB], after[start:endA])
	for i := range found {
		found[i].before += start
		found[i].beforeEnd += start
		found[i].after += start
		found[i].afterEnd += start
	}
	return found
}

func aligned(before, after []any) []hunk {
	rows, columns := len(before), len(after)
	length := make([][]int, rows+1)
	for i := range length {
		length[i] = make([]int, columns+1)
	}
	for i, b := range slices.Backward(before) {
		for j, a := range slices.Backward(after) {
			if same(b, a) {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	var found []hunk
	i, j, fromI, fromJ := 0, 0, 0, 0
	flush := func() {
		if i > fromI || j > fromJ {
			found = append(found, hunk{fromI, i, fromJ, j})
		}
	}
	for i < rows && j < columns {
		switch {
		case same(before[i], after[j]):
			flush()
			i, j = i+1, j+1
			fromI, fromJ = i, j
		case length[i+1][j] >= length[i][j+1]:
			i++
		default:
			j++
		}
	}
	i, j = rows, columns
	flush()
	return found
}
