"""A workload has replicas in Git, an autoscaler sets others, and Argo CD heals them back.

## What it does
Reports `spec.replicas` of a workload that a HorizontalPodAutoscaler or ScaledObject of its overlay scales,
where an Application of this repository deploys the overlay with `selfHeal: true` and no `ignoreDifferences`
covers the replicas. One that cannot scale, with `replicas: 0`, with the same bounds or paused, is left out,
and so is a repository whose `argocd-cm` ignores differences everywhere.

## Why is this bad
Each time the autoscaler acts, Argo CD sees a difference and puts the number of Git back: Pods come and go
as long as the load is not that of the number in Git.

## Bad
```yaml
kind: Deployment
spec:
  replicas: 3   # a HorizontalPodAutoscaler scales it to 12
```

## Good
```yaml
kind: Deployment
spec: {}   # the autoscaler's minReplicas says how many there are at least
```

## How to fix
Remove `replicas`, or add `/spec/replicas` to the Application's `ignoreDifferences` and
`RespectIgnoreDifferences=true` to its sync options.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from sealock.domain.finding import Confidence, Severity
from sealock.domain.printable import printable
from sealock.rules.argocd.spec import automated
from sealock.rules.kubernetes.autoscalers import target_of
from sealock.rules.kubernetes.pods import is_near
from sealock.rules.meta import Meta
from sealock.rules.view import text_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.finding import Finding
    from sealock.rules.view import ApplicationView, JudgedObject, OverlayView, RepositoryView

# Source: docs/user-guide/best_practices.md of Argo CD 3.5, "Leaving Room For Imperativeness"; argo-cd#5105.
# The Argo CD that runs may ignore the field for all Applications, in a ConfigMap that is elsewhere.
META = Meta(
    "replicas-beside-autoscaler",
    "Argo CD and an autoscaler fight about a workload's replicas",
    Severity.WARNING,
    Confidence.MEDIUM,
)

_SCALERS = frozenset({"HorizontalPodAutoscaler", "ScaledObject"})
_IGNORED = "resource.customizations.ignoreDifferences"
_PAUSED = "autoscaling.keda.sh/paused"


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each workload whose replicas Argo CD would put back."""
    healing = _healing(view)
    fights = [
        (overlay, each, scaler)
        for overlay in view.overlays
        if overlay.in_scope or any(each.in_scope for each in healing.get(overlay.path, ()))
        for each, scaler in (_scaled(overlay) if overlay.path in healing else ())
        if any(
            (overlay.in_scope or application.in_scope) and not _ignores(application, each)
            for application in healing[overlay.path]
        )
    ]
    if fights and not _ignores_everywhere(view):
        for overlay, each, scaler in fights:
            yield _finding(view, overlay, each, scaler)


def _finding(view: RepositoryView, overlay: OverlayView, each: JudgedObject, scaler: JudgedObject) -> Finding:
    count = value_of(each.manifest, "spec", "replicas")
    return META.finding(
        view.where(each, ("spec", "replicas")),
        f"{scaler.key.kind} {printable(scaler.key.name)} sets the replicas of {printable(each.key.name)}, "
        f"and Argo CD's self-heal puts them back to {count}",
        fix="Remove `replicas`, or ignore `/spec/replicas` in the Application.",
        resource=str(each.key),
        overlay=overlay.path,
    )


def _healing(view: RepositoryView) -> dict[str, list[ApplicationView]]:
    """Return the Applications that heal what they deploy, by overlay."""
    found: dict[str, list[ApplicationView]] = {}
    for application in view.applications:
        if (automated(application.manifest) or {}).get("selfHeal") is not True:
            continue
        for source in application.sources:
            options = _at(application.manifest, *source.field[:-1], "kustomize")
            # Patches that only the Application has may remove the replicas.
            if source.state == "fine" and not (
                value_of(options, "patches") or value_of(options, "components")
            ):
                found.setdefault(source.path, []).append(application)
    return found


def _at(node: Any, *path: str | int) -> Any:  # noqa: ANN401 - JSON
    for step in path:
        node = node[step] if isinstance(step, int) else value_of(node, step)
    return node


def _scaled(overlay: OverlayView) -> Iterator[tuple[JudgedObject, JudgedObject]]:
    """Yield each workload with replicas, and the autoscaler that would set others."""
    for scaler in overlay.objects:
        target = target_of(scaler.manifest) if scaler.key.kind in _SCALERS else None
        if target is None or target.least is None or _is_idle(scaler):
            continue
        for each in overlay.objects:
            if (
                (each.key.kind, each.key.name) == (target.kind, target.name)
                and is_near(each.key.namespace, scaler.key.namespace)
                and target.is_version_of(each.key.api_version)
                and _is_moved(value_of(each.manifest, "spec", "replicas"), scaler, target.least)
            ):
                yield each, scaler


def _is_idle(scaler: JudgedObject) -> bool:
    notes = value_of(scaler.manifest, "metadata", "annotations")
    return isinstance(notes, dict) and any(str(name).startswith(_PAUSED) for name in notes)


def _is_moved(replicas: object, scaler: JudgedObject, least: int) -> bool:
    """Say whether an autoscaler can set other replicas; 0 turns it off."""
    most = value_of(scaler.manifest, "spec", "maxReplicas")
    return isinstance(replicas, int) and replicas != 0 and not replicas == least == most


def _ignores(application: ApplicationView, each: JudgedObject) -> bool:
    """Say whether an Application ignores differences of the replicas, or of more than this rule can tell.

    Source: util/argo/normalizers/diff_normalizer.go of Argo CD 3.5.
    """
    entries = value_of(application.manifest, "spec", "ignoreDifferences")
    return any(
        fnmatchcase(each.key.kind, text_of(entry, "kind") or "*")
        and text_of(entry, "name") in {"", each.key.name}
        and _covers(entry)
        for entry in (entries if isinstance(entries, list) else ())
    )


def _covers(entry: object) -> bool:
    pointers, queries = (value_of(entry, name) or () for name in ("jsonPointers", "jqPathExpressions"))
    return (
        bool({"/spec", "/spec/replicas"} & set(map(str, pointers)))
        or any("spec" in str(query) and not _is_inside(str(query)) for query in queries)
        or bool(value_of(entry, "managedFieldsManagers"))
    )


def _is_inside(query: str) -> bool:
    """Say whether a query is about the Pods' template only."""
    return query.strip().startswith(".spec.template") and "replicas" not in query


def _ignores_everywhere(view: RepositoryView) -> bool:
    return any(
        str(key).startswith(_IGNORED)
        for overlay in view.overlays
        if any((key.kind, key.name) == ("ConfigMap", "argocd-cm") for key in overlay.keys)
        for each in overlay.objects
        if (each.key.kind, each.key.name) == ("ConfigMap", "argocd-cm")
        for key in value_of(each.manifest, "data") or ()
    )
