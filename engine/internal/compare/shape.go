package compare

import (
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes/scheme"
	smd "sigs.k8s.io/structured-merge-diff/v6/schema"
)

// relation says how the items of a list correspond to those of another state of it.
type relation int

const (
	guessed relation = iota // by their names if they have some, else by position
	keyed                   // by the values of keys
	set                     // by their own value
	ordered                 // by position
)

// key is a field that identifies a list item; fallback is its value where the item has none.
type key struct {
	name     string
	fallback any
}

// shape is what is known of the values at one place.
type shape interface {
	field(name string) shape
	element() shape
	list() (relation, []key)
	isQuantity() bool
}

// guess is the shape of what no schema describes.
type guess struct{}

func (guess) field(string) shape      { return guess{} }
func (guess) element() shape          { return guess{} }
func (guess) list() (relation, []key) { return guessed, nil }
func (guess) isQuantity() bool        { return false }

const quantityType = "io.k8s.apimachinery.pkg.api.resource.Quantity"

// typed is a shape of Kubernetes' own types.
type typed struct {
	schema *smd.Schema
	ref    smd.TypeRef
	atom   smd.Atom
}

func newTyped(all *smd.Schema, ref smd.TypeRef) shape {
	atom, ok := all.Resolve(ref)
	if !ok || atom.Scalar != nil && atom.Map != nil { // the latter is how free JSON is declared
		return guess{}
	}
	return typed{all, ref, atom}
}

func (t typed) field(name string) shape {
	if t.atom.Map == nil {
		return guess{}
	}
	if found, ok := t.atom.Map.FindField(name); ok {
		return newTyped(t.schema, found.Type)
	}
	return newTyped(t.schema, t.atom.Map.ElementType)
}

func (t typed) element() shape {
	if t.atom.List == nil {
		return guess{}
	}
	return newTyped(t.schema, t.atom.List.ElementType)
}

func (t typed) list() (relation, []key) {
	switch {
	case t.atom.List == nil:
		return guessed, nil
	case t.atom.List.ElementRelationship != smd.Associative:
		return ordered, nil
	case len(t.atom.List.Keys) == 0:
		return set, nil
	}
	keys := make([]key, 0, len(t.atom.List.Keys))
	item, _ := t.schema.Resolve(t.atom.List.ElementType)
	for _, name := range t.atom.List.Keys {
		each := key{name: name}
		if item.Map != nil {
			if found, ok := item.Map.FindField(name); ok {
				each.fallback = found.Default
			}
		}
		keys = append(keys, each)
	}
	return keyed, keys
}

func (t typed) isQuantity() bool {
	return t.ref.NamedType != nil && *t.ref.NamedType == quantityType
}

var converter = sync.OnceValue(newConverter)

func newConverter() managedfields.TypeConverter {
	return applyconfigurations.NewTypeConverter(scheme.Scheme)
}

var shapes struct {
	sync.Mutex
	known map[schema.GroupVersionKind]shape
}

// builtIn returns the shape of one of Kubernetes' own kinds; nil for others.
func builtIn(version, kind string) shape {
	group, err := schema.ParseGroupVersion(version)
	if err != nil || kind == "" || !scheme.Scheme.Recognizes(group.WithKind(kind)) {
		return nil
	}
	shapes.Lock()
	defer shapes.Unlock()
	if found, ok := shapes.known[group.WithKind(kind)]; ok {
		return found
	}
	found := lookUp(version, kind)
	if shapes.known == nil {
		shapes.known = map[schema.GroupVersionKind]shape{}
	}
	shapes.known[group.WithKind(kind)] = found
	return found
}

func lookUp(version, kind string) shape {
	empty := &unstructured.Unstructured{Object: map[string]any{"apiVersion": version, "kind": kind}}
	value, err := converter().ObjectToTyped(empty)
	if err != nil {
		return nil
	}
	return newTyped(value.Schema(), value.TypeRef())
}
