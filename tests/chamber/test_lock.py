"""`agent.lock`: written, compared, and what changed said in words; with the real Codex."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from tests.chamber.perturbations import host

from sealock.cli.main import run
from sealock.domain import agent_lock
from sealock.domain.agent_lock import AgentLock, LockChange
from sealock.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.enable_socket

_SETTINGS = """\
agent:
  fix: {model: gpt-5.5, effort: high, sandbox: workspace-write, prompt: prompts/fix.md}
  review: {model: gpt-5.5, schema: review.json}
"""
_INPUTS = st.dictionaries(st.text(min_size=1, max_size=12), st.text(max_size=20), max_size=5)
_LOCKS = st.builds(AgentLock, st.dictionaries(st.text(max_size=8), _INPUTS, max_size=3))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "platform"
    (folder / "prompts").mkdir(parents=True)
    (folder / "sealock.yaml").write_text(_SETTINGS)
    (folder / "prompts" / "fix.md").write_text("Fix what is broken.\n")
    (folder / "review.json").write_text('{"type": "object", "additionalProperties": false, "properties": {}}')
    _git(folder, "init", "-q", "-b", "main")
    _commit(folder)
    return folder


def _git(folder: Path, *argv: str) -> None:
    subprocess.run(["git", *argv], cwd=folder, env=host._GIT, check=True)


def _commit(folder: Path) -> None:
    _git(folder, "add", "--all")
    _git(folder, "commit", "-qm", "More")


def _lock(repository: Path, *more: str) -> int:
    return run(["lock", "--repo", str(repository), *more])


def test_a_repository_is_as_it_was_locked_until_something_changes(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _lock(repository) == 0
    first = (repository / "agent.lock").read_bytes()
    _commit(repository)
    capsys.readouterr()
    assert (_lock(repository, "--check"), capsys.readouterr().out) == (0, "")
    assert _lock(repository) == 0
    assert first == (repository / "agent.lock").read_bytes()


def test_what_changed_is_said_in_words(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _lock(repository)
    locked = (repository / "agent.lock").read_bytes()
    (repository / "AGENTS.md").write_text("Write little.\n")
    (repository / ".agents" / "skills" / "sing").mkdir(parents=True)
    (repository / ".agents" / "skills" / "sing" / "SKILL.md").write_text("---\nname: sing\n---\n")
    (repository / "prompts" / "fix.md").write_text("Fix it, and sing.\n")
    (repository / "sealock.yaml").write_text(_SETTINGS.replace("effort: high", "effort: low"))
    _commit(repository)
    capsys.readouterr()
    assert _lock(repository, "--check") == 1
    said = [
        line.partition(" from ")[0].partition(": 100644")[0] for line in capsys.readouterr().out.splitlines()
    ]
    assert said == snapshot(
        [
            "task fix: the reasoning effort changed",
            "task fix: the instructions file AGENTS.md is new",
            "task fix: the prompt changed",
            "task fix: the setting model_reasoning_effort changed",
            "task fix: the skill file .agents/skills/sing/SKILL.md is new",
            "task fix: the first request to the model changed",
            "task review: the instructions file AGENTS.md is new",
            "task review: the skill file .agents/skills/sing/SKILL.md is new",
            "task review: the first request to the model changed",
        ]
    )
    assert locked == (repository / "agent.lock").read_bytes()


def test_instructions_that_are_not_committed_change_nothing(repository: Path) -> None:
    _lock(repository)
    (repository / "AGENTS.md").write_text("Write little.\n")
    assert _lock(repository, "--check") == 0


def test_a_check_as_json_has_each_change(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _lock(repository)
    (repository / "sealock.yaml").write_text(_SETTINGS + "  more: {model: gpt-5.5}\n")
    capsys.readouterr()
    assert _lock(repository, "--check", "--format", "json") == 1
    found = json.loads(capsys.readouterr().out)
    assert found == {"schema": 1, "changes": [{"task": "more", "input": "", "before": None, "after": ""}]}


def test_without_a_lock_it_cannot_be_told(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _lock(repository, "--check") == 3
    assert capsys.readouterr().err == snapshot("""\
error: there is no agent.lock
  Write it and commit it: sealock lock.
""")


def test_without_the_program_it_cannot_be_told(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _lock(repository)
    codex = f"chamber: {{codex: {{path: /nowhere/codex, sha256: {'a' * 64}}}}}\n"
    (repository / "sealock.yaml").write_text(codex + _SETTINGS)
    capsys.readouterr()
    assert _lock(repository, "--check") == 3
    assert capsys.readouterr().err.splitlines()[0] == snapshot(
        "error: the Codex program /nowhere/codex cannot be read: No such file or directory"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{\n<<<<<<< ours\n", "agent.lock has conflict markers"),
        ("{\n x", "agent.lock is no JSON: Expecting property name enclosed in double quotes"),
        ('{"schema": "other"}', "it is not of the schema sealock.dev/agent-lock/v1"),
        (f'{{"schema": "{agent_lock.SCHEMA}", "tasks": {{"a": 1}}}}', "Expected `object`, got `int`"),
        (f'{{"schema": "{agent_lock.SCHEMA}", "tasks": {{"a": {{}}, "a": {{}}}}}}', "stands in it twice"),
    ],
)
def test_a_lock_that_cannot_be_read_is_a_configuration_error_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        agent_lock.decode(text)
    assert caught.value.where is not None
    assert caught.value.where.file == "agent.lock"


def test_each_input_has_a_line_of_its_own() -> None:
    lock = AgentLock({"fix": {"model": "gpt-5.5", "effort": "high"}})
    assert agent_lock.encode(lock) == snapshot("""\
{
 "schema": "sealock.dev/agent-lock/v1",
 "tasks": {
  "fix": {
   "effort": "high",
   "model": "gpt-5.5"
  }
 }
}
""")


def test_the_request_comes_last_of_what_changed() -> None:
    one = AgentLock({"a": {"request": "1", "setting x": "1", "effort": "low"}})
    other = AgentLock({"a": {"request": "2", "setting x": "2", "effort": "high"}})
    assert [each.input for each in agent_lock.changes(one, other)] == ["effort", "setting x", "request"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (LockChange("a", "codex.version", "0.163.0", "0.169.0"),
         "task a: the version of Codex changed from 0.163.0 to 0.169.0"),
        (LockChange("", "server files", None, "sha256:1"),
         "without a task: the MCP server files is new: sha256:1"),
        (LockChange("a", "hook .codex/hooks.json", "1", None),
         "task a: the hooks file .codex/hooks.json is gone; it was 1"),
        (LockChange("a", "", "", None), "task a: it is gone"),
        (LockChange("a\x1b[2J", "", None, ""), "task a\\x1b[2J: it is new"),
    ],
)  # fmt: skip
def test_a_change_is_a_sentence(change: LockChange, words: str) -> None:
    assert words == agent_lock.in_words(change)


@given(_LOCKS)
def test_a_lock_survives_being_written_and_read(lock: AgentLock) -> None:
    assert lock == agent_lock.decode(agent_lock.encode(lock))


@given(_LOCKS, _LOCKS)
def test_locks_have_changes_exactly_where_their_files_differ(one: AgentLock, other: AgentLock) -> None:
    assert bool(agent_lock.changes(one, other)) == (agent_lock.encode(one) != agent_lock.encode(other))
