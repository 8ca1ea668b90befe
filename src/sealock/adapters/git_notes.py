"""Lines of text that are attached to contents, kept in a notes ref of the remote: read, and added to."""

from __future__ import annotations

import hashlib
import re
from functools import cached_property
from typing import TYPE_CHECKING

from sealock.adapters import git_program, git_push, git_write
from sealock.adapters.git_objects import GitObjects
from sealock.adapters.git_push import Deadlines, Push
from sealock.adapters.git_remote import read_repository
from sealock.domain.plan import FileChange
from sealock.domain.printable import printable
from sealock.domain.promotion import Delivery
from sealock.errors import Conflict, Refused, Undecided

if TYPE_CHECKING:
    from sealock.adapters.git_push import Standing
    from sealock.adapters.git_remote import Repository
    from sealock.adapters.process import Completed

_MOST_BYTES = 1 << 20
_MOST_TRIES = 20
_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SHA1_DIGITS = 40
_NO_ONE = re.compile(rb"tell me who you are|empty ident name|auto-detect email", re.IGNORECASE)


class GitNotes:
    """The notes ref `ref` of a remote, or of this repository where it has none.

    Lines are only ever added, each once; who adds at the same time loses none. With a remote the refs of
    this repository stay as they are.
    """

    def __init__(self, root: str, ref: str, remote: str = "", deadlines: Deadlines | None = None) -> None:
        """Use the repository that holds `root`; nothing runs before a question."""
        self._root = root
        self._ref = ref
        self._wanted = remote
        self._deadlines = deadlines or Deadlines()
        self._known: str | None = None

    @cached_property
    def _repository(self) -> Repository:
        return read_repository(self._root)

    @cached_property
    def _remote(self) -> str:
        return self._repository.choose_remote(self._wanted)

    def read(self, content: bytes) -> tuple[str, ...]:
        """Return the lines about `content`, as the remote has them now or had them at the last question.

        Raises Undecided.
        """
        if self._known is None:
            self._known = self._tip()
        return tuple(self._lines(self._note(self._known, content)[1]))

    def add(self, content: bytes, line: str, message: str) -> bool:
        """Add a line about `content`; False where it is there already.

        Raises Refused when the remote says no, Conflict when it moves without end, Undecided.
        """
        git_program.output(self._root, ["hash-object", "-w", "--stdin"], stdin=content)
        for tried in range(_MOST_TRIES):
            tip = self._tip()
            path, text = self._note(tip, content)
            lines = self._lines(text)
            if line in lines:
                self._known = tip
                # On a later try it arrived with the earlier one, whose answer was lost.
                return tried > 0
            after = "".join(f"{each}\n" for each in sorted({*lines, line}))
            commit = self._commit(tip, FileChange(path, text or None, after), message)
            delivered = self._delivered(tip, commit)
            if delivered.status == "accepted":
                self._known = commit
                return True
            if delivered.status == "refused":
                words = f"{self._ref} was not taken: {delivered.message}"
                raise Refused(words, hint="Ask for the permission to push it; branches are not touched.")
        words = f"{self._ref} moved {_MOST_TRIES} times while a line was added"
        raise Conflict(words, hint="Run it again.")

    def _tip(self) -> str:
        """Return the commit that the ref is at, with its objects here; empty for none. Raises Undecided."""
        if not self._remote:
            done = git_program.run(
                self._root, ["rev-parse", "--verify", "--quiet", f"{self._ref}^{{commit}}"]
            )
            if done.status not in {0, 1}:
                git_program.fail("rev-parse", done.stderr)
            return done.stdout.decode("ascii").strip()
        commit = self._asked()
        if commit and not self._has(commit):
            self._fetch()
            if not self._has(commit):
                message = f"{self._ref} of {printable(self._remote)} could not be fetched"
                raise Undecided(message, hint=f"Try `git fetch {printable(self._remote)} {self._ref}` here.")
        return commit

    def _asked(self) -> str:
        """Return the commit that the remote has the ref at; empty for none."""
        arguments = ["ls-remote", "--refs", "--", self._repository.asked(self._remote), self._ref]
        done = self._network(arguments, self._deadlines.ask)
        if done.status:
            words = git_program.words(done.stderr) or "no answer"
            message = f"{printable(self._remote)} cannot be asked: {words}"
            raise Undecided(message, hint=f"Try `git ls-remote {printable(self._remote)}` here.")
        for line in done.stdout.decode("utf-8", "replace").splitlines():
            commit, _, name = line.partition("\t")
            # A pattern finds others too.
            if name == self._ref and _ID.fullmatch(commit):
                return commit
        return ""

    def _fetch(self) -> None:
        options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--refmap=")
        where = self._repository.asked(self._remote)
        # Another may fetch at the same time: what counts is what is here afterwards.
        self._network(
            ["fetch", *options, "--no-auto-maintenance", "--", where, self._ref], self._deadlines.send
        )

    def _network(self, arguments: list[str], seconds: float) -> Completed:
        variables = git_program.connecting(self._repository.protocols(self._remote))
        return git_program.run(self._root, arguments, variables=variables, seconds=seconds)

    def _has(self, commit: str) -> bool:
        return git_program.run(self._root, ["cat-file", "-e", f"{commit}^{{tree}}"]).status == 0

    def _note(self, tip: str, content: bytes) -> tuple[str, str]:
        """Return where the note about `content` is or belongs, and its text; empty for none."""
        name = self._id(content)
        # Git itself spreads many notes over folders.
        paths = (name, f"{name[:2]}/{name[2:]}", f"{name[:2]}/{name[2:4]}/{name[4:]}")
        if not tip:
            return name, ""
        asked = "".join(f"{tip}:{path}\n" for path in paths)
        said = git_program.output(self._root, ["cat-file", "--batch-check"], stdin=asked.encode())
        for path, line in zip(paths, said.decode("utf-8", "replace").splitlines(), strict=True):
            found, _, rest = line.partition(" ")
            kind, _, size = rest.partition(" ")
            if _ID.fullmatch(found) and kind == "blob":
                return path, self._text(found, int(size))
        return name, ""

    def _text(self, name: str, size: int) -> str:
        hint = f"Look at it with `git notes --ref={self._ref} list`, and take it away."
        if size > _MOST_BYTES:
            message = f"a note of {self._ref} has {size} bytes, more than {_MOST_BYTES}"
            raise Undecided(message, hint=hint)
        with GitObjects(self._root) as objects:
            raw = objects.read(name)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            message = f"a note of {self._ref} is no text"
            raise Undecided(message, hint=hint) from None

    def _lines(self, text: str) -> list[str]:
        return [line for line in text.split("\n") if line]

    def _id(self, content: bytes) -> str:
        algorithm = "sha1" if len(self._repository.empty_tree) == _SHA1_DIGITS else "sha256"
        blob = b"blob %d\0%s" % (len(content), content)
        return hashlib.new(algorithm, blob, usedforsecurity=False).hexdigest()

    def _commit(self, tip: str, change: FileChange, message: str) -> str:
        base = f"{tip}^{{tree}}" if tip else self._repository.empty_tree
        with GitObjects(self._root) as objects:
            trees = git_write.GitTrees(objects, self._root, len(self._repository.empty_tree))
            tree = trees.changed(base, [change])
        trees.write()
        parents = ["-p", tip] if tip else []
        arguments = ["-c", "i18n.commitEncoding=UTF-8", "commit-tree", "--no-gpg-sign", *parents, tree]
        done = git_program.run(
            self._root, arguments, stdin=message.encode(), variables=git_program.personal()
        )
        if done.status:
            if _NO_ONE.search(done.stderr):
                raise git_write.no_author()
            raise git_write.cannot_write(done.stderr)
        return done.stdout.decode("ascii").strip()

    def _delivered(self, tip: str, commit: str) -> Delivery:
        if not self._remote:
            return self._moved_here(tip, commit)
        repository = self._repository
        push = Push(
            self._root,
            repository.pushed(self._remote),
            self._ref,
            commit,
            tip,
            repository.protocols(self._remote),
        )
        return git_push.deliver(push, lambda: self._standing(tip, commit), self._deadlines)

    def _standing(self, tip: str, commit: str) -> Standing:
        now = self._asked()
        if now == commit:
            return "arrived"
        # Where somebody built on ours, the next try finds the line there.
        return "unchanged" if now == tip else "moved"

    def _moved_here(self, tip: str, commit: str) -> Delivery:
        nothing = "0" * len(commit)
        done = git_program.run(self._root, ["update-ref", self._ref, commit, tip or nothing])
        if done.status == 0:
            return Delivery("accepted", commit)
        if self._tip() != tip:
            return Delivery("moved", commit)
        return Delivery("refused", commit, git_program.words(done.stderr))
