package quota

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/kubernetes/pkg/apis/apps"
	"k8s.io/kubernetes/pkg/apis/batch"
	"k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/plugin/pkg/admission/limitranger"

	"sealock.dev/engine/internal/admit"
)

var (
	podKind   = corev1.SchemeGroupVersion.WithKind("Pod")
	claimKind = corev1.SchemeGroupVersion.WithKind("PersistentVolumeClaim")
)

// create plays the creation of an object and of what its controller makes of it.
func (c *check) create(s subject, known *rules) {
	switch object := s.object.(type) {
	case *core.Pod:
		c.pods(s, known, crew{object.ObjectMeta, object.Spec, 1, ""})
	case *core.PersistentVolumeClaim:
		c.claim(s, known, object, "spec.resources.requests")
	default:
		c.charge(s, known)
	}
	crew, ok := c.crewOf(s)
	if !ok {
		return
	}
	c.say(s, known)
	c.pods(s, known, crew)
	if set, ok := s.object.(*apps.StatefulSet); ok {
		for i := range set.Spec.VolumeClaimTemplates {
			c.claims(s, known, set.Spec.VolumeClaimTemplates[i].Spec, fmt.Sprintf("spec.volumeClaimTemplates[%d].spec.resources.requests", i), crew.size)
		}
	}
}

// charge counts the object itself.
func (c *check) charge(s subject, known *rules) {
	resources, _ := meta.UnsafeGuessKindToResource(s.kind)
	var object runtime.Object = &unstructured.Unstructured{}
	if s.object != nil {
		object = s.object
	}
	if words := known.charge(object, s.kind, resources, s.namespace, s.name); words != "" {
		c.refuse(s.index, "", words)
	}
}

// crew is the pods of a workload; scale is the field that says how many.
type crew struct {
	metadata metav1.ObjectMeta
	spec     core.PodSpec
	size     int32
	scale    string
}

func (c *check) crewOf(s subject) (crew, bool) {
	const replicas = "spec.replicas"
	switch object := s.object.(type) {
	case *apps.Deployment:
		return c.scaled(s, object.Spec.Template, object.Spec.Replicas, replicas), true
	case *apps.ReplicaSet:
		return c.scaled(s, object.Spec.Template, object.Spec.Replicas, replicas), true
	case *apps.StatefulSet:
		return c.scaled(s, object.Spec.Template, object.Spec.Replicas, replicas), true
	case *core.ReplicationController:
		if object.Spec.Template == nil {
			return crew{}, false
		}
		var size int32 = 1
		if object.Spec.Replicas != nil {
			size = *object.Spec.Replicas
		}
		return c.scaled(s, *object.Spec.Template, size, replicas), true
	case *apps.DaemonSet:
		return c.scaled(s, object.Spec.Template, 1, ""), true
	case *batch.Job:
		return c.scaled(s, object.Spec.Template, parallel(&object.Spec), "spec.parallelism"), true
	case *batch.CronJob:
		return c.scaled(s, object.Spec.JobTemplate.Spec.Template, parallel(&object.Spec.JobTemplate.Spec), "spec.jobTemplate.spec.parallelism"), true
	}
	return crew{}, false
}

func (c *check) scaled(s subject, template core.PodTemplateSpec, size int32, scale string) crew {
	return crew{template.ObjectMeta, template.Spec, max(size, c.minimum[workload{s.namespace, s.kind.Kind, s.name}]), scale}
}

func parallel(spec *batch.JobSpec) int32 {
	var size int32 = 1
	if spec.Parallelism != nil {
		size = *spec.Parallelism
	}
	if spec.Completions != nil {
		size = min(size, *spec.Completions)
	}
	return size
}

// say tells what only a cluster could count, where a quota counts pods.
func (c *check) say(s subject, known *rules) {
	limitsPods := known.counted(func(name string) bool {
		return len(podEvaluator.MatchingResources([]corev1.ResourceName{corev1.ResourceName(name)})) > 0
	})
	if !limitsPods {
		return
	}
	switch s.object.(type) {
	case *apps.DaemonSet:
		c.undecide(fmt.Sprintf("DaemonSet %s has a pod on each node and is counted as one", s.name))
	case *batch.CronJob:
		c.undecide(fmt.Sprintf("CronJob %s is counted as one run", s.name))
	}
}

// maxPods bounds the pods of one workload that are counted one by one.
const maxPods = 5000

// pods asks the LimitRanges about one pod, which stands for all, and the quotas about each.
func (c *check) pods(s subject, known *rules, crew crew) {
	if crew.size <= 0 {
		return
	}
	base := admit.PodSpecPath(s.kind.GroupKind())
	pod := &core.Pod{ObjectMeta: *crew.metadata.DeepCopy(), Spec: *crew.spec.DeepCopy()}
	pod.Name, pod.Namespace = s.name, s.namespace
	before := len(c.answer.Problems)
	c.limit(s.index, known, pod, base)
	alone(pod, func(path string, single *core.Pod) {
		for _, words := range known.missing(single) {
			c.refuse(s.index, base+"."+path+".resources", words)
		}
	})
	if len(c.answer.Problems) > before {
		return // there would be no pod to count
	}
	resources, _ := meta.UnsafeGuessKindToResource(podKind)
	for number := int32(1); number <= min(crew.size, maxPods); number++ {
		if words := known.charge(pod, podKind, resources, s.namespace, s.name); words != "" {
			c.refuse(s.index, place(base, number, crew), words+ofMany(number, crew))
			return
		}
	}
	if crew.size > maxPods && len(known.quotas) > 0 {
		c.undecide(fmt.Sprintf("%s %s has more than %d pods", s.kind.Kind, s.name, maxPods))
	}
	for i, volume := range crew.spec.Volumes {
		if volume.Ephemeral != nil && volume.Ephemeral.VolumeClaimTemplate != nil {
			c.claims(s, known, volume.Ephemeral.VolumeClaimTemplate.Spec,
				fmt.Sprintf("%s.volumes[%d].ephemeral.volumeClaimTemplate.spec.resources.requests", base, i), crew.size)
		}
	}
}

// place is the field at fault: the number of pods, unless not even one fits.
func place(base string, number int32, crew crew) string {
	if number > 1 && crew.scale != "" {
		return crew.scale
	}
	return base + ".containers"
}

func ofMany(number int32, crew crew) string {
	if crew.size == 1 {
		return ""
	}
	return fmt.Sprintf(" (pod %d of %d)", number, crew.size)
}

// alone gives each container as the only one of its pod.
func alone(pod *core.Pod, visit func(path string, single *core.Pod)) {
	for i := range pod.Spec.InitContainers {
		single := *pod
		single.Spec.Containers, single.Spec.InitContainers = nil, pod.Spec.InitContainers[i:i+1]
		visit(fmt.Sprintf("initContainers[%d]", i), &single)
	}
	for i := range pod.Spec.Containers {
		single := *pod
		single.Spec.InitContainers, single.Spec.Containers = nil, pod.Spec.Containers[i:i+1]
		visit(fmt.Sprintf("containers[%d]", i), &single)
	}
}

func (c *check) claims(s subject, known *rules, spec core.PersistentVolumeClaimSpec, path string, size int32) {
	for range min(size, maxPods) {
		if !c.claim(s, known, &core.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: s.name, Namespace: s.namespace}, Spec: spec}, path) {
			return
		}
	}
}

// claim is false when the claim would be refused.
func (c *check) claim(s subject, known *rules, claim *core.PersistentVolumeClaim, path string) bool {
	accepted := true
	for _, each := range known.ranges {
		for _, words := range wordsOf(limitranger.PersistentVolumeClaimValidateLimitFunc(each, claim)) {
			accepted = false
			c.refuse(s.index, path, fmt.Sprintf("%s (LimitRange %s)", words, each.Name))
		}
	}
	if !accepted {
		return false
	}
	resources, _ := meta.UnsafeGuessKindToResource(claimKind)
	if words := known.charge(claim, claimKind, resources, s.namespace, s.name); words != "" {
		c.refuse(s.index, path, words)
		return false
	}
	return true
}

// wordsOf takes the errors of a plugin apart, in one order.
func wordsOf(err error) []string {
	if err == nil {
		return nil
	}
	list := []error{err}
	if many, ok := err.(utilerrors.Aggregate); ok {
		list = many.Errors()
	}
	words := make([]string, 0, len(list))
	for _, each := range list {
		words = append(words, strings.TrimSpace(each.Error()))
	}
	slices.Sort(words)
	return words
}
