"""An ApplicationSet multiplies lists that could be written out.

## What it does
Reports `matrix` and `merge` generators all of whose generators are plain lists and which make at most 12
Applications, and those with a list of one element. Everything that looks something up (Git, clusters, pull
requests, plugins) is what the generator is for, and is not reported.

## Why is this bad
Nobody sees from the file which Applications there are. A wrong cell of the matrix, or a changed element,
renames Applications, which deletes them and their workloads. Plain Applications, or one list, say the same
and can be reviewed, searched and changed one by one.

## Bad
```yaml
generators:
  - matrix:
      generators:
        - list: {elements: [{service: ledger}]}
        - list: {elements: [{env: dev}, {env: production}]}
```

## Good
```yaml
generators:
  - list:
      elements:
        - {service: ledger, env: dev}
        - {service: ledger, env: production}
```

## How to fix
Write the Applications as files of their own, or as one list with a line for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Severity
from sealock.rules.argocd.spec import found
from sealock.rules.meta import Meta
from sealock.rules.view import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.finding import Finding
    from sealock.rules.view import RepositoryView

META = Meta(
    "matrix-without-need", "an ApplicationSet multiplies lists that could be written out", Severity.WARNING
)

_MOST = 12


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each matrix or merge of what is known when it is written."""
    for each in view.scoped(view.sets):
        generators = value_of(each.manifest, "spec", "generators")
        for index, generator in enumerate(generators if isinstance(generators, list) else ()):
            for kind in ("matrix", "merge"):
                message = _needless(kind, _children(generator, kind))
                if message:
                    place = ("spec", "generators", index, kind)
                    fix = "Write plain Applications, or one list."
                    yield found(META, view, each, place, message, fix)


def _needless(kind: str, children: list[object]) -> str:
    """Return why a generator is not needed; empty where it is."""
    sizes = [_size(child) for child in children]
    if len(sizes) < 2:  # noqa: PLR2004
        return ""
    total = _combined(kind, sizes)
    if total is not None and total <= _MOST:
        made = "one Application" if total == 1 else f"{total} Applications"
        return f"this {kind} of lists makes {made}, known beforehand"
    if kind == "matrix" and 1 in sizes:
        return "one side of this matrix is a list of one element: its values belong into the template"
    return ""


def _children(generator: object, kind: str) -> list[object]:
    found = value_of(generator, kind, "generators")
    return found if isinstance(found, list) else []


def _size(generator: object) -> int | None:
    """Return how many elements a generator of lists yields; None for one that looks something up."""
    elements = value_of(generator, "list", "elements")
    if isinstance(elements, list) and not value_of(generator, "list", "elementsYaml"):
        return len(elements)
    for kind in ("matrix", "merge"):
        children = _children(generator, kind)
        if children:
            return _combined(kind, [_size(child) for child in children])
    return None


def _combined(kind: str, sizes: list[int | None]) -> int | None:
    total = 1
    for size in sizes if kind == "matrix" else sizes[:1]:
        if size is None:
            return None
        total *= size
    return None if None in sizes else total
