package admit

import (
	"bytes"
	"os"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"sigs.k8s.io/yaml"
)

// documents reads a YAML file as one JSON manifest for each document.
func documents(t testing.TB, file string) [][]byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var manifests [][]byte
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		manifest, err := yaml.YAMLToJSONStrict(document)
		if err != nil {
			t.Fatalf("%v in\n%s", err, document)
		}
		manifests = append(manifests, manifest)
	}
	return manifests
}

func kindOf(t testing.TB, manifest []byte) schema.GroupVersionKind {
	t.Helper()
	var object struct{ APIVersion, Kind string }
	if err := yaml.Unmarshal(manifest, &object); err != nil {
		t.Fatal(err)
	}
	return schema.FromAPIVersionAndKind(object.APIVersion, object.Kind)
}

func TestEveryKindWithAStrategyHasAnAcceptedObject(t *testing.T) {
	covered := map[schema.GroupKind]bool{}
	for _, manifest := range documents(t, "testdata/accepted.yaml") {
		kind := kindOf(t, manifest)
		covered[kind.GroupKind()] = true
		verdict := Object(manifest)
		if len(verdict.Errors) > 0 || verdict.Undecided != "" {
			t.Errorf("%s: %q %s", kind, verdict.Errors, verdict.Undecided)
		}
	}
	for _, server := range servers() {
		for kind := range server.strategies {
			if !covered[kind] {
				t.Errorf("no accepted object of %s", kind)
			}
		}
	}
}

// notKept are the kinds that are sent or answered but never stored under their own name.
var notKept = map[schema.GroupKind]string{
	{Group: "", Kind: "Binding"}:                                      "request on a pod",
	{Group: "", Kind: "ComponentStatus"}:                              "computed when read",
	{Group: "", Kind: "PodExecOptions"}:                               "request parameters",
	{Group: "", Kind: "RangeAllocation"}:                              "the API server's own bookkeeping, never served",
	{Group: "", Kind: "SerializedReference"}:                          "annotation of a pod",
	{Group: "", Kind: "PodStatusResult"}:                              "answer of a kubelet",
	{Group: "apps", Kind: "DeploymentRollback"}:                       "removed request",
	{Group: "authentication.k8s.io", Kind: "SelfSubjectReview"}:       "review",
	{Group: "authentication.k8s.io", Kind: "TokenRequest"}:            "request on a service account",
	{Group: "authentication.k8s.io", Kind: "TokenReview"}:             "review",
	{Group: "authorization.k8s.io", Kind: "LocalSubjectAccessReview"}: "review",
	{Group: "authorization.k8s.io", Kind: "SelfSubjectAccessReview"}:  "review",
	{Group: "authorization.k8s.io", Kind: "SelfSubjectRulesReview"}:   "review",
	{Group: "authorization.k8s.io", Kind: "SubjectAccessReview"}:      "review",
	{Group: "autoscaling", Kind: "Scale"}:                             "request on a workload",
	{Group: "policy", Kind: "Eviction"}:                               "request on a pod",
}

func TestEveryKindThatTheAPIServerKeepsHasAStrategy(t *testing.T) {
	for kind := range legacyscheme.Scheme.AllKnownTypes() {
		server := servers()[0]
		if !server.serves(kind) || !keeps(kind) || server.strategies[kind.GroupKind()] != nil {
			continue
		}
		if notKept[kind.GroupKind()] == "" {
			t.Errorf("%s has neither a strategy nor a reason to have none", kind)
		}
	}
	for kind := range notKept {
		if len(legacyscheme.Scheme.VersionsForGroupKind(kind)) == 0 {
			t.Errorf("%s is excluded but unknown", kind)
		}
	}
}

// keeps says whether a kind has object metadata, as all that is stored has.
func keeps(kind schema.GroupVersionKind) bool {
	object, err := legacyscheme.Scheme.New(kind)
	if err != nil {
		return false
	}
	_, ok := object.(metav1.ObjectMetaAccessor)
	return ok
}
