package render

import (
	"bytes"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
	"sigs.k8s.io/yaml"
)

// same holds printJSON against kustomize's own way; it says whether the object was plain.
func same(t *testing.T, object *kyaml.RNode) (plain bool) {
	t.Helper()
	actual, err := printJSON(object)
	if actual.plain == nil {
		return false
	}
	expected, wrong := object.MarshalJSON()
	if err != nil || wrong != nil || !bytes.Equal(expected, actual.json) {
		t.Fatalf("%s\nexpected %s %v\nactual   %s %v", object.MustString(), expected, wrong, actual.json, err)
	}
	text, wrong := yaml.JSONToYAML(expected)
	printed, err := actual.yaml()
	if err != nil || wrong != nil || !bytes.Equal(text, printed) {
		t.Fatalf("expected %s %v\nactual %s %v", text, wrong, printed, err)
	}
	return true
}

const usual = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: "a"
  annotations: {z: '1', "on": yes, no: "no", x: <a&b>, y: 'it''s "a" \ b', e: "", d: "2001-01-01", f: 1e3x}
spec: &no
  replicas: 2
  paused: false
  none: null
  empty: {}
  items: []
  args: [--a=b, "0", '- c', "#d", "e: f", " g ", "~", "=", "<<", "?", "---", "null", "true", "12", "0x1f", "1_000"]
`

func TestPlainObjectsArePrintedAsKustomizePrintsThem(t *testing.T) {
	for _, text := range []string{
		strings.Replace(usual, " &no", "", 1),
		"a: " + strings.Repeat("word ", 100) + "end\n",
		"a: '" + strings.Repeat("word  ", 100) + "'\n",
		"b: 1\na: 2\nB: 3\n'10': x\n'9': y\n",
		"a:\n- - b\n  - {}\n- c: []\n",
		"a: {b: [c, {d: 999999999999999}]}\n",
	} {
		if !same(t, kyaml.MustParse(text)) {
			t.Errorf("this is plain: %s", text)
		}
	}
}

func TestWhatIsNotPlainIsLeftToKustomize(t *testing.T) {
	for _, text := range []string{
		usual, "a: 1.5\n", "a: -0\n", "a: 010\n", "a: 0x1f\n", "a: 1_000\n", "a: True\n", "a: ~\n", "a:\n", "a: b # c\n",
		"# c\na: b\n", "a: |\n  b\n", "a: >-\n  b\n", "a: é\n", "a: \"\\t\"\n", "a: 2001-01-01\n", "a: !x b\n", "a: !!str 1\n",
		"1: a\n", "a: &b c\nd: *b\n", "a: {<<: {b: c}}\n", "a: 1\na: 2\n", "a: 9999999999999999\n", "a: .inf\n",
		strings.Repeat("k", 101) + ": a\n", "a: !!binary aGk=\n", "? [a]\n: b\n",
	} {
		if found, err := kyaml.Parse(text); err == nil && same(t, found) {
			t.Errorf("this is not plain: %s", text)
		}
	}
}

func TestTextWithoutATagIsPlainWhereNothingElseReadsLikeIt(t *testing.T) {
	for value, expected := range map[string]bool{
		"b": true, "a/b@sha256:0c": true, "app.kubernetes.io/name": true, "true-ish": true, "Infinity": true, "a: b #c": true,
		"true": false, "TRUE": false, "Null": false, "No": false, "12": false, "1e3": false, "~": false, "": false,
		".inf": false, "2001-01-01": false, "0x1f": false, "<<": false, "-": false, "é": false, "a\nb": false,
	} {
		object := kyaml.MustParse("a: b\nc: d\n")
		for _, node := range object.YNode().Content {
			node.Tag = ""
		}
		object.YNode().Content[1].Value = value
		if actual := same(t, object); expected != actual {
			t.Errorf("%q: expected %v, actual %v", value, expected, actual)
		}
	}
}

func TestAnUsualOverlayIsPlain(t *testing.T) {
	fs := filesys.MakeFsInMemory()
	for path, text := range map[string]string{
		"/b/kustomization.yaml": "resources: [d.yaml]\nlabels:\n- pairs: {part-of: c}\n",
		"/b/d.yaml":             "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      containers:\n      - {name: a, image: i}\n",
		"/o/kustomization.yaml": "resources: [../b]\nnamespace: team\nnamePrefix: p-\nimages: [{name: i, newName: r/i, newTag: '1'}]\nreplicas: [{name: a, count: 3}]\n",
	} {
		if err := fs.WriteFile(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(fs, "/o")
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range built.Resources() {
		if !same(t, &each.RNode) {
			t.Errorf("this is plain: %s", each.MustYaml())
		}
	}
}

// FuzzPlainObjects looks for objects that are printed otherwise than kustomize prints them.
func FuzzPlainObjects(f *testing.F) {
	f.Add(usual, byte(0))
	f.Add("a: [b, {c: 'd'}]\n", byte(1))
	f.Add(usual, byte(8))
	f.Fuzz(func(t *testing.T, text string, style byte) {
		object, err := kyaml.Parse(text)
		if err != nil || object.YNode().Kind != kyaml.MappingNode {
			return
		}
		restyle(object.YNode(), style)
		same(t, object)
	})
}

// restyle gives texts other quotes, as transformers may, and numbers the tag of texts.
func restyle(node *kyaml.Node, style byte) {
	if node.Kind == kyaml.ScalarNode && style&3 != 0 {
		node.Style = []kyaml.Style{0, 0, kyaml.SingleQuotedStyle, kyaml.DoubleQuotedStyle}[style&3]
		node.Tag = kyaml.NodeTagString
	}
	if style&8 != 0 {
		node.Tag = ""
	}
	if node.Kind != kyaml.ScalarNode && style&4 != 0 {
		node.Style = kyaml.FlowStyle
	}
	for _, each := range node.Content {
		restyle(each, style)
	}
}
