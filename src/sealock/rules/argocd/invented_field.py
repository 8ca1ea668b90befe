"""A field of an Application, AppProject or ApplicationSet does not exist.

## What it does
Reports fields that Argo CD's definitions of the configured version do not have, and values of the wrong
shape such as `automated: true`, and says what to write instead: for some 300 fields that people and
language models make up, for fields in the wrong place, misspelt ones, those of Flux, Helm or Kargo, and
those that came with a later version of Argo CD. Unknown fields of `metadata` count too, and what the
templatePatch of an ApplicationSet sets in vain.

## Why is this bad
`kubectl apply` refuses the object. Through an app-of-apps with server-side apply, or with validation off,
the field is dropped in silence: `retry` under `automated` retries nothing. From a templatePatch it is
always dropped in silence, and so is another `project`.

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

import re
from typing import TYPE_CHECKING

from sealock.domain.finding import Finding, Severity
from sealock.domain.location import Location
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
    from sealock.rules.view import ApplicationView, Generated, RepositoryView

_PROJECT = ("spec", "project")

META = Meta("invented-field", "a field does not exist in Argo CD", Severity.ERROR)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each field that does not exist; those of generated Applications stand in their template."""
    for thing in view.scoped(view.applications, view.projects, view.sets):
        if thing.generated is not None:
            yield from _ignored(view, thing, thing.generated)
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


def _ignored(view: RepositoryView, thing: ApplicationView, generated: Generated) -> Iterator[Finding]:
    """Yield what a templatePatch sets in vain."""
    where = view.where(generated.by, ("spec", "templatePatch"))
    for path in generated.ignored:
        if path == _PROJECT:
            message = "a templatePatch cannot change `spec.project`: Argo CD keeps the template's"
            advice = "Set it in `spec.template`, where it may be a template too."
        else:
            message = (
                f"the templatePatch sets `{printable(show_path(path))}`, which Argo CD drops: no such field"
            )
            advice = about_unknown("Application", path, view.argocd)
        yield META.finding(
            _line_of(view, where, path),
            message,
            fix=advice,
            resource=f"ApplicationSet {generated.by.name}",
            overlay=thing.overlay,
        )


def _line_of(view: RepositoryView, patch: Location, path: Path) -> Location:
    """Return the one line of a templatePatch that names a field, else where the patch begins.

    It is text with templates, so that no parser could tell.
    """
    lines = view.sources.text(patch.file).splitlines()
    first = lines[patch.line - 1]
    indent = len(first) - len(first.lstrip())
    named = re.compile(rf"[\s{{,-]*[\"']?({re.escape(str(path[-1]))})[\"']?\s*:")
    found: list[Location] = []
    for number, line in enumerate(lines[patch.line :], patch.line + 1):
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            break
        match = named.match(line)
        if match:
            found.append(Location(patch.file, number, match.start(1) + 1))
    return found[0] if len(found) == 1 else patch


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
