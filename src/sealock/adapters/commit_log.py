"""Reads the commits of the deployed branch, as few as the question needs."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from sealock.adapters import git_program
from sealock.domain.promotion import Authored
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# The time is when the commit was made as it is: a rebase or a merge by a forge is when it landed.
_FORMAT = "--format=%H%x00%an <%ae>%x00%ct%x00%B%x00"
_FIELDS = 4
_SUBJECT = re.compile(r"(promote|rollback|hotfix)\(")
_GREP = ("--fixed-strings", "--grep=promote(", "--grep=rollback(", "--grep=hotfix(")
_PLAIN = (
    "--no-show-signature", "--no-mailmap", "--no-color", "--no-decorate", "--no-notes", "--no-ext-diff",
    "--no-textconv", "--encoding=UTF-8",
)  # fmt: skip


class GitCommitLog:
    """The history of the repository that holds the folder `root`; implements CommitLog."""

    def __init__(self, root: str) -> None:
        """Ask about the repository at `root`; nothing runs before a question."""
        self._root = root

    def promotions(self, tip: str) -> Iterator[Authored]:
        """Yield the commits up to `tip` whose subject says promote, rollback or hotfix.

        `tip` is a commit, or a range `old..new`. Raises Undecided, also where the history is cut off: after
        all that is there.
        """
        found = ["log", *_PLAIN, _FORMAT, *_GREP, "--end-of-options", tip]
        for each in self._commits([*found, "--"]):
            # Git finds it in every line of a message.
            if _SUBJECT.match(each.message):
                yield each
        self._refuse_cut(tip)

    def brought(self, tip: str, paths: Sequence[str], text: str) -> Authored | None:
        """Return the newest commit that changed how often `text` stands in `paths`; None for none.

        Paths are relative to the root. A merge counts where it differs from all that it merges. Raises
        Undecided, also where the history is cut off before an answer.
        """
        if not paths or not text:
            return None
        asked = [
            "--literal-pathspecs", "log", *_PLAIN, _FORMAT, "-s", "--diff-merges=combined", "--no-renames",
            "-O/dev/null", "--max-count=1", f"-S{text}", "--end-of-options", tip, "--", *paths,
        ]  # fmt: skip
        found = next(self._commits(asked), None)
        if found is None:
            self._refuse_cut(tip)
        elif found.commit in self._cut():
            raise _cut_off(found.commit)
        return found

    def _commits(self, arguments: Sequence[str]) -> Iterator[Authored]:
        rest = b""
        fields: list[bytes] = []
        for data in git_program.stream(self._root, arguments):
            *ended, rest = (rest + data).split(b"\0")
            fields += ended
            whole = len(fields) - len(fields) % _FIELDS
            for at in range(0, whole, _FIELDS):
                yield _commit(fields[at : at + _FIELDS])
            del fields[:whole]

    def _cut(self) -> frozenset[str]:
        """Return the commits whose parents a shallow clone lacks; none in a full one."""
        asked = ["rev-parse", "--git-path", "shallow"]
        path = os.fsdecode(git_program.output(self._root, asked)).rstrip("\n")
        try:
            return frozenset(Path(self._root, path).read_text("ascii").split())
        except FileNotFoundError:
            return frozenset()

    def _refuse_cut(self, tip: str) -> None:
        """Raise Undecided if what is looked at in `tip` goes back to where a shallow clone ends."""
        cut = self._cut()
        if not cut:
            return
        asked = ["rev-list", "--max-parents=0", "--end-of-options", tip]
        ends = git_program.output(self._root, [*asked, "--"]).decode("ascii").split()
        for each in ends:
            if each in cut:
                raise _cut_off(each)


def _cut_off(commit: str) -> Undecided:
    message = f"this is a shallow clone: its history ends at {commit[:12]}"
    return Undecided(message, hint="Run git fetch --unshallow.")


def _commit(fields: Sequence[bytes]) -> Authored:
    commit, author, time, message = (each.decode("utf-8", "replace") for each in fields)
    return Authored(commit.strip(), author, int(time), message)
