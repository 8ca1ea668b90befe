package admit

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kjson "sigs.k8s.io/json"
)

// vague are the fields that Kubernetes refuses as a whole when any part of them has changed, and where the part is
// looked for; the last of them is no field of a manifest.
var vague = map[string][]any{
	"spec": {"spec"}, "spec.template": {"spec", "template"}, "spec.persistentvolumesource": {"spec"},
}

// narrow names the parts at fault of fields that are refused as a whole: each part of the live object is changed alone,
// and where that gives the same error, each part of the part.
func (c *collector) narrow(live, merged []byte, kind schema.GroupVersionKind, endpoint endpoint) {
	search := &narrowing{settings: c.settings, namespace: c.namespace, kind: kind, endpoint: endpoint}
	var after map[string]any
	if kjson.UnmarshalCaseSensitivePreserveInts(live, &search.live) != nil || kjson.UnmarshalCaseSensitivePreserveInts(merged, &after) != nil {
		return
	}
	for _, problem := range slices.Clone(c.verdict.Errors) {
		steps := vague[problem[0]]
		if steps == nil {
			continue
		}
		search.problem = problem
		parts := search.below(steps, at(search.live, steps), at(after, steps))
		if len(parts) == 0 {
			continue
		}
		c.verdict.Errors = slices.DeleteFunc(c.verdict.Errors, func(pair [2]string) bool { return pair == problem })
		for _, part := range parts {
			c.verdict.Errors = append(c.verdict.Errors, [2]string{pathOf(part), problem[1]})
		}
	}
}

type narrowing struct {
	*settings
	namespace string
	kind      schema.GroupVersionKind
	endpoint  endpoint
	live      map[string]any
	problem   [2]string
	attempts  int
}

// below returns the smallest changed parts that give the error alone.
func (n *narrowing) below(steps []any, before, after any) [][]any {
	var found [][]any
	for _, step := range stepsOf(before, after) {
		was, is := at(before, []any{step}), at(after, []any{step})
		path := append(slices.Clone(steps), step)
		if reflect.DeepEqual(was, is) || !n.fails(path, is) {
			continue
		}
		if parts := n.below(path, was, is); len(parts) > 0 {
			found = append(found, parts...)
		} else {
			found = append(found, path)
		}
	}
	return found
}

// fails says whether the live object with this one value is refused in the same words.
func (n *narrowing) fails(steps []any, value any) bool {
	if n.attempts++; n.attempts > maxAttempts {
		return false
	}
	object := runtime.DeepCopyJSON(n.live)
	set(object, steps, runtime.DeepCopyJSONValue(value))
	changed, err := json.Marshal(object)
	if err != nil {
		return false
	}
	before, err := json.Marshal(n.live)
	if err != nil {
		return false
	}
	is, _ := n.endpoint.decode(changed)
	was, _ := n.endpoint.decode(before)
	if is == nil || was == nil {
		return false
	}
	silent := newCollector(n.settings, n.namespace)
	silent.update(is, was, n.kind, n.endpoint)
	return slices.Contains(silent.verdict.Errors, n.problem)
}

// stepsOf are the keys of two objects, or the places of two lists of one length.
func stepsOf(before, after any) []any {
	var steps []any
	switch was := before.(type) {
	case map[string]any:
		is, ok := after.(map[string]any)
		if !ok {
			return nil
		}
		all := maps.Clone(was)
		maps.Copy(all, is)
		for _, key := range slices.Sorted(maps.Keys(all)) {
			steps = append(steps, key)
		}
	case []any:
		if is, ok := after.([]any); ok && len(is) == len(was) {
			for index := range was {
				steps = append(steps, index)
			}
		}
	}
	return steps
}

// at is nil where there is nothing.
func at(node any, steps []any) any {
	for _, step := range steps {
		switch parent := node.(type) {
		case map[string]any:
			key, _ := step.(string)
			node = parent[key]
		case []any:
			index, _ := step.(int)
			node = parent[index]
		default:
			return nil
		}
	}
	return node
}

// set removes the value at steps when the new one is nil.
func set(node any, steps []any, value any) {
	parent, last := at(node, steps[:len(steps)-1]), steps[len(steps)-1]
	switch parent := parent.(type) {
	case map[string]any:
		key, _ := last.(string)
		if parent[key] = value; value == nil {
			delete(parent, key)
		}
	case []any:
		index, _ := last.(int)
		parent[index] = value
	}
}

func pathOf(steps []any) string {
	path := ""
	for _, step := range steps {
		switch step := step.(type) {
		case string:
			path = memberPath(path, step)
		case int:
			path += "[" + strconv.Itoa(step) + "]"
		}
	}
	return path
}
