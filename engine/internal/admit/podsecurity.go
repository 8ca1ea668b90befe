package admit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/pod-security-admission/admission"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

var evaluator = sync.OnceValue(func() policy.Evaluator {
	found, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		panic(err) // the checks are compiled in
	}
	return found
})

// podSpecs says where the kinds that Pod Security looks at have their pod.
var podSpecs = map[schema.GroupKind]string{
	{Kind: "Pod"}:                        "spec",
	{Kind: "PodTemplate"}:                "template.spec",
	{Kind: "ReplicationController"}:      "spec.template.spec",
	{Group: "apps", Kind: "ReplicaSet"}:  "spec.template.spec",
	{Group: "apps", Kind: "Deployment"}:  "spec.template.spec",
	{Group: "apps", Kind: "StatefulSet"}: "spec.template.spec",
	{Group: "apps", Kind: "DaemonSet"}:   "spec.template.spec",
	{Group: "batch", Kind: "Job"}:        "spec.template.spec",
	{Group: "batch", Kind: "CronJob"}:    "spec.jobTemplate.spec.template.spec",
}

// PodSpecPath is where objects of a kind have the specification of their pods; empty when they have none.
func PodSpecPath(kind schema.GroupKind) string { return podSpecs[kind] }

// podSecurity does what the PodSecurity admission plugin does with one object.
func (c *collector) podSecurity(object runtime.Object, kind schema.GroupVersionKind) {
	if namespace, ok := object.(*core.Namespace); ok {
		c.namespaceLabels(namespace)
		return
	}
	base := podSpecs[kind.GroupKind()]
	if base == "" {
		return
	}
	levels := c.levelsFor(object)
	if levels.FullyPrivileged() {
		return
	}
	external, err := legacyscheme.Scheme.ConvertToVersion(object, kind.GroupVersion())
	if err != nil {
		c.undecide("Pod Security: " + err.Error())
		return
	}
	metadata, spec, err := admission.DefaultPodSpecExtractor{}.ExtractPodSpec(external)
	if err != nil || spec == nil { // no template: the create verdict says so
		return
	}
	c.violations(securedPod{base, metadata, spec}, levels)
}

// namespaceLabels refuses labels that the plugin cannot read.
func (c *collector) namespaceLabels(namespace *core.Namespace) {
	_, problems := api.PolicyToEvaluate(namespace.Labels, privileged())
	for _, problem := range problems {
		c.refuse(problem.Field, problem.ErrorBody())
	}
}

func (c *collector) levelsFor(object runtime.Object) api.Policy {
	levels := privileged()
	if c.levels != nil {
		levels = *c.levels
	}
	accessor, err := meta.Accessor(object)
	if err != nil {
		return levels
	}
	// Labels that cannot be read count as the plugin counts them; the Namespace's own verdict tells.
	levels, _ = api.PolicyToEvaluate(c.namespaces[cmp.Or(accessor.GetNamespace(), c.namespace)], levels)
	return levels
}

// violations records each violation once, with the strictest mode that it has.
func (c *collector) violations(p securedPod, levels api.Policy) {
	seen := map[[2]string]bool{}
	for _, each := range []struct {
		mode  string
		level api.LevelVersion
	}{{"enforce", levels.Enforce}, {"warn", levels.Warn}, {"audit", levels.Audit}} {
		for _, found := range p.violations(each.level) {
			if !seen[found] {
				seen[found] = true
				c.verdict.PodSecurity = append(c.verdict.PodSecurity, [4]string{each.mode, each.level.String(), c.prefix + found[0], found[1]})
			}
		}
	}
}

// securedPod is a pod or template under examination; base is its specification's path.
type securedPod struct {
	base     string
	metadata *metav1.ObjectMeta
	spec     *corev1.PodSpec
}

// violations returns path and message of each. The checks name containers, not paths: they are asked again for the
// pod without containers and volumes and then for each of these alone.
func (p securedPod) violations(level api.LevelVersion) [][2]string {
	whole := evaluator().EvaluatePod(level, p.metadata, p.spec)
	if !slices.ContainsFunc(whole, forbidden) {
		return nil
	}
	bare := *p.spec
	bare.InitContainers, bare.Containers, bare.EphemeralContainers, bare.Volumes = nil, nil, nil, nil
	ofPod := evaluator().EvaluatePod(level, p.metadata, &bare)
	var found [][2]string
	located := make([]bool, len(whole))
	for _, part := range parts(p.spec, bare) {
		for index, result := range evaluator().EvaluatePod(level, p.metadata, &part.spec) {
			if !result.Allowed && ofPod[index].Allowed {
				located[index] = true
				found = append(found, [2]string{join(p.base, part.path, fieldOf(part.path, result)), message(result)})
			}
		}
	}
	for index, result := range whole {
		if !result.Allowed && !located[index] {
			found = append(found, [2]string{join(p.base, fieldOf("", result)), message(result)})
		}
	}
	return found
}

func forbidden(result policy.CheckResult) bool { return !result.Allowed }

func message(result policy.CheckResult) string {
	if result.ForbiddenDetail == "" {
		return result.ForbiddenReason
	}
	return fmt.Sprintf("%s (%s)", result.ForbiddenReason, result.ForbiddenDetail)
}

type part struct {
	path string
	spec corev1.PodSpec
}

// parts returns the bare pod with each container and each volume alone.
func parts(spec *corev1.PodSpec, bare corev1.PodSpec) []part {
	var found []part
	add := func(list string, index int, fill func(*corev1.PodSpec)) {
		alone := bare
		fill(&alone)
		found = append(found, part{fmt.Sprintf("%s[%d]", list, index), alone})
	}
	for i := range spec.InitContainers {
		add("initContainers", i, func(s *corev1.PodSpec) { s.InitContainers = spec.InitContainers[i : i+1] })
	}
	for i := range spec.Containers {
		add("containers", i, func(s *corev1.PodSpec) { s.Containers = spec.Containers[i : i+1] })
	}
	for i := range spec.EphemeralContainers {
		add("ephemeralContainers", i, func(s *corev1.PodSpec) { s.EphemeralContainers = spec.EphemeralContainers[i : i+1] })
	}
	for i := range spec.Volumes {
		add("volumes", i, func(s *corev1.PodSpec) { s.Volumes = spec.Volumes[i : i+1] })
	}
	return found
}

// fieldsOf names the field that each check is about, by the reason that it gives.
var fieldsOf = map[string]string{
	"allowPrivilegeEscalation != false": "securityContext.allowPrivilegeEscalation",
	"forbidden AppArmor profile":        "securityContext.appArmorProfile",
	"forbidden AppArmor profiles":       "securityContext.appArmorProfile",
	"non-default capabilities":          "securityContext.capabilities",
	"unrestricted capabilities":         "securityContext.capabilities",
	"hostPort":                          "ports",
	"privileged":                        "securityContext.privileged",
	"procMount":                         "securityContext.procMount",
	"runAsNonRoot != true":              "securityContext.runAsNonRoot",
	"runAsUser=0":                       "securityContext.runAsUser",
	"seLinuxOptions":                    "securityContext.seLinuxOptions",
	"seccompProfile":                    "securityContext.seccompProfile",
	"forbidden sysctls":                 "securityContext.sysctls",
	"hostProcess":                       "securityContext.windowsOptions.hostProcess",
}

// fieldOf is empty for volumes, which are at fault as a whole, and for checks that have more than one field.
func fieldOf(path string, result policy.CheckResult) string {
	if strings.HasPrefix(path, "volumes") {
		return ""
	}
	if result.ForbiddenReason == "host namespaces" {
		name, _, _ := strings.Cut(result.ForbiddenDetail, "=")
		return name
	}
	return fieldsOf[result.ForbiddenReason]
}

func join(steps ...string) string {
	return strings.Join(slices.DeleteFunc(steps, func(step string) bool { return step == "" }), ".")
}
