package admit

import (
	"strings"
	"testing"
)

// What is no object at all is refused or undecided, and no object brings the strategies down.
func FuzzObject(f *testing.F) {
	for _, file := range []string{"testdata/accepted.yaml", "testdata/refused.yaml"} {
		for _, manifest := range documents(f, file) {
			f.Add(manifest)
		}
	}
	f.Add([]byte(`{"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "metadata": {"name": "a", "namespace": "b"}, "spec": {"devices": {"requests": [{"name": "a", "exactly": {"deviceClassName": "a", "adminAccess": true}}]}}}`))
	f.Fuzz(func(t *testing.T, manifest []byte) {
		verdict := Object(manifest)
		// Whether a claim may have admin access is up to its namespace, which only a cluster can show.
		if strings.Contains(verdict.Undecided, "runtime error") && !strings.HasPrefix(verdict.Undecided, "ResourceClaim") {
			t.Errorf("%s for %s", verdict.Undecided, manifest)
		}
		for _, each := range verdict.Errors {
			if each[1] == "" {
				t.Errorf("an error without words for %s", manifest)
			}
		}
	})
}
