"""What in a change cannot be undone by reverting it, or stops a service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from sealock.domain.object_diff import Danger, Manifest, named
from sealock.domain.rendered import ObjectKey

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealock.domain.object_pairs import Pair

_SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
_FINALIZERS = ("resources-finalizer.argocd.argoproj.io",)
_NAMED_OBJECTS = 3
_ARGOCD_GROUP = "argoproj.io/"

_GRAVE = {
    "StatefulSet": "stateful-removed",
    "PersistentVolumeClaim": "claim-removed",
    "PersistentVolume": "claim-removed",
    "Namespace": "namespace-removed",
    "CustomResourceDefinition": "definition-removed",
    "Application": "application-removed",
    "ApplicationSet": "application-removed",
}
_LOST = {
    "stateful-removed": "its Pods stop",
    "claim-removed": "what the volume holds is lost unless its reclaim policy keeps it",
    "namespace-removed": "with it goes everything in it, also what is not in Git",
    "definition-removed": "with it goes every object of its kind in the cluster",
    "application-removed": "with its finalizer goes everything that it deployed",
}
_KEEP = "To keep it, annotate it with argocd.argoproj.io/sync-options: Prune=false before you remove it."
_STAYS = "Delete it by hand once nothing needs it, or sync with prune."
_SCALED = "If this is meant, suspend what alerts on it; else set the replicas again."
_REFUSED = "Give it another name, or delete it in a planned way first: until then the sync fails."


class Deployer(msgspec.Struct, frozen=True):
    """An Application that deploys an overlay.

    `prunes`: it deletes what was removed from the overlay; `cascades`: deleted itself, it deletes all.
    """

    name: str
    prunes: bool
    cascades: bool

    @classmethod
    def of(cls, manifest: Manifest) -> Deployer:
        """Read an Application."""
        metadata = manifest.get("metadata") or {}
        automated = ((manifest.get("spec") or {}).get("syncPolicy") or {}).get("automated")
        prunes = (
            isinstance(automated, dict)
            and automated.get("prune") is True
            and automated.get("enabled") is not False
        )
        finalizers = metadata.get("finalizers") or ()
        cascades = any(str(each).startswith(_FINALIZERS) for each in finalizers)
        return cls(str(metadata.get("name") or ""), prunes, cascades)


class Deployers(msgspec.Struct, frozen=True):
    """Who deploys an overlay, after the change and before it."""

    after: tuple[Deployer, ...] = ()
    before: tuple[Deployer, ...] = ()


class Changed(NamedTuple):
    """One overlay that differs: its folder, whether it exists on both sides, and its objects."""

    overlay: str
    state: Literal["added", "removed", "changed"]
    pairs: Sequence[Pair]


class _Fate(NamedTuple):
    """What becomes of a removed object: `pruned`, `orphaned`, or empty where nobody knows; who decides."""

    kind: str
    why: str
    applications: tuple[str, ...] = ()


def removed(changed: Changed) -> list[Manifest]:
    """Return the objects that the overlay has no more."""
    return [pair.before for pair in changed.pairs if pair.after is None and pair.before is not None]


def of_removals(changed: Changed, deployers: Deployers) -> Iterator[Danger]:
    """Yield one danger for each removed object that is more than itself, and one for the rest of them."""
    plain: dict[_Fate, list[Manifest]] = {}
    for manifest in removed(changed):
        fate = _fate(manifest, changed.state, deployers)
        kind = _GRAVE.get(str(manifest.get("kind")), "")
        if kind == "application-removed" and not str(manifest.get("apiVersion")).startswith(_ARGOCD_GROUP):
            kind = ""
        if not kind:
            plain.setdefault(fate, []).append(manifest)
            continue
        why = f"{fate.why}; {_lost(kind, manifest)}"
        subject = named(ObjectKey.of(manifest))
        yield Danger(kind, changed.overlay, subject, why, _KEEP, fate.applications)
    for fate, manifests in plain.items():
        if fate.kind:
            help_ = _KEEP if fate.kind == "pruned" else _STAYS
            subject = _listed(manifests)
            yield Danger(fate.kind, changed.overlay, subject, fate.why, help_, fate.applications)


def _lost(kind: str, manifest: Manifest) -> str:
    if kind == "application-removed" and manifest.get("kind") == "Application":
        if Deployer.of(manifest).cascades:
            return "its finalizer then deletes everything that it deployed"
        return "it has no finalizer, so what it deployed stays and nothing manages it"
    if kind == "application-removed":
        return "its Applications go with it, unless its syncPolicy preserves them"
    return f"when it is deleted, {_LOST[kind]}"


def _fate(manifest: Manifest, state: str, deployers: Deployers) -> _Fate:
    annotations = (manifest.get("metadata") or {}).get("annotations") or {}
    options = str(annotations.get(_SYNC_OPTIONS) or "").replace(" ", "").split(",")
    if "Prune=false" in options:
        return _Fate("orphaned", "its annotation Prune=false keeps it in the cluster")
    if deployers.after:
        return _still_deployed(state, deployers.after, asks="Prune=confirm" in options)
    names = _names(deployers.before)
    if any(each.cascades for each in deployers.before):
        return _Fate("pruned", "its Application goes too, and with its finalizer all that it deployed", names)
    if names:
        why = "its Application goes too, without a finalizer: what it deployed stays, unmanaged"
        return _Fate("orphaned", why, names)
    return _Fate("", "no Application of this repository deploys this overlay, so its fate is not known here")


def _still_deployed(state: str, deployers: Sequence[Deployer], *, asks: bool) -> _Fate:
    names = _names(deployers)
    if state == "removed":
        why = "its Application still points at this folder: its sync fails, nothing is deleted"
        return _Fate("orphaned", why, names)
    if not any(each.prunes for each in deployers):
        return _Fate(
            "orphaned", "its Application does not prune: it stays in the cluster, out of sync", names
        )
    when = "once somebody confirms" if asks else "with the next sync"
    return _Fate("pruned", f"its Application prunes: Argo CD deletes it {when}", names)


def _names(deployers: Sequence[Deployer]) -> tuple[str, ...]:
    return tuple(sorted({each.name for each in deployers}))


def _listed(manifests: Sequence[Manifest]) -> str:
    names = [named(ObjectKey.of(each)) for each in manifests]
    more = len(names) - _NAMED_OBJECTS
    shown = ", ".join(names[:_NAMED_OBJECTS])
    return f"{shown} and {more} more" if more > 0 else shown


def of_replicas(changed: Changed) -> Iterator[Danger]:
    """Yield one danger for each workload that is scaled to nothing."""
    for pair in changed.pairs:
        if pair.before is None or pair.after is None:
            continue
        before, after = _replicas(pair.before), _replicas(pair.after)
        if before and after == 0:
            why = f"replicas go from {before} to 0: nothing of it runs any more"
            yield Danger("scaled-to-zero", changed.overlay, named(ObjectKey.of(pair.after)), why, _SCALED)


def _replicas(manifest: Manifest) -> int | None:
    """Return the replicas of a workload, 1 where it does not say; None for what is none."""
    spec: Any = manifest.get("spec")
    if not isinstance(spec, dict) or "template" not in spec:
        return None
    found = spec.get("replicas", 1)
    return found if type(found) is int else None


def of_update(overlay: str, manifest: Manifest, errors: Sequence[tuple[str, str]]) -> Iterator[Danger]:
    """Yield one danger for each field that the API server refuses to change."""
    for path, said in errors:
        # What it says quotes values.
        message = "the API server refuses to change it" if manifest.get("kind") == "Secret" else said
        why = f"{path}: {message}" if path else message
        yield Danger("immutable-field", overlay, named(ObjectKey.of(manifest)), why, _REFUSED)
