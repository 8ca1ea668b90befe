"""Asks Git which branches the checked files stand for."""

from __future__ import annotations

import os

from sealock.adapters import git_program
from sealock.errors import Undecided

_USUAL = frozenset({"main", "master"})


class GitBranches:
    """The repository that holds the folder `root`; implements the Branches port."""

    def __init__(self, root: str) -> None:
        """Ask about `root`; nothing runs before the question."""
        self._root = root

    def checked(self) -> frozenset[str]:
        """Return the branch that is checked out, and the default branches of the remotes.

        A change is checked as it will be once merged into the default branch. Where no remote tells
        which that is, as in CI, it is taken to be `main` or `master`.
        """
        defaults = {name.partition("/")[2] for name in self._lines(*_DEFAULTS)} - {""}
        return frozenset(self._lines(*_CURRENT)) | (defaults or _USUAL)

    def _lines(self, *arguments: str) -> list[str]:
        try:
            done = git_program.run(self._root, arguments)
        except Undecided:
            return []
        return [] if done.status else os.fsdecode(done.stdout).split("\n")[:-1]


_CURRENT = ("symbolic-ref", "--quiet", "--short", "HEAD")
_DEFAULTS = ("for-each-ref", "--format=%(symref:lstrip=2)", "refs/remotes/*/HEAD")
