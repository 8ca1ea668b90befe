"""`sealock exec` from a task to an exit code; `--dry-run` and `--advise` start nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot
from tests.chamber.cli import KEY, platform, sealock
from tests.chamber.scripted_model import Turn, loop, patch, refusal, run, say, scripted, turn
from tests.chamber.sealed import git, running, until

if TYPE_CHECKING:
    from pathlib import Path

    from sealock.domain.agent_run import CodexBinary

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is Linux's"),
]

DONE = (turn(run("cat services.yaml")), turn(patch("*** Add File: k.yaml\n+x")), turn(say("All done.")))
FILES = {"services.yaml": "services: {}\n"}


def test_a_run_answers_on_stdout_and_leaves_a_tree(codex: CodexBinary, tmp_path: Path) -> None:
    with scripted(DONE) as model:
        root = platform(tmp_path, codex, model, FILES)
        ran = sealock("exec", "--repo", root, "--task", "fix", "Do it")
        keys = {each.headers["authorization"] for each in model.requests}
    assert ran.status == 0, ran.err
    assert ran.out == "All done.\n"
    (tree,) = [line.split()[-1] for line in ran.err.splitlines() if " changed: tree " in line]
    assert git(root, "diff-tree", "--name-status", "HEAD", tree) == "A\tk.yaml"
    assert keys == {f"Bearer {KEY}"}
    assert git(root, "status", "--porcelain", "--untracked-files=no") == ""


def test_the_result_as_json_says_all_of_it(newest_codex: CodexBinary, tmp_path: Path) -> None:
    with scripted(DONE) as model:
        root = platform(tmp_path, newest_codex, model, FILES)
        ran = sealock("exec", "--repo", root, "--task", "fix", "--format", "json", "Do it")
    said = json.loads(ran.out)["run"]
    assert (said["outcome"], said["sealed"], said["final_message"]) == ("done", True, "All done.")
    assert said["usage"] == {"input": 300, "cached_input": 0, "output": 30, "reasoning": 0}
    assert [each["path"] for each in said["result"]["changed"]] == ["k.yaml"]
    assert said["codex"]["sha256"] == newest_codex.sha256


def test_the_same_run_has_the_same_action_anywhere(newest_codex: CodexBinary, tmp_path: Path) -> None:
    actions = []
    with scripted(()) as model:
        root = platform(tmp_path, newest_codex, model, FILES)
        for prompt in ("Do it", "Do it", "Do that"):
            options = ("--repo", root, "--task", "fix", "--dry-run", "--format", "json")
            actions.append(json.loads(sealock("exec", *options, prompt).out)["action"])
    assert (actions[0] == actions[1], actions[0] == actions[2]) == (True, False)


def test_a_dry_run_prints_what_would_be_started_and_asks_nobody(codex: CodexBinary, tmp_path: Path) -> None:
    with scripted(()) as model:
        root = platform(tmp_path, codex, model, FILES)
        options = ("--repo", root, "--task", "fix", "--dry-run")
        ran = sealock("exec", *options, "Do it")
        plan = json.loads(sealock("exec", *options, "--format", "json", "Do it").out)
        assert model.requests == []
    assert ran.status == 0, ran.err
    assert "\nenvironment (all of it)\n" in ran.out
    assert "  /etc/codex  masked: empty, whatever the machine has there\n" in ran.out
    assert "(made for each run)" in plan["environment"].values()
    assert plan["argv"][1] == "exec"
    assert plan["prompt"] == "Do it"
    assert KEY not in ran.out + json.dumps(plan)
    assert not (root / ".sealock").exists()


def test_a_file_that_is_protected_refuses_the_run(newest_codex: CodexBinary, tmp_path: Path) -> None:
    script = (turn(patch("*** Add File: .github/workflows/x.yml\n+x")), turn(say("Harmless.")))
    with scripted(script) as model:
        root = platform(tmp_path, newest_codex, model, FILES)
        ran = sealock("exec", "--repo", root, "--task", "fix", "-o", tmp_path / "out", "Do it")
    assert ran.status == 1
    assert "refused: it changed .github/workflows/x.yml: it is protected" in ran.err
    assert not (tmp_path / "out").exists()


def test_without_a_sandbox_the_record_says_unsealed(newest_codex: CodexBinary, tmp_path: Path) -> None:
    with scripted(DONE) as model:
        root = platform(tmp_path, newest_codex, model, FILES)
        ran = sealock("exec", "--repo", root, "--task", "fix", "--unsealed", "Do it")
    assert ran.status == 0, ran.err
    (manifest,) = (root / ".sealock/runs").glob("*/manifest.json")
    said = json.loads(manifest.read_text())
    assert (said["backend"], said["sealed"]) == ("none", False)
    assert "done (unsealed)" in ran.err


@pytest.mark.parametrize(
    ("script", "status", "words"),
    [
        ((turn(),), 1, "refused: it gave no answer"),
        ((refusal(401, "invalid_api_key", "Wrong key"),), 3, "failed: "),
        ((turn(say("x"), fault="cut before"),) * 9, 3, "failed: "),
        ((turn(say("x"), fault="failed"),), 3, "failed: "),
    ],
)
def test_how_a_run_ends_is_its_exit_code(
    newest_codex: CodexBinary, tmp_path: Path, script: tuple[Turn, ...], status: int, words: str
) -> None:
    with scripted(script) as model:
        root = platform(tmp_path, newest_codex, model, FILES)
        ran = sealock("exec", "--repo", root, "--task", "review", "Look")
    assert ran.status == status, ran.err
    assert words in ran.err


def test_a_loop_of_tool_calls_ends_at_its_limit(newest_codex: CodexBinary, tmp_path: Path) -> None:
    with scripted(loop()) as model:
        root = platform(tmp_path, newest_codex, model, FILES)
        config = json.loads((root / "sealock.yaml").read_text())
        config["agent"]["review"]["turns"] = 3
        (root / "sealock.yaml").write_text(json.dumps(config))
        ran = sealock("exec", "--repo", root, "--task", "review", "Look")
    assert (ran.status, len(model.requests)) == (1, 3)
    assert "refused: " in ran.err


def test_a_deadline_is_its_own_outcome(newest_codex: CodexBinary, tmp_path: Path) -> None:
    with scripted((turn(run("sleep 100", yield_time_ms=30_000)),)) as model:
        root = platform(tmp_path, newest_codex, model, FILES)
        config = json.loads((root / "sealock.yaml").read_text())
        config["agent"]["review"]["deadline"] = "2s"
        (root / "sealock.yaml").write_text(json.dumps(config))
        ran = sealock("exec", "--repo", root, "--task", "review", "Look")
    assert ran.status == 3
    assert "failed: it took longer than its deadline" in ran.err


def test_no_record_is_kept_where_none_is_wanted(newest_codex: CodexBinary, tmp_path: Path) -> None:
    with scripted(DONE) as model:
        root = platform(tmp_path, newest_codex, model, FILES)
        assert sealock("exec", "--repo", root, "--task", "fix", "--no-record", "Do it").status == 0
    assert [each.name for each in (root / ".sealock").iterdir()] == ["usage.jsonl"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--task", "fx", "x"), "error: sealock.yaml has no agent task 'fx'\n  Did you mean `fix`?\n"),
        (("--task", "fix"), "error: nothing is asked\n"),
        (("--task", "fix", " "), "error: nothing is asked\n"),
        (("--backend", "none", "x"), "error: the backend none seals nothing\n  Say so: --unsealed.\n"),
        (("--task", "fix", "--base", "nowhere", "x"), "names no commit in the repository"),
        (("--task", "fix", "-o", "/nowhere/at/all", "x"), "cannot be written"),
    ],
)
def test_mistakes_of_the_command_line_are_said(
    newest_codex: CodexBinary, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    with scripted((turn(say("ok")),)) as model:
        root = platform(tmp_path, newest_codex, model, FILES)
        ran = sealock("exec", "--repo", root, *options)
    assert ran.status == 2, ran.err
    assert message in ran.err


def test_a_missing_key_is_said_before_anything_runs(newest_codex: CodexBinary, tmp_path: Path) -> None:
    with scripted(()) as model:
        root = platform(tmp_path, newest_codex, model, FILES)
        (tmp_path / "key").unlink()
        ran = sealock("exec", "--repo", root, "--task", "fix", "x")
    assert (ran.status, len(model.requests)) == (2, 0)
    assert "cannot be read: No such file or directory" in ran.err


def test_another_program_than_the_pinned_one_is_not_run(newest_codex: CodexBinary, tmp_path: Path) -> None:
    with scripted(()) as model:
        root = platform(tmp_path, newest_codex, model, FILES)
        config = (root / "sealock.yaml").read_text()
        (root / "sealock.yaml").write_text(config.replace(newest_codex.sha256, "0" * 64))
        ran = sealock("exec", "--repo", root, "--task", "fix", "x")
    assert (ran.status, len(model.requests)) == (1, 0)
    assert "It is not the one that was pinned" in ran.err


def test_advice_follows_the_decision_framework(tmp_path: Path) -> None:
    ran = sealock("exec", "--repo", tmp_path, "--advise", "--needs", "writes", "--needs", "structured")
    assert (ran.status, ran.out.splitlines()[::2][:3], ran.out.splitlines()[-1]) == snapshot(
        (
            0,
            [
                "Does it write files? yes → sandbox: workspace-write",
                "Does it need the network? no → none but the model",
                "Is its answer read by a program? yes → schema: a JSON Schema, validated by Sealock as well",
            ],
            "sandbox: workspace-write",
        )
    )


@pytest.mark.parametrize(
    ("needs", "status", "sandbox"),
    [((), 0, "read-only"), (("writes",), 0, "workspace-write"), (("writes", "network"), 1, "")],
)
def test_advice_as_json(tmp_path: Path, needs: tuple[str, ...], status: int, sandbox: str) -> None:
    options = [part for need in needs for part in ("--needs", need)]
    ran = sealock("exec", "--repo", tmp_path, "--advise", "--format", "json", *options)
    assert (ran.status, json.loads(ran.out)["sandbox"]) == (status, sandbox)


def test_an_interrupt_ends_the_run_and_its_record_says_so(newest_codex: CodexBinary, tmp_path: Path) -> None:
    with scripted((turn(run("sleep 7531906", yield_time_ms=60_000)),)) as model:
        root = platform(tmp_path, newest_codex, model, FILES)
        argv = [sys.executable, "-m", "sealock", "exec", "--repo", str(root), "--task", "review", "Look"]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as sealock_itself:
            assert until(lambda: bool(running("7531906")))
            sealock_itself.send_signal(signal.SIGINT)
            assert sealock_itself.wait(30) == 130
    assert until(lambda: not running("7531906"))
    (manifest,) = (root / ".sealock/runs").glob("*/manifest.json")
    said = json.loads(manifest.read_text())
    assert (said["outcome"], said["reason"]) == ("failed", "it was interrupted")
