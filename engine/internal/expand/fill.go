package expand

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/argoproj/argo-cd/v3/applicationset/utils"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
)

// fill fills in the set's Go templates and puts a plain tag in the place of each; it returns the tags' values.
//
// Argo CD copies all of its template functions for each text of an Application, some sixty and most of them
// empty, which takes milliseconds. A text without `{{` is the same after as before, so only the others are
// given to Argo CD's renderer here.
func fill(set *v1alpha1.ApplicationSet, params map[string]any) (map[string]any, error) {
	if !set.Spec.GoTemplate || len(params) == 0 { // without parameters Argo CD fills in nothing
		return params, nil
	}
	f := &filler{set.Spec.GoTemplateOptions, params, map[string]string{}, map[string]any{"-": ""}}
	raw, err := json.Marshal(set.Spec.Template)
	if err != nil {
		return nil, err
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil, err
	}
	if value, err = f.all(value); err != nil {
		return nil, err
	}
	if raw, err = json.Marshal(value); err != nil {
		return nil, err
	}
	set.Spec.Template = v1alpha1.ApplicationSetTemplate{}
	if err := json.Unmarshal(raw, &set.Spec.Template); err != nil {
		return nil, err
	}
	if set.Spec.TemplatePatch != nil {
		patch, err := f.one(*set.Spec.TemplatePatch)
		if err != nil {
			return nil, err
		}
		set.Spec.TemplatePatch = &patch
	}
	set.Spec.GoTemplate, set.Spec.GoTemplateOptions = false, nil
	return f.values, nil
}

type filler struct {
	options []string
	params  map[string]any
	tags    map[string]string
	values  map[string]any
}

// all returns a JSON value with tags for its templates, keys included.
func (f *filler) all(value any) (any, error) {
	switch node := value.(type) {
	case string:
		return f.one(node)
	case []any:
		for index, each := range node {
			filled, err := f.all(each)
			if err != nil {
				return nil, err
			}
			node[index] = filled
		}
	case map[string]any:
		found := make(map[string]any, len(node))
		for _, name := range sortedNames(node) {
			filled, err := f.all(node[name])
			if err != nil {
				return nil, err
			}
			key, err := f.one(name)
			if err != nil {
				return nil, err
			}
			found[key] = filled
		}
		return found, nil
	}
	return value, nil
}

// one returns the tag for a text, or the text.
func (f *filler) one(text string) (string, error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	if tag, known := f.tags[text]; known {
		return tag, nil
	}
	filled, err := (&utils.Render{}).Replace(text, f.params, true, f.options)
	if err != nil {
		return "", err
	}
	name := fmt.Sprint(len(f.tags))
	f.tags[text], f.values[name] = "{{"+name+"}}", filled
	return f.tags[text], nil
}
