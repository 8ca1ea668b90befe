"""A production image has a tag that moves.

## What it does
Reports images of production overlays without digest whose tag is `latest` or another name that is moved
from build to build (`main`, `stable`, `nightly` …), or that have no tag at all, which means `latest`.

## Why is this bad
What runs depends on when a node pulled it. Two replicas can run different builds, a rollback rolls
nothing back, and a promotion that was tested is not what is deployed.

## Bad
```yaml
images:
  - name: ghcr.io/acme/ledger
    newTag: latest
```

## Good
```yaml
images:
  - name: ghcr.io/acme/ledger
    digest: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
```

## How to fix
Pin the digest that was tested in staging.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, Severity
from sealock.domain.image import ImageRef, InvalidImage
from sealock.domain.printable import printable
from sealock.rules.meta import Meta
from sealock.rules.view import images

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import RepositoryView

META = Meta("mutable-tag-in-production", "a production image has a tag that moves", Severity.ERROR)

_MOVING = frozenset(
    {
        "latest", "main", "master", "trunk", "head", "develop", "development", "dev", "staging",
        "stage", "test", "prod", "production", "release", "stable", "edge", "nightly", "canary",
        "current", "snapshot", "rolling", "unstable", "testing", "beta", "alpha", "next",
    }
)  # fmt: skip


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each image of a production overlay that names a moving tag, or none."""
    for overlay, each in view.in_scope():
        if not overlay.production:
            continue
        for path, text in images(each.manifest):
            said = what_moves(text)
            if said:
                yield META.finding(
                    view.where(each, path),
                    f"production image {printable(text, 120)} {said}",
                    fix="Pin the digest that was tested in staging.",
                    resource=str(each.key),
                    overlay=overlay.path,
                )


def what_moves(text: str) -> str:
    """Return in words why an image may be another one tomorrow, or an empty text."""
    moving = moving_tag(text)
    if moving is None:
        return ""
    return f"has the tag `{moving}`, which moves" if moving else "has neither tag nor digest"


def moving_tag(text: str) -> str | None:
    """Return the image's tag if it moves (empty: there is none), or None."""
    try:
        image = ImageRef.parse(text)
    except InvalidImage:
        return None
    if image.digest is not None:
        return None
    if image.tag is None:
        return ""
    return image.tag if image.tag.lower() in _MOVING else None
