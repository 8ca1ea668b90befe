"""Waivers that are written as comments."""

from __future__ import annotations

from datetime import date

import pytest

from sealock.app.find_waivers import Malformed, of_text
from sealock.domain.settings import Waiver

RULES = ("some-rule", "other-rule")


def found(text: str) -> list[Waiver | Malformed]:
    return list(of_text(text, "a.yaml", RULES))


def waivers(text: str) -> list[tuple[str, int, str]]:
    return [(each.rule, each.line, each.reason) for each in found(text) if isinstance(each, Waiver)]


def test_at_the_end_of_a_line_it_holds_for_that_line() -> None:
    text = "a: 1\nb: 2 # sealock: waive some-rule until 2099-01-31: because\n"
    assert waivers(text) == [("some-rule", 2, "because")]


def test_on_a_line_of_its_own_it_holds_for_the_next_that_says_something() -> None:
    text = "# sealock: waive some-rule until 2099-01-31: because\n\n  # a remark\nb: 2\n"
    assert waivers(text) == [("some-rule", 4, "because")]


def test_two_comments_can_stand_above_one_line() -> None:
    comment = "# sealock: waive {} until 2099-01-31: because\n"
    text = comment.format("some-rule") + comment.format("other-rule") + "b: 2\n"
    assert waivers(text) == [("some-rule", 3, "because"), ("other-rule", 3, "because")]


def test_several_rules_are_separated_by_commas() -> None:
    text = "b: 2 # sealock: waive some-rule, other-rule until 2099-01-31: because\n"
    assert [rule for rule, _, _ in waivers(text)] == ["some-rule", "other-rule"]


def test_it_knows_its_place_and_its_last_day() -> None:
    (waiver,) = found("b: 2 # sealock: waive some-rule until 2099-01-31: because\r\n")
    assert isinstance(waiver, Waiver)
    assert (str(waiver.location), waiver.expires, waiver.path) == ("a.yaml:1:6", date(2099, 1, 31), "a.yaml")


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("waive some-rule", "a waiver without rule, end or reason silences nothing"),
        ("waive some-rule until 2099-01-31", "a waiver without rule, end or reason silences nothing"),
        ("waive some-rule until 2099-01-31:", "a waiver without rule, end or reason silences nothing"),
        ("waive until 2099-01-31: because", "a waiver without rule, end or reason silences nothing"),
        ("waive some-rule until 2099-13-01: because", "2099-13-01 is no date"),
        ("waive sme-rule until 2099-01-31: because", "there is no rule 'sme-rule'"),
    ],
)
def test_what_begins_like_one_and_is_none_is_told(comment: str, message: str) -> None:
    (malformed,) = found(f"b: 2 # sealock: {comment}\n")
    assert isinstance(malformed, Malformed)
    assert malformed.message == message


@pytest.mark.parametrize(
    "text", ["b: 2 # sealock: generated\n", "b: 'x#sealock: waive'\n", "sealock: waive\n"]
)
def test_what_does_not_begin_like_one_is_no_waiver(text: str) -> None:
    assert found(text) == []
