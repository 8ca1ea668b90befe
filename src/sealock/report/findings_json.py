"""Findings for programs: one JSON document, version 1 of its schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sealock.domain.finding import Finding, Severity

if TYPE_CHECKING:
    from sealock.domain.check_report import CheckReport, Waived
    from sealock.domain.finding import Fix, NotDecided
    from sealock.domain.location import Location

SCHEMA = 1


def document(report: CheckReport) -> bytes:
    """Return the report as JSON; characters beyond ASCII as they are, so that it is text to any reader."""
    summary = report.summary
    body = {
        "schema": SCHEMA,
        "findings": [_finding(each) for each in report.findings],
        "undecided": [_undecided(each) for each in report.undecided],
        "waived": [_waived(each) for each in report.waived],
        "summary": {
            "overlays": summary.overlays,
            "objects": summary.objects,
            "valid": summary.valid,
            "applications": summary.applications,
            "errors": report.count(Severity.ERROR),
            "warnings": report.count(Severity.WARNING),
            "notes": report.count(Severity.NOTE),
            "undecided": len(report.undecided),
            "waived": len(report.waived),
            "skipped": [{"reason": each.reason, "count": each.count} for each in summary.skipped],
            "ignored_files": [_text(each) for each in summary.ignored_files],
            "versions": {
                "kubernetes": summary.versions.kubernetes,
                "argocd": summary.versions.argocd,
                "assumed": summary.versions.assumed,
            },
        },
    }
    return msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n"


def _finding(found: Finding) -> dict[str, Any]:
    return {
        "rule": found.rule,
        "severity": str(found.severity),
        "confidence": str(found.confidence),
        **_place(found.location),
        "message": _text(found.message),
        "fix": _text(found.fix.title) if found.fix else None,
        "fixable": _fixable(found.fix),
        "resource": found.resource or None,
        "overlays": [_text(each) for each in found.overlays],
    }


def _undecided(found: NotDecided) -> dict[str, Any]:
    return {
        "rule": found.check,
        "subject": found.subject,
        **_place(found.location),
        "message": _text(found.reason),
        "fix": found.hint or None,
        "overlays": [_text(each) for each in found.overlays],
    }


def _fixable(fix: Fix | None) -> str | None:
    """Return whether Sealock can mend it itself: `safe` (`--fix`), `unsafe` (`--fix --unsafe`), or None."""
    if fix is None or not fix.edits:
        return None
    return "safe" if fix.safe else "unsafe"


def _waived(waived: Waived) -> dict[str, Any]:
    found, waiver = waived.found, waived.waiver
    body = _finding(found) if isinstance(found, Finding) else _undecided(found)
    by = {**_place(waiver.location), "reason": waiver.reason, "expires": waiver.expires.isoformat()}
    return body | {"waiver": by}


def _place(where: Location) -> dict[str, Any]:
    return {
        "file": _text(where.file),
        "line": where.line,
        "column": where.column,
        "end_line": where.end_line,
        "end_column": where.end_column,
    }


def _text(path: str) -> str:
    """Return a path as JSON can hold it: bytes that are no UTF-8 as escapes."""
    return path.encode("utf-8", "backslashreplace").decode()
