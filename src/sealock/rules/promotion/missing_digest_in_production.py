"""A production image is not pinned by digest.

## What it does
Reports images of production overlays that have a version tag and no digest. Tags that move, and images
without any, are reported by mutable-tag-in-production instead. A digest that lost some of its digits, or has
capitals, is an error: no node accepts it.

## Why is this bad
A tag can be pushed again. Only a digest says that what runs is what was tested.

## Bad
```yaml
images:
  - name: ghcr.io/acme/ledger
    newTag: 2.7.1
```

## Good
```yaml
images:
  - name: ghcr.io/acme/ledger
    newTag: 2.7.1
    digest: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
```

## How to fix
Add the digest to the entry in `images`; the tag may stay, for people. If your registry makes tags
immutable, turn the rule off: `policy: {rules: {missing-digest-in-production: off}}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, Severity
from sealock.domain.image import ImageRef, InvalidImage, is_cut_off
from sealock.domain.printable import printable
from sealock.rules.meta import Meta
from sealock.rules.promotion.mutable_tag_in_production import moving_tag
from sealock.rules.view import images

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import RepositoryView

_BROKEN = "a digest that is none: the node refuses its name"

META = Meta("missing-digest-in-production", "a production image has no digest", Severity.WARNING)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each image of a production overlay with a version tag and no digest, or one that is none."""
    for overlay, each in view.in_scope():
        if not overlay.production:
            continue
        for path, text in images(each.manifest):
            wrong = _wrong(text)
            if wrong and (moving_tag(text) is None or wrong is _BROKEN):
                yield META.finding(
                    view.where(each, path),
                    f"production image {printable(text, 120)} has {wrong}",
                    fix="Add `digest: sha256:…` to its entry in `images`; the tag may stay.",
                    resource=str(each.key),
                    overlay=overlay.path,
                    severity=Severity.ERROR if wrong is _BROKEN else None,
                )


def _wrong(text: str) -> str:
    """Return what an image has in place of a digest; empty for one that is pinned."""
    try:
        image = ImageRef.parse(text)
    except InvalidImage:
        # What is no image reference at all is refused elsewhere, or a placeholder that something else fills.
        return _BROKEN if is_cut_off(text) else "" if "@" in text else "no digest"
    # A digest in the tag's place makes no image: image-name-invalid says so.
    return "" if image.digest is not None or ":" in (image.tag or "") else "no digest"
