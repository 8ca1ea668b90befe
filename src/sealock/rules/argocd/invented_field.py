"""A field of an Application, AppProject or ApplicationSet does not exist.

## What it does
Reports fields that Argo CD's definitions of the configured version do not have, and values of the wrong
shape such as `automated: true`, and says what to write instead: for some 300 fields that people and
language models make up, for fields in the wrong place, misspelt ones, those of Flux, Helm or Kargo, and
those that came with a later version of Argo CD. Unknown fields of `metadata` count too.

## Why is this bad
`kubectl apply` refuses the object. Through an app-of-apps with server-side apply, or with validation off,
the field is dropped in silence: `retry` under `automated` retries nothing.

## Bad
```yaml
spec:
  syncPolicy:
    automated:
      retry: {limit: 3}
```

## Good
```yaml
spec:
  syncPolicy:
    automated: {}
    retry: {limit: 3}
```

## How to fix
Do what the finding says. If the field exists in your version of Argo CD, set `versions` in
`sealock.yaml`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, Severity
from sealock.domain.printable import printable
from sealock.domain.source_map import show_path
from sealock.rules.argocd.advice import (
    SHAPE_PROBLEM,
    UNKNOWN_PROBLEM,
    about_metadata,
    about_shape,
    about_unknown,
)
from sealock.rules.argocd.inventions import METADATA
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.yaml_document import Path
    from sealock.ports import SchemaProblem
    from sealock.rules.view import ApplicationView, RepositoryView

META = Meta("invented-field", "a field does not exist in Argo CD", Severity.ERROR)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each field that does not exist; those of generated Applications stand in their template."""
    for thing in view.scoped(view.applications, view.projects, view.sets):
        if thing.generated is not None:
            continue
        for problem in thing.schema or ():
            advice = _advice(view, thing, problem)
            if advice:
                yield _finding(view, thing, problem.path, _message(view, problem), advice)
        metadata = thing.manifest.get("metadata")
        for name in metadata if isinstance(metadata, dict) else ():
            if name not in METADATA:
                message = f"`metadata.{printable(str(name))}` does not exist"
                yield _finding(view, thing, ("metadata", name), message, about_metadata(str(name)))


def _advice(view: RepositoryView, thing: ApplicationView, problem: SchemaProblem) -> str:
    if problem.message.startswith(UNKNOWN_PROBLEM):
        return about_unknown(thing.kind, problem.path, view.argocd)
    return about_shape(thing.kind, problem.path) if problem.message.startswith(SHAPE_PROBLEM) else ""


def _message(view: RepositoryView, problem: SchemaProblem) -> str:
    shown = printable(show_path(problem.path))
    if problem.message.startswith(UNKNOWN_PROBLEM):
        major, minor = view.argocd
        return f"`{shown}` does not exist in Argo CD {major}.{minor}"
    return f"{shown}: {problem.message}"


def _finding(view: RepositoryView, thing: ApplicationView, path: Path, message: str, advice: str) -> Finding:
    return META.finding(
        view.where(thing, path),
        message,
        fix=advice,
        resource=f"{thing.kind} {thing.name}",
        overlay=thing.overlay,
    )
