package policy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	"k8s.io/apiserver/pkg/cel/environment"
)

// policy is one ValidatingAdmissionPolicy with its bindings.
type policy struct {
	spec     *admissionv1.ValidatingAdmissionPolicy
	bindings []*admissionv1.ValidatingAdmissionPolicyBinding
	programs *programs
}

// programs is a policy ready to run. Conditions is nil without match conditions. Problem says which
// expression does not compile; an API server would not have taken such a policy. Paths are the fields
// that the validations are about.
type programs struct {
	validator   validating.Validator
	conditions  matchconditions.Matcher
	problem     string
	paths       []string
	inCondition reads
	anywhere    reads
}

func (j *judge) readPolicies(policies, bindings []json.RawMessage) {
	byName := map[string]*policy{}
	for _, raw := range policies {
		spec, err := decodeAs[*admissionv1.ValidatingAdmissionPolicy](raw)
		if err != nil {
			j.unreadable = append(j.unreadable, Undecided{kindPolicy, nameOf(raw), "the policy cannot be read: " + err.Error()})
			continue
		}
		each := &policy{spec: spec}
		byName[spec.Name] = each
		j.policies = append(j.policies, each)
	}
	for _, raw := range bindings {
		binding, err := decodeAs[*admissionv1.ValidatingAdmissionPolicyBinding](raw)
		if err != nil {
			j.unreadable = append(j.unreadable, Undecided{kindPolicy, nameOf(raw), "the binding cannot be read: " + err.Error()})
			continue
		}
		bound := byName[binding.Spec.PolicyName]
		if bound == nil {
			j.notes = append(j.notes, fmt.Sprintf(
				"ValidatingAdmissionPolicyBinding %s binds the policy %s, which is not here: not evaluated", binding.Name, binding.Spec.PolicyName))
			continue
		}
		bound.bindings = append(bound.bindings, binding)
	}
	for _, each := range j.policies {
		if len(each.bindings) == 0 {
			j.notes = append(j.notes, fmt.Sprintf("ValidatingAdmissionPolicy %s has no binding: it is not enforced, and not evaluated", each.spec.Name))
		}
	}
}

// decodeAs returns a manifest of any version of its kind as v1, defaulted.
func decodeAs[T runtime.Object](raw json.RawMessage) (T, error) {
	var none T
	decoded, _, err := codecs.UniversalDecoder(admissionv1.SchemeGroupVersion).Decode(raw, nil, nil)
	if err != nil {
		return none, err
	}
	found, ok := decoded.(T)
	if !ok {
		return none, fmt.Errorf("it is a %T", decoded)
	}
	return found, nil
}

func nameOf(raw json.RawMessage) string {
	var head struct {
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
	}
	_ = json.Unmarshal(raw, &head) //nolint:errcheck // what cannot be read has no name
	return head.Metadata.Name
}

// compiled compiles at the first call.
func (p *policy) compiled() *programs {
	if p.programs == nil {
		p.programs = p.compile()
	}
	return p.programs
}

// compile mirrors plugin/policy/validating compilePolicy, which is not exported.
func (p *policy) compile() *programs {
	spec := &p.spec.Spec
	options := cel.OptionalVariableDeclarations{HasParams: spec.ParamKind != nil, HasAuthorizer: true}
	forMessages := cel.OptionalVariableDeclarations{HasParams: spec.ParamKind != nil}
	compiler, err := cel.NewCompositedCompiler(baseEnvironment())
	if err != nil {
		return &programs{problem: err.Error()}
	}
	known := map[string]string{}
	out := &programs{}
	for _, each := range spec.Variables {
		known[each.Name] = each.Expression
		variable := &validating.Variable{Name: each.Name, Expression: each.Expression}
		out.check("the variable "+each.Name, compiler.CompileAndStoreVariable(variable, options, environment.StoredExpressions))
	}
	condition := func(what string, accessors []cel.ExpressionAccessor, options cel.OptionalVariableDeclarations) cel.ConditionEvaluator {
		evaluator := compiler.CompileCondition(accessors, options, environment.StoredExpressions)
		if len(evaluator.CompilationErrors()) > 0 {
			for _, each := range accessors {
				if each != nil {
					out.check(what, compiler.CompileCELExpression(each, options, environment.StoredExpressions))
				}
			}
		}
		return evaluator
	}
	if len(spec.MatchConditions) > 0 {
		var accessors []cel.ExpressionAccessor
		for i := range spec.MatchConditions {
			accessors = append(accessors, (*matchconditions.MatchCondition)(&spec.MatchConditions[i]))
			out.inCondition.follow(spec.MatchConditions[i].Expression, known)
		}
		evaluator := condition("a match condition", accessors, options)
		out.conditions = matchconditions.NewMatcher(evaluator, spec.FailurePolicy, "policy", "validate", p.spec.Name)
	}
	out.anywhere = out.inCondition
	var validations, messages, annotations []cel.ExpressionAccessor
	for _, each := range spec.Validations {
		out.anywhere.follow(each.Expression, known)
		looked := reads{}
		looked.follow(each.Expression, known)
		out.paths = append(out.paths, looked.path())
		validations = append(validations, &validating.ValidationCondition{Expression: each.Expression, Message: each.Message, Reason: each.Reason})
		if each.MessageExpression == "" {
			messages = append(messages, nil)
		} else {
			messages = append(messages, &validating.MessageExpressionCondition{MessageExpression: each.MessageExpression})
		}
	}
	for _, each := range spec.AuditAnnotations {
		annotations = append(annotations, &validating.AuditAnnotationCondition{Key: each.Key, ValueExpression: each.ValueExpression})
	}
	out.validator = validating.NewValidator(
		condition("a validation", validations, options),
		out.conditions,
		condition("an audit annotation", annotations, options),
		condition("a messageExpression", messages, forMessages),
		spec.FailurePolicy, nil)
	return out
}

// check keeps the first expression that does not compile.
func (p *programs) check(what string, result cel.CompilationResult) {
	if result.Error == nil || p.problem != "" {
		return
	}
	first, _, _ := strings.Cut(result.Error.Detail, "\n")
	p.problem = fmt.Sprintf("%s does not compile: %s: %s", what, result.ExpressionAccessor.GetExpression(), strings.TrimPrefix(first, "compilation failed: "))
}

// follow reads an expression and the variables that it uses.
func (r *reads) follow(expression string, known map[string]string) {
	r.read(expression)
	for done := 0; done < len(r.variables); done++ {
		name := r.variables[done]
		if !slices.Contains(r.variables[:done], name) {
			r.read(known[name])
		}
	}
}
