"""Findings as SARIF 2.1.0 (OASIS, errata 01), as GitHub code scanning and others read it.

What could not be decided is a result of kind `open`, SARIF's word for it, and a notification of level
`error` in an invocation that did not succeed: a reader who knows only one of them sees it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sealock import __version__
from sealock.domain.finding import Finding
from sealock.domain.printable import writable
from sealock.report.fingerprint import Fingerprints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sealock.domain.check_report import CheckReport
    from sealock.domain.finding import Fix, NotDecided
    from sealock.domain.location import Location
    from sealock.domain.settings import Waiver
    from sealock.rules.registry import Documented

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "REPOSITORY"
# Source: RFC 3986, unreserved characters, and the separator of path segments.
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")
_RANKS = {"high": 90.0, "medium": 60.0, "low": 30.0}


def document(
    report: CheckReport,
    rules: Sequence[Documented],
    page: Callable[[Documented], str],
    read_text: Callable[[str], str],
) -> bytes:
    """Return the report as one SARIF log; `page` gives a rule's Markdown, `read_text` the sources."""
    fingerprints = Fingerprints(read_text)
    numbers = {rule.META.id: number for number, rule in enumerate(rules)}
    results = [_result(each, numbers, fingerprints) for each in report.findings]
    results += [_open(each, numbers, fingerprints) for each in report.undecided]
    results += [
        _result(each.found, numbers, fingerprints) | {"suppressions": [_suppression(each.waiver)]}
        for each in report.waived
        if isinstance(each.found, Finding)
    ]
    driver = {
        "name": "sealock",
        "version": __version__,
        "rules": [_rule(rule, page(rule)) for rule in rules],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not report.undecided,
                "toolExecutionNotifications": [_notification(each, numbers) for each in report.undecided],
            }
        ],
        "results": results,
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(log), indent=2) + b"\n"


def _rule(rule: Documented, page: str) -> dict[str, Any]:
    meta = rule.META
    return {
        "id": meta.id,
        "shortDescription": {"text": meta.summary},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": str(meta.severity), "enabled": meta.on},
        "properties": {"precision": str(meta.confidence), "tags": [_topic(rule)]},
    }


def _topic(rule: Documented) -> str:
    return getattr(rule, "__name__", "").split(".")[-2]


def _result(found: Finding, numbers: dict[str, int], fingerprints: Fingerprints) -> dict[str, Any]:
    message = " ".join(filter(None, (_sentence(found.message), found.fix.title if found.fix else "")))
    result: dict[str, Any] = {
        "ruleId": found.rule,
        "level": str(found.severity),
        "rank": _RANKS[found.confidence],
        "message": {"text": writable(message)},
        "locations": [_location(found.location, found.resource)],
        "partialFingerprints": {"sealock/v1": fingerprints.of(found)},
        "properties": {"overlays": [writable(each) for each in found.overlays]},
    }
    if found.rule in numbers:
        result["ruleIndex"] = numbers[found.rule]
    if found.fix and found.fix.edits:
        result["fixes"] = [_fix(found.fix)]
    return result


def _suppression(waiver: Waiver) -> dict[str, Any]:
    return {
        "kind": "inSource" if waiver.line else "external",
        "status": "accepted",
        "justification": writable(waiver.reason),
        "location": _location(waiver.location, ""),
    }


def _open(found: NotDecided, numbers: dict[str, int], fingerprints: Fingerprints) -> dict[str, Any]:
    text = " ".join(filter(None, (_sentence(f"Not decided: {found.reason}"), found.hint)))
    result: dict[str, Any] = {
        "ruleId": found.check,
        "kind": "open",
        "level": "none",
        "message": {"text": writable(text)},
        "locations": [_location(found.location, found.subject)],
        "partialFingerprints": {"sealock/v1": fingerprints.of(found)},
    }
    if found.check in numbers:
        result["ruleIndex"] = numbers[found.check]
    return result


def _notification(found: NotDecided, numbers: dict[str, int]) -> dict[str, Any]:
    notification: dict[str, Any] = {
        "level": "error",
        "message": {"text": writable(f"{found.subject}: {found.reason}")},
        "locations": [_location(found.location, "")],
    }
    if found.check in numbers:
        notification["associatedRule"] = {"id": found.check, "index": numbers[found.check]}
    return notification


def _location(where: Location, name: str) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": _artifact(where.file)}
    if where.line:
        region = {"startLine": where.line, "startColumn": where.column}
        if where.end_line:
            region |= {"endLine": where.end_line, "endColumn": where.end_column}
        physical["region"] = region
    location: dict[str, Any] = {"physicalLocation": physical}
    if name:
        location["logicalLocations"] = [{"fullyQualifiedName": writable(name), "kind": "resource"}]
    return location


def _artifact(file: str) -> dict[str, str]:
    # Relative to the repository, wherever that is.
    encoded = file.encode("utf-8", "surrogateescape")
    uri = "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in encoded)
    return {"uri": uri, "uriBaseId": _ROOT}


def _fix(fix: Fix) -> dict[str, Any]:
    files = sorted({edit.file for edit in fix.edits})
    return {
        "description": {"text": writable(fix.title)},
        "artifactChanges": [
            {
                "artifactLocation": _artifact(file),
                "replacements": list(_replacements(edit for edit in fix.edits if edit.file == file)),
            }
            for file in files
        ],
    }


def _replacements(edits: Iterable[Any]) -> Iterable[dict[str, Any]]:
    for edit in edits:
        yield {
            "deletedRegion": {"charOffset": edit.start, "charLength": edit.end - edit.start},
            "insertedContent": {"text": edit.text},
        }


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
