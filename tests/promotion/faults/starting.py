"""Starts promoters, and says what must hold of a repository afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.fakes.git_repositories import git

PROJECT = Path(__file__).parents[3]
DEADLINE_SECONDS = 60


def start(root: Path, path: str, text: str, *attempts: str, **variables: str) -> subprocess.Popen[str]:
    """Start a promoter; `variables` are added to its environment."""
    module = "tests.promotion.faults.promoter"
    return subprocess.Popen(
        [sys.executable, "-m", module, str(root), path, text, *attempts],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT / "src"), **variables},
        start_new_session=True,
    )


def promote(root: Path, path: str, text: str, **variables: str) -> tuple[int, str]:
    """Run a promoter to its end; return its exit status, negative for a signal, and what it says."""
    with start(root, path, text, "20", **variables) as process:
        said, _ = process.communicate(timeout=DEADLINE_SECONDS)
        return process.returncode, said.strip()


def subjects(root: Path, branch: str = "main") -> list[str]:
    """Return the subjects on the branch that promotions have, oldest first."""
    listed = git(root, "log", "--reverse", "--format=%s", branch).splitlines()
    return [each for each in listed if each.startswith("promote")]


def sound(root: Path) -> bool:
    """Say whether all that any ref names is there and whole. Loose ends are nobody's harm."""
    git(root, "fsck", "--no-dangling", "--no-progress")
    return True


def stale_locks(root: Path) -> list[Path]:
    """Return the lock files that a killed Git left; a person removes them, as Git says."""
    return [each for each in root.rglob("*.lock") if each.is_file()]
