"""The change under review waives a rule.

## What it does
With `--since REV`, shows each waiver that REV does not have: a new one, and one whose rule, place, reason
or date was changed.

## Why is this bad
It need not be. But who reviews the change should see that it also lowers the bar it is held against.

## Bad
```yaml
# new in this change
waivers:
  - {rule: mutable-tag-in-production, path: "*", reason: in a hurry, expires: 2099-12-31}
```

## Good
```yaml
waivers: []
```

## How to fix
Nothing, if the reason holds. It is a note: `--fail-on note`, or a level in `policy.rules`, makes it count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, Severity
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import WaiverUse

META = Meta("waiver-added", "the change under review waives a rule", Severity.NOTE)


def judge(use: WaiverUse) -> Iterator[Finding]:
    """Yield each waiver that the base revision does not have."""
    for waiver in use.added:
        yield META.finding(
            waiver.location,
            f"this change waives {waiver.rule} until {waiver.expires}: {waiver.reason}",
            fix="Nothing, if the reason holds.",
        )
