"""The gate `smoke`: a program of the base revision ends with status 0, once for each service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sealock.app.gates.program_facts import evidence, facts, failed, last_line
from sealock.domain.gate_question import spoken
from sealock.domain.promotion import GateResult

if TYPE_CHECKING:
    from sealock.app.gates import GatePorts
    from sealock.domain.gate_question import GateQuestion
    from sealock.domain.promotion import Car
    from sealock.domain.settings import Gate


def ask(gate: Gate, question: GateQuestion, ports: GatePorts) -> tuple[GateResult, ...]:
    """Return one result for each car; what was printed is kept as evidence. Raises Undecided, Refused."""
    return tuple(_car(gate, question, car, ports) for car in question.cars)


def _car(gate: Gate, question: GateQuestion, car: Car, ports: GatePorts) -> GateResult:
    answer = ports.programs.run(gate.path, facts(question, (car,)), b"", gate.timeout_seconds)
    verdict: Literal["pass", "refuse", "unknown"]
    if message := failed(gate, answer):
        verdict = "unknown"
    elif answer.status:
        words = last_line(answer)
        message = f"{gate.path} ended with status {answer.status}{f': {words}' if words else ''}"
        verdict = "refuse"
    else:
        message = f"{gate.path} passed in {spoken(answer.seconds)}"
        verdict = "pass"
    kept = evidence(
        "smoke",
        verdict,
        message,
        about=(question, (car,)),
        ran=(gate, answer),
        now=ports.clock.now(),
    )
    refs = () if answer.missing else (ports.evidence.keep(kept),)
    return GateResult("smoke", question.environment, verdict, message, service=car.service, evidence=refs)
