"""A destination has both a name and a server.

## What it does
Reports Applications whose `spec.destination` names the cluster twice.

## Why is this bad
Argo CD refuses the Application: "application destination can't have both name and server defined".

## Bad
```yaml
destination:
  name: in-cluster
  server: https://kubernetes.default.svc
  namespace: payments
```

## Good
```yaml
destination:
  name: in-cluster
  namespace: payments
```

## How to fix
Remove one of the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Severity
from sealock.domain.printable import printable
from sealock.rules.argocd.spec import found
from sealock.rules.meta import Meta
from sealock.rules.view import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.finding import Finding
    from sealock.rules.view import RepositoryView


META = Meta("destination-name-and-server", "a destination has both a name and a server", Severity.ERROR)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each Application with both."""
    # Source: GetDestinationServer in util/argo/argo.go.
    for application in view.scoped(view.applications):
        name = text_of(application.manifest, "spec", "destination", "name")
        server = text_of(application.manifest, "spec", "destination", "server")
        if name and server:
            message = f"the destination has a name, `{printable(name)}`, and a server: Argo CD refuses both"
            place = ("spec", "destination", "server")
            yield found(META, view, application, place, message, "Remove one of the two.")
