"""The API server would refuse the change of an object that exists.

## What it does
With `--since REV`, takes every object that both REV and the files render, and asks the API server's own
update validation, as linked into the engine, whether the one may become the other: immutable fields,
claims of a StatefulSet, addresses of a Service, templates of a Job, transition rules of custom resources.

## Why is this bad
The object is right in itself, so every other check passes. The sync fails after the merge, and goes on
failing: Argo CD retries, and holds newer commits back.

## Bad
```yaml
# base: matchLabels {app: ledger}
spec:
  selector:
    matchLabels: {app: ledger, tier: backend}
```

## Good
```yaml
# a new name makes a new object
metadata:
  name: ledger-v2
spec:
  selector:
    matchLabels: {app: ledger, tier: backend}
```

## How to fix
Leave the field as it was, give the object a new name, or have it replaced on purpose: the annotation
`argocd.argoproj.io/sync-options: Force=true,Replace=true` makes Argo CD delete and create it anew, with the
downtime that this means. Hooks are made anew each time, so nothing is said of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, NotDecided, Severity
from sealock.domain.source_map import parse_path
from sealock.rules.meta import Meta
from sealock.rules.view import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import JudgedObject, RepositoryView

META = Meta(
    "api-server-refuses-update", "the API server would refuse the change of an object", Severity.ERROR
)

_HOOKS = frozenset({"argocd.argoproj.io/hook", "helm.sh/hook"})
_OPTIONS = "argocd.argoproj.io/sync-options"


def check(view: RepositoryView) -> Iterator[Finding | NotDecided]:
    """Yield what the API server says against each change."""
    for overlay, each in view.in_scope():
        if each.update is None or _is_replaced(each):
            continue
        for path, message in each.update.errors:
            field = f"{path}: " if path and not message.startswith(path) else ""
            yield META.finding(
                view.where(each, parse_path(path, each.manifest)),
                f"{field}{message}",
                fix="Leave it as it was, rename the object, or have Argo CD replace it (see --explain).",
                resource=str(each.key),
                overlay=overlay.path,
            )
        if each.update.undecided and not (each.admission and each.admission.undecided):
            hint = "Waive api-server-refuses-update for this file in sealock.yaml once you have looked."
            place = view.where(each, ("kind",))
            reason = each.update.undecided
            yield NotDecided(META.id, str(each.key), place, reason, hint, overlays=(overlay.path,))


def _is_replaced(each: JudgedObject) -> bool:
    """Say whether Argo CD deletes the object and creates it anew, as it does with hooks.

    Source: docs/user-guide/sync-options.md (Force Sync) and sync-waves.md (hook deletion) of Argo CD 3.5.
    """
    annotations = value_of(each.manifest, "metadata", "annotations") or {}
    options = set(map(str.strip, str(annotations.get(_OPTIONS, "")).split(",")))
    return {"Force=true", "Replace=true"} <= options or not _HOOKS.isdisjoint(annotations)
