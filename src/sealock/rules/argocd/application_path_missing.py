"""An Application's path leads nowhere.

## What it does
Looks whether `source.path` of each Application of this repository exists and holds something to deploy.
Paths in other repositories are not looked at; the summary counts them. With `--since`, a path whose
kustomization is gone is reported too: Argo CD takes what is left for plain manifests, patches included.

## Why is this bad
Argo CD shows `ComparisonError: app path does not exist`, and the service stays as it was.

## Bad
```yaml
spec:
  source:
    path: services/ledger/overlay/production   # the folder is called overlays
```

## Good
```yaml
spec:
  source:
    path: services/ledger/overlays/production
```

## How to fix
Correct the path. It is relative to the root of the repository, without `./` or a leading `/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, Severity
from sealock.domain.manifest_folder import is_folder, path_of
from sealock.domain.printable import printable
from sealock.domain.suggest import closest
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import ApplicationSource, ApplicationView, RepositoryView

META = Meta("application-path-missing", "an Application's path leads nowhere", Severity.ERROR)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each source whose path does not exist here, or holds nothing to deploy."""
    bare = {
        each.path for each in view.overlays if is_folder(each.path) and not (each.objects or each.failure)
    }
    unbuilt = {each.path for each in view.overlays if each.unbuilt}
    for application in view.scoped(view.applications):
        for source in application.sources:
            if source.path in unbuilt:
                yield _unbuilt(view, application, source)
                continue
            if source.state != "missing" and source.path not in bare:
                continue
            shown = printable(path_of(source.path))
            if source.state == "missing":
                near = closest(source.path, [path_of(overlay.path) for overlay in view.overlays])
                message = f"there is no folder `{shown}` in this repository"
                fix = f"Did you mean `{near}`?" if near else "Correct the path, or add the folder."
            else:
                chosen = " that `directory` selects" if source.path != f"{path_of(source.path)}//" else ""
                message = f"`{shown}` holds no kustomization, no chart and no manifests{chosen}"
                fix = "Add a kustomization.yaml, or correct the path."
            yield META.finding(
                view.where(application, source.field),
                message,
                fix=fix,
                resource=f"Application {application.name}",
                overlay=application.overlay,
            )


def _unbuilt(view: RepositoryView, application: ApplicationView, source: ApplicationSource) -> Finding:
    shown = printable(path_of(source.path))
    return META.finding(
        view.where(application, source.field),
        f"the kustomization of `{shown}` is gone: Argo CD would apply each file in it as it is",
        fix="Restore the kustomization, or remove the Application with it.",
        resource=f"Application {application.name}",
        overlay=application.overlay,
    )
