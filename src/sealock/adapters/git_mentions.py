"""Finds the files of a revision that hold some text, without reading them here."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sealock.adapters import git_program

if TYPE_CHECKING:
    from collections.abc import Collection

    from sealock.domain.revision import Revision

_NO_MATCH = 1


class GitMentions:
    """Searches one revision of the repository that holds the folder `root`."""

    def __init__(self, root: str, revision: Revision) -> None:
        """Search `revision`; nothing runs before a question."""
        self._root = root
        self._revision = revision

    def __call__(self, texts: Collection[str]) -> tuple[str, ...]:
        """Return the files that hold one of `texts`, sorted. Raises Undecided."""
        wanted = sorted(each for each in texts if each and "\n" not in each)
        if not wanted:
            return ()
        patterns = [part for each in wanted for part in ("-e", each)]
        arguments = [
            "grep",
            "-z",
            "-l",
            "-F",
            "-I",
            "--no-color",
            "--full-name",
            *patterns,
            self._revision.tree,
            "--",
            ":/",
        ]
        done = git_program.run(self._root, arguments)
        if done.status not in {0, _NO_MATCH}:
            git_program.fail("grep", done.stderr)
        prefix = f"{self._revision.tree}:"
        listed = os.fsdecode(done.stdout).split("\0")
        return tuple(sorted(each.removeprefix(prefix) for each in listed if each))
