"""The program that runs is the one that was pinned, and nothing else is ever started."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from sealock.chamber.codex_binary import bundled_bwrap, find, places_of
from sealock.domain.agent_run import CodexBinary
from sealock.domain.settings import CodexChoice
from sealock.errors import Refused, SealockError, Undecided, UsageError


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def program(folder: Path, says: str = "codex-cli 0.169.0", more: str = "") -> Path:
    """Write a program that says a version, and leaves a trace when it is started."""
    file = folder / "codex"
    file.write_text(f"#!/bin/sh\ntouch {folder}/started\n{more}\necho '{says}'\n")
    file.chmod(0o755)
    return file


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_every_pinned_program_is_found_by_path_and_hash(codex: CodexBinary) -> None:
    found = find(CodexChoice(codex.version, codex.path, codex.sha256))
    assert (found.version, found.sha256, found.source) == (codex.version, codex.sha256, "path")


def test_without_a_path_the_wheels_program_is_taken() -> None:
    pytest.importorskip("codex_cli_bin")
    assert (found := find(CodexChoice())).source == "wheel"
    assert found.version == "0.163.0"


def test_a_program_with_another_hash_is_refused_and_never_started(tmp_path: Path) -> None:
    file = program(tmp_path)
    with pytest.raises(Refused, match=f"has the SHA-256 {sha256(file)}, not {'0' * 64}"):
        find(CodexChoice(path=str(file), sha256="0" * 64))
    assert not (tmp_path / "started").exists()


def test_a_program_that_was_changed_since_it_was_known_is_refused(tmp_path: Path) -> None:
    file = program(tmp_path)
    pin = CodexChoice(path=str(file), sha256=sha256(file))
    assert find(pin).version == "0.169.0"
    before = file.stat()
    file.write_text(file.read_text().replace("echo", "ECHO"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(Refused):
        find(pin)


def test_what_is_known_of_a_program_is_not_asked_again(tmp_path: Path) -> None:
    file = program(tmp_path)
    first = find(CodexChoice(path=str(file)))
    (tmp_path / "started").unlink()
    assert find(CodexChoice(path=str(file))) == first
    assert not (tmp_path / "started").exists()


def test_another_version_than_the_pinned_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"is 0\.169\.0, and sealock\.yaml pins 0\.163\.0"):
        find(CodexChoice("0.163.0", str(program(tmp_path))))


def test_a_pinned_version_that_pypi_does_not_have_is_had_from_npm(tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        find(CodexChoice("0.130.0", str(program(tmp_path))))
    assert "npm install @openai/codex@0.130.0, and pin the program" in caught.value.hint
    assert "pip install" not in caught.value.hint


@pytest.mark.parametrize(
    ("says", "more", "error", "words"),
    [
        ("hello", "", Undecided, "does not say which version of Codex it is"),
        ("", "exit 3", Undecided, "does not say which version"),
    ],
)
def test_a_program_that_is_no_codex_is_said(
    tmp_path: Path, says: str, more: str, error: type[SealockError], words: str
) -> None:
    with pytest.raises(error, match=words):
        find(CodexChoice(path=str(program(tmp_path, says, more))))


def test_a_program_for_another_machine_is_said(tmp_path: Path) -> None:
    (tmp_path / "codex").write_bytes(b"\x7fELF not")
    (tmp_path / "codex").chmod(0o755)
    with pytest.raises(Undecided, match=r"does not run: .*Exec format error"):
        find(CodexChoice(path=str(tmp_path / "codex")))


def test_a_path_with_nothing_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        find(CodexChoice(path=str(tmp_path / "none")))
    assert caught.value.message.endswith("cannot be read: No such file or directory")
    assert "sealock[codex]" in caught.value.hint


def test_a_package_is_mounted_whole_and_a_program_alone(codex: CodexBinary, tmp_path: Path) -> None:
    package, inside = places_of(codex.path)
    assert str(Path(package, inside)) == codex.path
    assert Path(package, "codex-resources", "bwrap").is_file()
    alone = program(tmp_path)
    assert places_of(str(alone)) == (str(alone), "bin/codex")


def test_the_bubblewrap_of_a_package_is_found(codex: CodexBinary, tmp_path: Path) -> None:
    assert bundled_bwrap(codex).endswith("/codex-resources/bwrap")
    assert bundled_bwrap(CodexBinary(str(program(tmp_path)), "0.169.0", "")) == ""
