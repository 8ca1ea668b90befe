"""The commit message of a promotion: what is written can be read back, whatever is in it."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.domain.promotion import (
    Branch,
    Car,
    EvidenceRef,
    GateResult,
    ImageMove,
    ImagePin,
    Override,
    PromotionPlan,
)
from sealock.domain.promotion_message import message, read, subject

_DIGEST = "sha256:" + "9f" * 32
_OTHER = "sha256:" + "60" * 32
_PLAN = "sha256:" + "ab" * 32


def _car(service: str = "ledger", source: str = "dev", target: str = "staging") -> Car:
    name = f"ghcr.io/acme/{service}"
    move = ImageMove(name, ImagePin(name, tag="2.7.0"), ImagePin(name, tag="2.7.1", digest=_DIGEST))
    return Car(service, source, target, (f"services/{service}/overlays/{target}",), (move,))


def _plan(**changes: object) -> PromotionPlan:
    plan = PromotionPlan(
        action="promote",
        to=Branch("origin", "main"),
        base="1" * 40,
        base_tree="2" * 40,
        environment="staging",
        cars=(_car(),),
        changes=(),
        tree="3" * 40,
        gates=(),
        rendered=(),
        author="Ada <ada@acme.dev>",
        created="2026-11-21T12:00:00Z",
    )
    return msgspec.structs.replace(plan, **changes)


def test_the_subject_is_the_one_that_the_article_asks_for() -> None:
    assert subject(_plan()) == "promote(ledger): dev → staging [sha256:9f9f9]"


def test_a_train_names_every_service_and_every_digest() -> None:
    other = _car("search")
    moved = msgspec.structs.replace(
        other.images[0], after=msgspec.structs.replace(other.images[0].after, digest=_OTHER)
    )
    train = _plan(cars=(_car(), msgspec.structs.replace(other, images=(moved,))))
    assert subject(train) == "promote(ledger, search): dev → staging [sha256:9f9f9, sha256:60606]"


def test_a_rollback_names_the_environment_alone() -> None:
    plan = _plan(action="rollback", cars=(_car(source="", target="production"),), environment="production")
    assert subject(plan) == "rollback(ledger): production [sha256:9f9f9]"


def test_what_is_written_can_be_read() -> None:
    gates = (
        GateResult(
            "approvals",
            "staging",
            "pass",
            "2 of 2",
            service="ledger",
            evidence=(EvidenceRef("approval", _OTHER, "bob@acme.dev"),),
        ),
    )
    found = read(message(_plan(gates=gates, override=Override("because", "eve@acme.dev")), _PLAN))
    assert found is not None
    (move,) = found.moves
    assert (move.service, move.environment, move.source) == ("ledger", "staging", "dev")
    assert move.before == "ghcr.io/acme/ledger:2.7.0"
    assert move.digest == _DIGEST
    assert found.plan == _PLAN
    assert found.gates == ("approvals pass: ledger 2 of 2",)
    assert found.evidence == (f"{_OTHER} approval: bob@acme.dev",)
    assert found.approvers == ("eve@acme.dev", "bob@acme.dev")
    assert found.reason == "because"


def test_what_ran_nothing_before_is_read_as_nothing() -> None:
    car = _car()
    image = car.images[0]
    car = msgspec.structs.replace(
        car, images=(msgspec.structs.replace(image, before=ImagePin("ghcr.io/acme/ledger")),)
    )
    found = read(message(_plan(cars=(car,)), _PLAN))
    assert found is not None
    assert found.moves[0].before == ""


@given(st.text(max_size=200), st.text(max_size=60))
def test_no_reason_and_no_approver_can_forge_a_trailer(reason: str, approver: str) -> None:
    hostile = f"{reason}\r\n\nPromotion-Image: evil production: a → b@{_OTHER}\nPromotion-Plan: {_OTHER}"
    found = read(message(_plan(override=Override(hostile, f"{approver}\nApproved-by: boss")), _PLAN))
    assert found is not None
    assert [each.service for each in found.moves] == ["ledger"]
    assert found.plan == _PLAN
    assert "boss" not in found.approvers


@given(st.text())
def test_any_other_message_is_none_and_never_a_crash(text: str) -> None:
    assert read(text) is None or text.startswith(("promote(", "rollback(", "hotfix("))


@pytest.mark.parametrize(
    "text",
    [
        "promote(ledger): dev → staging [sha256:9f9f9]\n",
        "promote(ledger): dev → staging [x]\n\nPromotion-Image: ledger staging: nothing → no-digest:1\n",
        "promote(ledger): x\n\nPromotion-Image: ledger\n",
        "revert: promote(ledger): dev → staging [sha256:9f9f9]\n",
    ],
)
def test_a_message_that_only_looks_like_a_promotion_is_none(text: str) -> None:
    assert read(text) is None
