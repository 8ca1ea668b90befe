package policy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission/plugin/policy/generic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// parameterStore holds the objects that may serve as parameters of policies, by their kind.
type parameterStore struct {
	kinds  *kinds
	byKind map[schema.GroupVersionKind]cache.Indexer
}

// readParameters keeps the objects of the kinds that some policy wants.
func (j *judge) readParameters(raws []json.RawMessage) *parameterStore {
	store := &parameterStore{j.kinds, map[schema.GroupVersionKind]cache.Indexer{}}
	for _, each := range j.policies {
		if wanted := each.spec.Spec.ParamKind; wanted != nil {
			kind := schema.FromAPIVersionAndKind(wanted.APIVersion, wanted.Kind)
			store.byKind[kind] = cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
		}
	}
	for _, raw := range raws {
		object, err := readObject(raw)
		if err != nil {
			j.notes = append(j.notes, "a parameter is left out: "+err.Error())
			continue
		}
		if note := store.add(object); note != "" {
			j.notes = append(j.notes, note)
		}
	}
	return store
}

func (s *parameterStore) add(object map[string]any) string {
	parameter := &unstructured.Unstructured{Object: object}
	indexer := s.byKind[parameter.GroupVersionKind()]
	if indexer == nil {
		return ""
	}
	namespaced := s.kinds.namespaced(parameter.GroupVersionKind().GroupKind())
	if namespaced && parameter.GetNamespace() == "" {
		return fmt.Sprintf("the parameter %s %s has no namespace: left out", parameter.GetKind(), parameter.GetName())
	}
	if custom := s.kinds.custom[parameter.GroupVersionKind().GroupKind()]; custom != nil {
		custom.complete(parameter, parameter.GroupVersionKind().Version)
	}
	if err := indexer.Add(parameter); err != nil {
		return fmt.Sprintf("the parameter %s %s is left out: %s", parameter.GetKind(), parameter.GetName(), err)
	}
	return ""
}

// collect returns the parameters of a binding for an object in a namespace. Whether an object that
// is not given exists in the cluster nobody here knows: undecided says so.
func (s *parameterStore) collect(p *policy, binding *admissionv1.ValidatingAdmissionPolicyBinding, asking *request) (found []runtime.Object, undecided string, err error) {
	wanted, reference := p.spec.Spec.ParamKind, binding.Spec.ParamRef
	if wanted == nil || reference == nil {
		return []runtime.Object{nil}, "", nil
	}
	kind := schema.FromAPIVersionAndKind(wanted.APIVersion, wanted.Kind)
	source := &given{s.byKind[kind], kind}
	scope := meta.RESTScope(meta.RESTScopeRoot)
	if s.kinds.namespaced(kind.GroupKind()) {
		scope = meta.RESTScopeNamespace
		if reference.Namespace == "" && asking.elsewhere {
			return nil, asking.nowhere(), nil
		}
	}
	if !source.manages(reference) {
		return nil, fmt.Sprintf("its parameters (%s) are not among the given objects", describe(kind, reference)), nil
	}
	found, err = generic.CollectParams(wanted, source, scope, reference, asking.attributes.GetNamespace())
	slices.SortFunc(found, func(a, b runtime.Object) int { return strings.Compare(keyOf(a), keyOf(b)) })
	return found, "", err
}

func keyOf(object runtime.Object) string {
	key, _ := cache.MetaNamespaceKeyFunc(object) //nolint:errcheck // objects of an indexer have keys
	return key
}

func describe(kind schema.GroupVersionKind, reference *admissionv1.ParamRef) string {
	text := kind.Kind + " "
	if reference.Namespace != "" {
		text += reference.Namespace + "/"
	}
	if reference.Name != "" {
		return text + reference.Name
	}
	return text + "with " + metav1.FormatLabelSelector(reference.Selector)
}

// given is an informer that knows the given objects of one kind and has nothing to wait for.
type given struct {
	indexer cache.Indexer
	kind    schema.GroupVersionKind
}

var _ informers.GenericInformer = (*given)(nil)

// Lister is the real one, over what is given.
func (g *given) Lister() cache.GenericLister {
	return cache.NewGenericLister(g.indexer, guess(g.kind).GroupResource())
}

// Informer is asked only whether it has synced.
func (g *given) Informer() cache.SharedIndexInformer { return synced{} }

type synced struct{ cache.SharedIndexInformer }

func (synced) HasSynced() bool { return true }

// manages says whether an object that fits is given in whichever namespace. Where one is, those of
// other namespaces are taken to be given too, so that one that is missing is missing in the cluster.
func (g *given) manages(reference *admissionv1.ParamRef) bool {
	selector := labels.Everything()
	if reference.Selector != nil {
		var err error
		if selector, err = metav1.LabelSelectorAsSelector(reference.Selector); err != nil {
			return true // CollectParams words it
		}
	}
	return slices.ContainsFunc(g.indexer.List(), func(each any) bool {
		object := each.(*unstructured.Unstructured)
		return selector.Matches(labels.Set(object.GetLabels())) && (reference.Name == "" || reference.Name == object.GetName())
	})
}
