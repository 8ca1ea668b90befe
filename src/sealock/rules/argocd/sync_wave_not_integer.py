"""A sync wave is no integer.

## What it does
Reports the annotation `argocd.argoproj.io/sync-wave` where its value is no whole number in quotes, on
rendered objects and on Applications.

## Why is this bad
Argo CD takes a wave that it cannot read as 0, without a word, and applies the object with everything
else. A number without quotes is worse: the API server refuses the object, because annotations are text.

## Bad
```yaml
annotations:
  argocd.argoproj.io/sync-wave: "1.5"
```

## Good
```yaml
annotations:
  argocd.argoproj.io/sync-wave: "2"
```

## How to fix
Write a whole number in quotes; negative ones are allowed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Severity
from sealock.domain.printable import printable
from sealock.rules.argocd.spec import found
from sealock.rules.argocd.sync_order import INTEGER, WAVE
from sealock.rules.meta import Meta
from sealock.rules.view import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.finding import Finding
    from sealock.domain.yaml_document import Path
    from sealock.rules.view import Manifest, RepositoryView

META = Meta("sync-wave-not-integer", "a sync wave is no integer", Severity.ERROR)

_PLACE: Path = ("metadata", "annotations", WAVE)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each wave that Argo CD cannot read."""
    for overlay, each in view.in_scope():
        message, fix = _wrong(each.manifest)
        if message:
            place = view.where(each, _PLACE)
            yield META.finding(place, message, fix=fix, resource=str(each.key), overlay=overlay.path)
    for thing in view.scoped(view.applications, view.projects, view.sets):
        message, fix = _wrong(thing.manifest)
        # One that an overlay renders is among the overlay's objects.
        if message and thing.rendered is None:
            yield found(META, view, thing, _PLACE, message, fix)


def _wrong(manifest: Manifest) -> tuple[str, str]:
    """Return what is wrong with an object's wave, and what to do; empty for nothing."""
    value = value_of(manifest, *map(str, _PLACE))
    if value is None or (isinstance(value, str) and INTEGER.fullmatch(value)):
        return "", ""
    if isinstance(value, str):
        return f"the sync wave `{printable(value)}` is no integer, and counts as 0", "Write a whole number."
    return f"the sync wave {value} has no quotes: annotations are text", f'Write `"{value}"`.'
