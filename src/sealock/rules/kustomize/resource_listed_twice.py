"""A kustomization brings in the same file twice.

## What it does
Reports entries of `resources`, `components`, `patches`, `patchesStrategicMerge` and `transformers` that
repeat an earlier one, and entries of `resources` that bring in, through other folders, a file which an
earlier entry has brought in already.

## Why is this bad
Kustomize refuses a second object of the same kind and name, with a message that names neither place. A
component or patch that is listed twice is applied twice: what it appends to a list is there twice.

## Bad
```yaml
resources:
  - ../../base
  - ../../base/deployment.yaml   # the base has it
```

## Good
```yaml
resources:
  - ../../base
```

## How to fix
Remove the entry that the finding points at. Where two bases share a third, list the third here and take it
out of both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, Severity
from sealock.rules.kustomize.listing import repeats
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import RepositoryView

META = Meta("resource-listed-twice", "a kustomization brings in the same file twice", Severity.WARNING)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each repeated entry; an error where the overlay does not build for it."""
    for found in repeats(view):
        yield META.finding(
            found.where,
            found.message + (", and the overlay does not build" if found.stops else ""),
            fix="Remove one of the two.",
            overlay=found.overlay,
            severity=Severity.ERROR if found.stops else None,
        )
