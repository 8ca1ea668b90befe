"""Tags of releases, by the user's own Git: made once, and pushed only where there is none."""

from __future__ import annotations

import os
import re
from functools import cached_property
from typing import TYPE_CHECKING

from sealock.adapters import git_program, git_push
from sealock.adapters.git_push import Deadlines, Push, Standing
from sealock.adapters.git_remote import Repository, read_repository
from sealock.adapters.git_write import no_author
from sealock.domain.printable import printable
from sealock.errors import Conflict, Refused, Undecided, UsageError
from sealock.ports import KnownTag

if TYPE_CHECKING:
    from collections.abc import Sequence

_TAGS = "refs/tags/"
_THERE = re.compile(rb"already exists")
_NOBODY = re.compile(
    rb"tell me who you are|empty ident name|auto-detect email|no (name|email) was given", re.IGNORECASE
)
_UNSIGNED = re.compile(rb"gpg|sign|key|ssh-keygen", re.IGNORECASE)


class GitTags:
    """The tags of the clone that holds the folder `root`, and of its `remote`; implements TagBook.

    An empty remote is none.
    """

    def __init__(self, root: str, remote: str, deadlines: Deadlines | None = None) -> None:
        """Ask about the repository at `root`; nothing runs before a question."""
        self._root = root
        self._remote = remote
        self._deadlines = deadlines or Deadlines()

    @cached_property
    def _repository(self) -> Repository:
        return read_repository(self._root)

    def known(self) -> dict[str, KnownTag]:
        """Return all tags by name; where clone and remote differ, the remote's. Raises Undecided."""
        here = self._here()
        there = self._there() if self._remote else {}
        return {
            name: KnownTag(there.get(name) or here[name], name in here, name in there)
            for name in {**here, **there}
        }

    def _here(self) -> dict[str, str]:
        form = "--format=%(refname:lstrip=2)%00%(objectname)%00%(*objectname)"
        listed = os.fsdecode(git_program.output(self._root, ["for-each-ref", form, _TAGS]))
        fields = (line.split("\0") for line in listed.splitlines())
        return {name: peeled or own for name, own, peeled in fields}

    def _there(self, *names: str) -> dict[str, str]:
        """Return the commit of each tag of the remote, or what only these are (an id, not peeled)."""
        asked = [f"{_TAGS}{name}" for name in names]
        arguments = ["ls-remote", "--tags", *(["--refs"] if names else []), "--"]
        variables = git_program.connecting(self._repository.protocols(self._remote))
        done = git_program.run(
            self._root,
            [*arguments, self._repository.asked(self._remote), *asked],
            variables=variables,
            seconds=self._deadlines.ask,
        )
        if done.status:
            words = git_program.words(done.stderr) or "no answer"
            message = f"{printable(self._remote)} cannot be asked for its tags: {words}"
            raise Undecided(message, hint=f"Try `git ls-remote --tags {printable(self._remote)}` here.")
        found: dict[str, str] = {}
        for line in os.fsdecode(done.stdout).splitlines():
            value, _, ref = line.partition("\t")
            name = ref.removeprefix(_TAGS)
            if name.endswith("^{}"):
                # What an annotated tag is on comes after the tag itself.
                found[name.removesuffix("^{}")] = value
            elif ref.startswith(_TAGS):
                found[name] = value
        return found

    def messages(self, since: str, until: str, paths: Sequence[str]) -> Sequence[str]:
        """Return the messages of the commits that changed `paths`, newest first. Raises Undecided."""
        revisions = [until, *([f"^{since}"] if since else [])]
        options = ["--format=%B%x00", "--no-show-signature", "--no-notes", "--no-color", "--encoding=UTF-8"]
        arguments = ["--literal-pathspecs", "log", *options, "--end-of-options", *revisions, "--", *paths]
        printed = git_program.output(self._root, arguments).decode("utf-8", "replace")
        return [each for part in printed.split("\0") if (each := part.strip("\n"))]

    def is_ancestor(self, one: str, other: str) -> bool:
        """Say whether `other` has the commit `one` in its history; no for one that is not here."""
        return git_program.run(self._root, ["merge-base", "--is-ancestor", one, other]).status == 0

    def create(self, name: str, commit: str, message: str, *, sign: bool) -> None:
        """Make an annotated tag in this clone, signed as Git is set to sign.

        Raises Conflict where there is one, UsageError for no name of a tag, Refused when it cannot be
        signed, Undecided.
        """
        if git_program.run(self._root, ["check-ref-format", f"{_TAGS}{name}"]).status or name[:1] == "-":
            text = f"{printable(name, 200)!r} is no name of a tag"
            raise UsageError(text, hint="Change promotion.release.tag in sealock.yaml.")
        options = ["-s" if sign else "-a", "--cleanup=verbatim", "-F", "-"]
        done = git_program.run(
            self._root,
            ["tag", *options, "--", name, commit],
            stdin=message.encode(),
            variables=git_program.personal(),
        )
        said = git_program.words(done.stderr)
        if done.status == 0:
            if sign and not self._is_signed(name):
                # Git 2.39 says the key is missing, makes the tag without a signature, and ends with 0.
                self.forget(name)
                raise _unsigned(said)
            return
        if _THERE.search(done.stderr):
            text = f"there is a tag {printable(name, 200)} by now"
            raise Conflict(text, hint="Run it again.")
        if _NOBODY.search(done.stderr):
            raise no_author()
        if sign and _UNSIGNED.search(done.stderr):
            raise _unsigned(said)
        text = f"Git cannot make the tag {printable(name, 200)}: {said or 'it says nothing'}"
        raise Undecided(text, hint="Look at the permissions of its .git folder, and at tags of that name.")

    def _is_signed(self, name: str) -> bool:
        return b"\n-----BEGIN " in git_program.output(self._root, ["cat-file", "tag", f"{_TAGS}{name}"])

    def push(self, name: str) -> None:
        """Give the remote a tag that it does not have; what it has is never replaced.

        Raises Conflict where it has another one, Refused, Undecided.
        """
        asked = ["rev-parse", "--verify", "--quiet", f"{_TAGS}{name}"]
        made = git_program.output(self._root, asked).decode("ascii").strip()

        def standing() -> Standing:
            now = self._there(name).get(name)
            if now == made:
                return "arrived"
            return "moved" if now else "unchanged"

        repository, remote = self._repository, self._remote
        push = Push(
            self._root, repository.pushed(remote), f"{_TAGS}{name}", made, "", repository.protocols(remote)
        )
        delivery = git_push.deliver(push, standing, self._deadlines)
        if delivery.status == "moved":
            text = f"{printable(remote)} has a tag {printable(name, 200)} by now, which is another one"
            raise Conflict(text, hint="Run it again, or name another version with --version.")
        if delivery.status == "refused":
            text = f"{printable(remote)} does not take the tag: {delivery.message}"
            raise Refused(text, hint="It stays in this clone; run it again when you may push tags.")

    def forget(self, name: str) -> None:
        """Take a tag of this clone back. Raises Undecided."""
        git_program.output(self._root, ["update-ref", "-d", f"{_TAGS}{name}"])


def _unsigned(said: str) -> Refused:
    message = f"Git cannot sign the tag: {said or 'it says nothing'}"
    return Refused(message, hint="Try `git tag -s -m test test` here, and mend what it reports.")
