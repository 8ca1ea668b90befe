"""An ApplicationSet makes no Applications, or nobody can tell which.

## What it does
Expands every ApplicationSet with Argo CD's own generators and templates: lists, directories and files of
this repository, clusters as `sealock.yaml` lists them, and matrix and merge of these. What the controller
would refuse is reported in its words: a template that fails, a key that is missing, two Applications of one
name. A generator that asks something else (another repository, a service, undeclared clusters) is undecided,
by name. `sealock render --applications` prints what is made.

## Why is this bad
The controller makes or changes nothing as long as one template fails, and says so only in the set's status.

## Bad
```yaml
spec:
  goTemplate: true
  goTemplateOptions: [missingkey=error]
  generators:
    - list: {elements: [{name: ledger}]}
  template:
    metadata: {name: "{{.nmae}}"}
```

## Good
```yaml
  template:
    metadata: {name: "{{.name}}"}
```

## How to fix
Do what the message says. Where it is undecided, declare `clusters` in `sealock.yaml`, or waive it for the
file: then nobody checks the Applications that this set makes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, NotDecided, Severity
from sealock.domain.source_map import show_path
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import RepositoryView

META = Meta("application-set-refused", "an ApplicationSet fails, or nobody can tell", Severity.ERROR)


def check(view: RepositoryView) -> Iterator[Finding | NotDecided]:
    """Yield what Argo CD would refuse, and what nobody can tell."""
    for refused in view.refused_sets:
        if refused.by.in_scope:
            yield META.finding(
                view.where(refused.by, refused.path),
                refused.message,
                resource=f"ApplicationSet {refused.by.name}",
                overlay=refused.by.overlay,
            )
    for unknown in view.unknown_sets:
        if unknown.by.in_scope:
            place = view.where(unknown.by, unknown.path)
            reason = f"{show_path(unknown.path) or 'spec'} {unknown.reason}"
            overlays = (unknown.by.overlay,) if unknown.by.overlay else ()
            subject = f"ApplicationSet {unknown.by.name}"
            yield NotDecided(META.id, subject, place, reason, unknown.hint, overlays)
