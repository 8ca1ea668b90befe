package admit

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kjson "sigs.k8s.io/json"
)

// decode returns the defaulted internal object and the faults of decoding; nil when there is no object.
func (s *server) decode(raw []byte, kind schema.GroupVersionKind) (runtime.Object, [][2]string) {
	object, _, err := s.decoder.Decode(raw, &kind, nil)
	if err == nil {
		return object, nil
	}
	strict, ok := runtime.AsStrictDecodingError(err)
	if !ok {
		return nil, [][2]string{{s.locate(raw, kind), err.Error()}}
	}
	problems := make([][2]string, 0, len(strict.Errors()))
	for _, each := range strict.Errors() {
		problems = append(problems, strictProblem(each.Error()))
	}
	return object, problems
}

var strictField = regexp.MustCompile(`^(?:unknown|duplicate) field "(.+)"$`)

func strictProblem(message string) [2]string {
	if found := strictField.FindStringSubmatch(message); found != nil {
		return [2]string{found[1], message}
	}
	return [2]string{"", message}
}

// maxAttempts bounds how often an object that does not decode is decoded again in part.
const maxAttempts = 500

// locate finds the value that does not decode, for the decoder does not always say:
// it keeps one child at a time, as long as what is left still fails. Empty when that finds nothing.
func (s *server) locate(raw []byte, kind schema.GroupVersionKind) string {
	var node any
	if kjson.UnmarshalCaseSensitivePreserveInts(raw, &node) != nil {
		return ""
	}
	search := search{server: s, kind: kind}
	for search.descend(&node) {
	}
	return search.path
}

type search struct {
	server   *server
	kind     schema.GroupVersionKind
	steps    []any // keys and, as nil, list elements
	path     string
	attempts int
}

// descend goes to the first child that fails by itself; false when there is none.
func (s *search) descend(node *any) bool {
	switch parent := (*node).(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(parent)) {
			if s.fails(key, parent[key]) {
				s.enter(key, memberPath(s.path, key))
				*node = parent[key]
				return true
			}
		}
	case []any:
		for index, element := range parent {
			if s.fails(nil, element) {
				s.enter(nil, s.path+"["+strconv.Itoa(index)+"]")
				*node = element
				return true
			}
		}
	}
	return false
}

func (s *search) enter(step any, path string) {
	s.steps, s.path = append(s.steps, step), path
}

// fails says whether an object with this one value at steps+step is refused by the decoder.
func (s *search) fails(step, value any) bool {
	if s.attempts++; s.attempts > maxAttempts {
		return false
	}
	value = wrap(step, value)
	for _, outer := range slices.Backward(s.steps) {
		value = wrap(outer, value)
	}
	object := value.(map[string]any)
	object["apiVersion"], object["kind"] = s.kind.GroupVersion().String(), s.kind.Kind
	raw, err := json.Marshal(object)
	if err != nil {
		return false
	}
	_, _, err = s.server.decoder.Decode(raw, &s.kind, nil)
	return err != nil && !runtime.IsStrictDecodingError(err)
}

func wrap(step, value any) any {
	if key, ok := step.(string); ok {
		return map[string]any{key: value}
	}
	return []any{value}
}

var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func memberPath(path, key string) string {
	switch {
	case !plainKey.MatchString(key):
		return path + "[" + key + "]"
	case path == "":
		return key
	}
	return path + "." + key
}
