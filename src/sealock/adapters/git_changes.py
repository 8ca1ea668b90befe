"""Asks Git what changed since a revision, and which repository this is."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from sealock.adapters import process
from sealock.adapters.git_files import git_environment
from sealock.domain.printable import printable
from sealock.errors import Undecided, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMEOUT_SECONDS = 60


class GitRepository:
    """The work tree at `root`; implements the ChangedFiles and Remotes ports."""

    def __init__(self, root: str) -> None:
        """Ask about the work tree that holds `root`; nothing runs before a question."""
        self._root = root

    def since(self, revision: str) -> frozenset[str]:
        """Return the paths below the root that differ from `revision`, uncommitted and new ones included.

        Raises UsageError for an unknown revision, Undecided when Git cannot answer.
        """
        if (
            self._git(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"])
            is None
        ):
            message = f"{printable(revision)!r} is no commit of this repository"
            raise UsageError(
                message, hint="In CI, fetch it first: a shallow clone has only the newest commits."
            )
        against = ["diff", "--name-only", "--no-renames", "--no-ext-diff", "--relative", "-z"]
        changed = self._git([*against, "--end-of-options", revision, "--"])
        new = self._git(["ls-files", "--others", "--exclude-standard", "-z"])
        if changed is None or new is None:
            message = "Git cannot say what changed"
            raise Undecided(message, hint="Run `git status` here, and mend what it reports.")
        return frozenset(os.fsdecode(changed + new).split("\0")) - {""}

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
