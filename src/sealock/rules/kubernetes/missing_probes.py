"""Nothing tells whether a container that serves is ready.

## What it does
Looks for a `readinessProbe` in each container that declares ports, of the Deployments, StatefulSets and
Rollouts that a Service of their overlay selects. A liveness probe is not asked for: a wrong one restarts what
is only slow. Off by default.

## Why is this bad
Without it a Pod gets requests as soon as its process runs: each rollout loses some, and a broken version
replaces all that work.

## Bad
```yaml
containers:
  - name: ledger
    ports: [{name: http, containerPort: 8080}]
```

## Good
```yaml
containers:
  - name: ledger
    ports: [{name: http, containerPort: 8080}]
    readinessProbe:
      httpGet: {path: /ready, port: http}
```

## How to fix
Add a probe of something that only answers when the container can serve.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, Severity
from sealock.domain.printable import printable
from sealock.rules.kubernetes.pods import is_near, mappings, pods_of
from sealock.rules.kubernetes.service_selects_nothing import chooses, selector
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import RepositoryView

META = Meta(
    "missing-probes", "nothing tells whether a container that serves is ready", Severity.WARNING, on=False
)

_SERVING = frozenset({"Deployment", "StatefulSet", "Rollout"})


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield every container that gets requests before it can answer."""
    for overlay in view.overlays:
        if not overlay.in_scope:
            continue
        services = [(each.key.namespace, wanted) for each in overlay.objects if (wanted := selector(each))]
        for made in pods_of(overlay) if services else ():
            if made.each.key.kind not in _SERVING or not any(
                is_near(namespace, made.namespace) and chooses(wanted, made) for namespace, wanted in services
            ):
                continue
            for index, container in enumerate(mappings(made.spec.get("containers"))):
                if container.get("ports") and not container.get("readinessProbe"):
                    name = printable(str(container.get("name", "")))
                    yield META.finding(
                        view.where(made.each, (*made.path, "containers", index, "name")),
                        f"container {name} serves without readinessProbe",
                        fix="Add a `readinessProbe`.",
                        resource=str(made.each.key),
                        overlay=overlay.path,
                    )
