"""Findings in every format, hostile text included."""

# ruff: noqa: E501 - snapshots are as long as what is printed

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from msgspec.structs import replace

from sealock.domain.check_report import CheckReport, Skipped, Summary, Used, Waived
from sealock.domain.finding import Confidence, FileEdit, Finding, Fix, NotDecided, Severity
from sealock.domain.location import Location
from sealock.domain.settings import Waiver
from sealock.report import (
    findings_github,
    findings_gitlab,
    findings_json,
    findings_junit,
    findings_sarif,
    findings_text,
)
from sealock.rules.registry import DOCUMENTED, documentation

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA_FILE = Path(__file__).parents[2] / "data" / "oasis" / "sarif-schema-2.1.0.json"
SARIF_SCHEMA = jsonschema_rs.validator_for(json.loads(SCHEMA_FILE.read_text()))

SOURCE = "spec:\n  replicas: three\n\tbad: \x1b[31mred\n"
FAULT = Finding(
    "schema-violation",
    Severity.ERROR,
    Confidence.HIGH,
    Location("a/b.yaml", 2, 13, 2, 18),
    "spec.replicas: expected integer",
    "apps/v1 Deployment x/y",
    Fix("Write a number."),
    ("o/dev", "o/production", "o/qa", "o/staging"),
)
OPEN = NotDecided(
    "unknown-kind", "example.com/v1/Widget", Location("w.yaml", 2, 1), "no schema", "Add one.", ("o/dev",)
)
SUMMARY = Summary(
    2,
    12,
    10,
    1,
    Used("1.37", "3.5", assumed=True),
    (Skipped("a chart", 2),),
    ("x.yaml",),
)
WAIVER = Waiver("unknown-kind", "w.yaml", "not ours", date(2099, 1, 31), Location("sealock.yaml", 4, 5))
REPORT = CheckReport((FAULT,), (OPEN,), SUMMARY, (Waived(replace(FAULT, message="known"), WAIVER),))


def read(path: str) -> str:
    if path != "a/b.yaml":
        raise FileNotFoundError(path)
    return SOURCE


def text(report: CheckReport, *, colour: bool = False) -> str:
    return "\n".join(findings_text.lines(report, read, colour=colour)) + "\n"


def with_message(message: str, file: str = "a/b.yaml") -> CheckReport:
    fault = Finding("some-rule", Severity.NOTE, Confidence.LOW, Location(file, 3, 7), message)
    return CheckReport((fault,), (), SUMMARY)


def test_text_shows_place_line_caret_and_help() -> None:
    assert text(REPORT) == snapshot("""\
a/b.yaml:2:13: error[schema-violation]: spec.replicas: expected integer
   |
 2 |   replicas: three
   |             ^^^^^
  in: o/dev, o/production, o/qa and 1 more
  help: Write a number.

w.yaml:2:1: undecided[unknown-kind]: no schema
  in: o/dev
  help: Add one.

not checked (2): a chart
ignored: 1 file that cannot be read and no overlay uses
versions: the newest that are packaged; set `versions` in sealock.yaml to choose
2 overlays, 12 objects, 1 Application checked against Kubernetes 1.37 and Argo CD 3.5: 1 error, 1 undecided, 1 waived
""")


def test_colours_are_there_only_when_asked_for() -> None:
    assert "\x1b[1;31merror[schema-violation]\x1b[0m" in text(REPORT, colour=True)
    assert "\x1b" not in text(REPORT)


def test_a_source_line_cannot_steer_the_terminal() -> None:
    assert "3 |  bad: ·[31mred" in text(with_message("x"))


def test_json_has_every_field_by_name() -> None:
    assert json.loads(findings_json.document(REPORT)) == snapshot(
        {
            "schema": 1,
            "findings": [
                {
                    "rule": "schema-violation",
                    "severity": "error",
                    "confidence": "high",
                    "file": "a/b.yaml",
                    "line": 2,
                    "column": 13,
                    "end_line": 2,
                    "end_column": 18,
                    "message": "spec.replicas: expected integer",
                    "fix": "Write a number.",
                    "fixable": None,
                    "resource": "apps/v1 Deployment x/y",
                    "overlays": ["o/dev", "o/production", "o/qa", "o/staging"],
                }
            ],
            "undecided": [
                {
                    "rule": "unknown-kind",
                    "subject": "example.com/v1/Widget",
                    "file": "w.yaml",
                    "line": 2,
                    "column": 1,
                    "end_line": 0,
                    "end_column": 0,
                    "message": "no schema",
                    "fix": "Add one.",
                    "overlays": ["o/dev"],
                }
            ],
            "waived": [
                {
                    "rule": "schema-violation",
                    "file": "a/b.yaml",
                    "line": 2,
                    "column": 13,
                    "end_line": 2,
                    "undecided": False,
                    "end_column": 18,
                    "message": "known",
                    "overlays": ["o/dev", "o/production", "o/qa", "o/staging"],
                    "waiver": {
                        "file": "sealock.yaml",
                        "line": 4,
                        "column": 5,
                        "end_line": 0,
                        "end_column": 0,
                        "reason": "not ours",
                        "expires": "2099-01-31",
                    },
                }
            ],
            "summary": {
                "overlays": 2,
                "objects": 12,
                "valid": 10,
                "applications": 1,
                "errors": 1,
                "warnings": 0,
                "notes": 0,
                "undecided": 1,
                "waived": 1,
                "skipped": [{"reason": "a chart", "count": 2}],
                "ignored_files": ["x.yaml"],
                "versions": {"kubernetes": "1.37", "argocd": "3.5", "assumed": True},
            },
        }
    )


@given(st.text(), st.text(min_size=1))
def test_whatever_the_content_json_is_as_its_schema_says(message: str, file: str) -> None:
    validator = jsonschema_rs.validator_for(findings_json.json_schema())
    assert list(validator.iter_errors(json.loads(findings_json.document(with_message(message, file))))) == []


def test_annotations_are_escaped_as_github_reads_them() -> None:
    report = with_message("50% of\r\n::error::lines", "a,b:c%.yaml")
    assert next(findings_github.lines(report)) == snapshot(
        "::notice file=a%2Cb%3Ac%25.yaml,line=3,col=7,title=some-rule::50%25 of%0D%0A::error::lines"
    )


def test_an_undecided_check_is_an_error_annotation() -> None:
    assert list(findings_github.lines(REPORT)) == snapshot(
        [
            "::error file=a/b.yaml,line=2,col=13,title=schema-violation::spec.replicas: expected integer%0AWrite a number.%0AIn o/dev, o/production, o/qa, o/staging.",
            "::error file=w.yaml,line=2,col=1,title=unknown-kind::undecided: no schema%0AAdd one.%0AIn o/dev.",
            "::notice title=sealock check::2 overlays, 12 objects, 1 Application checked against Kubernetes 1.37 and Argo CD 3.5: 1 error, 1 undecided, 1 waived",
        ]
    )


def test_a_file_name_that_is_no_text_does_not_stop_a_report() -> None:
    document = json.loads(findings_json.document(with_message("x", "caf\udce9.yaml")))
    assert document["findings"][0]["file"] == "caf\\udce9.yaml"
    assert "caf\\udce9.yaml:3:7: note" in text(with_message("x", "caf\udce9.yaml"))


@given(st.text(), st.text(min_size=1))
def test_whatever_the_content_each_annotation_is_one_line_and_one_command(message: str, file: str) -> None:
    lines = list(findings_github.lines(with_message(message, file)))
    assert len(lines) == 2
    assert all(len(line.splitlines()) == 1 and line.isprintable() for line in lines)
    assert lines[0].startswith("::notice file=")
    # Nothing of the content may end the properties early.
    assert lines[0].removeprefix("::notice ").split("::", 1)[0].count(",") == 3


@given(st.text(), st.text(min_size=1))
def test_whatever_the_content_text_holds_nothing_that_a_terminal_obeys(message: str, file: str) -> None:
    assert all(line.isprintable() for line in findings_text.lines(with_message(message, file), read))


def sarif(report: CheckReport, source: Callable[[str], str] = read) -> dict[str, Any]:
    document = findings_sarif.document(report, DOCUMENTED, documentation, source)
    assert list(SARIF_SCHEMA.iter_errors(json.loads(document))) == []
    run: dict[str, Any] = json.loads(document)["runs"][0]
    return run


def test_sarif_is_what_the_oasis_schema_asks_for() -> None:
    run = sarif(REPORT)
    assert [(each["ruleId"], each["level"], each.get("kind")) for each in run["results"]] == [
        ("schema-violation", "error", None),
        ("unknown-kind", "none", "open"),
        ("schema-violation", "error", None),
    ]
    assert run["results"][2]["suppressions"] == snapshot(
        [
            {
                "kind": "external",
                "status": "accepted",
                "justification": "not ours",
                "location": {
                    "physicalLocation": {
                        "artifactLocation": {"uri": "sealock.yaml", "uriBaseId": "REPOSITORY"},
                        "region": {"startLine": 4, "startColumn": 5},
                    }
                },
            }
        ]
    )
    assert run["results"][0]["locations"] == snapshot(
        [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "a/b.yaml", "uriBaseId": "REPOSITORY"},
                    "region": {"startLine": 2, "startColumn": 13, "endLine": 2, "endColumn": 18},
                },
                "logicalLocations": [{"fullyQualifiedName": "apps/v1 Deployment x/y", "kind": "resource"}],
            }
        ]
    )


def test_sarif_says_that_a_run_with_something_undecided_did_not_succeed() -> None:
    (invocation,) = sarif(REPORT)["invocations"]
    assert invocation["executionSuccessful"] is False
    assert [each["message"]["text"] for each in invocation["toolExecutionNotifications"]] == snapshot(
        ["example.com/v1/Widget: no schema"]
    )
    assert sarif(with_message("x"))["invocations"][0]["executionSuccessful"] is True


def test_a_result_of_sarif_points_at_the_page_of_its_rule() -> None:
    run = sarif(REPORT)
    index = run["results"][0]["ruleIndex"]
    assert run["tool"]["driver"]["rules"][index]["id"] == "schema-violation"


def test_sarif_holds_the_edits_of_a_fix() -> None:
    edits = (FileEdit("a/b.yaml", 18, 23, "3"),)
    fault = replace(FAULT, fix=Fix("Write a number.", safe=True, edits=edits))
    (result,) = sarif(CheckReport((fault,), (), SUMMARY))["results"]
    assert result["fixes"] == snapshot(
        [
            {
                "description": {"text": "Write a number."},
                "artifactChanges": [
                    {
                        "artifactLocation": {"uri": "a/b.yaml", "uriBaseId": "REPOSITORY"},
                        "replacements": [
                            {
                                "deletedRegion": {"charOffset": 18, "charLength": 5},
                                "insertedContent": {"text": "3"},
                            }
                        ],
                    }
                ],
            }
        ]
    )


@given(st.text(), st.text(min_size=1))
def test_whatever_the_content_sarif_is_valid(message: str, file: str) -> None:
    sarif(with_message(message, file))


def test_a_fingerprint_stays_when_lines_above_come_and_go() -> None:
    moved = replace(FAULT, location=Location("a/b.yaml", 4, 13, 4, 18))
    before = sarif(CheckReport((FAULT,), (), SUMMARY))["results"][0]["partialFingerprints"]
    after = sarif(CheckReport((moved,), (), SUMMARY), lambda path: "# one\n# two\n" + read(path))
    assert after["results"][0]["partialFingerprints"] == before


def test_two_equal_findings_have_two_fingerprints() -> None:
    results = sarif(CheckReport((FAULT, FAULT), (), SUMMARY))["results"]
    assert len({each["partialFingerprints"]["sealock/v1"] for each in results}) == 2


def test_another_line_text_is_another_fingerprint() -> None:
    changed = sarif(CheckReport((FAULT,), (), SUMMARY), lambda path: read(path).replace("three", "four"))
    assert changed["results"][0]["partialFingerprints"] != sarif(REPORT)["results"][0]["partialFingerprints"]


def test_gitlab_gets_an_array_with_the_undecided_as_blockers() -> None:
    assert json.loads(findings_gitlab.document(REPORT, read)) == snapshot(
        [
            {
                "description": "spec.replicas: expected integer",
                "check_name": "schema-violation",
                "severity": "critical",
                "location": {"path": "a/b.yaml", "lines": {"begin": 2, "end": 2}},
                "fingerprint": "5e0d69132ba8744f768b126a175bee21",
            },
            {
                "description": "undecided: no schema",
                "check_name": "unknown-kind",
                "severity": "blocker",
                "location": {"path": "w.yaml", "lines": {"begin": 2}},
                "fingerprint": "268b0725f5ff67e32aa2b2a4cb7b3813",
            },
        ]
    )


def test_junit_has_a_failure_for_a_finding_and_an_error_for_what_is_undecided() -> None:
    assert findings_junit.document(REPORT).decode() == snapshot("""\
<?xml version='1.0' encoding='utf-8'?>
<testsuites name="sealock check" tests="2" failures="1" errors="1">
  <testsuite name="a/b.yaml" tests="1" failures="1" errors="0">
    <testcase classname="a/b.yaml" name="schema-violation at 2:13" file="a/b.yaml" line="2">
      <failure type="error" message="spec.replicas: expected integer">a/b.yaml:2:13: spec.replicas: expected integer</failure>
    </testcase>
  </testsuite>
  <testsuite name="w.yaml" tests="1" failures="0" errors="1">
    <testcase classname="w.yaml" name="unknown-kind at 2:1" file="w.yaml" line="2">
      <error type="undecided" message="no schema">w.yaml:2:1: no schema</error>
    </testcase>
  </testsuite>
</testsuites>
""")


def test_junit_of_nothing_is_one_case_that_passed() -> None:
    root = ET.fromstring(findings_junit.document(CheckReport((), (), SUMMARY)))  # noqa: S314 - our own
    assert [len(each) for each in root.iter("testcase")] == [0]


@given(st.text(), st.text(min_size=1))
def test_whatever_the_content_junit_is_xml(message: str, file: str) -> None:
    root = ET.fromstring(findings_junit.document(with_message(message, file)))  # noqa: S314 - our own
    assert len(list(root.iter("failure"))) == 1
