"""Deliver a plan by a pull request: one branch, one request, however often it is asked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from sealock.app.promotion.apply import Applied, plan_digest
from sealock.domain.canonical import digest_of
from sealock.domain.plan import FileChange
from sealock.domain.printable import printable
from sealock.domain.promotion_branch import PREFIX
from sealock.domain.promotion_message import message, read, subject
from sealock.errors import Conflict, Refused, Undecided, UsageError
from sealock.ports import PullRequestDraft

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealock.app.promotion.request import Session
    from sealock.domain.promotion import GateResult, PromotionPlan
    from sealock.ports import Forge, PullRequest

_DIGITS, _FEW_DIGITS = 12, 8
_MOST_LETTERS = 60
_MOST_TITLE = 250
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+|\.{2,}|^[.-]+|(?:\.lock|\.)+$")
_COLLECTED = "collected by the pull request"


class Wishes(NamedTuple):
    """What the user wants of a request: merged as soon as it can be, opened anew where one was closed."""

    auto_merge: bool = False
    reopen: bool = False


class ByRequest:
    """Delivers plans as requests of one forge; a Way of app.promotion.apply."""

    def __init__(self, forge: Forge, body: Callable[[PromotionPlan, str], str], wishes: Wishes) -> None:
        """Ask `forge`; `body` writes a plan, with its digest, as the text of a request."""
        self._forge = forge
        self._body = body
        self._wishes = wishes

    def stops(self, session: Session, plan: PromotionPlan) -> bool:
        """Say whether the plan may not even be asked for: reviews alone can still come."""
        return plan.blocked and not waits_for_reviews(session, plan)

    def deliver(self, session: Session, plan: PromotionPlan, tree: str) -> Applied | None:
        """Open the request, or bring the one that is there up to date; None when the branch moved meanwhile.

        Raises Refused for one that was closed, and where the forge says no; Conflict, Undecided.
        """
        if not plan.to.remote:
            text = f"{plan.to} is of this repository alone, and pull requests need a remote"
            raise UsageError(text, hint="Add one: git remote add origin URL. Or use --deliver push.")
        name = branch_name(plan)
        there = self._forge.find(name, plan.to.branch)
        if there and there.state == "closed" and not self._wishes.reopen:
            text = f"a request for this was closed without a merge: {printable(there.url, 300)}"
            raise Refused(text, hint="Open another one with --reopen.")
        if there and there.state == "merged" and session.branch.tip() != session.base:
            return None
        commit, kept = self._pushed(session, plan, tree, name)
        if commit is None:
            return None
        request, word = self._request(plan, name, there)
        note = f"{word}: {request.title}" if word != "updated" or not kept else "it is open already"
        merging = self._merging(plan, replace(request, head_commit=commit))
        return Applied("requested", plan, commit, "; ".join(filter(None, (note, merging))), request.url)

    def _pushed(self, session: Session, plan: PromotionPlan, tree: str, name: str) -> tuple[str | None, bool]:
        """Return the branch's commit, and whether it had it already; None when somebody else pushed."""
        text = message(_as_asked(plan), plan_digest(plan))
        kept = _same(session, plan, name, text)
        if kept:
            return kept, True
        commit = session.branch.commit(session.base, tree, text)
        delivery = session.branch.deliver_as(name, commit)
        if delivery.status == "refused":
            refused = f"{plan.to.remote} does not take the branch {name}: {delivery.message}"
            raise Refused(refused, hint=f"You must be allowed to push branches under {PREFIX}.")
        return (None if delivery.status == "moved" else delivery.commit or commit), False

    def _request(self, plan: PromotionPlan, name: str, there: PullRequest | None) -> tuple[PullRequest, str]:
        draft = PullRequestDraft(name, plan.to.branch, title(plan), self._body(plan, plan_digest(plan)))
        if there and there.state == "open":
            return self._updated(there, draft), "updated"
        try:
            return self._forge.open(draft), "opened"
        except (Refused, Undecided):
            # It was opened, and the answer was lost; or somebody else was faster.
            now = self._forge.find(name, plan.to.branch)
            if now is None or now.state != "open" or (there and now.number == there.number):
                raise
            return self._updated(now, draft), "opened"

    def _updated(self, request: PullRequest, draft: PullRequestDraft) -> PullRequest:
        if (request.title, request.body.replace("\r\n", "\n").strip()) == (draft.title, draft.body.strip()):
            return request
        return self._forge.update(request, draft)

    def _merging(self, plan: PromotionPlan, request: PullRequest) -> str:
        """Ask to merge where that is wanted and no gate is open; return what is said of it."""
        if not self._wishes.auto_merge:
            return ""
        if plan.blocked:
            waiting = ", ".join(dict.fromkeys(each.gate for each in _open_gates(plan)))
            return f"it does not merge by itself while {waiting} is open: run this again after that"
        try:
            self._forge.merge_when_ready(request)
        except (Refused, Undecided) as wrong:
            text = f"{printable(request.url, 300)} is open, and does not merge by itself: {wrong.message}"
            raise type(wrong)(text, hint=wrong.hint) from None
        return "it merges by itself when the forge's conditions hold"


def waits_for_reviews(session: Session, plan: PromotionPlan) -> bool:
    """Say whether nothing stands in the way but approvals that the forge's reviews will give.

    Where some approvals are by signed notes, too, a result does not say which is missing: then they count
    as notes.
    """
    if plan.findings or plan.undecided:
        return False
    environment = session.settings.environments.get(plan.environment)
    if environment is None:
        return False
    gates = environment.rollback if plan.action == "rollback" else environment.gates
    sources = {each.by for each in gates if each.kind == "approvals"}
    return sources == {"forge"} and all(each.gate == "approvals" for each in _open_gates(plan))


def _open_gates(plan: PromotionPlan) -> list[GateResult]:
    return [each for each in plan.gates if each.verdict in {"refuse", "unknown"}]


def _as_asked(plan: PromotionPlan) -> PromotionPlan:
    """Return the plan as its commit tells it: approvals are not refused, they are collected later."""
    gates = (
        replace(each, verdict="unknown", message=_COLLECTED) if each in _open_gates(plan) else each
        for each in plan.gates
    )
    return replace(plan, gates=tuple(gates))


def _same(session: Session, plan: PromotionPlan, name: str, text: str) -> str:
    """Return the commit of the branch if it does exactly what the plan does, empty where it does not.

    It stays then, and with it what was said of it: approvals are of a commit.
    """
    there = session.branch.proposed(session.base, name)
    if there is None:
        return ""
    old, new = read(there.message), read(text)
    if old is None or new is None:
        return ""
    if (old.moves, old.reason, old.overridden) != (new.moves, new.reason, new.overridden):
        return ""
    changes = [FileChange(each.path, each.before, each.after) for each in plan.changes]
    try:
        made = session.branch.tree(there.parent, changes)
    except Conflict:
        return ""
    return there.revision.commit if made == there.revision.tree else ""


def branch_name(plan: PromotionPlan) -> str:
    """Return `sealock/promote/production/ledger-0123456789ab`, or `…/train-…` for several services.

    It is safe for refs (git-check-ref-format), and the same for the same images in the same place.
    """
    digests = sorted({digest for car in plan.cars for digest in car.digests})
    if len(plan.cars) == 1:
        name = _safe(plan.cars[0].service)
        whole = digests[0] if len(digests) == 1 else digest_of(digests)
    else:
        services = sorted([car.service, *sorted(car.digests)] for car in plan.cars)
        name = f"train-{_digits(digest_of([each[0] for each in services]), _FEW_DIGITS)}"
        whole = digest_of(services)
    return f"{PREFIX}{_safe(plan.environment)}/{name}-{_digits(whole, _DIGITS)}"


def _digits(digest: str, count: int) -> str:
    return digest.partition(":")[2][:count]


def _safe(name: str) -> str:
    """Return a name as part of a ref; one that had to change says so by a digest, to stay apart."""
    found = _UNSAFE.sub("-", name).strip("-.")[:_MOST_LETTERS].rstrip(".-")
    return found if found == name else f"{found or 'x'}-{_digits(digest_of(name), _FEW_DIGITS)}"


def title(plan: PromotionPlan) -> str:
    """Return the commit's subject, as long as the forges take it: 255 characters."""
    return printable(subject(plan), _MOST_TITLE)
