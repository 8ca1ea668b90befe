// Package expand generates an ApplicationSet's Applications with Argo CD's own code, offline.
//
// Generators, parameters and templates are Argo CD's (applicationset/generators, controllers/template);
// ours is what they ask: the files of this repository, and the clusters that the caller declares.
// What asks anything else is undecided, by name.
package expand

import (
	"encoding/json"
	"maps"
	"slices"
	"sort"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	utiljson "sigs.k8s.io/json"

	"sealock.dev/engine/internal/failure"
	kept "sealock.dev/engine/internal/parameters"
)

// Generated is an Application, the field path of the generator that made it, and the fields that
// the templatePatch set, and set in vain.
type Generated struct {
	Manifest  map[string]any `json:"manifest"`
	Generator string         `json:"generator"`
	Patched   [][]any        `json:"patched"`
	Ignored   [][]any        `json:"ignored"`
}

// Undecided is a generator that asks what is not known here.
type Undecided struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// Problem is why Argo CD would not create an Application, or any, in its own words.
type Problem struct {
	Path    string `json:"path"`
	Message string `json:"message"`
}

// Answer is the answer to one item; Read are the files that generators read.
type Answer struct {
	Applications []Generated `json:"applications"`
	Undecided    []Undecided `json:"undecided"`
	Problems     []Problem   `json:"problems"`
	Read         []string    `json:"read"`
}

type parameters struct {
	Root           string    `json:"root"`
	Files          *[]string `json:"files"`
	RepositoryURLs []string  `json:"repository_urls"`
	Revisions      []string  `json:"revisions"`
	Clusters       []cluster `json:"clusters"`
	Namespace      string    `json:"namespace"`

	repository *repository
}

// Run answers one item of the protocol's expand operation.
func Run(params, item json.RawMessage) (any, error) {
	known, err := last.Of(params, decodeParameters)
	if err != nil {
		return nil, failure.New(failure.BadRequest, "expand: "+err.Error(), "")
	}
	var question struct {
		Set json.RawMessage `json:"applicationset"`
	}
	if err := json.Unmarshal(item, &question); err != nil {
		return nil, failure.New(failure.BadRequest, "expand: "+err.Error(), "")
	}
	if len(question.Set) == 0 {
		return nil, failure.New(failure.BadRequest, "expand: the item has no applicationset", "")
	}
	known.repository.read = map[string]bool{}
	e := &expansion{parameters: known, answer: Answer{[]Generated{}, []Undecided{}, []Problem{}, nil}}
	e.run(question.Set)
	e.answer.Read = append([]string{}, slices.Sorted(maps.Keys(known.repository.read))...)
	return e.answer, nil
}

var last kept.Last[parameters]

func decodeParameters(raw json.RawMessage) (*parameters, error) {
	value := &parameters{Namespace: "argocd"}
	if err := json.Unmarshal(raw, value); err != nil {
		return nil, err
	}
	found, err := open(value)
	if err != nil {
		return nil, err
	}
	value.repository = found
	return value, nil
}

type expansion struct {
	*parameters
	answer   Answer
	manifest map[string]any
	set      v1alpha1.ApplicationSet
	refused  bool
}

func (e *expansion) run(raw json.RawMessage) {
	// As the API server reads it: names of fields are exact, unknown ones count for nothing.
	err := utiljson.UnmarshalCaseSensitivePreserveInts(raw, &e.set)
	if err == nil {
		err = json.Unmarshal(raw, &e.manifest)
	}
	if err != nil {
		e.problem("", "the ApplicationSet cannot be read: "+err.Error())
		return
	}
	if e.set.Namespace == "" {
		e.set.Namespace = e.Namespace
	}
	for _, each := range e.entries() {
		e.generate(each)
	}
	if e.refused {
		// The controller creates nothing at all when one generator or template fails.
		e.answer.Applications = []Generated{}
		return
	}
	e.validate()
	sort.SliceStable(e.answer.Applications, func(i, j int) bool {
		return name(e.answer.Applications[i]) < name(e.answer.Applications[j])
	})
}

// problem adds what was not said before.
func (e *expansion) problem(path, message string) {
	found := Problem{path, message}
	if !slices.Contains(e.answer.Problems, found) {
		e.answer.Problems = append(e.answer.Problems, found)
	}
}

// refuse adds a problem for which the controller creates nothing.
func (e *expansion) refuse(path, message string) {
	e.refused = true
	e.problem(path, message)
}

func name(each Generated) string {
	metadata, _ := each.Manifest["metadata"].(map[string]any)
	text, _ := metadata["name"].(string)
	return text
}
