"""Nobody knows whether an object of this kind is valid.

## What it does
Names every rendered object for whose kind there is no schema: not in Kubernetes, not in Argo CD, and no
CustomResourceDefinition in the repository. It is not a finding but undecided: the exit code is 3.

## Why is this bad
An object that was not looked at is not a valid one, and a check that skips in silence is worth nothing.

## Bad
```yaml
apiVersion: example.com/v1
kind: Widget
metadata: {name: w}
spec: {size: large}
```

## Good
The CustomResourceDefinition stands in the repository, in any file or any overlay:
```yaml
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
```

## How to fix
Add the definition to the repository, or accept the kind in `sealock.yaml`. The path of the waiver is a
glob of files, of overlays, or of kinds:
```yaml
waivers:
  - rule: unknown-kind
    path: example.com/v1/Widget
    reason: the operator publishes no schema yet
    expires: 2027-03-31
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.api_lifecycle import is_removed
from sealock.domain.finding import NotDecided, Severity
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import JudgedObject, RepositoryView

META = Meta("unknown-kind", "no schema is known for a kind", Severity.ERROR)


def check(view: RepositoryView) -> Iterator[NotDecided]:
    """Yield every object that neither a schema nor the API server's code could judge."""
    for overlay, each in view.in_scope():
        reason = _reason(each)
        if reason and not is_removed(each.key.api_version, each.key.kind, view.kubernetes[1]):
            hint = (
                "Add its CustomResourceDefinition to the repository, or waive unknown-kind in sealock.yaml."
            )
            subject = f"{each.key.api_version}/{each.key.kind}"
            place = view.where(each, ("kind",))
            yield NotDecided(META.id, subject, place, reason, hint, overlays=(overlay.path,))
    for thing in view.scoped(view.applications, view.projects, view.sets):
        if thing.schema is None and thing.rendered is None:
            subject = f"{thing.manifest.get('apiVersion')}/{thing.kind}"
            reason = f"{subject} has no schema in {view.versions}"
            yield NotDecided(META.id, subject, view.where(thing, ("apiVersion",)), reason)


def _reason(each: JudgedObject) -> str:
    if each.no_schema:
        return each.no_schema
    if each.schema is not None:
        return ""
    admission = each.admission
    if admission is not None and not admission.undecided:
        return ""
    return f"no schema is known for {each.key.api_version} {each.key.kind}, so it was not checked"
