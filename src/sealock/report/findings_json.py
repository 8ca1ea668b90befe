"""Findings for programs: one JSON document, version 1 of its schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from sealock.domain.check_report import Skipped, Used
from sealock.domain.finding import Confidence, Finding, Severity
from sealock.domain.printable import writable

if TYPE_CHECKING:
    from sealock.domain.check_report import CheckReport, Waived
    from sealock.domain.finding import Fix, NotDecided
    from sealock.domain.location import Location

SCHEMA: Literal[1] = 1


_TITLE = "The output of sealock check --format json"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Lines and columns from 1; line 0 is the file as a whole, an end of 0 is unknown, ends are exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


class Fault(Place, frozen=True, kw_only=True):
    """A finding. `fixable`: whether `--fix` mends it, or only `--fix --unsafe`."""

    rule: str
    severity: Severity
    confidence: Confidence
    message: str
    fix: str | None
    fixable: Literal["safe", "unsafe"] | None
    resource: str | None
    overlays: tuple[str, ...]


class Undecided(Place, frozen=True, kw_only=True):
    """A check that could not run on `subject`; `message` says why, `fix` what to do."""

    rule: str
    subject: str
    message: str
    fix: str | None
    overlays: tuple[str, ...]


class Waiver(Place, frozen=True, kw_only=True):
    """A waiver; it holds up to and including the day `expires`."""

    reason: str
    expires: str


class Silenced(Place, frozen=True, kw_only=True):
    """What a waiver silences: a finding, or with `undecided` a check that could not run."""

    rule: str
    message: str
    undecided: bool
    overlays: tuple[str, ...]
    waiver: Waiver


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers. `valid` are the objects that passed, `skipped` what was not looked at by its nature."""

    overlays: int
    objects: int
    valid: int
    applications: int
    errors: int
    warnings: int
    notes: int
    undecided: int
    waived: int
    skipped: tuple[Skipped, ...]
    ignored_files: tuple[str, ...]
    versions: Used


class Document(msgspec.Struct, frozen=True):
    """All of it, each list by place."""

    schema: Literal[1]
    findings: tuple[Fault, ...]
    undecided: tuple[Undecided, ...]
    waived: tuple[Silenced, ...]
    summary: Summary


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": _TITLE,
        **msgspec.json.schema(Document),
    }


def document(report: CheckReport) -> bytes:
    """Return the report as JSON; characters beyond ASCII as they are, so that it is text to any reader."""
    summary = report.summary
    body = Document(
        SCHEMA,
        tuple(map(_fault, report.findings)),
        tuple(map(_undecided, report.undecided)),
        tuple(map(_silenced, report.waived)),
        Summary(
            overlays=summary.overlays,
            objects=summary.objects,
            valid=summary.valid,
            applications=summary.applications,
            errors=report.count(Severity.ERROR),
            warnings=report.count(Severity.WARNING),
            notes=report.count(Severity.NOTE),
            undecided=len(report.undecided),
            waived=len(report.waived),
            skipped=summary.skipped,
            ignored_files=tuple(map(writable, summary.ignored_files)),
            versions=summary.versions,
        ),
    )
    return msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n"


def _fault(found: Finding) -> Fault:
    return Fault(
        **_place(found.location),
        rule=found.rule,
        severity=found.severity,
        confidence=found.confidence,
        message=writable(found.message),
        fix=writable(found.fix.title) if found.fix else None,
        fixable=_fixable(found.fix),
        resource=found.resource or None,
        overlays=tuple(map(writable, found.overlays)),
    )


def _undecided(found: NotDecided) -> Undecided:
    return Undecided(
        **_place(found.location),
        rule=found.check,
        subject=found.subject,
        message=writable(found.reason),
        fix=found.hint or None,
        overlays=tuple(map(writable, found.overlays)),
    )


def _fixable(fix: Fix | None) -> Literal["safe", "unsafe"] | None:
    if fix is None or not fix.edits:
        return None
    return "safe" if fix.safe else "unsafe"


def _silenced(waived: Waived) -> Silenced:
    found, waiver = waived.found, waived.waiver
    expires = waiver.expires.isoformat()
    return Silenced(
        **_place(found.location),
        rule=found.rule if isinstance(found, Finding) else found.check,
        message=writable(found.message if isinstance(found, Finding) else found.reason),
        undecided=not isinstance(found, Finding),
        overlays=tuple(map(writable, found.overlays)),
        waiver=Waiver(**_place(waiver.location), reason=waiver.reason, expires=expires),
    )


def _place(where: Location) -> dict[str, Any]:
    return {
        "file": writable(where.file),
        "line": where.line,
        "column": where.column,
        "end_line": where.end_line,
        "end_column": where.end_column,
    }
