"""A production image is not pinned by digest.

## What it does
Reports images of production overlays that have a version tag and no digest. Tags that move, and images
without any, are reported by mutable-tag-in-production instead.

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
from sealock.domain.image import ImageRef, InvalidImage
from sealock.domain.printable import printable
from sealock.rules.meta import Meta
from sealock.rules.promotion.mutable_tag_in_production import moving_tag
from sealock.rules.view import images

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import RepositoryView

META = Meta("missing-digest-in-production", "a production image has no digest", Severity.WARNING)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each image of a production overlay with a version tag and no digest."""
    for overlay, each in view.in_scope():
        if not overlay.production:
            continue
        for path, text in images(each.manifest):
            if moving_tag(text) is None and not _pinned(text):
                yield META.finding(
                    view.where(each, path),
                    f"production image {printable(text, 120)} has no digest",
                    fix="Add `digest: sha256:…` to its entry in `images`; the tag may stay.",
                    resource=str(each.key),
                    overlay=overlay.path,
                )


def _pinned(text: str) -> bool:
    try:
        return ImageRef.parse(text).digest is not None
    except InvalidImage:
        # What is no image reference at all, the API server or the container runtime refuses.
        return "@" in text
