"""Argo CD refuses an AppProject.

## What it does
Asks Argo CD's own code what its API server asks of a project before it stores one: sync windows, roles
with their policies and groups, destinations, repositories, service accounts.

## Why is this bad
The API server refuses the project whenever somebody saves it or makes a token for one of its roles.
A project from Git goes past the API server: then a sync window that cannot be read stops the syncs of
its Applications, and a policy about another project gives nobody any right.

## Bad
```yaml
metadata: {name: payments}
spec:
  roles:
    - name: deployer
      policies:
        - p, proj:payments:deployer, applications, sync, ledger/*, allow
  syncWindows:
    - {kind: deny, schedule: "0 25 * * 5", duration: 8 hours, applications: ["*"]}
```

## Good
```yaml
metadata: {name: payments}
spec:
  roles:
    - name: deployer
      policies:
        - p, proj:payments:deployer, applications, sync, payments/*, allow
  syncWindows:
    - {kind: deny, schedule: "0 22 * * 5", duration: 8h, applications: ["*"]}
```

## How to fix
Write the field as Argo CD's message says. Durations are Go's (`90m`, `8h`), schedules are cron's five
fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Severity
from sealock.domain.source_map import parse_path
from sealock.rules.argocd.spec import found
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.finding import Finding
    from sealock.rules.view import RepositoryView

META = Meta("project-refused", "Argo CD refuses an AppProject", Severity.ERROR)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield everything that Argo CD refuses of a project."""
    for project in view.scoped(view.projects):
        for problem in project.problems:
            path = parse_path(problem.path or "spec", project.manifest)
            yield found(META, view, project, path, problem.message, "Correct the AppProject.")
