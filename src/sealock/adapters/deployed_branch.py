"""The branch that Argo CD deploys from, by the user's own Git."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from sealock.adapters import git_program, git_push, git_write
from sealock.adapters.git_checkout import move_here
from sealock.adapters.git_objects import GitObjects
from sealock.adapters.git_push import Deadlines, Push, Standing
from sealock.adapters.git_remote import Repository, read_repository
from sealock.domain.printable import printable
from sealock.domain.promotion import Branch, Delivery
from sealock.domain.revision import Revision
from sealock.errors import Conflict, Refused, Undecided, UsageError
from sealock.ports import Proposed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sealock.adapters.process import Completed
    from sealock.domain.plan import FileChange

_USUAL = ("main", "master")
_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_HEADS = "refs/heads/"
_MOST_FETCHES = 3
_MOST_LEVELS = 64


class Known(NamedTuple):
    """What is read of a repository for several questions: its objects by one process, and about itself."""

    objects: GitObjects
    repository: Callable[[], Repository]
    author: Callable[[], str]


class GitDeployedBranch:
    """A branch of a remote, or of the repository at `root` where it has none; implements DeployedBranch.

    A `remote` of `.` is this repository. With a remote the work tree, the index, HEAD and the branches
    here are never touched; what is known of the remote's branches may move.
    """

    def __init__(
        self,
        root: str,
        *,
        remote: str = "",
        branch: str = "",
        deadlines: Deadlines | None = None,
        known: Known | None = None,
    ) -> None:
        """Use the repository that holds the folder `root`; nothing runs before a question.

        `known` is what somebody else reads of it anyway.
        """
        self.root = os.path.realpath(root)
        self._known = known
        self._wanted = Branch(remote, branch)
        self._deadlines = deadlines or Deadlines()
        self._asked: dict[str, str] = {}
        self._commits: set[tuple[str, str]] = set()

    @cached_property
    def _repository(self) -> Repository:
        return self._known.repository() if self._known else read_repository(self.root)

    @contextmanager
    def _objects(self) -> Iterator[GitObjects]:
        if self._known:
            yield self._known.objects
            return
        with GitObjects(self.root) as objects:
            yield objects

    def branch(self) -> Branch:
        """Return which branch of which remote it is. Raises UsageError where that is not clear, Undecided."""
        return self._branch

    @cached_property
    def _branch(self) -> Branch:
        remote = self._repository.choose_remote(self._wanted.remote)
        name = self._wanted.branch
        if name:
            self._refuse_name(name)
        elif remote:
            name = self._default_of(remote)
        elif self._repository.head:
            name = self._repository.head
        else:
            message = "HEAD is detached, so no branch says where to write"
            raise UsageError(message, hint="Name the branch: promotion.branch in sealock.yaml.")
        return Branch(remote, name)

    def _refuse_name(self, name: str) -> None:
        done = git_program.run(self.root, ["check-ref-format", f"{_HEADS}{name}"])
        if done.status or not name.isprintable():
            message = f"{printable(name)!r} is no name of a branch"
            raise UsageError(message, hint="Name it as `git branch` does: main.")

    def _default_of(self, remote: str) -> str:
        """Return the branch that the remote's HEAD names, else the one followed here, else a usual one."""
        followed = self._repository.followed_branch(remote)
        names = list(dict.fromkeys(filter(None, (followed, *_USUAL))))
        found = self._ask(remote, ["HEAD", *(f"{_HEADS}{name}" for name in names)])
        self._asked = found
        head = found.get("HEAD", "")
        if head.startswith(_HEADS):
            return head.removeprefix(_HEADS)
        for name in names:
            if f"{_HEADS}{name}" in found:
                return name
        message = f"{printable(remote)} does not say which of its branches is the deployed one"
        raise UsageError(message, hint="Name the branch: promotion.branch in sealock.yaml.")

    def tip(self) -> Revision:
        """Return its newest commit, asked of the remote, with its objects here.

        Raises Undecided when the remote cannot be asked, UsageError for no such branch.
        """
        branch = self.branch()
        known, self._asked = self._asked.get(f"{_HEADS}{branch.branch}"), {}
        for _ in range(_MOST_FETCHES):
            commit = known or self._newest(branch)
            known = None
            if commit is None:
                message = f"there is no branch {printable(str(branch))}"
                raise UsageError(message, hint="Name the branch: promotion.branch in sealock.yaml.")
            found = self._with_objects(commit, branch)
            if found:
                return found
        message = f"{printable(str(branch))} moves faster than it can be fetched"
        raise Undecided(message, hint="Run it again.")

    def _newest(self, branch: Branch) -> str | None:
        """Return the commit that the branch is at now; None for no such branch."""
        ref = f"{_HEADS}{branch.branch}"
        if not branch.remote:
            return self._resolve(ref)
        return self._ask(branch.remote, [ref]).get(ref)

    def _resolve(self, ref: str) -> str | None:
        done = git_program.run(self.root, ["rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}"])
        if done.status not in {0, 1}:
            git_program.fail("rev-parse", done.stderr)
        return done.stdout.decode("ascii").strip() or None

    def _ask(self, remote: str, refs: Sequence[str]) -> dict[str, str]:
        """Return the ids of those `refs` that the remote has; for HEAD the ref that it stands for."""
        options = ["--symref"] if "HEAD" in refs else ["--heads"]
        arguments = ["ls-remote", *options, "--", self._repository.asked(remote), *refs]
        done = self._network(arguments, remote, self._deadlines.ask)
        if done.status:
            message = f"{printable(remote)} cannot be asked: {git_program.words(done.stderr) or 'no answer'}"
            raise Undecided(message, hint=f"Try `git ls-remote {printable(remote)}` here.")
        return _answered(done.stdout, refs)

    def _network(
        self, arguments: Sequence[str], remote: str, seconds: float, stdin: bytes = b""
    ) -> Completed:
        variables = git_program.connecting(self._repository.protocols(remote))
        return git_program.run(self.root, arguments, variables=variables, seconds=seconds, stdin=stdin)

    def _with_objects(self, commit: str, branch: Branch) -> Revision | None:
        """Return the revision, fetched if it is not here; None when the branch went elsewhere meanwhile."""
        found = self._revision(commit)
        if found is None and branch.remote:
            fetched = self._fetch(branch)
            found = self._revision(commit)
            if found is None and fetched.status > 1:
                message = f"git fetch failed: {git_program.words(fetched.stderr) or 'no answer'}"
                raise Undecided(message, hint=f"Try `git fetch {printable(branch.remote)}` here.")
        if branch.remote and self._repository.partial:
            self._complete(commit, branch.remote)
            found = self._revision(commit)
        return found

    def _revision(self, commit: str) -> Revision | None:
        """Return the commit with the tree of the root, where the repository has it."""
        prefix = self._repository.prefix
        if not prefix and not self._repository.partial:
            with self._objects() as objects:
                found = objects.find(commit)
            return Revision(commit, _tree_of(found[1])) if found and found[0] == "commit" else None
        tree = f"{commit}:{prefix}" if prefix else f"{commit}^{{tree}}"
        asked = f"{commit}^{{commit}}\n{tree}\n".encode()
        done = git_program.run(self.root, ["cat-file", "--batch-check"], stdin=asked)
        if done.status and not self._repository.partial:
            git_program.fail("cat-file", done.stderr)
        one, other = (*done.stdout.decode("utf-8", "replace").splitlines(), "", "")[:2]
        if not _has(one, "commit"):
            return None
        if not _has(other, "tree"):
            # Before a folder was made it was empty.
            return Revision(commit, self._repository.empty_tree) if prefix else None
        return Revision(commit, other.split(" ")[0])

    def _fetch(self, branch: Branch) -> Completed:
        """Fetch the branch. Who else fetches may hold locks: what counts is what is here afterwards."""
        repository = self._repository
        arguments = [
            "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-prune",
            "--no-auto-maintenance", *([] if repository.is_plain(branch.remote) else ["--refmap="]),
            "--", repository.asked(branch.remote), f"{_HEADS}{branch.branch}",
        ]  # fmt: skip
        return self._network(arguments, branch.remote, self._deadlines.send)

    def _complete(self, commit: str, remote: str) -> None:
        """Fetch what a partial clone lacks of a revision's files. Raises Undecided."""
        for _ in range(_MOST_LEVELS):
            listed = git_program.run(
                self.root, ["rev-list", "--objects", "--missing=print", "--no-walk", commit]
            )
            missing = [line[1:] for line in listed.stdout.split(b"\n") if line.startswith(b"?")]
            if not missing:
                return
            options = ["--no-tags", "--no-write-fetch-head", "--recurse-submodules=no", "--filter=blob:none"]
            arguments = ["-c", "fetch.negotiationAlgorithm=noop", "fetch", *options, "--stdin", remote]
            done = self._network(arguments, remote, self._deadlines.send, b"\n".join([*missing, b""]))
            if done.status:
                break
        message = "this partial clone lacks files of the deployed branch, and they cannot be fetched"
        raise Undecided(message, hint="Clone in full: git fetch --refetch --no-filter.")

    def tree(self, base: Revision, changes: Sequence[FileChange]) -> str:
        """Write the objects of the tree with `changes` made, and return the id of the repository's root tree.

        Paths are below the root, which may be a folder of the repository. Modes stay. Raises Refused for a
        path that is a link, a submodule, outside or in `.git`, or kept by Git LFS; Conflict when a file is
        not as `before` says; Undecided.
        """
        prefix = self._repository.prefix
        if not changes and not prefix:
            return base.tree
        with self._objects() as objects:
            trees = git_write.GitTrees(objects, self.root, len(base.commit))
            found = trees.changed(base.tree, changes)
            if prefix:
                found = trees.grafted(f"{base.commit}^{{tree}}", prefix.rstrip("/"), found)
        trees.write()
        return found

    def commit(self, base: Revision, tree: str, message: str) -> str:
        """Write the commit of the root tree `tree` on `base` and return its id; signed as Git is set to sign.

        Neither index nor work tree are touched. Raises Refused when it cannot be signed, UsageError
        without an author, Undecided.
        """
        signs = self._repository.signs
        found = git_write.write_commit(self.root, tree, base.commit, message, sign=signs)
        self._commits.add((base.commit, found))
        return found

    def deliver(self, base: Revision, commit: str) -> Delivery:
        """Put `commit` on the branch if that still is at `base`.

        When the connection broke, the branch is read again, so that an answer is never a guess.
        Raises Undecided where that fails too, Conflict for a commit that is not made on `base`.
        """
        self._refuse_stranger(base, commit)
        branch = self.branch()
        ref = f"{_HEADS}{branch.branch}"
        if not branch.remote:
            return move_here(self.root, ref, base.commit, commit, lambda: self._standing(base, commit))
        return self._push(branch.remote, ref, commit, base.commit, lambda: self._standing(base, commit))

    def _push(
        self, remote: str, ref: str, commit: str, expected: str, standing: Callable[[], Standing]
    ) -> Delivery:
        repository = self._repository
        destination = repository.pushed(remote)
        push = Push(self.root, destination, ref, commit, expected, repository.protocols(remote))
        return git_push.deliver(push, standing, self._deadlines)

    def _refuse_stranger(self, base: Revision, commit: str) -> None:
        if (base.commit, commit) in self._commits:
            return
        parents = git_program.output(self.root, ["rev-parse", f"{commit}^@"]).decode("ascii").split()
        if parents != [base.commit]:
            message = f"the commit {commit[:12]} was not made on {base.commit[:12]}"
            raise Conflict(message, hint="Plan again.")

    def _standing(self, base: Revision, commit: str) -> Standing:
        """Ask how the branch stands to the commit: the answer that counts."""
        now = self._newest(self.branch())
        if now in {commit, base.commit}:
            return "arrived" if now == commit else "unchanged"
        if now is None or self._with_objects(now, self.branch()) is None:
            return "moved"
        return "arrived" if self._is_ancestor(commit, now) else "moved"

    def _is_ancestor(self, commit: str, tip: str) -> bool:
        done = git_program.run(self.root, ["merge-base", "--is-ancestor", commit, tip])
        if done.status not in {0, 1}:
            git_program.fail("merge-base", done.stderr)
        return done.status == 0

    def deliver_as(self, branch: str, commit: str) -> Delivery:
        """Put `commit` on another branch of the same remote, in place of what it had.

        Raises UsageError for what is no name of a branch, Refused for the deployed branch, Undecided.
        """
        self._refuse_name(branch)
        mine = self.branch()
        if branch == mine.branch:
            message = f"{printable(str(mine))} is the deployed branch, which is only added to"
            raise Refused(message, hint="Name another branch for the request.")
        there = Branch(mine.remote, branch)
        ref = f"{_HEADS}{branch}"
        expected = self._newest(there) or ""
        if expected == commit:
            return Delivery("accepted", commit)

        def standing() -> Standing:
            now = self._newest(there) or ""
            if now == commit:
                return "arrived"
            return "unchanged" if now == expected else "moved"

        if not mine.remote:
            return move_here(self.root, ref, expected, commit, standing)
        return self._push(mine.remote, ref, commit, expected, standing)

    def proposed(self, base: Revision, branch: str) -> Proposed | None:
        """Return what another branch of the same remote would add to `base`.

        None where there is no such branch, or it is anything but one commit on top of `base` or of an
        ancestor of it. Raises Undecided.
        """
        there = Branch(self.branch().remote, branch)
        commit = self._newest(there)
        found = self._with_objects(commit, there) if commit else None
        if commit is None or found is None:
            return None
        about, _, message = git_program.output(self.root, ["cat-file", "commit", commit]).partition(b"\n\n")
        parents = [line[7:].decode("ascii") for line in about.split(b"\n") if line.startswith(b"parent ")]
        if len(parents) != 1 or not self._is_ancestor(parents[0], base.commit):
            return None
        parent = self._revision(parents[0])
        if parent is None or not self._only_below(parents[0], commit):
            return None
        return Proposed(found, parent, message.decode("utf-8", "replace"))

    def _only_below(self, one: str, other: str) -> bool:
        """Say whether two commits differ nowhere but below the root."""
        prefix = self._repository.prefix
        if not prefix:
            return True
        asked = ["diff-tree", "-r", "-z", "--name-only", "--no-renames", one, other]
        paths = os.fsdecode(git_program.output(self.root, asked)).split("\0")
        return all(each.startswith(prefix) for each in paths if each)

    def author(self) -> str:
        """Return who commits, as `Name <mail>`. Raises UsageError when Git does not know."""
        return self._known.author() if self._known else git_write.author(self.root)


def _answered(said: bytes, refs: Sequence[str]) -> dict[str, str]:
    """Return what `git ls-remote` says of these refs alone; a pattern finds others too."""
    found: dict[str, str] = {}
    head = ""
    for line in said.decode("utf-8", "surrogateescape").splitlines():
        value, _, ref = line.partition("\t")
        if ref == "HEAD" and value.startswith("ref: "):
            head = value.removeprefix("ref: ")
        elif ref in refs and _ID.fullmatch(value):
            found[head if ref == "HEAD" else ref] = value
    return found | {"HEAD": head}


def _tree_of(commit: bytes) -> str:
    """Return the id of a commit's tree, which its first line names (gitformat: commit objects)."""
    return commit.partition(b"\n")[0].removeprefix(b"tree ").decode("ascii")


def _has(line: str, kind: str) -> bool:
    fields = line.split(" ")
    return bool(_ID.fullmatch(fields[0])) and fields[1:2] == [kind]
