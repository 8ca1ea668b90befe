"""The deployed branch as this clone knows it: nothing is fetched, nobody is asked."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from sealock.adapters import git_program
from sealock.adapters.git_remote import Repository, read_repository
from sealock.domain.printable import printable
from sealock.domain.promotion import Branch
from sealock.domain.promotion_branch import PREFIX
from sealock.domain.revision import Revision
from sealock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

_USUAL = ("main", "master")


class KnownBranch:
    """The deployed branch of the repository that holds the folder `root`, from its own refs."""

    def __init__(self, root: str, *, remote: str = "", branch: str = "") -> None:
        """Look for `branch` of `remote`, where `.` is this repository; empty ones follow from the clone."""
        self._root = root
        self._wanted = Branch(remote, branch)

    @cached_property
    def _repository(self) -> Repository:
        return read_repository(self._root)

    @cached_property
    def _remote(self) -> str:
        return self._repository.choose_remote(self._wanted.remote)

    @cached_property
    def _refs(self) -> dict[str, tuple[str, str]]:
        """Commit, and what it stands for if anything, of each branch by its name there."""
        below = f"refs/remotes/{self._remote}/" if self._remote else "refs/heads/"
        form = "--format=%(refname)%00%(objectname)%00%(symref)"
        listed = os.fsdecode(git_program.output(self._root, ["for-each-ref", form, below]))
        found = {}
        for line in listed.splitlines():
            name, commit, symbolic = line.split("\0")
            found[name.removeprefix(below)] = commit, symbolic.removeprefix(below)
        return found

    @cached_property
    def _name(self) -> str:
        """The branch's name; the remote's HEAD, else the one that is followed here, else a usual one."""
        if self._wanted.branch:
            return self._wanted.branch
        candidates = self._candidates()
        return next((each for each in candidates if each in self._refs), "")

    def _candidates(self) -> Iterable[str]:
        if not self._remote:
            return (self._repository.head,)
        head = self._refs.get("HEAD", ("", ""))[1]
        return filter(None, (head, self._repository.followed_branch(self._remote), *_USUAL))

    def branch(self) -> Branch:
        """Return which branch of which remote it is. Raises UsageError where that is not clear, Undecided."""
        if not self._name:
            what = f"{printable(self._remote)} has no branch here" if self._remote else "HEAD is detached"
            message = f"{what}, so the deployed branch is not known"
            raise UsageError(message, hint="Fetch it with --fetch, or name it with --branch.")
        return Branch(self._remote, self._name)

    def tip(self) -> Revision:
        """Return its newest commit that is here. Raises UsageError for none, Undecided."""
        commit, repository = self._commit(), self._repository
        path = repository.prefix
        asked = ["rev-parse", "--verify", "--quiet", f"{commit}:{path}" if path else f"{commit}^{{tree}}"]
        found = git_program.run(self._root, asked).stdout.decode("ascii").strip()
        # Before a folder was made it was empty.
        return Revision(commit, found or repository.empty_tree)

    def _commit(self) -> str:
        branch = self.branch()
        found = self._refs.get(branch.branch)
        if found is None:
            message = f"{printable(str(branch), 200)} is not known here"
            raise UsageError(message, hint="Fetch it with --fetch, or name another with --branch.")
        return found[0]

    def waiting(self) -> tuple[str, ...]:
        """Return the names of the branches with promotions that wait, as this clone knows them."""
        return tuple(name for name in self._refs if name.startswith(PREFIX))
