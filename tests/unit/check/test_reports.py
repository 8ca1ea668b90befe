"""Findings as text, as JSON and as GitHub annotations, hostile text included."""

# ruff: noqa: E501 - snapshots are as long as what is printed

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from sealock.domain.check_report import CheckReport, Skipped, Summary, Used
from sealock.domain.finding import Confidence, Finding, Fix, NotDecided, Severity
from sealock.domain.location import Location
from sealock.report import findings_github, findings_json, findings_text

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
    1,
    Used("1.37", "3.5", assumed=True),
    (Skipped("a chart", 2),),
    ("x.yaml",),
    ("sealock.yaml:4:5",),
)
REPORT = CheckReport((FAULT,), (OPEN,), SUMMARY)


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
expired: the waiver at sealock.yaml:4:5
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
                    "message": "spec.replicas: expected integer",
                    "fix": "Write a number.",
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
                    "message": "no schema",
                    "fix": "Add one.",
                    "overlays": ["o/dev"],
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
                "expired_waivers": ["sealock.yaml:4:5"],
                "versions": {"kubernetes": "1.37", "argocd": "3.5", "assumed": True},
            },
        }
    )


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
