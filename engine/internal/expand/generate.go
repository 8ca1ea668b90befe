package expand

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"sync"

	"github.com/argoproj/argo-cd/v3/applicationset/controllers/template"
	"github.com/argoproj/argo-cd/v3/applicationset/generators"
	"github.com/argoproj/argo-cd/v3/applicationset/utils"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/argo"
	"github.com/sirupsen/logrus"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// quiet is for Argo CD's log, whose errors come back as values too.
var quiet = sync.OnceValue(func() *logrus.Entry {
	logrus.SetOutput(io.Discard)
	logrus.SetLevel(logrus.PanicLevel)
	return logrus.NewEntry(logrus.StandardLogger())
})

// generate adds what one generator makes.
func (e *expansion) generate(each entry) {
	quiet()
	// The controller recovers too, and creates nothing.
	defer func() {
		if cause := recover(); cause != nil {
			e.refuse(each.path, fmt.Sprintf("Argo CD's controller fails on this generator: %v", cause))
		}
	}()
	results, err := generators.Transform(
		each.requested, e.known(), e.set.Spec.Template, &e.set, map[string]any{}, reader{known: e.parameters})
	var cause *unknown
	switch {
	case errors.As(err, &cause):
		e.answer.Undecided = append(e.answer.Undecided, Undecided{e.placeOf(cause, each), cause.reason})
		return
	case err != nil:
		e.refuse(e.placeOfError(each.path, err.Error()), err.Error())
		return
	}
	for _, result := range results {
		for _, params := range ordered(result.Params) {
			e.apply(each, result.Template, params)
		}
	}
}

// apply adds the Application that one set of parameters makes of the merged template.
func (e *expansion) apply(each entry, merged v1alpha1.ApplicationSetTemplate, asked map[string]any) {
	set := e.set.DeepCopy()
	set.Spec.Template = merged
	params, err := fill(set, asked)
	var made map[string]any
	if err == nil {
		made, err = render(set, params)
	}
	if err != nil {
		e.templateProblems(each, asked, err)
		return
	}
	found := Generated{Manifest: made, Generator: each.path, Patched: [][]any{}, Ignored: [][]any{}}
	if set.Spec.TemplatePatch != nil {
		patch, err := (&utils.Render{}).Replace(*set.Spec.TemplatePatch, params, set.Spec.GoTemplate, set.Spec.GoTemplateOptions)
		if err != nil {
			e.refuse("spec.templatePatch", err.Error())
			return
		}
		found.Ignored = ignored(patch, made)
		set.Spec.TemplatePatch = nil
		before, err := render(set, params)
		if err != nil {
			e.refuse(each.path, err.Error())
			return
		}
		found.Patched = changes(before, made, nil, found.Patched)
	}
	e.answer.Applications = append(e.answer.Applications, found)
}

// render makes one Application as the controller would create it.
func render(set *v1alpha1.ApplicationSet, params map[string]any) (map[string]any, error) {
	set.Spec.Generators = []v1alpha1.ApplicationSetGenerator{{List: &v1alpha1.ListGenerator{}}}
	known := map[string]generators.Generator{"List": fixed{params}}
	made, _, err := template.GenerateApplications(quiet(), *set, known, &utils.Render{}, nil)
	if err != nil {
		return nil, err
	}
	if len(made) != 1 {
		return nil, fmt.Errorf("one set of parameters made %d Applications", len(made))
	}
	application := made[0]
	application.APIVersion, application.Kind = v1alpha1.SchemeGroupVersion.String(), "Application"
	application.Spec = *argo.NormalizeApplicationSpec(&application.Spec)
	raw, err := json.Marshal(application)
	if err != nil {
		return nil, err
	}
	var manifest map[string]any
	if err := json.Unmarshal(raw, &manifest); err != nil {
		return nil, err
	}
	delete(manifest, "status")
	return manifest, nil
}

// ordered sorts what Argo CD gives in no order.
func ordered(params []map[string]any) []map[string]any {
	keys := make(map[string]map[string]any, len(params))
	var sorted []string
	for index, each := range params {
		for _, value := range each {
			if list, ok := value.([]map[string]any); ok { // clusters in a flat list
				sort.Slice(list, func(i, j int) bool { return text(list[i]) < text(list[j]) })
			}
		}
		key := fmt.Sprintf("%s %d", text(each), index)
		keys[key] = each
		sorted = append(sorted, key)
	}
	sort.Strings(sorted)
	found := make([]map[string]any, 0, len(params))
	for _, key := range sorted {
		found = append(found, keys[key])
	}
	return found
}

func text(value any) string {
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(raw)
}

// validate takes out what the controller or the API server would refuse.
func (e *expansion) validate() {
	count := map[string]int{}
	for _, each := range e.answer.Applications {
		count[name(each)]++
	}
	valid := []Generated{}
	for _, each := range e.answer.Applications {
		if count[name(each)] > 1 {
			// The words of validateGeneratedApplications (applicationset/controllers); it creates none of them.
			e.problem(e.templateField(each.Generator, "metadata", "name"), fmt.Sprintf(
				"ApplicationSet %s contains applications with duplicate name: %s", e.set.Name, name(each)))
			continue
		}
		if e.hasValidMetadata(each) {
			valid = append(valid, each)
		}
	}
	e.answer.Applications = valid
}

// hasValidMetadata asks what the API server asks of every object's metadata.
func (e *expansion) hasValidMetadata(each Generated) bool {
	var application v1alpha1.Application
	raw := text(each.Manifest)
	if err := json.Unmarshal([]byte(raw), &application); err != nil {
		e.problem(each.Generator, err.Error())
		return false
	}
	found := validation.ValidateObjectMeta(
		&application.ObjectMeta, true, validation.NameIsDNSSubdomain, field.NewPath("metadata"))
	for _, problem := range found {
		e.problem(e.templatePath(each.Generator, problem.Field), problem.Error())
	}
	return len(found) == 0
}

// changes adds the paths at which two JSON values differ; lists are one value.
func changes(before, after map[string]any, path []any, found [][]any) [][]any {
	names := map[string]bool{}
	for name := range before {
		names[name] = true
	}
	for name := range after {
		names[name] = true
	}
	var sorted []string
	for name := range names {
		sorted = append(sorted, name)
	}
	sort.Strings(sorted)
	for _, name := range sorted {
		here := append(append([]any{}, path...), name)
		old, oldIsMap := before[name].(map[string]any)
		new, newIsMap := after[name].(map[string]any)
		switch {
		case oldIsMap && newIsMap:
			found = changes(old, new, here, found)
		case text(before[name]) != text(after[name]):
			found = append(found, here)
		}
	}
	return found
}
