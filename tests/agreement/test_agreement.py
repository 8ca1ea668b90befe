"""The engine and a real API server come to the same verdicts, or somebody knows why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.agreement import custom_mutations, mutations
from tests.agreement.cases import CORPORA, everything
from tests.agreement.comparing import Verdict, differences
from tests.agreement.explained import EXPLAINED
from tests.agreement.report import PAGE, page, reasons, unexplained

if TYPE_CHECKING:
    from tests.agreement.outcome import Judged

pytestmark = [pytest.mark.engine, pytest.mark.enable_socket, pytest.mark.timeout(300)]


def test_every_difference_has_a_reason(judged: list[Judged]) -> None:
    assert [f"{name}: {difference}" for name, difference in unexplained(judged)] == []


def test_every_reason_is_still_needed(judged: list[Judged]) -> None:
    assert [each for each in EXPLAINED if not reasons(judged)[each]] == []


@pytest.mark.parametrize("corpus", CORPORA)
def test_both_verdicts_occur_in_every_corpus_that_can_have_both(judged: list[Judged], corpus: str) -> None:
    expected = {"accepted": {False}, "examples": {False}}.get(corpus, {False, True})
    agreed = [each for each in judged if each.case.corpus == corpus and not each.differences]
    assert {each.server.refused for each in agreed} == expected


def test_every_case_was_judged_once(judged: list[Judged]) -> None:
    assert [each.case.name for each in judged] == [each.name for each in everything()]


def test_the_page_says_what_was_found(judged: list[Judged]) -> None:
    assert PAGE.read_text() == page(judged), "run: python -m tests.agreement.report"


def test_the_corpora_are_wide() -> None:
    faults = [*mutations.FAULTS.values(), *custom_mutations.FAULTS.values()]
    changes = [*mutations.UPDATES.values(), *custom_mutations.UPDATES.values()]
    assert sum(map(len, faults)) >= 150
    assert sum(map(len, changes)) >= 40


def test_case_names_are_unique() -> None:
    names = [each.name for each in everything()]
    assert len(set(names)) == len(names)


REFUSED = Verdict(refused=True, faults=frozenset({("spec.a", "Invalid value: 1")}))
ACCEPTED = Verdict(refused=False)


@pytest.mark.parametrize(
    ("server", "engine", "about"),
    [
        (REFUSED, ACCEPTED, ["verdict"]),
        (ACCEPTED, REFUSED, ["verdict"]),
        (ACCEPTED, ACCEPTED._replace(undecided="no idea"), ["verdict"]),
        (REFUSED, REFUSED._replace(faults=frozenset({("spec.b", "Invalid value: 1")})), ["fault", "fault"]),
        (REFUSED, REFUSED._replace(faults=frozenset({("spec.a", "Invalid value: 2")})), ["fault", "fault"]),
        (REFUSED, REFUSED._replace(faults=REFUSED.faults | {("spec.b", "Required value")}), ["fault"]),
        (ACCEPTED, ACCEPTED._replace(warnings=frozenset({"old"})), ["warning"]),
        (ACCEPTED._replace(warnings=frozenset({"old"})), ACCEPTED, ["warning"]),
        (REFUSED, REFUSED._replace(warnings=frozenset({"later"})), []),
        (REFUSED._replace(partial=True), REFUSED._replace(faults=REFUSED.faults | {("spec.b", "x")}), []),
    ],
)
def test_what_counts_as_a_difference(server: Verdict, engine: Verdict, about: list[str]) -> None:
    assert [each.about for each in differences(server, engine)] == about


def test_of_a_change_a_part_of_the_field_may_be_named() -> None:
    part = REFUSED._replace(faults=frozenset({("spec.a.b", "Invalid value: 1")}))
    assert differences(REFUSED, part, of_change=True) == []
    assert [each.about for each in differences(REFUSED, part)] == ["fault", "fault"]
