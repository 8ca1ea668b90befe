"""The gates before a promotion: one module for each kind, each with one `ask`.

A gate that cannot tell says `unknown`, which is not a pass; going past gates is decided elsewhere.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from sealock.domain.promotion import GateResult
from sealock.errors import Refused, Undecided

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealock.domain.gate_question import GateQuestion
    from sealock.domain.settings import Gate
    from sealock.ports import Approvals, Clock, EvidenceStore, FileTree, GatePrograms, Registry


class GatePorts(NamedTuple):
    """What gates ask. `files` are those of the base revision.

    `approvals` are signed notes, `reviews` those of the forge; None where there is none.
    """

    evidence: EvidenceStore
    approvals: Approvals
    programs: GatePrograms
    registry: Registry
    files: FileTree
    clock: Clock
    reviews: Approvals | None = None


class GateKindModule(Protocol):
    """The module of one kind of gate."""

    def ask(self, gate: Gate, question: GateQuestion, ports: GatePorts) -> tuple[GateResult, ...]:
        """Return at least one result; one for each car, or one for all. Raises Undecided, Refused."""
        ...


def ask(gates: Iterable[Gate], question: GateQuestion, ports: GatePorts) -> tuple[GateResult, ...]:
    """Return what each gate says, in order; all are asked, also when one refuses."""
    return tuple(result for gate in gates for result in _ask(gate, question, ports))


def _ask(gate: Gate, question: GateQuestion, ports: GatePorts) -> tuple[GateResult, ...]:
    # Only the kinds in use are imported: most promotions need two or three.
    module = cast("GateKindModule", importlib.import_module(f"{__name__}.{gate.kind}"))
    try:
        return module.ask(gate, question, ports)
    except (Undecided, Refused) as wrong:
        place = f"{wrong.where}: " if wrong.where else ""
        message = f"{place}{wrong.message}"
        return (GateResult(gate.kind, question.environment, "unknown", message, hint=wrong.hint),)
