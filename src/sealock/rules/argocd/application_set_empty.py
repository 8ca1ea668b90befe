"""An ApplicationSet makes no Application.

## What it does
Reports an ApplicationSet whose generators, all of which this repository can answer, come to nothing. A list
that is written as empty is taken to be meant.

## Why is this bad
A directory pattern with a slip in it, or a label that no cluster has, makes nothing, and no error: and when
the set made Applications before, the controller deletes them, with what they deploy.

## Bad
```yaml
generators:
  - git:
      repoURL: https://github.com/acme/platform.git
      revision: HEAD
      directories: [{path: servces/*/overlays/dev}]
```

## Good
```yaml
      directories: [{path: services/*/overlays/dev}]
```

## How to fix
Correct the pattern or the selector; `sealock render --applications` shows what comes out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, Severity
from sealock.rules.meta import Meta
from sealock.rules.view import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import ApplicationView, Manifest, RepositoryView

META = Meta("application-set-empty", "an ApplicationSet makes no Application", Severity.WARNING)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each ApplicationSet that is understood, and makes nothing."""
    making = {_identity(each.generated.by) for each in view.applications if each.generated}
    making |= {_identity(each.by) for each in view.unknown_sets}
    making |= {_identity(each.by) for each in view.refused_sets}
    for each in view.scoped(view.sets):
        if _identity(each) not in making and not each.schema and not _is_meant(each.manifest):
            yield META.finding(
                view.where(each, ("spec", "generators")),
                f"ApplicationSet {each.name} makes no Application",
                fix="Correct the pattern or the selector of its generator.",
                resource=f"ApplicationSet {each.name}",
                overlay=each.overlay,
            )


def _identity(each: ApplicationView) -> tuple[str, int, str, str]:
    return each.file, each.document, each.overlay, each.name


def _is_meant(manifest: Manifest) -> bool:
    """Say whether every generator is a list that is written as empty."""
    generators = value_of(manifest, "spec", "generators") or []
    return all(value_of(each, "list", "elements") == [] for each in generators)
