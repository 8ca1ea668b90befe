"""Production runs a digest that the environment before it never ran.

## What it does
For each digest in the `images` of a production overlay, looks for it in the overlays of the environments
that come before production (`environments` in sealock.yaml: `after`), of the same service: as they are,
and as Git's history has them. Where production comes after several environments, each must have had it.
An image that the environment before never pinned by digest cannot be compared, and a digest that came into
Git together with both overlays is taken as it is. Outside of Git nothing is compared. In a shallow clone
what is not found is undecided.

## Why is this bad
The gates before production tested something else. What nobody ran is what production gets.

## Bad
```yaml
# overlays/production/kustomization.yaml; staging never had this digest
images:
  - name: ghcr.io/acme/ledger
    digest: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
```

## Good
```yaml
# overlays/staging/kustomization.yaml, now or in an earlier commit
images:
  - name: ghcr.io/acme/ledger
    digest: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
```

## How to fix
Promote the digest to the environment before production first. In CI fetch the whole history
(`fetch-depth: 0`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, NotDecided, Severity
from sealock.domain.printable import printable
from sealock.rules.meta import Meta
from sealock.rules.promotion.chain import Chain, doubted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import RepositoryView

META = Meta(
    "digest-not-proven", "production runs a digest that the environment before it never ran", Severity.ERROR
)


def check(view: RepositoryView) -> Iterator[Finding | NotDecided]:
    """Yield each digest of a production overlay that a stage right before it never had."""
    chain = Chain(view.overlays, view.settings)
    for overlay in view.overlays:
        if not overlay.in_scope or not overlay.production:
            continue
        for doubt in doubted(view, overlay, chain.before(overlay)):
            missing = " and ".join(doubt.missing)
            message = (
                f"production runs a digest of {printable(doubt.entry.name, 100)} that {missing} never ran"
            )
            yield doubt.settle(META, message, f"Promote it to {missing} first.")
