// Package quota plays the creation of an overlay's objects in a namespace that has nothing but the LimitRanges and
// ResourceQuotas among them, with the code of Kubernetes' admission plugins.
//
// Workloads are counted as the pods that they ask for: a Deployment without its surge, a Job with its parallelism, a
// workload under an autoscaler with no less than its minimum. What only a cluster knows is said: a DaemonSet has one
// pod on each node, and is counted as one.
package quota

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kubernetes/pkg/apis/autoscaling"
	"k8s.io/kubernetes/pkg/apis/core"

	"sealock.dev/engine/internal/admit"
	"sealock.dev/engine/internal/failure"
)

// Problem is what the API server would refuse: the object at fault, by its place in the item, its field, and why.
type Problem struct {
	Index   int    `json:"index"`
	Path    string `json:"path"`
	Message string `json:"message"`
}

// Answer is the answer to one item. Undecided says what could not be counted.
type Answer struct {
	Problems  []Problem `json:"problems"`
	Undecided string    `json:"undecided"`
}

// Run answers one item of the protocol's quota operation.
func Run(_, item json.RawMessage) (any, error) {
	var question struct {
		Objects   []json.RawMessage `json:"objects"`
		Namespace string            `json:"namespace"`
	}
	if err := json.Unmarshal(item, &question); err != nil {
		return nil, failure.New(failure.BadRequest, "quota: "+err.Error(), "")
	}
	c := &check{
		namespace: cmp.Or(question.Namespace, corev1.NamespaceDefault),
		rules:     map[string]*rules{},
		minimum:   map[workload]int32{},
		answer:    Answer{Problems: []Problem{}},
	}
	subjects := c.read(question.Objects)
	for _, each := range subjects {
		c.learn(each)
	}
	for _, each := range subjects {
		if known := c.rules[each.namespace]; known != nil {
			c.create(each, known)
		}
	}
	return c.answer, nil
}

// subject is one object as the API server sees it; object is nil for custom resources.
type subject struct {
	index     int
	kind      schema.GroupVersionKind
	name      string
	namespace string
	object    runtime.Object
}

// workload names what an autoscaler scales.
type workload struct{ namespace, kind, name string }

// check is one overlay under examination; namespace is where objects go that name none.
type check struct {
	namespace string
	rules     map[string]*rules
	minimum   map[workload]int32
	answer    Answer
}

func (c *check) refuse(index int, path, message string) {
	problem := Problem{index, path, message}
	if !slices.Contains(c.answer.Problems, problem) {
		c.answer.Problems = append(c.answer.Problems, problem)
	}
}

func (c *check) undecide(reason string) {
	if !strings.Contains(c.answer.Undecided, reason) {
		c.answer.Undecided = strings.TrimPrefix(c.answer.Undecided+"; "+reason, "; ")
	}
}

func (c *check) read(raws []json.RawMessage) []subject {
	var subjects []subject
	for index, raw := range raws {
		var head struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
			Metadata   struct {
				Name      string `json:"name"`
				Namespace string `json:"namespace"`
			} `json:"metadata"`
		}
		err := json.Unmarshal(raw, &head)
		kind := schema.FromAPIVersionAndKind(head.APIVersion, head.Kind)
		var object runtime.Object
		if err == nil {
			object, err = admit.Read(raw, kind)
		}
		if err != nil {
			c.undecide(fmt.Sprintf("object %d cannot be read and is not counted", index))
			continue
		}
		if namespaced, known := admit.Namespaced(kind.GroupKind()); known && !namespaced {
			continue
		}
		namespace := cmp.Or(head.Metadata.Namespace, c.namespace)
		if object != nil {
			if accessor, err := meta.Accessor(object); err == nil {
				accessor.SetNamespace(namespace)
			}
		}
		subjects = append(subjects, subject{index, kind, head.Metadata.Name, namespace, object})
	}
	return subjects
}

// learn keeps what the rules of a namespace are, and how far autoscalers go down.
func (c *check) learn(s subject) {
	switch object := s.object.(type) {
	case *core.LimitRange:
		c.rulesOf(s.namespace).addRange(object)
	case *core.ResourceQuota:
		c.rulesOf(s.namespace).addQuota(object)
	case *autoscaling.HorizontalPodAutoscaler:
		target := object.Spec.ScaleTargetRef
		if object.Spec.MinReplicas != nil {
			c.minimum[workload{s.namespace, target.Kind, target.Name}] = *object.Spec.MinReplicas
		}
	}
}

func (c *check) rulesOf(namespace string) *rules {
	if c.rules[namespace] == nil {
		c.rules[namespace] = &rules{}
	}
	return c.rules[namespace]
}
