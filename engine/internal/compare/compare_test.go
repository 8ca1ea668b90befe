package compare

import (
	"encoding/json"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// ask compares two manifests in YAML and returns a line for each change.
func ask(t *testing.T, params, before, after string) (lines []string, schema string) {
	t.Helper()
	item, err := json.Marshal(map[string]json.RawMessage{"before": toJSON(t, before), "after": toJSON(t, after)})
	if err != nil {
		t.Fatal(err)
	}
	value, err := Run(json.RawMessage(params), item)
	if err != nil {
		t.Fatal(err)
	}
	answer := value.(Answer)
	for _, each := range answer.Changes {
		line := each.Op + " " + each.Path + ": " + text(t, each.Before) + " -> " + text(t, each.After)
		if each.EqualValue {
			line += " (equal)"
		}
		lines = append(lines, line)
	}
	return lines, answer.Schema
}

func toJSON(t *testing.T, manifest string) json.RawMessage {
	t.Helper()
	if manifest == "" {
		return json.RawMessage("null")
	}
	raw, err := yaml.YAMLToJSON([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func text(t *testing.T, value any) string {
	t.Helper()
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func deployment(containers string) string {
	return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n" + containers
}

func TestContainersAreMatchedByName(t *testing.T) {
	lines, schema := ask(t, "",
		deployment("      containers: [{name: web, image: a:1}, {name: log, image: l:1}]"),
		deployment("      containers: [{name: log, image: l:1}, {name: web, image: a:2}]"))
	expect(t, lines, `change spec.template.spec.containers[name=web].image: "a:1" -> "a:2"`)
	if schema != "built-in" {
		t.Errorf("schema is %q", schema)
	}
}

func TestPortsAreMatchedByBothKeysAndTheirDefaults(t *testing.T) {
	service := "apiVersion: v1\nkind: Service\nmetadata: {name: dns}\nspec: {ports: "
	lines, _ := ask(t, "",
		service+"[{port: 53, name: a}, {port: 53, protocol: UDP, name: b}]}",
		service+"[{port: 53, protocol: UDP, name: c}, {port: 53, protocol: TCP, name: a}]}")
	expect(t, lines,
		`add spec.ports[port=53,protocol=TCP].protocol: null -> "TCP"`,
		`change spec.ports[port=53,protocol=UDP].name: "b" -> "c"`)
}

func TestSetsAreMatchedByValue(t *testing.T) {
	lines, _ := ask(t, "",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, finalizers: [x/one, x/two]}",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, finalizers: [x/two, x/three]}")
	expect(t, lines,
		`remove metadata.finalizers[=x/one]: "x/one" -> null`,
		`add metadata.finalizers[=x/three]: null -> "x/three"`)
}

func TestAtomicListsAreAlignedAtWhatStayed(t *testing.T) {
	role := "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r}\nrules:\n"
	lines, _ := ask(t, "",
		role+"- {resources: [pods], verbs: [get]}\n- {resources: [secrets], verbs: [get]}",
		role+"- {resources: [nodes], verbs: [get]}\n- {resources: [pods], verbs: [get]}\n- {resources: [secrets], verbs: [get, list]}")
	expect(t, lines,
		`add rules[0]: null -> {"resources":["nodes"],"verbs":["get"]}`,
		`add rules[2].verbs[1]: null -> "list"`)
}

func TestArgumentsAreComparedByPosition(t *testing.T) {
	lines, _ := ask(t, "",
		deployment("      containers: [{name: web, args: [--a, --b, --c]}]"),
		deployment("      containers: [{name: web, args: [--a, --x, --c, --d]}]"))
	expect(t, lines,
		`change spec.template.spec.containers[name=web].args[1]: "--b" -> "--x"`,
		`add spec.template.spec.containers[name=web].args[3]: null -> "--d"`)
}

func TestTheOrderOfInitContainersCounts(t *testing.T) {
	lines, _ := ask(t, "",
		deployment("      initContainers: [{name: a}, {name: b}]"),
		deployment("      initContainers: [{name: b}, {name: new}, {name: a}]"))
	expect(t, lines,
		`add spec.template.spec.initContainers[name=new]: null -> {"name":"new"}`,
		`reorder spec.template.spec.initContainers: ["[name=a]","[name=b]"] -> ["[name=b]","[name=a]"]`)
}

func TestTwoItemsWithOneKeyAreComparedByPosition(t *testing.T) {
	lines, _ := ask(t, "",
		deployment("      containers: [{name: a, image: x}, {name: a, image: old}]"),
		deployment("      containers: [{name: a, image: x}, {name: a, image: z}]"))
	expect(t, lines, `change spec.template.spec.containers[1].image: "old" -> "z"`)
}

func TestTwoSpellingsOfAQuantityAreMarked(t *testing.T) {
	lines, _ := ask(t, "",
		deployment("      containers: [{name: web, image: '1', resources: {limits: {cpu: 1000m, memory: 1Gi}}}]"),
		deployment("      containers: [{name: web, image: 1000m, resources: {limits: {cpu: 1, memory: 2Gi}}}]"))
	expect(t, lines,
		`change spec.template.spec.containers[name=web].image: "1" -> "1000m"`,
		`change spec.template.spec.containers[name=web].resources.limits.cpu: "1000m" -> 1 (equal)`,
		`change spec.template.spec.containers[name=web].resources.limits.memory: "1Gi" -> "2Gi"`)
}

func TestNullIsAsGoodAsAbsentForKubernetesOwnKinds(t *testing.T) {
	lines, _ := ask(t, "",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, creationTimestamp: null}",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}")
	expect(t, lines, `remove metadata.creationTimestamp: null -> null (equal)`)
}

func TestNamesThatAreNoIdentifiersStandInBrackets(t *testing.T) {
	lines, _ := ask(t, "",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {app.io/x: one}}\ndata: {a.b: one}",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {app.io/x: two}}\ndata: {a.b: two}")
	expect(t, lines,
		`change data["a.b"]: "one" -> "two"`,
		`change metadata.labels["app.io/x"]: "one" -> "two"`)
}

const widgets = `{"definitions": [{"kind": "CustomResourceDefinition", "spec": {
 "group": "acme.io", "names": {"kind": "Widget"},
 "versions": [{"name": "v1", "schema": {"openAPIV3Schema": {"properties": {"spec": {"properties": {
  "size": {"x-kubernetes-int-or-string": true, "pattern": ` + "%s" + `},
  "routes": {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["host", "port"],
   "items": {"properties": {"port": {"default": 80}}}},
  "steps": {"x-kubernetes-list-type": "atomic", "items": {}},
  "tags": {"x-kubernetes-list-type": "set", "items": {"type": "string"}}
 }}}}}}]}}]}`

func definitionsOfWidgets(t *testing.T) string {
	return strings.Replace(widgets, "%s", text(t, quantityPattern), 1)
}

func TestCustomResourcesAreMatchedByTheirDefinition(t *testing.T) {
	lines, schema := ask(t, definitionsOfWidgets(t), `
apiVersion: acme.io/v1
kind: Widget
metadata: {name: w, finalizers: [a, b]}
spec: {size: 1Gi, routes: [{host: x, to: a}, {host: x, port: 81, to: b}], steps: [{name: a}, {name: b}], tags: [p, q]}
`, `
apiVersion: acme.io/v1
kind: Widget
metadata: {name: w, finalizers: [b, a]}
spec: {size: 1024Mi, routes: [{host: x, port: 81, to: c}, {host: x, port: 80, to: a}], steps: [{name: b}], tags: [q, r]}
`)
	expect(t, lines,
		`add spec.routes[host=x,port=80].port: null -> 80`,
		`change spec.routes[host=x,port=81].to: "b" -> "c"`,
		`change spec.size: "1Gi" -> "1024Mi" (equal)`,
		`remove spec.steps[0]: {"name":"a"} -> null`,
		`remove spec.tags[=p]: "p" -> null`,
		`add spec.tags[=r]: null -> "r"`)
	if schema != "definition" {
		t.Errorf("schema is %q", schema)
	}
}

func TestUnknownKindsAreMatchedByNameAndSaySo(t *testing.T) {
	gadget := "apiVersion: acme.io/v9\nkind: Gadget\nmetadata: {name: g}\nspec: {parts: "
	lines, schema := ask(t, "", gadget+"[{name: a, count: 1}, {name: b, count: 1}]}", gadget+"[{name: b, count: 2}, {name: a, count: 1}]}")
	expect(t, lines, `change spec.parts[name=b].count: 1 -> 2`)
	if schema != "none" {
		t.Errorf("schema is %q", schema)
	}
}

func TestAWholeObjectIsAddedOrRemoved(t *testing.T) {
	manifest := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}"
	added, _ := ask(t, "", "", manifest)
	expect(t, added, `add : null -> {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}`)
	removed, _ := ask(t, "", manifest, "")
	expect(t, removed, `remove : {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}} -> null`)
}

func TestAnotherVersionOfAKindIsAChange(t *testing.T) {
	lines, schema := ask(t, "",
		"apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}",
		"apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}")
	expect(t, lines, `change apiVersion: "autoscaling/v1" -> "autoscaling/v2"`)
	if schema != "built-in" {
		t.Errorf("schema is %q", schema)
	}
}

func TestNumbersOfOneValueDoNotDiffer(t *testing.T) {
	item := `{"before": {"kind": "X", "spec": {"a": 1.0, "b": 12345678901234567890}},
	 "after": {"kind": "X", "spec": {"a": 1, "b": 12345678901234567891}}}`
	value, err := Run(nil, json.RawMessage(item))
	if err != nil {
		t.Fatal(err)
	}
	got := text(t, value)
	want := `{"changes":[{"op":"change","path":"spec.b","before":12345678901234567890,"after":12345678901234567891}],"schema":"none"}`
	if got != want {
		t.Errorf("got %s", got)
	}
}

func TestAnItemWithoutObjectsIsABadRequest(t *testing.T) {
	for _, item := range []string{`{}`, `{"before": null, "after": null}`, `{"before": 3}`, `[]`} {
		if _, err := Run(nil, json.RawMessage(item)); err == nil || !strings.HasPrefix(err.Error(), "bad-request") {
			t.Errorf("%s: %v", item, err)
		}
	}
}

// Whatever list it is, two different ones give at least one change (unless only an order that does not count differs).
func TestEveryKindOfListFindsEveryDifference(t *testing.T) {
	lists := []string{"[]", "[a]", "[b]", "[a, b]", "[b, a]", "[a, b, a]", "[{name: a}]", "[{name: a}, {name: b, x: 1}]",
		"[{name: b, x: 1}, {name: a}]", "[{name: a}, {name: a}]", "[[a], [b]]", "[null]", "[1, true]"}
	for _, place := range []string{"metadata: {finalizers: %}", "spec: {template: {spec: {containers: %}}}", "other: %"} {
		for _, b := range lists {
			for _, a := range lists {
				manifest := "apiVersion: apps/v1\nkind: Deployment\n"
				lines, _ := ask(t, "", manifest+strings.Replace(place, "%", b, 1), manifest+strings.Replace(place, "%", a, 1))
				isPermuted := strings.Contains(b, ", ") && len(b) == len(a) && !strings.Contains(b, "[[")
				if (len(lines) == 0) != (a == b) && !isPermuted {
					t.Errorf("%s: %s -> %s: %d changes", place, b, a, len(lines))
				}
			}
		}
	}
}

func BenchmarkDeployment(b *testing.B) {
	manifest := `{"apiVersion":"apps/v1","kind":"Deployment","spec":{"template":{"spec":{"containers":[{"name":"a","image":"IMAGE"}]}}}}`
	item := json.RawMessage(`{"before":` + manifest + `,"after":` + strings.Replace(manifest, "IMAGE", "other", 1) + `}`)
	for b.Loop() {
		if _, err := Run(nil, item); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFirstLookUp(b *testing.B) {
	for b.Loop() {
		if newConverter() == nil {
			b.Fatal("no converter")
		}
	}
}
