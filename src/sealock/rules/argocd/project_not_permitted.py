"""An Application asks for what its AppProject does not permit.

## What it does
Asks Argo CD's own code whether the project permits the Application's sources, its destination, and
every object that its path renders.

## Why is this bad
Argo CD refuses the sync with `InvalidSpecError`, after the merge.

## Bad
```yaml
# the project permits the namespace `payments` only
spec:
  project: payments
  destination: {name: prod-eu, namespace: ledger}
```

## Good
```yaml
spec:
  project: payments
  destination: {name: prod-eu, namespace: payments}
```

## How to fix
Correct the Application, or permit it in the AppProject. Where no AppProject is in the repository,
nothing is checked and the summary says so; the project `default` is taken to permit everything, as Argo
CD creates it. Where one of the two calls a cluster by name and the other by server, `clusters` in
`sealock.yaml` tells which belong together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, NotDecided, Severity
from sealock.domain.source_map import parse_path
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import RepositoryView

META = Meta("project-not-permitted", "an AppProject does not permit an Application", Severity.ERROR)

# What `destination-name-and-server` and `chart-without-target-revision` report, with or without a project.
_SAID_BETTER = (
    "application destination can't have both name and server defined",
    "spec.source.targetRevision is required",
)

_BY_NAME_AND_SERVER = "call clusters by name and by server"
_WAIVE = "Only Argo CD can tell; waive project-not-permitted for this file in sealock.yaml."
_CLUSTERS = "Add the cluster's name and server to `clusters` in sealock.yaml."


def check(view: RepositoryView) -> Iterator[Finding | NotDecided]:
    """Yield everything that the Applications' projects refuse, and what only a cluster could tell."""
    for application in view.scoped(view.applications):
        for problem in application.problems:
            if problem.message.startswith(_SAID_BETTER):
                continue
            about = f" ({problem.object})" if problem.object and problem.object not in problem.message else ""
            if problem.path == "undecided":
                yield NotDecided(
                    META.id,
                    f"Application {application.name}",
                    view.where(application, ("spec", "project")),
                    f"{problem.message}{about}",
                    _CLUSTERS if _BY_NAME_AND_SERVER in problem.message else _WAIVE,
                    (application.overlay,) if application.overlay else (),
                )
                continue
            path = parse_path(problem.path or "spec.project", application.manifest)
            yield META.finding(
                view.where(application, path),
                f"{problem.message}{about}",
                fix="Permit it in the AppProject, or change the Application.",
                resource=f"Application {application.name}",
                overlay=application.overlay,
            )
