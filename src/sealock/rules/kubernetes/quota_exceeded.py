"""A LimitRange or ResourceQuota of the repository refuses an object.

## What it does
Runs Kubernetes' own limit ranger and quota evaluators over the objects that share a namespace and an
environment: limits of a LimitRange for each container, Pod and claim, and the sum of all of them, replicas
counted, against each ResourceQuota.

## Why is this bad
The API server accepts the Deployment and refuses the Pods that are too much: a rollout stands still half
way.

## Bad
```yaml
# with a ResourceQuota of requests.cpu: "2" in the namespace
spec:
  replicas: 5
  template:
    spec:
      containers:
        - name: ledger
          resources: {requests: {cpu: 500m}}
```

## Good
```yaml
spec:
  replicas: 4
```

## How to fix
Ask for less, or raise the quota first. Objects of other repositories are not counted, so there may be less
room than this says, never more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, NotDecided, Severity
from sealock.domain.location import Location
from sealock.domain.source_map import parse_path
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import RepositoryView

META = Meta("quota-exceeded", "a LimitRange or ResourceQuota refuses an object", Severity.ERROR)


def check(view: RepositoryView) -> Iterator[Finding | NotDecided]:
    """Yield each object that is too much, and what could not be counted."""
    for overlay in view.overlays:
        for problem in overlay.quota:
            if problem.index < 0:
                place = Location(overlay.file, 1, 1)
                hint = "Waive quota-exceeded for this overlay in sealock.yaml once you have looked."
                yield NotDecided(META.id, overlay.path, place, problem.message, hint, (overlay.path,))
                continue
            each = overlay.objects[problem.index]
            yield META.finding(
                view.where(each, parse_path(problem.path, each.manifest)),
                problem.message,
                fix="Ask for less, or raise the quota first.",
                resource=str(each.key),
                overlay=overlay.path,
            )
