package policy

import (
	"reflect"
	"testing"
)

const team = `[{id: team-label, kinds: [apps/v1/Deployment, StatefulSet, v1/Namespace], expression: "has(object.metadata.labels) && 'team' in object.metadata.labels", message: every workload names its team}]`

func TestAnObjectThatBreaksARuleIsFound(t *testing.T) {
	answer := setup{rules: team}.ask(t, deployment("a", "{}"))
	expected := []Verdict{{
		Kind: "rule", ID: "team-label", Action: "deny", Message: "every workload names its team", Reason: "Invalid",
		Expression: "has(object.metadata.labels) && 'team' in object.metadata.labels", Path: "metadata.labels",
	}}
	if !reflect.DeepEqual(answer.Verdicts, expected) {
		t.Errorf("expected %+v, actual %+v", expected, answer.Verdicts)
	}
	expect(t, setup{rules: team}.ask(t, "object: {apiVersion: apps/v1, kind: Deployment, metadata: {labels: {team: a}}}"))
}

func TestARuleIsAskedAboutItsKindsOnly(t *testing.T) {
	broken := "deny: every workload names its team"
	for object, expected := range map[string][]string{
		"{apiVersion: apps/v1, kind: Deployment, metadata: {}}":         {broken},
		"{apiVersion: apps/v1beta1, kind: Deployment, metadata: {}}":    nil,
		"{apiVersion: example.com/v7, kind: StatefulSet, metadata: {}}": {broken},
		"{apiVersion: v1, kind: Namespace, metadata: {}}":               {broken},
		"{apiVersion: other/v1, kind: Namespace, metadata: {}}":         nil,
		"{apiVersion: v1, kind: Pod, metadata: {}}":                     nil,
	} {
		expect(t, setup{rules: team}.ask(t, "object: "+object), expected...)
	}
	all := setup{rules: `[{id: a, kinds: ["*"], expression: "false", message: m}]`}
	expect(t, all.ask(t, "object: {apiVersion: any.example.com/v1, kind: Thing}"), "deny: m")
}

func TestARuleKnowsTheEnvironmentAndTheOldObject(t *testing.T) {
	rules := setup{rules: `[{id: a, kinds: [Pod],
  expression: "overlay != 'x/overlays/prod' || environment != 'prod' || !production || oldObject == null || oldObject.spec.a == object.spec.a",
  message: m}]`}
	object := "object: {apiVersion: v1, kind: Pod, spec: {a: 1}}\n"
	old := "old: {apiVersion: v1, kind: Pod, spec: {a: 2}}\n"
	place := "variables: {overlay: x/overlays/prod, environment: prod, production: true}\n"
	expect(t, rules.ask(t, object+old+place), "deny: m")
	for _, item := range []string{object + old, object + place, object} {
		expect(t, rules.ask(t, item))
	}
}

func TestTheMessageOfARuleFallsBack(t *testing.T) {
	for fields, expected := range map[string]string{
		`message_expression: "'not ' + object.kind", message: m`: "deny: not Pod",
		`message_expression: object.spec.text, message: m`:       "undecided: the messageExpression must evaluate to string, not to dyn",
		`message_expression: "string(object.none)", message: m`:  "deny: m",
		`message_expression: "' '"`:                              "deny: failed expression: false",
	} {
		rules := setup{rules: `[{id: a, kinds: [Pod], expression: "false", ` + fields + `}]`}
		expect(t, rules.ask(t, "object: {apiVersion: v1, kind: Pod, spec: {text: a}}"), expected)
	}
}

func TestARuleThatFailsOnAnObjectIsUndecided(t *testing.T) {
	rules := setup{rules: `[{id: a, kinds: [Pod], expression: object.spec.replicas < 5}]`}
	expect(t, rules.ask(t, "object: {apiVersion: v1, kind: Pod, spec: {}}"),
		"undecided: the expression cannot be evaluated: no such key: replicas")
	optional := setup{rules: `[{id: a, kinds: [Pod], expression: "object.?spec.?replicas.orValue(1) < 5", message: m}]`}
	expect(t, optional.ask(t, "object: {apiVersion: v1, kind: Pod, spec: {}}"))
	expect(t, optional.ask(t, "object: {apiVersion: v1, kind: Pod, spec: {replicas: 5}}"), "deny: m")
}

func TestARuleThatDoesNotCompileIsUndecidedWithItsPlace(t *testing.T) {
	for expression, expected := range map[string]string{
		"object.spec.a ==":    "undecided: the expression does not compile: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER} (line 1, column 17)",
		"true &&\\n objekt.a": "undecided: the expression does not compile: undeclared reference to 'objekt' (in container '') (line 2, column 2)",
		"object.spec":         "undecided: the expression must evaluate to bool, not to dyn",
		"authorizer == null":  "undecided: the expression does not compile: undeclared reference to 'authorizer' (in container '') (line 1, column 1)",
	} {
		rules := setup{rules: `[{id: a, kinds: [Pod], expression: "` + expression + `", message: m}]`}
		for _, item := range []string{"{}", "object: {apiVersion: v1, kind: Pod}"} {
			expect(t, rules.ask(t, item), expected)
		}
	}
}

func TestKubernetesLibrariesAreThere(t *testing.T) {
	rules := setup{rules: `[{id: a, kinds: [Pod], message: m, expression: "quantity(object.spec.cpu).isLessThan(quantity('2')) && object.spec.ip.matches('^10[.]') && isIP(object.spec.ip)"}]`}
	expect(t, rules.ask(t, "object: {apiVersion: v1, kind: Pod, spec: {cpu: 1500m, ip: 10.0.0.1}}"))
	expect(t, rules.ask(t, "object: {apiVersion: v1, kind: Pod, spec: {cpu: 2500m, ip: 10.0.0.1}}"), "deny: m")
}

func TestARuleThatCostsTooMuchIsStopped(t *testing.T) {
	rules := setup{rules: `[{id: a, kinds: [Pod], message: m, expression: "object.l.all(a, object.l.all(b, object.l.all(c, object.l.all(d, a + b + c + d > 0))))"}]`}
	list := "1"
	for range 99 {
		list += ", 1"
	}
	expect(t, rules.ask(t, "object: {apiVersion: v1, kind: Pod, l: ["+list+"]}"),
		"undecided: the expression cannot be evaluated: operation cancelled: actual cost limit exceeded")
}

func TestOneRuleCanBeAskedAlone(t *testing.T) {
	rules := setup{manifests: always("  validations: [{expression: 'false', message: p}]", deny), rules: `[
  {id: a, kinds: [Deployment], expression: "false", message: a},
  {id: b, kinds: [Deployment], expression: "false", message: b},
  {id: c, kinds: [Pod], expression: "false", message: c}]`}
	expect(t, rules.ask(t, deployment("a", "{}")), "deny: a", "deny: b", "deny: p")
	expect(t, rules.ask(t, deployment("a", "{}")+"\nrule: b"), "deny: b")
	expect(t, rules.ask(t, deployment("a", "{}")+"\nrule: c"), "undecided: the rule is not asked about apps/v1 Deployment")
}
