package render

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/yaml"

	"sealock.dev/engine/internal/failure"
	"sealock.dev/engine/internal/helm"
	"sealock.dev/engine/internal/serve"
	"sealock.dev/engine/internal/testtree"
	"sealock.dev/engine/internal/trace"
	"sealock.dev/engine/internal/tree"
)

// TestMain lets the test binary stand for the engine where the engine starts itself again.
func TestMain(m *testing.M) {
	if helm.IsWrapper() {
		os.Exit(helm.Main())
	}
	if len(os.Args) == 2 && os.Args[1] == "serve" {
		serve.Run(os.Stdin, os.Stdout, map[string]serve.Handler{"render": Run, "trace": Trace}, os.Exit)
	}
	os.Exit(m.Run())
}

type result struct {
	Objects []struct {
		Manifest  json.RawMessage `json:"manifest"`
		Origin    tree.Origin     `json:"origin"`
		Admission map[string]any  `json:"admission"`
	} `json:"objects"`
	YAML  string        `json:"yaml"`
	Trace []trace.Entry `json:"trace"`
}

func call(t testing.TB, p Params, overlay string) (result, *failure.Error) {
	t.Helper()
	params, _ := json.Marshal(p)
	item, _ := json.Marshal(Item{Overlay: overlay})
	answer, err := Run(params, item)
	var f *failure.Error
	if errors.As(err, &f) {
		return result{}, f
	}
	if err != nil {
		t.Fatal(err)
	}
	var r result
	if err := json.Unmarshal(answer.(json.RawMessage), &r); err != nil {
		t.Fatal(err)
	}
	return r, nil
}

func mustRender(t testing.TB, p Params, overlay string) result {
	t.Helper()
	r, f := call(t, p, overlay)
	if f != nil {
		t.Fatalf("%s: %v at %s:%d", overlay, f, f.File, f.Line)
	}
	return r
}

// kustomizeBuild is kustomize itself, on the disk, with nothing of ours in between.
func kustomizeBuild(t testing.TB, dir string) (string, error) {
	t.Helper()
	openapi.ResetOpenAPI()
	defer openapi.ResetOpenAPI()
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionUnspecified
	built, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return "", err
	}
	text, err := built.AsYaml()
	return string(text), err
}

func folders(t testing.TB, root string) []string {
	t.Helper()
	found, err := filepath.Glob(root + "/*/kustomization.yaml")
	if err != nil || len(found) < 10 {
		t.Fatalf("only %d folders in the archive: %v", len(found), err)
	}
	for i := range found {
		found[i] = filepath.Base(filepath.Dir(found[i]))
	}
	return found
}

func TestYAMLIsByteForByteWhatKustomizePrints(t *testing.T) {
	root := testtree.Unpack(t, "testdata/accepted.txt")
	for _, name := range folders(t, root) {
		t.Run(name, func(t *testing.T) {
			expected, err := kustomizeBuild(t, filepath.Join(root, name))
			if err != nil {
				t.Fatal(err)
			}
			actual := mustRender(t, Params{Root: root, Want: []string{"yaml", "objects"}}, name).YAML
			if expected != actual {
				t.Errorf("expected\n%s\nactual\n%s", expected, actual)
			}
		})
	}
}

func TestTheManagedByLabelNamesTheKustomizeRelease(t *testing.T) {
	root := testtree.Unpack(t, "testdata/accepted.txt")
	text := mustRender(t, Params{Root: root, Want: []string{"yaml"}}, "overlay-vars").YAML
	if !strings.Contains(text, "app.kubernetes.io/managed-by: kustomize-v5.8.1\n") {
		t.Errorf("actual\n%s", text)
	}
}

func TestObjectsAreWhatKubernetesReadsInTheYAML(t *testing.T) {
	root := testtree.Unpack(t, "testdata/accepted.txt")
	for _, name := range folders(t, root) {
		r := mustRender(t, Params{Root: root, Want: []string{"yaml", "objects"}}, name)
		documents := strings.Split(r.YAML, "\n---\n")
		if len(documents) != len(r.Objects) {
			t.Fatalf("%s: %d documents and %d objects", name, len(documents), len(r.Objects))
		}
		for i, document := range documents {
			read, err := yaml.YAMLToJSON([]byte(document))
			if err != nil {
				t.Fatal(err)
			}
			if expected, actual := normal(t, read), normal(t, r.Objects[i].Manifest); !reflect.DeepEqual(expected, actual) {
				t.Errorf("%s: expected %s\nactual %s", name, read, r.Objects[i].Manifest)
			}
		}
	}
}

// normal keeps numbers as they are written.
func normal(t *testing.T, raw []byte) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestScalarsKeepKustomizesInterpretation(t *testing.T) {
	root := testtree.Write(t, map[string]string{
		"kustomization.yaml": "resources: [a.yaml]",
		"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n" +
			"data: [on, 0777, 1e3, 2001-01-01, =, 9007199254740993, 1.50, ~]\n",
	})
	r := mustRender(t, Params{Root: root, Want: []string{"objects"}}, ".")
	expected := `"data":["on",511,1000,"2001-01-01T00:00:00Z","=",9007199254740993,1.5,null]`
	if actual := string(r.Objects[0].Manifest); !strings.Contains(actual, expected) {
		t.Errorf("expected %s in %s", expected, actual)
	}
}

func TestOriginIsTheFileKindAndNameBeforeTransformers(t *testing.T) {
	root := testtree.Unpack(t, "testdata/accepted.txt")
	for _, c := range []struct {
		overlay  string
		expected []tree.Origin
	}{
		{"overlay-prefix", []tree.Origin{
			{File: "base/service.yaml", Kind: "ServiceAccount", Name: "api"},
			{File: "overlay-prefix/kustomization.yaml", Kind: "ConfigMap", Name: "plain", Generator: "configMapGenerator"},
			{File: "overlay-prefix/kustomization.yaml", Kind: "ConfigMap", Name: "settings", Generator: "configMapGenerator"},
			{File: "overlay-prefix/kustomization.yaml", Kind: "Secret", Name: "token", Generator: "secretGenerator"},
			{File: "base/service.yaml", Kind: "Service", Name: "api"},
			{File: "base/deploy.yaml", Kind: "Deployment", Name: "api"},
		}},
		{"overlay-component", []tree.Origin{
			{File: "base/service.yaml", Kind: "ServiceAccount", Name: "api"},
			{File: "component/extra.yaml", Kind: "ConfigMap", Name: "extra"},
			{File: "base/service.yaml", Kind: "Service", Name: "api"},
			{File: "base/deploy.yaml", Kind: "Deployment", Name: "api"},
		}},
		{"overlay-rename", []tree.Origin{ // the name does not tell: a second build does
			{File: "base/service.yaml", Kind: "ServiceAccount", Name: "api"},
			{File: "base/service.yaml", Kind: "Service", Name: "api"},
			{File: "base/deploy.yaml", Kind: "Deployment", Name: "api"},
		}},
		{"overlay-delete", []tree.Origin{
			{File: "base/service.yaml", Kind: "Service", Name: "api"},
			{File: "base/deploy.yaml", Kind: "Deployment", Name: "api"},
		}},
		{"overlay-plugins", []tree.Origin{
			{File: "base/service.yaml", Kind: "ServiceAccount", Name: "api"},
			{File: "overlay-plugins/generate/cm.yaml", Kind: "ConfigMap", Name: "made", Generator: "configMapGenerator"},
			{File: "base/service.yaml", Kind: "Service", Name: "api"},
			{File: "base/deploy.yaml", Kind: "Deployment", Name: "api"},
		}},
	} {
		t.Run(c.overlay, func(t *testing.T) {
			var actual []tree.Origin
			for _, object := range mustRender(t, Params{Root: root, Want: []string{"objects"}}, c.overlay).Objects {
				actual = append(actual, object.Origin)
			}
			if !reflect.DeepEqual(c.expected, actual) {
				t.Errorf("expected %+v\nactual %+v", c.expected, actual)
			}
		})
	}
}

func TestRefusalsNameTheirPlace(t *testing.T) {
	root := testtree.Unpack(t, "testdata/refused.txt")
	for _, c := range []struct{ overlay, code, place string }{
		{"remote-resource", "remote-base", "remote-resource/kustomization.yaml:3:3"},
		{"remote-git", "remote-base", "remote-git/kustomization.yaml:2:5"},
		{"remote-ssh", "remote-base", "remote-ssh/kustomization.yaml:1:9"},
		{"remote-component", "remote-base", "remote-component/kustomization.yaml:2:3"},
		{"remote-case", "remote-base", "remote-case/kustomization.yaml:2:3"},
		{"remote-file", "remote-base", "remote-file/kustomization.yaml:4:5"},
		{"remote-patch", "remote-base", "remote-patch/kustomization.yaml:2:9"},
		{"remote-nested", "remote-base", "remote-git/kustomization.yaml:2:5"},
		{"remote-plugin-file", "remote-base", "remote-plugin-file/g.yaml:1:1"},
		{"exec-file", "exec-plugin", "exec-file/gen.yaml:5:1"},
		{"exec-inline", "exec-plugin", "exec-inline/kustomization.yaml:2:3"},
		{"exec-folder", "exec-plugin", "exec-plugins/v.yaml:1:1"},
		{"helm-charts", "helm-disabled", "helm-charts/kustomization.yaml:2:1"},
		{"helm-plugin", "helm-disabled", "helm-plugin/chart.yaml:1:1"},
		{"outside-path", "outside-repository", "outside-path/kustomization.yaml:2:3"},
		{"outside-absolute", "outside-repository", "outside-absolute/kustomization.yaml:2:9"},
		{"dot-git", "outside-repository", "dot-git/kustomization.yaml:4:5"},
		{"missing-resource", "build-failed", "missing-resource/kustomization.yaml:3:3"},
		{"missing-nested", "build-failed", "missing-resource/kustomization.yaml:3:3"},
		{"missing-patch", "build-failed", "missing-patch/kustomization.yaml:4:11"},
		{"missing-env", "build-failed", "missing-env/kustomization.yaml:4:5"},
		{"broken-resource", "build-failed", "broken-resource/broken.yaml:9:1"},
		{"unknown-field", "build-failed", "unknown-field/kustomization.yaml:2:1"},
		{"no-target", "build-failed", "no-target/kustomization.yaml:3:10"},
		{"bad-operation", "build-failed", "bad-operation/kustomization.yaml:4:9"},
		{"twice", "build-failed", "twice/kustomization.yaml:1:21"},
		{"cycle", "build-failed", "cycle-other/kustomization.yaml:2:3"},
		{"root-only", "build-failed", "root-only/kustomization.yaml:3:11"},
		{"broken-kustomization", "build-failed", "broken-kustomization/kustomization.yaml:2:3"},
		{"empty", "build-failed", "empty/kustomization.yaml:1:1"},
		{"nothing-there", "not-found", ":0:0"},
		{"../elsewhere", "outside-repository", ":0:0"},
	} {
		t.Run(c.overlay, func(t *testing.T) {
			_, f := call(t, Params{Root: root, Want: []string{"yaml"}}, c.overlay)
			if f == nil {
				t.Fatal("it was accepted")
			}
			actual := fmt.Sprintf("%s %s:%d:%d", f.Code, f.File, f.Line, f.Column)
			if expected := c.code + " " + c.place; expected != actual {
				t.Errorf("expected %s\nactual %s\n%s", expected, actual, f.Message)
			}
			if f.Hint == "" || strings.Contains(f.Message, root) || !json.Valid(f.Trace) {
				t.Errorf("hint %q, message %q, trace %s", f.Hint, f.Message, f.Trace)
			}
		})
	}
}

func TestLoadRestrictorNoneStillStaysInTheRepository(t *testing.T) {
	root := testtree.Unpack(t, "testdata/refused.txt")
	mustRender(t, Params{Root: root, LoadRestrictor: "none", Want: []string{"yaml"}}, "root-only")
	if _, f := call(t, Params{Root: root, LoadRestrictor: "none"}, "outside-path"); f == nil || f.Code != failure.OutsideRepository {
		t.Errorf("expected outside-repository, actual %v", f)
	}
}

func TestALinkOutOfTheRepositoryIsRefusedWhereItIsReferredTo(t *testing.T) {
	root := testtree.Write(t, map[string]string{
		"repo/a/kustomization.yaml": "resources:\n- ok.yaml\n- link.yaml\n",
		"repo/a/ok.yaml":            "{apiVersion: v1, kind: ConfigMap, metadata: {name: ok}}",
		"outside.yaml":              "{apiVersion: v1, kind: ConfigMap, metadata: {name: secret}}",
	})
	if err := os.Symlink("../../outside.yaml", root+"/repo/a/link.yaml"); err != nil {
		t.Fatal(err)
	}
	_, f := call(t, Params{Root: root + "/repo"}, "a")
	if f == nil || f.Code != failure.OutsideRepository || f.File != "a/kustomization.yaml" || f.Line != 3 {
		t.Errorf("expected outside-repository at line 3, actual %+v", f)
	}
}

func TestAKustomizationThatIsALinkOutOfTheRepositoryIsRefused(t *testing.T) {
	root := testtree.Write(t, map[string]string{"repo/a/x": "", "kustomization.yaml": "namespace: a\n"})
	if err := os.Symlink("../../kustomization.yaml", root+"/repo/a/kustomization.yaml"); err != nil {
		t.Fatal(err)
	}
	if _, f := call(t, Params{Root: root + "/repo"}, "a"); f == nil || f.Code != failure.OutsideRepository {
		t.Errorf("expected outside-repository, actual %+v", f)
	}
}

func TestAPluginThatReadsOutsideIsRefusedByTheFileSystemItself(t *testing.T) {
	root := testtree.Write(t, map[string]string{
		"kustomization.yaml": "generators: [g.yaml]\n",
		"g.yaml":             "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: a}\nfiles: [../../etc/hostname]\n",
	})
	_, f := call(t, Params{Root: root, LoadRestrictor: "none"}, ".")
	if f == nil || f.Code != failure.OutsideRepository || f.File != "kustomization.yaml" {
		t.Errorf("expected outside-repository, actual %+v", f)
	}
}

func TestTheTraceHasReadsFailedProbesAndLinks(t *testing.T) {
	root := testtree.Write(t, map[string]string{
		"a/kustomization.yaml": "resources: [link.yaml]\n",
		"b/real.yaml":          "{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}",
	})
	if err := os.Symlink("../b/real.yaml", root+"/a/link.yaml"); err != nil {
		t.Fatal(err)
	}
	r := mustRender(t, Params{Root: root, LoadRestrictor: "none"}, "a")
	actual := map[string]string{}
	for _, entry := range r.Trace {
		actual[entry.Path] = entry.Kind
		if reads := entry.Kind == "file" || entry.Kind == "symlink"; reads && (entry.Inode == 0 || entry.CtimeNS == 0 || len(entry.Digest) != 64) {
			t.Errorf("incomplete %+v", entry)
		}
	}
	expected := map[string]string{
		"a": "directory", "a/kustomization.yaml": "file", "a/kustomization.yml": "absent", "a/Kustomization": "absent",
		"a/link.yaml": "symlink", "b/real.yaml": "file",
	}
	if !reflect.DeepEqual(expected, actual) {
		t.Errorf("expected %v\nactual %v", expected, actual)
	}
}

func TestTraceAloneIsTheTraceOfTheRender(t *testing.T) {
	root := testtree.Unpack(t, "testdata/accepted.txt")
	params, _ := json.Marshal(Params{Root: root, Want: []string{"objects"}})
	answer, err := Trace(params, json.RawMessage(`{"overlay": "overlay-prefix"}`))
	if err != nil {
		t.Fatal(err)
	}
	var alone result
	if err := json.Unmarshal(answer.(json.RawMessage), &alone); err != nil {
		t.Fatal(err)
	}
	full := mustRender(t, Params{Root: root, Want: []string{"objects"}}, "overlay-prefix")
	if len(alone.Objects) != 0 || len(alone.Trace) < 8 || !reflect.DeepEqual(full.Trace, alone.Trace) {
		t.Errorf("expected %v\nactual %v", full.Trace, alone.Trace)
	}
}

func TestAnOverlayWithOpenAPIChangesNothingInLaterOnes(t *testing.T) {
	root := testtree.Unpack(t, "testdata/accepted.txt")
	p := Params{Root: root, Want: []string{"yaml"}}
	alone, err := kustomizeBuild(t, filepath.Join(root, "overlay-ports"))
	if err != nil {
		t.Fatal(err)
	}
	before := openapi.GetSchemaVersion()
	if text := mustRender(t, p, "overlay-openapi").YAML; !strings.Contains(text, "name: a") {
		t.Errorf("the schema was not used:\n%s", text)
	}
	if after := openapi.GetSchemaVersion(); before != after {
		t.Errorf("expected schema %s, actual %s", before, after)
	}
	if actual := mustRender(t, p, "overlay-ports").YAML; alone != actual {
		t.Errorf("expected\n%s\nactual\n%s", alone, actual)
	}
}

func TestAdmissionIsAskedForEachObject(t *testing.T) {
	root := testtree.Unpack(t, "testdata/accepted.txt")
	var kinds []string
	old := Admit
	defer func() { Admit = old }()
	Admit = func(object []byte) any {
		var o struct{ Kind string }
		_ = json.Unmarshal(object, &o)
		kinds = append(kinds, o.Kind)
		return map[string]string{"undecided": o.Kind}
	}
	r := mustRender(t, Params{Root: root, Want: []string{"admission"}}, "base")
	if expected := []string{"ServiceAccount", "Service", "Deployment"}; !slices.Equal(expected, kinds) {
		t.Errorf("expected %v, actual %v", expected, kinds)
	}
	if r.Objects[2].Admission["undecided"] != "Deployment" {
		t.Errorf("actual %v", r.Objects[2].Admission)
	}
}

func TestBadParametersAreTheCallersFault(t *testing.T) {
	root := t.TempDir()
	for _, p := range []Params{
		{Root: "relative"}, {Root: root + "/none"}, {Root: root, Want: []string{"everything"}},
		{Root: root, LoadRestrictor: "some"}, {Root: root, Helm: "helm"},
	} {
		if _, f := call(t, p, "a"); f == nil || f.Code != failure.BadRequest {
			t.Errorf("%+v: expected bad-request, actual %v", p, f)
		}
	}
}

const fakeHelm = `#!/bin/sh
if [ "$1" = version ]; then echo v3.16.0; exit 0; fi
for name in $(/usr/bin/env | /usr/bin/cut -d= -f1); do echo "# $name"; done
echo "apiVersion: v1"
echo "kind: ConfigMap"
echo "metadata: {name: from-helm}"
echo "data: {proxy: '$HTTPS_PROXY', path: '$PATH'}"
`

func helmTree(t *testing.T, chart string) (Params, string) {
	t.Helper()
	root := testtree.Write(t, map[string]string{
		"repo/a/kustomization.yaml":            "helmCharts:\n- " + chart + "\n",
		"repo/a/charts/local/Chart.yaml":       "name: local\n",
		"repo/a/charts/local/values.yaml":      "{}\n",
		"repo/a/charts/local/templates/x.yaml": "",
		"helm":                                 fakeHelm,
	})
	if err := os.Chmod(root+"/helm", 0o755); err != nil {
		t.Fatal(err)
	}
	return Params{Root: root + "/repo", Want: []string{"objects", "yaml"}, Helm: root + "/helm"}, root
}

func TestALocalChartIsInflatedOfflineAndNeverCached(t *testing.T) {
	p, _ := helmTree(t, "name: local")
	r := mustRender(t, p, "a")
	if !strings.Contains(r.YAML, "name: from-helm") || !strings.Contains(r.YAML, "proxy: http://127.0.0.1:9") ||
		!strings.Contains(r.YAML, `path: ""`) {
		t.Errorf("actual\n%s", r.YAML)
	}
	if !slices.ContainsFunc(r.Trace, func(e trace.Entry) bool { return e.Kind == trace.Uncacheable }) {
		t.Errorf("no uncacheable entry in %v", r.Trace)
	}
	if origin := r.Objects[0].Origin; origin.File != "a/kustomization.yaml" || origin.Generator != "helmCharts" {
		t.Errorf("actual %+v", origin)
	}
}

func TestAChartThatWouldBeFetchedIsRefused(t *testing.T) {
	p, _ := helmTree(t, "name: other\n  repo: https://charts.example.com\n  version: 1.0.0")
	_, f := call(t, p, "a")
	if f == nil || f.Code != failure.HelmFailed || f.Line != 2 || !strings.Contains(f.Hint, "vendored") {
		t.Errorf("actual %+v", f)
	}
}

func TestAChartWithALinkOutOfTheRepositoryIsRefused(t *testing.T) {
	p, root := helmTree(t, "name: local")
	if err := os.Symlink("../../../../../helm", root+"/repo/a/charts/local/templates/secret.yaml"); err != nil {
		t.Fatal(err)
	}
	if _, f := call(t, p, "a"); f == nil || f.Code != failure.OutsideRepository {
		t.Errorf("actual %+v", f)
	}
}

func TestAFailingHelmIsHelmFailed(t *testing.T) {
	p, root := helmTree(t, "name: local")
	testtree.Put(t, root, "helm", "#!/bin/sh\necho nope >&2\nexit 7\n")
	if _, f := call(t, p, "a"); f == nil || f.Code != failure.HelmFailed || !strings.Contains(f.Message, "nope") {
		t.Errorf("actual %+v", f)
	}
	p.Helm = root + "/missing"
	if _, f := call(t, p, "a"); f == nil || f.Code != failure.HelmFailed {
		t.Errorf("actual %+v", f)
	}
}
