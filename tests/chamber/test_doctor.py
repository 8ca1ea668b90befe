"""`sealock doctor` on this machine, and on ones that lack something."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import TYPE_CHECKING

import pytest
from tests.chamber.cli import platform, sealock
from tests.chamber.scripted_model import scripted
from tests.chamber.sealed import repository

if TYPE_CHECKING:
    from pathlib import Path

    from sealock.domain.agent_run import CodexBinary

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is Linux's"),
]


def states(out: str) -> dict[str, str]:
    return {each["name"]: each["state"] for each in json.loads(out)["examined"]}


def test_the_sandbox_is_tried_for_real(codex: CodexBinary, tmp_path: Path) -> None:
    with scripted(()) as model:
        root = platform(tmp_path, codex, model)
        ran = sealock("doctor", "--repo", root, "--format", "json")
    found = states(ran.out)
    assert (ran.status, found["Codex"], found["Sandbox"]) == (0, "fine", "fine"), ran.out


def test_a_sandbox_that_cannot_start_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "package"
    (package / "bin").mkdir(parents=True)
    (package / "codex-resources").mkdir()
    bwrap = package / "codex-resources" / "bwrap"
    bwrap.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2; exit 1\n")
    bwrap.chmod(0o755)
    (package / "bin" / "codex").write_text("#!/bin/sh\necho codex-cli 0.169.0\n")
    (package / "bin" / "codex").chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    sha256 = hashlib.sha256((package / "bin" / "codex").read_bytes()).hexdigest()
    pin = {"path": str(package / "bin" / "codex"), "sha256": sha256}
    root = repository(tmp_path / "r", {"sealock.yaml": json.dumps({"chamber": {"codex": pin}})})
    ran = sealock("doctor", "--repo", root)
    assert ran.status == 1
    assert "BROKEN   Sandbox: the sandbox does not work: bwrap: setting up uid map" in ran.out
    assert "User namespaces are not permitted" in ran.out


def test_what_is_planted_is_found(
    newest_codex: CodexBinary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / ".codex").mkdir(parents=True)
    (home / ".codex" / "AGENTS.md").write_text("planted")
    (home / ".agents/skills/x").mkdir(parents=True)
    (home / ".agents/skills/x/SKILL.md").write_text("planted")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("CODEX_HOME", raising=False)
    with scripted(()) as model:
        root = platform(tmp_path, newest_codex, model)
        ran = sealock("doctor", "--repo", root)
    assert ran.status == 0, ran.out
    for place in (home / ".codex/AGENTS.md", home / ".agents/skills/x/SKILL.md"):
        assert f"{place} (kept out of sealed runs: " in ran.out


def test_the_exit_code_of_a_machine_without_codex(tmp_path: Path) -> None:
    pin = {"path": str(tmp_path / "none"), "sha256": "0" * 64}
    root = repository(tmp_path / "r", {"sealock.yaml": json.dumps({"chamber": {"codex": pin}})})
    ran = sealock("doctor", "--repo", root, "--format", "json")
    assert (ran.status, states(ran.out)["Codex"]) == (1, "missing")
