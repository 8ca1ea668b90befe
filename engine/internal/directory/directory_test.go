package directory

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sealock.dev/engine/internal/failure"
	"sealock.dev/engine/internal/testtree"
	"sealock.dev/engine/internal/trace"
)

func config(name string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\n"
}

// found is what a folder `app` of a repository comes to: `file name` of each object, and the trace's paths.
func found(t *testing.T, root string, options Options) (objects, traced []string, err error) {
	t.Helper()
	fs, err := trace.New(root)
	if err != nil {
		t.Fatal(err)
	}
	contents, err := Read(fs, filepath.Join(root, "app"), options)
	for i, each := range contents.Objects {
		var object struct {
			Metadata struct{ Name string }
		}
		if err := json.Unmarshal(each, &object); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, contents.Origins[i].File+" "+object.Metadata.Name)
	}
	for _, entry := range fs.Entries() {
		traced = append(traced, entry.Kind+" "+entry.Path)
	}
	return objects, traced, err
}

func expect(t *testing.T, files map[string]string, options Options, expected ...string) {
	t.Helper()
	actual, _, err := found(t, testtree.Write(t, files), options)
	if err != nil || !slices.Equal(expected, actual) {
		t.Errorf("expected %v, actual %v, error %v", expected, actual, err)
	}
}

var files = map[string]string{
	"app/b.yaml":        config("b1") + "---\n" + config("b2"),
	"app/a.yml":         config("a"),
	"app/c.json":        `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}}`,
	"app/values.yaml":   "replicas: 3\n",
	"app/notes.txt":     config("notes"),
	"app/.hidden.yaml":  config("hidden"),
	"app/skipped.yaml":  "# +argocd:skip-file-rendering\n" + config("skipped"),
	"app/deep/d.yaml":   config("d"),
	"app/list.yaml":     "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: s}}\n",
	"other/other.yaml":  config("other"),
	"app/.git/x.yaml":   config("git"),
	"app/empty.yaml":    "# nothing\n---\n",
	"app/fragment.yaml": "spec: {replicas: 1}\n",
}

func TestAFolderIsItsManifestsWithoutThoseBelow(t *testing.T) {
	expect(t, files, Options{}, "app/.hidden.yaml hidden", "app/a.yml a", "app/b.yaml b1", "app/b.yaml b2", "app/c.json c", "app/list.yaml s")
}

func TestRecursionTakesFoldersBelow(t *testing.T) {
	expect(t, files, Options{Recurse: true, Include: "{deep/*,c.json}", Explicit: true}, "app/c.json c", "app/deep/d.yaml d")
}

func TestWhatIsExcludedIsLeftOut(t *testing.T) {
	expect(t, files, Options{Exclude: "{.hidden.yaml,b.*,list.yaml}"}, "app/a.yml a", "app/c.json c")
}

func TestOverridesInTheRepositoryCount(t *testing.T) {
	overridden := map[string]string{
		"app/a.yaml": config("a"), "app/deep/d.yaml": config("d"),
		"app/.argocd-source.yaml":     "directory: {recurse: true}\n",
		"app/.argocd-source-one.yaml": "directory: {recurse: false, include: '*'}\n",
	}
	expect(t, overridden, Options{}, "app/a.yaml a", "app/deep/d.yaml d")
	expect(t, overridden, Options{Application: "one"}, "app/a.yaml a")
}

func TestAKustomizationIsKustomizesUnlessTheSourceSaysDirectory(t *testing.T) {
	root := testtree.Write(t, map[string]string{"app/kustomization.yaml": "resources: [a.yaml]\n", "app/a.yaml": config("a")})
	if _, _, err := found(t, root, Options{}); !errors.Is(err, ErrKustomize) {
		t.Errorf("actual %v", err)
	}
	if actual, _, err := found(t, root, Options{Explicit: true}); err != nil || !slices.Equal([]string{"app/a.yaml a"}, actual) {
		t.Errorf("actual %v, error %v", actual, err)
	}
}

func TestBrokenYAMLIsRefusedAtItsLineInArgoCDsWords(t *testing.T) {
	root := testtree.Write(t, map[string]string{"app/a.yaml": config("a"), "app/b.yaml": config("b") + "---\n" + config("c") + "data: [\n"})
	_, _, err := found(t, root, Options{})
	var actual *failure.Error
	if !errors.As(err, &actual) {
		t.Fatalf("actual %v", err)
	}
	if actual.Code != failure.BuildFailed || actual.File != "app/b.yaml" || actual.Line != 8 ||
		!strings.HasPrefix(actual.Message, `Failed to unmarshal "b.yaml"`) {
		t.Errorf("actual %s %d %s", actual.File, actual.Line, actual.Message)
	}
}

func TestOnlyJsonnetThatWouldBeEvaluatedIsUndecided(t *testing.T) {
	root := testtree.Write(t, map[string]string{"app/a.yaml": config("a"), "app/b.jsonnet": "error 'never run'"})
	_, _, err := found(t, root, Options{})
	var actual *failure.Error
	if !errors.As(err, &actual) || actual.Code != failure.Jsonnet || actual.File != "app/b.jsonnet" {
		t.Errorf("actual %v", err)
	}
	if objects, _, err := found(t, root, Options{Include: "*.yaml"}); err != nil || !slices.Equal([]string{"app/a.yaml a"}, objects) {
		t.Errorf("actual %v, error %v", objects, err)
	}
}

func TestLinksAreFollowedToFilesInsideOnly(t *testing.T) {
	root := testtree.Write(t, map[string]string{"app/a.yaml": config("a"), "other/b.yaml": config("b"), "other/deep/c.yaml": config("c")})
	for link, target := range map[string]string{"b.yaml": "../other/b.yaml", "gone.yaml": "nowhere", "deep": "../other/deep"} {
		if err := os.Symlink(target, filepath.Join(root, "app", link)); err != nil {
			t.Fatal(err)
		}
	}
	actual, _, err := found(t, root, Options{Recurse: true})
	if expected := []string{"app/a.yaml a", "other/b.yaml b"}; err != nil || !slices.Equal(expected, actual) {
		t.Errorf("expected %v, actual %v, error %v", expected, actual, err)
	}
	if err := os.Symlink("/etc/hostname", filepath.Join(root, "app", "out.yaml")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := found(t, root, Options{}); err == nil {
		t.Error("a link out of the repository was followed")
	}
}

func TestAFolderThatIsALinkHoldsNothing(t *testing.T) {
	root := testtree.Write(t, map[string]string{"other/b.yaml": config("b")})
	if err := os.Symlink("other", filepath.Join(root, "app")); err != nil {
		t.Fatal(err)
	}
	if actual, _, err := found(t, root, Options{}); err != nil || len(actual) > 0 {
		t.Errorf("actual %v, error %v", actual, err)
	}
}

func TestTooMuchIsRefused(t *testing.T) {
	root := testtree.Write(t, map[string]string{"app/a.yaml": config("a") + strings.Repeat("# padding\n", 1_000_001)})
	if _, _, err := found(t, root, Options{}); err == nil || !strings.Contains(err.Error(), "exceeded max combined manifest file size") {
		t.Errorf("actual %v", err)
	}
}

func TestTheTraceHasWhatDecided(t *testing.T) {
	root := testtree.Write(t, map[string]string{"app/a.yaml": config("a"), "app/deep/d.yaml": config("d"), "app/notes.txt": "x"})
	_, flat, _ := found(t, root, Options{})
	if expected := []string{"directory .", "directory app", "file app/a.yaml"}; !slices.Equal(expected, without(flat, "deep", "notes")) {
		t.Errorf("expected %v, actual %v", expected, flat)
	}
	_, deep, _ := found(t, root, Options{Recurse: true})
	if !slices.Contains(deep, "file app/deep/d.yaml") || !slices.Contains(deep, "directory app/deep") {
		t.Errorf("actual %v", deep)
	}
}

func without(paths []string, parts ...string) []string {
	return slices.DeleteFunc(paths, func(path string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(path, part) })
	})
}
