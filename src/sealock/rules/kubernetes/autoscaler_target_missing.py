"""An autoscaler scales something that its overlay does not have.

## What it does
Looks up the target of each HorizontalPodAutoscaler, VerticalPodAutoscaler and ScaledObject by kind, name and
API group in its overlay, and in what else the repository deploys to the namespace. Where an operator may
make the target, or something that nobody can see from here is deployed there, nothing is said.

## Why is this bad
The autoscaler does nothing (`FailedGetScale` in its events), and the workload keeps the replicas it has.

## Bad
```yaml
kind: HorizontalPodAutoscaler
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: ledgr}
```

## Good
```yaml
kind: HorizontalPodAutoscaler
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: ledger}
```

## How to fix
Name the workload as it is called after kustomize's prefixes and suffixes; in a patch that removes the
workload remove the autoscaler too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Confidence, Finding, Severity
from sealock.domain.printable import printable
from sealock.domain.suggest import closest
from sealock.rules.kubernetes.autoscalers import target_of
from sealock.rules.kubernetes.pods import is_near
from sealock.rules.kubernetes.surroundings import Surroundings
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.kubernetes.autoscalers import Target
    from sealock.rules.view import JudgedObject, OverlayView, RepositoryView

META = Meta(
    "autoscaler-target-missing",
    "an autoscaler scales something that its overlay does not have",
    Severity.ERROR,
    Confidence.MEDIUM,
)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield every autoscaler without a target."""
    around = Surroundings(view)
    for overlay, each in view.in_scope():
        target = target_of(each.manifest)
        if target is None or not target.name:
            continue
        namesakes = [
            other
            for other in overlay.objects
            if (other.key.kind, other.key.name) == (target.kind, target.name)
            and is_near(other.key.namespace, each.key.namespace)
        ]
        if any(target.is_version_of(other.key.api_version) for other in namesakes):
            continue
        if namesakes:
            there = f"{namesakes[0].key.api_version} {target.kind} {target.name}"
            message = f"the target is {printable(there)}, not of {printable(target.api_version)}"
            fix = f"Write apiVersion: {namesakes[0].key.api_version}."
            yield _finding(view, overlay, each, (*target.path, "apiVersion"), message, fix)
        elif not around.may_have(overlay, each.key.namespace, target.kind, target.name):
            message = f"there is no {printable(target.kind)} {printable(target.name)} to scale"
            fix = _advice(overlay, target)
            yield _finding(view, overlay, each, (*target.path, "name"), message, fix)


def _advice(overlay: OverlayView, target: Target) -> str:
    of_name = [each.key.kind for each in overlay.objects if each.key.name == target.name]
    kinds = [kind for kind in of_name if kind in {"Deployment", "StatefulSet", "Rollout"}]
    if kinds:
        return f"It is a {kinds[0]}: correct `kind`."
    near = closest(target.name, (each.key.name for each in overlay.objects if each.key.kind == target.kind))
    return f"Did you mean `{printable(near)}`?" if near else "Name a workload of the overlay, or remove it."


def _finding(  # noqa: PLR0913, PLR0917 - each is another thing
    view: RepositoryView,
    overlay: OverlayView,
    each: JudgedObject,
    path: tuple[str, ...],
    message: str,
    fix: str,
) -> Finding:
    return META.finding(
        view.where(each, path), message, fix=fix, resource=str(each.key), overlay=overlay.path
    )
