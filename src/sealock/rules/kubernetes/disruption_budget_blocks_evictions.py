"""A PodDisruptionBudget never lets a Pod go.

## What it does
Computes, as the disruption controller does, how many Pods each budget allows to be evicted while all of
them are healthy: with the replicas of the workloads that it selects, or the least that their autoscaler
keeps. `maxUnavailable: 0` allows none, whatever it selects.

## Why is this bad
A node with such a Pod cannot be drained: upgrades and the cluster autoscaler wait for ever, or until
somebody deletes the Pod by force.

## Bad
```yaml
kind: PodDisruptionBudget
spec:
  minAvailable: 2   # the Deployment has 2 replicas
```

## Good
```yaml
kind: PodDisruptionBudget
spec:
  maxUnavailable: 1
```

## How to fix
Write `maxUnavailable: 1`, which holds for any number of replicas, or raise the replicas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Confidence, Finding, Severity
from sealock.domain.printable import printable
from sealock.rules.kubernetes.autoscalers import target_of
from sealock.rules.kubernetes.pods import is_near, pods_of, selected
from sealock.rules.meta import Meta
from sealock.rules.view import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealock.rules.kubernetes.pods import Pods
    from sealock.rules.view import JudgedObject, OverlayView, RepositoryView

META = Meta(
    "disruption-budget-blocks-evictions", "a PodDisruptionBudget never lets a Pod go", Severity.WARNING
)

# The kinds whose replicas the controller can ask for; a DaemonSet's depend on the nodes.
# Source: k8s.io/kubernetes v1.36.3, pkg/controller/disruption/disruption.go, finders and getExpectedScale.
_SCALED = frozenset({"Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "Rollout"})


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield every budget that allows no disruption."""
    for overlay, each in view.in_scope():
        if each.manifest.get("kind") != "PodDisruptionBudget" or not each.key.api_version.startswith(
            "policy/"
        ):
            continue
        most, least = (value_of(each.manifest, "spec", name) for name in ("maxUnavailable", "minAvailable"))
        if _percent(most) == 0 or most == 0:
            message = f"maxUnavailable {most} lets no Pod be evicted"
            yield _finding(view, overlay, each, "maxUnavailable", message)
        elif _percent(least) == 100:  # noqa: PLR2004 - all of them
            yield _finding(view, overlay, each, "minAvailable", "minAvailable 100% lets no Pod be evicted")
        elif least is not None:
            yield from _compared(view, overlay, each, least)


def _percent(value: object) -> int | None:
    number = value.removesuffix("%") if isinstance(value, str) and value.endswith("%") else ""
    return int(number) if number.isascii() and number.isdigit() else None


def _compared(
    view: RepositoryView, overlay: OverlayView, each: JudgedObject, least: object
) -> Iterator[Finding]:
    chosen = [
        made
        for made in pods_of(overlay)
        if is_near(made.namespace, each.key.namespace)
        and selected(value_of(each.manifest, "spec", "selector"), made.labels)
    ]
    counted = [_replicas(overlay, made) for made in chosen]
    # A Job's Pods, a DaemonSet's, or those of something that scales to nothing: nobody knows how many.
    if not counted or any(replicas is None for replicas, _ in counted):
        return
    expected = sum(replicas or 0 for replicas, _ in counted)
    scaled = any(scaled for _, scaled in counted)
    if expected and _healthy(least, expected) >= expected:
        names = " and ".join(dict.fromkeys(printable(made.workload) for made in chosen))
        have = "keeps" if scaled else "has"
        unit = "replica" if expected == 1 else "replicas"
        tail = " at least" if scaled else ""
        message = f"minAvailable {least} lets no Pod be evicted: {names} {have} {expected} {unit}{tail}"
        yield _finding(view, overlay, each, "minAvailable", message, doubt=scaled)


def _healthy(least: object, expected: int) -> int:
    """Return how many Pods have to stay; a share is rounded up, as the controller does."""
    share = _percent(least)
    if share is not None:
        return -(-share * expected // 100)
    return least if isinstance(least, int) else 0


def _replicas(overlay: OverlayView, made: Pods) -> tuple[int | None, bool]:
    """Return how many Pods a workload has at least, and whether an autoscaler says so; None if unknown."""
    key = made.each.key
    if key.kind not in _SCALED:
        return None, False
    for target in _targets(overlay, made):
        return target or None, True
    replicas = value_of(made.each.manifest, "spec", "replicas")
    return (1 if replicas is None else replicas if isinstance(replicas, int) else None), False


def _targets(overlay: OverlayView, made: Pods) -> Sequence[int]:
    key = made.each.key
    found = (target_of(each.manifest) for each in overlay.objects)
    return [
        target.least
        for target in found
        if target and target.least is not None and (target.kind, target.name) == (key.kind, key.name)
    ]


def _finding(  # noqa: PLR0913 - each is another thing
    view: RepositoryView,
    overlay: OverlayView,
    each: JudgedObject,
    field: str,
    message: str,
    *,
    doubt: bool = False,
) -> Finding:
    return META.finding(
        view.where(each, ("spec", field)),
        message,
        fix="Write `maxUnavailable: 1` instead, or raise the replicas.",
        resource=str(each.key),
        overlay=overlay.path,
        confidence=Confidence.MEDIUM if doubt else None,
    )
