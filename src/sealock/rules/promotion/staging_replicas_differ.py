"""Staging runs another number of replicas than production.

## What it does
Compares the replicas of each workload in staging with those in production, where both overlays render
it. Where a HorizontalPodAutoscaler sets them, its `minReplicas` are compared.

## Why is this bad
What only shows with several replicas (sessions, locks, start-up order) is first seen in production.

## Bad
```yaml
# overlays/staging/replica-patch.yaml; production has 5
spec:
  replicas: 1
```

## Good
```yaml
spec:
  replicas: 5
```

## How to fix
Give staging the replicas of production. Where that costs too much, lower the rule:
`policy: {rules: {staging-replicas-differ: note}}`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sealock.domain.finding import Confidence, Finding, Severity
from sealock.domain.overlays import environment_of
from sealock.rules.meta import Meta
from sealock.rules.view import text_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import JudgedObject, OverlayView, RepositoryView

META = Meta(
    "staging-replicas-differ",
    "staging runs another number of replicas than production",
    Severity.WARNING,
    Confidence.MEDIUM,
)

_SCALED = frozenset({"Deployment", "StatefulSet", "ReplicaSet", "Rollout"})


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each workload whose replicas in a mirror of production are of no production overlay."""
    mirrors = {
        (environment_of(name) or name, environment_of(each.mirrors) or each.mirrors)
        for name, each in view.settings.environments.items()
        if each.mirrors
    }
    by_place: dict[tuple[str, str], list[OverlayView]] = {}
    for overlay in view.overlays:
        by_place.setdefault((overlay.environment or "", place(overlay.path)), []).append(overlay)
    for overlay in view.overlays:
        for environment, mirrored in sorted(mirrors):
            if overlay.environment == environment:
                models = by_place.get((mirrored, place(overlay.path)), [])
                if overlay.in_scope or any(each.in_scope for each in models):
                    yield from _compare(view, overlay, models, mirrored)


@cache
def place(overlay: str) -> str:
    """Return an overlay's path with the folder that names the environment as `*`, without its region."""
    folders = overlay.split("/")
    for index in range(len(folders) - 1, -1, -1):
        if environment_of(folders[index]) is not None:
            folders[index] = "*"
            break
    else:
        folders[-1] = "*"
    return "/".join(folders)


def _compare(
    view: RepositoryView, overlay: OverlayView, models: list[OverlayView], mirrored: str
) -> Iterator[Finding]:
    wanted: dict[tuple[str, str], set[int]] = {}
    for model in models:
        for key, (count, _, _) in _replicas(model).items():
            wanted.setdefault(key, set()).add(count)
    for key, (count, field, each) in _replicas(overlay).items():
        if key in wanted and count not in wanted[key]:
            counts = " or ".join(map(str, sorted(wanted[key])))
            yield META.finding(
                view.where(each, ("spec", field)),
                f"{key[0]} {key[1]} has {count} {field} in {overlay.environment} and {counts} in {mirrored}",
                fix=f"Give it the {field} of {mirrored}.",
                resource=str(each.key),
                overlay=overlay.path,
            )


def _replicas(overlay: OverlayView) -> dict[tuple[str, str], tuple[int, str, JudgedObject]]:
    """Return the replicas of workloads and autoscalers, and their field, by kind and name in the own file.

    Workloads with an autoscaler are left out: it is the one that counts.
    """
    targets = [
        value_of(each.manifest, "spec", "scaleTargetRef")
        for each in overlay.objects
        if each.key.kind in {"HorizontalPodAutoscaler", "ScaledObject"}
    ]
    scaled = {(text_of(target, "kind"), text_of(target, "name")) for target in targets}
    found: dict[tuple[str, str], tuple[int, str, JudgedObject]] = {}
    for each in overlay.objects:
        kind, name = each.key.kind, each.key.name
        count = value_of(each.manifest, "spec", "replicas")
        count = 1 if count is None else count
        if kind in _SCALED and isinstance(count, int) and not {(kind, name), ("", name)} & scaled:
            found[kind, each.origin.name or name] = (count, "replicas", each)
        elif kind == "HorizontalPodAutoscaler":
            least = value_of(each.manifest, "spec", "minReplicas")
            least = 1 if least is None else least
            if isinstance(least, int):
                found[kind, each.origin.name or name] = (least, "minReplicas", each)
    return found
