"""What the commits of a branch changed, as they came to it; and which tags there are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from sealock.adapters import git_program
from sealock.adapters.git_objects import GitObjects
from sealock.ports import Touched, TouchedFile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_FORM = (
    "-z", "--raw", "--no-abbrev", "--no-renames", "--no-ext-diff", "--no-textconv", "-O/dev/null",
    "--first-parent", "--diff-merges=first-parent", "--no-show-signature", "--no-mailmap", "--no-color",
    "--no-decorate", "--no-notes", "--relative", "--format=%H %ct",
)  # fmt: skip


class _Change(NamedTuple):
    commit: str
    time: int
    path: str
    blob: str


class GitBranchChanges:
    """The history of the repository that holds the folder `root`; implements BranchChanges, ReleaseTags."""

    def __init__(self, root: str) -> None:
        """Ask about `root`; nothing runs before a question."""
        self._root = root

    def touched(self, tip: str, files: Collection[str], commits: slice, since: str = "") -> Touched:
        """Return what the commits up to `tip` changed of `files`; `commits` says which, newest first.

        With `since`, an ancestor of `tip`, only what came after it. Raises Undecided. All changes are
        listed and picked from here: Git takes a second for each ten thousand of paths it must compare.
        """
        first, last = commits.start or 0, commits.stop
        count = [f"--skip={first}", *([f"--max-count={last - first}"] if last is not None else [])]
        until = [f"^{since}"] if since else []
        logged = git_program.output(self._root, ["log", *_FORM, *count, tip, *until, "--"])
        seen: list[tuple[str, int]] = []
        wanted = [each for each in _changes(logged, seen) if each.path in files]
        ended = last is None or len(seen) < last - first
        with GitObjects(self._root) as objects:
            blobs = dict.fromkeys(each.blob for each in wanted if each.blob)
            texts = {name: content.decode("utf-8", "replace") for name, content in objects.read_all(blobs)}
        return Touched(
            tuple(
                TouchedFile(each.commit, each.time, each.path, texts.get(each.blob, "")) for each in wanted
            ),
            seen[-1][1] if seen else 0,
            ended,
            self._cut_off() if ended and not since else "",
        )

    def _cut_off(self) -> str:
        shallow = git_program.output(self._root, ["rev-parse", "--is-shallow-repository"]).strip() == b"true"
        return "this is a shallow clone" if shallow else ""

    def is_ancestor(self, one: str, other: str) -> bool:
        """Say whether `other` has the commit `one` in its history; no for one that is not here."""
        return git_program.run(self._root, ["merge-base", "--is-ancestor", one, other]).status == 0

    def commits(self) -> dict[str, str]:
        """Return the commit of each tag by the tag's name. Raises Undecided."""
        form = "--format=%(refname:lstrip=2)%00%(objectname)%00%(*objectname)"
        listed = os.fsdecode(git_program.output(self._root, ["for-each-ref", form, "refs/tags/"]))
        found = {}
        for line in listed.splitlines():
            name, own, peeled = line.split("\0")
            found[name] = peeled or own
        return found


def _changes(logged: bytes, seen: list[tuple[str, int]]) -> Iterator[_Change]:
    """Yield what `git log -z --raw` says, and put each commit with its time into `seen`."""
    fields = iter(os.fsdecode(logged).split("\0"))
    commit, time = "", 0
    for field in fields:
        about = field.lstrip("\n")
        if about.startswith(":"):
            mode, _, blob, _, _ = about.split(" ")
            path = next(fields)
            was_file = mode.startswith(":10")
            yield _Change(commit, time, path, blob if was_file else "")
        elif about:
            commit, _, when = about.partition(" ")
            time = int(when)
            seen.append((commit, time))
