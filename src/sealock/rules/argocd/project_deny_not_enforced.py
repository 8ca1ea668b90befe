"""A denied namespace of an AppProject is permitted after all.

## What it does
Reports `destinations` that deny a namespace (`!kube-system`) for a cluster given by `name` only, where
another entry permits that namespace on that cluster.

## Why is this bad
Argo CD enforces the denial of a namespace only with the `server` of its entry. With a name alone the
entry beside it wins, and Applications of the project deploy into `kube-system`.

## Bad
```yaml
destinations:
  - name: prod-eu
    namespace: "!kube-system"
  - name: prod-eu
    namespace: "*"
```

## Good
```yaml
destinations:
  - server: https://prod-eu.example.com
    namespace: "!kube-system"
  - server: https://prod-eu.example.com
    namespace: "*"
```

## How to fix
Write the entry with the cluster's `server`, or `server: "*"`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Severity
from sealock.domain.printable import printable
from sealock.rules.argocd.project_patterns import covers, destinations, is_denial, same_clusters
from sealock.rules.argocd.spec import found
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.finding import Finding
    from sealock.rules.view import RepositoryView

META = Meta(
    "project-deny-not-enforced", "a denied namespace of an AppProject is permitted after all", Severity.ERROR
)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each denial of a namespace that another entry overrules."""
    for project in view.scoped(view.projects):
        listed = destinations(project)
        for denial in listed:
            if denial.server or not is_denial(denial.namespace) or is_denial(denial.name):
                continue
            denied = denial.namespace[1:]
            if any(
                not each.denies and covers(each.namespace, denied) and same_clusters(each, denial)
                for each in listed
            ):
                text = printable(denial.namespace)
                message = f"`{text}` is not enforced without a `server`, and another entry permits it"
                place = ("spec", "destinations", denial.place, "namespace")
                yield found(META, view, project, place, message, "Write `server` instead of `name`.")
