"""An overlay does not build.

## What it does
Reports each overlay, and each path of an Application, that Kustomize refuses to build.

## Why is this bad
Argo CD shows the Application as `Unknown` with a `ComparisonError`, and deploys nothing, however urgent.

## Bad
```yaml
# overlays/production/kustomization.yaml
resources:
  - ../../base
patches:
  - path: replica-pach.yaml   # there is no such file
```

## Good
```yaml
resources:
  - ../../base
patches:
  - path: replica-patch.yaml
```

## How to fix
The message is Kustomize's own. `sealock render OVERLAY` shows it alone. What Sealock does not run
(remote bases, plugins, Helm without the opt-in, an overlay that overran its time) is not a finding but
undecided: nobody knows yet whether it builds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, NotDecided, Severity
from sealock.domain.location import Location
from sealock.rules.kustomize.listing import stopped
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import RepositoryView

META = Meta("render-failed", "an overlay does not build", Severity.ERROR)

_BUILD_FAULTS = frozenset({"build-failed", "not-found", "outside-repository"})


def check(view: RepositoryView) -> Iterator[Finding | NotDecided]:
    """Yield a finding for each overlay that does not build, and NotDecided for what was not tried."""
    crashing = {path for entry in view.unmatched if entry.invalid for path in entry.overlays}
    twice = stopped(view)
    for overlay in view.overlays:
        failure = overlay.failure
        if failure is None or not overlay.in_scope:
            continue
        if overlay.path in twice or (failure.code == "internal" and overlay.path in crashing):
            continue  # resource-listed-twice and image-name-not-a-regex say it better
        place = Location(failure.file or overlay.file, failure.line or 1, failure.column or 1)
        if failure.code in _BUILD_FAULTS:
            yield META.finding(place, failure.message, fix=failure.hint, overlay=overlay.path)
        else:
            yield NotDecided(
                META.id, overlay.path, place, failure.message, failure.hint, overlays=(overlay.path,)
            )
