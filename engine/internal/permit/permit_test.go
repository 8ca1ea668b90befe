package permit

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// ask runs one item whose parts are YAML; project is the spec of the project `payments`.
func ask(t *testing.T, project, application string, objects ...string) []Problem {
	t.Helper()
	return run(t, "projects: [{metadata: {name: payments, namespace: argocd}, spec: "+project+"}]", application, objects...)
}

func run(t *testing.T, params, application string, objects ...string) []Problem {
	t.Helper()
	item := "application: " + application + "\nobjects: [" + strings.Join(objects, ", ") + "]"
	answer, err := Run(toJSON(t, params), toJSON(t, item))
	if err != nil {
		t.Fatal(err)
	}
	return answer.(Answer).Problems
}

func toJSON(t *testing.T, text string) json.RawMessage {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return raw
}

func app(source, destination string) string {
	return "{metadata: {name: api, namespace: argocd}, spec: {project: payments, " + source + ", destination: " + destination + "}}"
}

const (
	repo    = "source: {repoURL: https://example.com/payments.git, path: a}"
	here    = "{server: https://kubernetes.default.svc, namespace: payments}"
	open    = "{sourceRepos: ['*'], destinations: [{server: '*', namespace: '*'}]}"
	deploy  = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: api}}"
	role    = "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: reader}}"
	widget  = "{apiVersion: example.com/v1, kind: Widget, metadata: {name: a}}"
	crd     = "{kind: CustomResourceDefinition, apiVersion: apiextensions.k8s.io/v1, metadata: {name: widgets.example.com}, spec: {group: example.com, scope: Namespaced, names: {kind: Widget}}}"
	refusal = "application destination server 'https://kubernetes.default.svc' and namespace 'payments' do not match any of the allowed destinations in project 'payments'"
)

func repos(list string) string {
	return "{sourceRepos: " + list + ", destinations: [{server: '*', namespace: '*'}]}"
}

func destinations(list string) string { return "{sourceRepos: ['*'], destinations: " + list + "}" }

func with(rules string) string {
	return "{sourceRepos: ['*'], destinations: [{server: '*', namespace: payments}], " + rules + "}"
}

func TestSourcesAndDestinationsAreJudgedAsArgoCDDoes(t *testing.T) {
	const notRepo = "application repo https://example.com/payments.git is not permitted in project 'payments'"
	cases := map[string]struct {
		project, application string
		want                 []Problem
	}{
		"all is open":                         {open, app(repo, here), nil},
		"the repository is spelled otherwise": {repos("['https://EXAMPLE.com/payments']"), app(repo, here), nil},
		"the repository is another":           {repos("['https://example.com/other.git']"), app(repo, here), []Problem{{Path: "spec.source.repoURL", Message: notRepo}}},
		"no repository is named":              {repos("[]"), app(repo, here), []Problem{{Path: "spec.source.repoURL", Message: notRepo}}},
		"one star does not cross a slash":     {repos("['https://*']"), app(repo, here), []Problem{{Path: "spec.source.repoURL", Message: notRepo}}},
		"two stars cross slashes":             {repos("['https://**']"), app(repo, here), nil},
		"the repository is denied":            {repos("['*', '!https://example.com/payments.git']"), app(repo, here), []Problem{{Path: "spec.source.repoURL", Message: notRepo}}},
		"another denial counts as permission": {repos("['!https://example.com/other.git']"), app(repo, here), nil},
		"the namespace is another":            {destinations("[{server: '*', namespace: other}]"), app(repo, here), []Problem{{Path: "spec.destination", Message: refusal}}},
		"another denied namespace permits":    {destinations("[{server: '*', namespace: '!kube-system'}]"), app(repo, here), nil},
		"payments and another denial permits": {destinations("[{server: '*', namespace: payments}, {server: '*', namespace: '!kube-system'}]"), app(repo, "{server: https://kubernetes.default.svc, namespace: other}"), nil},
		"the namespace is denied":             {destinations("[{server: '*', namespace: '*'}, {server: '*', namespace: '!payments'}]"), app(repo, here), []Problem{{Path: "spec.destination", Message: refusal}}},
		"a namespace denied by name permits":  {destinations("[{server: '*', namespace: '*'}, {name: in-cluster, namespace: '!payments'}]"), app(repo, here), nil},
		"a denied name ignores the namespace": {destinations("[{server: '*', namespace: '*'}, {name: '!in-cluster', namespace: other}]"), app(repo, here), []Problem{{Path: "spec.destination", Message: refusal}}},
		"in-cluster is the server":            {destinations("[{server: 'https://kubernetes.default.svc', namespace: payments}]"), app(repo, "{name: in-cluster, namespace: payments}"), nil},
		"the server is in-cluster":            {destinations("[{name: in-cluster, namespace: payments}]"), app(repo, here), nil},
		"a slash ends the server":             {destinations("[{server: 'https://kubernetes.default.svc', namespace: payments}]"), app(repo, "{server: https://kubernetes.default.svc/, namespace: payments}"), nil},
		"name and server are both given":      {open, app(repo, "{name: a, server: https://b}"), []Problem{{Path: "spec.destination", Message: "application destination can't have both name and server defined: a https://b"}}},
		"no destination is given":             {open, app(repo, "{namespace: a}"), []Problem{{Path: "spec.destination", Message: "Destination server missing from app spec"}}},
		"a source has no path":                {open, app("source: {repoURL: https://example.com/a.git}", here), []Problem{{Path: "spec.source", Message: "spec.source.repoURL and either spec.source.path or spec.source.chart are required"}}},
		"a chart has no version":              {open, app("source: {repoURL: https://example.com/a.git, chart: a}", here), []Problem{{Path: "spec.source", Message: "spec.source.targetRevision is required if the manifest source is a helm chart"}}},
		"sources are used instead of the source": {
			repos("['https://example.com/payments.git']"),
			app("source: {repoURL: https://example.com/ignored.git, path: a}, sources: [{repoURL: https://example.com/payments.git, path: a}, {repoURL: https://example.com/values.git, ref: values}]", here),
			[]Problem{{Path: "spec.sources[1].repoURL", Message: "application repo https://example.com/values.git is not permitted in project 'payments'"}},
		},
		"the hydrator is used instead of the source": {
			repos("['https://example.com/payments.git']"),
			app(repo+", sourceHydrator: {drySource: {repoURL: https://example.com/dry.git, path: a}, syncSource: {targetBranch: env, path: b}}", here),
			[]Problem{{Path: "spec.sourceHydrator.drySource.repoURL", Message: "application repo https://example.com/dry.git is not permitted in project 'payments'"}},
		},
		"a hydrator lacks its branch": {
			open,
			app("sourceHydrator: {drySource: {repoURL: https://example.com/dry.git}, syncSource: {path: b}}", here),
			[]Problem{{Path: "spec.sourceHydrator.syncSource", Message: "spec.sourceHydrator.syncSource.targetBranch is required"}},
		},
		"source and destination are both refused": {
			"{sourceRepos: [], destinations: []}", app(repo, here),
			[]Problem{{Path: "spec.source.repoURL", Message: notRepo}, {Path: "spec.destination", Message: refusal}},
		},
	}
	for name, each := range cases {
		t.Run(name, func(t *testing.T) { same(t, each.want, ask(t, each.project, each.application)) })
	}
}

func TestAClusterWithAnUnknownHalfIsUndecidedOnlyWhenItMatters(t *testing.T) {
	const mixed = "spec.destination: project 'payments' and the Application call clusters by name and by server, and only Argo CD's cluster secrets tell which 'prod' is"
	byName := app(repo, "{name: prod, namespace: payments}")
	unknown := []Problem{{Path: Undecided, Message: mixed}}
	refused := []Problem{{Path: "spec.destination", Message: "application destination server 'prod' and namespace 'payments' do not match any of the allowed destinations in project 'payments'"}}
	cases := map[string]struct {
		project string
		want    []Problem
	}{
		"permitted by name":                {destinations("[{name: prod, namespace: payments}]"), nil},
		"any server is permitted":          {destinations("[{server: '*', namespace: payments}]"), nil},
		"another name":                     {destinations("[{name: dev, namespace: payments}]"), refused},
		"permitted by server":              {destinations("[{server: 'https://prod', namespace: payments}]"), unknown},
		"permitted by a pattern":           {destinations("[{server: 'https://*.example.com', namespace: payments}]"), unknown},
		"permitted by name, denied server": {destinations("[{name: prod, namespace: payments}, {server: '!https://prod', namespace: payments}]"), unknown},
		"another namespace of a server":    {destinations("[{server: 'https://prod', namespace: other}]"), refused},
		"patterns that may combine": {
			destinations("[{server: 'https://*.eu', namespace: payments}, {server: '!https://prod.*', namespace: payments}]"),
			[]Problem{{Path: Undecided, Message: "spec.destination: whether the project permits this cluster depends on its name and server in Argo CD's cluster secrets"}},
		},
		"only clusters of the project": {
			"{sourceRepos: ['*'], destinations: [{name: prod, namespace: payments}], permitOnlyProjectScopedClusters: true}",
			[]Problem{{Path: Undecided, Message: "spec.destination: project 'payments' permits only its own clusters, and only Argo CD's cluster secrets tell whether 'prod' is one"}},
		},
	}
	for name, each := range cases {
		t.Run(name, func(t *testing.T) { same(t, each.want, ask(t, each.project, byName)) })
	}
}

func TestAClusterThatTheCallerKnowsIsDecided(t *testing.T) {
	const project = "projects: [{metadata: {name: payments}, spec: {sourceRepos: ['*'], destinations: [{server: 'https://prod', namespace: payments}]}}]\n"
	byName := app(repo, "{name: prod, namespace: payments}")
	same(t, nil, run(t, project+"clusters: [{name: prod, server: https://prod}]", byName))
	same(t, []Problem{{Path: "spec.destination", Message: "application destination server 'prod' and namespace 'payments' do not match any of the allowed destinations in project 'payments'"}},
		run(t, project+"clusters: [{name: prod, server: https://other}]", byName))
	same(t, []Problem{{Path: "spec.destination", Message: "there are 2 clusters with the same name: [https://a https://b]"}},
		run(t, project+"clusters: [{name: prod, server: https://a}, {name: prod, server: https://b}]", byName))
}

func TestObjectsAreJudgedAsASyncDoes(t *testing.T) {
	noDeployment := []Problem{{"spec.project", "resource apps:Deployment is not permitted in project payments", "apps/Deployment payments/api"}}
	noRole := []Problem{{"spec.project", "resource rbac.authorization.k8s.io:ClusterRole is not permitted in project payments", "rbac.authorization.k8s.io/ClusterRole reader"}}
	const any = "clusterResourceWhitelist: [{group: '*', kind: '*'}]"
	cases := map[string]struct {
		rules, object string
		want          []Problem
	}{
		"no list of namespaced kinds permits all":        {"x: 1", deploy, nil},
		"an empty list of namespaced kinds permits none": {"namespaceResourceWhitelist: []", deploy, noDeployment},
		"a namespaced kind is listed":                    {"namespaceResourceWhitelist: [{group: apps, kind: Deployment}]", deploy, nil},
		"a namespaced kind is listed by a pattern":       {"namespaceResourceWhitelist: [{group: '*', kind: 'Dep*'}]", deploy, nil},
		"a namespaced kind is listed in another group":   {"namespaceResourceWhitelist: [{group: '', kind: Deployment}]", deploy, noDeployment},
		"a namespaced kind is denied":                    {"namespaceResourceBlacklist: [{group: apps, kind: Deployment}]", deploy, noDeployment},
		"no list of cluster kinds permits none":          {"x: 1", role, noRole},
		"an empty list of cluster kinds permits none":    {"clusterResourceWhitelist: []", role, noRole},
		"a cluster kind is listed":                       {any, role, nil},
		"a cluster kind is listed with its name":         {"clusterResourceWhitelist: [{group: '*', kind: ClusterRole, name: 'read*'}]", role, nil},
		"a cluster kind is listed with another name":     {"clusterResourceWhitelist: [{group: '*', kind: ClusterRole, name: writer}]", role, noRole},
		"a cluster kind is denied":                       {any + ", clusterResourceBlacklist: [{group: '*', kind: ClusterRole}]", role, noRole},
		"a namespace on a cluster kind is ignored":       {any, "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: reader, namespace: other}}", nil},
		"an object is in another namespace": {
			"x: 1", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: other}}",
			[]Problem{{"spec.project", "namespace other is not permitted in project 'payments'", "ConfigMap other/a"}},
		},
		"a skipped hook is not deployed":            {"namespaceResourceWhitelist: []", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: api, annotations: {argocd.argoproj.io/hook: Skip}}}", nil},
		"another hook is deployed":                  {"namespaceResourceWhitelist: []", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: api, annotations: {argocd.argoproj.io/hook: PreSync}}}", noDeployment},
		"a list is taken apart":                     {"namespaceResourceWhitelist: []", "{apiVersion: v1, kind: List, items: [" + deploy + "]}", noDeployment},
		"an Application is namespaced":              {"x: 1", "{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: a, namespace: payments}}", nil},
		"a custom resource has no definition":       {"x: 1", widget, []Problem{{Undecided, "whether example.com/Widget is namespaced is not known, and the answer of project 'payments' depends on it: add its CustomResourceDefinition", "example.com/Widget a"}}},
		"a custom resource is permitted either way": {any, widget, nil},
		"a custom resource is refused either way": {
			"namespaceResourceWhitelist: []", widget,
			[]Problem{{"spec.project", "resource example.com:Widget is not permitted in project payments", "example.com/Widget payments/a"}},
		},
	}
	for name, each := range cases {
		t.Run(name, func(t *testing.T) { same(t, each.want, ask(t, with(each.rules), app(repo, here), each.object)) })
	}
}

func TestTheDefinitionOfACustomResourceTellsItsScope(t *testing.T) {
	same(t, nil, ask(t, with("clusterResourceWhitelist: [{group: apiextensions.k8s.io, kind: '*'}]"), app(repo, here), crd, widget))
	project := "projects: [{metadata: {name: payments}, spec: " + with("x: 1") + "}]\ncrds: [" + crd + "]"
	same(t, nil, run(t, project, app(repo, here), widget))
	cluster := strings.ReplaceAll(project, "scope: Namespaced", "scope: Cluster")
	same(t, []Problem{{"spec.project", "resource example.com:Widget is not permitted in project payments", "example.com/Widget a"}},
		run(t, cluster, app(repo, here), widget))
}

func TestAnObjectWithoutANamespaceNeedsTheDestinations(t *testing.T) {
	same(t, []Problem{{"spec.destination", "Namespace for api apps/v1, Kind=Deployment is missing.", "apps/Deployment api"}},
		ask(t, open, app(repo, "{server: https://kubernetes.default.svc}"), deploy))
}

func TestCreatingTheNamespaceNeedsPermission(t *testing.T) {
	creating := app(repo+", syncPolicy: {syncOptions: [CreateNamespace=true]}", here)
	namespace := "{apiVersion: v1, kind: Namespace, metadata: {name: payments}}"
	want := Problem{"spec.syncPolicy.syncOptions", "resource :Namespace is not permitted in project payments (CreateNamespace=true creates it when it is not there)", "Namespace payments"}
	same(t, []Problem{want}, ask(t, with("x: 1"), creating))
	same(t, nil, ask(t, with("clusterResourceWhitelist: [{group: '', kind: Namespace}]"), creating))
	same(t, []Problem{{"spec.project", "resource :Namespace is not permitted in project payments", "Namespace payments"}},
		ask(t, with("x: 1"), creating, namespace))
	same(t, nil, ask(t, with("x: 1"), strings.ReplaceAll(creating, "CreateNamespace=true", "createNamespace=true")))
}

func TestTheProjectIsFoundOrSaidToBeMissing(t *testing.T) {
	missing := []Problem{{Path: "spec.project", Message: "Application referencing project payments which does not exist"}}
	same(t, missing, run(t, "projects: []", app(repo, here)))
	same(t, missing, run(t, "{}", app(repo, here)))
	for _, project := range []string{"default", "''"} {
		application := strings.ReplaceAll(app(repo, here), "project: payments", "project: "+project)
		same(t, nil, run(t, "projects: []", application, deploy, role))
	}
	closed := "projects: [{metadata: {name: default}, spec: {sourceRepos: []}}]"
	if got := run(t, closed, strings.ReplaceAll(app(repo, here), "project: payments", "project: default")); len(got) != 2 {
		t.Errorf("a given project default is used: %v", got)
	}
}

func TestAnApplicationElsewhereNeedsSourceNamespaces(t *testing.T) {
	elsewhere := strings.ReplaceAll(app(repo, here), "namespace: argocd", "namespace: team-a")
	want := []Problem{{Path: "metadata.namespace", Message: "application 'api' in namespace 'team-a' is not allowed to use project payments"}}
	same(t, want, ask(t, with("x: 1"), elsewhere))
	same(t, nil, ask(t, with("sourceNamespaces: ['team-*']"), elsewhere))
	same(t, want, ask(t, with("sourceNamespaces: [team-b]"), elsewhere))
}

func TestTheProjectBesideTheApplicationIsUsed(t *testing.T) {
	params := "projects: [{metadata: {name: payments, namespace: other}, spec: {}}, {metadata: {name: payments, namespace: argocd}, spec: " + open + "}]"
	same(t, nil, run(t, params, app(repo, here)))
}

func TestWhatCannotBeReadIsAProblemAndNoPanic(t *testing.T) {
	for _, application := range []string{"{spec: {project: 1}}", "[]", "{metadata: x}"} {
		if got := run(t, "{}", application); len(got) != 1 || !strings.HasPrefix(got[0].Message, "the Application cannot be read: ") {
			t.Errorf("%s gives %v", application, got)
		}
	}
	got := ask(t, open, app(repo, here), "1", "null", "{kind: List, items: [1]}")
	if len(got) == 0 || got[0].Path != Undecided {
		t.Errorf("got %v", got)
	}
}

func TestBadItemsAreBadRequests(t *testing.T) {
	for _, each := range [][2]string{{`{}`, `{}`}, {`{}`, `[]`}, {`{"projects":1}`, `{"application":{}}`}} {
		if _, err := Run(json.RawMessage(each[0]), json.RawMessage(each[1])); err == nil || !strings.HasPrefix(err.Error(), "bad-request: ") {
			t.Errorf("%s gives %v", each, err)
		}
	}
}

func TestNoProblemIsAnEmptyList(t *testing.T) {
	answer, err := Run(nil, toJSON(t, "application: "+strings.ReplaceAll(app(repo, here), "project: payments", "project: default")))
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := json.Marshal(answer); string(text) != `{"problems":[]}` {
		t.Errorf("got %s", text)
	}
}

func same(t *testing.T, want, got []Problem) {
	t.Helper()
	if len(want) == 0 && len(got) == 0 {
		return
	}
	if !reflect.DeepEqual(want, got) {
		t.Errorf("want %q\ngot  %q", want, got)
	}
}

func BenchmarkApplication(b *testing.B) {
	params, _ := yaml.YAMLToJSON([]byte("projects: [{metadata: {name: payments}, spec: " + with("x: 1") + "}]"))
	item, _ := yaml.YAMLToJSON([]byte("application: " + app(repo, here) + "\nobjects: [" + deploy + ", " + deploy + ", " + deploy + "]"))
	for b.Loop() {
		if _, err := Run(params, item); err != nil {
			b.Fatal(err)
		}
	}
}
