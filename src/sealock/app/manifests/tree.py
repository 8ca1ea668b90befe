"""Every file of one service: which there are, where they go, and how they refer to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sealock.app.manifests.application import application
from sealock.app.manifests.base_kustomization import base_kustomization
from sealock.app.manifests.config_map import config_map, config_patch, own_config
from sealock.app.manifests.deployment import deployment as deployment_manifest
from sealock.app.manifests.horizontal_pod_autoscaler import (
    bounds_patch,
    horizontal_pod_autoscaler,
    removal_patch,
)
from sealock.app.manifests.network_policy import network_policy
from sealock.app.manifests.overlay_kustomization import overlay_kustomization
from sealock.app.manifests.pod_disruption_budget import pod_disruption_budget
from sealock.app.manifests.replica_patch import replica_patch
from sealock.app.manifests.resource_limits_patch import resource_limits_patch
from sealock.app.manifests.service import service_manifest
from sealock.app.manifests.service_account import service_account

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sealock.app.manifests.conventions import Conventions
    from sealock.domain.catalog import Deployment, Service

KINDS = {
    "deployment.yaml": ("apps", "Deployment"),
    "service.yaml": ("", "Service"),
    "service-account.yaml": ("", "ServiceAccount"),
    "config-map.yaml": ("", "ConfigMap"),
    "horizontal-pod-autoscaler.yaml": ("autoscaling", "HorizontalPodAutoscaler"),
    "pod-disruption-budget.yaml": ("policy", "PodDisruptionBudget"),
    "network-policy.yaml": ("networking.k8s.io", "NetworkPolicy"),
}
"""Group and kind of each file of a base, by file name."""


class Files(msgspec.Struct, frozen=True):
    """Texts by path: those that all environments share, and those of each environment by its name."""

    shared: dict[str, str]
    environments: dict[str, dict[str, str]]


def application_path(service: str, environment: str) -> str:
    """Return where the Application of a service in an environment is kept."""
    return f"applications/{service}-{environment}.yaml"


def consumers_of(services: Mapping[str, Service]) -> dict[str, list[Service]]:
    """Return who needs each service, by its name."""
    found: dict[str, list[Service]] = {}
    for service in services.values():
        for need in service.needs:
            found.setdefault(need, []).append(service)
    return found


def base_files(service: Service, needed: Sequence[Service], consumers: Sequence[Service]) -> dict[str, str]:
    """Return the files of `base/` by file name, the kustomization last."""
    deployments = list(service.deployments.values())
    has_config = bool(service.config) or any(each.config for each in deployments)
    scaled = next((each.autoscale for each in deployments if each.autoscale), None)
    files = {
        "deployment.yaml": deployment_manifest(service, deployments[0].resources, has_config=has_config),
        "service-account.yaml": service_account(service),
    }
    if service.ports:
        files["service.yaml"] = service_manifest(service)
    if has_config:
        files["config-map.yaml"] = config_map(service)
    if scaled:
        files["horizontal-pod-autoscaler.yaml"] = horizontal_pod_autoscaler(service, scaled)
    if service.disruption_budget:
        files["pod-disruption-budget.yaml"] = pod_disruption_budget(service)
    if service.network_policy:
        files["network-policy.yaml"] = network_policy(service, needed, consumers)
    ordered = [name for name in KINDS if name in files]
    return {name: files[name] for name in ordered} | {"kustomization.yaml": base_kustomization(ordered)}


def overlay_files(
    service: Service, deployment: Deployment, conventions: Conventions, *, base_is_scaled: bool
) -> dict[str, str]:
    """Return the files of one overlay by file name, the kustomization last."""
    patches: dict[str, str] = {}
    if deployment.autoscale:
        patches["replica-patch.yaml"] = bounds_patch(service, deployment.autoscale)
    else:
        patches["replica-patch.yaml"] = replica_patch(service, deployment)
        if base_is_scaled:
            patches["remove-autoscaler-patch.yaml"] = removal_patch(service)
    patches["resource-limits-patch.yaml"] = resource_limits_patch(service, deployment)
    if own_config(service, deployment):
        patches["config-patch.yaml"] = config_patch(service, deployment)
    return patches | {"kustomization.yaml": overlay_kustomization(service, deployment, patches, conventions)}


def service_files(
    service: Service, needed: Sequence[Service], consumers: Sequence[Service], conventions: Conventions
) -> Files:
    """Return everything generated for `service`, given those it needs and those that need it."""
    base = base_files(service, needed, consumers)
    scaled = "horizontal-pod-autoscaler.yaml" in base
    environments = {}
    for name, deployment in service.deployments.items():
        overlay = overlay_files(service, deployment, conventions, base_is_scaled=scaled)
        files = {f"{service.path}/overlays/{name}/{file}": text for file, text in overlay.items()}
        environments[name] = {application_path(service.name, name): application(service, deployment)} | files
    return Files({f"{service.path}/base/{file}": text for file, text in base.items()}, environments)


def kinds_of(files: Mapping[str, str]) -> set[tuple[str, str]]:
    """Return the (group, kind) of each manifest among the paths of a base."""
    names = (path.rpartition("/")[2] for path in files)
    return {KINDS[name] for name in names if name in KINDS}
