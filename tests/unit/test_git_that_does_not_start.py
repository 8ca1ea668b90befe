"""A Git that is there and does not start is said, wherever it is asked; nobody sees a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sealock.adapters import git_files, git_program
from sealock.adapters.git_objects import GitObjects
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize(
    "ask",
    [
        lambda root: git_program.output(root, ["status"]),
        lambda root: list(git_program.stream(root, ["log"])),
        lambda root: GitObjects(root).find("HEAD"),
        git_files.list_files,
    ],
)
def test_it_is_said(ask: Callable[[str], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "git"
    program.write_bytes(b"\0 no program")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Undecided, match="git cannot be started: Exec format error"):
        ask(str(tmp_path))
