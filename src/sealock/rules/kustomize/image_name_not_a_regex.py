"""The name of an `images` entry is no regular expression.

## What it does
Reports entries of `images:` whose `name` Go's regular expressions refuse. Kustomize reads the name as one,
and does not look whether it could.

## Why is this bad
Kustomize crashes on the first image that it compares with the name. Argo CD shows a `ComparisonError`, and
deploys nothing.

## Bad
```yaml
images:
  - name: ghcr.io/acme/(ledger
    newTag: 1.8.3
```

## Good
```yaml
images:
  - name: ghcr.io/acme/ledger
    newTag: 1.8.3
```

## How to fix
Write the image's name plainly, or close what the expression opens.
"""

# Source: IsImageMatched in api/internal/image of Kustomize v0.21.1 drops the error of regexp.Compile.

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, Severity
from sealock.domain.printable import printable
from sealock.rules.kustomize.entry import place, text
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import RepositoryView

META = Meta(
    "image-name-not-a-regex", "the name of an `images` entry is no regular expression", Severity.ERROR
)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each entry whose name does not compile."""
    for entry in view.unmatched:
        for overlay in entry.overlays if entry.invalid else ():
            name = printable(text(view, entry, "name"))
            yield META.finding(
                place(view, entry, "name"),
                f"the name `{name}` is no regular expression, and Kustomize crashes on it",
                fix=f"Write the image's name plainly ({printable(_reason(entry.invalid))}).",
                overlay=overlay,
            )


def _reason(message: str) -> str:
    """Return Go's reason without the expression that Kustomize makes of the name."""
    return message.removeprefix("error parsing regexp: ").partition(": `")[0]
