package expand

import (
	"reflect"
	"time"

	"github.com/argoproj/argo-cd/v3/applicationset/generators"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// unknown says that a generator asks what is not known here. Argo CD wraps it on its way up.
type unknown struct {
	kind, url, revision, reason string
}

func (u *unknown) Error() string { return u.reason }

// remote stands for a generator that asks a service or a cluster.
type remote struct{ unknown }

var _ generators.Generator = remote{}

func (r remote) GenerateParams(*v1alpha1.ApplicationSetGenerator, *v1alpha1.ApplicationSet, client.Client) ([]map[string]any, error) {
	return nil, &r.unknown
}

func (remote) GetRequeueAfter(*v1alpha1.ApplicationSetGenerator) time.Duration { return 0 }

func (remote) GetTemplate(*v1alpha1.ApplicationSetGenerator) *v1alpha1.ApplicationSetTemplate {
	return &v1alpha1.ApplicationSetTemplate{}
}

// known returns Argo CD's generators by the name of their field, nested as generators.GetGenerators nests them.
func (e *expansion) known() map[string]generators.Generator {
	single := map[string]generators.Generator{
		"List":                    generators.NewListGenerator(),
		"Clusters":                generators.NewClusterGenerator(reader{known: e.parameters}, e.Namespace),
		"Git":                     generators.NewGitGenerator(e.repository, e.Namespace),
		"SCMProvider":             remote{unknown{kind: "scmProvider", reason: "asks a source code host which repositories there are"}},
		"ClusterDecisionResource": remote{unknown{kind: "clusterDecisionResource", reason: "reads an object of the cluster"}},
		"PullRequest":             remote{unknown{kind: "pullRequest", reason: "asks a source code host which pull requests are open"}},
		"Plugin":                  remote{unknown{kind: "plugin", reason: "asks a plugin's service"}},
	}
	nested := with(single, single)
	return with(single, nested)
}

func with(single, inner map[string]generators.Generator) map[string]generators.Generator {
	all := map[string]generators.Generator{
		"Matrix": generators.NewMatrixGenerator(inner), "Merge": generators.NewMergeGenerator(inner),
	}
	for name, each := range single {
		all[name] = each
	}
	return all
}

// fixed gives parameters that were generated before.
type fixed []map[string]any

var _ generators.Generator = fixed{}

func (f fixed) GenerateParams(*v1alpha1.ApplicationSetGenerator, *v1alpha1.ApplicationSet, client.Client) ([]map[string]any, error) {
	return f, nil
}

func (fixed) GetRequeueAfter(*v1alpha1.ApplicationSetGenerator) time.Duration { return 0 }

func (fixed) GetTemplate(*v1alpha1.ApplicationSetGenerator) *v1alpha1.ApplicationSetTemplate {
	return &v1alpha1.ApplicationSetTemplate{}
}

// entry is one generator: Argo CD takes each kind that an element of spec.generators has as one.
type entry struct {
	path, kind string
	requested  v1alpha1.ApplicationSetGenerator
}

func (e *expansion) entries() []entry {
	var found []entry
	for index, requested := range e.set.Spec.Generators {
		place := at("spec.generators", index)
		value := reflect.ValueOf(requested)
		kinds := 0
		for field := range value.NumField() {
			described := value.Type().Field(field)
			if described.Name == "Selector" || value.Field(field).IsNil() {
				continue
			}
			kinds++
			single := v1alpha1.ApplicationSetGenerator{Selector: requested.Selector}
			reflect.ValueOf(&single).Elem().Field(field).Set(value.Field(field))
			kind := jsonName(described)
			found = append(found, entry{place + "." + kind, kind, single})
		}
		if kinds == 0 {
			e.unrecognized(place, requested)
		}
	}
	return found
}
