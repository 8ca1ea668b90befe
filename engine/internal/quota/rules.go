package quota

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/resourcequota"
	quota "k8s.io/apiserver/pkg/quota/v1"
	"k8s.io/apiserver/pkg/quota/v1/generic"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/core"
	quotacore "k8s.io/kubernetes/pkg/quota/v1/evaluator/core"
	"k8s.io/utils/clock"
)

// rules are those of one namespace, and what is used of its quotas so far.
type rules struct {
	ranges []*corev1.LimitRange
	quotas []corev1.ResourceQuota
}

func (r *rules) addRange(internal *core.LimitRange) {
	if external, ok := toV1(internal).(*corev1.LimitRange); ok {
		r.ranges = append(r.ranges, external)
	}
}

func (r *rules) addQuota(internal *core.ResourceQuota) {
	external, ok := toV1(internal).(*corev1.ResourceQuota)
	if !ok {
		return
	}
	external.Status.Hard, external.Status.Used = external.Spec.Hard, corev1.ResourceList{}
	for name := range external.Spec.Hard {
		external.Status.Used[name] = resource.MustParse("0")
	}
	r.quotas = append(r.quotas, *external)
}

func toV1(object runtime.Object) runtime.Object {
	external, err := legacyscheme.Scheme.ConvertToVersion(object, corev1.SchemeGroupVersion)
	if err != nil {
		return nil // every version of these kinds converts
	}
	return external
}

// counted says whether a quota limits what begins or ends with a text.
func (r *rules) counted(match func(name string) bool) bool {
	return slices.ContainsFunc(r.quotas, func(q corev1.ResourceQuota) bool {
		return slices.ContainsFunc(slices.Collect(maps.Keys(q.Spec.Hard)), func(name corev1.ResourceName) bool {
			return match(string(name))
		})
	})
}

var (
	podEvaluator = quotacore.NewPodEvaluator(nil, clock.RealClock{})
	evaluators   = map[schema.GroupResource]quota.Evaluator{
		{Resource: "pods"}:                   podEvaluator,
		{Resource: "services"}:               quotacore.NewServiceEvaluator(nil),
		{Resource: "persistentvolumeclaims"}: quotacore.NewPersistentVolumeClaimEvaluator(nil),
		// These have a second name from before there were object counts (evaluator/core, legacyObjectCountAliases).
		{Resource: "configmaps"}:             counter(schema.GroupResource{Resource: "configmaps"}, corev1.ResourceConfigMaps),
		{Resource: "resourcequotas"}:         counter(schema.GroupResource{Resource: "resourcequotas"}, corev1.ResourceQuotas),
		{Resource: "replicationcontrollers"}: counter(schema.GroupResource{Resource: "replicationcontrollers"}, corev1.ResourceReplicationControllers),
		{Resource: "secrets"}:                counter(schema.GroupResource{Resource: "secrets"}, corev1.ResourceSecrets),
	}
)

func counter(of schema.GroupResource, alias corev1.ResourceName) quota.Evaluator {
	return generic.NewObjectCountEvaluator(of, nil, alias)
}

// charge asks the quotas for one more object; empty when they have room for it, else the plugin's words.
func (r *rules) charge(object runtime.Object, kind schema.GroupVersionKind, resources schema.GroupVersionResource, namespace, name string) string {
	if len(r.quotas) == 0 {
		return ""
	}
	evaluator := evaluators[resources.GroupResource()]
	if evaluator == nil {
		evaluator = counter(resources.GroupResource(), "")
	}
	request := admission.NewAttributesRecord(object, nil, kind, namespace, name, resources, "", admission.Create, nil, false, nil)
	left, err := resourcequota.CheckRequest(r.quotas, request, evaluator, nil)
	if err != nil {
		_, words, found := strings.Cut(err.Error(), " is forbidden: ")
		if !found {
			words = err.Error()
		}
		return words
	}
	r.quotas = left
	return ""
}

// missing says what a pod must state before each quota would count it; empty when it does.
func (r *rules) missing(pod *core.Pod) []string {
	var found []string
	for i := range r.quotas {
		matches, err := podEvaluator.Matches(&r.quotas[i], pod)
		if err != nil || !matches {
			continue
		}
		required := podEvaluator.MatchingResources(quota.ResourceNames(r.quotas[i].Status.Hard))
		if err := podEvaluator.Constraints(required, pod); err != nil {
			found = append(found, "failed quota: "+r.quotas[i].Name+": "+err.Error())
		}
	}
	return found
}
