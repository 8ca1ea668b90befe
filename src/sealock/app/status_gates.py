"""What the gates would say to a promotion, as far as evidence and the calendar tell."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sealock.domain.freeze_window import frozen
from sealock.domain.gate_question import GateQuestion, rfc3339
from sealock.domain.promotion import Car, GateResult, ImageMove, ImagePin
from sealock.domain.status import EnvironmentState, NextStep, Soak

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sealock.domain.promotion import GateVerdict
    from sealock.domain.settings import Environment, Gate
    from sealock.domain.status import Cell

    AskGates = Callable[[Sequence[Gate], GateQuestion], tuple[GateResult, ...]]

_ASKED = frozenset({"healthy", "soak"})
_FREEZE = "freeze"


class StatusGates:
    """Asks the gates that need nothing but evidence and the time. Nothing is run, nobody is asked."""

    def __init__(self, ask: AskGates, commit: str, now: datetime) -> None:
        """Ask at the time `now` about a promotion on `commit`."""
        self._ask = ask
        self._commit = commit
        self._now = now
        self._freezes: dict[str, tuple[GateResult, ...]] = {}

    def environment(self, environment: Environment) -> EnvironmentState:
        """Return the environment with the freeze that holds now; the one that ends last, of several."""
        found = [
            held
            for gate in environment.gates
            if gate.freeze is not None and (held := frozen(gate.freeze, self._now)) is not None
        ]
        ends = [each.until for each in found if each.until is not None]
        until = rfc3339(max(ends)) if len(ends) == len(found) and ends else ""
        return EnvironmentState(environment.name, environment.after, bool(found), until)

    def towards(self, target: Environment, source: Cell, before: Cell) -> NextStep:
        """Return what stands between `source` and the cell `before` of the environment `target`."""
        fault = _fault(source)
        if fault:
            return NextStep(target.name, "unknown", (GateResult("digest", target.name, "unknown", fault),))
        asked = [each for each in target.gates if each.kind in _ASKED]
        results = (*self._frozen(target), *(self._of_car(asked, target, source, before) if asked else ()))
        not_run = tuple(
            dict.fromkeys(each.kind for each in target.gates if each.kind not in _ASKED | {_FREEZE})
        )
        verdict = _verdict(results) if results or not not_run else "unknown"
        soak = next((each.soak_seconds for each in asked if each.kind == "soak"), 0)
        return NextStep(target.name, verdict, results, not_run, self._soak(results, soak) if soak else None)

    def _frozen(self, target: Environment) -> tuple[GateResult, ...]:
        """Return what the freezes say: the same of every service."""
        if target.name not in self._freezes:
            gates = [each for each in target.gates if each.kind == _FREEZE]
            question = self._question(target, ())
            self._freezes[target.name] = self._ask(gates, question) if gates else ()
        return self._freezes[target.name]

    def _of_car(
        self, gates: Sequence[Gate], target: Environment, source: Cell, before: Cell
    ) -> tuple[GateResult, ...]:
        had = {each.name: each for each in before.pins}
        images = tuple(
            ImageMove(each.name, had.get(each.name, ImagePin(each.name)), each) for each in source.pins
        )
        car = Car(
            source.service,
            source.environment,
            target.name,
            tuple(each.path for each in before.overlays),
            images,
            tuple(each.path for each in source.overlays),
        )
        return self._ask(gates, self._question(target, (car,)))

    def _question(self, target: Environment, cars: tuple[Car, ...]) -> GateQuestion:
        return GateQuestion("promote", target.name, target.after, cars, self._commit, "", self._now)

    def _soak(self, results: Sequence[GateResult], of_seconds: int) -> Soak | None:
        """Return how far the soak is; None where its gate cannot tell."""
        lefts = []
        for each in results:
            if each.gate != "soak":
                continue
            if each.verdict == "pass":
                lefts.append(0)
            elif each.retry_after:
                ready = datetime.fromisoformat(each.retry_after).astimezone(UTC)
                lefts.append(max(0, int((ready - self._now).total_seconds())))
            else:
                return None
        return Soak(max(0, of_seconds - max(lefts)), of_seconds) if lefts else None


def _fault(source: Cell) -> str:
    """Return why nobody can tell what would be promoted from a cell; empty where they can."""
    if source.differ:
        return f"the overlays of {source.environment} differ"
    if not source.pins or not all(each.digest for each in source.pins):
        return f"{source.environment} pins no digest"
    return ""


def _verdict(results: Sequence[GateResult]) -> GateVerdict:
    verdicts = {each.verdict for each in results}
    return "refuse" if "refuse" in verdicts else "unknown" if "unknown" in verdicts else "pass"
