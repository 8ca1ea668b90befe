"""Pods that break the Pod Security Standards, each as a Pod and as a Deployment, in namespaces of each level.

Source: kubernetes.io/docs/concepts/security/pod-security-standards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.agreement.manifests import Manifest, base
from tests.agreement.places import GONE, Changes, change

if TYPE_CHECKING:
    from collections.abc import Iterator

_LABEL = "pod-security.kubernetes.io"
NAMESPACES = {
    "agreement-restricted": {f"{_LABEL}/enforce": "restricted", f"{_LABEL}/warn": "restricted"},
    "agreement-baseline": {f"{_LABEL}/enforce": "baseline", f"{_LABEL}/warn": "baseline"},
    "agreement-pinned": {
        f"{_LABEL}/enforce": "restricted",
        f"{_LABEL}/enforce-version": "v1.22",
        f"{_LABEL}/warn": "restricted",
        f"{_LABEL}/warn-version": "v1.22",
    },
}
"""Namespaces with their labels: what they enforce they also warn of, so that controllers tell it."""

_MAIN = "containers 0 securityContext"
_SIDE = {"name": "side", "image": "docker.io/library/busybox:1.37"}

VIOLATIONS: dict[str, Changes] = {
    "nothing": {},
    "a privileged container": {f"{_MAIN} privileged": True, f"{_MAIN} allowPrivilegeEscalation": GONE},
    "escalation is allowed": {f"{_MAIN} allowPrivilegeEscalation": True},
    "escalation is not ruled out": {f"{_MAIN} allowPrivilegeEscalation": GONE},
    "capabilities are kept": {f"{_MAIN} capabilities": GONE},
    "a capability is dropped, not all": {f"{_MAIN} capabilities drop": ["NET_RAW"]},
    "a harmless capability is added": {f"{_MAIN} capabilities add": ["NET_BIND_SERVICE"]},
    "a usual capability is added": {f"{_MAIN} capabilities add": ["CHOWN"]},
    "a strong capability is added": {f"{_MAIN} capabilities add": ["SYS_ADMIN"]},
    "the container has no security context": {_MAIN: GONE},
    "the pod has no security context": {"securityContext": GONE},
    "root by number": {"securityContext runAsUser": 0, "securityContext runAsNonRoot": GONE},
    "root is not ruled out": {"securityContext runAsNonRoot": GONE},
    "a container may be root": {f"{_MAIN} runAsNonRoot": False},
    "no seccomp profile": {"securityContext seccompProfile": GONE},
    "seccomp is off": {"securityContext seccompProfile": {"type": "Unconfined"}},
    "seccomp is off in a container": {f"{_MAIN} seccompProfile": {"type": "Unconfined"}},
    "AppArmor is off": {"securityContext appArmorProfile": {"type": "Unconfined"}},
    "the host's network": {"hostNetwork": True},
    "the host's processes": {"hostPID": True, "hostIPC": True},
    "a host port": {"containers 0 ports 0 hostPort": 3000},
    "a host path": {"volumes 0": {"name": "tmp", "hostPath": {"path": "/data"}}},
    "a network disk": {"volumes 0": {"name": "tmp", "nfs": {"server": "nfs.example.com", "path": "/"}}},
    "an SELinux user": {"securityContext seLinuxOptions": {"user": "system_u"}},
    "an SELinux type": {"securityContext seLinuxOptions": {"type": "spc_t"}},
    "an unsafe sysctl": {"securityContext sysctls": [{"name": "kernel.msgmax", "value": "1"}]},
    "a safe sysctl": {"securityContext sysctls": [{"name": "net.ipv4.ip_local_port_range", "value": "1 2"}]},
    "a host process": {"securityContext windowsOptions": {"hostProcess": True}},
    "unmasked proc": {f"{_MAIN} procMount": "Unmasked"},
    "a second container is loose": {"containers 1": _SIDE},
    "an init container is loose": {"initContainers": [_SIDE]},
    "many things at once": {
        "hostNetwork": True,
        "hostPID": True,
        _MAIN: {"privileged": True, "capabilities": {"add": ["ALL"]}},
        "securityContext": GONE,
        "volumes 0": {"name": "tmp", "hostPath": {"path": "/"}},
    },
}
"""Changes of a pod's specification that is right at every level."""

CONTROLLERS = ("StatefulSet ledger-db", "DaemonSet log-agent", "Job migrate-ledger", "CronJob settle")


def questions() -> Iterator[tuple[str, Manifest]]:
    """Yield each object with its name."""
    for namespace in NAMESPACES:
        for violation, changes in VIOLATIONS.items():
            deployment = base("Deployment storefront")
            deployment["metadata"]["namespace"] = namespace
            change(deployment["spec"]["template"]["spec"], changes)
            yield f"Deployment in {namespace}: {violation}", deployment
            yield f"Pod in {namespace}: {violation}", _pod(deployment)
        for name in CONTROLLERS:
            controller = base(name)
            controller["metadata"]["namespace"] = namespace
            yield f"{name} in {namespace}", controller


def _pod(deployment: Manifest) -> Manifest:
    template = deployment["spec"]["template"]
    metadata = {"name": "storefront", "namespace": deployment["metadata"]["namespace"]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata | {"labels": template["metadata"]["labels"]},
        "spec": template["spec"],
    }
