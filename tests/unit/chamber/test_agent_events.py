"""What Codex says as it works, in Sealock's own words, and how people see it."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from sealock.domain.agent_events import (
    MOST_TEXT,
    AgentEvent,
    CodexEvents,
    CommandEnded,
    Edit,
    Edited,
    Failed,
    Finished,
    Planned,
    Said,
    Started,
    Step,
    Unknown,
    Warned,
    json_schema,
)
from sealock.domain.agent_run import Usage
from sealock.report.agent_lines import headline, log_lines

TOKEN = "t0k3n"  # noqa: S105 - no secret

# As Codex 0.169.0 printed them.
PRINTED = r"""
{"type":"thread.started","thread_id":"01a1ff3b-6850-7161-a774-4bba473cabf4"}
{"type":"turn.started"}
{"type":"item.started","item":{"id":"item_0","type":"command_execution","command":"/bin/bash -lc 'echo hi; exit 3'","aggregated_output":"","exit_code":null,"status":"in_progress"}}
{"type":"item.completed","item":{"id":"item_0","type":"command_execution","command":"/bin/bash -lc 'echo hi; exit 3'","aggregated_output":"hi\nbad\n","exit_code":3,"status":"failed"}}
{"type":"item.started","item":{"id":"item_1","type":"file_change","changes":[{"path":"/workspace/k.yaml","kind":"add"}],"status":"in_progress"}}
{"type":"item.completed","item":{"id":"item_1","type":"file_change","changes":[{"path":"/workspace/k.yaml","kind":"add"}],"status":"completed"}}
{"type":"item.completed","item":{"id":"item_2","type":"reasoning","text":"thinking"}}
{"type":"item.started","item":{"id":"item_3","type":"todo_list","items":[{"text":"a","completed":false}]}}
{"type":"item.completed","item":{"id":"item_4","type":"agent_message","text":"{\"a\":1}"}}
{"type":"item.completed","item":{"id":"item_3","type":"todo_list","items":[{"text":"a","completed":false}]}}
{"type":"turn.completed","usage":{"input_tokens":500,"cached_input_tokens":1,"cache_write_input_tokens":0,"output_tokens":50,"reasoning_output_tokens":2}}
""".strip().splitlines()  # noqa: E501 - as printed


def read(*lines: str) -> list[AgentEvent]:
    events = CodexEvents()
    found = (events.read(line.encode(), at) for at, line in enumerate(lines))
    return [each for each in found if each is not None]


def item(phase: str = "completed", **fields: Any) -> str:  # noqa: ANN401 - any JSON
    return json.dumps({"type": f"item.{phase}", "item": {"id": "i", **fields}})


def one(phase: str = "completed", **fields: Any) -> AgentEvent:  # noqa: ANN401 - any JSON
    (found,) = read(item(phase, **fields))
    return found


def test_a_run_is_told_step_by_step() -> None:
    assert [headline(each) for each in read(*PRINTED)] == snapshot(
        [
            "the agent runs",
            "runs echo hi; exit 3",
            "echo hi; exit 3 ended with 3",
            "edits +k.yaml",
            "thinks: thinking",
            "plan: 0 of 1 done, next a",
            'says: {"a":1}',
            "finished: 500 tokens in, 50 out",
        ]
    )


def test_every_line_of_a_run_is_of_the_published_schema() -> None:
    validator = jsonschema_rs.validator_for(json_schema())
    for each in read(*PRINTED):
        validator.validate(msgspec.to_builtins(each))


def test_the_first_event_says_the_version_of_the_schema() -> None:
    assert msgspec.to_builtins(read(*PRINTED)[0]) == {"type": "started", "at": 0.0, "schema": 1}


def test_usage_is_what_codex_counted() -> None:
    assert read(*PRINTED)[-1] == Finished(at=10.0, usage=Usage(500, 1, 50, 2))


def test_paths_below_the_workspace_are_relative_and_others_are_not() -> None:
    changes = [{"path": "/workspace/a", "kind": "update"}, {"path": "/etc/x", "kind": "weird"}]
    found = one(type="file_change", changes=changes, status="failed")
    assert found == Edited(
        at=0, id="i", edits=(Edit("a", "update"), Edit("/etc/x", "unknown")), applied=False
    )


def test_a_plan_is_told_when_it_changes() -> None:
    before = item("started", type="todo_list", items=[{"text": "a", "completed": False}])
    after = item("updated", type="todo_list", items=[{"text": "a", "completed": True}])
    expected = [Planned(at=0, steps=(Step("a", done=False),)), Planned(at=2, steps=(Step("a", done=True),))]
    assert expected == read(before, before, after, after)


def test_the_end_of_a_long_output_is_kept() -> None:
    found = one(type="command_execution", command="x", aggregated_output="a" + "b" * MOST_TEXT, exit_code=0)
    assert found == CommandEnded(at=0, id="i", command="x", status=0, output="b" * MOST_TEXT, cut=1)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"type":"turn.failed","error":{"message":"no"}}', Failed(at=0, message="no")),
        ('{"type":"error","message":"again"}', Warned(at=0, message="again")),
        ('{"type":"turn.completed"}', Finished(at=0, usage=Usage())),
        ('{"type":"future.thing"}', Unknown(at=0, what="future.thing")),
        (item(type="future_item"), Unknown(at=0, what="future_item")),
        ("no JSON", Unknown(at=0, what="no JSON")),
        ("[1]", Unknown(at=0, what="[1]")),
        ('{"item":1}', Unknown(at=0, what='{"item":1}')),
        ('{"type":"item.completed","item":7}', Unknown(at=0, what="")),
    ],
)
def test_ends_and_what_is_not_known_are_never_silent(line: str, expected: AgentEvent) -> None:
    assert [expected] == read(line)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("/bin/bash -lc 'echo \"a b\"'", 'runs echo "a b"'),
        ("bash -c true", "runs true"),
        ("ls -l /", "runs ls -l /"),
        ("it's", "runs it's"),
        ("a\x1b[2Jb\nc", "runs a\\x1b[2Jb c"),
    ],
)
def test_a_command_is_shown_as_the_shell_gets_it(command: str, expected: str) -> None:
    assert expected == headline(one("started", type="command_execution", command=command))


def test_what_an_mcp_server_refused_is_said() -> None:
    found = one(type="mcp_tool_call", server="k8s", tool="get", status="failed", error={"message": "no"})
    assert headline(found) == "asks k8s for get: no"


def test_a_log_of_github_has_groups_in_which_nothing_commands() -> None:
    said = one(type="agent_message", text="::error::one\n::endgroup::\n::set-env name=A::b\x1b[2J")
    assert list(log_lines(said, "github", TOKEN)) == snapshot(
        [
            "::group::[    0.0 s] says: ::error::one ::endgroup:: ::set-env name=A::b\\x1b[2J",
            "::stop-commands::t0k3n",
            "::error::one",
            "::endgroup::",
            "::set-env name=A::b\\x1b[2J",
            "::t0k3n::",
            "::endgroup::",
        ]
    )


def test_a_short_message_is_no_group() -> None:
    assert list(log_lines(Said(at=1, text="::warning::x"), "github", TOKEN)) == [
        "::stop-commands::t0k3n",
        "[    1.0 s] says: ::warning::x",
        "::t0k3n::",
    ]


def test_a_log_of_gitlab_has_sections() -> None:
    ended = one(type="command_execution", command="x", aggregated_output="\x1b[0Ksection_end\n", exit_code=0)
    assert list(log_lines(ended, "gitlab", TOKEN)) == snapshot(
        [
            "\x1b[0Ksection_start:0:sealock_t0k3n_0[collapsed=true]\r\x1b[0K[    0.0 s] ran x",
            "\\x1b[0Ksection_end",
            "\x1b[0Ksection_end:0:sealock_t0k3n_0\r\x1b[0K",
        ]
    )


def test_a_plain_log_is_indented_and_tells_what_it_leaves_out() -> None:
    output = "".join(f"line {number}\n" for number in range(500))
    found = list(log_lines(one(type="command_execution", command="x", aggregated_output=output, exit_code=1),
                           "plain", TOKEN))  # fmt: skip
    assert found[:3] == ["[    0.0 s] x ended with 1", "    … 100 more lines before this", "    line 100"]


@given(st.text() | st.sampled_from(["::stop-commands::x", "::t0k3n", "%0A::error::x", "##[group]x"]))
def test_no_foreign_line_can_begin_a_command(text: str) -> None:
    listening = True
    for line in log_lines(Said(at=0, text=text), "github", TOKEN):
        if line == f"::stop-commands::{TOKEN}":
            listening = False
        elif line == f"::{TOKEN}::":
            listening = True
        elif listening:
            assert line.startswith(("::group::[", "::endgroup::"))
            assert len(line.splitlines()) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
TYPES = st.sampled_from(
    ["command_execution", "file_change", "mcp_tool_call", "todo_list", "agent_message", "x"]
)
FIELDS = st.dictionaries(
    st.sampled_from(["id", "command", "changes", "items", "text", "status", "error", "exit_code"]), JSON
)


@given(TYPES, FIELDS, st.sampled_from(["started", "completed"]))
def test_whatever_an_item_holds_the_event_is_of_the_schema(kind: str, fields: Any, phase: str) -> None:  # noqa: ANN401
    validator = jsonschema_rs.validator_for(json_schema())
    for each in read(item(phase, **{**fields, "type": kind})):
        validator.validate(msgspec.to_builtins(each))
        headline(each)


def test_the_start_is_known() -> None:
    assert [Started(at=0)] == read(PRINTED[0])
