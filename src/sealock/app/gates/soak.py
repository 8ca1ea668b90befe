"""The gate `soak`: every environment before has run exactly this, and well, for long enough."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sealock.app.gates.healthy import digests_of, result
from sealock.domain.gate_question import rfc3339, spoken
from sealock.domain.health_evidence import Health, Wanted, health, healthy_since

if TYPE_CHECKING:
    from sealock.app.gates import GatePorts
    from sealock.domain.gate_question import GateQuestion
    from sealock.domain.promotion import Car, GateResult
    from sealock.domain.settings import Gate


def ask(gate: Gate, question: GateQuestion, ports: GatePorts) -> tuple[GateResult, ...]:
    """Return one result for each car; `retry_after` says when one that waits can pass. Raises Undecided."""
    return tuple(_car(gate, question, car, ports) for car in question.cars)


def _car(gate: Gate, question: GateQuestion, car: Car, ports: GatePorts) -> GateResult:
    found, retry = [], []
    for source in question.sources:
        pieces = ports.evidence.of(car.service, source)
        wanted = Wanted(source, digests_of(car), gate.max_age_seconds)
        now = health(pieces, wanted, question.now)
        since = healthy_since(pieces, wanted)
        if now.verdict == "pass" and since is not None:
            now, ready = _soaked(now, wanted, since, gate, question)
            retry += [ready] if now.verdict != "pass" else []
        found.append(now)
    return result("soak", question, car, found, retry)


def _soaked(
    now: Health, wanted: Wanted, since: datetime, gate: Gate, question: GateQuestion
) -> tuple[Health, datetime]:
    """Return whether it has been long enough, and when it has."""
    ready = since + timedelta(seconds=gate.soak_seconds)
    held = spoken((question.now - since).total_seconds())
    long = f"{held} of {spoken(gate.soak_seconds)}"
    message = f"healthy in {wanted.environment} for {long}, since {rfc3339(since)}"
    return Health("pass" if question.now >= ready else "refuse", message, now.pieces), ready
