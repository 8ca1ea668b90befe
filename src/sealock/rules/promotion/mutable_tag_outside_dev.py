"""An image between the first environment and production has a tag that moves.

## What it does
Reports images without digest whose tag is moved from build to build (`latest`, `main`, `edge` …), or that
have no tag, in the overlays of every environment of sealock.yaml that comes after another, except
production, which mutable-tag-in-production is for.

## Why is this bad
A gate says yes to what runs in staging. If the tag moves meanwhile, that is not what production gets.

## Bad
```yaml
# overlays/staging/kustomization.yaml
images:
  - name: ghcr.io/acme/ledger
    newTag: main
```

## Good
```yaml
images:
  - name: ghcr.io/acme/ledger
    newTag: 2.7.1
```

## How to fix
Name the version or, better, the digest that is tested. A moving tag is for the first environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, Severity
from sealock.domain.overlays import environment_of
from sealock.domain.printable import printable
from sealock.rules.meta import Meta
from sealock.rules.promotion.mutable_tag_in_production import what_moves
from sealock.rules.view import images

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import RepositoryView

META = Meta(
    "mutable-tag-outside-dev",
    "an image between the first environment and production has a tag that moves",
    Severity.WARNING,
)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each image that names a moving tag, or none, where promotions pass through."""
    between = {
        environment_of(name) or name
        for name, each in view.settings.environments.items()
        if each.after and not each.production
    }
    for overlay, each in view.in_scope():
        if overlay.environment not in between or overlay.production:
            continue
        for path, text in images(each.manifest):
            said = what_moves(text)
            if said:
                yield META.finding(
                    view.where(each, path),
                    f"{overlay.environment} image {printable(text, 120)} {said}",
                    fix="Name the version or the digest that is tested.",
                    resource=str(each.key),
                    overlay=overlay.path,
                )
