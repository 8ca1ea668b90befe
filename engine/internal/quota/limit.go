package quota

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/plugin/pkg/admission/limitranger"
)

// limit gives a pod the defaults of the LimitRanges and asks whether it keeps their bounds.
func (c *check) limit(index int, known *rules, pod *core.Pod, base string) {
	if len(known.ranges) == 0 {
		return
	}
	before := faults(pod)
	names := make([]string, 0, len(known.ranges))
	for _, each := range known.ranges {
		names = append(names, each.Name)
		if err := limitranger.PodMutateLimitFunc(each, pod); err != nil {
			c.refuse(index, base, err.Error())
		}
	}
	for _, fault := range faults(pod) {
		if !slices.ContainsFunc(before, func(known *field.Error) bool { return known.Error() == fault.Error() }) {
			c.refuse(index, base+"."+fault.Field, fmt.Sprintf("%s (after the defaults of LimitRange %s)",
				fault.ErrorBody(), strings.Join(names, ", ")))
		}
	}
	for _, each := range known.ranges {
		ofContainers, ofPods := split(each)
		alone(pod, func(path string, single *core.Pod) {
			c.exceeds(index, base+"."+path+".resources", ofContainers, single)
		})
		c.exceeds(index, base+".containers", ofPods, pod)
	}
}

func (c *check) exceeds(index int, path string, bounds *corev1.LimitRange, pod *core.Pod) {
	for _, words := range wordsOf(limitranger.PodValidateLimitFunc(bounds, pod)) {
		c.refuse(index, path, fmt.Sprintf("%s (LimitRange %s)", words, bounds.Name))
	}
}

// split separates what is asked of each container from what is asked of the pod.
func split(both *corev1.LimitRange) (ofContainers, ofPods *corev1.LimitRange) {
	ofContainers, ofPods = both.DeepCopy(), both.DeepCopy()
	is := func(kind corev1.LimitType) func(corev1.LimitRangeItem) bool {
		return func(item corev1.LimitRangeItem) bool { return item.Type == kind }
	}
	ofContainers.Spec.Limits = slices.DeleteFunc(ofContainers.Spec.Limits, is(corev1.LimitTypePod))
	ofPods.Spec.Limits = slices.DeleteFunc(ofPods.Spec.Limits, is(corev1.LimitTypeContainer))
	return ofContainers, ofPods
}

// faults are the errors in the resources of a pod's containers: a default limit may be below a request that is given.
func faults(pod *core.Pod) field.ErrorList {
	var found field.ErrorList
	look := func(list string, containers []core.Container) {
		for i := range containers {
			path := field.NewPath(list).Index(i).Child("resources")
			found = append(found, validation.ValidateContainerResourceRequirements(&containers[i].Resources, nil, path, validation.PodValidationOptions{})...)
		}
	}
	look("initContainers", pod.Spec.InitContainers)
	look("containers", pod.Spec.Containers)
	return found
}
