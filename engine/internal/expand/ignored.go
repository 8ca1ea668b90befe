package expand

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/argoproj/argo-cd/v3/applicationset/utils"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
)

// ignored returns the fields of a rendered templatePatch that Argo CD drops in silence while it patches: those that
// its Application type does not have, and another project (applicationset/controllers/template/patch.go). What is no
// patch at all it refuses itself.
func ignored(patch string, made map[string]any) [][]any {
	found := [][]any{}
	converted, err := utils.ConvertYAMLToJSON(patch)
	if err != nil {
		return found
	}
	var value map[string]any
	if json.Unmarshal([]byte(converted), &value) != nil {
		return found
	}
	found = unknownFields(reflect.TypeFor[v1alpha1.Application](), value, nil, found)
	asked, _ := value["spec"].(map[string]any)
	kept, _ := made["spec"].(map[string]any)
	if project, set := asked["project"]; set && project != kept["project"] {
		found = append(found, []any{"spec", "project"})
	}
	return found
}

var decodesItself = reflect.TypeFor[json.Unmarshaler]()

// unknownFields adds the paths of what encoding/json finds no field for, which takes names in any case.
func unknownFields(kind reflect.Type, value any, path []any, found [][]any) [][]any {
	for kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	if kind.Implements(decodesItself) || reflect.PointerTo(kind).Implements(decodesItself) {
		return found
	}
	switch node := value.(type) {
	case []any:
		if kind.Kind() == reflect.Slice {
			for index, each := range node {
				found = unknownFields(kind.Elem(), each, below(path, index), found)
			}
		}
	case map[string]any:
		switch kind.Kind() {
		case reflect.Map:
			for _, name := range sortedNames(node) {
				found = unknownFields(kind.Elem(), node[name], below(path, name), found)
			}
		case reflect.Struct:
			fields := map[string]reflect.Type{}
			fieldsOf(kind, fields)
			for _, name := range sortedNames(node) {
				field, known := fields[strings.ToLower(name)]
				switch {
				case known:
					found = unknownFields(field, node[name], below(path, name), found)
				case !strings.HasPrefix(name, "$"): // such as $patch, which tells how to merge
					found = append(found, below(path, name))
				}
			}
		}
	}
	return found
}

func below(path []any, step any) []any { return append(append([]any{}, path...), step) }

// fieldsOf adds the types of a struct's fields by their names in lower case, those of embedded ones included.
func fieldsOf(kind reflect.Type, fields map[string]reflect.Type) {
	for index := range kind.NumField() {
		field := kind.Field(index)
		name := jsonName(field)
		switch {
		case name == "-":
		case name == "" && field.Anonymous:
			inner := field.Type
			for inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			fieldsOf(inner, fields)
		case name == "":
			fields[strings.ToLower(field.Name)] = field.Type
		default:
			fields[strings.ToLower(name)] = field.Type
		}
	}
}
