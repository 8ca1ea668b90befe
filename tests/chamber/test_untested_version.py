"""A version that no test ran proves itself with a canary before it runs; with the real Codex."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.chamber.cli import platform, sealock
from tests.chamber.scripted_model import say, scripted, turn

from sealock.chamber import codex_versions, version_canary

if TYPE_CHECKING:
    from pathlib import Path

    from sealock.domain.agent_run import CodexBinary, SealedCommand

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is Linux's"),
]


@pytest.fixture
def canaries(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Take the newest version for one that no test ran, and count the proofs."""
    seen = []
    prove = version_canary.prove

    def counted(command: SealedCommand, backend: str, version: str) -> None:
        seen.append(version)
        prove(command, backend, version)

    monkeypatch.setattr(version_canary, "prove", counted)
    monkeypatch.setattr(codex_versions, "TESTED", ("0.130.0",))
    return seen


def test_it_is_refused_unless_it_is_allowed(
    newest_codex: CodexBinary, tmp_path: Path, canaries: list[str]
) -> None:
    with scripted(()) as model:
        root = platform(tmp_path, newest_codex, model)
        ran = sealock("exec", "--repo", root, "--task", "fix", "Do it")
    assert (ran.status, model.requests, canaries) == (2, [], [])
    assert f"Codex {newest_codex.version} was never run by Sealock's tests" in ran.err


def test_one_that_is_sealed_runs_after_its_canary(
    newest_codex: CodexBinary, tmp_path: Path, canaries: list[str]
) -> None:
    schema = tmp_path / "schema.json"
    one = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    schema.write_text(json.dumps({**one, "additionalProperties": False}))
    with scripted((turn(say("Done.")), turn(say('{"a": 1}')))) as model:
        root = platform(tmp_path, newest_codex, model)
        options = ("--task", "fix", "--allow-untested", "--schema", schema)
        ran = sealock("exec", "--repo", root, *options, "Do it")
    assert ran.status == 0, ran.err
    # Asked again for its answer, and proven once.
    assert (len(model.requests), canaries) == (2, [newest_codex.version])


@pytest.mark.parametrize(
    ("without", "words"),
    [
        ("include_environment_context_time", "the date is told to the model"),
        ("features.goals", "the tool create_goal is offered"),
    ],
)
def test_one_that_does_not_heed_a_setting_is_not_run(  # noqa: PLR0913, PLR0917 - fixtures
    without: str,
    words: str,
    newest_codex: CodexBinary,
    tmp_path: Path,
    canaries: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    newest = codex_versions._RELEASES[-1]
    heeded = tuple(each for each in newest.settings if each.key != without)
    monkeypatch.setattr(codex_versions, "_RELEASES", (msgspec.structs.replace(newest, settings=heeded),))
    with scripted(()) as model:
        root = platform(tmp_path, newest_codex, model)
        ran = sealock("exec", "--repo", root, "--task", "fix", "--allow-untested", "Do it")
    assert (ran.status, model.requests, canaries) == (1, [], [newest_codex.version])
    assert f"Codex {newest_codex.version}, which no test of Sealock ran, is not sealed: {words}" in ran.err
