package admit

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	_ "time/tzdata" // time zones of CronJobs, as in kube-apiserver

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresourcedefinition"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/endpoints/deprecation"
	"k8s.io/apiserver/pkg/registry/rest"
	kubernetes "k8s.io/component-base/version"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/install"
	"k8s.io/kube-aggregator/pkg/registry/apiservice"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/capabilities"
)

// Version is the linked Kubernetes as MAJOR.MINOR.
const Version = kubernetes.DefaultKubeBinaryVersion

var major, minor = func() (major, minor int) {
	if _, err := fmt.Sscanf(Version, "%d.%d", &major, &minor); err != nil {
		panic(err)
	}
	return major, minor
}()

// server is one of the API server's three parts: its types, and what it runs on create.
type server struct {
	scheme     *runtime.Scheme
	codecs     serializer.CodecFactory
	decoder    runtime.Decoder
	strategies map[schema.GroupKind]rest.RESTCreateStrategy
	kinds      map[schema.GroupKind]bool
}

func newServer(scheme *runtime.Scheme, strategies map[schema.GroupKind]rest.RESTCreateStrategy) *server {
	kinds := map[schema.GroupKind]bool{}
	for kind := range scheme.AllKnownTypes() {
		kinds[kind.GroupKind()] = true
	}
	codecs := serializer.NewCodecFactory(scheme, serializer.EnableStrict)
	return &server{scheme, codecs, codecs.UniversalDecoder(), strategies, kinds}
}

var servers = sync.OnceValue(func() []*server {
	const allowPrivileged = true // a flag of kube-apiserver that every distribution sets
	capabilities.Setup(allowPrivileged, 0)
	crds, services := runtime.NewScheme(), runtime.NewScheme()
	apiextensions.Install(crds)
	apiregistration.Install(services)
	return []*server{
		newServer(legacyscheme.Scheme, strategies),
		newServer(crds, map[schema.GroupKind]rest.RESTCreateStrategy{
			{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}: customresourcedefinition.NewStrategy(crds),
		}),
		newServer(services, map[schema.GroupKind]rest.RESTCreateStrategy{
			{Group: "apiregistration.k8s.io", Kind: "APIService"}: apiservice.NewStrategy(services),
		}),
	}
})

func serverOf(kind schema.GroupKind) *server {
	for _, candidate := range servers() {
		if candidate.kinds[kind] {
			return candidate
		}
	}
	return nil
}

// Namespaced says whether objects of a built-in kind live in a namespace; known is false for others.
func Namespaced(kind schema.GroupKind) (namespaced, known bool) {
	for _, candidate := range servers() {
		if strategy := candidate.strategies[kind]; strategy != nil {
			return strategy.NamespaceScoped(), true
		}
	}
	return false, false
}

// notServed says why no API server of this version takes the kind in this version of its group; empty when one does.
func (s *server) notServed(kind schema.GroupVersionKind) string {
	if s.serves(kind) {
		return ""
	}
	name := fmt.Sprintf("%s %s", kind.GroupVersion(), kind.Kind)
	if kind.Version != runtime.APIVersionInternal && s.scheme.Recognizes(kind) {
		if message := deprecation.WarningMessage(newObject(s.scheme, kind)); message != "" {
			return message
		}
	}
	var served []string
	for _, version := range s.scheme.VersionsForGroupKind(kind.GroupKind()) {
		if s.serves(version.WithKind(kind.Kind)) {
			served = append(served, version.String())
		}
	}
	slices.Sort(served)
	if len(served) == 0 {
		return fmt.Sprintf("Kubernetes %s does not serve %s", Version, name)
	}
	return fmt.Sprintf("Kubernetes %s does not serve %s; use %s", Version, name, strings.Join(served, " or "))
}

// serves says whether the scheme has a version that was not removed since.
func (s *server) serves(kind schema.GroupVersionKind) bool {
	if kind.Version == runtime.APIVersionInternal || !s.scheme.Recognizes(kind) {
		return false
	}
	object := newObject(s.scheme, kind)
	removed, ok := object.(interface{ APILifecycleRemoved() (int, int) })
	if !ok {
		return true
	}
	removedMajor, removedMinor := removed.APILifecycleRemoved()
	return removedMajor == 0 || removedMajor > major || removedMajor == major && removedMinor > minor
}

// warningsOf tells what kubectl prints for a deprecated version, and that alpha and beta versions are off by default.
func (s *server) warningsOf(kind schema.GroupVersionKind) []string {
	var warnings []string
	if external := newObject(s.scheme, kind); external != nil && deprecation.IsDeprecated(external, major, minor) {
		warnings = append(warnings, deprecation.WarningMessage(external))
	}
	if strings.Contains(kind.Version, "alpha") || strings.Contains(kind.Version, "beta") {
		warnings = append(warnings, fmt.Sprintf("Kubernetes %s serves %s only when its --runtime-config says so", Version, kind.GroupVersion()))
	}
	return warnings
}
