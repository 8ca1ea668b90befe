"""A waiver is past its last day.

## What it does
Reports each waiver, in `sealock.yaml` or in a comment, whose date has passed. It silences nothing any more.

## Why is this bad
What was accepted for a while is accepted no longer, and the entry makes a reader think otherwise.

## Bad
```yaml
waivers:
  - {rule: mutable-tag-in-production, path: services/ledger/*, reason: waits for SRE-12, expires: 2024-01-31}
```

## Good
```yaml
waivers:
  - {rule: mutable-tag-in-production, path: services/ledger/*, reason: waits for SRE-12, expires: 2099-01-31}
```

## How to fix
Mend what was waived and remove the entry, or decide anew and give it a later date.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, Severity
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import WaiverUse

META = Meta("expired-waiver", "a waiver is past its last day", Severity.WARNING)


def judge(use: WaiverUse) -> Iterator[Finding]:
    """Yield each waiver that has expired."""
    for waiver in use.waivers:
        if waiver.expires < use.today:
            yield META.finding(
                waiver.location,
                f"the waiver of {waiver.rule} expired on {waiver.expires}",
                fix="Remove it, or decide anew and give it a later date.",
            )
