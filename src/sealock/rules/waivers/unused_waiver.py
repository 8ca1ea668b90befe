"""A waiver silences nothing.

## What it does
Reports each waiver that no finding needed, when everything was checked.

## Why is this bad
A waiver that outlives its fault hides the next one of that kind.

## Bad
```yaml
# the overlay has pinned its image since
images:
  - name: ghcr.io/acme/ledger # sealock: waive mutable-tag-in-production until 2099-01-31: waits for SRE-12
    digest: sha256:9d2f1e0b7a8c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e
```

## Good
```yaml
images:
  - name: ghcr.io/acme/ledger
    digest: sha256:9d2f1e0b7a8c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e
```

## How to fix
Remove the waiver. A comment holds for its own line, or on a line of its own for the next line: if the
finding stands elsewhere, move the comment there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, Severity
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import WaiverUse

META = Meta("unused-waiver", "a waiver silences nothing", Severity.WARNING)


def judge(use: WaiverUse) -> Iterator[Finding]:
    """Yield each waiver in force that nothing needed, of rules that looked at everything."""
    for waiver in use.waivers:
        if waiver.rule in use.judged and waiver.expires >= use.today and waiver not in use.used:
            yield META.finding(
                waiver.location,
                f"nothing that {waiver.rule} reports is waived here",
                fix="Remove the waiver.",
            )
