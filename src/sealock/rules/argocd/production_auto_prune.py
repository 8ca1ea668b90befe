"""A production Application prunes by itself.

## What it does
Reports Applications of production whose automated sync has `prune: true`, unless `sealock.yaml` says
`prune: true` for that environment.

## Why is this bad
A file that is deleted or renamed by mistake deletes the running workload, minutes later and without a
question.

## Bad
```yaml
syncPolicy:
  automated:
    prune: true
    selfHeal: true
```

## Good
```yaml
syncPolicy:
  automated:
    prune: false
    selfHeal: true
```

## How to fix
Set `prune: false`, and prune by hand after a look at the diff. If that is your choice, say so:
`environments: {production: {after: staging, prune: true}}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, Severity
from sealock.rules.meta import Meta
from sealock.rules.view import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import RepositoryView

META = Meta("production-auto-prune", "a production Application prunes by itself", Severity.WARNING)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each Application of production with automated pruning that nobody asked for."""
    chosen = any(
        each.production and each.sync.prune and "prune" in each.origins
        for each in view.settings.environments.values()
    )
    for application in view.scoped(view.applications):
        automated = value_of(application.manifest, "spec", "syncPolicy", "automated")
        prunes = value_of(automated, "prune") is True and value_of(automated, "enabled") is not False
        if prunes and not chosen and view.deploys_to_production(application):
            yield META.finding(
                view.where(application, ("spec", "syncPolicy", "automated", "prune")),
                f"Application {application.name} deletes what leaves the repository, in production",
                fix="Set `prune: false`, and prune by hand.",
                resource=f"Application {application.name}",
                overlay=application.overlay,
            )
