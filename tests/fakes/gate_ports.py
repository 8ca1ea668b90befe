"""What gates ask, in memory."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
from tests.fakes.registry import MemoryRegistry

from sealock.app.gates import GatePorts
from sealock.domain.gate_question import GateQuestion
from sealock.domain.promotion import Car, EvidenceRef, ImageMove, ImagePin
from sealock.ports import Heard, ProgramAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sealock.domain.evidence import Evidence
    from sealock.ports import ApprovalQuestion

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
DIGEST = f"sha256:{'a1' * 32}"
OTHER_DIGEST = f"sha256:{'b2' * 32}"


class FixedClock:
    """Implements the Clock port."""

    def now(self) -> datetime:
        return NOW


class MemoryFiles:
    """Implements the FileTree port."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = dict(files)

    def files(self) -> tuple[str, ...]:
        return tuple(sorted(self._files))

    def read_text(self, path: str) -> str:
        if path not in self._files:
            raise FileNotFoundError(path)
        return self._files[path]


class MemoryEvidence:
    """Implements the EvidenceStore port; `kept` is what was given to it."""

    def __init__(self) -> None:
        self.kept: list[Evidence] = []

    def of(self, service: str, environment: str) -> Sequence[tuple[EvidenceRef, Evidence]]:
        return [
            (ref(each), each)
            for each in self.kept
            if (each.service, each.environment) == (service, environment)
        ]

    def keep(self, evidence: Evidence) -> EvidenceRef:
        self.kept.append(evidence)
        return ref(evidence)


def ref(evidence: Evidence) -> EvidenceRef:
    digest = hashlib.sha256(msgspec.json.encode(evidence)).hexdigest()
    return EvidenceRef(evidence.kind, f"sha256:{digest}", evidence.message)


class ScriptedPrograms:
    """Implements the GatePrograms port: every program answers the same; `asked` is what they were given."""

    def __init__(self, answer: ProgramAnswer) -> None:
        self._answer = answer
        self.asked: list[tuple[str, Mapping[str, str], bytes, float]] = []

    def run(self, path: str, facts: Mapping[str, str], stdin: bytes, timeout_seconds: float) -> ProgramAnswer:
        self.asked.append((path, facts, stdin, timeout_seconds))
        return self._answer


class SaidApprovals:
    """Implements the Approvals port: the same for every question; `asked` are the questions."""

    def __init__(self, heard: Heard = Heard()) -> None:  # noqa: B008 - frozen
        self._heard = heard
        self.asked: list[ApprovalQuestion] = []

    def of(self, question: ApprovalQuestion) -> Heard:
        self.asked.append(question)
        return self._heard


NO_ANSWER = ProgramAnswer(0, b"", b"", 0.0)


def ports(  # noqa: PLR0913 - one for each port
    *,
    files: Mapping[str, str] | None = None,
    programs: ScriptedPrograms | None = None,
    approvals: SaidApprovals | None = None,
    reviews: SaidApprovals | None = None,
    registry: MemoryRegistry | None = None,
    evidence: MemoryEvidence | None = None,
) -> GatePorts:
    return GatePorts(
        evidence or MemoryEvidence(),
        approvals or SaidApprovals(),
        programs or ScriptedPrograms(NO_ANSWER),
        registry or MemoryRegistry(),
        MemoryFiles(files or {}),
        FixedClock(),
        reviews,
    )


def car(service: str = "ledger", digest: str = DIGEST) -> Car:
    name = f"registry.example/acme/{service}"
    before, after = ImagePin(name, tag="1.3"), ImagePin(name, tag="1.4", digest=digest)
    overlay = f"services/{service}/overlays/production"
    return Car(service, "staging", "production", (overlay,), (ImageMove(name, before, after),))


def question(*cars: Car) -> GateQuestion:
    return GateQuestion(
        action="promote",
        environment="production",
        sources=("staging",),
        cars=cars or (car(),),
        base="c0ffee" * 6 + "c0ff",
        author="Ada Lovelace <ada@example.com>",
        now=NOW,
    )
