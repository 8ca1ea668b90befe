"""An entry of `images` matches no image.

## What it does
Reports entries of `images:` in a kustomization whose `name` matches no image of what is there when
Kustomize comes to it. For a base that is the base alone; for a component, every overlay that uses it.
Kustomize itself is asked, so names that an earlier entry or a patch has set count.

## Why is this bad
Kustomize ignores the entry without a word. The image that was to be pinned, moved to a mirror or promoted
keeps whatever tag the manifest has.

## Bad
```yaml
# the Deployment has image: ghcr.io/acme/ledger
images:
  - name: ledger
    newTag: 1.8.3
```

## Good
```yaml
images:
  - name: ghcr.io/acme/ledger
    newTag: 1.8.3
```

## How to fix
Write the name as the manifest has it, registry and folder included, without the tag. If nothing uses the
image any more, remove the entry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, NotDecided, Severity
from sealock.domain.printable import printable
from sealock.domain.suggest import closest
from sealock.rules.kustomize.entry import place, text
from sealock.rules.meta import Meta
from sealock.rules.view import images

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import RepositoryView, UnmatchedEntry

META = Meta("image-matches-nothing", "an entry of `images` matches no image", Severity.WARNING)


def check(view: RepositoryView) -> Iterator[Finding | NotDecided]:
    """Yield each entry that Kustomize would ignore."""
    for entry in view.unmatched:
        if entry.field != "images" or entry.invalid:
            continue
        name = printable(text(view, entry, "name"))
        where = place(view, entry, "name")
        if entry.undecided:
            yield NotDecided(META.id, f"image {name}", where, entry.undecided, overlays=entry.overlays)
            continue
        for overlay in entry.overlays:
            yield META.finding(
                where, f"no image matches the name `{name}`", fix=_hint(view, entry), overlay=overlay
            )


def _hint(view: RepositoryView, entry: UnmatchedEntry) -> str:
    name = text(view, entry, "name")
    known = {
        _name(image)
        for overlay in view.overlays
        if overlay.path in entry.overlays
        for each in overlay.objects
        for _, image in images(each.manifest)
    }
    near = closest(name, sorted(known)) or next(
        (each for each in sorted(known) if each.rpartition("/")[2] == name.rpartition("/")[2]), ""
    )
    if near and near != name:
        return f"Did you mean `{printable(near)}`?"
    return "Write the name as the manifest has it, or remove the entry."


def _name(image: str) -> str:
    """Return an image without its tag and digest."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return head + slash + last.partition(":")[0]
