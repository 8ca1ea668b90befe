"""A run while it goes on: on a terminal, in the logs of CI, as lines of JSON."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import jsonschema_rs
import pytest
from tests.chamber.cli import platform, sealock
from tests.chamber.scripted_model import patch, run, say, scripted, turn

from sealock.domain.agent_events import json_schema

if TYPE_CHECKING:
    from pathlib import Path

    from tests.chamber.cli import Ran

    from sealock.domain.agent_run import CodexBinary

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is Linux's"),
]

SCRIPT = (
    turn(run("printf '::error::planted\\n\\033[2J'; exit 3")),
    turn(patch("*** Add File: k.yaml\n+x: 1")),
    turn(say("::set-env name=A::b\nAll done.")),
)


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.delenv("GITLAB_CI", raising=False)


def ran(codex: CodexBinary, folder: Path, *options: str) -> Ran:
    with scripted(SCRIPT) as model:
        root = platform(folder, codex, model)
        return sealock("exec", "--repo", root, "--task", "fix", *options, "Do it.")


def test_every_line_of_json_is_of_the_schema_and_the_last_is_the_result(
    codex: CodexBinary, tmp_path: Path
) -> None:
    *events, result = [
        json.loads(line) for line in ran(codex, tmp_path, "--format", "jsonl").out.splitlines()
    ]
    validator = jsonschema_rs.validator_for(json_schema())
    for each in events:
        validator.validate(each)
    kinds = [each["type"] for each in events]
    assert (kinds[0], kinds[-1], "unknown" in kinds) == ("started", "finished", False)
    assert {"command-started", "command-ended", "edited", "said"} <= set(kinds)
    assert (result["type"], result["run"]["outcome"]) == ("result", "done")


def test_a_log_says_what_happens_line_by_line(newest_codex: CodexBinary, tmp_path: Path) -> None:
    said = ran(newest_codex, tmp_path)
    assert "s] edits +k.yaml" in said.err
    assert "ended with 3" in said.err
    assert "\x1b" not in said.err
    assert said.out == "::set-env name=A::b\nAll done.\n"


def test_quiet_shows_the_result_alone(newest_codex: CodexBinary, tmp_path: Path) -> None:
    assert ran(newest_codex, tmp_path, "--quiet").err.startswith("done\n")


def test_github_obeys_nothing_that_the_agent_says(
    newest_codex: CodexBinary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    said = ran(newest_codex, tmp_path)
    for text in (said.err, said.out):
        token = ""
        for line in text.splitlines():
            if not token and line.startswith("::stop-commands::"):
                token = line.removeprefix("::stop-commands::")
            elif token and line == f"::{token}::":
                token = ""
            elif not token:
                assert not line.startswith("::") or line.startswith(("::group::[", "::endgroup::")), line
    assert "::error::planted" in said.err
    assert "::set-env" in said.out


def test_a_terminal_shows_what_happens_now(newest_codex: CodexBinary, tmp_path: Path) -> None:
    with scripted(SCRIPT) as model:
        root = platform(tmp_path, newest_codex, model)
        ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "sealock", "exec", "--repo", str(root), "--task", "fix", "Do it."]
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "PYTHONPATH": "src"}
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs, env=environment) as process:
            os.close(theirs)
            shown = b""
            try:
                while part := os.read(ours, 65536):
                    shown += part
            except OSError:
                pass  # the other end is closed
        os.close(ours)
    assert process.returncode == 0
    assert b"edits +k.yaml" in shown
    assert b"\x1b[2J" not in shown
