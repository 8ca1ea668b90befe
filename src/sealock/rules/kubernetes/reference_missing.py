"""An object refers to something that is not there.

## What it does
Looks up every ConfigMap, Secret, PersistentVolumeClaim, Service and Role that an object of the overlay names,
and the keys that are read of them. `optional: true` is left alone.

A key that a ConfigMap or Secret of the overlay does not have is an error. A ConfigMap, claim, Service or
Role that neither the overlay nor anything else of the repository brings to the namespace is a warning.
Secrets are mostly made by hand or by an operator: a missing one is a warning only where its name is nearly
that of a Secret which the overlay has and nothing uses, and a note where Pods read it and the overlay
declares others.
Nothing is said where a custom resource or a script speaks of the name, or where something that nobody can
see from here is deployed to the namespace.

## Why is this bad
The Pods stay in `CreateContainerConfigError` or `ContainerCreating`, while the sync succeeds.

## Bad
```yaml
envFrom:
  - configMapRef: {name: ledger-confg}   # the ConfigMap is called ledger-config
```

## Good
```yaml
envFrom:
  - configMapRef: {name: ledger-config}
```

## How to fix
Correct the name or the key, add what is missing, or mark the reference `optional: true`.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from sealock.domain.finding import Confidence, Finding, Severity
from sealock.domain.printable import printable
from sealock.domain.suggest import closest
from sealock.rules.kubernetes.pods import is_near, mappings, texts
from sealock.rules.kubernetes.references import references
from sealock.rules.kubernetes.surroundings import Surroundings
from sealock.rules.meta import Meta
from sealock.rules.view import text_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.yaml_document import Path
    from sealock.rules.kubernetes.references import Reference
    from sealock.rules.view import JudgedObject, Manifest, OverlayView, RepositoryView

META = Meta(
    "reference-missing",
    "an object refers to something that is not there",
    Severity.WARNING,
    Confidence.MEDIUM,
)

# What every namespace has: the controller manager's, OpenShift's and Istio's own.
_EVERYWHERE = frozenset({"kube-root-ca.crt", "openshift-service-ca.crt", "istio-ca-root-cert"})
_KEYED = frozenset({"ConfigMap", "Secret"})
_NEARLY = 0.85
# Where Secrets are named that most often are not of the repository: credentials of registries, certificates.
_BY_HAND = frozenset({"imagePullSecrets", "tls"})
# Annotations of those that fill an object in the cluster, and of a ConfigMap that is only a part of one.
_FILLED = re.compile(r"inject|reflector|replicator|ServerSideApply=true")
_FILLED_TYPES = frozenset({"kubernetes.io/service-account-token"})


class _Overlay:
    """What one overlay has, by kind and name; what only a missing Secret needs is gathered for that."""

    def __init__(self, overlay: OverlayView, needs: list[Reference]) -> None:
        self.view = overlay
        self._needs = needs
        self.objects: dict[tuple[str, str], list[JudgedObject]] = {}
        for each in overlay.objects:
            kind, metadata = each.manifest.get("kind"), each.manifest.get("metadata") or {}
            self.objects.setdefault((str(kind), str(metadata.get("name"))), []).append(each)

    @cached_property
    def made(self) -> frozenset[str]:
        """Return the Secrets that are declared by other means."""
        return frozenset(name for each in self.view.objects for name in _secrets(each.manifest))

    @cached_property
    def declares_secrets(self) -> bool:
        """Say whether Secrets are made here; empty ones are filled by something else."""
        secrets = [each for (kind, _), found in self.objects.items() if kind == "Secret" for each in found]
        return bool(self.made) or any(_keys(each.manifest) for each in secrets)

    @cached_property
    def used(self) -> frozenset[str]:
        """Return the Secrets that something refers to."""
        return frozenset(need.name for need in self._needs if need.kind == "Secret")


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield every reference that leads nowhere."""
    around = Surroundings(view)
    for overlay in view.overlays:
        if not overlay.in_scope:
            continue
        needs = [(each, need) for each in overlay.objects for need in references(each)]
        if needs:
            here = _Overlay(overlay, [need for _, need in needs])
            for each, need in needs:
                yield from _judged(view, around, here, each, need)


def _judged(
    view: RepositoryView, around: Surroundings, here: _Overlay, each: JudgedObject, need: Reference
) -> Iterator[Finding]:
    found = [
        other
        for other in here.objects.get((need.kind, need.name), ())
        if is_near(other.key.namespace, need.namespace)
    ]
    if found:
        if need.key and need.kind in _KEYED and not any(_may_hold(other, need.key) for other in found):
            yield _without_key(view, here.view, each, need, found[0])
    elif need.path and not _is_known(around, here, need):
        yield from _missing(view, here, each, need)


def _is_known(around: Surroundings, here: _Overlay, need: Reference) -> bool:
    if need.name in _EVERYWHERE or (need.kind == "Secret" and need.name in here.made):
        return True
    if need.kind == "PersistentVolumeClaim" and _is_templated(here.view, need.name):
        return True
    return around.may_have(here.view, need.namespace, need.kind, need.name)


def _missing(view: RepositoryView, here: _Overlay, each: JudgedObject, need: Reference) -> Iterator[Finding]:
    severity, confidence = META.severity, META.confidence
    names = [name for kind, name in here.objects if kind == need.kind]
    if need.kind == "Secret":
        idle = [name for name in {*names, *here.made} - here.used if _is_nearly(name, need.name)]
        if not idle:
            if not here.declares_secrets or not _BY_HAND.isdisjoint(need.path):
                return
            severity, confidence = Severity.NOTE, Confidence.LOW
        names = idle
    elif need.path == ("spec", "serviceName"):
        # Only the names of the Pods in the DNS are lost; many run without.
        severity = Severity.NOTE
    near = closest(need.name, names)
    advice = f"Did you mean `{printable(near)}`?" if near else "Add it, or correct the name."
    yield META.finding(
        view.where(each, need.path),
        f"no {need.kind} {printable(need.name)} in this overlay, nor elsewhere for its namespace",
        fix=advice,
        resource=str(each.key),
        overlay=here.view.path,
        severity=severity,
        confidence=confidence,
    )


def _without_key(
    view: RepositoryView, overlay: OverlayView, each: JudgedObject, need: Reference, found: JudgedObject
) -> Finding:
    keys = sorted(_keys(found.manifest))
    near = closest(need.key, keys)
    advice = f"Did you mean `{printable(near)}`?" if near else "Add the key, or mark it `optional: true`."
    return META.finding(
        view.where(each, need.key_path),
        f"{need.kind} {printable(need.name)} has no key {printable(need.key)}",
        fix=advice,
        resource=str(each.key),
        overlay=overlay.path,
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
    )


def _may_hold(found: JudgedObject, key: str) -> bool:
    """Say whether a ConfigMap or Secret has a key, or gets it in the cluster as an empty one does."""
    keys = _keys(found.manifest)
    if not keys or key in keys or text_of(found.manifest, "type") in _FILLED_TYPES:
        return True
    marks = {
        **texts(value_of(found.manifest, "metadata", "labels")),
        **texts(value_of(found.manifest, "metadata", "annotations")),
    }
    return any(_FILLED.search(name) or _FILLED.search(value) for name, value in marks.items())


def _keys(manifest: Manifest) -> set[str]:
    return {
        key
        for field in ("data", "binaryData", "stringData")
        for key in (value_of(manifest, field) or ())
        if isinstance(key, str)
    }


def _is_templated(overlay: OverlayView, name: str) -> bool:
    """Say whether a claim is one that a StatefulSet makes for its Pods: `data-ledger-0`."""
    for each in overlay.objects:
        if each.key.kind == "StatefulSet":
            for claim in mappings(value_of(each.manifest, "spec", "volumeClaimTemplates")):
                begin = f"{text_of(claim, 'metadata', 'name')}-{each.key.name}-"
                if name.startswith(begin) and name[len(begin) :].isdigit():
                    return True
    return False


def _is_nearly(one: str, other: str) -> bool:
    """Say whether two names differ by a slip, and not by a number."""
    import difflib  # noqa: PLC0415 - only a missing Secret needs it

    if re.sub(r"\d", "", one) == re.sub(r"\d", "", other):
        return False
    return difflib.SequenceMatcher(None, one, other).ratio() >= _NEARLY


# By kind, where the name of the Secret stands that an operator makes of it; by default it is its own.
_MAKERS: dict[str, Path] = {
    "Certificate": ("spec", "secretName"),
    "ExternalSecret": ("spec", "target", "name"),
    "SealedSecret": ("spec", "template", "metadata", "name"),
}


def _secrets(manifest: Manifest) -> Iterator[str]:
    path = _MAKERS.get(text_of(manifest, "kind"))
    if path:
        yield text_of(manifest, *map(str, path)) or text_of(manifest, "metadata", "name")
