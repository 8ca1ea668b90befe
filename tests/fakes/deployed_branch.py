"""A deployed branch and its history in memory."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from msgspec.structs import replace

from sealock.domain.location import Location
from sealock.domain.promotion import Authored, Branch, Delivery
from sealock.domain.revision import Revision
from sealock.errors import Conflict, Refused, Undecided, UsageError
from sealock.ports import Proposed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sealock.domain.plan import FileChange

AUTHOR = "Ada <ada@example.com>"
_ACTIONS = ("promote(", "rollback(", "hotfix(")


class FakeDeployedBranch:
    """Keeps commits as trees of texts. What goes wrong is set from outside.

    `refuses` is what the other side says to every push, `unreachable` lets every question fail, `links`
    are paths that are symbolic links. `before_delivery` are states that strangers push, one before each
    delivery. `files_of` reads a tree.
    """

    def __init__(
        self,
        files: Mapping[str, str],
        *,
        branch: Branch = Branch("origin", "main"),  # noqa: B008 - frozen
        author: str = AUTHOR,
    ) -> None:
        self._branch = branch
        self._author = author
        self._trees: dict[str, dict[str, str]] = {}
        self._parents: dict[str, str] = {}
        self._commits: dict[str, tuple[Revision, Authored]] = {}
        self.branches: dict[str, str] = {}
        self.links: set[str] = set()
        self.refuses = ""
        self.unreachable = False
        self.before_delivery: list[Mapping[str, str]] = []
        self.push(files, "first")

    def push(self, files: Mapping[str, str], message: str = "change") -> str:
        """Let a stranger add a commit with these files changed; return it."""
        there = self.branches.get(self._branch.branch, "")
        before = self.files_of(self._commits[there][0].tree) if there else {}
        commit = self._add(there, self._keep({**before, **files}), message)
        self.branches[self._branch.branch] = commit
        return commit

    def files_of(self, tree: str) -> dict[str, str]:
        return dict(self._trees[tree])

    def message_of(self, commit: str) -> str:
        return self._commits[commit][1].message

    def branch(self) -> Branch:
        return self._branch

    def tip(self) -> Revision:
        self._reach()
        commit = self.branches.get(self._branch.branch)
        if commit is None:
            message = f"there is no branch {self._branch}"
            raise UsageError(message)
        return self._commits[commit][0]

    def tree(self, base: Revision, changes: Sequence[FileChange]) -> str:
        files = self.files_of(base.tree)
        for each in changes:
            self._refuse(each.path)
            if files.get(each.path) != each.before:
                message = "this file is not what it was when it was read"
                raise Conflict(message, where=Location(each.path))
            if each.after is None:
                files.pop(each.path, None)
            else:
                files[each.path] = each.after
        return self._keep(files)

    def _refuse(self, path: str) -> None:
        parts = path.split("/")
        on_the_way = {"/".join(parts[:end]) for end in range(1, len(parts) + 1)}
        if {"", ".", ".."} & set(parts) or ".git" in path.lower().split("/") or on_the_way & self.links:
            message = "no path that Sealock writes to"
            raise Refused(message, where=Location(path))

    def commit(self, base: Revision, tree: str, message: str) -> str:
        return self._add(base.commit, tree, message)

    def deliver(self, base: Revision, commit: str) -> Delivery:
        if self._parents[commit] != base.commit:
            message = "the commit was not made on the base"
            raise Conflict(message)
        if self.before_delivery:
            self.push(self.before_delivery.pop(0))
        self._reach()
        now = self.branches[self._branch.branch]
        if commit in self._up_to(now):
            return Delivery("accepted", commit)
        if now != base.commit:
            return Delivery("moved", commit)
        return self._put(self._branch.branch, commit)

    def deliver_as(self, branch: str, commit: str) -> Delivery:
        self._reach()
        if branch == self._branch.branch:
            message = "the deployed branch is only added to"
            raise Refused(message)
        return self._put(branch, commit)

    def proposed(self, base: Revision, branch: str) -> Proposed | None:
        self._reach()
        commit = self.branches.get(branch)
        parent = self._parents[commit] if commit else ""
        if commit is None or parent not in self._up_to(base.commit):
            return None
        revision, about = self._commits[commit]
        return Proposed(revision, self._commits[parent][0], about.message)

    def author(self) -> str:
        return self._author

    def promotions(self, tip: str) -> Iterator[Authored]:
        for commit in self._up_to(tip):
            found = self._commits[commit][1]
            if found.message.startswith(_ACTIONS):
                yield found

    def brought(self, tip: str, paths: Sequence[str], text: str) -> Authored | None:
        for commit in self._up_to(tip):
            parent = self._parents[commit]
            before = self._trees[self._commits[parent][0].tree] if parent else {}
            after = self._trees[self._commits[commit][0].tree]
            if any(before.get(path, "").count(text) != after.get(path, "").count(text) for path in paths):
                return self._commits[commit][1]
        return None

    def _put(self, branch: str, commit: str) -> Delivery:
        if self.refuses:
            return Delivery("refused", commit, self.refuses)
        self.branches[branch] = commit
        return Delivery("accepted", commit)

    def _reach(self) -> None:
        if self.unreachable:
            message = "the remote cannot be asked"
            raise Undecided(message)

    def _up_to(self, tip: str) -> Iterator[str]:
        while tip:
            yield tip
            tip = self._parents[tip]

    def _keep(self, files: Mapping[str, str]) -> str:
        name = _id("tree", *(text for pair in sorted(files.items()) for text in pair))
        self._trees[name] = dict(files)
        return name

    def _add(self, parent: str, tree: str, message: str) -> str:
        time = len(self._commits)
        name = _id("commit", parent, tree, message, str(time))
        self._parents[name] = parent
        self._commits[name] = Revision(name, tree), Authored(name, self._author, time, message)
        return name

    def authored_by(self, commit: str, who: str) -> None:
        """Let somebody else have made a commit."""
        revision, about = self._commits[commit]
        self._commits[commit] = revision, replace(about, author=who)


def _id(*parts: str) -> str:
    return hashlib.sha1("\0".join(parts).encode(), usedforsecurity=False).hexdigest()
