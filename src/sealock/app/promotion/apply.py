"""Apply a plan: one commit, delivered by compare-and-swap; what moved meanwhile is found, not overwritten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

import msgspec

from sealock.app.promotion.again import refuse_effect, refuse_gates
from sealock.domain.canonical import digest_of
from sealock.domain.plan import FileChange
from sealock.domain.printable import printable
from sealock.domain.promotion import PLAN_SCHEMA, PlanDocument, PromotionPlan
from sealock.domain.promotion_message import message
from sealock.errors import Conflict, Refused, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from sealock.app.promotion.request import Session
    from sealock.domain.promotion import Delivery

_MOST_TRIES = 40
_LISTED = 4
_LONG = 200
_HOW_TO_WRITE = "Write one with `sealock promote … --plan --format json > FILE`."


class Applied(NamedTuple):
    """What became of a plan: the commit, or `nothing` where all was there already.

    `request_url` is where the pull request is, empty for a direct push.
    """

    outcome: Literal["committed", "requested", "nothing"]
    plan: PromotionPlan
    commit: str = ""
    note: str = ""
    request_url: str = ""


class Way(Protocol):
    """How a plan is delivered."""

    def stops(self, session: Session, plan: PromotionPlan) -> bool:
        """Say whether gates or the check stand in the way of a delivery."""
        ...

    def deliver(self, session: Session, plan: PromotionPlan, tree: str) -> Applied | None:
        """Deliver the root tree `tree`; None when the branch moved meanwhile. Raises Refused, Undecided."""
        ...


class ByPush:
    """Delivers plans to the deployed branch itself."""

    def stops(self, session: Session, plan: PromotionPlan) -> bool:
        """Say whether gates or the check stand in the way."""
        del session
        return plan.blocked

    def deliver(self, session: Session, plan: PromotionPlan, tree: str) -> Applied | None:
        """Push one commit; None when the branch moved meanwhile. Raises Refused, Undecided."""
        delivery = _deliver(session, plan, tree)
        return None if delivery.status == "moved" else _done(delivery, plan)


class Blocked(Refused):
    """Gates or the check stand in the way; `plan` says which."""

    def __init__(self, plan: PromotionPlan) -> None:
        self.plan = plan
        unknown = [each for each in plan.gates if each.verdict == "unknown"]
        refused = [each for each in plan.gates if each.verdict == "refuse"]
        first = next(iter((*refused, *unknown)), None)
        text = f"{first.gate}: {first.message}" if first else (*plan.findings, *plan.undecided, "blocked")[0]
        super().__init__(f"not promoted: {text}", hint=first.hint if first else "")

    @property
    def undecided(self) -> bool:
        """Say whether nothing refuses, and something could not be decided."""
        refused = any(each.verdict == "refuse" for each in self.plan.gates) or self.plan.findings
        return not refused


def read_plan(text: bytes, file: str) -> PromotionPlan:
    """Return the plan in a file. Raises UsageError for anything else, Conflict for one that was edited."""
    try:
        schema = msgspec.json.decode(text, type=_AnyPlan).schema
        found = msgspec.json.decode(text, type=PlanDocument) if schema == PLAN_SCHEMA else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as wrong:
        msg = f"{printable(file, _LONG)} is no promotion plan: {printable(str(wrong), _LONG)}"
        raise UsageError(msg, hint=_HOW_TO_WRITE) from None
    if found is None:
        said = printable(schema) or "without a schema"
        msg = f"{printable(file, _LONG)} is no promotion plan of this version: {said}"
        raise UsageError(msg, hint=_HOW_TO_WRITE)
    plan = found.plan()
    if plan_digest(plan) != found.digest:
        msg = f"{printable(file, _LONG)} was edited: its digest is not {printable(found.digest, 19)}"
        raise Conflict(msg, hint="Nothing was written. Plan anew.")
    return plan


class _AnyPlan(msgspec.Struct):
    schema: str = ""


def apply_new(
    sessions: Callable[[], AbstractContextManager[Session]],
    plan: Callable[[Session], PromotionPlan],
    agreed: Callable[[PromotionPlan], None],
    pause: Callable[[int], None],
    way: Callable[[Session], Way],
) -> Applied:
    """Plan and apply in one go; when others pushed meanwhile, plan anew.

    `agreed` is shown each plan whose effect differs from the one before, and raises when the user says no.
    `pause` waits before a new try, longer each time. `way` says how to deliver. Raises Blocked, Refused,
    Conflict, Undecided.
    """
    shown: object = None
    for attempt in range(_MOST_TRIES):
        with sessions() as session:
            found = plan(session)
            if not found.changes:
                return Applied("nothing", found)
            delivering = way(session)
            if delivering.stops(session, found):
                raise Blocked(found)
            effect = found.cars, tuple((each.path, each.before, each.after) for each in found.changes)
            if effect != shown:
                agreed(found)
                shown = effect
            applied = delivering.deliver(session, found, found.tree)
        if applied is not None:
            return applied
        pause(attempt)
    message_ = f"others changed the branch {_MOST_TRIES} times while this was tried"
    raise Conflict(message_, hint="Nothing was written. Try again in a moment.")


def apply_planned(
    sessions: Callable[[], AbstractContextManager[Session]],
    plan: PromotionPlan,
    pause: Callable[[int], None],
    way: Callable[[Session], Way],
) -> Applied:
    """Apply exactly `plan`: nothing is decided anew, and nothing is written if what it looked at has moved.

    Gates whose answer time can change are asked again, and the effect is proven again, on the newest commit:
    a plan is a file, and what it says is not taken on its word. Raises Blocked, Conflict, Refused, Undecided.
    """
    if not plan.changes:
        return Applied("nothing", plan)
    for attempt in range(_MOST_TRIES):
        with sessions() as session:
            if str(session.branch.branch()) != str(plan.to):
                text = f"the plan is for {plan.to}, and this is {session.branch.branch()}"
                raise Conflict(text, hint="Plan anew.")
            delivering = way(session)
            if delivering.stops(session, plan):
                raise Blocked(plan)
            if _is_done(session, plan):
                return Applied("nothing", plan, note="it was applied before")
            _refuse_moved(session, plan)
            tree = _same_tree(session, plan)
            refuse_gates(session, plan)
            refuse_effect(session, plan, tree)
            applied = delivering.deliver(session, plan, tree)
        if applied is not None:
            return applied
        pause(attempt)
    text = f"others changed the branch {_MOST_TRIES} times while this was tried"
    raise Conflict(text, hint="Nothing was written. Try again in a moment.")


def _is_done(session: Session, plan: PromotionPlan) -> bool:
    """Say whether every file is as the plan makes it."""
    try:
        return all(session.files.read_text(each.path) == each.after for each in plan.changes)
    except FileNotFoundError:
        return False


def _refuse_moved(session: Session, plan: PromotionPlan) -> None:
    moved = [each.path for each in plan.seen if session.blob(each.path) != each.blob]
    if moved:
        more = f" and {len(moved) - _LISTED} more" if len(moved) > _LISTED else ""
        text = f"changed since the plan was made: {', '.join(moved[:_LISTED])}{more}"
        raise Conflict(text, hint="Nothing was written. Plan anew.")
    for each in plan.tags:
        now = session.registry.resolve(each.image).digest
        if now != each.digest:
            text = f"{each.image} was {each.digest} when the plan was made, and is {now} now"
            raise Conflict(text, hint="Nothing was written. Plan anew.")


def _same_tree(session: Session, plan: PromotionPlan) -> str:
    """Return the tree with the plan's changes on what the branch has now."""
    changes = [FileChange(each.path, each.before, each.after) for each in plan.changes]
    tree = session.branch.tree(session.base, changes)
    if session.base.commit == plan.base and tree != plan.tree:
        text = "the plan's changes do not give the tree that it says"
        raise Conflict(text, hint="The plan file was edited. Plan anew.")
    return tree


def _deliver(session: Session, plan: PromotionPlan, tree: str) -> Delivery:
    commit = session.branch.commit(session.base, tree, message(plan, plan_digest(plan)))
    return session.branch.deliver(session.base, commit)


def _done(delivery: Delivery, plan: PromotionPlan) -> Applied:
    if delivery.status == "refused":
        text = f"{plan.to} does not take the commit: {delivery.message}"
        hint = "A protected branch takes pull requests: `promotion: {deliver: pull-request}`."
        raise Refused(text, hint=hint)
    return Applied("committed", plan, delivery.commit, delivery.message)


def plan_digest(plan: PromotionPlan) -> str:
    """Return `sha256:…`: the name of a plan in commit messages."""
    return digest_of(plan)
