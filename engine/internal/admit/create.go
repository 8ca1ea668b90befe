package admit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/warning"
	apiservice "k8s.io/kubernetes/pkg/api/service"
	"k8s.io/kubernetes/pkg/apis/core"
)

// create runs what a create request runs between decoding and storing.
func (c *collector) create(object runtime.Object, kind schema.GroupVersionKind, strategy rest.RESTCreateStrategy) {
	accessor, err := meta.Accessor(object)
	if err != nil {
		c.refuse("metadata", err.Error())
		return
	}
	rest.FillObjectMetaSystemFields(accessor)
	accessor.SetUID(someUID)
	if accessor.GetName() == "" && accessor.GetGenerateName() != "" {
		accessor.SetName(generatedName(accessor.GetGenerateName()))
	}
	if service, ok := object.(*core.Service); ok {
		c.beginService(service)
	}
	bounded := &boundedStrategy{RESTCreateStrategy: strategy}
	ctx := c.request("create", accessor, kind, strategy.NamespaceScoped())
	if err := rest.BeforeCreate(bounded, ctx, object); err != nil {
		c.refuseAll(err)
	}
	if bounded.dropped > 0 {
		c.refuse("", fmt.Sprintf("%d more errors", bounded.dropped))
	}
}

// maxErrors bounds the errors of one object: the API server's answer grows with their square.
const maxErrors = 1000

type boundedStrategy struct {
	rest.RESTCreateStrategy
	dropped int
}

// Validate returns the first errors of the strategy and counts the others.
func (s *boundedStrategy) Validate(ctx context.Context, object runtime.Object) field.ErrorList {
	list := s.RESTCreateStrategy.Validate(ctx, object)
	if len(list) > maxErrors {
		list, s.dropped = list[:maxErrors], len(list)-maxErrors
	}
	return list
}

// request is the context of POST to the collection or PATCH of the object.
func (c *collector) request(verb string, accessor metav1.Object, kind schema.GroupVersionKind, namespaced bool) context.Context {
	namespace := metav1.NamespaceNone
	if namespaced {
		namespace = cmp.Or(accessor.GetNamespace(), c.namespace)
	}
	ctx := genericapirequest.WithNamespace(context.Background(), namespace)
	ctx = genericapirequest.WithRequestInfo(ctx, &genericapirequest.RequestInfo{
		IsResourceRequest: true, Verb: verb, APIGroup: kind.Group, APIVersion: kind.Version,
		Namespace: namespace, Name: accessor.GetName(),
	})
	return warning.WithWarningRecorder(ctx, recorder{c})
}

// generatedName is as long as what the API server makes, and always the same.
func generatedName(base string) string {
	const longest, suffix = 63, "00000"
	return base[:min(len(base), longest-len(suffix))] + suffix
}

// someUID makes a verdict the same each time; Jobs repeat it in their labels.
const someUID = "00000000-0000-4000-8000-000000000000"

// someNodePort stands for the port that a cluster would allocate.
const someNodePort = 32767

// beginService does what the Service registry does before validation and without its allocators
// (pkg/registry/core/service/storage, normalizeClusterIPs, initIPFamilyFields and the health check port).
func (c *collector) beginService(service *core.Service) {
	spec := &service.Spec
	if spec.ClusterIP != "" && len(spec.ClusterIPs) == 0 {
		spec.ClusterIPs = []string{spec.ClusterIP}
	}
	if spec.Type == core.ServiceTypeExternalName {
		return
	}
	if spec.HealthCheckNodePort == 0 && apiservice.NeedsHealthCheck(service) {
		spec.HealthCheckNodePort = someNodePort
	}
	if spec.IPFamilyPolicy == nil {
		policy := core.IPFamilyPolicySingleStack
		if spec.ClusterIP == core.ClusterIPNone && len(spec.Selector) == 0 {
			policy = core.IPFamilyPolicyRequireDualStack
		}
		spec.IPFamilyPolicy = &policy
	}
	if *spec.IPFamilyPolicy != core.IPFamilyPolicySingleStack {
		return
	}
	const remedy = `Invalid value: "SingleStack": must be 'RequireDualStack' or 'PreferDualStack' when multiple `
	if len(spec.ClusterIPs) == 2 {
		c.refuse("spec.ipFamilyPolicy", remedy+"cluster IPs are specified")
	}
	if len(spec.IPFamilies) == 2 {
		c.refuse("spec.ipFamilyPolicy", remedy+"IP families are specified")
	}
}

// uncompiled marks the errors of a rule that does not compile: they say nothing of the object.
var uncompiled = regexp.MustCompile(`rule compiler? (?:initialization )?error: `)

// unchecked is added to the errors that have kept rules from being checked.
const unchecked = "some validation rules were not checked because the object was invalid"

// refuseAll takes an API error apart; what says that the API server itself has failed leaves the verdict open.
func (c *collector) refuseAll(err error) {
	for _, problem := range causes(err) {
		if strings.Contains(problem[1], unchecked) {
			continue
		}
		if uncompiled.MatchString(problem[1]) || strings.HasPrefix(problem[1], field.ErrorTypeInternal.String()) {
			c.undecide(strings.TrimPrefix(problem[0]+": "+problem[1], ": "))
			continue
		}
		c.refuse(problem[0], problem[1])
	}
}

// causes splits an API error into one (path, message) for each field at fault.
func causes(err error) [][2]string {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return [][2]string{{"", err.Error()}}
	}
	details := status.Status().Details
	if details == nil || len(details.Causes) == 0 {
		return [][2]string{{"", status.Status().Message}}
	}
	problems := make([][2]string, 0, len(details.Causes))
	for _, cause := range details.Causes {
		path := strings.TrimPrefix(cause.Field, ".") // definitions write the path of replicas so
		if path == "<nil>" || path == "[]" {         // how field.Path prints no path and an empty one
			path = ""
		}
		problems = append(problems, [2]string{path, cause.Message})
	}
	return problems
}

// recorder takes the warnings that validation gives, and takes "path: message" apart.
type recorder struct{ *collector }

var fieldPath = regexp.MustCompile(`^[a-z]\w*(?:\.\w+|\[[^\]]*\])*$`)

// AddWarning implements warning.Recorder.
func (r recorder) AddWarning(_, text string) {
	if path, message, found := strings.Cut(text, ": "); found && fieldPath.MatchString(path) {
		r.warn(path, message)
		return
	}
	r.warn("", text)
}
