"""A container asks for no CPU or memory, or has no memory limit.

## What it does
Looks at each container of a workload for `requests.cpu`, `requests.memory` and `limits.memory`. A limit
stands for the request, and the Pod's own `resources` for those of its containers. Where a LimitRange of the
overlay gives defaults, nothing is said. Init containers are left alone, except sidecars. Off by default.

## Why is this bad
The scheduler counts a container without requests as nothing, and overfills the node; without a memory limit
one leak takes its neighbours down. A CPU limit is not asked for: it slows down more than it protects.

## Bad
```yaml
containers:
  - name: ledger
    image: ghcr.io/acme/ledger:1.4.2
```

## Good
```yaml
containers:
  - name: ledger
    image: ghcr.io/acme/ledger:1.4.2
    resources:
      requests: {cpu: 100m, memory: 128Mi}
      limits: {memory: 256Mi}
```

## How to fix
Set what the finding names; what the container uses now is a good start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, Severity
from sealock.domain.printable import printable
from sealock.rules.kubernetes.pods import is_near, mappings, pods
from sealock.rules.meta import Meta
from sealock.rules.view import containers, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import Manifest, OverlayView, RepositoryView

META = Meta(
    "missing-resources",
    "a container asks for no CPU or memory, or has no memory limit",
    Severity.WARNING,
    on=False,
)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield every container that does not say what it needs."""
    for overlay, each in view.in_scope():
        made = pods(each)
        if made is None or _has_defaults(overlay, made.namespace):
            continue
        for path, container in containers(each.manifest):
            if path[-2] == "ephemeralContainers":
                continue
            if path[-2] == "initContainers" and container.get("restartPolicy") != "Always":
                continue
            missing = list(_missing(made.spec, container))
            if missing:
                name = printable(str(container.get("name", "")))
                yield META.finding(
                    view.where(each, (*path, "resources" if container.get("resources") else "name")),
                    f"container {name} has no {_listed(missing)}",
                    fix="Set them under `resources`.",
                    resource=str(each.key),
                    overlay=overlay.path,
                )


def _missing(spec: Manifest, container: Manifest) -> Iterator[str]:
    """Yield what neither the container nor its Pod says; a limit is the request too.

    Source: setRequestsFromLimits of SetDefaults_Pod in k8s.io/kubernetes v1.36.3, pkg/apis/core/v1.
    """
    for kind, resource in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory")):
        holders = (container, spec)
        kinds = {kind, "limits"}
        if all(value_of(each, "resources", one, resource) is None for each in holders for one in kinds):
            yield f"{kind}.{resource}"


def _has_defaults(overlay: OverlayView, namespace: str) -> bool:
    return any(
        each.key.kind == "LimitRange"
        and is_near(each.key.namespace, namespace)
        and any(
            limit.get("type") == "Container" and (limit.get("default") or limit.get("defaultRequest"))
            for limit in mappings(value_of(each.manifest, "spec", "limits"))
        )
        for each in overlay.objects
    )


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
