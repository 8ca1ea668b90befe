"""A provider that fails: every run ends in bounded time, with an exit code and words of its own."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest
from tests.chamber.cli import platform, sealock
from tests.chamber.scripted_model import loop, refusal, say, scripted, turn

if TYPE_CHECKING:
    from pathlib import Path

    from tests.chamber.scripted_model import Script

    from sealock.domain.agent_run import CodexBinary

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.timeout(180),
    pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is Linux's"),
]

OK = turn(say("Done."))
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}},
    "required": ["a"],
    "additionalProperties": False,
}


class Fault(NamedTuple):
    """What the provider does, what comes of it, and the longest that it may take, in seconds."""

    script: Script
    status: int
    words: str
    seconds: float = 40.0
    limits: dict[str, object] = {}  # noqa: RUF012 - never changed
    schema: bool = False


FAULTS = {
    "slow": Fault([turn(say("Done."), fault="slow", seconds=0.3)], 0, "done"),
    "stalled in the middle": Fault(
        [turn(say("x"), fault="stall")] * 9,
        3,
        "failed: the provider said nothing for 2 s in the middle of an answer",
    ),
    "no answer at all": Fault([turn(fault="hang")] * 9, 3, "failed: the provider gave no answer in 2 s"),
    "cut in the middle": Fault([turn(say("x"), fault="cut")] * 9, 3, "failed: the provider's answer was cut"),
    "cut at once, once": Fault([turn(fault="cut before"), OK], 0, "done"),
    "cut at once, always": Fault(
        [turn(fault="cut before")] * 99, 3, "failed: the provider cannot be reached"
    ),
    "garbage": Fault(
        [turn(fault="garbage")] * 9, 3, "failed: the agent failed: stream disconnected before completion"
    ),
    "failed": Fault(
        [turn(say("x"), fault="failed")] * 9,
        3,
        "failed: the agent failed: stream disconnected before completion: scripted",
    ),
    "400": Fault(
        [refusal(400, "invalid_request_error", "no such model")] * 9, 3, "failed: the provider answered 400"
    ),
    "401": Fault([refusal(401, "invalid_api_key", "wrong key")] * 9, 3, "failed: the provider answered 401"),
    "403": Fault([refusal(403, "forbidden", "not for you")] * 9, 3, "failed: the provider answered 403"),
    "404": Fault([refusal(404, "model_not_found", "none")] * 9, 3, "failed: the provider answered 404"),
    "500 once": Fault([refusal(500, "server_error"), OK], 0, "done"),
    "503 always": Fault(
        [refusal(503, "overloaded", "overloaded")] * 99, 3, "failed: the provider answered 503", 90.0
    ),
    "429 storm": Fault(
        [refusal(429, "rate_limit_exceeded", "slow down", retry_after="0")] * 99,
        3,
        "failed: the provider answered 429",
        90.0,
    ),
    "429 once": Fault([refusal(429, "rate_limit_exceeded", "slow", retry_after="0"), OK], 0, "done"),
    "quota": Fault([refusal(429, "insufficient_quota", "pay")] * 9, 3, "failed: the provider answered 429"),
    "huge": Fault([turn(say("x" * (20 << 20)))] * 9, 1, "refused: it gave no answer", 60.0),
    "empty": Fault([turn()] * 9, 1, "refused: it gave no answer"),
    "tools for ever": Fault(loop(), 1, "tool calls", 60.0, {"toolCalls": 5}),
    "turns for ever": Fault(loop(), 1, "refused: the run has had its 4 turns", 60.0, {"turns": 4}),
    "prose for JSON": Fault(
        lambda _: turn(say("prose")), 1, "the answer does not fit the schema", 60.0, schema=True
    ),
    "off schema": Fault(lambda _: turn(say('{"a":"1"}')), 1, '/a: "1" is not of type', 60.0, schema=True),
    "a tool that is none": Fault(
        [turn({"type": "function_call", "call_id": "c", "name": "none", "arguments": "{}"}), OK], 0, "done"
    ),
    "arguments that are none": Fault(
        [turn({"type": "function_call", "call_id": "c", "name": "exec_command", "arguments": "{"}), OK],
        0,
        "done",
    ),
    "no usage": Fault([turn(say("Done."), fault="no usage")] * 9, 0, "done"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_ends_the_run_in_its_time_with_its_own_words_and_its_replay_too(
    newest_codex: CodexBinary, tmp_path: Path, name: str
) -> None:
    fault = FAULTS[name]
    with scripted(fault.script) as model:
        root = platform(tmp_path, newest_codex, model)
        settings = json.loads((root / "sealock.yaml").read_text())
        settings["chamber"]["upstream"]["timeout"] = "2s"
        settings["agent"]["review"].update(fault.limits)
        (root / "sealock.yaml").write_text(json.dumps(settings, indent=1))
        (tmp_path / "s.json").write_text(json.dumps(SCHEMA))
        options = ("--schema", str(tmp_path / "s.json")) if fault.schema else ()
        began = time.monotonic()
        ran = sealock("exec", "--repo", root, "--task", "review", *options, "Review it.")
        took = time.monotonic() - began
    assert fault.status == ran.status, ran.err
    assert fault.words in ran.err
    assert took < fault.seconds
    again = sealock("replay", "--repo", root, "last")
    assert again.status == 0, again.out
