"""A plan is applied as it is, once, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from tests.fakes.promotion_session import IMAGE, ORDER, Lab, digest, overlay, path, platform

from sealock.app.promotion.apply import Applied, Blocked, ByPush, apply_new, apply_planned, read_plan
from sealock.app.promotion.plan import PlanPromotion
from sealock.app.promotion.request import Request
from sealock.domain.promotion import GateResult, Override, PlannedChange, PromotionPlan, SeenTag
from sealock.errors import Conflict, Refused, UsageError
from sealock.report.promotion_json import document

if TYPE_CHECKING:
    from collections.abc import Callable

A, B, C = digest("a"), digest("b"), digest("c")
TO_STAGING = Request("promote", ("app",), "staging")


@pytest.fixture
def lab() -> Lab:
    """Give a service that is ahead in dev."""
    return Lab(platform(dev=f"digest: {A}", staging=f"digest: {B}"))


def _plan(lab: Lab, request: Request = TO_STAGING) -> PromotionPlan:
    return PlanPromotion(lab.now(), request).run()


def _apply(lab: Lab, plan: PromotionPlan) -> Applied:
    return apply_planned(lab.session, plan, lambda _: None, lambda _: ByPush())


def _new(lab: Lab, agreed: Callable[[PromotionPlan], None] = lambda _: None) -> Applied:
    def planned(session: object) -> PromotionPlan:
        del session
        return _plan(lab)

    return apply_new(lab.session, planned, agreed, lambda _: None, lambda _: ByPush())


def _staging(lab: Lab) -> str:
    return lab.branch.files_of(lab.branch.tip().tree)[path("staging")]


def test_a_plan_is_one_commit_and_the_second_time_none(lab: Lab) -> None:
    plan = _plan(lab)
    applied = _apply(lab, plan)
    assert ("committed", lab.branch.tip().commit) == (applied.outcome, applied.commit)
    assert overlay(f"digest: {A}") == _staging(lab)
    assert (_apply(lab, plan).outcome, _apply(lab, plan).note) == ("nothing", "it was applied before")


def test_who_is_overtaken_plans_anew_and_is_asked_only_about_what_differs(lab: Lab) -> None:
    lab.branch.before_delivery = [{"README.md": "1"}, {"README.md": "2"}]
    shown: list[PromotionPlan] = []
    assert _new(lab, shown.append).outcome == "committed"
    assert len(shown) == 1
    assert lab.branch.files_of(lab.branch.tip().tree)["README.md"] == "2"


def test_who_is_overtaken_by_another_effect_is_asked_again(lab: Lab) -> None:
    lab.branch.before_delivery = [{path("staging"): overlay(f"digest: {C}")}]
    shown: list[PromotionPlan] = []
    assert _new(lab, shown.append).outcome == "committed"
    assert [each.cars[0].images[0].before.digest for each in shown] == [B, C]


def test_who_is_always_overtaken_gives_up(lab: Lab) -> None:
    lab.branch.before_delivery = [{"README.md": str(number)} for number in range(99)]
    with pytest.raises(Conflict, match="others changed the branch 40 times"):
        _new(lab)


def test_what_the_other_side_refuses_is_told(lab: Lab) -> None:
    lab.branch.refuses = "protected branch"
    with pytest.raises(Refused, match="does not take the commit: protected branch"):
        _new(lab)


def test_a_blocked_plan_is_not_applied(lab: Lab) -> None:
    plan = replace(_plan(lab), gates=(GateResult("healthy", "staging", "unknown", "nobody knows"),))
    with pytest.raises(Blocked, match="nobody knows"):
        _apply(lab, plan)


@pytest.mark.parametrize("file", ["sealock.yaml", "services.yaml", path("dev"), path("staging")])
def test_a_plan_whose_files_moved_is_a_conflict(lab: Lab, file: str) -> None:
    plan = _plan(lab)
    text = lab.branch.files_of(lab.branch.tip().tree).get(file, "")
    lab.branch.push({file: f"{text}# moved\n"})
    with pytest.raises(Conflict, match=f"changed since the plan was made: {file}"):
        _apply(lab, plan)


def test_a_tag_that_moved_is_a_conflict() -> None:
    lab = Lab(platform(dev="newTag: '2'", staging=f"digest: {B}"))
    lab.registry.push(IMAGE, "2", A)
    plan = _plan(lab)
    assert (SeenTag(f"{IMAGE}:2", A),) == plan.tags
    lab.registry.push(IMAGE, "2", C)
    with pytest.raises(Conflict, match="when the plan was made"):
        _apply(lab, plan)


def test_a_plan_for_another_environment_s_overlay_is_a_conflict(lab: Lab) -> None:
    plan = _plan(lab)
    car = replace(plan.cars[0], overlays=("services/app/overlays/dev",))
    with pytest.raises(Conflict, match="is not where app runs in staging"):
        _apply(lab, replace(plan, cars=(car,)))


def test_a_change_beside_the_images_is_a_conflict(lab: Lab) -> None:
    lab.branch.push({"README.md": "hello\n"})
    plan = _plan(lab)
    more = PlannedChange("README.md", "", "hello\n", "bye\n")
    lab.branch.push({"other.md": "the base moved\n"})
    with pytest.raises(Conflict, match=r"README.md sets no image of what moves"):
        _apply(lab, replace(plan, changes=(*plan.changes, more)))


def test_rendered_fields_that_are_not_shown_are_a_conflict(lab: Lab) -> None:
    with pytest.raises(Conflict, match="other fields change now than the plan shows"):
        _apply(lab, replace(_plan(lab), rendered=()))


@pytest.mark.parametrize("kind", ["freeze", "approvals", "healthy", "soak", "signed"])
def test_a_gate_that_closed_is_a_conflict(kind: str) -> None:
    gate = {
        "freeze": '{freeze: {from: "Fri 16:00", to: "Mon 08:00", zone: UTC}}',
        "approvals": "{approvals: 1}",
        "healthy": "healthy",
        "soak": "{soak: 2h}",
        "signed": "{signed: {key: keys/cosign.pub}}",
    }[kind]
    settings = ORDER.replace("{after: dev}", f"{{after: dev, gates: [{gate}]}}")
    lab = Lab(platform(dev=f"digest: {A}", staging=f"digest: {B}"), settings)
    plan = _plan(lab)
    assert not plan.blocked
    lab.says[kind] = GateResult(kind, "staging", "refuse", "not any more")
    with pytest.raises(Conflict, match=f"a gate no longer holds: {kind}: not any more"):
        _apply(lab, plan)


def test_programs_are_not_run_twice_for_one_plan() -> None:
    settings = ORDER.replace("{after: dev}", "{after: dev, gates: [{program: {run: ./gate}}, healthy]}")
    lab = Lab(platform(dev=f"digest: {A}", staging=f"digest: {B}"), settings)
    plan = _plan(lab)
    lab.asked.clear()
    assert _apply(lab, plan).outcome == "committed"
    assert lab.asked == ["healthy"]


def test_past_gates_a_freeze_still_wants_a_second_person() -> None:
    settings = ORDER.replace(
        "{after: dev}", '{after: dev, gates: [{freeze: {from: "Fri 16:00", to: "Mon 08:00", zone: UTC}}]}'
    )
    lab = Lab(platform(dev=f"digest: {A}", staging=f"digest: {B}"), settings)
    plan = _plan(lab, replace(TO_STAGING, no_gates=True, override=Override("it burns")))
    lab.says["freeze"] = GateResult("freeze", "staging", "refuse", "frozen")
    with pytest.raises(Conflict, match="going past a freeze needs --approver"):
        _apply(lab, plan)


def test_a_plan_read_back_is_the_plan(lab: Lab) -> None:
    plan = _plan(lab)
    assert plan == read_plan(document(plan), "plan.json")


def test_one_changed_letter_is_found(lab: Lab) -> None:
    text = document(_plan(lab)).replace(b"Ada <", b"Eve <")
    with pytest.raises(Conflict, match=r"plan.json was edited"):
        read_plan(text, "plan.json")


def test_another_version_is_told_by_name() -> None:
    with pytest.raises(UsageError, match=r"of this version: sealock\.dev/promotion-plan/v0"):
        read_plan(b'{"schema": "sealock.dev/promotion-plan/v0"}', "plan.json")
