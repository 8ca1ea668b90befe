"""An ApplicationSet rolls its syncs out, and its Applications would sync by themselves.

## What it does
Reports ApplicationSets with `strategy.type: RollingSync` whose template has an automatic sync, except
where `prune: true` is all that it says: a rolling sync takes that over.

## Why is this bad
The controller switches automatic sync off in every Application that it generates. `selfHeal` does
nothing: changes on the cluster stay, while the template reads as if they were undone.

## Bad
```yaml
spec:
  strategy: {type: RollingSync, rollingSync: {steps: []}}
  template:
    spec:
      syncPolicy:
        automated: {selfHeal: true}
```

## Good
```yaml
spec:
  strategy: {type: RollingSync, rollingSync: {steps: []}}
  template:
    spec:
      syncPolicy: {}
```

## How to fix
Remove `automated` from the template, except `prune: true` where a rolling sync should prune.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Severity
from sealock.rules.argocd.spec import AUTOMATED, automated, found
from sealock.rules.meta import Meta
from sealock.rules.view import text_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.finding import Finding
    from sealock.domain.yaml_document import Path
    from sealock.rules.view import RepositoryView


META = Meta(
    "rolling-sync-with-automation",
    "an ApplicationSet rolls its syncs out, and its Applications sync by themselves",
    Severity.WARNING,
)

_TEMPLATE: Path = ("spec", "template")


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each ApplicationSet with both."""
    # Source: SyncDesiredApplications and disableAutomatedSync in applicationset/progressivesync (3.5),
    # applicationset/controllers (3.3, 3.4); docs/operator-manual/applicationset/Progressive-Syncs.md.
    for each in view.scoped(view.sets):
        if text_of(each.manifest, "spec", "strategy", "type") != "RollingSync":
            continue
        given = automated(value_of(each.manifest, *map(str, _TEMPLATE)) or {})
        if given is None or (given.get("prune") is True and given.get("selfHeal") is not True):
            continue
        last: Path = ("selfHeal",) if given.get("selfHeal") is True else ()
        said = "`selfHeal: true`" if last else "`automated`"
        message = f"{said} does nothing: RollingSync switches automatic sync off in every Application"
        place = (*_TEMPLATE, *AUTOMATED, *last)
        yield found(META, view, each, place, message, "Remove it from the template.")
