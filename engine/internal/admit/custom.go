package admit

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured/unstructuredscheme"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"k8s.io/apiserver/pkg/registry/rest"
)

// custom is a version of a kind that a CustomResourceDefinition gives.
type custom struct {
	definition *apiextensions.CustomResourceDefinition
	version    apiextensions.CustomResourceDefinitionVersion
	schema     *structural.Structural
	rules      rest.RESTCreateStrategy
}

// customEndpoint returns nil, and why as undecided, when no definition of the kind is known or it cannot be used.
func (c *collector) customEndpoint(kind schema.GroupVersionKind) endpoint {
	known := c.definitions[kind.GroupKind()]
	if known == nil {
		c.undecide(fmt.Sprintf("no built-in kind %s %s in Kubernetes %s", kind.GroupVersion(), kind.Kind, Version))
		return nil
	}
	found, err := known.version(kind.Version)
	switch {
	case err != nil:
		c.undecide(fmt.Sprintf("the definition of %s cannot be used: %s", kind.GroupKind(), err))
		return nil
	case found == nil:
		crd, _ := known.crd() // version has read it
		return missing{kind, crd}
	}
	return found
}

func (c *custom) kind() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: c.definition.Spec.Group, Version: c.version.Name, Kind: c.definition.Spec.Names.Kind}
}

func (c *custom) notServed() string {
	if c.version.Served {
		return ""
	}
	return missing{c.kind(), c.definition}.notServed()
}

func (c *custom) warnings() []string {
	if text := c.deprecation(); text != "" {
		return []string{text}
	}
	return nil
}

func (c *custom) strategy() rest.RESTCreateStrategy { return c.rules }

// strictJSON reads a custom resource as the API server does with fieldValidation=Strict.
var strictJSON = json.NewSerializerWithOptions(json.DefaultMetaFactory, unstructuredscheme.NewUnstructuredCreator(),
	unstructuredscheme.NewUnstructuredObjectTyper(), json.SerializerOptions{Strict: true})

// decode does what the decoder of the handler does (customresource_handler.go, schemaCoercingDecoder and
// unstructuredSchemaCoercer), which is not exported.
func (c *custom) decode(raw []byte) (runtime.Object, [][2]string) {
	kind := c.kind()
	object, _, err := strictJSON.Decode(raw, &kind, nil)
	var problems [][2]string
	if err != nil {
		strict, ok := runtime.AsStrictDecodingError(err)
		if !ok || object == nil {
			return nil, [][2]string{{"", err.Error()}}
		}
		for _, each := range strict.Errors() {
			problems = append(problems, strictProblem(each.Error()))
		}
	}
	resource, ok := object.(*unstructured.Unstructured)
	if !ok {
		return nil, [][2]string{{"", fmt.Sprintf("unexpected %T", object)}}
	}
	unknown, err := c.coerce(resource)
	if err != nil {
		return nil, append(problems, metadataProblem(err))
	}
	for _, path := range unknown {
		problems = append(problems, strictProblem(fmt.Sprintf("unknown field %q", path)))
	}
	defaulting.Default(resource.Object, c.schema)
	return resource, problems
}

// coerce prunes, reads the metadata, and returns the paths of the fields that the schema does not know.
func (c *custom) coerce(resource *unstructured.Unstructured) ([]string, error) {
	kind, apiVersion := resource.GetKind(), resource.GetAPIVersion()
	metadata, found, unknown, err := objectmeta.GetObjectMetaWithOptions(resource.Object, objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
	if err != nil {
		return nil, err
	}
	if preserve := c.definition.Spec.PreserveUnknownFields; preserve == nil || !*preserve {
		options := structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}
		unknown = append(unknown, pruning.PruneWithOptions(resource.Object, c.schema, true, options)...)
		defaulting.PruneNonNullableNullsWithoutDefaults(resource.Object, c.schema)
	}
	problem, paths := objectmeta.CoerceWithOptions(nil, resource.Object, c.schema, false, objectmeta.CoerceOptions{ReturnUnknownFieldPaths: true})
	if problem != nil {
		return nil, problem
	}
	resource.SetKind(kind)
	resource.SetAPIVersion(apiVersion)
	if found {
		err = objectmeta.SetObjectMeta(resource.Object, metadata)
	}
	return append(unknown, paths...), err
}

func (c *custom) encode(object runtime.Object) ([]byte, error) {
	resource, ok := object.(*unstructured.Unstructured)
	if !ok {
		return nil, fmt.Errorf("unexpected %T", object)
	}
	if resource.GetAPIVersion() != c.kind().GroupVersion().String() {
		if conversion := c.definition.Spec.Conversion; conversion != nil && conversion.Strategy != apiextensions.NoneConverter {
			return nil, errors.New("only its conversion webhook can turn " + resource.GetAPIVersion() + " into " + c.kind().GroupVersion().String())
		}
		resource = resource.DeepCopy()
		resource.SetAPIVersion(c.kind().GroupVersion().String())
	}
	return resource.MarshalJSON()
}

// apply makes and uses the patch that kubectl does for kinds that it does not know.
func (c *custom) apply(last, next, live []byte) ([]byte, error) {
	patch, err := jsonmergepatch.CreateThreeWayJSONMergePatch(last, next, live)
	if err != nil {
		return nil, err
	}
	return jsonpatch.MergePatch(live, patch)
}

// metaField is how the decoder of metadata names a field.
var metaField = regexp.MustCompile(`Go struct field ObjectMeta\.(\w+)`)

// metadataProblem gives the path of metadata that cannot be read.
func metadataProblem(err error) [2]string {
	if found := metaField.FindStringSubmatch(err.Error()); found != nil {
		return [2]string{"metadata." + found[1], err.Error()}
	}
	return [2]string{"metadata", err.Error()}
}

// missing is a version that the definition of a kind does not have or does not serve.
type missing struct {
	kind       schema.GroupVersionKind
	definition *apiextensions.CustomResourceDefinition
}

func (m missing) notServed() string {
	var served []string
	for _, each := range m.definition.Spec.Versions {
		if each.Served {
			served = append(served, m.kind.Group+"/"+each.Name)
		}
	}
	text := fmt.Sprintf("no matches for kind %q in version %q", m.kind.Kind, m.kind.GroupVersion())
	if len(served) == 0 {
		return text
	}
	return text + "; its definition serves " + strings.Join(served, " and ")
}

func (m missing) warnings() []string                { return nil }
func (m missing) strategy() rest.RESTCreateStrategy { return nil }
func (m missing) decode([]byte) (runtime.Object, [][2]string) {
	return nil, [][2]string{{"apiVersion", m.notServed()}}
}
func (m missing) encode(runtime.Object) ([]byte, error) { return nil, errors.New(m.notServed()) }
func (m missing) apply(_, _, _ []byte) ([]byte, error)  { return nil, errors.New(m.notServed()) }
