"""The API server would not accept an object.

## What it does
Decodes, defaults and validates every rendered object as a create request does, with the API server's
own code.

## Why is this bad
The sync fails half-way: objects before this one are applied, those after it are not.

## Bad
```yaml
spec:
  selector:
    matchLabels: {app: ledger}
  template:
    metadata:
      labels: {app: payments}   # does not match the selector
```

## Good
```yaml
spec:
  selector:
    matchLabels: {app: ledger}
  template:
    metadata:
      labels: {app: ledger}
```

## How to fix
The message is the API server's own, with the field's path. The code is that of the Kubernetes release
linked into the engine; for your own version the schemas count, see schema-violation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.api_lifecycle import is_removed
from sealock.domain.finding import Finding, Severity
from sealock.domain.source_map import parse_path
from sealock.rules.meta import Meta
from sealock.rules.view import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import ApplicationView, JudgedObject, RepositoryView

_WAVE = "argocd.argoproj.io/sync-wave"

META = Meta("api-server-refuses", "the API server would not accept an object", Severity.ERROR)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield every error that a create request would get; `removed-api-version` words one of them."""
    for overlay, each in view.in_scope():
        for path, message in _errors(each):
            if path == "apiVersion" and is_removed(each.key.api_version, each.key.kind, view.kubernetes[1]):
                continue
            yield META.finding(
                view.where(each, parse_path(path, each.manifest)),
                f"{path}: {message}" if path else message,
                resource=str(each.key),
                overlay=overlay.path,
            )
    for thing in view.scoped(view.applications, view.projects, view.sets):
        for path, message in _errors(thing):
            yield META.finding(
                view.where(thing, parse_path(path, thing.manifest)),
                f"{path}: {message}" if path else message,
                resource=f"{thing.kind} {thing.name}",
            )


def _errors(thing: JudgedObject | ApplicationView) -> Iterator[tuple[str, str]]:
    """Yield the errors, but for those of Argo CD's kinds that other rules know more about.

    `invented-field` words unknown fields, `sync-wave-not-integer` a wave that is a number.
    """
    argocd = str(thing.manifest.get("apiVersion", "")).startswith("argoproj.io/")
    wave = value_of(thing.manifest, "metadata", "annotations", _WAVE)
    for path, message in thing.admission.errors if thing.admission else ():
        is_wave = isinstance(wave, int) and "annotations" in f"{path} {message}"
        if not (argocd and ("unknown field" in message or is_wave)):
            yield path, message
