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
    from sealock.rules.view import ApplicationView, Manifest, RepositoryView


META = Meta(
    "rolling-sync-with-automation",
    "an ApplicationSet rolls its syncs out, and its Applications sync by themselves",
    Severity.WARNING,
)

_TEMPLATE: Path = ("spec", "template")
_PATCH: Path = ("spec", "templatePatch")


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each ApplicationSet with both."""
    # Source: SyncDesiredApplications and disableAutomatedSync in applicationset/progressivesync (3.5),
    # applicationset/controllers (3.3, 3.4); docs/operator-manual/applicationset/Progressive-Syncs.md.
    for each in view.scoped(view.sets):
        if text_of(each.manifest, "spec", "strategy", "type") != "RollingSync":
            continue
        template = value_of(each.manifest, *map(str, _TEMPLATE)) or {}
        if (said := _said(template)) is not None:
            place = (*_TEMPLATE, *AUTOMATED, *said)
        elif (said := next(_patched(view, each), None)) is not None:
            place = _PATCH
        else:
            continue
        what = "`selfHeal: true`" if said else "`automated`"
        message = f"{what} does nothing: RollingSync switches automatic sync off in every Application"
        yield found(META, view, each, place, message, "Remove it from the template.")


def _said(manifest: Manifest) -> Path | None:
    """Return what an Application asks of its automatic sync, below `automated`, and does not get."""
    given = automated(manifest)
    if given is None or (given.get("prune") is True and given.get("selfHeal") is not True):
        return None
    return ("selfHeal",) if given.get("selfHeal") is True else ()


def _patched(view: RepositoryView, by: ApplicationView) -> Iterator[Path]:
    """Yield what the templatePatch asks for, for each Application of a set that has it from there."""
    for each in view.applications:
        made = each.generated
        if made is not None and made.by.manifest is by.manifest and made.field(AUTOMATED) == _PATCH:
            said = _said(each.manifest)
            if said is not None:
                yield said
