"""Test-outside: whether an agent's patch is good is decided by tests that the agent cannot reach.

The patch is applied to a clean copy of the base, the tests in it are the base's, and they run in a sandbox
of their own, with nothing of the agent's. What the agent says of its own tests is kept and never asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.trial import TrialReport

if TYPE_CHECKING:
    from sealock.domain.trial import TrialRequest, TrialRun, Verdict
    from sealock.ports import TrialBench


def try_patch(request: TrialRequest, bench: TrialBench) -> TrialReport:
    """Run the tests on the patch until they pass, at most `retries` times again, each in a fresh copy.

    Raises Undecided where they cannot be run: that is no verdict.
    """
    runs = []
    for _ in range(request.retries + 1):
        run = bench.run(request)
        runs.append(run)
        if run.passed:
            break
    verdict = _verdict(runs)
    accepted = verdict == "passed" or (verdict == "flaky" and request.on_flaky == "accept")
    reason = _reason(verdict, runs, accepted=accepted)
    return TrialReport(verdict, accepted, request.command, request.tree, tuple(runs), reason)


def _verdict(runs: list[TrialRun]) -> Verdict:
    if not runs[-1].passed:
        return "failed"
    return "passed" if len(runs) == 1 else "flaky"


def _reason(verdict: Verdict, runs: list[TrialRun], *, accepted: bool) -> str:
    last = runs[-1]
    if verdict == "passed":
        return ""
    if verdict == "flaky":
        taken = "taken for a pass, as asked" if accepted else "which says nothing about the patch"
        return f"the tests failed {len(runs) - 1} times and passed then, {taken}"
    how = "overran their deadline" if last.status is None else f"ended with {last.status}"
    times = f", {len(runs)} times" if len(runs) > 1 else ""
    return f"the tests {how}{times}"
