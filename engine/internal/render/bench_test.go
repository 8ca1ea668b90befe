package render

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkOverlays renders the overlays of the repository that SEALOCK_BENCH_ROOT names.
func BenchmarkOverlays(b *testing.B) {
	root := os.Getenv("SEALOCK_BENCH_ROOT")
	if root == "" {
		b.Skip("SEALOCK_BENCH_ROOT is not set")
	}
	files, err := filepath.Glob(root + "/services/*/overlays/*/kustomization.yaml")
	if err != nil || len(files) == 0 {
		b.Fatal("no overlays", err)
	}
	params, _ := json.Marshal(Params{Root: root, Want: []string{"objects"}})
	b.ResetTimer()
	for i := range b.N {
		item, _ := json.Marshal(Item{Overlay: filepath.Dir(files[i%len(files)])})
		if _, err := Run(params, item); err != nil {
			b.Fatal(err)
		}
	}
}
