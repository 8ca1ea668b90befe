package policy

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/kubeapiserver/admission/exclusion"
	kjson "sigs.k8s.io/json"

	"sealock.dev/engine/internal/admit"
)

// codecs decode built-in kinds leniently: what is wrong with an object's fields, admit says.
var codecs = serializer.NewCodecFactory(legacyscheme.Scheme)

// kinds knows the resources, scopes and versions of built-in kinds and of the definitions given.
type kinds struct {
	interfaces admission.ObjectInterfaces
	mapper     runtime.EquivalentResourceRegistry
	custom     map[schema.GroupKind]*customKind
}

// customKind is a kind of custom resource. Schemas are made when they are first needed.
type customKind struct {
	apiextensionsv1.CustomResourceDefinitionSpec
	schemas map[string]*structuralschema.Structural
}

func newKinds(definitions []json.RawMessage) *kinds {
	mapper := runtime.NewEquivalentResourceRegistryWithIdentity(storedTogether)
	scheme := legacyscheme.Scheme
	k := &kinds{
		interfaces: &admission.RuntimeObjectInterfaces{
			ObjectCreater: scheme, ObjectTyper: scheme, ObjectDefaulter: scheme, ObjectConvertor: scheme,
			EquivalentResourceMapper: mapper,
		},
		mapper: mapper,
		custom: map[schema.GroupKind]*customKind{},
	}
	for _, kind := range servedKinds() {
		k.mapper.RegisterKindFor(guess(kind), "", kind)
	}
	for _, raw := range definitions {
		k.learn(raw)
	}
	return k
}

// storedTogether names what resources of several groups have in common, as kube-apiserver's storage does.
func storedTogether(resource schema.GroupResource) string {
	if resource.Resource == "events" {
		return "events"
	}
	return resource.String()
}

// servedKinds are the built-in kinds that an API server serves by default, in a fixed order.
func servedKinds() []schema.GroupVersionKind {
	var served []schema.GroupVersionKind
	for kind := range legacyscheme.Scheme.AllKnownTypes() {
		stable := !strings.Contains(kind.Version, "alpha") && !strings.Contains(kind.Version, "beta")
		if _, known := admit.Namespaced(kind.GroupKind()); known && stable && kind.Version != runtime.APIVersionInternal {
			served = append(served, kind)
		}
	}
	slices.SortFunc(served, func(a, b schema.GroupVersionKind) int { return strings.Compare(a.String(), b.String()) })
	return served
}

// guess makes the plural; that of built-in kinds is right.
func guess(kind schema.GroupVersionKind) schema.GroupVersionResource {
	plural, _ := meta.UnsafeGuessKindToResource(kind)
	if name := strings.ToLower(kind.Kind); vowelAndY.MatchString(name) {
		plural.Resource = name + "s" // gateways, which the guess gets wrong
	}
	return plural
}

var vowelAndY = regexp.MustCompile(`[aeiou]y$`)

func (k *kinds) learn(raw json.RawMessage) {
	var definition apiextensionsv1.CustomResourceDefinition
	if json.Unmarshal(raw, &definition) != nil || definition.Kind != "CustomResourceDefinition" {
		return
	}
	spec := definition.Spec
	custom := &customKind{spec, map[string]*structuralschema.Structural{}}
	k.custom[schema.GroupKind{Group: spec.Group, Kind: spec.Names.Kind}] = custom
	for _, version := range spec.Versions {
		if version.Served {
			at := schema.GroupVersion{Group: spec.Group, Version: version.Name}
			k.mapper.RegisterKindFor(at.WithResource(spec.Names.Plural), "", at.WithKind(spec.Names.Kind))
		}
	}
}

// resource is guessed for a kind that nobody defines; known is false then.
func (k *kinds) resource(kind schema.GroupVersionKind) (resource schema.GroupVersionResource, known bool) {
	if custom := k.custom[kind.GroupKind()]; custom != nil {
		return kind.GroupVersion().WithResource(custom.Names.Plural), true
	}
	_, known = admit.Namespaced(kind.GroupKind())
	return guess(kind), known
}

// isExempt says whether admission policies are never asked about a resource: about themselves, and
// about reviews.
func isExempt(resource schema.GroupResource) bool {
	switch resource.Resource {
	case "validatingadmissionpolicies", "validatingadmissionpolicybindings",
		"mutatingadmissionpolicies", "mutatingadmissionpolicybindings":
		return resource.Group == "admissionregistration.k8s.io"
	}
	return slices.Contains(exclusion.Excluded(), resource)
}

// namespaced says whether objects of a kind live in a namespace; those that nobody defines are taken to.
func (k *kinds) namespaced(kind schema.GroupKind) bool {
	if namespaced, known := admit.Namespaced(kind); known {
		return namespaced
	}
	custom := k.custom[kind]
	return custom == nil || custom.Scope == apiextensionsv1.NamespaceScoped
}

func kindOf(object map[string]any) schema.GroupVersionKind {
	return (&unstructured.Unstructured{Object: object}).GroupVersionKind()
}

func readObject(raw json.RawMessage) (map[string]any, error) {
	var object map[string]any
	if err := kjson.UnmarshalCaseSensitivePreserveInts(raw, &object); err != nil {
		return nil, fmt.Errorf("the object cannot be read: %w", err)
	}
	if object == nil {
		return nil, fmt.Errorf("the object is no mapping")
	}
	return object, nil
}

// decode returns the object as admission sees it: built-in kinds internal and defaulted, custom
// resources pruned and defaulted. With an error, the object is as it was given.
func (k *kinds) decode(object map[string]any) (runtime.Object, error) {
	given := &unstructured.Unstructured{Object: runtime.DeepCopyJSON(object)}
	// A request that creates or updates an object cannot set it.
	delete(given.Object, "status")
	kind := given.GroupVersionKind()
	if custom := k.custom[kind.GroupKind()]; custom != nil {
		custom.complete(given, kind.Version)
		return given, nil
	}
	if !legacyscheme.Scheme.Recognizes(kind) {
		return given, nil
	}
	raw, err := given.MarshalJSON()
	if err != nil {
		return given, err
	}
	decoded, _, err := codecs.UniversalDecoder().Decode(raw, &kind, nil)
	if err != nil {
		return given, err
	}
	return decoded, nil
}

// complete prunes and defaults a custom resource; what its schema refuses, admit says.
func (c *customKind) complete(object *unstructured.Unstructured, version string) {
	structural := c.structural(version)
	if structural == nil {
		return
	}
	if !c.PreserveUnknownFields {
		pruning.Prune(object.Object, structural, true)
	}
	defaulting.Default(object.Object, structural)
}

func (c *customKind) structural(version string) *structuralschema.Structural {
	if found, known := c.schemas[version]; known {
		return found
	}
	c.schemas[version] = c.makeStructural(version)
	return c.schemas[version]
}

func (c *customKind) makeStructural(version string) *structuralschema.Structural {
	for _, each := range c.Versions {
		if each.Name != version || each.Schema == nil || each.Schema.OpenAPIV3Schema == nil {
			continue
		}
		internal := &apiextensions.JSONSchemaProps{}
		err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(each.Schema.OpenAPIV3Schema, internal, nil)
		if err != nil {
			return nil
		}
		if structural, err := structuralschema.NewStructural(internal); err == nil {
			return structural
		}
	}
	return nil
}

// convert returns custom resources in another version of their definition, as an API server does without a webhook.
func (k *kinds) convert(object runtime.Object, wanted schema.GroupVersionKind) (runtime.Object, error) {
	given, ok := object.(*unstructured.Unstructured)
	if !ok || given.GroupVersionKind() == wanted {
		return object, nil
	}
	custom := k.custom[wanted.GroupKind()]
	if custom == nil || custom.Conversion != nil && custom.Conversion.Strategy == apiextensionsv1.WebhookConverter {
		return nil, fmt.Errorf("only a cluster can convert %s to %s", given.GroupVersionKind(), wanted.GroupVersion())
	}
	converted := given.DeepCopy()
	converted.SetGroupVersionKind(wanted)
	custom.complete(converted, wanted.Version)
	return converted, nil
}
