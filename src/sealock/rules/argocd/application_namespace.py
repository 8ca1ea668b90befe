"""An Application is in a namespace that Argo CD does not watch.

## What it does
Reports Applications outside of `argocd`, or of the namespace of the repository's AppProjects where that
is another, unless the AppProject lists the namespace in `sourceNamespaces`.

## Why is this bad
Argo CD does not see the Application: nothing is deployed, and there is no error anywhere.

## Bad
```yaml
kind: Application
metadata:
  name: ledger-dev
  namespace: payments
```

## Good
```yaml
kind: Application
metadata:
  name: ledger-dev
  namespace: argocd
```

## How to fix
Set `metadata.namespace: argocd`. For Applications in any namespace, list it in `sourceNamespaces` of
the AppProject.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from sealock.domain.finding import Confidence, Finding, Severity
from sealock.domain.manifest_folder import path_of
from sealock.domain.printable import printable
from sealock.rules.meta import Meta
from sealock.rules.view import text_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import ApplicationView, RepositoryView

META = Meta(
    "application-namespace",
    "an Application is in a namespace that Argo CD does not watch",
    Severity.WARNING,
    Confidence.MEDIUM,
)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each Application outside of Argo CD's namespace, and outside of what its project allows."""
    homes = {text_of(each.manifest, "metadata", "namespace") for each in view.projects} - {""} or {"argocd"}
    parents = [
        (text_of(each.manifest, "spec", "destination", "namespace"), each) for each in view.applications
    ]
    for application in view.scoped(view.applications):
        namespace = text_of(application.manifest, "metadata", "namespace") or _inherited(application, parents)
        if namespace in homes or any(fnmatchcase(namespace, each) for each in _allowed(view, application)):
            continue
        said = f"is in the namespace `{printable(namespace)}`" if namespace else "has no namespace"
        home = min(homes)
        yield META.finding(
            view.where(application, ("metadata", "namespace")),
            f"Application {printable(application.name)} {said}, where Argo CD does not look",
            fix=f"Set `metadata.namespace: {home}`.",
            resource=f"Application {application.name}",
            overlay=application.overlay,
        )


def _inherited(application: ApplicationView, parents: list[tuple[str, ApplicationView]]) -> str:
    """Return the namespace that an Application of Applications gives to what names none."""
    folder = application.overlay or application.file.rpartition("/")[0]
    for namespace, parent in parents:
        for source in parent.sources:
            path = path_of(source.path)
            if parent is not application and path and f"{folder}/".startswith(f"{path}/"):
                return namespace
    return ""


def _allowed(view: RepositoryView, application: ApplicationView) -> list[str]:
    name = text_of(application.manifest, "spec", "project") or "default"
    listed = [
        value_of(each.manifest, "spec", "sourceNamespaces") for each in view.projects if each.name == name
    ]
    return [each for some in listed if isinstance(some, list) for each in some if isinstance(each, str)]
