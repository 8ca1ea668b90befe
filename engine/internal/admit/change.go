package admit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/registry/rest"
	kjson "sigs.k8s.io/json"

	"sealock.dev/engine/internal/failure"
)

// change returns what the API server says when a manifest is applied (as `kubectl apply` does, and Argo CD unless
// told otherwise) over the object that another manifest of it has made, beyond what it says of the manifest alone.
func (s *settings) change(raw, old []byte, namespace string) (any, error) {
	c := newCollector(s, namespace)
	if problem := unbounded(raw); problem != "" {
		c.undecide(problem)
		return c.verdict, nil
	}
	if problem := unbounded(old); problem != "" {
		c.undecide("the object before the change: " + problem)
		return c.verdict, nil
	}
	next, last, err := readPair(raw, old)
	if err != nil {
		return nil, failure.New(failure.BadRequest, "admit: "+err.Error(), "object and old are two states of one object")
	}
	own := s.object(raw, namespace)
	switch {
	case own.Undecided != "":
		c.undecide(own.Undecided)
	case next == nil: // no object at all, which the verdict on its creation says
	case last == nil:
		c.undecide("the object before the change cannot be read")
	default:
		c.compare(*next, *last, own)
	}
	return c.sorted(), nil
}

// beyond drops what is known already.
func beyond(found, known [][2]string) [][2]string {
	return slices.DeleteFunc(found, func(pair [2]string) bool { return slices.Contains(known, pair) })
}

// state is one manifest of an object.
type state struct {
	raw  []byte
	kind schema.GroupVersionKind
}

type identity struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        struct {
		Name      any `json:"name"`
		Namespace any `json:"namespace"`
	} `json:"metadata"`
	Items any `json:"items"`
}

// readPair gives nil for a manifest that has no kind, and an error when the two are not of one object.
func readPair(raw, old []byte) (next, last *state, err error) {
	var a, b identity
	next, last = readState(raw, &a), readState(old, &b)
	if next == nil || last == nil {
		return next, last, nil
	}
	_, isList := a.Items.([]any)
	switch {
	case isList && strings.HasSuffix(a.Kind, "List"):
		return nil, nil, errors.New("a list is compared element by element")
	case next.kind.GroupKind() != last.kind.GroupKind():
		return nil, nil, fmt.Errorf("%s and %s are two kinds", next.kind.GroupKind(), last.kind.GroupKind())
	case a.Metadata.Name != b.Metadata.Name:
		return nil, nil, fmt.Errorf("%v and %v are two names", a.Metadata.Name, b.Metadata.Name)
	}
	return next, last, nil
}

func readState(raw []byte, head *identity) *state {
	if kjson.UnmarshalCaseSensitivePreserveInts(raw, head) != nil || head.Kind == "" {
		return nil
	}
	version, err := schema.ParseGroupVersion(head.APIVersion)
	if err != nil || head.APIVersion == "" {
		return nil
	}
	return &state{raw, version.WithKind(head.Kind)}
}

// compare plays the creation of the last state and the application of the next, and leaves out what own has already.
func (c *collector) compare(next, last state, own Verdict) {
	defer func() {
		if fault := recover(); fault != nil {
			c.undecide("a change of " + next.kind.Kind + unjudged(fault))
		}
	}()
	endpoint := c.endpoint(next.kind)
	if endpoint == nil || endpoint.notServed() != "" {
		return // the verdict on the creation says so
	}
	live, err := c.live(last, endpoint)
	if err != nil {
		c.undecide("the object before the change cannot be read: " + err.Error())
		return
	}
	if live == nil {
		return
	}
	merged, err := endpoint.apply(last.raw, next.raw, live)
	if err != nil {
		c.undecide("the change cannot be applied: " + err.Error())
		return
	}
	before, _ := endpoint.decode(live)
	after, problems := endpoint.decode(merged)
	if before == nil || after == nil {
		for _, problem := range problems {
			c.refuse(problem[0], problem[1])
		}
		return
	}
	c.update(after, before, next.kind, endpoint)
	c.verdict.Errors = beyond(c.verdict.Errors, own.Errors)
	c.verdict.Warnings = beyond(c.verdict.Warnings, own.Warnings)
	c.narrow(live, merged, next.kind, endpoint)
}

// live returns what a cluster would have of the last state, in the version of an endpoint; nil when it would have
// none, because the last state was refused.
func (c *collector) live(last state, endpoint endpoint) ([]byte, error) {
	earlier := c.endpoint(last.kind)
	if earlier == nil {
		return nil, nil
	}
	object, problems := earlier.decode(last.raw)
	if object == nil {
		return nil, errors.New(strings.TrimPrefix(problems[0][0]+": "+problems[0][1], ": "))
	}
	if earlier.strategy() == nil {
		return nil, fmt.Errorf("%s is not known", last.kind)
	}
	silent := newCollector(c.settings, c.namespace)
	silent.create(object, last.kind, earlier.strategy())
	_, isCustom := earlier.(*custom)
	// A definition may have changed since a custom resource was accepted; Kubernetes' own rules hardly ever do.
	if refused := silent.sorted().Errors; len(refused) > 0 && !isCustom {
		c.warn("", fmt.Sprintf("not compared with its state before the change, which was refused itself: %s",
			strings.TrimPrefix(refused[0][0]+": "+refused[0][1], ": ")))
		return nil, nil
	}
	if err := settle(object); err != nil {
		return nil, err
	}
	return endpoint.encode(object)
}

// update runs what a PATCH request runs between decoding and storing.
func (c *collector) update(after, before runtime.Object, kind schema.GroupVersionKind, endpoint endpoint) {
	strategy, ok := endpoint.strategy().(rest.RESTUpdateStrategy)
	if !ok {
		c.undecide(kind.Kind + " is never updated")
		return
	}
	accessor, err := meta.Accessor(after)
	if err != nil {
		c.refuse("metadata", err.Error())
		return
	}
	c.beginUpdate(after, before)
	bounded := &boundedUpdate{RESTUpdateStrategy: strategy}
	ctx := c.request("patch", accessor, kind, strategy.NamespaceScoped())
	if err := rest.BeforeUpdate(bounded, ctx, after, before); err != nil {
		c.refuseAll(err)
	}
	if bounded.dropped > 0 {
		c.refuse("", fmt.Sprintf("%d more errors", bounded.dropped))
	}
}

type boundedUpdate struct {
	rest.RESTUpdateStrategy
	dropped int
}

// ValidateUpdate returns the first errors of the strategy and counts the others.
func (s *boundedUpdate) ValidateUpdate(ctx context.Context, object, old runtime.Object) field.ErrorList {
	list := s.RESTUpdateStrategy.ValidateUpdate(ctx, object, old)
	if len(list) > maxErrors {
		list, s.dropped = list[:maxErrors], len(list)-maxErrors
	}
	for _, each := range list {
		shorten(each)
	}
	return list
}

// longestValue is what a line of a report can bear; a Job's whole template is some thousand characters.
const longestValue = 200

// shorten leaves out a value that nobody would read, and what follows the first line: a difference in terms of
// types that no manifest has.
func shorten(problem *field.Error) {
	if len(problem.ErrorBody())-len(problem.Detail) > longestValue {
		problem.BadValue = field.OmitValueType{}
	}
	problem.Detail, _, _ = strings.Cut(problem.Detail, "\n")
}
