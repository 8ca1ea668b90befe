"""What smoke tests and custom gates are told, and what is kept of what they printed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from sealock.domain.evidence import Evidence
from sealock.domain.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Literal

    from sealock.domain.gate_question import GateQuestion
    from sealock.domain.promotion import Car
    from sealock.domain.settings import Gate
    from sealock.ports import ProgramAnswer

_TAIL_CHARACTERS = 4000
_LAST_LINE = 200


def facts(question: GateQuestion, cars: Sequence[Car]) -> dict[str, str]:
    """Return the variables that a program finds in its environment; lists are separated by spaces."""
    sources = dict.fromkeys(each.source for each in cars if each.source)
    return {
        "SEALOCK_ACTION": question.action,
        "SEALOCK_BASE": question.base,
        "SEALOCK_ENVIRONMENT": question.environment,
        "SEALOCK_SOURCE": " ".join(sources or dict.fromkeys(question.sources)),
        "SEALOCK_SERVICE": " ".join(dict.fromkeys(each.service for each in cars)),
        "SEALOCK_DIGESTS": " ".join(dict.fromkeys(digest for each in cars for digest in each.digests)),
        "SEALOCK_IMAGES": " ".join(dict.fromkeys(str(move.after) for each in cars for move in each.images)),
    }


def failed(gate: Gate, answer: ProgramAnswer) -> str:
    """Return why a program came to no end of its own; empty where it did."""
    if answer.missing:
        return f"{gate.path} could not be started: {answer.missing}"
    if answer.timed_out:
        return f"{gate.path} was killed after {gate.timeout_seconds} s"
    if answer.status < 0:
        return f"{gate.path} was ended by signal {-answer.status}"
    return ""


def last_line(answer: ProgramAnswer) -> str:
    """Return the last thing that a program printed, for people; may be empty."""
    for output in (answer.stderr, answer.stdout):
        lines = output.decode("utf-8", "replace").split("\n")
        found = next((line.strip() for line in reversed(lines) if line.strip()), "")
        if found:
            return printable(found, _LAST_LINE)
    return ""


def evidence(  # noqa: PLR0913 - what evidence consists of
    kind: str,
    verdict: Literal["pass", "refuse", "unknown"],
    message: str,
    *,
    about: tuple[GateQuestion, Sequence[Car]],
    ran: tuple[Gate, ProgramAnswer],
    now: datetime,
    said: dict[str, Any] | None = None,
) -> Evidence:
    """Return what is kept of a program that ran."""
    (question, cars), (gate, answer) = about, ran
    output = answer.stdout + answer.stderr
    details: dict[str, Any] = {
        "program": gate.path,
        "status": answer.status,
        "seconds": answer.seconds,
        "timedOut": answer.timed_out,
        "outputDigest": f"sha256:{hashlib.sha256(output).hexdigest()}",
        "stdoutTail": _tail(answer.stdout),
        "stderrTail": _tail(answer.stderr),
        "droppedBytes": answer.dropped,
    }
    if said is not None:
        details["evidence"] = said
    return Evidence(
        kind,
        ",".join(dict.fromkeys(each.service for each in cars)),
        question.environment,
        tuple(dict.fromkeys(digest for each in cars for digest in each.digests)),
        verdict,
        since=now,
        observed=now,
        commit=question.base,
        source=f"{kind} gate {gate.path}",
        message=message,
        details=details,
    )


def _tail(output: bytes) -> str:
    text = output.decode("utf-8", "replace")[-_TAIL_CHARACTERS:]
    return "\n".join(printable(line, _TAIL_CHARACTERS) for line in text.split("\n"))
