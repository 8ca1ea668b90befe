package expand

import (
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strings"

	"github.com/argoproj/argo-cd/v3/applicationset/utils"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
)

func at(path string, index int) string { return fmt.Sprintf("%s[%d]", path, index) }

func jsonName(described reflect.StructField) string {
	name, _, _ := strings.Cut(described.Tag.Get("json"), ",")
	return name
}

func (e *expansion) unrecognized(path string, requested v1alpha1.ApplicationSetGenerator) {
	alone := v1alpha1.ApplicationSet{ObjectMeta: e.set.ObjectMeta}
	alone.Spec.Generators = []v1alpha1.ApplicationSetGenerator{requested}
	message := fmt.Sprintf("ApplicationSet %s has a generator without a kind", e.set.Name)
	if err := utils.CheckInvalidGenerators(&alone); err != nil {
		message = err.Error()
	}
	e.problem(path, message)
}

// value returns what stands in the manifest at a path of names and indices.
func (e *expansion) value(path string) any {
	var found any = e.manifest
	for _, step := range strings.Split(strings.NewReplacer("[", ".", "]", "").Replace(path), ".") {
		switch node := found.(type) {
		case map[string]any:
			found = node[step]
		case []any:
			var index int
			if _, err := fmt.Sscan(step, &index); err != nil || index >= len(node) {
				return nil
			}
			found = node[index]
		default:
			return nil
		}
	}
	return found
}

// place is a generator of one kind, however deep it stands.
type place struct {
	path  string
	value map[string]any
}

// ofKind returns the generators of a kind at and below a generator's path.
func (e *expansion) ofKind(kind, path, own string) []place {
	value, _ := e.value(path).(map[string]any)
	var found []place
	if own == kind {
		found = append(found, place{path, value})
	}
	inner, _ := value["generators"].([]any)
	for index, each := range inner {
		entry, _ := each.(map[string]any)
		for _, name := range sortedNames(entry) {
			found = append(found, e.ofKind(kind, at(path+".generators", index)+"."+name, name)...)
		}
	}
	return found
}

// placeOf returns the generator that asked what is not known: the one with these values, else one
// whose values are templates, else the first of its kind.
func (e *expansion) placeOf(cause *unknown, each entry) string {
	found := e.ofKind(cause.kind, each.path, each.kind)
	text := func(p place, name string) string {
		value, _ := p.value[name].(string)
		return value
	}
	same := func(p place) bool {
		return text(p, "repoURL") == cause.url && text(p, "revision") == cause.revision
	}
	templated := func(p place) bool { return strings.Contains(text(p, "repoURL")+text(p, "revision"), "{{") }
	for _, fits := range []func(place) bool{same, templated, func(place) bool { return true }} {
		if index := slices.IndexFunc(found, fits); index >= 0 {
			return found[index].path
		}
	}
	return each.path
}

// scalar is a templated text and where it stands.
type scalar struct{ path, text string }

// templates returns the texts below a value that are templates, in the order of their paths.
func templates(path string, value any) []scalar {
	switch node := value.(type) {
	case string:
		if strings.Contains(node, "{{") {
			return []scalar{{path, node}}
		}
	case []any:
		var found []scalar
		for index, each := range node {
			found = append(found, templates(at(path, index), each)...)
		}
		return found
	case map[string]any:
		var found []scalar
		for _, name := range sortedNames(node) {
			here := path + "." + name
			if strings.ContainsAny(name, ".[]{}/") {
				here = path + "[" + name + "]"
			}
			found = append(found, templates(here, name)...)
			found = append(found, templates(here, node[name])...)
		}
		return found
	}
	return nil
}

func sortedNames(node map[string]any) []string {
	names := make([]string, 0, len(node))
	for name := range node {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// placeOfError returns the templated text below a path that an error of Argo CD quotes, else the path.
func (e *expansion) placeOfError(path, message string) string {
	best := scalar{path: path}
	for _, each := range templates(path, e.value(path)) {
		if len(each.text) > len(best.text) && strings.Contains(message, each.text) {
			best = each
		}
	}
	return best.path
}

// templateProblems adds a problem for each text that cannot be filled in; Argo CD stops at one of them.
func (e *expansion) templateProblems(each entry, params map[string]any, err error) {
	e.refused = true
	said := false
	own := each.path + ".template"
	texts := append(templates("spec.template", e.value("spec.template")), templates(own, e.value(own))...)
	for _, text := range append(texts, templates("spec.templatePatch", e.value("spec.templatePatch"))...) {
		_, wrong := (&utils.Render{}).Replace(text.text, params, e.set.Spec.GoTemplate, e.set.Spec.GoTemplateOptions)
		if wrong == nil || !e.isUsed(each, text.path) {
			continue
		}
		said = true
		if !e.hasProblem(text.path) {
			e.problem(text.path, wrong.Error())
		}
	}
	if said {
		return
	}
	path := "spec.template"
	if e.set.Spec.TemplatePatch != nil {
		path = "spec.templatePatch"
	}
	if !e.hasProblem(path) {
		e.problem(path, err.Error())
	}
}

// hasProblem says whether a text failed with other parameters already: one problem is enough.
func (e *expansion) hasProblem(path string) bool {
	return slices.ContainsFunc(e.answer.Problems, func(each Problem) bool { return each.Path == path })
}

// isUsed says whether a text of spec.template counts: the generator's own template comes first.
func (e *expansion) isUsed(each entry, path string) bool {
	rest, below := strings.CutPrefix(path, "spec.template.")
	return !below || e.value(each.path+".template."+rest) == nil
}

// templateField returns where a field of the generated Application is set.
func (e *expansion) templateField(generator string, steps ...string) string {
	return e.templatePath(generator, strings.Join(steps, "."))
}

func (e *expansion) templatePath(generator, field string) string {
	if own := generator + ".template." + field; e.value(own) != nil {
		return own
	}
	return "spec.template." + field
}
