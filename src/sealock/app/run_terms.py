"""What a run's answer and patch must be to be taken, whatever the agent says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sealock.app.output_contract import Answer, complaint, keep
from sealock.app.trial import try_patch
from sealock.domain.trial import OnFlaky, TrialRequest
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealock.app.output_contract import Attempt, Contract
    from sealock.domain.agent_run import SandboxImage
    from sealock.ports import TrialBench

REPAIRS = 2
"""How often an answer that does not fit its schema is asked for again, unless the command says otherwise."""

_MOST_RAW = 1 << 20


class Tests(msgspec.Struct, frozen=True):
    """The tests that decide about a patch, outside of the agent's sandbox."""

    command: str
    retries: int = 0
    on_flaky: OnFlaky = "refuse"


class Answered(msgspec.Struct, frozen=True):
    """What came of the answer: how it goes to a file, or why there is none; and what the record keeps."""

    answer: str = ""
    complaint: str = ""
    details: dict[str, Any] = {}


class Tried(msgspec.Struct, frozen=True):
    """What came of the patch: why it is not taken, empty where it is; and what the record keeps."""

    complaint: str = ""
    undecided: bool = False
    details: dict[str, Any] = {}


class RunTerms:
    """The terms of one run: a schema for the answer, tests for the patch; without either all is taken."""

    def __init__(
        self,
        contract: Contract | None = None,
        repairs: int = REPAIRS,
        tests: Tests | None = None,
        bench: TrialBench | None = None,
    ) -> None:
        """Take the contract with the number of repairs, and the tests with the bench that they run on."""
        self._contract = contract
        self._repairs = repairs
        self._tests = tests
        self._bench = bench

    @property
    def restores(self) -> bool:
        """Whether what the task protects is put back rather than refused: tests are to judge it."""
        return self._tests is not None

    def decide(self) -> dict[str, Any]:
        """Return what of them decides about a run, as plain values."""
        contract = self._contract
        return {
            "answer": contract and {"schema": contract.asked, "repairs": self._repairs},
            "tests": self._tests and msgspec.to_builtins(self._tests),
        }

    def answered(self, ask: Callable[[str], Attempt], prompt: str) -> Answered:
        """Run the agent until its answer is as asked, or may not be asked for again."""
        if self._contract is None:
            return Answered(_line(ask(prompt).message))
        kept = keep(self._contract, ask, self._repairs, prompt)
        attempts = [{"raw": each.raw[:_MOST_RAW], "problems": each.problems} for each in kept.refused]
        details = {"answer": {"fits": isinstance(kept.outcome, Answer), "refused": attempts}}
        if isinstance(kept.outcome, Answer):
            return Answered(kept.outcome.text, details=details)
        return Answered(complaint=complaint(kept), details=details)

    def again(self, message: str) -> str | None:
        """Return the answer that is in the last message of an earlier run; None where it does not fit."""
        if self._contract is None:
            return _line(message)
        found = self._contract.judge(message)
        return found.text if isinstance(found, Answer) else None

    def tried(self, patch: bytes, tree: str, commit: str, image: SandboxImage | None) -> Tried:
        """Try the patch, which makes `tree` of `commit`, with the tests, in the image of the run."""
        if self._tests is None or self._bench is None:
            return Tried()
        tests = self._tests
        request = TrialRequest(tests.command, patch, tree, commit, tests.retries, tests.on_flaky, image)
        try:
            report = try_patch(request, self._bench)
        except Undecided as wrong:
            return Tried(wrong.message, undecided=True, details={"untried": wrong.message})
        return Tried("" if report.accepted else report.reason, details={"tests": msgspec.to_builtins(report)})


def _line(message: str) -> str:
    return message if message.endswith("\n") else f"{message}\n"


NO_TERMS = RunTerms()
