"""From which release on Kubernetes' own API versions are deprecated, and no longer served.

Source: `APILifecycleDeprecated`, `APILifecycleRemoved` and `APILifecycleReplacement` of k8s.io/api v0.36.3
(zz_generated.prerelease-lifecycle.go). For what that release no longer has: the packaged schemas 1.25 to
1.37, where a kind that is gone was removed, and for older ones kubernetes.io/docs/reference/using-api/
deprecation-guide. A test holds the table against the packaged schemas.
"""

from __future__ import annotations

import msgspec


class Lifecycle(msgspec.Struct, frozen=True):
    """Minor releases of Kubernetes 1. None for what was dropped unannounced; `replacement` may be empty."""

    deprecated: int | None
    removed: int
    replacement: str


_ROWS = (
    ("admissionregistration.k8s.io/v1alpha1", 35, 38, "admissionregistration.k8s.io/v1beta1",
     "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io/v1alpha1", 29, 32, "admissionregistration.k8s.io/v1",
     "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io/v1beta1", 37, 40, "admissionregistration.k8s.io/v1",
     "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io/v1beta1", 16, 22, "admissionregistration.k8s.io/v1",
     "MutatingWebhookConfiguration ValidatingWebhookConfiguration"),
    ("admissionregistration.k8s.io/v1beta1", 31, 34, "admissionregistration.k8s.io/v1",
     "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding"),
    ("apiextensions.k8s.io/v1beta1", 16, 22, "apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ("apiregistration.k8s.io/v1beta1", 19, 22, "apiregistration.k8s.io/v1", "APIService"),
    ("apps/v1beta1", 8, 16, "apps/v1", "ControllerRevision Deployment StatefulSet"),
    ("apps/v1beta2", 9, 16, "apps/v1", "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet"),
    ("autoscaling/v2beta1", 22, 25, "autoscaling/v2", "HorizontalPodAutoscaler"),
    ("autoscaling/v2beta2", 23, 26, "autoscaling/v2", "HorizontalPodAutoscaler"),
    ("batch/v1beta1", 21, 25, "batch/v1", "CronJob"),
    ("batch/v2alpha1", None, 21, "batch/v1", "CronJob"),
    ("certificates.k8s.io/v1alpha1", 34, 37, "certificates.k8s.io/v1beta1", "ClusterTrustBundle"),
    ("certificates.k8s.io/v1alpha1", None, 35, "certificates.k8s.io/v1beta1", "PodCertificateRequest"),
    ("certificates.k8s.io/v1beta1", 19, 22, "certificates.k8s.io/v1", "CertificateSigningRequest"),
    ("certificates.k8s.io/v1beta1", 37, 40, "certificates.k8s.io/v1", "ClusterTrustBundle"),
    ("certificates.k8s.io/v1beta1", 38, 41, "certificates.k8s.io/v1", "PodCertificateRequest"),
    ("coordination.k8s.io/v1alpha1", None, 32, "coordination.k8s.io/v1alpha2", "LeaseCandidate"),
    ("coordination.k8s.io/v1alpha2", 35, 38, "coordination.k8s.io/v1beta1", "LeaseCandidate"),
    ("coordination.k8s.io/v1beta1", 19, 22, "coordination.k8s.io/v1", "Lease"),
    ("coordination.k8s.io/v1beta1", 36, 39, "", "LeaseCandidate"),
    ("discovery.k8s.io/v1beta1", 21, 25, "discovery.k8s.io/v1", "EndpointSlice"),
    ("extensions/v1beta1", 8, 16, "apps/v1", "DaemonSet Deployment ReplicaSet"),
    ("extensions/v1beta1", 14, 22, "networking.k8s.io/v1", "Ingress"),
    ("extensions/v1beta1", 9, 16, "networking.k8s.io/v1", "NetworkPolicy"),
    ("extensions/v1beta1", 11, 16, "", "PodSecurityPolicy"),
    ("flowcontrol.apiserver.k8s.io/v1beta1", 23, 26, "flowcontrol.apiserver.k8s.io/v1beta3",
     "FlowSchema PriorityLevelConfiguration"),
    ("flowcontrol.apiserver.k8s.io/v1beta2", 26, 29, "flowcontrol.apiserver.k8s.io/v1beta3",
     "FlowSchema PriorityLevelConfiguration"),
    ("flowcontrol.apiserver.k8s.io/v1beta3", 29, 32, "flowcontrol.apiserver.k8s.io/v1",
     "FlowSchema PriorityLevelConfiguration"),
    ("networking.k8s.io/v1alpha1", None, 29, "", "ClusterCIDR"),
    ("networking.k8s.io/v1alpha1", None, 31, "networking.k8s.io/v1beta1", "IPAddress ServiceCIDR"),
    ("networking.k8s.io/v1beta1", 34, 37, "networking.k8s.io/v1", "IPAddress ServiceCIDR"),
    ("networking.k8s.io/v1beta1", 19, 22, "networking.k8s.io/v1", "Ingress IngressClass"),
    ("node.k8s.io/v1beta1", 22, 25, "node.k8s.io/v1", "RuntimeClass"),
    ("policy/v1beta1", 21, 25, "policy/v1", "PodDisruptionBudget"),
    ("policy/v1beta1", 21, 25, "", "PodSecurityPolicy"),
    ("rbac.authorization.k8s.io/v1alpha1", 17, 22, "rbac.authorization.k8s.io/v1",
     "ClusterRole ClusterRoleBinding Role RoleBinding"),
    ("rbac.authorization.k8s.io/v1beta1", 17, 22, "rbac.authorization.k8s.io/v1",
     "ClusterRole ClusterRoleBinding Role RoleBinding"),
    ("resource.k8s.io/v1alpha1", None, 27, "", "PodScheduling ResourceClass"),
    ("resource.k8s.io/v1alpha1", None, 27, "resource.k8s.io/v1alpha2", "ResourceClaim ResourceClaimTemplate"),
    ("resource.k8s.io/v1alpha2", None, 31, "",
     "PodSchedulingContext ResourceClaimParameters ResourceClass ResourceClassParameters"),
    ("resource.k8s.io/v1alpha2", None, 31, "resource.k8s.io/v1alpha3",
     "ResourceClaim ResourceClaimTemplate ResourceSlice"),
    ("resource.k8s.io/v1alpha3", None, 34, "resource.k8s.io/v1beta1",
     "DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice"),
    ("resource.k8s.io/v1alpha3", 36, 39, "resource.k8s.io/v1beta2", "DeviceTaintRule"),
    ("resource.k8s.io/v1alpha3", None, 32, "", "PodSchedulingContext"),
    ("resource.k8s.io/v1alpha3", 39, 42, "", "ResourcePoolStatusRequest"),
    ("resource.k8s.io/v1beta1", 35, 38, "resource.k8s.io/v1",
     "DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice"),
    ("resource.k8s.io/v1beta2", 36, 39, "resource.k8s.io/v1",
     "DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice"),
    ("resource.k8s.io/v1beta2", 39, 42, "resource.k8s.io/v1", "DeviceTaintRule"),
    ("scheduling.k8s.io/v1alpha1", 14, 22, "scheduling.k8s.io/v1", "PriorityClass"),
    ("scheduling.k8s.io/v1alpha1", None, 36, "scheduling.k8s.io/v1alpha2", "Workload"),
    ("scheduling.k8s.io/v1alpha2", None, 37, "scheduling.k8s.io/v1beta1", "PodGroup Workload"),
    ("scheduling.k8s.io/v1beta1", 14, 22, "scheduling.k8s.io/v1", "PriorityClass"),
    ("storage.k8s.io/v1alpha1", 21, 24, "storage.k8s.io/v1", "CSIStorageCapacity VolumeAttachment"),
    ("storage.k8s.io/v1alpha1", 32, 35, "storage.k8s.io/v1", "VolumeAttributesClass"),
    ("storage.k8s.io/v1beta1", 19, 22, "storage.k8s.io/v1", "CSIDriver StorageClass VolumeAttachment"),
    ("storage.k8s.io/v1beta1", 17, 22, "storage.k8s.io/v1", "CSINode"),
    ("storage.k8s.io/v1beta1", 24, 27, "storage.k8s.io/v1", "CSIStorageCapacity"),
    ("storage.k8s.io/v1beta1", 34, 37, "storage.k8s.io/v1", "VolumeAttributesClass"),
    ("storagemigration.k8s.io/v1alpha1", None, 35, "storagemigration.k8s.io/v1beta1",
     "StorageVersionMigration"),
    ("storagemigration.k8s.io/v1beta1", 38, 41, "storagemigration.k8s.io/v1", "StorageVersionMigration"),
)  # fmt: skip

LIFECYCLES = {
    (api_version, kind): Lifecycle(deprecated, removed, replacement)
    for api_version, deprecated, removed, replacement, kinds in _ROWS
    for kind in kinds.split()
}
"""By API version and kind; what is not here has no announced end."""


def is_removed(api_version: str, kind: str, minor: int) -> bool:
    """Say whether Kubernetes 1.`minor` no longer serves a kind that an older release did."""
    found = LIFECYCLES.get((api_version, kind))
    return found is not None and found.removed <= minor


def is_ending(api_version: str, kind: str, minor: int) -> bool:
    """Say whether 1.`minor` serves a kind that is deprecated there, or gone in the next release."""
    found = LIFECYCLES.get((api_version, kind))
    if found is None or is_removed(api_version, kind, minor):
        return False
    deprecated = found.deprecated is not None and found.deprecated <= minor
    return deprecated or found.removed == minor + 1


def replacement(api_version: str, kind: str, minor: int) -> str:
    """Return the API version to use instead with 1.`minor`, or an empty string where there is none."""
    found = LIFECYCLES.get((api_version, kind))
    while found is not None and found.replacement:
        api_version = found.replacement
        found = LIFECYCLES.get((api_version, kind))
        if found is None or found.removed > minor:
            return api_version
    return ""
