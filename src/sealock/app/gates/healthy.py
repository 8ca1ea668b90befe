"""The gate `healthy`: every environment before says that it runs exactly this, and well."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sealock.domain.gate_question import rfc3339
from sealock.domain.health_evidence import Health, Wanted, health
from sealock.domain.promotion import GateResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sealock.app.gates import GatePorts
    from sealock.domain.gate_question import GateQuestion
    from sealock.domain.promotion import Car
    from sealock.domain.settings import Gate

_ALMOST = timedelta(microseconds=999_999)
"""Rounds a time up to whole seconds, so that it is not promised too early."""
_HINT = "Evidence is read from where `promotion.evidence` in sealock.yaml says."


def ask(gate: Gate, question: GateQuestion, ports: GatePorts) -> tuple[GateResult, ...]:
    """Return one result for each car. Raises Undecided."""
    return tuple(_car(gate, question, car, ports) for car in question.cars)


def _car(gate: Gate, question: GateQuestion, car: Car, ports: GatePorts) -> GateResult:
    found = []
    for source in question.sources:
        pieces = ports.evidence.of(car.service, source)
        wanted = Wanted(source, digests_of(car), gate.max_age_seconds)
        found.append(health(pieces, wanted, question.now))
    return result("healthy", question, car, found)


def digests_of(car: Car) -> tuple[str, ...]:
    """Return at which digests the source must have been seen: all that it runs, if that is what moves."""
    return car.runs if set(car.digests) <= set(car.runs) else car.digests


def result(
    kind: str, question: GateQuestion, car: Car, found: Sequence[Health], retry: Iterable[datetime] = ()
) -> GateResult:
    """Return what all source environments say together: the worst of it.

    `retry` are when those that do not pass can; it counts where there is one for each.
    """
    if not found:
        message = f"no environment comes before {question.environment} in this {question.action}"
        return GateResult(kind, question.environment, "unknown", message, service=car.service)
    failing = [each for each in found if each.verdict != "pass"]
    verdicts = {each.verdict for each in failing}
    times = sorted(retry)
    return GateResult(
        kind,
        question.environment,
        "refuse" if "refuse" in verdicts else "unknown" if failing else "pass",
        "; ".join(each.message for each in failing or found),
        service=car.service,
        evidence=tuple(dict.fromkeys(ref for each in failing or found for ref, _ in each.pieces)),
        hint=_HINT if "unknown" in verdicts else "",
        retry_after=rfc3339(times[-1] + _ALMOST) if times and len(times) == len(failing) else "",
    )
