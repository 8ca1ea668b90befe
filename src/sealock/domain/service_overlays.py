"""Which overlays are those of a service in an environment, by folder names and the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sealock.domain.overlays import KUSTOMIZATION_NAMES, environment_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PARENTS = frozenset(
    {"overlays", "overlay", "envs", "env", "environments", "clusters", "deploy", "kustomize"}
)
_GENERIC = _PARENTS | {"apps", "applications", "services", "manifests", "k8s", "gitops", "components", "base"}

ONLY_SERVICE = "app"
"""The name of the service in a repository whose folders name none: `overlays/<environment>`."""


class ServiceOverlay(msgspec.Struct, frozen=True, order=True):
    """One overlay: `path` is its folder, `file` its kustomization; one environment may have several."""

    service: str
    environment: str
    path: str
    file: str


def service_overlays(
    files: Iterable[str], environments: Iterable[str], folders: Mapping[str, str]
) -> tuple[ServiceOverlay, ...]:
    """Return the overlays of services, sorted.

    `environments` are the declared names: `prod` and `production` mean the same folder names.
    `folders` are the services' folders by service, as the catalog says; a service elsewhere is named by
    its folder: the one before `overlays/<environment>`, or the one after the environment's.
    """
    named = {environment_of(name) or name: name for name in environments}
    owners = {folder: service for service, folder in folders.items()}
    found: dict[str, ServiceOverlay] = {}
    for file in files:
        path, _, name = file.rpartition("/")
        if name not in KUSTOMIZATION_NAMES or path.startswith(".") or "/." in path:
            continue
        environment = named.get(environment_of(path) or "")
        service = _owner(path, owners) or _service(path)
        if environment and service and path not in found:
            found[path] = ServiceOverlay(service, environment, path, file)
    return tuple(sorted(found.values()))


def _owner(path: str, owners: Mapping[str, str]) -> str:
    """Return the service in whose folder `path` is, the innermost; empty for none."""
    while path:
        if path in owners:
            return owners[path]
        path = path.rpartition("/")[0]
    return ""


def _service(path: str) -> str:
    folders = path.split("/")
    for index in range(len(folders) - 1, -1, -1):
        if environment_of(folders[index]) is not None or (index and folders[index - 1] in _PARENTS):
            break
    before = [each for each in folders[:index] if each not in _GENERIC]
    after = [each for each in folders[index + 1 :] if each not in _GENERIC]
    if before:
        return before[-1]
    return after[-1] if after else ONLY_SERVICE
