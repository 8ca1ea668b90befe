"""What came of a run: how it ended, what the proxy saw, what was left; the status of Codex comes last."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.app.run_agent import Said, judge, policy_of
from sealock.domain.agent_run import AgentExit, ProxyReport, RefusedPath, TreeResult
from sealock.domain.path_policy import PROTECTED
from sealock.domain.settings import AgentTask

OK = AgentExit(0)
ANSWERED = Said("All done.", completed=True)
CLEAN = TreeResult("b", "t")


def test_a_complete_turn_with_an_answer_is_done() -> None:
    assert judge(OK, ANSWERED, ProxyReport(), CLEAN) == ("done", "")


@pytest.mark.parametrize(
    ("ended", "said", "report", "outcome", "words"),
    [
        (AgentExit(-9, "wall"), ANSWERED, ProxyReport(), "failed", "it took longer than its deadline"),
        (AgentExit(-9, "idle"), ANSWERED, ProxyReport(), "failed", "nothing happened for longer than"),
        (AgentExit(-9, "disk"), ANSWERED, ProxyReport(), "refused", "it wrote more than it may"),
        (OK, ANSWERED, ProxyReport(ended_by="budget", refusals=("too dear",)), "refused", "too dear"),
        (OK, ANSWERED, ProxyReport(ended_by="turns"), "refused", "it ha"),
        (OK, ANSWERED, ProxyReport(ended_by="secret", refusals=("a key",)), "refused", "a key"),
        (OK, ANSWERED, ProxyReport(ended_by="record", refusals=("disk full",)), "failed", "disk full"),
        (AgentExit(1), Said(failure="boom"), ProxyReport(), "failed", "the agent failed: boom"),
        (AgentExit(1), Said(), ProxyReport(refusals=("provider down",)), "failed", "provider down"),
        (AgentExit(2, stderr_tail="a\nerror: bad flag\n"), Said(), ProxyReport(), "failed",
         "the agent ended with status 2 before its turn was complete: error: bad flag"),
        (AgentExit(-11), Said(), ProxyReport(), "failed", "the agent ended with signal 11 before"),
        (OK, Said(" ", completed=True), ProxyReport(), "refused", "it gave no answer"),
    ],
)  # fmt: skip
def test_how_a_run_can_end(
    ended: AgentExit, said: Said, report: ProxyReport, outcome: str, words: str
) -> None:
    verdict = judge(ended, said, report, CLEAN)
    assert (verdict.outcome, verdict.reason[: len(words)]) == (outcome, words)


def test_a_refused_path_refuses_the_run_whatever_is_said() -> None:
    tree = TreeResult("b", "t", refused=(RefusedPath("a", "it is protected"), RefusedPath("b", "x")))
    assert judge(OK, ANSWERED, ProxyReport(), tree) == (
        "refused",
        "it changed a: it is protected, and 1 more",
    )


def test_the_last_message_is_the_answer_and_failures_are_kept() -> None:
    said = Said()
    for event in (
        {"type": "item.completed", "item": {"type": "agent_message", "text": "first"}},
        {"type": "item.completed", "item": {"type": "command_execution", "text": "no"}},
        {"type": "error", "message": "reconnecting"},
        {"type": "item.completed", "item": {"type": "agent_message", "text": "last"}},
        {"type": "turn.completed"},
    ):
        said.take(msgspec.json.encode(event))
    assert (said.message, said.failure, said.completed) == ("last", "reconnecting", True)


@given(st.binary() | st.recursive(st.none() | st.text(), lambda x: st.dictionaries(
    st.sampled_from(["type", "item", "error", "message", "text"]), x)).map(msgspec.json.encode))  # fmt: skip
def test_no_line_however_strange_breaks_a_run(line: bytes) -> None:
    Said().take(line)


def test_a_task_without_paths_may_change_all_that_is_not_protected() -> None:
    policy = policy_of(AgentTask("m", protect=("tests/**",), unprotect=("AGENTS.md",)))
    assert (policy.allowed, policy.protected, policy.opened) == (
        ("**",),
        (*PROTECTED, "tests/**"),
        ("AGENTS.md",),
    )
