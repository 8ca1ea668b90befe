"""A comment begins like a waiver and is none.

## What it does
Reports comments that begin with `# sealock: waive` and lack the rule, the last day or the reason, or name
a rule that there is not. Those that begin in the words of other tools (`# sealock: ignore`, `disable`,
`allow`, `skip`, `suppress`) count too.

## Why is this bad
It silences nothing, and whoever wrote it believes otherwise.

## Bad
```yaml
newTag: latest # sealock: waive mutable-tag-in-production
```

## Good
```yaml
newTag: latest # sealock: waive mutable-tag-in-production until 2099-01-31: the load test needs it (SRE-12)
```

## How to fix
Write `# sealock: waive RULE until YYYY-MM-DD: reason`; several rules are separated by commas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, Severity
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import WaiverUse

META = Meta("malformed-waiver", "a comment begins like a waiver and is none", Severity.ERROR)


def judge(use: WaiverUse) -> Iterator[Finding]:
    """Yield each of them."""
    for location, message, hint in use.malformed:
        yield META.finding(location, message, fix=hint)
