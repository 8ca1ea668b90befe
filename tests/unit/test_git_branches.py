"""Which branches the checked files stand for."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from sealock.adapters.git_branches import GitBranches

if TYPE_CHECKING:
    from pathlib import Path


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True, timeout=60)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "change")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "first")
    return tmp_path


def test_a_remote_tells_its_default_branch(root: Path) -> None:
    git(root, "update-ref", "refs/remotes/origin/release/next", "HEAD")
    git(root, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/release/next")
    assert GitBranches(str(root)).checked() == {"change", "release/next"}


def test_without_a_remote_the_usual_names_are_taken(root: Path) -> None:
    assert GitBranches(str(root)).checked() == {"change", "main", "master"}


def test_a_detached_head_has_no_branch_of_its_own(root: Path) -> None:
    git(root, "checkout", "-q", "--detach")
    assert GitBranches(str(root)).checked() == {"main", "master"}


def test_outside_of_git_the_usual_names_are_taken(tmp_path: Path) -> None:
    assert GitBranches(str(tmp_path)).checked() == {"main", "master"}
