"""A kustomization uses a field that Kustomize has replaced.

## What it does
Reports `bases`, `patchesStrategicMerge`, `patchesJson6902`, `commonLabels`, `imageTags` and `vars`, of
which Kustomize itself warns.

## Why is this bad
They work for now. Kustomize has announced that they go, and newer features exist for the new fields only.

## Bad
```yaml
bases:
  - ../../base
commonLabels:
  team: payments
patchesStrategicMerge:
  - replicas.yaml
```

## Good
```yaml
resources:
  - ../../base
labels:
  - pairs:
      team: payments
    includeSelectors: true
patches:
  - path: replicas.yaml
```

## How to fix
`sealock check --fix` rewrites all of them but `vars`, and leaves everything else in the file as it is. It
renders every overlay that reads the file before and after, and keeps only what changes no byte of it:
`patchesJson6902` runs later than `patches`, and where that matters the finding stays. `vars` become
`replacements` by hand.
"""

# Source: CheckDeprecatedFields in api/types/kustomization.go of Kustomize v0.21.1.

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import FileEdit, Finding, Severity
from sealock.domain.yaml_document import Mapping, resolved
from sealock.rules.kustomize.replaced_fields import edits
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.rules.view import RepositoryView

META = Meta("deprecated-field", "a kustomization uses a field that is replaced", Severity.NOTE, fix="safe")

_REPLACED = {
    "bases": "Move the entries to `resources`.",
    "patchesStrategicMerge": "Write `patches`, each with a `path` or `patch`.",
    "patchesJson6902": "Move the entries to `patches`.",
    "commonLabels": "Write `labels`, with `includeSelectors: true`.",
    "imageTags": "Move the entries to `images`.",
    "vars": "Use `replacements`.",
}


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each deprecated field of each kustomization."""
    for file, text in view.kustomization_texts():
        root = _root(view, file) if any(field in text for field in _REPLACED) else None
        for field, hint in _REPLACED.items() if root else ():
            pair = root.pairs.get(field) if root else None
            if root and pair is not None:
                yield META.finding(
                    pair.key.where,
                    f"`{field}` is deprecated",
                    fix=hint,
                    edits=_edits(view, root, field) if field != "vars" else (),
                )


def _root(view: RepositoryView, file: str) -> Mapping | None:
    documents = view.sources.documents(file)
    root = resolved(documents[0]) if documents else None
    return root if isinstance(root, Mapping) else None


def _edits(view: RepositoryView, root: Mapping, field: str) -> tuple[FileEdit, ...]:
    found = edits(view.sources.text(root.file), root, field)
    return tuple(FileEdit(root.file, each.start, each.end, each.text) for each in found)
