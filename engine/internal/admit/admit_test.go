package admit

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

func judge(t testing.TB, manifest string) Verdict {
	t.Helper()
	object, err := yaml.YAMLToJSON([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	return Object(object)
}

const podWith = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: main, image: a, %s}]}}"

func TestWarningsAreThoseThatKubectlPrints(t *testing.T) {
	cases := map[string]struct {
		manifest string
		want     [][2]string
	}{
		"a variable is set twice": {
			fmt.Sprintf(podWith, "env: [{name: A, value: '1'}, {name: A, value: '2'}]"),
			[][2]string{{"spec.containers[0].env[1]", `hides previous definition of "A", which may be dropped when using apply`}},
		},
		"an annotation is deprecated": {
			"{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a, annotations: {kubernetes.io/ingress.class: x}}, " +
				"spec: {defaultBackend: {service: {name: a, port: {number: 80}}}}}",
			[][2]string{{"", "annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"}},
		},
		"a kind is deprecated": {
			"{apiVersion: v1, kind: Endpoints, metadata: {name: a}}",
			[][2]string{{"apiVersion", "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"}},
		},
		"a version is off by default": {
			"{apiVersion: scheduling.k8s.io/v1alpha2, kind: PodGroup, metadata: {name: a}, spec: {schedulingPolicy: {basic: {}}}}",
			[][2]string{{"apiVersion", "Kubernetes 1.36 serves scheduling.k8s.io/v1alpha2 only when its --runtime-config says so"}},
		},
	}
	for name, each := range cases {
		t.Run(name, func(t *testing.T) {
			want := Verdict{Errors: [][2]string{}, Warnings: each.want}
			if got := judge(t, each.manifest); !reflect.DeepEqual(want, got) {
				t.Errorf("want %q\ngot  %q", want, got)
			}
		})
	}
}

func TestWhatCannotBeJudgedIsUndecided(t *testing.T) {
	cases := map[string]struct{ manifest, want string }{
		"a custom resource": {
			"{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: a}}",
			"no built-in kind argoproj.io/v1alpha1 Application in Kubernetes 1.36",
		},
		"an unknown kind of a known group": {
			"{apiVersion: apps/v9, kind: Foo, metadata: {name: a}}",
			"no built-in kind apps/v9 Foo in Kubernetes 1.36",
		},
		"a removed kind": {
			"{apiVersion: policy/v1beta1, kind: PodSecurityPolicy, metadata: {name: a}}",
			"no built-in kind policy/v1beta1 PodSecurityPolicy in Kubernetes 1.36",
		},
		"a review": {
			"{apiVersion: authentication.k8s.io/v1, kind: TokenReview, spec: {token: a}}",
			"authentication.k8s.io/v1 TokenReview is a request, not an object that is kept",
		},
		"an element of a list": {
			"{apiVersion: v1, kind: List, items: [{apiVersion: example.com/v1, kind: Foo}]}",
			"items[0]: no built-in kind example.com/v1 Foo in Kubernetes 1.36",
		},
		"what asks the cluster": {
			"{apiVersion: resource.k8s.io/v1, kind: ResourceClaim, metadata: {name: a}, spec: {devices: " +
				"{requests: [{name: one, exactly: {deviceClassName: gpu, adminAccess: true}}]}}}",
			"ResourceClaim cannot be judged: the API server's own code breaks on it without a cluster",
		},
	}
	for name, each := range cases {
		t.Run(name, func(t *testing.T) {
			want := Verdict{Errors: [][2]string{}, Warnings: [][2]string{}, Undecided: each.want}
			if got := judge(t, each.manifest); !reflect.DeepEqual(want, got) {
				t.Errorf("want %q\ngot  %q", want, got)
			}
		})
	}
}

func TestACustomResourceWithFieldsNamedLikeAListIsNoList(t *testing.T) {
	got := judge(t, "{apiVersion: example.com/v1, kind: Shop, items: many}")
	if want := "no built-in kind example.com/v1 Shop in Kubernetes 1.36"; got.Undecided != want || len(got.Errors) > 0 {
		t.Errorf("got %q", got)
	}
}

func TestAFieldInTheWrongCaseIsNotTheField(t *testing.T) {
	got := judge(t, "{apiVersion: v1, Kind: Pod, metadata: {name: a}}")
	if want := [][2]string{{"kind", "Required value"}}; !reflect.DeepEqual(want, got.Errors) {
		t.Errorf("got %q", got)
	}
}

// hostile are inputs that are meant to hang or break the engine.
func hostile() map[string][]byte {
	object := func(spec string) []byte {
		return []byte(`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a"},"spec":` + spec + `}`)
	}
	const list = `{"apiVersion":"v1","kind":"List","items":[`
	return map[string][]byte{
		"nothing":           nil,
		"null":              []byte("null"),
		"a number":          []byte("1"),
		"a list":            []byte("[]"),
		"half an object":    []byte(`{"apiVersion":"v1"`),
		"a null metadata":   []byte(`{"apiVersion":"v1","kind":"Pod","metadata":null,"spec":null}`),
		"a text metadata":   []byte(`{"apiVersion":"v1","kind":"Pod","metadata":"x"}`),
		"null elements":     []byte(`{"apiVersion":"v1","kind":"List","items":[null,1,"a",[]]}`),
		"bad UTF-8":         []byte("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"\xff\"}}"),
		"deep objects":      object(strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000)),
		"deep lists":        []byte(strings.Repeat(list, 5_000) + strings.Repeat("]}", 5_000)),
		"lists in lists":    []byte(strings.Repeat(list, 400) + strings.Repeat("]}", 400)),
		"many unknown":      object(`{` + strings.TrimSuffix(strings.Repeat(`"x":1,`, 100_000), ",") + `}`),
		"many faulty":       object(`{"template":{"spec":{"containers":[` + strings.TrimSuffix(strings.Repeat(`{},`, 20_000), ",") + `]}}}`),
		"a huge number":     object(`{"replicas":1e999999999}`),
		"a huge quantity":   object(`{"template":{"spec":{"containers":[{"name":"a","resources":{"limits":{"cpu":"1e999999999"}}}]}}}`),
		"a tiny quantity":   object(`{"template":{"spec":{"containers":[{"name":"a","resources":{"limits":{"cpu":1e-99999999}}}]}}}`),
		"a wrong type late": object(`{"template":{"spec":{"containers":[` + strings.Repeat(`{},`, 5_000) + `1]}}}`),
	}
}

func TestHostileInputEndsSoonAndWithoutPanic(t *testing.T) {
	for name, raw := range hostile() {
		t.Run(name, func(t *testing.T) {
			begun := time.Now()
			got := Object(raw)
			if len(got.Errors) == 0 && got.Undecided == "" {
				t.Error("accepted")
			}
			if spent := time.Since(begun); spent > 5*time.Second {
				t.Errorf("took %s", spent)
			}
			if _, err := json.Marshal(got); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDeepNestingIsUndecided(t *testing.T) {
	nested := func(levels int) Verdict {
		return Object([]byte(`{"apiVersion":"apps/v1","kind":"ControllerRevision","metadata":{"name":"a"},"revision":1,"data":` +
			strings.Repeat(`{"[":`, levels) + "1" + strings.Repeat("}", levels) + "}"))
	}
	if got := nested(2000); got.Undecided != "nested deeper than 1000 levels" {
		t.Errorf("got %q", got)
	}
	if got := nested(900); got.Undecided != "" || len(got.Errors) > 0 {
		t.Errorf("got %q", got)
	}
}

func TestErrorsOfAMapComeInOneOrder(t *testing.T) {
	for range 20 {
		got := judge(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {'1 ': a, '2 ': a, '3 ': a, '4 ': a}}")
		for index, pair := range got.Errors {
			if want := fmt.Sprintf("data[%d ]", index+1); pair[0] != want {
				t.Fatalf("got %q", got.Errors)
			}
		}
	}
}

func TestTextThatLooksLikeAHugeNumberIsNone(t *testing.T) {
	got := judge(t, "{apiVersion: v1, kind: Service, metadata: {name: a, labels: {commit: '12e34567890'}}, "+
		"spec: {selector: {commit: '12e34567890'}, ports: [{port: 80}]}}")
	if want := (Verdict{Errors: [][2]string{}, Warnings: [][2]string{}}); !reflect.DeepEqual(want, got) {
		t.Errorf("got %q", got)
	}
}

func TestALargeObjectIsJudged(t *testing.T) {
	manifest, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "a"},
		"data": map[string]string{"a": strings.Repeat("x", 5<<20)},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := [][2]string{{"", "Too long: may not be more than 1048576 bytes"}}
	if got := Object(manifest); !reflect.DeepEqual(want, got.Errors) {
		t.Errorf("got %q", got)
	}
}

func TestVerdictsDoNotDependOnWhatWasJudgedBefore(t *testing.T) {
	cases := refusals(t)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for _, each := range cases {
				if got := Object(each.Object); !reflect.DeepEqual(each.Errors, got.Errors) {
					t.Errorf("%s: %q", each.Name, got.Errors)
				}
			}
		})
	}
	group.Wait()
}

func TestAGeneratedNameIsAlwaysTheSame(t *testing.T) {
	const manifest = "{apiVersion: v1, kind: ConfigMap, metadata: {generateName: A_}}"
	if first, second := judge(t, manifest), judge(t, manifest); !reflect.DeepEqual(first, second) || len(first.Errors) == 0 {
		t.Errorf("%q and %q", first, second)
	}
}

func TestRunAnswersAnItemOfTheProtocol(t *testing.T) {
	answer, err := Run(nil, json.RawMessage(`{"object":{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(answer)
	if want := `{"errors":[],"warnings":[],"undecided":""}`; want != string(text) {
		t.Errorf("got %s", text)
	}
}

func TestAnItemWithoutAnObjectIsABadRequest(t *testing.T) {
	for _, item := range []string{`{}`, `[]`} {
		if _, err := Run(nil, json.RawMessage(item)); err == nil || !strings.HasPrefix(err.Error(), "bad-request: ") {
			t.Errorf("%s gives %v", item, err)
		}
	}
}

func TestTheScopeOfBuiltInKindsIsKnown(t *testing.T) {
	cases := map[schema.GroupKind][2]bool{
		{Group: "apps", Kind: "Deployment"}: {true, true},
		{Kind: "Namespace"}:                 {false, true},
		{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}: {false, true},
		{Group: "example.com", Kind: "Widget"}:                            {false, false},
	}
	for kind, want := range cases {
		if namespaced, known := Namespaced(kind); want != [2]bool{namespaced, known} {
			t.Errorf("%s: namespaced %t, known %t", kind, namespaced, known)
		}
	}
}

func BenchmarkDeployment(b *testing.B) {
	for _, manifest := range documents(b, "testdata/accepted.yaml") {
		if kindOf(b, manifest).Kind != "Deployment" {
			continue
		}
		Object(manifest)
		b.SetBytes(int64(len(manifest)))
		b.ReportAllocs()
		for b.Loop() {
			Object(manifest)
		}
	}
}

func BenchmarkEveryKind(b *testing.B) {
	manifests := documents(b, "testdata/accepted.yaml")
	for b.Loop() {
		for _, manifest := range manifests {
			Object(manifest)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(manifests)), "ns/object")
}
