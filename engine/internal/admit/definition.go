package admit

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured/unstructuredscheme"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
)

// definition is a CustomResourceDefinition; its versions are compiled when they are first asked for.
type definition struct {
	kind     schema.GroupKind
	crd      func() (*apiextensions.CustomResourceDefinition, error)
	lock     sync.Mutex
	versions map[string]*custom
}

// definitionKind is the kind of a CustomResourceDefinition itself.
var definitionKind = schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}

var compiled struct {
	sync.Mutex
	byDigest map[[sha256.Size]byte]*definition
}

// maxDefinitions bounds what is kept; some hundred is what large platforms have.
const maxDefinitions = 1000

// definitionOf keeps definitions by content, for compiling the rules of one can take a tenth of a second.
func definitionOf(raw json.RawMessage) (*definition, error) {
	compiled.Lock()
	defer compiled.Unlock()
	digest := sha256.Sum256(raw)
	if found := compiled.byDigest[digest]; found != nil {
		return found, nil
	}
	found, err := newDefinition(raw)
	if err != nil {
		return nil, err
	}
	if compiled.byDigest == nil || len(compiled.byDigest) >= maxDefinitions {
		compiled.byDigest = map[[sha256.Size]byte]*definition{}
	}
	compiled.byDigest[digest] = found
	return found, nil
}

func newDefinition(raw json.RawMessage) (*definition, error) {
	var top struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Spec       struct {
			Group string `json:"group"`
			Names struct {
				Kind string `json:"kind"`
			} `json:"names"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(raw, &top); err != nil {
		return nil, err
	}
	kind := schema.GroupKind{Group: top.Spec.Group, Kind: top.Spec.Names.Kind}
	if top.Kind != definitionKind.Kind || kind.Group == "" || kind.Kind == "" {
		return nil, errors.New("not a CustomResourceDefinition with spec.group and spec.names.kind")
	}
	return &definition{
		kind:     kind,
		versions: map[string]*custom{},
		crd: sync.OnceValues(func() (*apiextensions.CustomResourceDefinition, error) {
			return readDefinition(raw, schema.FromAPIVersionAndKind(top.APIVersion, top.Kind))
		}),
	}, nil
}

func readDefinition(raw []byte, kind schema.GroupVersionKind) (*apiextensions.CustomResourceDefinition, error) {
	server := serverOf(kind.GroupKind())
	if server == nil {
		return nil, fmt.Errorf("%s has no CustomResourceDefinition", kind.GroupVersion())
	}
	if problem := server.notServed(kind); problem != "" {
		return nil, errors.New(problem)
	}
	object, problems := server.decode(raw, kind)
	crd, ok := object.(*apiextensions.CustomResourceDefinition)
	if !ok {
		return nil, errors.New(strings.TrimPrefix(problems[0][0]+": "+problems[0][1], ": "))
	}
	return crd, nil
}

// version returns the compiled version; nil when the definition does not have it.
func (d *definition) version(name string) (*custom, error) {
	crd, err := d.crd()
	if err != nil {
		return nil, err
	}
	index := slices.IndexFunc(crd.Spec.Versions, func(v apiextensions.CustomResourceDefinitionVersion) bool { return v.Name == name })
	if index < 0 {
		return nil, nil
	}
	d.lock.Lock()
	defer d.lock.Unlock()
	if found := d.versions[name]; found != nil {
		return found, nil
	}
	found, err := compile(crd, crd.Spec.Versions[index])
	if err == nil {
		d.versions[name] = found
	}
	return found, err
}

// compile does what the handler of custom resources does when it first meets a definition
// (apiextensions-apiserver/pkg/apiserver/customresource_handler.go, getOrCreateServingInfoFor).
func compile(crd *apiextensions.CustomResourceDefinition, v apiextensions.CustomResourceDefinitionVersion) (*custom, error) {
	known := &custom{definition: crd, version: v}
	schemaOf, err := apiextensions.GetSchemaForVersion(crd, v.Name)
	if err != nil {
		return nil, err
	}
	subresources, err := apiextensions.GetSubresourcesForVersion(crd, v.Name)
	if err != nil {
		return nil, err
	}
	if schemaOf == nil || schemaOf.OpenAPIV3Schema == nil {
		return nil, fmt.Errorf("spec.versions: version %s has no schema", v.Name)
	}
	if known.schema, err = structuralOf(schemaOf.OpenAPIV3Schema); err != nil {
		return nil, err
	}
	validator, _, err := validation.NewSchemaValidator(schemaOf.OpenAPIV3Schema)
	if err != nil {
		return nil, err
	}
	if subresources == nil {
		subresources = &apiextensions.CustomResourceSubresources{}
	}
	typer := unstructuredscheme.NewUnstructuredObjectTyper()
	namespaced := crd.Spec.Scope == apiextensions.NamespaceScoped
	known.rules = customresource.NewStrategy(typer, namespaced, known.kind(), validator, nil, known.schema,
		subresources.Status, subresources.Scale, nil)
	return known, nil
}

func structuralOf(props *apiextensions.JSONSchemaProps) (*structural.Structural, error) {
	found, err := structural.NewStructural(props)
	if err != nil {
		return nil, err
	}
	if problems := structural.ValidateStructural(nil, found); len(problems) > 0 {
		return nil, problems.ToAggregate()
	}
	found = found.DeepCopy()
	return found, defaulting.PruneDefaults(found)
}

// deprecation is what the API server warns of (the handler's defaultDeprecationWarning); empty when there is nothing.
func (c *custom) deprecation() string {
	if !c.version.Deprecated {
		return ""
	}
	if c.version.DeprecationWarning != nil {
		return *c.version.DeprecationWarning
	}
	spec := c.definition.Spec
	message := fmt.Sprintf("%s/%s %s is deprecated", spec.Group, c.version.Name, spec.Names.Kind)
	var newest string
	for _, each := range spec.Versions {
		if each.Served && !each.Deprecated && newer(each.Name, c.version.Name) && (newest == "" || newer(each.Name, newest)) {
			newest = each.Name
		}
	}
	if newest == "" {
		return message
	}
	return fmt.Sprintf("%s; use %s/%s %s", message, spec.Group, newest, spec.Names.Kind)
}

func newer(a, b string) bool { return version.CompareKubeAwareVersionStrings(a, b) > 0 }
