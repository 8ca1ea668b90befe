package admit

import (
	"encoding/json"
	"reflect"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

type refused struct {
	Name   string
	Object json.RawMessage
	Errors [][2]string
}

func refusals(t testing.TB) []refused {
	t.Helper()
	var cases []refused
	for _, document := range documents(t, "testdata/refused.yaml") {
		var each refused
		if err := json.Unmarshal(document, &each); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, each)
	}
	return cases
}

func TestFaultyObjectsAreRefusedInTheAPIServersWords(t *testing.T) {
	for _, each := range refusals(t) {
		t.Run(each.Name, func(t *testing.T) {
			want := Verdict{Errors: each.Errors, Warnings: [][2]string{}}
			if got := Object(each.Object); !reflect.DeepEqual(want, got) {
				t.Errorf("want %q\ngot  %q", want, got)
			}
		})
	}
}

func TestManyKindsHaveRefusals(t *testing.T) {
	kinds := map[schema.GroupVersionKind]bool{}
	cases := refusals(t)
	for _, each := range cases {
		kinds[kindOf(t, each.Object)] = true
	}
	if len(cases) < 40 || len(kinds) < 15 {
		t.Errorf("%d refusals of %d kinds", len(cases), len(kinds))
	}
}
