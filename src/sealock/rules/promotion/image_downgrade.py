"""An image went back to a lower version.

## What it does
Reports an entry in the `images` of an overlay whose `newTag` is a lower semantic version than the one that
the overlay had before, by Git's history. It is no finding if an environment before this one runs that
version now, if the commit that brought it says that it is meant (its subject begins with `Revert` or
`rollback`), or in the first environment, where versions come and go. What a shallow clone does not show is
not judged.

## Why is this bad
A version that goes down is most often a merge that lost a promotion. Schema migrations rarely work
backwards.

## Bad
```yaml
images:
  - name: ghcr.io/acme/ledger
    newTag: 2.6.0        # was 2.7.1
```

## Good
```yaml
images:
  - name: ghcr.io/acme/ledger
    newTag: 2.7.2
```

## How to fix
Restore the higher version. For a rollback on purpose begin the commit's subject with `Revert` or
`rollback`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealock.domain.finding import Confidence, Finding, Severity
from sealock.domain.printable import printable
from sealock.rules.meta import Meta
from sealock.rules.promotion.chain import Chain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.image_history import ImageEntry, ImageHistory
    from sealock.rules.view import OverlayView, RepositoryView

META = Meta("image-downgrade", "an image went back to a lower version", Severity.WARNING, Confidence.MEDIUM)

_VERSION = re.compile(
    r"v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?", re.ASCII
)
_MEANT = re.compile(r"(?:\w+(?:\([^)]*\))?!?: *)?(?:revert|roll(?:s|ed|ing)?[ -]?back)\b", re.IGNORECASE)

_Precedence = tuple[tuple[int, int, int], bool, tuple[tuple[int, int, str], ...]]


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each entry whose version is lower than the one before it."""
    if view.history is None:
        return
    chain = Chain(view.overlays, view.settings)
    for overlay in view.overlays:
        stages = chain.before(overlay) if overlay.in_scope else ()
        elsewhere = {each.file for _, stage in stages for each in stage}
        for entry in view.history.now.get(overlay.file, ()) if stages else ():
            before = _before(view.history, overlay, entry)
            if before and not any(_runs(view.history, file, entry) for file in elsewhere):
                name = printable(entry.name, 100)
                yield META.finding(
                    view.sources.in_document(overlay.file, 0, ("images", entry.index, "newTag")),
                    f"{name} went from {printable(before)} back to {printable(entry.tag)}",
                    fix=f"Restore {printable(before)}, or say in the commit's subject that it is a rollback.",
                    overlay=overlay.path,
                )


def _before(history: ImageHistory, overlay: OverlayView, entry: ImageEntry) -> str:
    """Return the higher version that the overlay had before this one, or empty text."""
    current = precedence(entry.tag)
    known = history.previous(overlay.file, entry) if current else None
    if known is None or current is None:
        return ""
    previous, brought = known
    higher = precedence(previous.tag)
    if higher is None or higher <= current or (brought and _MEANT.match(brought.subject)):
        return ""
    return previous.tag


def _runs(history: ImageHistory, file: str, entry: ImageEntry) -> bool:
    return any(each.name == entry.name and each.tag == entry.tag for each in history.now.get(file, ()))


def precedence(tag: str) -> _Precedence | None:
    """Return what orders versions as semver.org, section 11, says; None for what is no version."""
    found = _VERSION.fullmatch(tag)
    if not found:
        return None
    major, minor, patch = (int(found[each] or 0) for each in (1, 2, 3))
    parts = found[4].split(".") if found[4] else []
    # Numbers come before words, and a release after what leads to it.
    order = tuple((0, int(each), "") if each.isdigit() else (1, 0, each) for each in parts)
    return (major, minor, patch), not parts, order
