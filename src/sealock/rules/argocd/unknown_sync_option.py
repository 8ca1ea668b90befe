"""A sync option is not one that Argo CD knows.

## What it does
Compares `spec.syncPolicy.syncOptions` of Applications, and the annotation
`argocd.argoproj.io/sync-options` of rendered objects, with the exact texts that Argo CD of the configured
version looks for in each of the two places.

## Why is this bad
Argo CD ignores what it does not know, without a word: `PruneLast: true` or `createNamespace=true` does
nothing.

## Bad
```yaml
syncOptions:
  - createNamespace=true
```

## Good
```yaml
syncOptions:
  - CreateNamespace=true
```

## How to fix
Write the option as the finding says; upper and lower case count, and there is no blank around `=`.
`sealock check --fix --unsafe` writes the option that the finding names: what did nothing then takes effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.finding import FileEdit, Finding, Severity
from sealock.domain.printable import printable
from sealock.domain.suggest import closest
from sealock.errors import SealockError
from sealock.rules.meta import Meta
from sealock.rules.view import text_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.location import Location
    from sealock.rules.meta import Version
    from sealock.rules.view import RepositoryView

META = Meta(
    "unknown-sync-option", "a sync option is not one that Argo CD knows", Severity.ERROR, fix="unsafe"
)

ANNOTATION = "argocd.argoproj.io/sync-options"

# Source: HasOption and GetOptionValue in controller/sync.go and controller/state.go, HasAnnotationOption in
# gitops-engine/pkg/sync/sync_context.go, docs/user-guide/sync-options.md, all of Argo CD 3.3 to 3.5.
_SWITCHES = (
    "ApplyOutOfSyncOnly", "ClientSideApplyMigration", "CreateNamespace", "FailOnSharedResource",
    "PruneLast", "Replace", "RespectIgnoreDifferences", "ServerSideApply",
    "SkipDryRunOnMissingResource", "Validate",
)  # fmt: skip
_OF_APPLICATIONS = (
    *(f"{name}={value}" for name in _SWITCHES for value in ("true", "false")),
    *(f"PrunePropagationPolicy={value}" for value in ("background", "foreground", "orphan")),
)
_DELETIONS = tuple(
    f"{name}={value}" for name in ("Prune", "Delete") for value in ("true", "false", "confirm")
)
# Argo CD 3.3 looks for these on objects only.
_DELETIONS_OF_APPLICATIONS_SINCE: Version = (3, 4)
OF_OBJECTS = (
    *(
        f"{name}={value}"
        for name in (
            "Force", "PruneLast", "Replace", "ServerSideApply", "SkipDryRunOnMissingResource", "Validate",
        )
        for value in ("true", "false")
    ),
    *_DELETIONS,
)  # fmt: skip


def check(view: RepositoryView) -> Iterator[Finding]:
    """Yield each option that Argo CD would ignore."""
    with_deletions = view.argocd >= _DELETIONS_OF_APPLICATIONS_SINCE
    of_applications = (*_OF_APPLICATIONS, *(_DELETIONS if with_deletions else ()))
    for application in view.scoped(view.applications):
        options = value_of(application.manifest, "spec", "syncPolicy", "syncOptions")
        for index, option in enumerate(options if isinstance(options, list) else ()):
            if isinstance(option, str) and option not in of_applications:
                where = view.where(application, ("spec", "syncPolicy", "syncOptions", index))
                yield META.finding(
                    where,
                    f"Argo CD ignores the sync option `{printable(option)}`",
                    fix=_hint_for_application(option, of_applications),
                    edits=() if option in OF_OBJECTS else _edits(view, where, option, of_applications),
                    resource=f"Application {application.name}",
                    overlay=application.overlay,
                )
    for overlay, each in view.in_scope():
        text = text_of(each.manifest, "metadata", "annotations", ANNOTATION)
        for option in filter(None, map(str.strip, text.split(","))):
            if option not in OF_OBJECTS:
                where = view.where(each, ("metadata", "annotations", ANNOTATION))
                yield META.finding(
                    where,
                    f"Argo CD ignores the sync option `{printable(option)}` of an object",
                    fix=_hint_for_object(option, of_applications),
                    edits=() if option in of_applications else _edits(view, where, option, OF_OBJECTS),
                    resource=str(each.key),
                    overlay=overlay.path,
                )


def _hint_for_application(option: str, known: tuple[str, ...]) -> str:
    if option in _DELETIONS:
        return (
            f"Argo CD {_shown(_DELETIONS_OF_APPLICATIONS_SINCE)} knows it here; until then annotate objects."
        )
    if option in OF_OBJECTS:
        return f"It is for objects: annotate them with `{ANNOTATION}: {option}`."
    return _hint(option, known)


def _hint_for_object(option: str, of_applications: tuple[str, ...]) -> str:
    if option in of_applications:
        return "It is for Applications: write it under `spec.syncPolicy.syncOptions`."
    if option.startswith("IgnoreExtraneous"):
        return "It is a compare option: annotate with `argocd.argoproj.io/compare-options: IgnoreExtraneous`."
    return _hint(option, OF_OBJECTS)


def _hint(option: str, known: tuple[str, ...]) -> str:
    near = _near(option, known)
    return f"Did you mean `{near}`?" if near else "See Argo CD's page on sync options for what there is."


def _near(option: str, known: tuple[str, ...]) -> str | None:
    return closest(option.replace(" ", "").replace(":", "="), known)


def _edits(
    view: RepositoryView, where: Location, option: str, known: tuple[str, ...]
) -> tuple[FileEdit, ...]:
    """Return the edit that puts the option meant where this one stands; none if it stands otherwise there."""
    near = None if option.startswith("IgnoreExtraneous") else _near(option, known)
    try:
        lines = view.sources.text(where.file).split("\n")
    except (FileNotFoundError, SealockError):
        return ()
    if not near or where.line != where.end_line or where.line > len(lines):
        return ()
    line = lines[where.line - 1]
    written = line[where.column - 1 : where.end_column - 1]
    listed = [each.strip() for each in written.strip("'\"").split(",")]
    if listed.count(option) != 1 or written.count(option) != 1:
        return ()
    before = sum(len(each) + 1 for each in lines[: where.line - 1])
    start = before + where.column - 1 + written.index(option)
    return (FileEdit(where.file, start, start + len(option), near),)


def _shown(version: Version) -> str:
    return ".".join(map(str, version))
