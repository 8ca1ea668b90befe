"""Namespaces with LimitRanges and ResourceQuotas, and what is created in them one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tests.agreement.manifests import Manifest, base
from tests.agreement.places import GONE, Changes, change

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAIN = "spec template spec containers 0 resources"
_SHOP, _DATA, _JOB = "Deployment storefront", "StatefulSet ledger-db", "Job migrate-ledger"


def _range(**limits: Any) -> Manifest:  # noqa: ANN401 - the fields of a limit
    spec = {"limits": [{"type": "Container", **limits}]}
    return {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "bounds"}, "spec": spec}


def _quota(hard: dict[str, str], **spec: Any) -> Manifest:  # noqa: ANN401 - the fields of a quota
    metadata = {"name": "budget"}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": hard, **spec}}


_SMALL = {"max": {"cpu": "250m", "memory": "128Mi"}}
_DEFAULTS = {"default": {"cpu": "200m", "memory": "64Mi"}, "defaultRequest": {"cpu": "50m", "memory": "32Mi"}}
_BARE: Changes = {_MAIN: GONE}

SCENES: dict[str, tuple[list[Manifest], list[tuple[str, Changes]]]] = {
    "limits that fit": ([_range(max={"cpu": "1", "memory": "1Gi"})], [(_SHOP, {})]),
    "limits that are too small": ([_range(**_SMALL)], [(_SHOP, {})]),
    "a maximum and no limit": ([_range(**_SMALL)], [(_SHOP, _BARE)]),
    "a minimum": ([_range(min={"cpu": "200m"})], [(_SHOP, {})]),
    "a minimum and no request": ([_range(min={"cpu": "200m"}, max={"cpu": "1"})], [(_SHOP, _BARE)]),
    "defaults": ([_range(**_DEFAULTS)], [(_SHOP, _BARE), (_SHOP, {})]),
    "a default below a request": (
        [_range(default={"memory": "64Mi"})],
        [(_SHOP, {_MAIN: {"requests": {"memory": "128Mi"}}})],
    ),
    "a ratio": ([_range(maxLimitRequestRatio={"cpu": "2"})], [(_SHOP, {})]),
    "a pod's bounds": ([_range(type="Pod", max={"cpu": "200m"})], [(_SHOP, {})]),
    "a claim's bounds": (
        [_range(type="PersistentVolumeClaim", max={"storage": "3Gi"})],
        [("PersistentVolumeClaim uploads", {})],
    ),
    "a claim within its bounds": (
        [_range(type="PersistentVolumeClaim", max={"storage": "5Gi"}, min={"storage": "1Gi"})],
        [("PersistentVolumeClaim uploads", {})],
    ),
    "a quota that suffices": (
        [_quota({"pods": "9", "requests.cpu": "2", "limits.memory": "4Gi"})],
        [(_SHOP, {"spec replicas": 3})],
    ),
    "too few pods": ([_quota({"pods": "2"})], [(_SHOP, {"spec replicas": 3})]),
    "exactly enough pods": ([_quota({"pods": "3"})], [(_SHOP, {"spec replicas": 3}), (_DATA, {})]),
    "too little processor": ([_quota({"requests.cpu": "250m"})], [(_SHOP, {"spec replicas": 3})]),
    "the second workload no longer fits": (
        [_quota({"limits.memory": "600Mi"})],
        [(_SHOP, {"spec replicas": 2}), (_JOB, {_MAIN: {"limits": {"memory": "200Mi"}}})],
    ),
    "a request that must be stated": ([_quota({"requests.cpu": "4"})], [(_SHOP, _BARE)]),
    "a limit that must be stated": (
        [_quota({"limits.cpu": "4"})],
        [(_SHOP, {f"{_MAIN} limits": {"memory": "256Mi"}})],
    ),
    "a request that defaults state": ([_range(**_DEFAULTS), _quota({"requests.cpu": "4"})], [(_SHOP, _BARE)]),
    "too many claims": (
        [_quota({"persistentvolumeclaims": "0"})],
        [("PersistentVolumeClaim uploads", {})],
    ),
    "too much storage": ([_quota({"requests.storage": "4Gi"})], [("PersistentVolumeClaim uploads", {})]),
    "storage of a stateful set": ([_quota({"requests.storage": "60Gi"})], [(_DATA, {})]),
    "too much storage of a stateful set": ([_quota({"requests.storage": "59Gi"})], [(_DATA, {})]),
    "storage of a class": (
        [_quota({"shared.storageclass.storage.k8s.io/requests.storage": "1Gi"})],
        [("PersistentVolumeClaim uploads", {})],
    ),
    "too many services": (
        [_quota({"services": "1"})],
        [("Service storefront", {}), ("Service warehouse", {})],
    ),
    "no load balancers": (
        [_quota({"services.loadbalancers": "0"})],
        [("Service storefront", {}), ("Service storefront-public", {})],
    ),
    "too many objects": (
        [_quota({"count/deployments.apps": "0", "count/configmaps": "1"})],
        [(_SHOP, {"spec replicas": 1}), ("ConfigMap features", {}), ("ConfigMap frozen-features", {})],
    ),
    "a quota of another scope": (
        [_quota({"pods": "0"}, scopes=["BestEffort"])],
        [(_SHOP, {"spec replicas": 2})],
    ),
    "a quota of this scope": (
        [_quota({"pods": "0"}, scopes=["NotBestEffort"])],
        [(_SHOP, {"spec replicas": 2})],
    ),
    "a quota of one priority": (
        [
            _quota(
                {"pods": "0"},
                scopeSelector={
                    "matchExpressions": [
                        {"scopeName": "PriorityClass", "operator": "In", "values": ["system-node-critical"]},
                    ],
                },
            ),
        ],
        [(_SHOP, {"spec replicas": 1})],
    ),
    "a quota of jobs that end": (
        [_quota({"pods": "0"}, scopes=["Terminating"])],
        [(_SHOP, {"spec replicas": 1}), (_JOB, {"spec template spec activeDeadlineSeconds": 60})],
    ),
}
"""By name: the rules of a namespace, and changed right objects in the order in which they come."""


class Scene(NamedTuple):
    """A namespace of its own, its rules, and the objects to create."""

    name: str
    namespace: str
    rules: list[Manifest]
    objects: list[Manifest]


def scenes() -> Iterator[Scene]:
    """Yield every scene."""
    for number, (name, (rules, objects)) in enumerate(SCENES.items()):
        namespace = f"agreement-quota-{number}"
        placed = [
            change(base(kind), {**changes, "metadata namespace": namespace}) for kind, changes in objects
        ]
        yield Scene(name, namespace, [_placed(each, namespace) for each in rules], _distinct(placed))


def last_of(scene: Scene) -> list[Manifest]:
    """Return a quota to make after a scene's own: a server that knows it has learnt of those before it."""
    if not any(each["kind"] == "ResourceQuota" for each in scene.rules):
        return []
    quota = _quota({"count/leases.coordination.k8s.io": "0"})
    return [_placed(quota | {"metadata": {"name": "canary"}}, scene.namespace)]


def canaries(scene: Scene) -> list[Manifest]:
    """Return what is refused as soon as a scene's quotas hold."""
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "canary"}}
    return [_placed(lease, scene.namespace) for _ in last_of(scene)]


def _placed(manifest: Manifest, namespace: str) -> Manifest:
    return manifest | {"metadata": manifest["metadata"] | {"namespace": namespace}}


def _distinct(manifests: list[Manifest]) -> list[Manifest]:
    for number, each in enumerate(manifests):
        each["metadata"]["name"] += f"-{number}"
    return manifests


def made_of(manifest: Manifest) -> Iterator[Manifest]:
    """Yield what a workload's controller would create: pods, each behind its claims."""
    spec = manifest.get("spec") or {}
    if "template" not in spec:
        return
    template, name = spec["template"], manifest["metadata"]["name"]
    place = {"namespace": manifest["metadata"]["namespace"]}
    labels = template.get("metadata", {}).get("labels", {})
    for number in range(spec.get("replicas", 1)):
        pod = f"{name}-{number}"
        volumes = list(template["spec"].get("volumes", []))
        for claim in spec.get("volumeClaimTemplates", []):
            title = f"{claim['metadata']['name']}-{pod}"
            metadata = place | {"name": title}
            yield {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": metadata,
                "spec": claim["spec"],
            }
            source = {"persistentVolumeClaim": {"claimName": title}}
            volumes.append({"name": claim["metadata"]["name"], **source})
        yield {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": place | {"name": pod, "labels": labels},
            "spec": template["spec"] | {"volumes": volumes},
        }
