package render

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"sealock.dev/engine/internal/failure"
	"sealock.dev/engine/internal/testtree"
)

const matchingTree = "testdata/matches.txt"

func matching(t *testing.T, root string, i Item) (Matching, *failure.Error) {
	t.Helper()
	params, _ := json.Marshal(Params{Root: root})
	item, _ := json.Marshal(i)
	answer, err := Matches(params, item)
	var f *failure.Error
	if errors.As(err, &f) {
		return Matching{}, f
	}
	if err != nil {
		t.Fatal(err)
	}
	encoded, _ := json.Marshal(answer)
	var m Matching
	if err := json.Unmarshal(encoded, &m); err != nil {
		t.Fatal(err)
	}
	return m, nil
}

func TestAnEntryMatchesWhatIsThereWhenKustomizeComesToIt(t *testing.T) {
	root := testtree.Unpack(t, matchingTree)
	for _, c := range []struct {
		name, overlay string
		entry         Entry
		expected      bool
	}{
		{"a base's image that overlays replace again", "base", Entry{Field: "images"}, true},
		{"a base's image that nothing has", "base", Entry{Field: "images", Index: 1}, false},
		{"an image that a replacement overwrites", "overlay", Entry{Field: "images"}, true},
		{"the new name of the entry before", "overlay", Entry{Field: "images", Index: 1}, true},
		{"an image that nothing has", "overlay", Entry{Field: "images", Index: 2}, false},
		{"a pattern of an image", "overlay", Entry{Field: "images", Index: 3}, true},
		{"a patch that deletes its target", "overlay", Entry{Field: "patches"}, true},
		{"a patch whose target was deleted before", "overlay", Entry{Field: "patches", Index: 1}, false},
		{"a patch with patterns", "overlay", Entry{Field: "patches", Index: 2}, true},
		{"a late patch sees new names", "overlay", Entry{Field: "patchesJson6902"}, true},
		{"a component of a component", "overlay", Entry{Through: []string{"outer", "inner"}, Field: "images"}, true},
		{"what comes after a component is not there yet", "overlay",
			Entry{Through: []string{"outer", "inner"}, Field: "images", Index: 1}, false},
		{"a component's image", "overlay", Entry{Through: []string{"outer"}, Field: "images"}, true},
	} {
		m, f := matching(t, root, Item{Overlay: c.overlay, Entry: &c.entry})
		if f != nil || m.Matches != c.expected || m.Invalid != "" {
			t.Errorf("%s: expected %v, actual %+v %v", c.name, c.expected, m, f)
		}
	}
}

func TestAnImageNameThatIsNoPatternIsInvalid(t *testing.T) {
	root := testtree.Unpack(t, matchingTree)
	m, f := matching(t, root, Item{Overlay: "broken", Entry: &Entry{Field: "images"}})
	if f != nil || m.Matches || !strings.Contains(m.Invalid, "missing closing )") {
		t.Errorf("actual %+v %v", m, f)
	}
}

func TestAnEntryThatIsNotThereIsTheCallersFault(t *testing.T) {
	root := testtree.Unpack(t, matchingTree)
	for _, e := range []*Entry{
		nil, {Field: "images", Index: 9}, {Field: "resources"}, {Through: []string{"base"}, Field: "images"},
	} {
		if _, f := matching(t, root, Item{Overlay: "overlay", Entry: e}); f == nil || f.Code != failure.BadRequest {
			t.Errorf("%+v: actual %v", e, f)
		}
	}
}

func TestAnOverlayThatDoesNotBuildHasNoMatches(t *testing.T) {
	root := testtree.Write(t, map[string]string{
		"a/kustomization.yaml": "resources: [none.yaml]\nimages: [{name: a, newTag: b}]\n",
	})
	_, f := matching(t, root, Item{Overlay: "a", Entry: &Entry{Field: "images"}})
	if f == nil || f.Code != failure.BuildFailed {
		t.Errorf("actual %v", f)
	}
}

func TestARenderHasTheGivenFilesInPlaceOfThoseOnDisk(t *testing.T) {
	root := testtree.Unpack(t, matchingTree)
	p := Params{Root: root, Want: []string{"yaml"}}
	params, _ := json.Marshal(p)
	render := func(files map[string]string) string {
		item, _ := json.Marshal(Item{Overlay: "base", Files: files})
		answer, err := Run(params, item)
		if err != nil {
			t.Fatal(err)
		}
		var r result
		if err := json.Unmarshal(answer.(json.RawMessage), &r); err != nil {
			t.Fatal(err)
		}
		return r.YAML
	}
	before := render(nil)
	changed := render(map[string]string{"base/kustomization.yaml": "resources: [config.yaml]\nnamePrefix: x-\n"})
	if strings.Contains(changed, "Deployment") || !strings.Contains(changed, "name: x-web") {
		t.Errorf("actual\n%s", changed)
	}
	if after := render(nil); before != after {
		t.Errorf("expected\n%s\nactual\n%s", before, after)
	}
	item, _ := json.Marshal(Item{Overlay: "base", Files: map[string]string{"base/none.yaml": ""}})
	var f *failure.Error
	if _, err := Run(params, item); !errors.As(err, &f) || f.Code != failure.BadRequest {
		t.Errorf("actual %v", err)
	}
}
