"""The gate `freeze`: no promotion while a window is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.freeze_window import frozen
from sealock.domain.gate_question import rfc3339, spoken
from sealock.domain.promotion import GateResult

if TYPE_CHECKING:
    from sealock.app.gates import GatePorts
    from sealock.domain.gate_question import GateQuestion
    from sealock.domain.settings import Freeze, Gate


def ask(gate: Gate, question: GateQuestion, ports: GatePorts) -> tuple[GateResult, ...]:
    """Return one result for all cars; it needs nothing but the time."""
    del ports
    freeze = gate.freeze
    assert freeze is not None, "a gate of this kind has one"  # noqa: S101 - the configuration sees to it
    where = question.environment
    found = frozen(freeze, question.now)
    if found is None:
        return (GateResult("freeze", where, "pass", f"no freeze now: {_window(freeze)}"),)
    until = rfc3339(found.until) if found.until else ""
    message = f"frozen until {until}: {_window(freeze)}" if until else f"frozen: {_window(freeze)}"
    hint = "Wait, or go past it with a reason and an approver."
    return (GateResult("freeze", where, "refuse", message, hint=hint, retry_after=until),)


def _window(freeze: Freeze) -> str:
    if freeze.cron:
        return f"{spoken(freeze.seconds)} from `{freeze.cron}` {freeze.zone}"
    return f"{freeze.start} to {freeze.end} {freeze.zone}"
