package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/policy/generic"
	"k8s.io/apiserver/pkg/admission/plugin/policy/matching"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/authentication/user"
	listersv1 "k8s.io/client-go/listers/core/v1"
)

// namespace is what is known of a namespace.
type namespace struct {
	Name        string            `json:"name"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// somewhere stands for a namespace that nobody names; no namespace can be called that.
const somewhere = "?"

// request is one object on its way through admission. Elsewhere is true when the object lives in a
// namespace and nobody says in which, guessed when nobody says which resource its kind is. Unreadable
// says why it cannot be decoded.
type request struct {
	judge      *judge
	attributes admission.Attributes
	lister     *lister
	matcher    generic.PolicyMatcher
	elsewhere  bool
	guessed    bool
	unreadable error
	versions   map[schema.GroupVersionKind]*admission.VersionedAttributes
}

func (j *judge) request(object, old map[string]any, into string) *request {
	head := &unstructured.Unstructured{Object: object}
	kind := head.GroupVersionKind()
	place, elsewhere := "", false
	if j.kinds.namespaced(kind.GroupKind()) {
		place = head.GetNamespace()
		if place == "" && into != "" {
			place = into
			object = inNamespace(object, into)
			old = inNamespace(old, into)
		}
		if elsewhere = place == ""; elsewhere {
			place = somewhere
		}
	} else if kind.GroupKind() == (schema.GroupKind{Kind: "Namespace"}) {
		place = head.GetName() // as in the handlers of kube-apiserver
	}
	decoded, err := j.kinds.decode(object)
	var before runtime.Object
	operation, options := admission.Create, runtime.Object(&metav1.CreateOptions{TypeMeta: optionsOf("CreateOptions")})
	if old != nil {
		var problem error
		before, problem = j.kinds.decode(old)
		err = errors.Join(err, problem)
		operation, options = admission.Update, &metav1.UpdateOptions{TypeMeta: optionsOf("UpdateOptions")}
	}
	resource, known := j.kinds.resource(kind)
	namespaces := &lister{known: j.namespaces}
	return &request{
		judge: j,
		attributes: admission.NewAttributesRecord(
			decoded, before, kind, place, head.GetName(), resource, "", operation, options, false, users[0]),
		lister:     namespaces,
		matcher:    generic.NewPolicyMatcher(matching.NewMatcher(namespaces, nil)),
		elsewhere:  elsewhere,
		guessed:    !known,
		unreadable: err,
		versions:   map[schema.GroupVersionKind]*admission.VersionedAttributes{},
	}
}

// optionsOf is what the handlers of kube-apiserver set.
func optionsOf(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: metav1.SchemeGroupVersion.String(), Kind: kind}
}

func inNamespace(object map[string]any, name string) map[string]any {
	if object == nil {
		return nil
	}
	copied := &unstructured.Unstructured{Object: runtime.DeepCopyJSON(object)}
	copied.SetNamespace(name)
	return copied.Object
}

// lister answers with the namespaces that are given, and notes when it is asked for another one.
type lister struct {
	listersv1.NamespaceLister
	known    map[string]namespace
	selector labels.Selector
	asked    string
}

// Get returns a namespace. Of one that is not given the name is known, which every namespace has as a
// label: that can be enough for the selector at hand.
func (l *lister) Get(name string) (*corev1.Namespace, error) {
	found, known := l.known[name]
	if !known && !l.nameDecides(name) {
		l.asked = name
		return nil, errors.New("the labels of namespace " + name + " are not known")
	}
	all := map[string]string{}
	for key, value := range found.Labels {
		all[key] = value
	}
	all[corev1.LabelMetadataName] = name
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: all, Annotations: found.Annotations}}, nil
}

func (l *lister) nameDecides(name string) bool {
	if l.selector == nil || name == somewhere {
		return false
	}
	requirements, _ := l.selector.Requirements()
	others := false
	for _, each := range requirements {
		if each.Key() != corev1.LabelMetadataName {
			others = true
		} else if !each.Matches(labels.Set{corev1.LabelMetadataName: name}) {
			return true
		}
	}
	return !others
}

// nowhere says that the object's namespace is not known.
func (r *request) nowhere() string {
	return fmt.Sprintf("it depends on the namespace of %s %s, which the manifest does not say", r.attributes.GetKind().Kind, r.attributes.GetName())
}

func (r *request) unknownLabels(name string) string {
	if name == somewhere {
		return r.nowhere()
	}
	return fmt.Sprintf("the labels of namespace %s are not known: neither the repository nor `namespaces` says them", name)
}

// ask mirrors plugin/policy/validating dispatcher.Dispatch for one policy.
func (r *request) ask(p *policy, answer *Answer) {
	if len(p.bindings) == 0 {
		return
	}
	undecide := func(reason string) { answer.undecide(kindPolicy, p.spec.Name, reason) }
	constraints := p.spec.Spec.MatchConstraints
	if constraints == nil {
		undecide("the policy has no matchConstraints")
		return
	}
	r.lister.prepare(constraints.NamespaceSelector)
	matches, resource, kind, err := r.matcher.DefinitionMatches(r.attributes, r.judge.kinds.interfaces, validating.NewValidatingAdmissionPolicyAccessor(p.spec))
	if err != nil {
		undecide(r.whyUnmatched(err))
		return
	}
	if !matches {
		if r.guessed && names(constraints, r.attributes.GetKind().Group) {
			undecide(fmt.Sprintf("whether it is about %s only a CustomResourceDefinition says, and there is none", r.attributes.GetKind().Kind))
		}
		return
	}
	for _, binding := range p.bindings {
		if binding.Spec.MatchResources != nil {
			r.lister.prepare(binding.Spec.MatchResources.NamespaceSelector)
		}
		matches, err := r.matcher.BindingMatches(r.attributes, r.judge.kinds.interfaces, validating.NewValidatingAdmissionPolicyBindingAccessor(binding))
		if err != nil {
			undecide(r.whyUnmatched(err))
		} else if matches {
			r.askBound(&bound{policy: p, binding: binding, resource: resource, kind: kind}, answer)
		}
	}
}

// names says whether a policy is about some resources of a group that it calls by name.
func names(constraints *admissionv1.MatchResources, group string) bool {
	return slices.ContainsFunc(constraints.ResourceRules, func(rule admissionv1.NamedRuleWithOperations) bool {
		return slices.Contains(rule.APIGroups, group)
	})
}

func (l *lister) prepare(selector *metav1.LabelSelector) {
	l.asked, l.selector = "", nil
	if parsed, err := metav1.LabelSelectorAsSelector(selector); err == nil {
		l.selector = parsed
	}
}

func (r *request) whyUnmatched(err error) string {
	if r.lister.asked != "" {
		return r.unknownLabels(r.lister.asked)
	}
	return err.Error()
}

// bound is a policy with one of its bindings, and the resource and version that it asks for.
type bound struct {
	*policy
	binding  *admissionv1.ValidatingAdmissionPolicyBinding
	resource schema.GroupVersionResource
	kind     schema.GroupVersionKind
}

func (r *request) askBound(b *bound, answer *Answer) {
	undecide := func(reason string) { answer.undecide(kindPolicy, b.spec.Name, reason) }
	if r.unreadable != nil {
		undecide("the object cannot be decoded: " + r.unreadable.Error())
		return
	}
	programs := b.compiled()
	if programs.problem != "" {
		undecide(programs.problem)
		return
	}
	versioned, err := r.versioned(b.kind)
	if err != nil {
		undecide(err.Error())
		return
	}
	parameters, reason, err := r.judge.parameters.collect(b.policy, b.binding, r)
	if reason != "" {
		undecide(reason)
		return
	}
	if err != nil {
		r.misconfigured(b, err, answer)
		return
	}
	for _, parameter := range parameters {
		r.askWith(b, versioned, parameter, answer)
	}
}

// misconfigured is the dispatcher's answer to a binding without its parameters, whatever its actions.
func (r *request) misconfigured(b *bound, err error, answer *Answer) {
	if failure := b.spec.Spec.FailurePolicy; failure != nil && *failure == admissionv1.Ignore {
		return
	}
	answer.add(Verdict{
		Kind: kindPolicy, ID: b.spec.Name, Binding: b.binding.Name, Action: "deny",
		Message: "failed to configure binding: " + err.Error(), Reason: string(metav1.StatusReasonInvalid),
	})
}

func (r *request) versioned(kind schema.GroupVersionKind) (*admission.VersionedAttributes, error) {
	if known := r.versions[kind]; known != nil {
		return known, nil
	}
	kinds := r.judge.kinds
	if _, custom := r.attributes.GetObject().(*unstructured.Unstructured); !custom {
		versioned, err := admission.NewVersionedAttributes(r.attributes, kind, kinds.interfaces)
		r.versions[kind] = versioned
		return versioned, err
	}
	object, err := kinds.convert(r.attributes.GetObject(), kind)
	if err != nil {
		return nil, err
	}
	versioned := &admission.VersionedAttributes{Attributes: r.attributes, VersionedObject: object, VersionedKind: kind}
	if old := r.attributes.GetOldObject(); old != nil {
		if versioned.VersionedOldObject, err = kinds.convert(old, kind); err != nil {
			return nil, err
		}
	}
	r.versions[kind] = versioned
	return versioned, nil
}

func (r *request) askWith(b *bound, versioned *admission.VersionedAttributes, parameter runtime.Object, answer *Answer) {
	undecide := func(reason string) { answer.undecide(kindPolicy, b.spec.Name, reason) }
	programs := b.compiled()
	if r.obstacle(&programs.inCondition) == "" && !programs.inCondition.user && programs.conditions != nil {
		met := programs.conditions.Match(context.Background(), versioned, parameter, nil)
		if met.Error == nil && !met.Matches {
			return
		}
	}
	if reason := r.obstacle(&programs.anywhere); reason != "" {
		undecide(reason)
		return
	}
	var home *corev1.Namespace
	if place := r.attributes.GetNamespace(); place != "" && programs.anywhere.namespaceObject && b.kind.Kind != "Namespace" {
		r.lister.prepare(nil)
		r.lister.selector = nil
		var err error
		if home, err = r.lister.Get(place); err != nil {
			undecide(r.unknownLabels(place))
			return
		}
	}
	evaluate := func(by user.Info) []Verdict {
		attributes := *versioned
		attributes.Attributes = asked{versioned.Attributes, by}
		result := programs.validator.Validate(context.Background(), b.resource, &attributes, parameter, home, celconfig.RuntimeCELCostBudget, nil)
		return b.verdicts(result)
	}
	verdicts := evaluate(users[0])
	if programs.anywhere.user {
		for _, other := range possibleUsers(programs.anywhere.words) {
			if !slices.Equal(verdicts, evaluate(other)) {
				undecide("its answer depends on who applies the object (request.userInfo)")
				return
			}
		}
	}
	for _, verdict := range verdicts {
		answer.add(verdict)
	}
}

// obstacle says why expressions cannot be evaluated without a cluster; empty when they can.
func (r *request) obstacle(read *reads) string {
	switch {
	case read.authorizer:
		return "it asks the cluster's authorizer"
	case r.elsewhere && (read.namespace || read.namespaceObject):
		return r.nowhere()
	}
	return ""
}

// asked is a request by somebody else.
type asked struct {
	admission.Attributes
	by user.Info
}

func (a asked) GetUserInfo() user.Info { return a.by }

// users are who applies objects for Argo CD in its own cluster and, by default, in others.
var users = []user.Info{
	serviceAccount("argocd", "argocd-application-controller"),
	serviceAccount("kube-system", "argocd-manager"),
}

func serviceAccount(namespace, name string) user.Info {
	return &user.DefaultInfo{
		Name:   "system:serviceaccount:" + namespace + ":" + name,
		Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, user.AllAuthenticated},
	}
}

// possibleUsers are who Argo CD may be in a cluster, those included whom a policy calls by name.
// Kubernetes' own users and groups are not among them.
func possibleUsers(words []string) []user.Info {
	possible := slices.Clone(users[1:])
	for _, word := range words {
		if !strings.HasPrefix(word, "system:") || strings.HasPrefix(word, "system:serviceaccount") {
			possible = append(possible, &user.DefaultInfo{Name: word, Groups: []string{word, user.AllAuthenticated}})
		}
	}
	return possible
}

func (b *bound) verdicts(result validating.ValidateResult) []Verdict {
	var found []Verdict
	for index, decision := range result.Decisions {
		if decision.Action != validating.ActionDeny {
			continue
		}
		verdict := Verdict{
			Kind: kindPolicy, ID: b.spec.Name, Binding: b.binding.Name, Action: severest(b.binding.Spec.ValidationActions),
			Message: decision.Message, Reason: string(decision.Reason),
		}
		if len(result.Decisions) == len(b.spec.Spec.Validations) {
			verdict.Expression = b.spec.Spec.Validations[index].Expression
			verdict.Path = b.compiled().paths[index]
		}
		found = append(found, verdict)
	}
	for _, annotation := range result.AuditAnnotations {
		if annotation.Action == validating.AuditAnnotationActionError {
			found = append(found, Verdict{
				Kind: kindPolicy, ID: b.spec.Name, Binding: b.binding.Name, Action: "deny", Message: annotation.Error,
			})
		}
	}
	return found
}

func severest(actions []admissionv1.ValidationAction) string {
	for _, action := range []admissionv1.ValidationAction{admissionv1.Deny, admissionv1.Warn} {
		if slices.Contains(actions, action) {
			return strings.ToLower(string(action))
		}
	}
	return strings.ToLower(string(admissionv1.Audit))
}
