"""A file that looks like an Application cannot be read.

## What it does
Reports files that name `argoproj.io` and the kind Application or AppProject, and are no valid YAML.
Other files that do not parse are counted and left alone, unless an overlay uses them.

## Why is this bad
Argo CD cannot read it either: the Application is not created, or an older version of it goes on.

## Bad
```yaml
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: ledger
```

## Good
```yaml
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: ledger}
```

## How to fix
Correct the YAML at the place that the finding names. A template is better kept under another ending
than `.yaml`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, Severity
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import RepositoryView

META = Meta("unreadable-application", "a file that looks like an Application is no YAML", Severity.ERROR)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each file that looks like an Application and does not parse."""
    for each in view.unreadable:
        yield META.finding(each.location, each.message, fix=each.hint)
