"""A field is not what the schema of its kind says.

## What it does
Validates every rendered object, and every Application, AppProject and ApplicationSet, against the
schema of its kind: Kubernetes' own of the configured version, Argo CD's, or the `openAPIV3Schema` of a
CustomResourceDefinition in the repository. Unknown fields count, as with `kubectl apply
--validate=strict`.

## Why is this bad
The API server refuses the object, or drops the field in silence: a misspelt `resources` means no limits
at all.

## Bad
```yaml
spec:
  replica: 3
```

## Good
```yaml
spec:
  replicas: 3
```

## How to fix
Correct the field at the place that the finding names. If the schema is of the wrong version, set
`versions` in `sealock.yaml`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.api_lifecycle import is_removed
from sealock.domain.finding import Finding, Severity
from sealock.domain.source_map import parse_path, show_path
from sealock.rules.argocd.advice import is_explained
from sealock.rules.meta import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.yaml_document import Path
    from sealock.ports import SchemaProblem
    from sealock.rules.view import ApplicationView, JudgedObject, RepositoryView

META = Meta("schema-violation", "a field is not what its kind's schema says", Severity.ERROR)


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield what the schemas refuse, except what another rule says better."""
    for overlay, each in view.in_scope():
        if _is_unserved(each) and not is_removed(each.key.api_version, each.key.kind, view.kubernetes[1]):
            message = f"{view.versions} have no {each.key.api_version} {each.key.kind}"
            yield META.finding(
                view.where(each, ("apiVersion",)),
                message,
                fix="Use a version that your clusters serve, or correct `versions` in sealock.yaml.",
                resource=str(each.key),
                overlay=overlay.path,
            )
        said = _said(each)
        for problem in each.schema or ():
            if problem.path not in said and not is_explained(each.manifest, problem, each.schema or ()):
                yield _finding(view, each, problem, str(each.key), overlay.path)
    for application in view.scoped(view.applications, view.projects, view.sets):
        # One that an overlay renders is among the overlay's objects.
        problems = (application.schema or ()) if application.rendered is None else ()
        for problem in problems:
            if is_explained(application.manifest, problem, problems):
                continue
            yield _finding(view, application, problem, f"{application.kind} {application.name}", "")


def _is_unserved(each: JudgedObject) -> bool:
    """Say whether the linked API server accepts a kind that the configured version does not have."""
    admission = each.admission
    if each.schema is not None or each.no_schema or admission is None:
        return False
    return not admission.undecided and not admission.errors


def _said(each: JudgedObject) -> set[Path]:
    """Return the fields that the API server refuses, and the parents of those that it misses."""
    errors = each.admission.errors if each.admission else ()
    paths = [(parse_path(path, each.manifest), message) for path, message in errors]
    missing = {path[:-1] for path, message in paths if path and message.startswith("Required value")}
    return {path for path, _ in paths} | missing


def _finding(
    view: RepositoryView,
    thing: JudgedObject | ApplicationView,
    problem: SchemaProblem,
    resource: str,
    overlay: str,
) -> Finding:
    place = f"{show_path(problem.path)}: " if problem.path else ""
    fix = f"Checked against {view.versions}."
    return META.finding(
        view.where(thing, problem.path),
        f"{place}{problem.message}",
        fix=fix,
        resource=resource,
        overlay=overlay,
    )
