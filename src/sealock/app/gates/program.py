"""The gate `program`: a program of the base revision reads the question and writes its verdict, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from sealock.app.gates.program_facts import evidence, facts, failed, last_line
from sealock.domain.printable import printable
from sealock.domain.promotion import GateResult

if TYPE_CHECKING:
    from sealock.app.gates import GatePorts
    from sealock.domain.gate_question import GateQuestion
    from sealock.domain.settings import Gate
    from sealock.ports import ProgramAnswer

_MESSAGE_CHARACTERS = 500
_HINT = "See docs/reference/gate-program.md for what a gate prints."


class _Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    verdict: Literal["pass", "refuse", "unknown"]
    message: str
    evidence: dict[str, Any] | None = None


_SAID = msgspec.json.Decoder(_Said)


def ask(gate: Gate, question: GateQuestion, ports: GatePorts) -> tuple[GateResult, ...]:
    """Return what the program says of all cars together. Raises Undecided, Refused."""
    cars = question.cars
    answer = ports.programs.run(
        gate.path, facts(question, cars), msgspec.json.encode(question), gate.timeout_seconds
    )
    said = _read(gate, answer)
    understood = isinstance(said, _Said)
    verdict = said.verdict if isinstance(said, _Said) else "unknown"
    message = printable(said.message, _MESSAGE_CHARACTERS) if isinstance(said, _Said) else said
    kept = evidence(
        "program",
        verdict,
        message,
        about=(question, cars),
        ran=(gate, answer),
        now=ports.clock.now(),
        said=said.evidence if isinstance(said, _Said) else None,
    )
    refs = () if answer.missing else (ports.evidence.keep(kept),)
    hint = "" if understood else _HINT
    return (GateResult("program", question.environment, verdict, message, evidence=refs, hint=hint),)


def _read(gate: Gate, answer: ProgramAnswer) -> _Said | str:
    """Return what it says, or why that is no verdict."""
    if why := failed(gate, answer):
        return why
    if answer.status:
        words = last_line(answer)
        return f"{gate.path} ended with status {answer.status}{f': {words}' if words else ''}"
    try:
        return _SAID.decode(answer.stdout)
    except (msgspec.MsgspecError, UnicodeDecodeError) as wrong:
        return f"{gate.path} printed no verdict: {printable(str(wrong), _MESSAGE_CHARACTERS)}"
