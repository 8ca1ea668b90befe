package admit

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

func judgeChange(t testing.TB, old, manifest string) Verdict {
	t.Helper()
	before, err := yaml.YAMLToJSON([]byte(old))
	if err != nil {
		t.Fatal(err)
	}
	after, err := yaml.YAMLToJSON([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	return changed(t, &settings{}, before, after)
}

func changed(t testing.TB, s *settings, before, after []byte) Verdict {
	t.Helper()
	answer, err := s.change(after, before, "")
	if err != nil {
		t.Fatal(err)
	}
	return answer.(Verdict)
}

// nothing is the verdict on a change that adds no problem.
var nothing = Verdict{Errors: [][2]string{}, Warnings: [][2]string{}}

func TestWhatIsAcceptedCanBeAppliedAgain(t *testing.T) {
	for _, manifest := range documents(t, "testdata/accepted.yaml") {
		if got := changed(t, &settings{}, manifest, manifest); !reflect.DeepEqual(nothing, got) {
			t.Errorf("%s: %+v", kindOf(t, manifest), got)
		}
	}
}

func TestTheOrderOfKeysIsNoChange(t *testing.T) {
	for _, manifest := range documents(t, "testdata/accepted.yaml") {
		if got := changed(t, &settings{}, reversed(t, manifest), manifest); !reflect.DeepEqual(nothing, got) {
			t.Errorf("%s: %+v", kindOf(t, manifest), got)
		}
	}
}

// reversed writes the keys of every object in reverse order.
func reversed(t testing.TB, raw []byte) []byte {
	t.Helper()
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) == nil {
		out := []byte("{")
		for i, key := range backward(fields) {
			if i > 0 {
				out = append(out, ',')
			}
			name, _ := json.Marshal(key)
			out = append(append(append(out, name...), ':'), reversed(t, fields[key])...)
		}
		return append(out, '}')
	}
	var elements []json.RawMessage
	if json.Unmarshal(raw, &elements) != nil || elements == nil {
		return raw
	}
	for i := range elements {
		elements[i] = reversed(t, elements[i])
	}
	out, err := json.Marshal(elements)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func backward(fields map[string]json.RawMessage) []string {
	keys := slices.Sorted(maps.Keys(fields))
	slices.Reverse(keys)
	return keys
}

type change struct {
	Name             string
	Old, Object      json.RawMessage
	Errors, Warnings [][2]string
	Undecided        string
}

func changes(t testing.TB) []change {
	t.Helper()
	var cases []change
	for _, document := range documents(t, "testdata/changes.yaml") {
		each := change{Errors: [][2]string{}, Warnings: [][2]string{}}
		if err := json.Unmarshal(document, &each); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, each)
	}
	return cases
}

func TestChangesAreRefusedInTheAPIServersWords(t *testing.T) {
	for _, each := range changes(t) {
		t.Run(each.Name, func(t *testing.T) {
			want := Verdict{Errors: each.Errors, Warnings: each.Warnings, Undecided: each.Undecided}
			if got := changed(t, &settings{}, each.Old, each.Object); !reflect.DeepEqual(want, got) {
				t.Errorf("want %q\ngot  %q", want, got)
			}
		})
	}
}

func TestTheStateAfterAChangeCanBeAppliedAgain(t *testing.T) {
	for _, each := range changes(t) {
		if len(Object(each.Object).Errors) > 0 {
			continue
		}
		if got := changed(t, &settings{}, each.Object, each.Object); !reflect.DeepEqual(nothing, got) {
			t.Errorf("%s: %q", each.Name, got)
		}
	}
}

func TestTwoObjectsAreNotAChange(t *testing.T) {
	const a = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}`
	cases := map[string]string{
		`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"}}`:                  "bad-request: admit: b and a are two names",
		`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}}`:                     "bad-request: admit: Secret and ConfigMap are two kinds",
		`{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Secret"}]}`: "bad-request: admit: a list is compared element by element",
	}
	for object, want := range cases {
		_, err := Run(nil, json.RawMessage(`{"object":`+object+`,"old":`+a+`}`))
		if err == nil || err.Error() != want {
			t.Errorf("want %s, got %v", want, err)
		}
	}
}

func TestAChangeFromWhatCannotBeReadIsUndecided(t *testing.T) {
	const object = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: b}}"
	cases := map[string]string{
		"{apiVersion: v1, metadata: {name: a}}":                             "the object before the change cannot be read",
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: [a]}": "the object before the change cannot be read: data[0]: json: cannot unmarshal array into Go struct field ConfigMap.data of type map[string]string",
		"{apiVersion: v7, kind: ConfigMap, metadata: {name: a}}":            `the object before the change cannot be read: apiVersion: no kind "ConfigMap" is registered for version "v7"`,
	}
	for old, want := range cases {
		if got := judgeChange(t, old, object); len(got.Errors) > 0 || !strings.HasPrefix(got.Undecided, want) {
			t.Errorf("%s: %+v", old, got)
		}
	}
}

func TestHostileChangesEndSoonAndWithoutPanic(t *testing.T) {
	for name, raw := range hostile() {
		for _, pair := range [][2][]byte{{raw, raw}, {raw, documents(t, "testdata/accepted.yaml")[0]}, {documents(t, "testdata/accepted.yaml")[0], raw}} {
			begun := time.Now()
			answer, err := (&settings{}).change(pair[0], pair[1], "")
			if spent := time.Since(begun); spent > 10*time.Second {
				t.Errorf("%s took %s", name, spent)
			}
			if _, failed := json.Marshal(answer); err == nil && failed != nil {
				t.Errorf("%s: %v", name, failed)
			}
		}
	}
}

func TestEveryPartAtFaultIsNamed(t *testing.T) {
	const job = "{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {template: {spec: {restartPolicy: %s, containers: [{name: main, image: a}, {name: side, image: %s}]}}}}"
	got := judgeChange(t, fmt.Sprintf(job, "Never", "b"), fmt.Sprintf(job, "OnFailure", "c"))
	want := [][2]string{
		{"spec.template.spec.containers[1].image", "Invalid value: field is immutable"},
		{"spec.template.spec.restartPolicy", "Invalid value: field is immutable"},
	}
	if !reflect.DeepEqual(want, got.Errors) {
		t.Errorf("got %q", got.Errors)
	}
}

func BenchmarkChange(b *testing.B) {
	manifests := documents(b, "testdata/accepted.yaml")
	for b.Loop() {
		for _, manifest := range manifests {
			changed(b, &settings{}, manifest, manifest)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(manifests)), "ns/object")
}
