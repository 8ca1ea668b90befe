"""A source that lends its files is a Helm chart.

## What it does
Reports entries of `spec.sources` with both `ref` and `chart`.

## Why is this bad
Argo CD reads files for `$name/…` from Git only. The sync fails: "source has a 'chart' field defined, but
Helm charts are not yet not supported for 'ref' sources".

## Bad
```yaml
sources:
  - repoURL: https://charts.acme.example
    chart: values
    targetRevision: 1.0.0
    ref: values
```

## Good
```yaml
sources:
  - repoURL: https://github.com/acme/values.git
    targetRevision: main
    ref: values
```

## How to fix
Keep the shared files in a Git repository and refer to that.
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


META = Meta("ref-source-with-chart", "a source that lends its files is a Helm chart", Severity.ERROR)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each source with a reference and a chart."""
    # Source: reposerver/repository/repository.go; docs/user-guide/multiple_sources.md.
    for application in view.scoped(view.applications):
        for path, source in sources(application.manifest):
            if source.get("ref") and source.get("chart"):
                message = (
                    f"the source `{printable(str(source['ref']))}` is a chart, and cannot lend its files"
                )
                fix = "Refer to a Git repository, or remove `ref`."
                yield found(META, view, application, (*path, "chart"), message, fix)
