"""Findings as a GitLab code quality report.

Source: docs.gitlab.com, "Code Quality", the format of an external tool's report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sealock.domain.printable import writable
from sealock.report.fingerprint import Fingerprints

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealock.domain.check_report import CheckReport
    from sealock.domain.location import Location

_SEVERITIES = {"error": "critical", "warning": "major", "note": "info"}
_UNDECIDED = "blocker"


def document(report: CheckReport, read_text: Callable[[str], str]) -> bytes:
    """Return one JSON array; what could not be decided is of the highest severity."""
    fingerprints = Fingerprints(read_text)
    issues = [
        _issue(each.rule, each.message, _SEVERITIES[each.severity], each.location)
        | {"fingerprint": fingerprints.of(each)}
        for each in report.findings
    ]
    issues += [
        _issue(each.check, f"undecided: {each.reason}", _UNDECIDED, each.location)
        | {"fingerprint": fingerprints.of(each)}
        for each in report.undecided
    ]
    return msgspec.json.format(msgspec.json.encode(issues), indent=2) + b"\n"


def _issue(rule: str, message: str, severity: str, where: Location) -> dict[str, Any]:
    lines = {"begin": max(where.line, 1)}
    if where.end_line:
        lines["end"] = where.end_line
    return {
        "description": writable(message),
        "check_name": rule,
        "severity": severity,
        "location": {"path": writable(where.file), "lines": lines},
    }
