"""A run as spans: one for the agent, one for each tool, without any text of theirs."""

from __future__ import annotations

from datetime import UTC, datetime

from sealock.domain.agent_events import CommandEnded, CommandStarted, Edit, Edited, Said, ToolCalled
from sealock.domain.agent_run import AgentExit, CodexBinary, RunManifest, Usage
from sealock.domain.agent_spans import Span, spans

RUN = RunManifest(
    id="r1", task="fix", action="sha256:a", codex=CodexBinary("/x", "0.169.0", ""), model="m", effort="low",
    backend="bwrap", sealed=True, base_commit="", base_tree="", prompt_sha256="",
    started=datetime(2026, 11, 21, tzinfo=UTC), seconds=9.0, outcome="refused", reason="", exit=AgentExit(0),
    usage=Usage(10, 2, 5, 1), cost_usd=0.5, result=None, final_message="secret words", normalisation=1,
)  # fmt: skip
EVENTS = (
    CommandStarted(at=1.0, id="a", command="secret words"),
    Edited(at=2.0, id="b", edits=(Edit("k", "add"),), applied=True),
    CommandEnded(at=3.0, id="a", command="secret words", status=1, output="secret words"),
    ToolCalled(at=4.0, id="c", server="k8s", tool="get"),
    Said(at=5.0, text="secret words"),
)


def test_the_run_is_a_span_of_its_whole_time_with_what_it_used() -> None:
    found = next(spans(RUN, EVENTS))
    assert (found.name, found.begin, found.end, found.error) == ("invoke_agent codex", 0.0, 9.0, "refused")
    used = [found.attributes[f"gen_ai.usage.{each}_tokens"] for each in ("input", "output")]
    assert (found.attributes["gen_ai.request.model"], used) == ("m", [10, 5])


def test_each_tool_is_a_span_from_its_start_to_its_end() -> None:
    _, edited, ran, called = spans(RUN, EVENTS)
    assert ran == Span(
        "execute_tool exec_command",
        1.0,
        3.0,
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "exec_command",
            "gen_ai.tool.call.id": "a",
            "error.type": "1",
        },
        "1",
    )
    assert (edited.name, called.name) == ("execute_tool apply_patch", "execute_tool k8s.get")


def test_no_text_of_the_run_is_in_its_spans() -> None:
    assert "secret words" not in repr(list(spans(RUN, EVENTS)))
