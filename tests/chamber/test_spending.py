"""What a run spent is written down, whatever is recorded of it and however it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.chamber.cli import platform, sealock
from tests.chamber.scripted_model import patch, refusal, run, say, scripted, turn
from tests.chamber.sealed import running, until

if TYPE_CHECKING:
    from pathlib import Path

    from sealock.domain.agent_run import CodexBinary

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.timeout(180),
    pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is Linux's"),
]

_SERVICES = """\
repository: https://github.com/acme/platform.git
services:
  api: {namespace: api, image: ghcr.io/acme/api, ports: {http: 80}}
  web: {namespace: web, image: ghcr.io/acme/web, ports: {http: 80}}
"""
_EITHER = pytest.mark.parametrize("record", [(), ("--no-record",)], ids=["recorded", "unrecorded"])


def _spent(root: Path) -> tuple[int, float, float]:
    """Return how many runs there were, and their tokens in and out."""
    total: dict[str, Any] = json.loads(sealock("usage", "--repo", root, "--json").out)["total"]
    return total["runs"], total["input"], total["output"]


def _outcomes(root: Path) -> list[str]:
    lines = (root / ".sealock" / "usage.jsonl").read_bytes().splitlines()
    return [json.loads(line)["outcome"] for line in lines]


@_EITHER
@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ([turn(run("true")), turn(say("ok"))], (["done"], (1, 200, 20))),
        ([turn(patch("*** Add File: tests/x\n+x")), turn(say("ok"))], (["refused"], (1, 200, 20))),
        ([turn(run("true")), refusal(400)], (["failed"], (1, 100, 10))),
    ],
)
def test_every_outcome_is_counted(
    newest_codex: CodexBinary,
    tmp_path: Path,
    script: list[Any],
    expected: tuple[Any, Any],
    record: tuple[str, ...],
) -> None:
    with scripted(script) as model:
        root = platform(tmp_path, newest_codex, model)
        sealock("exec", "--repo", root, "--task", "fix", "--quiet", *record, "Do it")
    assert (_outcomes(root), _spent(root)) == expected


@_EITHER
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_ended_by_a_signal_is_counted(
    newest_codex: CodexBinary, tmp_path: Path, sent: signal.Signals, record: tuple[str, ...]
) -> None:
    marker = f"753192{int(sent):02}{len(record)}"
    with scripted((turn(run(f"sleep {marker}", yield_time_ms=60_000)),)) as model:
        root = platform(tmp_path, newest_codex, model)
        options = ("--repo", str(root), "--task", "review", *record, "Look")
        argv = [sys.executable, "-m", "sealock", "exec", *options]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as started:
            assert until(lambda: bool(running(marker)))
            started.send_signal(sent)
            assert started.wait(30) == 130
    assert until(lambda: not running(marker))
    assert (_outcomes(root), _spent(root)) == (["failed"], (1, 100, 10))


def test_a_run_whose_record_would_hold_a_secret_is_counted(newest_codex: CodexBinary, tmp_path: Path) -> None:
    secret = "q7Zt9vKx2LmP4sWd8RfH3nJb6YcG5uTe1AoViQ0kEyMzXrDl"  # noqa: S105 - of nothing
    with scripted([turn(say(f"password: {secret}"))]) as model:
        root = platform(tmp_path, newest_codex, model)
        ran = sealock("exec", "--repo", root, "--task", "review", "--quiet", "Look")
    assert (ran.status, _outcomes(root), _spent(root)) == (1, ["failed"], (1, 100, 10)), ran.err
    assert "nothing is recorded" in ran.err


def test_each_service_is_counted_without_a_record(newest_codex: CodexBinary, tmp_path: Path) -> None:
    with scripted(lambda _: turn(say("ok"))) as model:
        root = platform(tmp_path, newest_codex, model, {"services.yaml": _SERVICES})
        options = ("--task", "fix", "--each", "services", "--no-record", "limits of {service}")
        assert sealock("exec", "--repo", root, *options).status == 0
    assert (_outcomes(root), _spent(root)) == (["done", "done"], (2, 200, 20))


@_EITHER
def test_nothing_is_spent_where_it_cannot_be_written_down(
    newest_codex: CodexBinary, tmp_path: Path, record: tuple[str, ...]
) -> None:
    with scripted([turn(say("ok"))]) as model:
        root = platform(tmp_path, newest_codex, model)
        (root / ".sealock" / "usage.jsonl").mkdir(parents=True)
        ran = sealock("exec", "--repo", root, "--task", "review", *record, "Look")
    assert (ran.status, model.requests) == (3, [])
    assert "what the run spent cannot be written down: Is a directory" in ran.err


def test_a_replay_spends_nothing(newest_codex: CodexBinary, tmp_path: Path) -> None:
    with scripted([turn(say("ok"))]) as model:
        root = platform(tmp_path, newest_codex, model)
        assert sealock("exec", "--repo", root, "--task", "review", "--quiet", "Look").status == 0
    assert sealock("replay", "last", "--repo", root).status == 0
    assert (_outcomes(root), _spent(root)) == (["done"], (1, 100, 10))
