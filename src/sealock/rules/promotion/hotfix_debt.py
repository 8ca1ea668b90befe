"""A hotfix has not gone through the environments before production yet.

## What it does
Reads the commits of `sealock hotfix` in Git's history. Reports a digest that reached an environment by one,
still runs there, and never ran in some environment that comes before (`after` in sealock.yaml). It is
settled when those environments have run that digest, or when production gets another digest that they all
ran; a rollback to what was no hotfix settles it too. With `--since`, only hotfixes that the base already has
count: a change cannot bring its own excuse. Such a digest is not reported by digest-not-proven and
environment-skipped as well. Outside of Git and in a shallow clone nothing is said.

## Why is this bad
The next promotion from staging brings production a digest without the fix, and the fault is back.

## Bad
```yaml
# overlays/production/kustomization.yaml, by `sealock hotfix`; staging still has the digest from before
images:
  - name: ghcr.io/acme/ledger
    digest: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
```

## Good
```yaml
# overlays/dev and overlays/staging have it too, or had it
images:
  - name: ghcr.io/acme/ledger
    digest: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
```

## How to fix
Bring the fix into dev and promote it, or a newer digest, up to production.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, Severity
from sealock.domain.location import Location
from sealock.domain.printable import printable
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import RepositoryView

META = Meta(
    "hotfix-debt", "a hotfix has not gone through the environments before production yet", Severity.WARNING
)
_SHORT = 12


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each overlay in scope that runs a hotfix which is owed."""
    scoped = {each.path for each in view.overlays if each.in_scope}
    for owed in view.debts:
        if owed.overlay not in scoped:
            continue
        debt = owed.debt
        where = Location(owed.file)
        if owed.index >= 0:
            where = view.sources.in_document(owed.file, 0, ("images", owed.index, "digest"))
        missing = " and ".join(map(printable, debt.missing))
        message = (
            f"{debt.environment} runs a hotfix of {printable(debt.image, 100)} that {missing} never ran "
            f"(commit {debt.commit[:_SHORT]})"
        )
        fix = f"Bring it to {printable(debt.missing[-1])} and promote it, or a newer digest, step by step."
        yield META.finding(where, message, fix=fix, overlay=owed.overlay)
