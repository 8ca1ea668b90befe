"""Findings for programs: one JSON document, version 1 of its schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sealock.domain.finding import Severity

if TYPE_CHECKING:
    from sealock.domain.check_report import CheckReport
    from sealock.domain.finding import Finding, NotDecided
    from sealock.domain.location import Location

SCHEMA = 1


def document(report: CheckReport) -> bytes:
    """Return the report as JSON; characters beyond ASCII as they are, so that it is text to any reader."""
    summary = report.summary
    body = {
        "schema": SCHEMA,
        "findings": [_finding(each) for each in report.findings],
        "undecided": [_undecided(each) for each in report.undecided],
        "summary": {
            "overlays": summary.overlays,
            "objects": summary.objects,
            "valid": summary.valid,
            "applications": summary.applications,
            "errors": report.count(Severity.ERROR),
            "warnings": report.count(Severity.WARNING),
            "notes": report.count(Severity.NOTE),
            "undecided": len(report.undecided),
            "waived": summary.waived,
            "skipped": [{"reason": each.reason, "count": each.count} for each in summary.skipped],
            "ignored_files": [_text(each) for each in summary.ignored_files],
            "expired_waivers": list(summary.expired),
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


def _place(where: Location) -> dict[str, Any]:
    return {"file": _text(where.file), "line": where.line, "column": where.column}


def _text(path: str) -> str:
    """Return a path as JSON can hold it: bytes that are no UTF-8 as escapes."""
    return path.encode("utf-8", "backslashreplace").decode()
