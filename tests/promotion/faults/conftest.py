"""What the tests of faults share: a repository alone, and a clone with its remote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.fakes.git_repositories import ENVIRONMENT, new_repository, publish

if TYPE_CHECKING:
    from pathlib import Path

FILES = {"a.yaml": "one\n", "b.yaml": "two\n", "folder/c.yaml": "three\n"}


@pytest.fixture(autouse=True)
def somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's own Git configuration has a say."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """Make a repository without a remote."""
    root = tmp_path / "alone"
    new_repository(root, FILES)
    return root


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Make a clone of the bare repository `remote.git` beside it."""
    root = tmp_path / "clone"
    new_repository(root, FILES)
    publish(root, tmp_path / "remote.git")
    return root


@pytest.fixture
def bare(clone: Path) -> Path:
    """Return the remote of `clone`."""
    return clone.parent / "remote.git"
