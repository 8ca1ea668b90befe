// Package policy says which admission policies and organisation rules an object breaks.
//
// ValidatingAdmissionPolicies are compiled, matched and evaluated by the API server's own packages
// (k8s.io/apiserver/pkg/admission/plugin/policy), on the object as the API server would see it:
// decoded, defaulted, in the version that the policy asks for. What lives in a cluster only is not
// guessed: a policy whose answer depends on an authorizer, on who asks, on a namespace's unknown
// labels or on parameters that nobody gives is undecided, where it would apply at all.
//
// Organisation rules are CEL over the object as it is rendered, in the environment that Kubernetes
// compiles its own expressions in, with the same libraries and cost limits.
//
// Not covered: mutating policies, and what other admission plugins would add to an object before.
package policy

import (
	"bytes"
	"encoding/json"

	"sealock.dev/engine/internal/failure"
	kept "sealock.dev/engine/internal/parameters"
)

// Verdict is one thing that an object breaks. Kind is `policy` or `rule`; ID the name of either.
// Action is the severest that the binding names: deny, warn or audit; deny for rules. Path is the
// field that the expression is about, empty where it is about none or about several.
type Verdict struct {
	Kind       string `json:"kind"`
	ID         string `json:"id"`
	Binding    string `json:"binding"`
	Action     string `json:"action"`
	Message    string `json:"message"`
	Reason     string `json:"reason"`
	Expression string `json:"expression"`
	Path       string `json:"path"`
}

// Undecided is a policy or rule without a verdict, and why.
type Undecided struct {
	Kind   string `json:"kind"`
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

// Answer is the answer to one item. Notes are about policies and bindings, not about an object.
type Answer struct {
	Verdicts  []Verdict   `json:"verdicts"`
	Undecided []Undecided `json:"undecided"`
	Notes     []string    `json:"notes"`
}

const (
	kindPolicy = "policy"
	kindRule   = "rule"
)

type parameters struct {
	Policies    []json.RawMessage `json:"policies"`
	Bindings    []json.RawMessage `json:"bindings"`
	Parameters  []json.RawMessage `json:"parameters"`
	Namespaces  []namespace       `json:"namespaces"`
	Definitions []json.RawMessage `json:"definitions"`
	Rules       []rule            `json:"rules"`
}

// question is one item. Without an object it is about the policies and rules themselves. Namespace
// is where an object goes that does not say so itself. Rule, when given, is the only one asked.
type question struct {
	Object    json.RawMessage `json:"object"`
	Old       json.RawMessage `json:"old"`
	Namespace string          `json:"namespace"`
	Rule      string          `json:"rule"`
	Variables variables       `json:"variables"`
}

// Run answers one item of the protocol's policy operation.
func Run(params, item json.RawMessage) (any, error) {
	judge, err := last.Of(params, prepare)
	if err != nil {
		return nil, failure.New(failure.BadRequest, "policy: "+err.Error(), "")
	}
	var asked question
	if err := json.Unmarshal(item, &asked); err != nil {
		return nil, failure.New(failure.BadRequest, "policy: "+err.Error(), "")
	}
	answer := Answer{Verdicts: []Verdict{}, Undecided: []Undecided{}, Notes: []string{}}
	switch {
	case isNull(asked.Object):
		judge.itself(&answer)
	default:
		if err := judge.object(asked, &answer); err != nil {
			return nil, failure.New(failure.BadRequest, "policy: "+err.Error(), "")
		}
	}
	return answer, nil
}

func isNull(raw json.RawMessage) bool {
	return len(raw) == 0 || bytes.Equal(raw, []byte("null"))
}

// judge is what all items of a request are asked of.
type judge struct {
	kinds      *kinds
	namespaces map[string]namespace
	parameters *parameterStore
	policies   []*policy
	rules      []*rule
	unreadable []Undecided
	notes      []string
}

var last kept.Last[judge]

func prepare(raw json.RawMessage) (*judge, error) {
	given := parameters{}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &given); err != nil {
			return nil, err
		}
	}
	return newJudge(given), nil
}

func newJudge(given parameters) *judge {
	j := &judge{kinds: newKinds(given.Definitions), namespaces: map[string]namespace{}}
	for _, each := range given.Namespaces {
		j.namespaces[each.Name] = each
	}
	for index := range given.Rules {
		j.rules = append(j.rules, &given.Rules[index])
	}
	j.readPolicies(given.Policies, given.Bindings)
	j.parameters = j.readParameters(given.Parameters)
	return j
}

// itself says what is wrong with the policies and rules, whatever they are asked about.
func (j *judge) itself(answer *Answer) {
	answer.Undecided = append(answer.Undecided, j.unreadable...)
	answer.Notes = append(answer.Notes, j.notes...)
	for _, each := range j.policies {
		if problem := each.compiled().problem; problem != "" {
			answer.undecide(kindPolicy, each.spec.Name, problem)
		}
	}
	for _, each := range j.rules {
		if problem := each.compiled().problem; problem != "" {
			answer.undecide(kindRule, each.ID, problem)
		}
	}
}

func (j *judge) object(asked question, answer *Answer) error {
	object, err := readObject(asked.Object)
	if err != nil {
		return err
	}
	var old map[string]any
	if !isNull(asked.Old) {
		if old, err = readObject(asked.Old); err != nil {
			return err
		}
	}
	for _, each := range j.rules {
		if asked.Rule == "" || asked.Rule == each.ID {
			each.judge(object, old, asked, answer)
		}
	}
	if asked.Rule != "" || len(j.policies) == 0 {
		return nil
	}
	asking := j.request(object, old, asked.Namespace)
	if isExempt(asking.attributes.GetResource().GroupResource()) {
		return nil
	}
	for _, each := range j.policies {
		asking.ask(each, answer)
	}
	return nil
}

func (a *Answer) undecide(kind, id, reason string) {
	entry := Undecided{kind, id, reason}
	for _, each := range a.Undecided {
		if each == entry {
			return
		}
	}
	a.Undecided = append(a.Undecided, entry)
}

func (a *Answer) add(verdict Verdict) {
	for _, each := range a.Verdicts {
		if each == verdict {
			return
		}
	}
	a.Verdicts = append(a.Verdicts, verdict)
}
