package admit

import (
	"slices"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kubernetes/pkg/apis/core"
	netutils "k8s.io/utils/net"
)

// settle gives a created object what a cluster gives it before it is changed: a revision, and what is allocated,
// bound and established.
func settle(object runtime.Object) error {
	accessor, err := meta.Accessor(object)
	if err != nil {
		return err
	}
	accessor.SetResourceVersion("1")
	switch typed := object.(type) {
	case *core.Service:
		allocate(typed)
	case *core.PersistentVolumeClaim:
		bind(typed)
	case *apiextensions.CustomResourceDefinition:
		establish(typed)
	}
	return nil
}

// Addresses that stand for those that a cluster would allocate. The assumed one is of a Service that leaves the family
// to the cluster, which may have the other.
const (
	someIPv4    = "10.96.0.10"
	someIPv6    = "fd00::a"
	assumedIPv4 = "10.96.0.11"
)

// allocate does what the allocators of the Service registry do (pkg/registry/core/service/storage).
func allocate(service *core.Service) {
	spec := &service.Spec
	if spec.Type == core.ServiceTypeExternalName {
		return
	}
	assumed := len(spec.IPFamilies) == 0
	if assumed {
		spec.IPFamilies = familiesOf(spec.ClusterIPs)
	}
	if spec.IPFamilyPolicy != nil && *spec.IPFamilyPolicy == core.IPFamilyPolicyRequireDualStack && len(spec.IPFamilies) == 1 {
		spec.IPFamilies = append(spec.IPFamilies, otherFamily(spec.IPFamilies[0]))
	}
	if len(spec.ClusterIPs) == 0 {
		for _, family := range spec.IPFamilies {
			spec.ClusterIPs = append(spec.ClusterIPs, addressOf(family))
		}
		if assumed && len(spec.IPFamilies) == 1 {
			spec.ClusterIPs[0] = assumedIPv4
		}
		spec.ClusterIP = spec.ClusterIPs[0]
	}
	allocatePorts(spec)
}

func otherFamily(family core.IPFamily) core.IPFamily {
	if family == core.IPv6Protocol {
		return core.IPv4Protocol
	}
	return core.IPv6Protocol
}

func familiesOf(addresses []string) []core.IPFamily {
	var families []core.IPFamily
	for _, address := range addresses {
		switch {
		case address == core.ClusterIPNone:
		case netutils.IsIPv6String(address):
			families = append(families, core.IPv6Protocol)
		default:
			families = append(families, core.IPv4Protocol)
		}
	}
	if families == nil {
		families = []core.IPFamily{core.IPv4Protocol}
	}
	return families
}

func addressOf(family core.IPFamily) string {
	if family == core.IPv6Protocol {
		return someIPv6
	}
	return someIPv4
}

// allocatePorts counts down from someNodePort, past the ports that are asked for.
func allocatePorts(spec *core.ServiceSpec) {
	if !hasNodePorts(spec) {
		return
	}
	next := int32(someNodePort)
	for i := range spec.Ports {
		if spec.Ports[i].NodePort != 0 {
			continue
		}
		for next--; slices.ContainsFunc(spec.Ports, func(p core.ServicePort) bool { return p.NodePort == next }); next-- {
		}
		spec.Ports[i].NodePort = next
	}
}

// bind makes a claim one that is in use: unbound ones cannot even grow, and clusters bind theirs sooner or later.
func bind(claim *core.PersistentVolumeClaim) {
	if claim.Spec.VolumeName == "" {
		claim.Spec.VolumeName = "pvc-" + string(claim.UID)
	}
	claim.Status.Phase = core.ClaimBound
	claim.Status.AccessModes = claim.Spec.AccessModes
	claim.Status.Capacity = core.ResourceList{}
	for name, quantity := range claim.Spec.Resources.Requests {
		claim.Status.Capacity[name] = quantity.DeepCopy()
	}
	claim.Status.CurrentVolumeAttributesClassName = claim.Spec.VolumeAttributesClassName
}

// establish is what the controllers of definitions do first: names and scope are then fixed.
func establish(crd *apiextensions.CustomResourceDefinition) {
	crd.Status.AcceptedNames = crd.Spec.Names
	for _, condition := range []apiextensions.CustomResourceDefinitionConditionType{apiextensions.NamesAccepted, apiextensions.Established} {
		apiextensions.SetCRDCondition(crd, apiextensions.CustomResourceDefinitionCondition{Type: condition, Status: apiextensions.ConditionTrue})
	}
}
