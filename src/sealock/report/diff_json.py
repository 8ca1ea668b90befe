"""A diff for programs: one JSON document, version 1 of its schema."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from sealock.domain.object_diff import Danger, DiffReport, FieldChange, NotCompared, ObjectChange, OverlayDiff
from sealock.domain.printable import writable

SCHEMA = 1

_TITLE = "The output of sealock diff --format json"


class Object(msgspec.Struct, frozen=True):
    """An object that was added, removed or changed.

    `manifest` is an added object. `suffix_before` and `suffix_after` are the hashes of a generated name,
    whose `references` in `followers` moved along. `matched_by`: how list items were matched.
    """

    op: Literal["added", "removed", "changed"]
    api_version: str
    kind: str
    namespace: str
    name: str
    fields: tuple[FieldChange, ...]
    manifest: dict[str, Any] | None
    suffix_before: str | None
    suffix_after: str | None
    references: int
    followers: tuple[str, ...]
    matched_by: Literal["merge-key", "name-or-position"]


class Overlay(msgspec.Struct, frozen=True):
    """An overlay that renders otherwise."""

    overlay: str
    environment: str | None
    state: Literal["added", "removed", "changed"]
    objects: tuple[Object, ...]


class Undecided(msgspec.Struct, frozen=True):
    """An overlay that does not render on one side, or on both."""

    overlay: str
    side: Literal["before", "after", "both"]
    code: str
    message: str
    file: str
    line: int
    column: int
    hint: str


class Summary(msgspec.Struct, frozen=True):
    """Numbers: `affected` overlays render otherwise; `same` ones read a changed file and do not."""

    affected: int
    same: int
    changed: int
    added: int
    removed: int
    dangers: int
    undecided: int


class Document(msgspec.Struct, frozen=True):
    """A diff. `unread` are changed files that no overlay reads."""

    schema: Literal[1]
    before: str
    after: str
    dangers: tuple[Danger, ...]
    overlays: tuple[Overlay, ...]
    undecided: tuple[Undecided, ...]
    unread: tuple[str, ...]
    summary: Summary


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the document."""
    found = msgspec.json.schema(Document)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": _TITLE, **found}


def document(report: DiffReport) -> bytes:
    """Return the report as JSON; characters beyond ASCII as they are, bytes that are no UTF-8 as escapes."""
    body = Document(
        schema=1,
        before=writable(report.before),
        after=writable(report.after),
        dangers=tuple(
            msgspec.structs.replace(each, overlay=writable(each.overlay)) for each in report.dangers
        ),
        overlays=tuple(map(_overlay, report.overlays)),
        undecided=tuple(map(_undecided, report.undecided)),
        unread=tuple(map(writable, report.unread)),
        summary=_summary(report),
    )
    return msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n"


def _overlay(found: OverlayDiff) -> Overlay:
    objects = tuple(map(_object, found.objects))
    return Overlay(writable(found.overlay), found.environment, found.state, objects)


def _object(change: ObjectChange) -> Object:
    before, after = change.suffixes or (None, None)
    return Object(
        op=change.op,
        api_version=change.key.api_version,
        kind=change.key.kind,
        namespace=change.key.namespace,
        name=change.key.name,
        fields=change.fields,
        manifest=change.manifest,
        suffix_before=before,
        suffix_after=after,
        references=change.references,
        followers=change.followers,
        matched_by="name-or-position" if change.by_position else "merge-key",
    )


def _undecided(found: NotCompared) -> Undecided:
    failure = found.failure
    return Undecided(
        writable(found.overlay),
        found.side,
        failure.code,
        writable(failure.message),
        writable(failure.file),
        failure.line,
        failure.column,
        failure.hint,
    )


def _summary(report: DiffReport) -> Summary:
    return Summary(
        affected=len(report.overlays),
        same=report.same,
        changed=report.count("changed"),
        added=report.count("added"),
        removed=report.count("removed"),
        dangers=len(report.dangers),
        undecided=len(report.undecided),
    )
