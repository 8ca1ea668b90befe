"""Findings as JUnit XML, for CI systems that show test reports.

One suite for each file, one case for each finding: a failure, or an error where nothing could be decided.
Without any there is one case that passed, because many readers take an empty report for a mistake.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from sealock.domain.finding import Finding
from sealock.report.findings_text import last_line

if TYPE_CHECKING:
    from sealock.domain.check_report import CheckReport
    from sealock.domain.finding import NotDecided

# Source: XML 1.0, production Char.
_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(report: CheckReport) -> bytes:
    """Return the report as one XML document."""
    by_file: dict[str, list[Finding | NotDecided]] = {}
    everything: tuple[Finding | NotDecided, ...] = (*report.findings, *report.undecided)
    for each in everything:
        by_file.setdefault(each.location.file, []).append(each)
    root = ET.Element(
        "testsuites",
        name="sealock check",
        tests=str(max(1, len(report.findings) + len(report.undecided))),
        failures=str(len(report.findings)),
        errors=str(len(report.undecided)),
    )
    for file in sorted(by_file):
        _suite(root, file, by_file[file])
    if not by_file:
        suite = ET.SubElement(root, "testsuite", name="sealock", tests="1", failures="0", errors="0")
        ET.SubElement(suite, "testcase", classname="sealock", name=_text(last_line(report)))
    ET.indent(root)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _suite(root: ET.Element, file: str, found: list[Finding | NotDecided]) -> None:
    failures = sum(isinstance(each, Finding) for each in found)
    counts = {"tests": len(found), "failures": failures, "errors": len(found) - failures}
    attributes = {name: str(count) for name, count in counts.items()}
    suite = ET.SubElement(root, "testsuite", {"name": _text(file), **attributes})
    for each in found:
        where, rule = each.location, each.rule if isinstance(each, Finding) else each.check
        name = f"{rule} at {where.line}:{where.column}"
        place = {"file": _text(where.file), "line": str(where.line)}
        case = ET.SubElement(suite, "testcase", {"classname": _text(where.file), "name": name, **place})
        if isinstance(each, Finding):
            outcome = ET.SubElement(case, "failure", type=str(each.severity), message=_text(each.message))
        else:
            outcome = ET.SubElement(case, "error", type="undecided", message=_text(each.reason))
        outcome.text = _text(f"{where}: {each.message if isinstance(each, Finding) else each.reason}")


def _text(text: str) -> str:
    """Return text that XML 1.0 can hold."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
