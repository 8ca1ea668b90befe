"""`exec`, `runs`, `replay` and `usage` on a real repository, with the real Codex and a scripted model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import pytest
from tests.chamber.records import manifest
from tests.chamber.scripted_model import Turn, patch, run, say, scripted, turn
from tests.chamber.sealed import git, repository

from sealock.chamber.redaction import Redactor
from sealock.chamber.run_store import RunStore
from sealock.domain.agent_run import AgentExit

if TYPE_CHECKING:
    from pathlib import Path

    from sealock.domain.agent_run import CodexBinary

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(300)]

_KEY = "sk-upstream-0123456789"
_SCRIPT = [
    turn(run("echo one > one.txt; cat one.txt base.yaml", "c1"), run("seq 3", "c2")),
    turn(patch("*** Add File: k.yaml\n+x: 1")),
    turn(say("All is done.")),
]
_YAML = """\
chamber:
  codex: {{path: "{path}", sha256: "{sha256}"}}
  upstream: {{url: "{url}", key: {{env: MODEL_KEY}}}}
  prices: {{gpt-5.5: {{input: 1, cachedInput: 0.1, output: 10}}}}
  budgets: [{{per: month, usd: 0.5}}]
"""


class Done(NamedTuple):
    status: int
    stdout: str
    stderr: str


def _sealock(root: Path, *argv: str, key: str = "") -> Done:
    environment = {**os.environ, "MODEL_KEY": key, "HOME": str(root.parent)}
    done = subprocess.run(
        [sys.executable, "-m", "sealock", *argv],
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def _platform(codex: CodexBinary, root: Path, url: str) -> Path:
    yaml = _YAML.format(path=codex.path, sha256=codex.sha256, url=url)
    return repository(root, {"base.yaml": "a: 1\n", "sealock.yaml": yaml})


def _recorded(codex: CodexBinary, root: Path, script: list[Turn]) -> Path:
    """Make a repository with one recorded run, whose provider is gone."""
    with scripted(script) as model:
        _platform(codex, root, model.url)
        done = _sealock(root, "exec", "--sandbox", "workspace-write", "Do it", key=_KEY)
    assert (done.status, done.stdout.strip()) == (0, "All is done."), done.stderr
    return root


def test_a_run_is_replayed_without_key_provider_or_network(codex: CodexBinary, tmp_path: Path) -> None:
    root = _recorded(codex, tmp_path / "repo", _SCRIPT)
    recorded = RunStore(str(root)).manifest(RunStore(str(root)).ids()[0])

    done = _sealock(root, "replay", "last", "--format", "json")

    found = json.loads(done.stdout)["replays"][0]
    assert (done.status, found["differences"]) == (0, [])
    assert (found["requests"], found["recorded"]) == (3, 3)
    assert recorded.result is not None
    assert found["tree"] == recorded.result.tree


def test_an_exported_run_is_replayed_in_another_clone(newest_codex: CodexBinary, tmp_path: Path) -> None:
    root = _recorded(newest_codex, tmp_path / "repo", _SCRIPT)
    _sealock(root, "runs", "export", "last", "-o", str(tmp_path / "run.tar"))
    git(tmp_path, "clone", "-q", str(root), "elsewhere")

    done = _sealock(tmp_path / "elsewhere", "replay", str(tmp_path / "run.tar"))

    assert done.status == 0, done.stdout + done.stderr
    assert "the same: 3 of 3 requests" in done.stdout


def test_a_run_that_is_no_longer_the_same_ends_with_the_difference(
    newest_codex: CodexBinary, tmp_path: Path
) -> None:
    root = _recorded(newest_codex, tmp_path / "repo", [turn(run("date +%N", "c1")), _SCRIPT[2]])

    done = _sealock(root, "replay", "last")

    assert done.status == 1
    assert "request main/1 differs from the recorded one" in done.stdout
    assert ".output, from character " in done.stdout


def test_every_record_is_replayed_in_shards(newest_codex: CodexBinary, tmp_path: Path) -> None:
    root = _recorded(newest_codex, tmp_path / "repo", _SCRIPT)
    # As a killed run leaves it: begun, and never finished.
    RunStore(str(root)).begin(manifest(), Redactor({}))._lines.close()

    done = [_sealock(root, "replay", "--all", "--shard", each) for each in ("1/2", "2/2")]

    assert [each.status for each in done] == [3, 0]
    assert "could not be replayed: the run broke off" in done[0].stdout
    assert "the same: 3 of 3 requests" in done[1].stdout


def test_tests_that_rejected_a_patch_are_no_part_of_its_replay(
    newest_codex: CodexBinary, tmp_path: Path
) -> None:
    root = tmp_path / "repo"
    with scripted([turn(patch("*** Add File: note\n+a")), turn(say("All is done."))]) as model:
        _platform(newest_codex, root, model.url)
        options = ("--sandbox", "workspace-write", "--test", "false")
        assert _sealock(root, "exec", *options, "Do it", key=_KEY).status == 1

    done = _sealock(root, "replay", "last")

    assert (done.status, "the same: 2 of 2 requests" in done.stdout) == (0, True), done.stdout


def test_without_any_record_a_replay_of_all_is_no_pass(newest_codex: CodexBinary, tmp_path: Path) -> None:
    root = _platform(newest_codex, tmp_path / "repo", "http://127.0.0.1:1/v1")

    assert _sealock(root, "replay", "--all").status == 3


def test_a_record_of_an_unsealed_run_is_not_run_unasked(newest_codex: CodexBinary, tmp_path: Path) -> None:
    root = _recorded(newest_codex, tmp_path / "repo", _SCRIPT)
    store = RunStore(str(root))
    recorded = store.manifest(store.ids()[0])
    request = {**recorded.details["request"], "backend": "none"}
    # As somebody would write it who wants commands to run on the machine of the check.
    forged = msgspec.structs.replace(recorded, details={**recorded.details, "request": request})
    path = root / ".sealock/runs" / recorded.id / "manifest.json"
    path.write_bytes(msgspec.json.encode(forged))

    done = _sealock(root, "replay", "last")

    assert done.status == 1
    assert "would run here without a sandbox" in done.stderr


def test_a_run_that_ended_by_its_deadline_cannot_be_replayed(
    newest_codex: CodexBinary, tmp_path: Path
) -> None:
    root = _platform(newest_codex, tmp_path / "repo", "http://127.0.0.1:1/v1")
    last = manifest(outcome="failed", reason="it took longer", exit=AgentExit(-9, "wall"))
    RunStore(str(root)).begin(last, Redactor({})).finish(last)

    done = _sealock(root, "replay", "last")

    assert done.status == 3
    assert "the run ended by chance" in done.stderr


def test_what_was_spent_outlives_the_record(newest_codex: CodexBinary, tmp_path: Path) -> None:
    root = _recorded(newest_codex, tmp_path / "repo", _SCRIPT)
    _sealock(root, "runs", "gc", "--keep", "0")

    listed = _sealock(root, "runs")
    usage = _sealock(root, "usage", "--json")

    assert listed.stdout == "there are no records\n"
    assert json.loads(usage.stdout)["total"]["input"] == 300
    assert json.loads(usage.stdout)["budgets"][0]["of_usd"] == 0.5


def test_the_budget_of_all_runs_ends_a_run(newest_codex: CodexBinary, tmp_path: Path) -> None:
    dear = [turn(run("true", f"c{each}"), output_tokens=15_000) for each in range(9)]
    with scripted(dear) as model:
        root = _platform(newest_codex, tmp_path / "repo", model.url)
        done = [_sealock(root, "exec", "Do it", key=_KEY) for _ in range(2)]

    assert [each.status for each in done] == [1, 1]
    assert "the budget of all runs of this month ($0.50) would break" in done[1].stderr


def test_a_record_shows_each_request(newest_codex: CodexBinary, tmp_path: Path) -> None:
    root = _recorded(newest_codex, tmp_path / "repo", _SCRIPT)

    shown = _sealock(root, "runs", "show", "last").stdout

    assert "sealed by bwrap" in shown
    assert all(f"  main/{each}  200" in shown for each in range(3))
    assert "  100644 k.yaml" in shown
