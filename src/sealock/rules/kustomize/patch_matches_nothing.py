"""A patch's target selects nothing.

## What it does
Reports patches with a `target:` that selects none of the objects that are there when Kustomize comes to
the patch. For a base that is the base alone; for a component, every overlay that uses it. Kustomize itself
is asked, so patterns, selectors and names before and after `namePrefix` count.

## Why is this bad
A patch without a target must find its object, or the overlay does not build. One with a target is skipped
without a word: the limit, the replica count or the security setting that it should bring is not there.

## Bad
```yaml
patches:
  - path: replicas.yaml
    target:
      kind: Deployment
      name: legder   # there is a Deployment ledger
```

## Good
```yaml
patches:
  - path: replicas.yaml
    target:
      kind: Deployment
      name: ledger
```

## How to fix
Correct the target, or remove the patch. `name`, `kind`, `group`, `version` and `namespace` are regular
expressions for the whole text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, NotDecided, Severity
from sealock.domain.printable import printable
from sealock.domain.suggest import closest
from sealock.domain.yaml_document import Mapping, Scalar
from sealock.rules.kustomize.entry import node_of, place
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import RepositoryView, UnmatchedEntry

META = Meta("patch-matches-nothing", "a patch's target selects nothing", Severity.WARNING)


def check(view: RepositoryView) -> Iterator[Finding | NotDecided]:
    """Yield each patch that Kustomize would skip."""
    for entry in view.unmatched:
        if entry.field == "images":
            continue
        where = place(view, entry, "target")
        target = _target(view, entry)
        if entry.undecided:
            yield NotDecided(META.id, f"patch of {target}", where, entry.undecided, overlays=entry.overlays)
            continue
        for overlay in entry.overlays:
            yield META.finding(
                where,
                f"the patch's target selects nothing: {target}",
                fix=_hint(view, entry),
                overlay=overlay,
            )


def _fields(view: RepositoryView, entry: UnmatchedEntry) -> dict[str, str]:
    node = node_of(view, entry)
    target = node.at(("target",)) if node is not None else None
    if not isinstance(target, Mapping):
        return {}
    values = {key: target.get(key) for key in target.pairs}
    return {key: value.text for key, value in values.items() if isinstance(value, Scalar)}


def _target(view: RepositoryView, entry: UnmatchedEntry) -> str:
    return printable(", ".join(f"{key} {value}" for key, value in _fields(view, entry).items()))


def _hint(view: RepositoryView, entry: UnmatchedEntry) -> str:
    wanted = _fields(view, entry)
    objects = [
        each for overlay in view.overlays if overlay.path in entry.overlays for each in overlay.objects
    ]
    kind, name = wanted.get("kind", ""), wanted.get("name", "")
    names = {each.origin.name or each.key.name for each in objects if kind in {"", each.origin.kind}}
    near = closest(name, sorted(names)) if name else ""
    if near and near != name:
        return f"Did you mean the name `{printable(near)}`?"
    near = closest(kind, sorted({each.origin.kind for each in objects})) if kind else ""
    if near and near != kind:
        return f"Did you mean the kind `{printable(near)}`?"
    return "Correct the target, or remove the patch."
