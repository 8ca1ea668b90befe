"""Plan a promotion: nothing is decided later than here, and nothing is written but Git objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sealock.app.promotion import asked, order
from sealock.app.promotion.drafts import Drafts
from sealock.app.promotion.earlier import earlier_draft
from sealock.app.promotion.edits import Edits
from sealock.app.promotion.manual_sync import operations
from sealock.app.promotion.request import CheckedTree
from sealock.app.promotion.result import ORDER_RULES, overlays_of, require, result
from sealock.app.promotion.where import Where
from sealock.domain.gate_question import rfc3339
from sealock.domain.promotion import (
    Car,
    GateResult,
    LeftOut,
    PlannedChange,
    PromotionPlan,
    SeenFile,
    SeenTag,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sealock.app.promotion.drafts import Draft
    from sealock.app.promotion.proof import Proof
    from sealock.app.promotion.request import Request, Session
    from sealock.app.promotion.result import Result
    from sealock.domain.plan import FileChange
    from sealock.domain.settings import Environment, Gate

_CONFIGURATION = ("sealock.yaml", "services.yaml")


class PlanPromotion:
    """Plans one request against one base revision."""

    def __init__(self, session: Session, request: Request) -> None:
        """Plan `request` at the base of `session`. Raises UsageError for an unknown environment."""
        self._session = session
        target = order.target(request, session.settings.environments)
        self._request = msgspec.structs.replace(request, target=target)
        self._where = Where(session, urgent=request.action == "rollback")
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
        found = self._result(edits, cars)
        if found.proof and found.proof.other and edits.shared:
            edits, cars = self._edited(drafts, apart=True)
            found = self._result(edits, cars)
        require(found, cars, edits.unrendered)
        return self._settled(
            found,
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
        target = request.target
        if request.action == "hotfix":
            return drafts.make(request, "", target)
        found = [
            earlier_draft(request, service, target, self._where, session)
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
        return asked.configured(self._request.action, self._environment())

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
            question = asked.question(session, request.action, request.target, cars, request.override)
            results += session.gates(gates, question)
        if request.no_gates or request.action == "hotfix":
            author, approver = session.branch.author(), request.override.approver
            asked.refuse_own_word(request.action, author, approver, results)
            kept = asked.NEVER_OVERRIDDEN if request.action == "hotfix" else ()
            results = [each if each.gate in kept else _overridden(each) for each in results]
        return tuple(results)

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

    def _result(self, edits: Edits, cars: Sequence[Car]) -> Result:
        """Return the tree that results, and what renders otherwise in it. Raises Refused, Undecided."""
        return result(self._session, edits.changes(), cars, self._mentions)

    def _mentions(self, texts: Collection[str]) -> Iterable[str]:
        """Return the files that hold one of `texts`; those with an overlay's name are among them."""
        found = tuple(self._session.mentions(texts))
        self._mentioned.update(found)
        return found

    def _settled(
        self,
        found: Result,
        edits: Edits,
        cars: Sequence[Car],
        gates: tuple[GateResult, ...],
        about: tuple[list[LeftOut], list[SeenTag]],
    ) -> PromotionPlan:
        session, request = self._session, self._request
        left_out, tags = about
        changes, tree, proof = found
        past_order = request.no_gates or request.action == "hotfix"
        without = ORDER_RULES if past_order else frozenset()
        checked = session.check(tree, overlays_of(cars), without) if changes else CheckedTree()
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
            rendered=(*(proof.intended if proof else ()), *edits.unrendered.values()),
            author=session.branch.author(),
            created=rfc3339(session.clock.now()),
            left_out=tuple(left_out),
            behind=_left_behind(proof, edits),
            findings=checked.findings,
            undecided=checked.undecided,
            seen=self._seen(cars, changes, proof),
            tags=tuple(sorted(tags)),
            override=request.override,
            gates_of=self._gates_of(),
            sync=operations(session.files, self._environment(), overlays_of(cars), self._mentioned)
            if changes
            else (),
        )

    def _gates_of(self) -> str:
        if self._request.no_gates or self._request.action == "hotfix":
            return "overridden"
        return "configured" if self._configured() else "none configured"

    def _planned(self, changes: Sequence[FileChange]) -> tuple[PlannedChange, ...]:
        blob = self._session.blob
        return tuple(
            PlannedChange(each.path, blob(each.path), each.before or "", each.after or "") for each in changes
        )

    def _seen(
        self, cars: Sequence[Car], changes: Sequence[FileChange], proof: Proof | None
    ) -> tuple[SeenFile, ...]:
        """Return every file that the plan depends on, with its blob."""
        sources: list[str] = []
        for car in cars:
            came_from = self._where.overlays(car.service, car.source)
            sources += self._where.files_of(came_from, (each.name for each in car.images))
        paths = {*_CONFIGURATION, *sources, *(each.path for each in changes), *(proof.read if proof else ())}
        return tuple(SeenFile(path, self._session.blob(path)) for path in sorted(paths))


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


def _left_behind(proof: Proof | None, edits: Edits) -> tuple[str, ...]:
    """Return what the proof says is left behind; of what Argo CD sets itself, no render tells."""
    unrendered = {overlay for overlay, _ in edits.unrendered}
    lines = proof.behind if proof else ()
    return tuple(line for line in lines if line.partition(": ")[0] not in unrendered)
