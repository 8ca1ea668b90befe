package tree

import (
	"reflect"
	"testing"

	"sealock.dev/engine/internal/testtree"
	"sealock.dev/engine/internal/trace"
)

func TestTheScannerAgreesWithTheParserOrGivesUp(t *testing.T) {
	const head = "apiVersion: v1\nkind: ConfigMap\n"
	for _, c := range []struct {
		name, text string
		certain    bool
	}{
		{"plain", head + "metadata:\n  name: a\n  namespace: b\ndata:\n  kind: x\n", true},
		{"quoted", "apiVersion: \"v1\"\nkind: 'Service'\nmetadata:\n  name: \"a\"\n", true},
		{"comments", "# c\n" + head + "metadata: # d\n  # e\n  name: a # f\n", true},
		{"two", head + "metadata:\n  name: a\n---\n" + head + "metadata:\n  name: b\n", true},
		{"nested names", head + "metadata:\n  labels:\n    name: no\n  name: a\n  ownerReferences:\n  - name: no\n", true},
		{"block scalar", head + "metadata:\n  name: a\ndata:\n  x: |\n    kind: No\n    metadata:\n      name: no\n", true},
		{"list at the key's indent", head + "metadata:\n  name: a\nitems:\n- name: b\n", true},
		{"CRLF", "apiVersion: v1\r\nkind: ConfigMap\r\nmetadata:\r\n  name: a\r\n", true},
		{"empty", "", true},
		{"flow", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n", false},
		{"flow metadata", head + "metadata: {name: a}\n", false},
		{"anchor", head + "metadata:\n  name: &n a\n", false},
		{"list kind", "apiVersion: v1\nkind: List\nitems:\n- kind: ConfigMap\n  metadata:\n    name: a\n", false},
		{"folded name", head + "metadata:\n  name:\n    a\n", false},
		{"a key twice", head + "kind: Other\n", false},
		{"a name twice", head + "metadata:\n  name: a\n  name: b\n", false},
		{"text after the marker", "--- {kind: A}\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			scanned, certain := scan([]byte(c.text))
			if certain != c.certain {
				t.Fatalf("expected certain %v, actual %v", c.certain, certain)
			}
			var parsed []Document
			for _, root := range nodes([]byte(c.text)) {
				parsed = appendObject(parsed, root)
			}
			if certain && !reflect.DeepEqual(parsed, scanned) {
				t.Errorf("expected %+v\nactual %+v", parsed, scanned)
			}
		})
	}
}

func TestWhatKustomizeWouldCloneIsRemote(t *testing.T) {
	for path, expected := range map[string]bool{
		"github.com/acme/deploy": true, "git@github.com:acme/deploy": true, "ssh://git@host/x/y": true,
		"https://github.com/acme/deploy?ref=v1": true, "git::https://host/a/b": true, "file:///tmp/x.git": true,
		"https://host.example.com/a/_git/b": true, "../base": false, "deploy.yaml": false, "a/b/c": false, ".": false, "": false,
	} {
		if actual := isRepository(path) || isURL(path); expected != actual {
			t.Errorf("%q: expected %v, actual %v", path, expected, actual)
		}
	}
}

func TestAMergeKeyOrAnAliasHidesNothing(t *testing.T) {
	root := testtree.Write(t, map[string]string{
		"kustomization.yaml": "x: &x {resources: &r [\"https://example.com/a.yaml\"]}\n<<: *x\n",
	})
	fs, err := trace.New(root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Read(fs, root, false); err == nil {
		t.Error("a remote resource behind a merge key was accepted")
	}
}

func TestAMessageMentionsAPathOnlyAsAWhole(t *testing.T) {
	for _, c := range []struct {
		message, path string
		expected      bool
	}{
		{"lstat overlays/a.yaml: no such file", "a.yaml", true},
		{"from '../base': bad", "../base", true},
		{"from '../base/a.yaml'", "./a.yaml", true},
		{"lstat data.yaml: no such file", "a.yaml", false},
		{"lstat a.yaml.bak: no such file", "a.yaml", false},
		{"anything", "", false},
	} {
		if actual := mentions(c.message, c.path); c.expected != actual {
			t.Errorf("%q in %q: expected %v, actual %v", c.path, c.message, c.expected, actual)
		}
	}
}
