package expand

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"sigs.k8s.io/yaml"

	"sealock.dev/engine/internal/testtree"
)

const (
	clusters = `[{name: dev-eu, server: "https://dev", labels: {tier: dev}, annotations: {team: a}},
		{name: Prod_EU, server: "https://prod", project: shop, labels: {tier: production}}]`
	wide = "{metadata: {name: '{{n}}'}, spec: {project: default, destination: {server: 'https://dev', namespace: '{{n}}'}, source: {repoURL: 'https://example.com/a.git', path: '{{p}}'}}}"
	here = "repoURL: https://example.com/a.git, revision: HEAD"
)

func sample(t *testing.T) string {
	t.Helper()
	return testtree.Write(t, map[string]string{
		"apps/Alpha_One/kustomization.yaml": "",
		"apps/beta/base/kustomization.yaml": "",
		"apps/beta/kustomization.yaml":      "",
		"apps/.hidden/kustomization.yaml":   "",
		"clusters/dev/config.yaml":          "cluster: {name: dev, replicas: 2}\n",
		"clusters/prod/config.yaml":         "cluster: {name: prod, replicas: 5}\n",
		"clusters/eu/west/config.yaml":      "[{cluster: {name: west-1}}, {cluster: {name: west-2}}]\n",
	})
}

func toJSON(t *testing.T, text string) json.RawMessage {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return raw
}

// expand runs one set whose spec is YAML.
func expand(t *testing.T, root, params, spec string) Answer {
	t.Helper()
	params = fmt.Sprintf("{root: '%s', repository_urls: ['https://example.com/a'], revisions: [main], %s}", root, params)
	answer, err := Run(toJSON(t, params), toJSON(t, "applicationset: {metadata: {name: teams}, spec: "+spec+"}"))
	if err != nil {
		t.Fatal(err)
	}
	return answer.(Answer)
}

// spec fills a template of two fields: the name (and namespace), and the path.
func spec(generators, name, path, more string) string {
	template := strings.NewReplacer("{{n}}", name, "{{p}}", path).Replace(wide)
	return "{generators: " + generators + ", template: " + template + more + "}"
}

const goTemplate = ", goTemplate: true, goTemplateOptions: ['missingkey=error']"

// pairs shows each Application as `name path`.
func pairs(answer Answer) []string {
	found := []string{}
	for _, each := range answer.Applications {
		source, _ := each.Manifest["spec"].(map[string]any)["source"].(map[string]any)
		found = append(found, fmt.Sprint(name(each), " ", source["path"]))
	}
	return found
}

func TestEveryGeneratorMakesWhatTheControllerMakes(t *testing.T) {
	root := sample(t)
	list := "[{list: {elements: [{name: a, path: x}, {name: b, path: w}]}}]"
	cases := map[string]struct {
		spec string
		want []string
	}{
		"list":              {spec(list, "{{name}}", "{{path}}", ""), []string{"a x", "b w"}},
		"list, go template": {spec(list, "{{.name}}-{{.path | upper | lower}}", "{{.path}}", goTemplate), []string{"a-x x", "b-w w"}},
		"an unknown tag of the plain template stays": {spec(list, "{{name}}", "{{other}}", ""), []string{"a {{other}}", "b {{other}}"}},
		"list from YAML text":                        {spec("[{list: {elementsYaml: '[{name: c, path: z}]'}}]", "{{name}}", "{{path}}", ""), []string{"c z"}},
		"a selector filters":                         {spec("[{list: {elements: [{name: a, path: x}, {name: b, path: w}]}, selector: {matchLabels: {name: b}}}]", "{{name}}", "{{path}}", ""), []string{"b w"}},
		"git directories": {
			spec("[{git: {"+here+", directories: [{path: apps/*}]}}]", "{{path.basenameNormalized}}", "{{path}}", ""),
			[]string{"alpha-one apps/Alpha_One", "beta apps/beta"}},
		"git directories, excluded": {
			spec("[{git: {"+here+", directories: [{path: apps/*}, {path: apps/Al*, exclude: true}]}}]", "{{.path.basename}}", "{{.path.path}}", goTemplate),
			[]string{"beta apps/beta"}},
		"git directories with a prefix and values": {
			spec("[{git: {"+here+", pathParamPrefix: here, directories: [{path: apps/beta}], values: {kind: '{{here.path[0]}}'}}}]", "{{values.kind}}-{{here.path.basename}}", "{{here.path}}", ""),
			[]string{"apps-beta apps/beta"}},
		"git files, a star crosses folders as in git ls-files": {
			spec("[{git: {"+here+", files: [{path: 'clusters/*/config.yaml'}]}}]", "{{cluster.name}}", "{{path}}", ""),
			[]string{"dev clusters/dev", "prod clusters/prod", "west-1 clusters/eu/west", "west-2 clusters/eu/west"}},
		"git files, excluded": {
			spec("[{git: {"+here+", files: [{path: clusters}, {path: clusters/eu, exclude: true}]}}]", "{{.cluster.name}}-{{.cluster.replicas}}", "{{.path.path}}", goTemplate),
			[]string{"dev-2 clusters/dev", "prod-5 clusters/prod"}},
		"matrix of both": {
			spec("[{matrix: {generators: [{git: {"+here+", pathParamPrefix: app, directories: [{path: apps/*}]}}, {git: {"+here+", files: [{path: clusters/*/config.yaml}]}, selector: {matchLabels: {cluster.name: dev}}}]}}]",
				"{{app.path.basenameNormalized}}-{{cluster.name}}", "{{app.path}}", ""),
			[]string{"alpha-one-dev apps/Alpha_One", "beta-dev apps/beta"}},
		"the second generator of a matrix sees the first": {
			spec("[{matrix: {generators: [{list: {elements: [{env: dev}]}}, {git: {"+here+", files: [{path: 'clusters/{{env}}/config.yaml'}]}}]}}]", "{{env}}", "{{path}}", ""),
			[]string{"dev clusters/dev"}},
		"merge": {
			spec("[{merge: {mergeKeys: [name], generators: [{list: {elements: [{name: a, path: x}, {name: b, path: w}]}}, {list: {elements: [{name: b, path: z}]}}]}}]", "{{name}}", "{{path}}", ""),
			[]string{"a x", "b z"}},
		"clusters": {
			spec("[{clusters: {values: {v: '{{metadata.labels.tier}}'}}}]", "{{nameNormalized}}", "{{values.v}}", ""),
			[]string{"dev-eu dev", "in-cluster {{metadata.labels.tier}}", "prod-eu production"}},
		"the project of a cluster": {
			spec("[{clusters: {selector: {matchLabels: {tier: production}}}}]", "{{.nameNormalized}}", "{{.project}}", goTemplate),
			[]string{"prod-eu shop"}},
		"clusters by label": {
			spec("[{clusters: {selector: {matchLabels: {tier: dev}}}}]", "{{.name}}", "{{.metadata.annotations.team}}", goTemplate),
			[]string{"dev-eu a"}},
		"clusters in a flat list": {
			spec("[{clusters: {flatList: true}}]", "all", "{{range .clusters}}{{.name}}/{{end}}", goTemplate),
			[]string{"all dev-eu/Prod_EU/in-cluster/"}},
		"a template of the generator comes first": {
			spec("[{list: {elements: [{name: a}], template: {metadata: {}, spec: {project: '', destination: {}, source: {repoURL: '', path: own}}}}}]", "{{name}}", "x", ""),
			[]string{"a own"}},
		"a template patch": {
			spec(list, "{{.name}}", "{{.path}}", goTemplate+", templatePatch: \"spec: {source: {path: 'patched/{{.name}}'}}\""),
			[]string{"a patched/a", "b patched/b"}},
		"no generators": {spec("[]", "a", "x", ""), []string{}},
	}
	for title, each := range cases {
		t.Run(title, func(t *testing.T) {
			actual := expand(t, root, "clusters: "+clusters, each.spec)
			if !reflect.DeepEqual(each.want, pairs(actual)) || len(actual.Undecided)+len(actual.Problems) > 0 {
				t.Errorf("expected %v, actual %v, %v", each.want, pairs(actual), actual)
			}
		})
	}
}

func TestAnApplicationIsAsTheControllerCreatesIt(t *testing.T) {
	actual := expand(t, t.TempDir(), "", "{generators: [{list: {elements: [{name: a}]}}], template: {metadata: {name: '{{name}}', labels: {x: '{{name}}'}}, spec: {source: {repoURL: r, path: p, kustomize: {}}, destination: {namespace: ns}, syncPolicy: {}}}}")
	want := toJSON(t, `{apiVersion: argoproj.io/v1alpha1, kind: Application,
		metadata: {name: a, namespace: argocd, labels: {x: a}, finalizers: [resources-finalizer.argocd.argoproj.io]},
		spec: {project: default, source: {repoURL: r, path: p}, destination: {namespace: ns}}}`)
	if len(actual.Applications) != 1 || text(actual.Applications[0].Manifest) != text(decoded(t, want)) {
		t.Errorf("expected %s, actual %s", want, text(actual))
	}
}

func decoded(t *testing.T, raw json.RawMessage) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestTagsGiveWhatGoTemplatesGive(t *testing.T) {
	raw := toJSON(t, `{metadata: {name: s, namespace: argocd}, spec: {goTemplate: true, goTemplateOptions: [missingkey=zero],
		templatePatch: "spec: {syncPolicy: {automated: {prune: {{.prune}}}}}\nmetadata: {annotations: {note: '{{.html}} {{{{.name}}}}'}}",
		template: {metadata: {name: "{{.name}}-}}", labels: {"{{.key}}": "{{.name}}", plain: "}}x"}, annotations: {}, finalizers: ["{{.name}}"]},
		spec: {project: "{{.none}}", destination: {}, info: [{name: a, value: "{{range .list}}{{.}},{{end}}"}], ignoreDifferences: [],
		source: {repoURL: r, helm: {valuesObject: {n: 12345678901234567890, "{{.key}}": ["{{.name}}", 1.50, null, true, "{{.html}}"]}, parameters: [{name: "{{.name}}", value: "{{.name}}", forceString: true}]}},
		syncPolicy: {retry: {limit: 0}}, revisionHistoryLimit: 3}}}}`)
	params := map[string]any{"name": "a", "key": "k/y", "html": "<&>{{name}}", "prune": true, "list": []any{"x", 1.5}}
	var plain, tagged v1alpha1.ApplicationSet
	for _, set := range []*v1alpha1.ApplicationSet{&plain, &tagged} {
		if err := json.Unmarshal(raw, set); err != nil {
			t.Fatal(err)
		}
	}
	patch := strings.ReplaceAll(*plain.Spec.TemplatePatch, "{{{{.name}}}}", "{{.name}}")
	plain.Spec.TemplatePatch, tagged.Spec.TemplatePatch = &patch, &patch
	want, err := render(&plain, params)
	if err != nil {
		t.Fatal(err)
	}
	filled, err := fill(&tagged, params)
	if err != nil || tagged.Spec.GoTemplate {
		t.Fatal(err, filled)
	}
	actual, err := render(&tagged, filled)
	if err != nil || text(want) != text(actual) {
		t.Errorf("expected %s, actual %s, %v", text(want), text(actual), err)
	}
}

func TestResourcesThatArePreservedGetNoFinalizer(t *testing.T) {
	actual := expand(t, t.TempDir(), "namespace: gitops", spec("[{list: {elements: [{name: a}]}}]", "{{name}}", "x", ", syncPolicy: {preserveResourcesOnDeletion: true}"))
	metadata := actual.Applications[0].Manifest["metadata"]
	if want := map[string]any{"name": "a", "namespace": "gitops"}; !reflect.DeepEqual(want, metadata) {
		t.Errorf("expected %v, actual %v", want, metadata)
	}
}

func TestWhatThePatchSetIsNamed(t *testing.T) {
	patch := "metadata: {labels: {a.b/c: d}}\\nspec: {project: other, source: {path: z}}"
	actual := expand(t, t.TempDir(), "", spec("[{list: {elements: [{name: a}]}}]", "{{name}}", "x", ", templatePatch: \""+patch+"\""))
	if len(actual.Applications) != 1 {
		t.Fatal(actual)
	}
	// A patch cannot move an Application to another project.
	want := [][]any{{"metadata", "labels"}, {"spec", "source", "path"}}
	if !reflect.DeepEqual(want, actual.Applications[0].Patched) {
		t.Errorf("expected %v, actual %v", want, actual.Applications[0].Patched)
	}
}

func TestWhatIsNotKnownHereIsUndecidedByName(t *testing.T) {
	root := sample(t)
	if err := os.Symlink("/etc/passwd", filepath.Join(root, "clusters/leak.yaml")); err != nil {
		t.Fatal(err)
	}
	git := "[{git: {%s, directories: [{path: apps/*}]}}]"
	cases := map[string]struct {
		generators string
		want       Undecided
	}{
		"another repository": {fmt.Sprintf(git, "repoURL: https://example.com/b.git"), Undecided{"spec.generators[0].git", "reads repository https://example.com/b.git, only the checked repository is known"}},
		"another revision":   {fmt.Sprintf(git, "repoURL: https://example.com/a, revision: v1"), Undecided{"spec.generators[0].git", "reads revision v1, only the checked revision is known"}},
		"pull requests":      {"[{pullRequest: {github: {owner: a, repo: b}}}]", Undecided{"spec.generators[0].pullRequest", "asks a source code host which pull requests are open"}},
		"repositories":       {"[{scmProvider: {github: {organization: a}}}]", Undecided{"spec.generators[0].scmProvider", "asks a source code host which repositories there are"}},
		"a plugin":           {"[{plugin: {configMapRef: {name: a}}}]", Undecided{"spec.generators[0].plugin", "asks a plugin's service"}},
		"placement":          {"[{clusterDecisionResource: {configMapRef: a}}]", Undecided{"spec.generators[0].clusterDecisionResource", "reads an object of the cluster"}},
		"clusters":           {"[{clusters: {}}]", Undecided{"spec.generators[0].clusters", "asks which clusters Argo CD knows, and none are declared"}},
		"inside a matrix": {"[{matrix: {generators: [{list: {elements: [{a: b}]}}, {clusters: {}}]}}]",
			Undecided{"spec.generators[0].matrix.generators[1].clusters", "asks which clusters Argo CD knows, and none are declared"}},
		"inside a matrix in a merge, by a template": {"[{merge: {mergeKeys: [a], generators: [{matrix: {generators: [{list: {elements: [{u: v2}]}}, {git: {repoURL: 'https://example.com/a', revision: '{{u}}', directories: [{path: apps}]}}]}}, {list: {elements: []}}]}}]",
			Undecided{"spec.generators[0].merge.generators[0].matrix.generators[1].git", "reads revision v2, only the checked revision is known"}},
		"a link that leads out": {"[{git: {" + here + ", files: [{path: clusters/leak.yaml}]}}]",
			Undecided{"spec.generators[0].git", "clusters/leak.yaml: leads out of the repository"}},
		"a pattern with magic": {"[{git: {" + here + ", files: [{path: ':(glob)clusters/*'}]}}]",
			Undecided{"spec.generators[0].git", "the file pattern :(glob)clusters/* uses a pathspec's magic signature, which is not read here"}},
	}
	for title, each := range cases {
		t.Run(title, func(t *testing.T) {
			generators := strings.TrimSuffix(each.generators, "]") + ", {list: {elements: [{name: z}]}}]"
			actual := expand(t, root, "", spec(generators, "{{name}}", "x", ""))
			if !reflect.DeepEqual([]Undecided{each.want}, actual.Undecided) || len(actual.Problems) > 0 {
				t.Errorf("expected %v, actual %v", each.want, actual)
			}
			if !reflect.DeepEqual([]string{"z x"}, pairs(actual)) {
				t.Errorf("the other generator made %v", pairs(actual))
			}
		})
	}
}

func TestWithoutAURLNoRepositoryIsTakenForThisOne(t *testing.T) {
	raw := toJSON(t, "{root: '"+t.TempDir()+"'}")
	answer, err := Run(raw, toJSON(t, "applicationset: {metadata: {name: a}, spec: "+spec("[{git: {"+here+", directories: [{path: '*'}]}}]", "a", "x", "")+"}"))
	want := "reads repository https://example.com/a.git, and no URL is known of the one that is checked"
	if err != nil || len(answer.(Answer).Undecided) != 1 || answer.(Answer).Undecided[0].Reason != want {
		t.Errorf("expected %q, actual %v, %v", want, answer, err)
	}
}

func TestFaultsStandAtTheirFieldInArgoCDsWords(t *testing.T) {
	root := testtree.Write(t, map[string]string{"bad.yaml": "{", "good.yaml": "name: a"})
	name := `: Invalid value: "A_b": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`
	one := "[{list: {elements: [{name: a}]}}]"
	cases := map[string]struct {
		spec string
		want []Problem
	}{
		"a missing key": {spec(one, "{{.nam}}", "{{.name}}", goTemplate), []Problem{
			{"spec.template.metadata.name", `failed to execute go template {{.nam}}: template: base:1:2: executing "base" at <.nam>: map has no entry for key "nam"`},
			{"spec.template.spec.destination.namespace", `failed to execute go template {{.nam}}: template: base:1:2: executing "base" at <.nam>: map has no entry for key "nam"`}}},
		"a template that does not parse": {spec(one, "{{.name}}", "{{.name", goTemplate), []Problem{
			{"spec.template.spec.source.path", "failed to parse template {{.name: template: base:1: unclosed action"}}},
		"a template in a patch": {spec(one, "a", "x", goTemplate+", templatePatch: '{{.no}}'"), []Problem{
			{"spec.templatePatch", `failed to execute go template {{.no}}: template: base:1:2: executing "base" at <.no>: map has no entry for key "no"`}}},
		"a patch that is no Application": {spec(one, "a", "x", ", templatePatch: '{spec: 1}'"), []Problem{
			{"spec.templatePatch", `invalid templatePatch "{spec: 1}": invalid character 's' looking for beginning of object key string`}}},
		"values of a generator": {spec("[{git: {"+here+", directories: [{path: '*'}], values: {a: '{{.no}}'}}}, {git: {"+here+", files: [{path: good.yaml}], values: {a: '{{.no}}'}}}]", "a", "x", goTemplate), []Problem{
			{"spec.generators[1].git.values.a", `error generating params from git: unable to process file 'good.yaml' from repository 'https://example.com/a.git': failed to append templated values: failed to replace templated string: failed to replace templated string with rendered values: failed to execute go template {{.no}}: template: base:1:2: executing "base" at <.no>: map has no entry for key "no"`}}},
		"a file that is no YAML": {spec("[{git: {"+here+", files: [{path: bad.yaml}]}}]", "a", "x", ""), []Problem{
			{"spec.generators[0].git", "error generating params from git: unable to process file 'bad.yaml' from repository 'https://example.com/a.git': unable to parse file: error converting YAML to JSON: yaml: line 1: did not find expected node content"}}},
		"three generators in a matrix": {spec("[{matrix: {generators: [{list: {}}, {list: {}}, {list: {}}]}}]", "a", "x", ""), []Problem{
			{"spec.generators[0].matrix", "found more than two generators, Matrix support only two"}}},
		"two of a name": {spec("[{list: {elements: [{n: 1a}, {n: 1b}]}}]", "a", "x", ""), []Problem{
			{"spec.template.metadata.name", "ApplicationSet teams contains applications with duplicate name: a"}}},
		"a name that the API server refuses": {spec(one, "A_b", "x", ""), []Problem{{"spec.template.metadata.name", "metadata.name" + name}}},
		"a generator of no kind":             {spec("[{}]", "a", "x", ""), []Problem{{"spec.generators[0]", "ApplicationSet teams contains unrecognized generators"}}},
		"a wrong type":                       {"{generators: 1}", []Problem{{"", "the ApplicationSet cannot be read: json: cannot unmarshal number into Go struct field ApplicationSetSpec.spec.generators of type []v1alpha1.ApplicationSetGenerator"}}},
	}
	for title, each := range cases {
		t.Run(title, func(t *testing.T) {
			actual := expand(t, root, "", each.spec)
			if !reflect.DeepEqual(each.want, actual.Problems) {
				t.Errorf("expected\n%v, actual\n%v", each.want, actual.Problems)
			}
			if len(actual.Applications) > 0 {
				t.Errorf("made %v", pairs(actual))
			}
		})
	}
}

func TestOneFaultyGeneratorStopsAllAsInTheController(t *testing.T) {
	actual := expand(t, t.TempDir(), "", spec("[{list: {elements: [{name: a}]}}, {matrix: {generators: []}}]", "{{name}}", "x", ""))
	if len(actual.Applications) != 0 || len(actual.Problems) != 1 {
		t.Errorf("actual %v", actual)
	}
}

func TestOddSetsHaveAnAnswerToo(t *testing.T) {
	odd := []string{
		"[null]", "[{list: null}]", "[{list: {elements: [null]}}]", "[{list: {elements: [1]}}]", "[{list: {elements: [[]]}}]",
		"[{list: {elementsYaml: '['}}]", "[{list: {elementsYaml: '[1]'}}]", "[{git: {}}]", "[{git: {directories: [{path: '['}], " + here + "}}]",
		"[{git: {files: [{path: ''}], " + here + "}}]", "[{matrix: {}}]", "[{matrix: {generators: [{}, {}]}}]", "[{matrix: {generators: [null, null]}}]",
		"[{matrix: {generators: [{matrix: {generators: []}}, {merge: 1}]}}]", "[{merge: {generators: [{list: {elements: [null]}}, {list: {elements: [null]}}], mergeKeys: [a]}}]",
		"[{merge: {generators: [{}, {}]}}]", "[{list: {elements: [{a: b}]}, selector: {matchExpressions: [{key: a, operator: no}]}}]", "[{selector: {}}]",
		"[{list: {elements: [{a: {b: [{c: d}]}}]}}]", "[{list: {elements: [{values: 1}]}}]", "[{list: {elements: [{}]}, clusters: {}}]",
	}
	root := sample(t)
	for _, generators := range odd {
		for _, mode := range []string{"", goTemplate, goTemplate + ", templatePatch: 'null'", ", templatePatch: '[]'", ", strategy: {}, syncPolicy: null"} {
			for _, tag := range []string{"{{.a | slugify 1 2}}", "{{template \"x\"}}", "{{", "{{index .a 3}}"} {
				answer := expand(t, root, "clusters: "+clusters, spec(generators, strings.ReplaceAll(tag, "'", "''"), "x", mode))
				if again := expand(t, root, "clusters: "+clusters, spec(generators, strings.ReplaceAll(tag, "'", "''"), "x", mode)); text(answer) != text(again) {
					t.Errorf("%s %s: first %s, then %s", generators, mode, text(answer), text(again))
				}
			}
		}
	}
}

func TestAPanicOfTheControllerIsAProblemOfTheGenerator(t *testing.T) {
	merge := "[{merge: {mergeKeys: [a], generators: [{list: {elements: [{}]}}, {list: {elements: [{b: x}]}}]}}]"
	actual := expand(t, t.TempDir(), "", spec(merge, "a", "x", ""))
	want := []Problem{{"spec.generators[0].merge", "Argo CD's controller fails on this generator: assignment to entry in nil map"}}
	if !reflect.DeepEqual(want, actual.Problems) || len(actual.Applications) > 0 {
		t.Errorf("expected %v, actual %v", want, actual)
	}
}

func TestOnlyListedFilesAreSeen(t *testing.T) {
	root := sample(t)
	generators := "[{git: {" + here + ", directories: [{path: apps/*}]}}]"
	actual := expand(t, root, "files: [apps/beta/base/kustomization.yaml, apps/beta/kustomization.yaml]", spec(generators, "{{path.basename}}", "{{path}}", ""))
	if want := []string{"beta apps/beta"}; !reflect.DeepEqual(want, pairs(actual)) {
		t.Errorf("expected %v, actual %v", want, actual)
	}
}

func TestWhatWasReadIsNamed(t *testing.T) {
	root := sample(t)
	generators := "[{git: {" + here + ", files: [{path: clusters/*/config.yaml}, {path: clusters/eu, exclude: true}]}}]"
	for range 2 {
		actual := expand(t, root, "", spec(generators, "{{cluster.name}}", "{{path}}", ""))
		want := []string{"clusters/dev/config.yaml", "clusters/eu/west/config.yaml", "clusters/prod/config.yaml"}
		if !reflect.DeepEqual(want, actual.Read) {
			t.Errorf("expected %v, actual %v", want, actual.Read)
		}
	}
	if none := expand(t, root, "", spec("[]", "a", "x", "")).Read; len(none) > 0 {
		t.Errorf("nothing was asked, actual %v", none)
	}
}

func TestTheAnswerIsTheSameEachTime(t *testing.T) {
	root := sample(t)
	of := spec("[{merge: {mergeKeys: [server], generators: [{clusters: {}}, {list: {elements: []}}]}}]", "a{{.name}}", "{{.no}}{{.name}}", goTemplate+", templatePatch: '{{.x}}'")
	first := text(expand(t, root, "clusters: "+clusters, of))
	for range 20 {
		if again := text(expand(t, root, "clusters: "+clusters, of)); again != first {
			t.Fatalf("first %s, then %s", first, again)
		}
	}
}

func TestRequestsThatCannotBeReadAreTheCallersFault(t *testing.T) {
	root := "{\"root\": \"" + t.TempDir() + "\"}"
	for params, item := range map[string]string{"{}": "{}", root: "{}", "1": "{\"applicationset\": {}}", "{\"root\": \"/\", \"files\": [\"../x\"]}": "{\"applicationset\": {}}"} {
		if _, err := Run([]byte(params), []byte(item)); err == nil || !strings.HasPrefix(err.Error(), "bad-request: expand: ") {
			t.Errorf("%s %s: actual %v", params, item, err)
		}
	}
}

func TestWhatAPatchSetsInVainIsNamed(t *testing.T) {
	one := "[{list: {elements: [{name: a, production: 'yes'}]}}]"
	patched := func(patch string) []Generated {
		t.Helper()
		quoted, _ := json.Marshal(patch)
		answer := expand(t, t.TempDir(), "", spec(one, "a", "x", goTemplate+", templatePatch: "+string(quoted)))
		if len(answer.Applications) != 1 {
			t.Fatalf("%s: actual %+v", patch, answer)
		}
		return answer.Applications
	}
	cases := map[string]string{
		"spec: {syncPolicy: {automated: {selfHealing: true, prune: true}}}":                           `[["spec","syncPolicy","automated","selfHealing"]]`,
		"spec: {syncPolicy: {automated: {SELFHEAL: true}}}":                                           `[]`,
		"spec: {project: other}":                                                                      `[["spec","project"]]`,
		"spec: {project: default}":                                                                    `[]`,
		"dependsOn: [b]\nspec: {sources: [{ref: x, branch: y}]}":                                      `[["dependsOn"],["spec","sources",0,"branch"]]`,
		"spec: {source: {helm: {valuesObject: {any: {thing: 1}}, parameters: [{name: a}]}}}":          `[]`,
		"spec: {source: {kustomize: {patches: [{target: {kind: A}, patch: b, options: {c: true}}]}}}": `[]`,
		"spec: {source: {plugin: {parameters: [{name: a, map: {b: c}, array: [d]}]}}}":                `[]`,
		"spec: {syncPolicy: {$patch: delete}}":                                                        `[]`,
		"metadata: {annotations: {any: thing}, finalizers: [a.b/c], labls: {a: b}}":                   `[["metadata","labls"]]`,
		"{{- if eq .production \"yes\" }}\nspec: {syncPolicy: {autom: {}}}\n{{- end }}":               `[["spec","syncPolicy","autom"]]`,
		"{{- if eq .production \"no\" }}\nspec: {syncPolicy: {autom: {}}}\n{{- end }}":                `[]`,
		"spec: {ignoreDifferences: [{kind: A, jqPathExpressions: [.b], jqExpressions: [.c]}]}":        `[["spec","ignoreDifferences",0,"jqExpressions"]]`,
	}
	for patch, expected := range cases {
		if actual := text(patched(patch)[0].Ignored); actual != expected {
			t.Errorf("%s: expected %s, actual %s", patch, expected, actual)
		}
	}
}
