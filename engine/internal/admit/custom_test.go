package admit

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// withDefinitions knows the kinds of testdata/definitions.yaml.
func withDefinitions(t testing.TB) *settings {
	t.Helper()
	var list []json.RawMessage
	for _, document := range documents(t, "testdata/definitions.yaml") {
		list = append(list, document)
	}
	params, err := json.Marshal(map[string]any{"definitions": list})
	if err != nil {
		t.Fatal(err)
	}
	known, err := newSettings(params)
	if err != nil {
		t.Fatal(err)
	}
	return known
}

func asJSON(t testing.TB, manifest string) []byte {
	t.Helper()
	object, err := yaml.YAMLToJSON([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	return object
}

const shop = "apiVersion: example.com/v1\nkind: Shop\nmetadata: {name: a, namespace: b}\nspec: "

func TestCustomResourcesAreJudgedByTheirDefinition(t *testing.T) {
	known := withDefinitions(t)
	const dns = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters"
	cases := map[string]struct {
		manifest string
		errors   [][2]string // path and how the message begins
	}{
		"all is right": {shop + "{owner: me, port: http, tags: [a, b], shelves: [{name: a}], extra: {any: [1]}, " +
			"raw: {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {}}}", nil},
		"defaults come before rules": {shop + "{owner: me, replicas: 3}", nil},
		"a number as a port":         {shop + "{owner: me, port: 80}", nil},
		"a status":                   {shop + "{owner: me}\nstatus: {replicas: 1}", nil},
		"fields are unknown": {shop + "{owner: me, foo: 1, shelves: [{name: a, bar: 2}]}\nmore: 1",
			[][2]string{{"more", `unknown field "more"`}, {"spec.foo", `unknown field "spec.foo"`}, {"spec.shelves[0].bar", `unknown field "spec.shelves[0].bar"`}}},
		"metadata has a field that is unknown": {
			"{apiVersion: example.com/v1, kind: Shop, metadata: {name: a, label: {}}, spec: {owner: me}}",
			[][2]string{{"metadata.label", `unknown field "metadata.label"`}}},
		"a field is missing":         {shop + "{}", [][2]string{{"spec.owner", "Required value"}}},
		"a value has the wrong type": {shop + "{owner: 1}", [][2]string{{"spec.owner", `Invalid value: "integer": spec.owner in body must be of type string`}}},
		"a value is not allowed":     {shop + "{owner: me, size: huge}", [][2]string{{"spec.size", `Unsupported value: "huge": supported values: "small", "large"`}}},
		"a rule is broken":           {shop + "{owner: me, replicas: 4}", [][2]string{{"spec", "Invalid value: a small shop has fewer than 4 replicas"}}},
		"a set has an element twice": {shop + "{owner: me, tags: [a, a]}", [][2]string{{"spec.tags[1]", `Duplicate value: "a"`}}},
		"a map has a key twice":      {shop + "{owner: me, shelves: [{name: a}, {name: a}]}", [][2]string{{"spec.shelves[1]", `Duplicate value: {"name":"a"}`}}},
		"an embedded object is none": {shop + "{owner: me, raw: {spec: {}}}", [][2]string{{"spec.raw.apiVersion", "Required value"}, {"spec.raw.kind", "Required value"}}},
		"a port is neither":          {shop + "{owner: me, port: true}", [][2]string{{"spec.port", `Invalid value: "boolean": spec.port in body must be of type integer,string`}}},
		"replicas are negative": {shop + "{owner: me, replicas: -1}", [][2]string{
			{"spec.replicas", "Invalid value: -1: should be a non-negative integer"}, {"spec.replicas", "Invalid value: -1: spec.replicas in body should be greater than or equal to 0"}}},
		"a label is wrong": {"{apiVersion: example.com/v1, kind: Shop, metadata: {name: a, labels: {a b: c}}, spec: {owner: me}}",
			[][2]string{{"metadata.labels", `Invalid value: "a b": name part must consist of`}}},
		"a label is a number": {"{apiVersion: example.com/v1, kind: Shop, metadata: {name: a, labels: {a: 1}}, spec: {owner: me}}",
			[][2]string{{"metadata.labels", "json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string"}}},
		"a name is wrong":            {"{apiVersion: example.com/v1, kind: Shop, metadata: {name: A_}, spec: {owner: me}}", [][2]string{{"metadata.name", `Invalid value: "A_": ` + dns}}},
		"a version that is off":      {"{apiVersion: example.com/v1alpha1, kind: Shop, metadata: {name: a}}", [][2]string{{"apiVersion", `no matches for kind "Shop" in version "example.com/v1alpha1"; its definition serves example.com/v1 and example.com/v1beta1`}}},
		"a version that there is no": {"{apiVersion: example.com/v9, kind: Shop, metadata: {name: a}}", [][2]string{{"apiVersion", `no matches for kind "Shop" in version "example.com/v9"`}}},
	}
	for name, each := range cases {
		t.Run(name, func(t *testing.T) {
			got := known.object(asJSON(t, each.manifest), "")
			if got.Undecided != "" || len(got.Warnings) > 0 || !begin(got.Errors, each.errors) {
				t.Errorf("want %q\ngot  %q", each.errors, got)
			}
		})
	}
}

// begin says whether the paths are the same and the messages begin as they should.
func begin(got, want [][2]string) bool {
	return slices.EqualFunc(got, want, func(g, w [2]string) bool { return g[0] == w[0] && strings.HasPrefix(g[1], w[1]) })
}

func TestAFaultyDefinitionLeavesItsResourcesUndecided(t *testing.T) {
	known := withDefinitions(t)
	cases := map[string]string{
		"{apiVersion: example.com/v1, kind: Loose, metadata: {name: a}}":            "the definition of Loose.example.com cannot be used: properties[spec].type: Required value: must not be empty for specified object fields",
		"{apiVersion: example.com/v1, kind: Broken, metadata: {name: a}, spec: {}}": `spec: Invalid value: "object": rule compile error: `,
		"{apiVersion: example.com/v1, kind: Old, metadata: {name: a}}":              "the definition of Old.example.com cannot be used: ",
	}
	for manifest, want := range cases {
		got := known.object(asJSON(t, manifest), "")
		if len(got.Errors) > 0 || !strings.HasPrefix(got.Undecided, want) {
			t.Errorf("%s: %+v", manifest, got)
		}
	}
}

func TestADeprecatedVersionIsWarnedOf(t *testing.T) {
	known := withDefinitions(t)
	cases := map[string]string{
		"{apiVersion: example.com/v1beta1, kind: Shop, metadata: {name: a}}":  "example.com/v1beta1 Shop is deprecated; use example.com/v1 Shop",
		"{apiVersion: example.com/v1alpha1, kind: Zone, metadata: {name: a}}": "use v1 zones",
	}
	for manifest, want := range cases {
		if got := known.object(asJSON(t, manifest), ""); !reflect.DeepEqual([][2]string{{"apiVersion", want}}, got.Warnings) {
			t.Errorf("%s: %+v", manifest, got)
		}
	}
}

func TestChangesOfCustomResourcesAreJudgedByTheirRules(t *testing.T) {
	known := withDefinitions(t)
	const beta = "{apiVersion: example.com/v1beta1, kind: Shop, metadata: {name: a, namespace: b}, spec: {owner: me, replicas: 2}}"
	cases := map[string]struct {
		old, manifest string
		want          Verdict
	}{
		"nothing":                  {shop + "{owner: me, region: eu}", shop + "{owner: me, region: eu}", nothing},
		"what may change":          {shop + "{owner: me, region: eu, tags: [a]}", shop + "{owner: you, region: eu, tags: [b]}", nothing},
		"a fixed value":            {shop + "{owner: me, region: eu}", shop + "{owner: me, region: us}", Verdict{Errors: [][2]string{{"spec.region", `Invalid value: "us": region is fixed`}}, Warnings: [][2]string{}}},
		"a version":                {beta, shop + "{owner: me, replicas: 3}", nothing},
		"a version and a fault":    {beta, shop + "{owner: me, replicas: 5}", nothing}, // which its creation has too
		"only a webhook can do it": {"{apiVersion: example.com/v1alpha1, kind: Zone, metadata: {name: a}}", "{apiVersion: example.com/v1, kind: Zone, metadata: {name: a}}", Verdict{Errors: [][2]string{}, Warnings: [][2]string{}, Undecided: "the object before the change cannot be read: only its conversion webhook can turn example.com/v1alpha1 into example.com/v1"}},
	}
	for name, each := range cases {
		t.Run(name, func(t *testing.T) {
			if got := changed(t, known, asJSON(t, each.old), asJSON(t, each.manifest)); !reflect.DeepEqual(each.want, got) {
				t.Errorf("want %q\ngot  %q", each.want, got)
			}
		})
	}
}

func TestParametersThatCannotBeReadAreABadRequest(t *testing.T) {
	cases := map[string]string{
		`[]`:                                 "bad-request: admit: json: ",
		`{"definitions": [{"kind": "Pod"}]}`: "bad-request: admit: definitions[0]: not a CustomResourceDefinition with spec.group and spec.names.kind",
		`{"pod_security": {"enforce": "strict"}}`: `bad-request: admit: pod_security: enforce "strict": must be one of privileged, baseline, restricted`,
		`{"pod_security": {"version": "1.30"}}`:   `bad-request: admit: pod_security: version "1.30": must be "latest" or "v1.x"`,
	}
	for params, want := range cases {
		_, err := Run(json.RawMessage(params), json.RawMessage(`{"object":{}}`))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", params, err)
		}
	}
}

func BenchmarkCustomResource(b *testing.B) {
	known := withDefinitions(b)
	manifest := asJSON(b, shop+"{owner: me, port: http, tags: [a, b], shelves: [{name: a}], extra: {any: [1]}}")
	known.object(manifest, "")
	for b.Loop() {
		known.object(manifest, "")
	}
}
