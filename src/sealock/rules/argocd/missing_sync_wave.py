"""An object comes before, or together with, what it needs to come after.

## What it does
Looks at the objects of each overlay for two orders that cannot work on a new cluster:
- a workload in an earlier phase or wave than a ConfigMap, Secret, ServiceAccount or PersistentVolumeClaim
  that it needs and that the same overlay renders, such as a `PreSync` Job that reads a plain ConfigMap;
- a custom resource that a webhook of the same overlay must admit, in no later wave than the workload that
  answers the webhook.

A definition and its custom resources, or a Namespace and what is in it, may share a wave, and are not
reported: Argo CD applies the definition and the Namespace first, whatever their waves, waits until a
definition is established, and leaves the dry run of its resources out.

## Why is this bad
Argo CD waits until an earlier wave is healthy. A Pod without its ConfigMap never is, so the ConfigMap is
never applied: the sync hangs. A webhook that nobody answers yet refuses the custom resource, and the sync
fails.

## Bad
```yaml
kind: Job
metadata:
  name: migrate
  annotations: {argocd.argoproj.io/hook: PreSync}
# … envFrom: [{configMapRef: {name: ledger}}], and ConfigMap ledger has no annotation
```

## Good
```yaml
kind: Job
metadata:
  name: migrate
  annotations: {argocd.argoproj.io/sync-wave: "1"}
```

## How to fix
Give the object that is needed an earlier wave or phase, or the one that needs it a later one.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sealock.domain.finding import Severity
from sealock.domain.printable import printable
from sealock.rules.argocd.sync_order import HOOK, PHASES, WAVE, Moment, annotation, moments
from sealock.rules.argocd.webhooks import Admitting, admitting
from sealock.rules.meta import Meta
from sealock.rules.view import containers, pod_path, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.finding import Finding
    from sealock.domain.yaml_document import Path
    from sealock.rules.view import JudgedObject, Manifest, OverlayView, RepositoryView

META = Meta("missing-sync-wave", "an object does not come after what it needs", Severity.WARNING)

_NEEDED = frozenset({"ConfigMap", "Secret", "ServiceAccount", "PersistentVolumeClaim"})
# A CronJob is healthy whatever its Pods are.
_WAITED_FOR = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Job", "Pod", "ReplicaSet"})


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each object that comes too early."""
    for overlay in view.overlays:
        if overlay.in_scope:
            yield from _before_needs(view, overlay)
            yield from _before_webhooks(view, overlay)


def _before_needs(view: RepositoryView, overlay: OverlayView) -> Iterator[Finding]:
    if not any(_has_order(each.manifest) for each in overlay.objects):
        return
    there = {(each.key.kind, each.key.name): each for each in overlay.objects if each.key.kind in _NEEDED}
    for each in overlay.objects:
        if each.key.kind not in _WAITED_FOR or _is_idle(each.manifest):
            continue
        when = moments(each.manifest)
        for kind, name in dict.fromkeys(_needs(each.manifest)) if when else ():
            needed = there.get((kind, name))
            then = moments(needed.manifest) if needed is not None else []
            if then and when[0] < then[0]:
                shown = f"{kind} {printable(name)}"
                message = (
                    f"{each.key.kind} {printable(each.key.name)} ({when[0]}) waits for {shown} ({then[0]}),"
                    " which is applied only after it"
                )
                fix = f"Annotate {shown} with {_order(when[0])}, or the {each.key.kind} with a later order."
                yield _finding(view, overlay, each, message, fix)


def _has_order(manifest: Manifest) -> bool:
    annotations = value_of(manifest, "metadata", "annotations")
    return isinstance(annotations, dict) and not annotations.keys().isdisjoint((WAVE, HOOK, "helm.sh/hook"))


def _order(moment: Moment) -> str:
    hook = "" if PHASES[moment.phase] == "Sync" else f"`{HOOK}: {PHASES[moment.phase]}` and "
    return f'{hook}`{WAVE}: "{moment.wave - bool(hook)}"`'


def _is_idle(manifest: Manifest) -> bool:
    """Say whether a workload runs no Pods, and so needs nothing."""
    spec = manifest.get("spec")
    return value_of(spec, "replicas") == 0 or value_of(spec, "suspend") is True


def _needs(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Yield kind and name of each object without which a workload's Pods do not start."""
    spec = value_of(manifest, *map(str, pod_path(manifest)))
    yield "ServiceAccount", _text(value_of(spec, "serviceAccountName"))
    for volume in _listed(value_of(spec, "volumes")):
        yield "PersistentVolumeClaim", _text(value_of(volume, "persistentVolumeClaim", "claimName"))
        for source in (volume, *_listed(value_of(volume, "projected", "sources"))):
            yield from _sources(source, "configMap", "secret")
    for _, container in containers(manifest):
        for each in _listed(container.get("envFrom")):
            yield from _sources(each, "configMapRef", "secretRef")
        for each in _listed(container.get("env")):
            yield from _sources(value_of(each, "valueFrom"), "configMapKeyRef", "secretKeyRef")


def _sources(holder: object, config_map: str, secret: str) -> Iterator[tuple[str, str]]:
    for kind, field in (("ConfigMap", config_map), ("Secret", secret)):
        found = value_of(holder, field)
        if value_of(found, "optional") is not True:
            yield kind, _text(value_of(found, "name") or value_of(found, "secretName"))


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _before_webhooks(view: RepositoryView, overlay: OverlayView) -> Iterator[Finding]:
    webhooks: dict[tuple[str, str], list[Admitting]] = defaultdict(list)
    for found in admitting(view, overlay):
        webhooks[found.group, found.kind].append(found)
    for each in overlay.objects if webhooks else ():
        group = each.key.api_version.rpartition("/")[0]
        when = moments(each.manifest)
        for webhook in webhooks.get((group, each.key.kind), ())[:1] if when else ():
            first, answers = moments(webhook.configuration.manifest), moments(webhook.workload.manifest)
            # Within a wave, kinds that Argo CD does not order are applied by name.
            by_name = (first[:1], webhook.configuration.key.name) <= (when[:1], each.key.name)
            if first and answers and by_name and when[0] <= answers[0]:
                workload = f"{webhook.workload.key.kind} {printable(webhook.workload.key.name)}"
                message = (
                    f"{each.key.kind} {printable(each.key.name)} ({when[0]}) needs the webhook of {workload}"
                    f" ({answers[0]}), which nothing waits for"
                )
                fix = f'Give it a later wave: `{WAVE}: "{answers[0].wave + 1}"`.'
                yield _finding(view, overlay, each, message, fix)


def _finding(
    view: RepositoryView, overlay: OverlayView, each: JudgedObject, message: str, fix: str
) -> Finding:
    annotated = next((name for name in (HOOK, WAVE) if annotation(each.manifest, name)), "")
    place: Path = ("metadata", "annotations", annotated) if annotated else ("metadata", "name")
    return META.finding(
        view.where(each, place), message, fix=fix, resource=str(each.key), overlay=overlay.path
    )
