package render

import (
	_ "unsafe" // for go:linkname

	_ "sigs.k8s.io/kustomize/api/provenance"

	"sealock.dev/engine/internal/version"
)

// kustomize writes its release into `app.kubernetes.io/managed-by` (buildMetadata: [managedByLabel]). Its own build
// sets this variable with a linker flag; setting it here leaves nothing to forget in our builds.
//
//go:linkname kustomizeRelease sigs.k8s.io/kustomize/api/provenance.version
var kustomizeRelease string

func init() { kustomizeRelease = version.Kustomize }
