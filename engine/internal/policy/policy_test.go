package policy

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// setup holds the params of a request as YAML documents by their kind.
type setup struct {
	manifests   string
	namespaces  string
	definitions string
	rules       string
}

func toJSON(t *testing.T, text string) json.RawMessage {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func (g setup) params(t *testing.T) json.RawMessage {
	t.Helper()
	params := map[string]any{}
	var policies, bindings, parameters []json.RawMessage
	for _, text := range strings.Split(g.manifests, "\n---\n") {
		raw := toJSON(t, text)
		switch {
		case strings.Contains(text, "kind: ValidatingAdmissionPolicyBinding"):
			bindings = append(bindings, raw)
		case strings.Contains(text, "kind: ValidatingAdmissionPolicy"):
			policies = append(policies, raw)
		case strings.TrimSpace(text) != "":
			parameters = append(parameters, raw)
		}
	}
	params["policies"], params["bindings"], params["parameters"] = policies, bindings, parameters
	for key, text := range map[string]string{"namespaces": g.namespaces, "definitions": g.definitions, "rules": g.rules} {
		if text != "" {
			params[key] = toJSON(t, text)
		}
	}
	raw, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func (g setup) ask(t *testing.T, item string) Answer {
	t.Helper()
	answer, err := Run(g.params(t), toJSON(t, item))
	if err != nil {
		t.Fatal(err)
	}
	return answer.(Answer)
}

func messages(answer Answer) []string {
	found := []string{}
	for _, each := range answer.Verdicts {
		found = append(found, each.Action+": "+each.Message)
	}
	for _, each := range answer.Undecided {
		found = append(found, "undecided: "+each.Reason)
	}
	return found
}

func expect(t *testing.T, answer Answer, expected ...string) {
	t.Helper()
	if actual := messages(answer); !reflect.DeepEqual(actual, append([]string{}, expected...)) {
		t.Errorf("expected %q\nactual   %q", expected, actual)
	}
}

// The first example of Kubernetes' documentation of validating admission policies.
const replicas = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: demo-policy.example.com}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
    - {apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}
  validations:
  - expression: object.spec.replicas <= 5
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: demo-binding-test.example.com}
spec:
  policyName: demo-policy.example.com
  validationActions: [Deny]
  matchResources:
    namespaceSelector: {matchLabels: {environment: test}}
`

const testNamespaces = `[{name: tests, labels: {environment: test}}, {name: live, labels: {environment: live}}]`

func deployment(namespace, spec string) string {
	metadata := "{name: web, labels: {app: web}"
	if namespace != "" {
		metadata += ", namespace: " + namespace
	}
	return `object:
  apiVersion: apps/v1
  kind: Deployment
  metadata: ` + metadata + `}
  spec: ` + spec
}

func TestAnObjectThatBreaksAPolicyIsDeniedInKubernetesWords(t *testing.T) {
	policies := setup{manifests: replicas, namespaces: testNamespaces}
	answer := policies.ask(t, deployment("tests", "{replicas: 6}"))
	expected := []Verdict{{
		Kind: "policy", ID: "demo-policy.example.com", Binding: "demo-binding-test.example.com", Action: "deny",
		Message: "failed expression: object.spec.replicas <= 5", Reason: "Invalid",
		Expression: "object.spec.replicas <= 5", Path: "spec.replicas",
	}}
	if !reflect.DeepEqual(answer.Verdicts, expected) {
		t.Errorf("expected %+v, actual %+v", expected, answer.Verdicts)
	}
	expect(t, policies.ask(t, deployment("tests", "{replicas: 5}")))
}

func TestAPolicySeesTheDefaultsOfTheAPIServer(t *testing.T) {
	expect(t, setup{manifests: replicas, namespaces: testNamespaces}.ask(t, deployment("tests", "{}")))
}

func TestABindingHoldsForTheNamespacesThatItSelects(t *testing.T) {
	policies := setup{manifests: replicas, namespaces: testNamespaces}
	expect(t, policies.ask(t, deployment("live", "{replicas: 6}")))
	expect(t, policies.ask(t, deployment("", "{replicas: 6}")+"\nnamespace: tests"), "deny: failed expression: object.spec.replicas <= 5")
}

func TestANamespaceThatNobodyDescribesLeavesASelectorUndecided(t *testing.T) {
	policies := setup{manifests: replicas, namespaces: testNamespaces}
	expect(t, policies.ask(t, deployment("other", "{replicas: 6}")),
		"undecided: the labels of namespace other are not known: neither the repository nor `namespaces` says them")
	expect(t, policies.ask(t, deployment("", "{replicas: 6}")),
		"undecided: it depends on the namespace of Deployment web, which the manifest does not say")
	expect(t, policies.ask(t, "object: {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: other}}"))
}

func TestTheNameOfAnUnknownNamespaceCanBeEnoughForASelector(t *testing.T) {
	byName := strings.ReplaceAll(replicas, "{matchLabels: {environment: test}}",
		"{matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system]}]}")
	expect(t, setup{manifests: byName}.ask(t, deployment("other", "{replicas: 6}")), "deny: failed expression: object.spec.replicas <= 5")
	expect(t, setup{manifests: byName}.ask(t, deployment("kube-system", "{replicas: 6}")))
	both := strings.ReplaceAll(replicas, "{matchLabels: {environment: test}}",
		"{matchLabels: {environment: test, kubernetes.io/metadata.name: tests}}")
	expect(t, setup{manifests: both}.ask(t, deployment("other", "{replicas: 6}")))
}

func TestClusterScopedObjectsHaveNoNamespaceToSelect(t *testing.T) {
	roles := strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(replicas, "[apps]", "[rbac.authorization.k8s.io]"),
		"deployments", "clusterroles"), "object.spec.replicas <= 5", "object.rules.size() > 0")
	expect(t, setup{manifests: roles}.ask(t, "object: {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a}, rules: []}"),
		"deny: failed expression: object.rules.size() > 0")
}

// always binds a policy to everything, with the fields of its spec as given.
func always(fields string, binding string) string {
	return `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: p}
spec:
  matchConstraints:
    resourceRules:
    - {apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}
` + fields + `
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: b}
spec:
  policyName: p
` + binding
}

const deny = "  validationActions: [Deny]"

func TestTheSeverestActionOfABindingCounts(t *testing.T) {
	for actions, expected := range map[string]string{"[Audit]": "audit: m", "[Audit, Warn]": "warn: m", "[Deny, Audit]": "deny: m"} {
		policies := setup{manifests: always("  validations: [{expression: 'false', message: m}]", "  validationActions: "+actions)}
		expect(t, policies.ask(t, deployment("a", "{}")), expected)
	}
}

func TestAnErrorInAnExpressionCountsAsTheFailurePolicySays(t *testing.T) {
	fails := "  validations: [{expression: object.spec.foo == 1}]\n"
	expect(t, setup{manifests: always(fails, deny)}.ask(t, deployment("a", "{}")),
		"deny: expression 'object.spec.foo == 1' resulted in error: no such key: foo")
	expect(t, setup{manifests: always(fails+"  failurePolicy: Ignore", deny)}.ask(t, deployment("a", "{}")))
}

func TestAMessageExpressionMakesTheMessage(t *testing.T) {
	policies := setup{manifests: always(`  validations:
  - expression: object.spec.replicas <= 5
    message: too many
    messageExpression: "'at most 5 replicas, not ' + string(object.spec.replicas)"
    reason: Forbidden`, deny)}
	answer := policies.ask(t, deployment("a", "{replicas: 7}"))
	expect(t, answer, "deny: at most 5 replicas, not 7")
	if answer.Verdicts[0].Reason != "Forbidden" {
		t.Errorf("actual %q", answer.Verdicts[0].Reason)
	}
}

func TestMatchConditionsTakeObjectsOut(t *testing.T) {
	policies := setup{manifests: always(`  matchConditions:
  - {name: not-exempt, expression: "!(has(object.metadata.labels) && 'app' in object.metadata.labels && object.metadata.labels['app'] == 'web')"}
  validations: [{expression: 'false', message: m}]`, deny)}
	expect(t, policies.ask(t, deployment("a", "{}")))
	expect(t, policies.ask(t, strings.ReplaceAll(deployment("a", "{}"), "app: web", "app: other")), "deny: m")
}

// After Kubernetes' documentation of variable composition.
const images = `  variables:
  - {name: environment, expression: "'environment' in namespaceObject.metadata.labels ? namespaceObject.metadata.labels['environment'] : 'prod'"}
  - {name: containers, expression: object.spec.template.spec.containers}
  validations:
  - expression: variables.environment == 'test' || variables.containers.all(c, c.image.startsWith('registry.example.com/'))
    messageExpression: "'only images of our registry are allowed in ' + namespaceObject.metadata.name"
`

func TestVariablesAndTheNamespaceCanBeUsed(t *testing.T) {
	policies := setup{manifests: always(images, deny), namespaces: testNamespaces}
	spec := "{template: {spec: {containers: [{name: a, image: docker.io/nginx}]}}}"
	answer := policies.ask(t, deployment("live", spec))
	expect(t, answer, "deny: only images of our registry are allowed in live")
	if answer.Verdicts[0].Path != "spec.template.spec.containers" {
		t.Errorf("actual %q", answer.Verdicts[0].Path)
	}
	expect(t, policies.ask(t, deployment("tests", spec)))
	expect(t, policies.ask(t, deployment("other", spec)),
		"undecided: the labels of namespace other are not known: neither the repository nor `namespaces` says them")
}

func TestThePathIsWhatAllFieldsOfAnExpressionHaveInCommon(t *testing.T) {
	for expression, expected := range map[string]string{
		"object.spec.replicas <= 5":                                         "spec.replicas",
		"!has(object.spec.replicas) || object.spec.replicas < 5":            "spec.replicas",
		"object.kind != 'Pod' || object.spec.replicas > 1":                  "spec.replicas",
		"object.metadata.labels['example.com/team'] != ''":                  "metadata.labels[example.com/team]",
		"object.?spec.?replicas.orValue(1) < 5":                             "spec.replicas",
		"object.spec.template.spec.containers[0].image != ''":               "spec.template.spec.containers[0].image",
		"object.spec.a == object.spec.b":                                    "spec",
		"object.spec.a == object.metadata.b":                                "",
		"object.spec.list.exists(x, x.name == object.spec.list[0].default)": "spec.list",
		"true": "",
	} {
		found := reads{}
		found.read(expression)
		if actual := found.path(); actual != expected {
			t.Errorf("%s: expected %q, actual %q", expression, expected, actual)
		}
	}
}

func TestWhatOnlyAClusterKnowsIsUndecidedWhereThePolicyApplies(t *testing.T) {
	asksAuthorizer := always(`  validations:
  - {expression: "authorizer.group('apps').resource('deployments').check('breakglass').allowed()"}`, deny)
	expect(t, setup{manifests: asksAuthorizer}.ask(t, deployment("a", "{}")), "undecided: it asks the cluster's authorizer")
	exempted := strings.Replace(asksAuthorizer, "  validations:", "  matchConditions: [{name: a, expression: object.spec.replicas > 5}]\n  validations:", 1)
	expect(t, setup{manifests: exempted}.ask(t, deployment("a", "{}")))
	expect(t, setup{manifests: asksAuthorizer}.ask(t, "object: {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: a}}"))
}

func TestWhoAppliesTheObjectMattersOnlyWhenTheAnswerDependsOnIt(t *testing.T) {
	kubelets := always(`  matchConditions:
  - {name: exclude-kubelet-requests, expression: "!('system:nodes' in request.userInfo.groups)"}
  validations: [{expression: 'object.spec.replicas <= 5', message: m}]`, deny)
	expect(t, setup{manifests: kubelets}.ask(t, deployment("a", "{replicas: 6}")), "deny: m")
	admins := always(`  validations: [{expression: "request.userInfo.username == 'deployer@example.com'", message: m}]`, deny)
	expect(t, setup{manifests: admins}.ask(t, deployment("a", "{}")),
		"undecided: its answer depends on who applies the object (request.userInfo)")
}

func TestAnUpdateIsComparedWithTheOldObject(t *testing.T) {
	policies := setup{manifests: always(`  validations:
  - {expression: "oldObject == null || object.spec.replicas >= oldObject.spec.replicas", message: m}`, deny)}
	old := "\nold: {apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: a}, spec: {replicas: 3}}"
	expect(t, policies.ask(t, deployment("a", "{replicas: 2}")+old), "deny: m")
	expect(t, policies.ask(t, deployment("a", "{replicas: 3}")+old))
	expect(t, policies.ask(t, deployment("a", "{replicas: 2}")))
	onUpdate := setup{manifests: strings.ReplaceAll(always("  validations: [{expression: 'false', message: m}]", deny), "[CREATE, UPDATE]", "[UPDATE]")}
	expect(t, onUpdate.ask(t, deployment("a", "{}")))
	expect(t, onUpdate.ask(t, deployment("a", "{}")+old), "deny: m")
}

func TestConstraintsExcludeResourcesNamesAndLabels(t *testing.T) {
	policies := always("  validations: [{expression: 'false', message: m}]", deny)
	for change, expected := range map[string][]string{
		"excludeResourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: [deployments]}]":  nil,
		"excludeResourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: [statefulsets]}]": {"deny: m"},
		"objectSelector: {matchLabels: {app: web}}":   {"deny: m"},
		"objectSelector: {matchLabels: {app: other}}": nil,
	} {
		changed := setup{manifests: strings.Replace(policies, "  matchConstraints:\n", "  matchConstraints:\n    "+change+"\n", 1)}
		expect(t, changed.ask(t, deployment("a", "{}")), expected...)
	}
	named := setup{manifests: strings.Replace(policies, "resources: [deployments]", "resources: [deployments], resourceNames: [other]", 1)}
	expect(t, named.ask(t, deployment("a", "{}")))
}

func TestAnEquivalentVersionIsConverted(t *testing.T) {
	autoscalers := strings.ReplaceAll(always("  validations: [{expression: object.spec.metrics.size() > 1, message: m}]", deny),
		"{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}",
		"{apiGroups: [autoscaling], apiVersions: [v2], operations: [CREATE], resources: [horizontalpodautoscalers]}")
	first := `object:
  apiVersion: autoscaling/v1
  kind: HorizontalPodAutoscaler
  metadata: {name: a, namespace: a}
  spec: {maxReplicas: 3, targetCPUUtilizationPercentage: 50, scaleTargetRef: {kind: Deployment, name: a}}`
	expect(t, setup{manifests: autoscalers}.ask(t, first), "deny: m")
	exact := strings.Replace(autoscalers, "  matchConstraints:\n", "  matchConstraints:\n    matchPolicy: Exact\n", 1)
	expect(t, setup{manifests: exact}.ask(t, first))
}

const limits = `[{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: replicalimits.rules.example.com},
  spec: {group: rules.example.com, scope: Namespaced, names: {kind: ReplicaLimit, plural: replicalimits},
    versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {
      maxReplicas: {type: integer}, hint: {type: string, default: ask us}}}}}]}}]`

func limited(reference string) string {
	return always(`  paramKind: {apiVersion: rules.example.com/v1, kind: ReplicaLimit}
  validations:
  - expression: object.spec.replicas <= params.maxReplicas
    messageExpression: "'at most ' + string(params.maxReplicas) + ': ' + params.hint"`,
		deny+"\n  paramRef: "+reference) + `
---
apiVersion: rules.example.com/v1
kind: ReplicaLimit
metadata: {name: limit, namespace: tests, labels: {tier: low}}
maxReplicas: 3
---
apiVersion: rules.example.com/v1
kind: ReplicaLimit
metadata: {name: other, namespace: tests, labels: {tier: low}}
maxReplicas: 4
`
}

func TestParametersAreFoundByNameAndBySelector(t *testing.T) {
	for reference, expected := range map[string][]string{
		"{name: limit, namespace: tests, parameterNotFoundAction: Deny}": {"deny: at most 3: ask us"},
		"{selector: {matchLabels: {tier: low}}, namespace: tests, parameterNotFoundAction: Deny}": {
			"deny: at most 3: ask us", "deny: at most 4: ask us"},
		"{name: other, namespace: tests, parameterNotFoundAction: Deny}": {"deny: at most 4: ask us"},
	} {
		policies := setup{manifests: limited(reference), definitions: limits}
		expect(t, policies.ask(t, deployment("a", "{replicas: 6}")), expected...)
		expect(t, policies.ask(t, deployment("a", "{replicas: 3}")))
	}
}

func TestParametersOfTheObjectsOwnNamespaceMayBeMissing(t *testing.T) {
	forbids := setup{manifests: limited("{name: limit, parameterNotFoundAction: Deny}"), definitions: limits}
	expect(t, forbids.ask(t, deployment("tests", "{replicas: 6}")), "deny: at most 3: ask us")
	expect(t, forbids.ask(t, deployment("live", "{replicas: 1}")),
		"deny: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction")
	allows := setup{manifests: limited("{name: limit, parameterNotFoundAction: Allow}"), definitions: limits}
	expect(t, allows.ask(t, deployment("live", "{replicas: 6}")))
	expect(t, allows.ask(t, deployment("", "{replicas: 6}")),
		"undecided: it depends on the namespace of Deployment web, which the manifest does not say")
}

func TestParametersThatNobodyGivesAreUndecided(t *testing.T) {
	policies := setup{manifests: limited("{name: absent, namespace: tests, parameterNotFoundAction: Allow}"), definitions: limits}
	expect(t, policies.ask(t, deployment("a", "{}")),
		"undecided: its parameters (ReplicaLimit tests/absent) are not among the given objects")
}

func TestConfigMapsCanBeParameters(t *testing.T) {
	policies := setup{manifests: always(`  paramKind: {apiVersion: v1, kind: ConfigMap}
  validations: [{expression: object.spec.replicas <= int(params.data.max), message: m}]`,
		deny+"\n  paramRef: {name: limits, namespace: a, parameterNotFoundAction: Deny}") + `
---
apiVersion: v1
kind: ConfigMap
metadata: {name: limits, namespace: a}
data: {max: "2"}
`}
	expect(t, policies.ask(t, deployment("b", "{replicas: 3}")), "deny: m")
	expect(t, policies.ask(t, deployment("b", "{replicas: 2}")))
}

func TestCustomResourcesAreMatchedByTheirDefinition(t *testing.T) {
	policies := setup{manifests: strings.ReplaceAll(always("  validations: [{expression: object.hint == 'ask us' && !has(object.unknown), message: m}]", deny),
		"{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}",
		"{apiGroups: [rules.example.com], apiVersions: [v1], operations: [CREATE], resources: [replicalimits]}"), definitions: limits}
	head := "object: {apiVersion: rules.example.com/v1, kind: ReplicaLimit, metadata: {name: a, namespace: a}, "
	expect(t, policies.ask(t, head+"unknown: 1}"))
	expect(t, policies.ask(t, head+"hint: other}"), "deny: m")
}

func TestNamespacesAreMatchedByTheirOwnLabels(t *testing.T) {
	policies := setup{manifests: strings.NewReplacer("[apps]", `[""]`, "deployments", "namespaces", "object.spec.replicas <= 5", `"'team' in object.metadata.labels"`).Replace(replicas)}
	expect(t, policies.ask(t, "object: {apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {environment: test}}}"),
		"deny: failed expression: 'team' in object.metadata.labels")
	expect(t, policies.ask(t, "object: {apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {environment: live}}}"))
}

func TestAPolicyThatDoesNotCompileIsUndecidedByName(t *testing.T) {
	policies := setup{manifests: always("  validations: [{expression: object.spec.replicas <= }]", deny)}
	for _, item := range []string{"{}", deployment("a", "{}")} {
		answer := policies.ask(t, item)
		if len(answer.Undecided) != 1 || answer.Undecided[0].ID != "p" ||
			!strings.HasPrefix(answer.Undecided[0].Reason, "a validation does not compile: object.spec.replicas <=: ERROR: <input>:1:24: Syntax error") {
			t.Errorf("actual %+v", answer)
		}
	}
}

func TestAnUnusedVariableThatDoesNotCompileIsFound(t *testing.T) {
	policies := setup{manifests: always("  variables: [{name: a, expression: unknown.b}]\n  validations: [{expression: 'true'}]", deny)}
	reason := policies.ask(t, "{}").Undecided[0].Reason
	if !strings.HasPrefix(reason, "the variable a does not compile: unknown.b: ") {
		t.Errorf("actual %q", reason)
	}
}

func TestWhatIsNotEnforcedIsNoted(t *testing.T) {
	unbound := setup{manifests: strings.Split(replicas, "\n---\n")[0], namespaces: testNamespaces}
	expected := []string{"ValidatingAdmissionPolicy demo-policy.example.com has no binding: it is not enforced, and not evaluated"}
	if actual := unbound.ask(t, "{}").Notes; !reflect.DeepEqual(actual, expected) {
		t.Errorf("expected %q, actual %q", expected, actual)
	}
	expect(t, unbound.ask(t, deployment("tests", "{replicas: 6}")))
	stray := setup{manifests: strings.Split(replicas, "\n---\n")[1]}
	expected = []string{"ValidatingAdmissionPolicyBinding demo-binding-test.example.com binds the policy demo-policy.example.com, which is not here: not evaluated"}
	if actual := stray.ask(t, "{}").Notes; !reflect.DeepEqual(actual, expected) {
		t.Errorf("expected %q, actual %q", expected, actual)
	}
}

func TestAPolicyThatCannotBeReadIsUndecided(t *testing.T) {
	policies := setup{manifests: "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: p}\nspec: []\n"}
	answer := policies.ask(t, "{}")
	if len(answer.Undecided) != 1 || answer.Undecided[0].ID != "p" || !strings.HasPrefix(answer.Undecided[0].Reason, "the policy cannot be read: ") {
		t.Errorf("actual %+v", answer)
	}
}

func TestAnObjectThatCannotBeDecodedIsUndecidedWhereAPolicyApplies(t *testing.T) {
	policies := setup{manifests: always("  validations: [{expression: 'true'}]", deny)}
	reasons := messages(policies.ask(t, deployment("a", "{replicas: many}")))
	if len(reasons) != 1 || !strings.HasPrefix(reasons[0], "undecided: the object cannot be decoded: ") {
		t.Errorf("actual %q", reasons)
	}
}

func TestMalformedRequestsAreTheCallersFault(t *testing.T) {
	for _, item := range []string{"[]", `{"object": 1}`, `{"object": {}, "old": []}`} {
		if _, err := Run(nil, json.RawMessage(item)); err == nil || !strings.Contains(err.Error(), "bad-request") {
			t.Errorf("%s: actual %v", item, err)
		}
	}
	if _, err := Run(json.RawMessage(`{"rules": 1}`), json.RawMessage("{}")); err == nil {
		t.Error("no error")
	}
}

func TestPoliciesAreNotAskedAboutPolicies(t *testing.T) {
	all := strings.ReplaceAll(always("  validations: [{expression: 'false', message: m}]", deny),
		"{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}",
		"{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*']}")
	head := "object: {apiVersion: admissionregistration.k8s.io/v1, metadata: {name: a}, kind: "
	expect(t, setup{manifests: all}.ask(t, head+"ValidatingAdmissionPolicyBinding}"))
	expect(t, setup{manifests: all}.ask(t, head+"ValidatingWebhookConfiguration}"), "deny: m")
}

func TestAKindThatNobodyDefinesIsMatchedByItsName(t *testing.T) {
	policies := setup{manifests: strings.ReplaceAll(always("  validations: [{expression: 'false', message: m}]", deny),
		"{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}",
		"{apiGroups: [example.com], apiVersions: [v1], operations: [CREATE], resources: [gateways]}")}
	expect(t, policies.ask(t, "object: {apiVersion: example.com/v1, kind: Gateway, metadata: {name: a, namespace: a}}"), "deny: m")
	expect(t, policies.ask(t, "object: {apiVersion: example.com/v1, kind: Route, metadata: {name: a, namespace: a}}"),
		"undecided: whether it is about Route only a CustomResourceDefinition says, and there is none")
	expect(t, policies.ask(t, "object: {apiVersion: example.org/v1, kind: Route, metadata: {name: a, namespace: a}}"))
}

func TestACustomResourceIsConvertedWithoutAWebhookOnly(t *testing.T) {
	definitions := `[{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: things.example.com},
  spec: {group: example.com, scope: Namespaced, names: {kind: Thing, plural: things}, conversion: {strategy: STRATEGY},
    versions: [{name: v1, served: true, storage: true}, {name: v2, served: true, storage: false}]}}]`
	policies := strings.ReplaceAll(always("  validations: [{expression: 'object.apiVersion != \"example.com/v2\"', message: m}]", deny),
		"{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}",
		"{apiGroups: [example.com], apiVersions: [v2], operations: [CREATE], resources: [things]}")
	item := "object: {apiVersion: example.com/v1, kind: Thing, metadata: {name: a, namespace: a}}"
	expect(t, setup{manifests: policies, definitions: strings.Replace(definitions, "STRATEGY", "None", 1)}.ask(t, item), "deny: m")
	expect(t, setup{manifests: policies, definitions: strings.Replace(definitions, "STRATEGY", "Webhook", 1)}.ask(t, item),
		"undecided: only a cluster can convert example.com/v1, Kind=Thing to example.com/v2")
}

func TestManagedParametersOfAnotherKindAreNoParameters(t *testing.T) {
	policies := setup{manifests: strings.ReplaceAll(limited("{name: limit, namespace: tests, parameterNotFoundAction: Deny}"),
		"apiVersion: rules.example.com/v1\nkind: ReplicaLimit\n", "apiVersion: rules.example.com/v2\nkind: ReplicaLimit\n"), definitions: limits}
	expect(t, policies.ask(t, deployment("a", "{}")),
		"undecided: its parameters (ReplicaLimit tests/limit) are not among the given objects")
}

func TestAnObjectIsSeenAsARequestCarriesIt(t *testing.T) {
	withStatus := deployment("a", "{}") + "\n  status: {replicas: 3}"
	for expression, item := range map[string]string{
		"!has(object.status.replicas)":                                               withStatus,
		"request.namespace == 'b' && object.metadata.namespace == 'b'":               deployment("", "{}") + "\nnamespace: b",
		"request.operation == 'CREATE' && request.name == 'web'":                     deployment("a", "{}"),
		"request.resource.resource == 'deployments' && request.kind.group == 'apps'": deployment("a", "{}"),
		"request.dryRun == false && request.options.kind == 'CreateOptions'":         deployment("a", "{}"),
	} {
		policies := setup{manifests: always(`  validations: [{expression: "`+expression+`"}]`, deny)}
		expect(t, policies.ask(t, item))
	}
}

func TestANamespaceIsInItself(t *testing.T) {
	policies := setup{manifests: strings.ReplaceAll(always(`  validations: [{expression: "namespaceObject == null && request.namespace == 'a'", message: m}]`, deny),
		"{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}",
		"{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [namespaces]}")}
	expect(t, policies.ask(t, "object: {apiVersion: v1, kind: Namespace, metadata: {name: a}}"))
}

func TestAnExpressionOverAnUnknownNamespaceIsUndecided(t *testing.T) {
	for _, expression := range []string{
		"request.namespace != 'a'", "object.metadata.namespace != 'a'", "namespaceObject != null", "dyn(request).namespace != 'a'",
	} {
		policies := setup{manifests: always(`  validations: [{expression: "`+expression+`", message: m}]`, deny)}
		expect(t, policies.ask(t, deployment("", "{}")), "undecided: it depends on the namespace of Deployment web, which the manifest does not say")
	}
}

func TestEventsOfBothGroupsAreEquivalent(t *testing.T) {
	policies := setup{manifests: strings.ReplaceAll(always("  validations: [{expression: object.note != 'x', message: m}]", deny),
		"{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}",
		"{apiGroups: [events.k8s.io], apiVersions: [v1], operations: [CREATE], resources: [events]}")}
	expect(t, policies.ask(t, "object: {apiVersion: v1, kind: Event, metadata: {name: a, namespace: a}, message: x}"), "deny: m")
}

func TestAMissingParameterIsIgnoredAsTheFailurePolicySays(t *testing.T) {
	policies := strings.Replace(limited("{name: limit, parameterNotFoundAction: Deny}"), "spec:\n  match", "spec:\n  failurePolicy: Ignore\n  match", 1)
	expect(t, setup{manifests: policies, definitions: limits}.ask(t, deployment("live", "{}")))
}

func TestAnAuditAnnotationThatFailsIsADenial(t *testing.T) {
	policies := setup{manifests: always(`  validations: [{expression: "true"}]
  auditAnnotations: [{key: k, valueExpression: "string(object.spec.none)"}]`, deny)}
	expect(t, policies.ask(t, deployment("a", "{}")), "deny: expression 'string(object.spec.none)' resulted in error: no such key: none")
}

func TestAMatchConditionMayNeedTheCluster(t *testing.T) {
	policies := setup{manifests: always(`  matchConditions: [{name: a, expression: "!authorizer.group('a').resource('b').check('c').allowed()"}]
  validations: [{expression: "false", message: m}]`, deny)}
	expect(t, policies.ask(t, deployment("a", "{}")), "undecided: it asks the cluster's authorizer")
}

func TestAServiceAccountThatAPolicyNamesMayBeArgoCDs(t *testing.T) {
	for _, expression := range []string{
		"request.userInfo.username == 'system:serviceaccount:platform:deployer'",
		"dyn(request).userInfo.username == 'system:serviceaccount:platform:deployer'",
	} {
		policies := setup{manifests: always(`  validations: [{expression: "`+expression+`", message: m}]`, deny)}
		expect(t, policies.ask(t, deployment("a", "{}")), "undecided: its answer depends on who applies the object (request.userInfo)")
	}
}
