"""What is asked again before a plan file is applied: the file is a text that anybody can edit.

Nothing is decided anew: what the plan says holds still, or the plan is not applied.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from sealock.app.promotion import asked, order
from sealock.app.promotion.edits import BY_ARGOCD
from sealock.app.promotion.result import ORDER_RULES, overlays_of, require, result
from sealock.app.promotion.where import Where
from sealock.domain.plan import FileChange
from sealock.errors import Conflict, Refused, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealock.app.promotion.request import Session
    from sealock.app.promotion.result import Result
    from sealock.domain.promotion import Car, FieldChange, GateResult, PromotionPlan
    from sealock.domain.service_overlays import ServiceOverlay
    from sealock.domain.settings import Gate

_ANEW = "Nothing was written. Plan anew."
_OVERRIDE = re.compile(r"(.*)/\.argocd-source(?:-[^/]+)?\.yaml")


def refuse_gates(session: Session, plan: PromotionPlan) -> None:
    """Ask the gates again whose answer time can change. Raises Conflict, UsageError for one's own word."""
    environment = session.settings.environments.get(plan.environment)
    if environment is None:
        _broken(f"there is no environment {plan.environment}")
        return
    configured = asked.configured(plan.action, environment)
    _refuse_kind(plan, configured)
    results = [*_order(session, plan, environment.after), *_lasting(session, plan, configured)]
    if plan.gates_of == "overridden":
        _refuse_own_word(session, plan, results)
        kept = asked.NEVER_OVERRIDDEN if plan.action == "hotfix" else frozenset()
        results = [each for each in results if each.gate in kept]
    for each in results:
        if each.verdict != "pass":
            _broken(f"a gate no longer holds: {each.gate}: {each.message}")
    if plan.gates_of == "configured":
        _refuse_unasked(plan, configured)


def _refuse_own_word(session: Session, plan: PromotionPlan, results: Iterable[GateResult]) -> None:
    """Raise Conflict where who applies the plan stands for it, too."""
    try:
        asked.refuse_own_word(plan.action, session.branch.author(), plan.override.approver, results)
    except UsageError as wrong:
        _broken(wrong.message)


def _refuse_kind(plan: PromotionPlan, configured: tuple[Gate, ...]) -> None:
    """Raise Conflict where a plan leaves gates out without a reason."""
    if plan.gates_of == "overridden":
        if not plan.override.reason:
            _broken("the plan goes past the gates without a reason")
    elif plan.action == "hotfix":
        _broken("the plan is a hotfix, and does not say that it goes past gates")
    elif configured and plan.gates_of != "configured":
        _broken(f"the plan knows of no gates, and {plan.environment} has {len(configured)}")


def _order(session: Session, plan: PromotionPlan, after: tuple[str, ...]) -> Iterator[GateResult]:
    """Yield what the order says; of another service, or another way, nothing passes."""
    where = Where(session, urgent=plan.action == "rollback")
    for car in plan.cars:
        _refuse_stranger(where, car, plan, after)
        if plan.action == "promote":
            yield from order.ordered(car, after, where, session.history)


def _refuse_stranger(where: Where, car: Car, plan: PromotionPlan, after: tuple[str, ...]) -> None:
    """Raise Conflict where a car is not what its service is now."""
    if car.target != plan.environment or (plan.action == "promote" and car.source not in after):
        _broken(f"{car.source or 'nothing'} → {car.target} is not a step of the order")
    known = {each.path: each for each in where.overlays(car.service, car.target)}
    for path in car.overlays:
        if path not in known:
            _broken(f"{path} is not where {car.service} runs in {car.target}")
    changed = {each.path for each in plan.changes}
    for overlay in known.values():
        _refuse_other_place(where, overlay, car, changed)


def _refuse_other_place(where: Where, overlay: ServiceOverlay, car: Car, changed: set[str]) -> None:
    """Raise Conflict where the overlay is new, or something new sets its image."""
    wanted = {move.name: move.after.digest for move in car.images}
    for name, digest in wanted.items():
        site = where.site(overlay, name)
        if overlay.path not in car.overlays and site is not None and site.pin.digest != digest:
            _broken(f"{overlay.path} runs {site.pin}, and the plan does not move it")
        overrides = site.file if site is not None and site.kind == "argocd-source" else ""
        if overlay.path in car.overlays and overrides and overrides not in changed:
            _broken(f"{overrides} sets the image now")


def _lasting(session: Session, plan: PromotionPlan, configured: tuple[Gate, ...]) -> tuple[GateResult, ...]:
    # Reviews that were missing are what a request of this very plan collects.
    missing = {"forge"} if plan.blocked else set()
    gates = [each for each in configured if each.kind not in asked.PROGRAMS and each.by not in missing]
    if plan.gates_of == "overridden":
        gates = [each for each in gates if each.kind in asked.PAST_OVERRIDES]
    if not gates:
        return ()
    about = asked.question(session, plan.action, plan.environment, plan.cars, plan.override)
    return session.gates(gates, about)


def _refuse_unasked(plan: PromotionPlan, configured: tuple[Gate, ...]) -> None:
    """Raise Conflict where a program that is not run again did not pass in the plan."""
    wanted = Counter(each.kind for each in configured if each.kind in asked.PROGRAMS)
    for kind, count in wanted.items():
        passed = Counter(each.service for each in plan.gates if each.gate == kind and each.verdict == "pass")
        services = [each.service for each in plan.cars] if kind == "smoke" else [""]
        for service in services:
            if passed[service] < count:
                _broken(f"{kind} of {service or plan.environment} did not pass in this plan")


def refuse_effect(session: Session, plan: PromotionPlan, tree: str) -> None:
    """Prove again that what the plan shows is all that changes, and check it, on the newest commit.

    Raises Conflict, Undecided.
    """
    changes = tuple(FileChange(each.path, each.before, each.after) for each in plan.changes)
    found = result(session, changes, plan.cars, session.mentions)
    overrides = {folder[1] for each in changes if (folder := _OVERRIDE.fullmatch(each.path))}
    unrendered = {
        (each, move.name)
        for car in plan.cars
        for each in car.overlays
        if each in overrides
        for move in car.images
    }
    try:
        require(found, plan.cars, unrendered)
    except Refused as wrong:
        raise Conflict(wrong.message, where=wrong.where, hint=_ANEW) from wrong
    shown = sorted(map(msgspec.structs.astuple, _rendered(plan)))
    _refuse_unread(plan, found, overrides)
    if found.proof and shown != sorted(map(msgspec.structs.astuple, found.proof.intended)):
        _broken("other fields change now than the plan shows")
    without = ORDER_RULES if plan.gates_of == "overridden" else frozenset()
    checked = session.check(tree, overlays_of(plan.cars), without)
    for each in (*checked.findings, *checked.undecided):
        if each not in {*plan.findings, *plan.undecided}:
            _broken(f"the check says now: {each}")


def _refuse_unread(plan: PromotionPlan, found: Result, overrides: set[str]) -> None:
    """Raise Conflict for a changed file that nothing which moves is made of: no proof covers it."""
    read = found.proof.read if found.proof else frozenset()
    moving = {folder for folder in overlays_of(plan.cars) if folder in overrides}
    for each in plan.changes:
        override = _OVERRIDE.fullmatch(each.path)
        if each.path not in read and not (override and override[1] in moving):
            _broken(f"{each.path} sets no image of what moves")


def _rendered(plan: PromotionPlan) -> Iterable[FieldChange]:
    return (each for each in plan.rendered if each.object != BY_ARGOCD)


def _broken(text: str) -> None:
    raise Conflict(text, hint=_ANEW)
