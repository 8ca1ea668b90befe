"""A tool that prints its environment: Codex puts ids there that are new in every run, and no secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.chamber.cli import platform, sealock
from tests.chamber.scripted_model import run, say, scripted, turn

if TYPE_CHECKING:
    from pathlib import Path

    from tests.chamber.scripted_model import Request, Turn

    from sealock.domain.agent_run import CodexBinary

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(300)]


def _script(request: Request) -> Turn:
    """Print the environment, then an id that the model read there, then end."""
    own = request.json["prompt_cache_key"]
    steps = (
        turn(run("env; echo $CODEX_THREAD_ID > id", "c1")),
        turn(run(f"rm id; echo {own}", "c2")),
        turn(say("ok")),
    )
    return steps[len(request.outputs)]


def test_a_run_whose_tools_print_their_environment_is_recorded_and_replayed(
    codex: CodexBinary, tmp_path: Path
) -> None:
    with scripted(_script) as model:
        root = platform(tmp_path, codex, model)
        done = sealock("exec", "--task", "fix", "--quiet", "--repo", root, "do it")
    own = model.requests[0].json["prompt_cache_key"]
    assert (done.status, own in model.requests[1].outputs[0]["output"]) == (0, True), done.err

    again = sealock("replay", "last", "--format", "json", "--repo", root)

    (found,) = json.loads(again.out)["replays"]
    assert (again.status, found["differences"], found["requests"]) == (0, [], 3)
