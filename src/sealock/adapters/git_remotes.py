"""Asks Git which repository this is."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from sealock.adapters import process
from sealock.adapters.git_files import git_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMEOUT_SECONDS = 60


class GitRepository:
    """The work tree at `root`; implements the Remotes port."""

    def __init__(self, root: str) -> None:
        """Ask about the work tree that holds `root`; nothing runs before a question."""
        self._root = root

    def urls(self) -> frozenset[str]:
        """Return the URLs of the remotes as configured; none outside of Git."""
        listed = self._git(["config", "--null", "--get-regexp", r"^remote\..*\.url$"])
        entries = os.fsdecode(listed or b"").split("\0")
        return frozenset(entry.partition("\n")[2] for entry in entries) - {""}

    def _git(self, arguments: Sequence[str]) -> bytes | None:
        """Return what Git prints, or None when it fails or is not there."""
        git = shutil.which("git")
        if git is None:
            return None
        # fsmonitor would run a program that the repository names.
        command = [git, "-c", "core.fsmonitor=false", "-c", "core.quotePath=false", *arguments]
        try:
            done = process.run(
                command, folder=self._root, environment=git_environment(), timeout_seconds=_TIMEOUT_SECONDS
            )
        except process.TimedOut:
            return None
        return None if done.status else done.stdout
