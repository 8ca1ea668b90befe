"""A Helm chart is named without a version.

## What it does
Reports sources with `chart` and no `targetRevision`.

## Why is this bad
Argo CD refuses the Application: "spec.source.targetRevision is required if the manifest source is a helm
chart".

## Bad
```yaml
source:
  repoURL: https://charts.acme.example
  chart: ledger
```

## Good
```yaml
source:
  repoURL: https://charts.acme.example
  chart: ledger
  targetRevision: 1.4.2
```

## How to fix
Add `targetRevision` with the chart's version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Severity
from sealock.domain.printable import printable
from sealock.rules.argocd.spec import found, sources
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.finding import Finding
    from sealock.rules.view import RepositoryView


META = Meta("chart-without-target-revision", "a Helm chart is named without a version", Severity.ERROR)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each chart without a version."""
    # Source: validateSourcePermissions in util/argo/argo.go.
    for application in view.scoped(view.applications):
        for path, source in sources(application.manifest):
            if source.get("chart") and not source.get("targetRevision"):
                message = f"the chart `{printable(str(source['chart']))}` has no `targetRevision`"
                fix = "Add `targetRevision` with the chart's version."
                yield found(META, view, application, (*path, "chart"), message, fix)
