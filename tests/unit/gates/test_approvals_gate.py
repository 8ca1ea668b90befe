"""The gate `approvals`: who counts, who does not, and why."""

from __future__ import annotations

from tests.fakes.gate_ports import DIGEST, NOW, SaidApprovals, car, ports, question

from sealock.app.gates import ask
from sealock.domain.promotion import EvidenceRef, GateResult
from sealock.domain.settings import Gate
from sealock.ports import Approval, ApprovalQuestion, Heard, NotCounted

FILES = {".sealock/allowed_signers": "the signers"}
TWO = Gate("approvals", approvals=2)


def by(*people: str) -> tuple[Approval, ...]:
    return tuple(Approval(who, NOW, EvidenceRef("approval", f"sha256:{who}", who)) for who in people)


def asked(heard: Heard, gate: Gate = TWO) -> GateResult:
    (found,) = ask((gate,), question(), ports(files=FILES, approvals=SaidApprovals(heard)))
    return found


def test_enough_approvals_pass_and_are_the_evidence() -> None:
    found = asked(Heard(by("bob@x", "cyd@x")))
    assert (found.verdict, found.message) == ("pass", "2 of 2 approved: bob@x, cyd@x")
    assert [each.summary for each in found.evidence] == ["bob@x", "cyd@x"]


def test_too_few_are_refused_with_how_to_approve() -> None:
    found = asked(Heard(by("bob@x")))
    assert (found.verdict, found.message) == ("refuse", "1 of 2 approved: bob@x")
    assert found.hint == f"sealock approve ledger --env production --digest {DIGEST}"


def test_who_promotes_does_not_count() -> None:
    found = asked(Heard(by("Ada@Example.com", "bob@x")))
    assert found.verdict == "refuse"
    assert found.message == "1 of 2 approved: bob@x; Ada@Example.com does not count: promotes it"


def test_only_those_who_may_count() -> None:
    gate = Gate("approvals", approvals=1, from_=("Bob@x",))
    assert asked(Heard(by("bob@x")), gate).verdict == "pass"
    found = asked(Heard(by("cyd@x")), gate)
    assert found.verdict == "refuse"
    assert found.message == "0 of 1 approved; cyd@x does not count: is not one of those who may"


def test_one_person_counts_once() -> None:
    assert asked(Heard(by("bob@x", "BOB@x"))).verdict == "refuse"


def test_words_that_were_not_valid_are_told_and_made_printable() -> None:
    found = asked(Heard(by("bob@x"), (NotCounted("eve\x1b@x", "its signature is not valid"),)))
    assert found.message.endswith(r"; eve\x1b@x does not count: its signature is not valid")


def test_asked_are_the_signers_of_the_base_revision_about_exactly_these_digests() -> None:
    approvals = SaidApprovals()
    ask((TWO,), question(), ports(files=FILES, approvals=approvals))
    assert approvals.asked == [ApprovalQuestion("ledger", "production", (DIGEST,), "the signers")]


def test_without_the_signers_file_it_is_unknown() -> None:
    (found,) = ask((TWO,), question(), ports(approvals=SaidApprovals(Heard(by("bob@x", "cyd@x")))))
    assert (found.verdict, found.message.partition(":")[0]) == ("unknown", ".sealock/allowed_signers")


def test_reviews_of_the_forge_count_where_they_are_asked_for() -> None:
    gate = Gate("approvals", approvals=1, by="forge")
    notes, reviews = SaidApprovals(Heard(by("bob@x"))), SaidApprovals(Heard(by("cyd")))
    (found,) = ask((gate,), question(), ports(approvals=notes, reviews=reviews))
    assert (found.verdict, found.message) == ("pass", "1 of 1 approved: cyd")
    assert notes.asked == []


def test_without_a_forge_its_reviews_are_unknown() -> None:
    (found,) = ask((Gate("approvals", approvals=1, by="forge"),), question(), ports())
    assert found.verdict == "unknown"


def test_each_service_of_a_train_needs_its_own() -> None:
    found = ask((TWO,), question(car(), car("payments")), ports(files=FILES))
    assert [(each.service, each.verdict) for each in found] == [("ledger", "refuse"), ("payments", "refuse")]
