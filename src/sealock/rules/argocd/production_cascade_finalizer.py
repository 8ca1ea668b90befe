"""Deleting a production Application deletes its workloads.

## What it does
Reports Applications of production with the finalizer `resources-finalizer.argocd.argoproj.io`, unless
`sealock.yaml` or `services.yaml` asks for one there. An ApplicationSet gives the finalizer to everything
that it generates unless `preserveResourcesOnDeletion` is set; only one that its template names is reported.

## Why is this bad
Who deletes the Application, renames it, or removes its file from an app-of-apps that prunes, deletes
everything that it deployed.

## Bad
```yaml
metadata:
  name: ledger-production
  finalizers:
    - resources-finalizer.argocd.argoproj.io
```

## Good
```yaml
metadata:
  name: ledger-production
```

## How to fix
Remove the finalizer. If that is your choice, say so:
`environments: {production: {after: staging, finalizer: cascade}}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Severity
from sealock.domain.overlays import environment_of
from sealock.domain.printable import printable
from sealock.rules.argocd.spec import catalog_sets, found
from sealock.rules.meta import Meta
from sealock.rules.view import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.finding import Finding
    from sealock.rules.view import ApplicationView, RepositoryView

META = Meta(
    "production-cascade-finalizer",
    "deleting a production Application deletes its workloads",
    Severity.WARNING,
)

_FINALIZER = "resources-finalizer.argocd.argoproj.io"


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each Application of production with the finalizer that nobody asked for."""
    chosen = any(
        each.production and each.sync.finalizer and not each.origins["finalizer"].startswith("default")
        for each in view.settings.environments.values()
    )
    if chosen:
        return
    for application in view.scoped(view.applications):
        if not _is_written(application):
            continue
        finalizers = value_of(application.manifest, "metadata", "finalizers")
        for index, each in enumerate(finalizers if isinstance(finalizers, list) else ()):
            if not str(each).startswith(_FINALIZER) or not view.deploys_to_production(application):
                continue
            if not _in_catalog(view, application):
                name = printable(application.name)
                message = f"whoever deletes Application {name} deletes its workloads, in production"
                place = ("metadata", "finalizers", index)
                yield found(META, view, application, place, message, "Remove the finalizer.")


def _is_written(application: ApplicationView) -> bool:
    """Say whether the finalizers are somebody's: an ApplicationSet adds one unless it is told otherwise.

    Source: applicationset/utils, RenderTemplateParams; `preserveResourcesOnDeletion`.
    """
    if application.generated is None:
        return True
    template = value_of(application.generated.by.manifest, "spec", "template", "metadata", "finalizers")
    return bool(template)


def _in_catalog(view: RepositoryView, application: ApplicationView) -> bool:
    names = {environment_of(each.path) for each in application.sources} - {None}
    return any(catalog_sets(view, application, str(each), "finalizer") for each in names)
