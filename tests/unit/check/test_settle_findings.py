"""Levels, waivers, and one finding for one fault."""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from sealock.app.settle_findings import settle
from sealock.config.settings import defaults
from sealock.domain.check_report import CheckReport, Summary, Used
from sealock.domain.finding import Confidence, Finding, NotDecided, Severity
from sealock.domain.location import Location
from sealock.domain.settings import Waiver

TODAY = date(2026, 11, 21)
PLACE = Location("base/deployment.yaml", 3, 5)
FAULT = Finding("some-rule", Severity.WARNING, Confidence.HIGH, PLACE, "wrong", overlays=("overlays/dev",))
OPEN = NotDecided("unknown-kind", "example.com/v1/Widget", PLACE, "no schema", overlays=("overlays/dev",))


def waiver(rule: str, path: str, expires: date = TODAY) -> Waiver:
    return Waiver(rule, path, "because", expires, Location("sealock.yaml", 4, 5))


def test_one_fault_seen_through_three_overlays_is_one_finding() -> None:
    seen = [replace(FAULT, overlays=(f"overlays/{name}",)) for name in ("staging", "dev", "production")]
    (found,) = settle(seen, defaults(), TODAY).findings
    assert found.overlays == ("overlays/dev", "overlays/production", "overlays/staging")


def test_two_messages_at_one_place_are_two_findings_in_order() -> None:
    found = settle([FAULT, replace(FAULT, message="also wrong")], defaults(), TODAY).findings
    assert [each.message for each in found] == ["also wrong", "wrong"]


def test_a_level_of_the_settings_replaces_the_rules_own() -> None:
    settings = replace(defaults(), levels={"some-rule": "note"})
    assert [each.severity for each in settle([FAULT], settings, TODAY).findings] == [Severity.NOTE]


def test_a_rule_that_is_off_says_nothing() -> None:
    settings = replace(defaults(), levels={"some-rule": "off", "unknown-kind": "off"})
    settled = settle([FAULT, OPEN], settings, TODAY)
    assert (settled.findings, settled.undecided, len(settled.waived)) == ((), (), 0)


def test_a_waiver_holds_on_its_last_day() -> None:
    settings = replace(defaults(), waivers=(waiver("some-rule", "base/*"),))
    settled = settle([FAULT], settings, TODAY)
    assert (settled.findings, len(settled.waived)) == ((), 1)


def test_an_expired_waiver_does_not_waive_and_says_so() -> None:
    settings = replace(defaults(), waivers=(waiver("some-rule", "base/*", date(2026, 11, 20)),))
    settled = settle([FAULT], settings, TODAY)
    assert [each.fix.title for each in settled.findings if each.fix] == [
        "A waiver at sealock.yaml:4:5 expired on 2026-11-20."
    ]
    assert (settled.waived, settled.used) == ((), frozenset())


def test_a_waiver_of_one_overlay_leaves_the_fault_in_the_others() -> None:
    settings = replace(defaults(), waivers=(waiver("some-rule", "overlays/dev"),))
    settled = settle([FAULT, replace(FAULT, overlays=("overlays/production",))], settings, TODAY)
    assert [each.overlays for each in settled.findings] == [("overlays/production",)]


def test_a_waiver_of_another_rule_changes_nothing() -> None:
    settings = replace(defaults(), waivers=(waiver("other-rule", "*"),))
    assert settle([FAULT], settings, TODAY).findings == (FAULT,)


def test_an_unknown_kind_is_waived_by_its_name() -> None:
    settings = replace(defaults(), waivers=(waiver("unknown-kind", "example.com/*"),))
    settled = settle([OPEN], settings, TODAY)
    assert (settled.undecided, len(settled.waived)) == ((), 1)


def test_a_comment_waives_what_is_found_at_its_line_only() -> None:
    comment = replace(waiver("some-rule", PLACE.file), line=3)
    elsewhere = replace(FAULT, location=replace(PLACE, line=4))
    settled = settle([FAULT, elsewhere], defaults(), TODAY, [comment])
    assert settled.findings == (elsewhere,)
    assert [each.waiver for each in settled.waived] == [comment]
    assert settled.used == {comment}


def report(*found: Finding, undecided: tuple[NotDecided, ...] = ()) -> CheckReport:
    return CheckReport(found, undecided, Summary(1, 1, 1, 0, Used("1.36", "3.5", assumed=False)))


def test_undecided_outranks_findings() -> None:
    assert report(FAULT, undecided=(OPEN,)).exit_code(Severity.ERROR) == 3


def test_a_finding_counts_from_the_level_that_fails() -> None:
    assert report(FAULT).exit_code(Severity.WARNING) == 1
    assert report(FAULT).exit_code(Severity.NOTE) == 1
    assert report(FAULT).exit_code(Severity.ERROR) == 0
    assert report().exit_code(Severity.NOTE) == 0
