"""An Application would heal itself, and its automatic sync is off.

## What it does
Notes Applications with `automated: {enabled: false}` and `selfHeal: true` or `prune: true` beside it.
It is a note: keeping the settings while sync is paused is allowed.

## Why is this bad
`selfHeal: true` reads as if changes on the cluster were undone. With `enabled: false` nothing is synced,
healed or pruned, and a pause that was meant to be short is easily forgotten.

## Bad
```yaml
automated:
  enabled: false
  selfHeal: true
```

## Good
```yaml
automated:
  enabled: true
  selfHeal: true
```

## How to fix
Remove `enabled: false`, or the settings that have no effect. Switch the rule off
(`policy: {rules: {self-heal-without-automation: "off"}}`) where pausing so is your habit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Severity
from sealock.rules.argocd.spec import AUTOMATED, found
from sealock.rules.meta import Meta
from sealock.rules.view import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.finding import Finding
    from sealock.rules.view import RepositoryView


META = Meta(
    "self-heal-without-automation",
    "an Application would heal itself, and its automatic sync is off",
    Severity.NOTE,
)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each Application with settings of an automatic sync that is switched off."""
    # Source: docs/user-guide/auto_sync.md: prune, selfHeal and allowEmpty "can be set without enabling them".
    for application in view.scoped(view.applications):
        given = value_of(application.manifest, *map(str, AUTOMATED))
        if value_of(given, "enabled") is not False:
            continue
        idle = [name for name in ("selfHeal", "prune") if value_of(given, name) is True]
        if idle:
            message = f"`{idle[0]}: true` does nothing: automatic sync is off (`enabled: false`)"
            fix = "Remove `enabled: false`, or what has no effect."
            yield found(META, view, application, (*AUTOMATED, idle[0]), message, fix)
