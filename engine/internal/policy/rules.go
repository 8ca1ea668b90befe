package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/version"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

// variables are what a rule knows of the place that an object is rendered for.
type variables struct {
	Overlay     string `json:"overlay"`
	Environment string `json:"environment"`
	Production  bool   `json:"production"`
}

// rule is an organisation rule: Expression is true for objects as they should be. A kind is `*`,
// `Deployment`, `apps/v1/Deployment` or `v1/Pod`.
type rule struct {
	ID                string   `json:"id"`
	Kinds             []string `json:"kinds"`
	Expression        string   `json:"expression"`
	Message           string   `json:"message"`
	MessageExpression string   `json:"message_expression"`

	programs *rulePrograms
}

type rulePrograms struct {
	expression, message cel.Program
	path                string
	problem             string
}

var ruleEnvironment = sync.OnceValues(func() (*cel.Env, error) {
	set, err := baseEnvironment().Extend(environment.VersionedOptions{
		IntroducedVersion: version.MajorMinor(1, 0),
		EnvOptions: []cel.EnvOption{
			cel.Variable("object", cel.DynType),
			cel.Variable("oldObject", cel.DynType),
			cel.Variable("overlay", cel.StringType),
			cel.Variable("environment", cel.StringType),
			cel.Variable("production", cel.BoolType),
		},
	})
	if err != nil {
		return nil, err
	}
	return set.StoredExpressionsEnv(), nil
})

// compiled compiles at the first call.
func (r *rule) compiled() *rulePrograms {
	if r.programs != nil {
		return r.programs
	}
	p := &rulePrograms{}
	r.programs = p
	var err error
	if p.expression, err = program(r.Expression, cel.BoolType); err != nil {
		p.problem = "the expression " + err.Error()
		return p
	}
	if r.MessageExpression != "" {
		if p.message, err = program(r.MessageExpression, cel.StringType); err != nil {
			p.problem = "the messageExpression " + err.Error()
		}
	}
	found := reads{}
	found.read(r.Expression)
	p.path = found.path()
	return p
}

func program(expression string, wanted *cel.Type) (cel.Program, error) {
	env, err := ruleEnvironment()
	if err != nil {
		return nil, err
	}
	checked, issues := env.Compile(expression)
	if issues != nil && issues.Err() != nil {
		first := issues.Errors()[0]
		at := first.Location
		return nil, fmt.Errorf("does not compile: %s (line %d, column %d)", first.Message, at.Line(), at.Column()+1)
	}
	if !checked.OutputType().IsExactType(wanted) {
		return nil, fmt.Errorf("must evaluate to %s, not to %s", wanted, checked.OutputType())
	}
	return env.Program(checked, cel.InterruptCheckFrequency(celconfig.CheckFrequency))
}

func (r *rule) judge(object, old map[string]any, asked question, answer *Answer) {
	kind := kindOf(object)
	if !r.isAbout(kind) {
		if asked.Rule != "" {
			answer.undecide(kindRule, r.ID, fmt.Sprintf("the rule is not asked about %s %s", kind.GroupVersion(), kind.Kind))
		}
		return
	}
	programs := r.compiled()
	if programs.problem != "" {
		answer.undecide(kindRule, r.ID, programs.problem)
		return
	}
	known := map[string]any{
		"object":      object,
		"oldObject":   nil,
		"overlay":     asked.Variables.Overlay,
		"environment": asked.Variables.Environment,
		"production":  asked.Variables.Production,
	}
	if old != nil {
		known["oldObject"] = old
	}
	value, _, err := programs.expression.ContextEval(context.Background(), known)
	if err != nil {
		answer.undecide(kindRule, r.ID, "the expression cannot be evaluated: "+err.Error())
		return
	}
	if value != types.True {
		answer.add(Verdict{
			Kind: kindRule, ID: r.ID, Action: "deny", Message: r.message(programs, known),
			Reason: "Invalid", Expression: r.Expression, Path: programs.path,
		})
	}
}

// message falls back as the messages of admission policies do.
func (r *rule) message(programs *rulePrograms, known map[string]any) string {
	if programs.message != nil {
		value, _, err := programs.message.ContextEval(context.Background(), known)
		if text, ok := value.(types.String); err == nil && ok && strings.TrimSpace(string(text)) != "" {
			return strings.TrimSpace(string(text))
		}
	}
	if message := strings.TrimSpace(r.Message); message != "" {
		return message
	}
	return "failed expression: " + strings.TrimSpace(r.Expression)
}

func (r *rule) isAbout(kind schema.GroupVersionKind) bool {
	full := kind.GroupVersion().String() + "/" + kind.Kind
	return slices.ContainsFunc(r.Kinds, func(wanted string) bool {
		return wanted == "*" || wanted == kind.Kind || wanted == full
	})
}
