package render

import (
	"strings"

	yamlv2 "go.yaml.in/yaml/v2"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
	"sigs.k8s.io/yaml"
)

// printed is an object as JSON, and as nodes where these are plain.
type printed struct {
	json  []byte
	plain *kyaml.Node
}

// printJSON prints an object as kustomize does.
func printJSON(object *kyaml.RNode) (printed, error) {
	if node := object.YNode(); node != nil && node.Kind == kyaml.MappingNode {
		if out, ok := plainJSON(make([]byte, 0, 1024), node); ok {
			return printed{json: out, plain: node}, nil
		}
	}
	out, err := object.MarshalJSON()
	return printed{json: out}, err
}

// asJSON takes objects that were printed already.
func asJSON(objects [][]byte) []printed {
	found := make([]printed, 0, len(objects))
	for _, each := range objects {
		found = append(found, printed{json: each})
	}
	return found
}

func (p printed) yaml() ([]byte, error) {
	if p.plain != nil {
		return yamlv2.Marshal(plainValue(p.plain))
	}
	return yaml.JSONToYAML(p.json)
}

// toYAML prints objects as resmap's AsYaml does, from JSON that is needed anyway.
func toYAML(objects []printed) (string, error) {
	var out strings.Builder
	for i, object := range objects {
		text, err := object.yaml()
		if err != nil {
			return "", err
		}
		if i > 0 {
			out.WriteString("---\n")
		}
		out.Write(text)
	}
	return out.String(), nil
}
