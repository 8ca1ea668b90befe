"""A trial of an agent's patch: what is tried, each run of the tests, the verdict."""

from __future__ import annotations

from typing import Literal

import msgspec

from sealock.domain.agent_run import SandboxImage

Verdict = Literal["passed", "failed", "flaky"]
OnFlaky = Literal["refuse", "accept"]

MOST_RETRIES = 10


class TrialRequest(msgspec.Struct, frozen=True):
    """What is tried: a patch, the tree that it must make of the base, the command that tests it.

    A test that fails is tried again, at most `retries` times. One that passes then is flaky: it says
    nothing about the patch, so that it is refused unless `on_flaky` says to take it for a pass. `image` is
    that of a backend that has images.
    """

    command: str
    patch: bytes
    tree: str
    revision: str
    retries: int = 0
    on_flaky: OnFlaky = "refuse"
    image: SandboxImage | None = None


class TrialRun(msgspec.Struct, frozen=True):
    """One run of the tests: how it ended, and the end of what it wrote; `cut` bytes came before that.

    `status` is None where it was ended: by its `deadline`.
    """

    status: int | None
    seconds: float
    output: str
    cut: int = 0

    @property
    def passed(self) -> bool:
        """Whether it ended by itself, with 0."""
        return self.status == 0


class TrialReport(msgspec.Struct, frozen=True):
    """What came of it: the verdict, every run in order, and what was tested, as a tree id."""

    verdict: Verdict
    accepted: bool
    command: str
    tree: str
    runs: tuple[TrialRun, ...] = ()
    reason: str = ""
