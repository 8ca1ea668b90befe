// Package admit gives the API server's own verdict on an object that is about to be created or changed.
//
// It decodes strictly, defaults, converts and validates with the registries of the linked
// Kubernetes at its default feature gates, and collects the warnings that kubectl would print.
// Privileged containers are allowed (--allow-privileged), as in every usual cluster.
// CustomResourceDefinitions and APIServices are validated by their own servers' registries, custom
// resources by the definitions that the caller gives (see custom.go).
//
// Not covered, because it needs a cluster: admission webhooks, references to other objects, privilege
// escalation, and whether addresses, ports and families of a Service are free and configured.
// Custom resources without a definition are undecided.
package admit

import (
	"cmp"
	"encoding/json"
	"fmt"
	goruntime "runtime"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kjson "sigs.k8s.io/json"

	"sealock.dev/engine/internal/failure"
)

// Verdict is the API server's answer. Errors and Warnings are pairs of field path and message;
// the path is empty for the object as a whole. Undecided says why there is no verdict, or why it
// is not complete. PodSecurity has what the namespace's level forbids: mode, level:version, path, message.
type Verdict struct {
	Errors      [][2]string `json:"errors"`
	Warnings    [][2]string `json:"warnings"`
	PodSecurity [][4]string `json:"pod_security,omitempty"`
	Undecided   string      `json:"undecided"`
}

// Run answers one item of the protocol's admit operation.
func Run(params, item json.RawMessage) (any, error) {
	known, err := last.Of(params, newSettings)
	if err != nil {
		return nil, failure.New(failure.BadRequest, "admit: "+err.Error(), "")
	}
	var question struct {
		Object    json.RawMessage `json:"object"`
		Old       json.RawMessage `json:"old"`
		Namespace string          `json:"namespace"`
	}
	if err := json.Unmarshal(item, &question); err != nil {
		return nil, failure.New(failure.BadRequest, "admit: "+err.Error(), "")
	}
	if len(question.Object) == 0 {
		return nil, failure.New(failure.BadRequest, "admit: the item has no object", "")
	}
	if len(question.Old) > 0 && string(question.Old) != "null" {
		return known.change(question.Object, question.Old, question.Namespace)
	}
	return known.object(question.Object, question.Namespace), nil
}

// Object returns the verdict on the creation of one manifest in JSON, with nothing known of its cluster.
func Object(raw []byte) Verdict { return (&settings{}).object(raw, "") }

// object judges lists element by element; namespace is where objects go that name none.
func (s *settings) object(raw []byte, namespace string) Verdict {
	c := newCollector(s, namespace)
	if problem := unbounded(raw); problem != "" {
		c.undecide(problem)
	} else {
		c.judge(raw, metav1.TypeMeta{}, 0)
	}
	return c.sorted()
}

func newCollector(s *settings, namespace string) *collector {
	return &collector{
		settings:  s,
		namespace: cmp.Or(namespace, metav1.NamespaceDefault),
		verdict:   Verdict{Errors: [][2]string{}, Warnings: [][2]string{}},
		seen:      map[[2]string]bool{},
	}
}

// sorted: Kubernetes validates maps in any order; a verdict is the same each time.
func (c *collector) sorted() Verdict {
	slices.SortFunc(c.verdict.Errors, byPathThenMessage)
	slices.SortFunc(c.verdict.Warnings, byPathThenMessage)
	return c.verdict
}

func byPathThenMessage(a, b [2]string) int {
	return cmp.Or(strings.Compare(a[0], b[0]), strings.Compare(a[1], b[1]))
}

type head struct {
	metav1.TypeMeta `json:",inline"`
	Items           any `json:"items"`
}

// judge looks at one manifest; an element of a typed list may leave its type to the list.
func (c *collector) judge(raw []byte, assumed metav1.TypeMeta, lists int) {
	var top head
	if err := kjson.UnmarshalCaseSensitivePreserveInts(raw, &top); err != nil {
		c.refuse("", err.Error())
		return
	}
	if top.Kind == "" && top.APIVersion == "" {
		top.TypeMeta = assumed
	}
	elements, hasItems := top.Items.([]any)
	switch version, err := schema.ParseGroupVersion(top.APIVersion); {
	case top.Kind == "":
		c.refuse("kind", "Required value")
	case top.APIVersion == "":
		c.refuse("apiVersion", "Required value")
	case err != nil:
		c.refuse("apiVersion", err.Error())
	case hasItems && strings.HasSuffix(top.Kind, "List"):
		c.judgeElements(elements, top.TypeMeta, lists)
	default:
		c.judgeKind(raw, version.WithKind(top.Kind))
	}
}

func (c *collector) judgeElements(elements []any, list metav1.TypeMeta, lists int) {
	if lists == maxLists {
		c.undecide(fmt.Sprintf("lists inside lists deeper than %d levels", maxLists))
		return
	}
	assumed := metav1.TypeMeta{APIVersion: list.APIVersion, Kind: strings.TrimSuffix(list.Kind, "List")}
	outer := c.prefix
	for index, element := range elements {
		c.prefix = fmt.Sprintf("%sitems[%d].", outer, index)
		raw, err := json.Marshal(element)
		if err != nil {
			c.refuse("", err.Error())
			continue
		}
		c.judge(raw, assumed, lists+1)
	}
	c.prefix = outer
}

// unjudged says why there is no verdict where the API server's own code gave up: it asks a cluster, or the
// object is one that it breaks on.
func unjudged(fault any) string {
	if _, broke := fault.(goruntime.Error); broke {
		return " cannot be judged: the API server's own code breaks on it without a cluster"
	}
	line, _, _ := strings.Cut(fmt.Sprint(fault), "\n")
	return " cannot be judged without a cluster: " + line
}

func (c *collector) judgeKind(raw []byte, kind schema.GroupVersionKind) {
	defer func() {
		if fault := recover(); fault != nil {
			c.undecide(kind.Kind + unjudged(fault))
		}
	}()
	endpoint := c.endpoint(kind)
	if endpoint == nil {
		return
	}
	if problem := endpoint.notServed(); problem != "" {
		c.refuse("apiVersion", problem)
		return
	}
	object, problems := endpoint.decode(raw)
	for _, problem := range problems {
		c.refuse(problem[0], problem[1])
	}
	for _, warning := range endpoint.warnings() {
		c.warn("apiVersion", warning)
	}
	if object != nil {
		c.podSecurity(object, kind)
		c.create(object, kind, endpoint.strategy())
	}
}

// collector gathers a verdict; prefix is the path of the list element that is looked at, and namespace
// is where objects go that name none.
type collector struct {
	*settings
	namespace string
	verdict   Verdict
	seen      map[[2]string]bool
	prefix    string
}

func (c *collector) refuse(path, message string) {
	pair := [2]string{strings.TrimSuffix(c.prefix+path, "."), message}
	if !c.seen[pair] {
		c.seen[pair] = true
		c.verdict.Errors = append(c.verdict.Errors, pair)
	}
}

func (c *collector) warn(path, message string) {
	c.verdict.Warnings = append(c.verdict.Warnings, [2]string{strings.TrimSuffix(c.prefix+path, "."), message})
}

// undecide keeps the first reason.
func (c *collector) undecide(reason string) {
	if c.verdict.Undecided != "" {
		return
	}
	if c.prefix != "" {
		reason = strings.TrimSuffix(c.prefix, ".") + ": " + reason
	}
	c.verdict.Undecided = reason
}

// newObject returns an empty object of an external version that knows its kind; nil when there is none.
func newObject(scheme *runtime.Scheme, kind schema.GroupVersionKind) runtime.Object {
	object, err := scheme.New(kind)
	if err != nil {
		return nil
	}
	object.GetObjectKind().SetGroupVersionKind(kind)
	return object
}
