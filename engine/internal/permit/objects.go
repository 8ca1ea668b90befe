package permit

import (
	"encoding/json"
	"fmt"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/sync/hook"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"sealock.dev/engine/internal/admit"
)

// definition is what a CustomResourceDefinition says of the scope of its kind.
type definition struct {
	Kind string `json:"kind"`
	Spec struct {
		Group string `json:"group"`
		Scope string `json:"scope"`
		Names struct {
			Kind string `json:"kind"`
		} `json:"names"`
	} `json:"spec"`
}

// scopes says of each known kind of custom resource whether its objects live in a namespace.
type scopes map[schema.GroupKind]bool

func (s scopes) learn(d definition) {
	if d.Kind == "CustomResourceDefinition" && d.Spec.Scope != "" {
		s[schema.GroupKind{Group: d.Spec.Group, Kind: d.Spec.Names.Kind}] = d.Spec.Scope == "Namespaced"
	}
}

// of says whether objects of a kind live in a namespace; known is false when nobody says.
func (s scopes) of(kind schema.GroupKind) (namespaced, known bool) {
	if namespaced, known = admit.Namespaced(kind); known {
		return namespaced, true
	}
	if namespaced, known = s[kind]; known {
		return namespaced, true
	}
	switch kind { // Argo CD's own definitions, which its cluster has
	case schema.GroupKind{Group: "argoproj.io", Kind: "Application"},
		schema.GroupKind{Group: "argoproj.io", Kind: "ApplicationSet"},
		schema.GroupKind{Group: "argoproj.io", Kind: "AppProject"}:
		return true, true
	}
	return false, false
}

// objects mirrors what a sync checks of each object before it applies any.
func (c *check) objects(spec *v1alpha1.ApplicationSpec, all targets, raws []json.RawMessage) {
	manifests := c.decode(raws)
	known := c.scopes(manifests)
	createsNamespace := createNamespace(spec)
	for _, manifest := range manifests {
		if isNamespace(manifest, spec.Destination.Namespace) {
			createsNamespace = false
		}
		if !hook.Skip(manifest) {
			c.object(spec, all, manifest, known)
		}
	}
	if createsNamespace {
		c.namespace(spec.Destination.Namespace)
	}
}

// decode reads the manifests and takes lists apart, as Argo CD's repo server does.
func (c *check) decode(raws []json.RawMessage) []*unstructured.Unstructured {
	var manifests []*unstructured.Unstructured
	for index, raw := range raws {
		manifest := &unstructured.Unstructured{}
		if err := json.Unmarshal(raw, &manifest.Object); err != nil {
			c.add(Undecided, fmt.Sprintf("object %d cannot be read: %s", index, err))
			continue
		}
		if !manifest.IsList() {
			manifests = append(manifests, manifest)
			continue
		}
		err := manifest.EachListItem(func(item runtime.Object) error {
			manifests = append(manifests, item.(*unstructured.Unstructured))
			return nil
		})
		if err != nil {
			c.add(Undecided, fmt.Sprintf("object %d cannot be read: %s", index, err))
		}
	}
	return manifests
}

// scopes knows the definitions that the caller gives and those that are deployed together with their objects.
func (c *check) scopes(manifests []*unstructured.Unstructured) scopes {
	known := scopes{}
	for _, each := range c.CRDs {
		known.learn(each)
	}
	for _, manifest := range manifests {
		if manifest.GetKind() != "CustomResourceDefinition" {
			continue
		}
		var each definition
		if raw, err := json.Marshal(manifest.Object); err == nil && json.Unmarshal(raw, &each) == nil {
			known.learn(each)
		}
	}
	return known
}

func (c *check) object(spec *v1alpha1.ApplicationSpec, all targets, manifest *unstructured.Unstructured, known scopes) {
	kind := manifest.GroupVersionKind().GroupKind()
	namespaced, isKnown := known.of(kind)
	if isKnown {
		c.problems = append(c.problems, c.sync(spec, all, manifest, namespaced)...)
		return
	}
	inNamespace, inCluster := c.sync(spec, all, manifest, true), c.sync(spec, all, manifest, false)
	switch {
	case len(inNamespace) == 0 && len(inCluster) == 0:
	case len(inNamespace) > 0 && len(inCluster) > 0 && inNamespace[0].Message == inCluster[0].Message:
		c.problems = append(c.problems, inNamespace...)
	default:
		c.problems = append(c.problems, Problem{Undecided, fmt.Sprintf(
			"whether %s is namespaced is not known, and the answer of project '%s' depends on it: add its CustomResourceDefinition",
			name(kind), c.project.Name), identity(manifest, manifest.GetNamespace())})
	}
}

// sync mirrors controller/sync.go validateSyncPermissions, after controller/state.go has settled the namespace.
func (c *check) sync(spec *v1alpha1.ApplicationSpec, all targets, manifest *unstructured.Unstructured, namespaced bool) []Problem {
	kind, namespace := manifest.GroupVersionKind().GroupKind(), ""
	if namespaced {
		if namespace = manifest.GetNamespace(); namespace == "" {
			namespace = spec.Destination.Namespace
		}
	}
	object := identity(manifest, namespace)
	if !c.project.IsGroupKindNamePermitted(kind, manifest.GetName(), namespaced) {
		return []Problem{{"spec.project", c.kindRefused(kind), object}}
	}
	if !namespaced {
		return nil
	}
	if namespace == "" {
		return []Problem{{"spec.destination", fmt.Sprintf("Namespace for %s %s is missing.", manifest.GetName(), manifest.GroupVersionKind()), object}}
	}
	switch c.permits(all, namespace) {
	case refused:
		return []Problem{{"spec.project", fmt.Sprintf("namespace %v is not permitted in project '%s'", namespace, c.project.Name), object}}
	case undecided:
		return []Problem{{Undecided, fmt.Sprintf("namespace %s: %s", namespace, c.whyUndecided(all[0].Server)), object}}
	}
	return nil
}

func (c *check) kindRefused(kind schema.GroupKind) string {
	return fmt.Sprintf("resource %s:%s is not permitted in project %s", kind.Group, kind.Kind, c.project.Name)
}

// namespace checks the Namespace that CreateNamespace=true adds to a sync while the cluster has none.
func (c *check) namespace(name string) {
	kind := schema.GroupKind{Kind: "Namespace"}
	if !c.project.IsGroupKindNamePermitted(kind, name, false) {
		c.problems = append(c.problems, Problem{"spec.syncPolicy.syncOptions",
			c.kindRefused(kind) + " (CreateNamespace=true creates it when it is not there)", "Namespace " + name})
	}
}

func createNamespace(spec *v1alpha1.ApplicationSpec) bool {
	return spec.SyncPolicy != nil && spec.SyncPolicy.SyncOptions.HasOption("CreateNamespace=true") && spec.Destination.Namespace != ""
}

func isNamespace(manifest *unstructured.Unstructured, called string) bool {
	return manifest.GroupVersionKind().GroupKind() == schema.GroupKind{Kind: "Namespace"} && manifest.GetName() == called
}

func name(kind schema.GroupKind) string {
	if kind.Group == "" {
		return kind.Kind
	}
	return kind.Group + "/" + kind.Kind
}

func identity(manifest *unstructured.Unstructured, namespace string) string {
	text := name(manifest.GroupVersionKind().GroupKind()) + " "
	if namespace != "" {
		text += namespace + "/"
	}
	return text + manifest.GetName()
}
