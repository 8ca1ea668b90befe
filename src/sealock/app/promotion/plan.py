"""Plan a promotion: nothing is decided later than here, and nothing is written but Git objects."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from sealock.app.promotion import order
from sealock.app.promotion.dependents import dependents
from sealock.app.promotion.drafts import Drafts
from sealock.app.promotion.earlier import earlier_draft
from sealock.app.promotion.edits import Edits
from sealock.app.promotion.manual_sync import operations
from sealock.app.promotion.proof import missing, prove
from sealock.app.promotion.request import CheckedTree
from sealock.app.promotion.where import Where
from sealock.domain.gate_question import GateQuestion
from sealock.domain.printable import printable
from sealock.domain.promotion import (
    Car,
    FieldChange,
    GateResult,
    LeftOut,
    PlannedChange,
    PromotionPlan,
    SeenFile,
    SeenTag,
)
from sealock.errors import Refused, Undecided, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sealock.app.promotion.drafts import Draft
    from sealock.app.promotion.proof import Proof
    from sealock.app.promotion.request import Request, Session
    from sealock.domain.plan import FileChange
    from sealock.domain.settings import Environment, Gate

_CONFIGURATION = ("sealock.yaml", "services.yaml")
_LISTED = 8
_PROGRAMS = frozenset({"smoke", "program"})
_ORDER_RULES = frozenset({"digest-not-proven", "environment-skipped"})
"""What the gate `order` says, as rules: who goes past the one, goes past the others."""
_NEVER_OVERRIDDEN = frozenset({"signed"})
"""What even a hotfix must pass: a forged image mends nothing."""


class _Result(NamedTuple):
    """What is edited, the root tree that it makes, and the proof; None where nothing is."""

    changes: tuple[FileChange, ...]
    tree: str
    proof: Proof | None


class PlanPromotion:
    """Plans one request against one base revision."""

    def __init__(self, session: Session, request: Request) -> None:
        """Plan `request` at the base of `session`."""
        self._session = session
        self._request = request
        self._where = Where(session)
        self._mentioned: set[str] = set()

    def run(self) -> PromotionPlan:
        """Return the plan; one without changes where everything is there already.

        Raises UsageError, ConfigurationError, Refused, Undecided.
        """
        drafts, left_out = self._drafts()
        edits, cars = self._edited(drafts)
        gates = self._asked(cars) if cars else ()
        stopped = self._stopped(cars, gates)
        if stopped and self._drops():
            left_out += stopped
            gone = {each.service for each in stopped}
            drafts = [each for each in drafts if each.service not in gone]
            edits, cars = self._edited(drafts)
            gates = tuple(each for each in gates if each.service not in gone)
        result = self._result(edits, cars)
        if result.proof and result.proof.other and edits.shared:
            edits, cars = self._edited(drafts, apart=True)
            result = self._result(edits, cars)
        _require(result, edits, cars)
        return self._settled(
            result,
            edits,
            cars,
            gates,
            (left_out, [tag for each in drafts for tag in each.tags]),
        )

    def cars(self) -> tuple[Car, ...]:
        """Return what would move; no gate is asked, and nothing is written. Raises as `run` does."""
        return tuple(self._edited(self._drafts()[0])[1])

    # What moves

    def _drafts(self) -> tuple[list[Draft], list[LeftOut]]:
        request, session = self._request, self._session
        environments = session.settings.environments
        drafts = Drafts(self._where, session.registry)
        if request.action == "promote":
            source, target = order.route(request, environments)
            return drafts.make(request, source, target)
        target = order.known(request.target, environments)
        if request.action == "hotfix":
            return drafts.make(request, "", target)
        found = [
            earlier_draft(request, service, target, self._where, session.history)
            for service in dict.fromkeys(request.services)
        ]
        return found, []

    def _edited(self, drafts: Iterable[Draft], *, apart: bool = False) -> tuple[Edits, list[Car]]:
        """Return the edits, and the services that change, those first that others need."""
        session = self._session
        edits = Edits(self._where, session.files, session.settings.promotion.tag_style, apart=apart)
        cars = [car for each in drafts if (car := edits.add(each))]
        needs = self._where.facts.needs if len(cars) > 1 else {}
        return edits, _in_order(
            [msgspec.structs.replace(each, needs=needs.get(each.service, ())) for each in cars]
        )

    # Gates

    def _environment(self) -> Environment:
        return self._session.settings.environments[self._request.target]

    def _configured(self) -> tuple[Gate, ...]:
        """Return the gates to ask; a hotfix runs no programs, and is told what else it goes past."""
        environment = self._environment()
        if self._request.action == "rollback":
            return environment.rollback
        if self._request.action == "hotfix":
            return tuple(each for each in environment.gates if each.kind not in _PROGRAMS)
        return environment.gates

    def _asked(self, cars: Sequence[Car]) -> tuple[GateResult, ...]:
        """Return what the order and the configured gates say; overridden where the user has a reason."""
        session, request = self._session, self._request
        after = self._environment().after
        results: list[GateResult] = []
        if request.action == "promote":
            for car in cars:
                results += order.ordered(car, after, self._where, session.history)
        gates = self._configured()
        if gates:
            question = GateQuestion(
                action=request.action,
                environment=request.target,
                sources=after,
                cars=tuple(cars),
                base=session.base.commit,
                author=session.branch.author(),
                now=session.clock.now(),
                override=request.override,
            )
            results += session.gates(gates, question)
        if request.no_gates or request.action == "hotfix":
            self._refuse_own_word(results)
            kept = _NEVER_OVERRIDDEN if request.action == "hotfix" else ()
            results = [each if each.gate in kept else _overridden(each) for each in results]
        return tuple(results)

    def _refuse_own_word(self, results: Sequence[GateResult]) -> None:
        """Raise UsageError where going past needs a second person, and there is none."""
        frozen = any(each.gate == "freeze" and each.verdict != "pass" for each in results)
        if not (frozen or self._request.action == "hotfix"):
            return
        author, approver = self._session.branch.author(), self._request.override.approver
        own = {author.casefold(), author.rpartition("<")[2].rstrip(">").casefold()}
        if not approver:
            message = "going past a freeze needs --approver WHO"
            raise UsageError(message, hint="Name who stands for it; it is recorded.")
        mail = approver.rpartition("<")[2].rstrip(">").casefold()
        if approver.casefold() in own or mail in own:
            message = f"{printable(approver)} promotes, and cannot approve it too"
            raise UsageError(message, hint="Name another person with --approver.")

    def _drops(self) -> bool:
        return self._request.everything or self._session.settings.promotion.on_refused == "drop"

    def _stopped(self, cars: Sequence[Car], gates: Sequence[GateResult]) -> list[LeftOut]:
        """Return the services of a train that a gate stops, with those that need them."""
        if len(cars) < 2 and not self._request.everything:  # noqa: PLR2004 - one service is no train
            return []
        reasons = {
            each.service: f"{each.gate}: {each.message}"
            for each in reversed(gates)
            if each.service and each.verdict in {"refuse", "unknown"}
        }
        for car in cars:  # in order of need, so that one pass finds all
            held = next((need for need in car.needs if need in reasons), "")
            if held and car.service not in reasons:
                reasons[car.service] = f"it needs {held}, which is left out"
        return [LeftOut(service, reasons[service]) for service in sorted(reasons)]

    # The result

    def _result(self, edits: Edits, cars: Sequence[Car]) -> _Result:
        """Return the tree that results, and what renders otherwise in it. Raises Refused, Undecided."""
        session = self._session
        changes = edits.changes()
        if not changes:
            return _Result((), session.root_tree, None)
        tree = session.branch.tree(session.base, changes)
        files = frozenset(session.files.files())
        changed = [each.path for each in changes]
        overlays = dependents(changed, files, session.files.read_text, self._mentions)
        overlays = tuple(dict.fromkeys((*_overlays(cars), *overlays)))
        return _Result(changes, tree, prove(overlays, cars, session.before, session.after(tree)))

    def _mentions(self, texts: Collection[str]) -> Iterable[str]:
        """Return the files that hold one of `texts`; those with an overlay's name are among them."""
        found = tuple(self._session.mentions(texts))
        self._mentioned.update(found)
        return found

    def _settled(
        self,
        result: _Result,
        edits: Edits,
        cars: Sequence[Car],
        gates: tuple[GateResult, ...],
        about: tuple[list[LeftOut], list[SeenTag]],
    ) -> PromotionPlan:
        session, request = self._session, self._request
        left_out, tags = about
        changes, tree, proof = result
        past_order = request.no_gates or request.action == "hotfix"
        without = _ORDER_RULES if past_order else frozenset()
        checked = session.check(tree, _overlays(cars), without) if changes else CheckedTree()
        return PromotionPlan(
            action=request.action,
            to=session.branch.branch(),
            base=session.base.commit,
            base_tree=session.root_tree,
            environment=request.target,
            cars=tuple(cars),
            changes=self._planned(changes),
            tree=tree,
            gates=gates,
            rendered=(*(proof.intended if proof else ()), *_unrendered(cars, edits)),
            author=session.branch.author(),
            created=session.clock.now().astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            left_out=tuple(left_out),
            findings=checked.findings,
            undecided=checked.undecided,
            seen=self._seen(cars, changes, proof),
            tags=tuple(sorted(tags)),
            override=request.override,
            gates_of=self._gates_of(),
            sync=operations(session.files, self._environment(), _overlays(cars), self._mentioned)
            if changes
            else (),
        )

    def _gates_of(self) -> str:
        if self._request.no_gates or self._request.action == "hotfix":
            return "overridden"
        return "configured" if self._configured() else "none configured"

    def _planned(self, changes: Sequence[FileChange]) -> tuple[PlannedChange, ...]:
        blobs = self._session.branch.blobs(self._session.base, [each.path for each in changes])
        return tuple(
            PlannedChange(each.path, blobs.get(each.path, ""), each.before or "", each.after or "")
            for each in changes
        )

    def _seen(
        self, cars: Sequence[Car], changes: Sequence[FileChange], proof: Proof | None
    ) -> tuple[SeenFile, ...]:
        """Return every file that the plan depends on, with its blob."""
        sources = [overlay.file for car in cars for overlay in self._where.overlays(car.service, car.source)]
        paths = {*_CONFIGURATION, *sources, *(each.path for each in changes), *(proof.read if proof else ())}
        listed = sorted(paths)
        blobs = self._session.branch.blobs(self._session.base, listed)
        return tuple(SeenFile(path, blobs.get(path, "")) for path in listed)


def _overlays(cars: Sequence[Car]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(overlay for car in cars for overlay in car.overlays))


def _require(result: _Result, edits: Edits, cars: Sequence[Car]) -> None:
    """Raise Refused for anything that must not move, Undecided without a proof."""
    proof = result.proof
    if proof is None:
        return
    if proof.failures:
        message = f"that only the images change cannot be shown: {'; '.join(proof.failures[:_LISTED])}"
        raise Undecided(message, hint="Mend the overlay first; `sealock check` says where.")
    if proof.other:
        raise Refused(_too_much(proof.other), hint="Give each overlay its own `images:` entry.")
    for overlay, move in missing(proof, cars):
        if (overlay, move.name) not in edits.unrendered:
            message = f"{overlay} would not run {move.after}: something else sets the image too"
            raise Refused(message, hint="See `sealock render` of the overlay, and set it in one place.")


def _overridden(result: GateResult) -> GateResult:
    if result.verdict == "pass":
        return result
    return msgspec.structs.replace(result, verdict="overridden")


def _in_order(cars: Sequence[Car]) -> list[Car]:
    """Return the cars, each behind those of the train that it needs; otherwise as they came."""
    by_name = {each.service: each for each in cars}
    done: dict[str, Car] = {}

    def put(car: Car, above: frozenset[str]) -> None:
        if car.service in done or car.service in above:
            return
        for need in car.needs:
            if need in by_name:
                put(by_name[need], above | {car.service})
        done[car.service] = car

    for car in cars:
        put(car, frozenset())
    return list(done.values())


def _too_much(other: Sequence[FieldChange]) -> str:
    lines = [
        f"{each.overlay}: {each.object} {each.field}: {each.before} → {each.after}"
        for each in other[:_LISTED]
    ]
    more = f" and {len(other) - _LISTED} more" if len(other) > _LISTED else ""
    return f"more than the intended images would change: {'; '.join(lines)}{more}"


def _unrendered(cars: Sequence[Car], edits: Edits) -> Iterable[FieldChange]:
    """Yield what Argo CD applies itself, over what kustomize renders."""
    for car in cars:
        for overlay in car.overlays:
            for move in car.images:
                if (overlay, move.name) in edits.unrendered:
                    yield FieldChange(overlay, "set by Argo CD", "image", str(move.before), str(move.after))
