package admit

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime"
	apiservice "k8s.io/kubernetes/pkg/api/service"
	"k8s.io/kubernetes/pkg/apis/core"
)

// beginUpdate does what the Service registry does before validation and without its allocators
// (pkg/registry/core/service/storage, beginUpdate).
func (c *collector) beginUpdate(after, before runtime.Object) {
	newService, isService := after.(*core.Service)
	oldService, wasService := before.(*core.Service)
	if !isService || !wasService || newService.Spec.Type == core.ServiceTypeExternalName {
		return
	}
	if oldService.Spec.Type == core.ServiceTypeExternalName {
		c.beginService(newService)
		allocate(newService)
		return
	}
	was, is := &oldService.Spec, &newService.Spec
	keepAddresses(was, is)
	keepPorts(was, is)
	if is.HealthCheckNodePort == 0 && apiservice.NeedsHealthCheck(newService) {
		is.HealthCheckNodePort = max(was.HealthCheckNodePort, someNodePort)
	}
	c.believe(was, is)
	if is.IPFamilyPolicy != nil && *is.IPFamilyPolicy == core.IPFamilyPolicySingleStack {
		releaseSecond(was, is)
	}
}

// keepAddresses is patchAllocatedValues and normalizeClusterIPs, as far as they are about addresses.
func keepAddresses(was, is *core.ServiceSpec) {
	if is.ClusterIP == "" {
		is.ClusterIP = was.ClusterIP
	}
	if len(is.ClusterIPs) == 0 {
		is.ClusterIPs = was.ClusterIPs
	}
	if is.ClusterIP != was.ClusterIP && slices.Equal(is.ClusterIPs, was.ClusterIPs) {
		is.ClusterIPs = []string{is.ClusterIP}
	}
	if is.IPFamilyPolicy == nil {
		is.IPFamilyPolicy = was.IPFamilyPolicy
	}
}

// keepPorts is patchAllocatedValues, as far as it is about node ports.
func keepPorts(was, is *core.ServiceSpec) {
	if !hasNodePorts(was) || !hasNodePorts(is) {
		return
	}
	byName := map[string]int32{}
	for _, port := range was.Ports {
		byName[port.Name] = port.NodePort
	}
	for i := range is.Ports {
		port := byName[is.Ports[i].Name]
		taken := slices.ContainsFunc(is.Ports, func(p core.ServicePort) bool { return p.NodePort == port })
		if is.Ports[i].NodePort == 0 && !taken {
			is.Ports[i].NodePort = port
		}
	}
}

func hasNodePorts(spec *core.ServiceSpec) bool {
	return spec.Type == core.ServiceTypeNodePort || spec.Type == core.ServiceTypeLoadBalancer &&
		(spec.AllocateLoadBalancerNodePorts == nil || *spec.AllocateLoadBalancerNodePorts)
}

// believe takes an address or family that is now written down for the one that the cluster has given, and warns.
func (c *collector) believe(was, is *core.ServiceSpec) {
	const only = "accepted only if it is what the cluster has given this Service already"
	standIn := was.ClusterIP == someIPv4 || was.ClusterIP == someIPv6 || was.ClusterIP == assumedIPv4
	if was.ClusterIP == assumedIPv4 && len(is.IPFamilies) > 0 && is.IPFamilies[0] != was.IPFamilies[0] {
		c.warn("spec.ipFamilies", only)
		was.IPFamilies = slices.Clone(is.IPFamilies[:1])
		was.ClusterIP, was.ClusterIPs = someIPv6, []string{someIPv6}
		if is.ClusterIP == assumedIPv4 {
			is.ClusterIP, is.ClusterIPs = someIPv6, []string{someIPv6}
		}
	}
	if standIn && is.ClusterIP != was.ClusterIP && is.ClusterIP != core.ClusterIPNone {
		c.warn("spec.clusterIP", only)
		was.ClusterIP, was.ClusterIPs = is.ClusterIP, slices.Clone(is.ClusterIPs)
		was.IPFamilies = familiesOf(is.ClusterIPs)
		if len(is.IPFamilies) == 1 {
			is.IPFamilies = slices.Clone(was.IPFamilies)
		}
	}
}

// releaseSecond is what initIPFamilyFields makes of a Service that is to have one family from now on.
func releaseSecond(was, is *core.ServiceSpec) {
	if len(is.ClusterIPs) > 1 && slices.Equal(is.ClusterIPs, was.ClusterIPs) {
		is.ClusterIPs = is.ClusterIPs[:1]
	}
	if len(is.IPFamilies) > 1 && slices.Equal(is.IPFamilies, was.IPFamilies) {
		is.IPFamilies = is.IPFamilies[:1]
	}
}
