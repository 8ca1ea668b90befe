"""Reads from Git's configuration where branches are pushed to, and in which protocols."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from sealock.adapters import git_program
from sealock.domain.printable import printable
from sealock.errors import Undecided, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_SETTINGS = (
    r"^(remote\..*\.(url|pushurl|fetch|promisor)|branch\..*\.(remote|merge)|url\..*"
    r"|commit\.gpgsign|extensions\.(partialclone|objectformat))$"
)
_HELPER = re.compile(r"([A-Za-z0-9][A-Za-z0-9+.-]*)::")
_SCHEME = re.compile(r"([A-Za-z0-9][A-Za-z0-9+.-]*)://")
_HEADS = "refs/heads/"
_TRACKING = "refs/remotes/"
_ANSWERS = 3
_EMPTY_TREES = {
    "sha1": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "sha256": "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}


class Repository(NamedTuple):
    """What Git says of the repository at `root`: `head` is the branch that is checked out, or empty.

    `prefix` is the root's path in the work tree with a slash at its end, or empty. `settings` are the
    values of each key, in order.
    """

    root: str
    prefix: str
    head: str
    settings: dict[str, list[str]]

    @property
    def signs(self) -> bool:
        """Say whether commits are signed."""
        return self._is_on("commit.gpgsign")

    @property
    def partial(self) -> bool:
        """Say whether objects may be missing that a remote has."""
        return "extensions.partialclone" in self.settings or any(
            key.endswith(".promisor") and self._is_on(key) for key in self.settings
        )

    @property
    def empty_tree(self) -> str:
        """The id of the tree without entries."""
        return _EMPTY_TREES[self._last("extensions.objectformat") or "sha1"]

    def _last(self, key: str) -> str:
        return self.settings.get(key, [""])[-1]

    def _is_on(self, key: str) -> bool:
        return self._last(key).casefold() in {"true", "yes", "on", "1"}

    @property
    def remotes(self) -> tuple[str, ...]:
        """The names of the remotes that have a URL."""
        names = (re.fullmatch(r"remote\.(.+)\.(?:push)?url", key) for key in self.settings)
        return tuple(dict.fromkeys(found[1] for found in names if found))

    def choose_remote(self, wanted: str) -> str:
        """Return the remote to use, empty for this repository. Raises UsageError for an unknown one."""
        if wanted == ".":
            return ""
        remotes = self.remotes
        if wanted:
            if wanted not in remotes:
                known = ", ".join(map(printable, remotes)) or "none"
                message = f"there is no remote {printable(wanted)!r}: this clone has {known}"
                raise UsageError(message, hint="Add it: git remote add NAME URL.")
            return wanted
        followed = self._last(f"branch.{self.head}.remote")
        if followed in remotes:
            return followed
        if "origin" in remotes or len(remotes) == 1:
            return "origin" if "origin" in remotes else remotes[0]
        if not remotes:
            return ""
        message = f"this clone has several remotes: {', '.join(map(printable, remotes))}"
        raise UsageError(message, hint="Name one: promotion.remote in sealock.yaml.")

    def followed_branch(self, remote: str) -> str:
        """Return the remote's branch that the current one follows, or empty."""
        if self._last(f"branch.{self.head}.remote") != remote:
            return ""
        return self._last(f"branch.{self.head}.merge").removeprefix(_HEADS)

    def is_plain(self, remote: str) -> bool:
        """Say whether what is fetched of the remote goes nowhere but to refs/remotes/."""
        refspecs = self.settings.get(f"remote.{remote}.fetch", [])
        return all(each.partition(":")[2].startswith(_TRACKING) or ":" not in each for each in refspecs)

    def urls(self, remote: str) -> tuple[str, str]:
        """Return where to fetch from and to push to, rewritten as Git does. Raises UsageError for several."""
        fetched = self.settings.get(f"remote.{remote}.url", [])
        pushed = self.settings.get(f"remote.{remote}.pushurl", []) or fetched
        if len(pushed) != 1:
            message = f"{printable(remote)} pushes to {len(pushed)} URLs, which no single move can do"
            raise UsageError(message, hint="Name a remote with one URL: promotion.remote in sealock.yaml.")
        if not any(key.startswith("url.") for key in self.settings):
            return (fetched or pushed)[0], pushed[0]
        return self._rewritten(remote), self._rewritten(remote, "--push")

    def _rewritten(self, remote: str, *options: str) -> str:
        asked = ["remote", "get-url", *options, remote]
        done = git_program.run(self.root, asked, variables=git_program.personal())
        if done.status:
            git_program.fail("remote", done.stderr)
        return os.fsdecode(done.stdout).rstrip("\n")

    def asked(self, remote: str) -> str:
        """Return whom to ask for the branch: the place that it is pushed to."""
        fetched, pushed = self.urls(remote)
        return remote if fetched == pushed else pushed

    def pushed(self, remote: str) -> str:
        """Return whom to push to: the URL where the name would move branches of this repository too."""
        return remote if self.is_plain(remote) else self.urls(remote)[1]

    def protocols(self, remote: str) -> frozenset[str]:
        """Return the protocols of the remote's URLs. Raises UsageError for one that runs a command."""
        return frozenset(name for url in self.urls(remote) for name in _protocols(url))


def _protocols(url: str) -> Iterator[str]:
    helper, scheme = _HELPER.match(url), _SCHEME.match(url)
    if helper:
        name = helper[1]
    elif scheme:
        name = scheme[1].lower()
    else:
        name = "ssh" if ":" in url.partition("/")[0] else "file"
    if name in {"ext", "fd"}:
        message = f"the remote's URL is a command for {name}::, which Sealock does not run"
        raise UsageError(message, hint="Name a remote with a URL: promotion.remote in sealock.yaml.")
    yield "ssh" if name in {"git+ssh", "ssh+git"} else name
    if name == "http":
        yield "https"


def read_repository(root: str) -> Repository:
    """Ask Git about the repository that holds `root`. Raises UsageError where there is none, Undecided."""
    ask = ["rev-parse", "--show-prefix", "--symbolic-full-name", "HEAD"]
    done = git_program.run(root, ask)
    if b"not a git repository" in done.stderr:
        message = "this is no Git repository, and promotions are commits"
        raise UsageError(message, hint="Run it in a clone, or name one with --repo.")
    lines = os.fsdecode(done.stdout).split("\n")
    if done.status or len(lines) != _ANSWERS:
        lines = [*_unborn(root), ""]
    own = git_program.personal()
    listed = git_program.run(root, ["config", "--null", "--get-regexp", _SETTINGS], variables=own)
    if listed.status not in {0, 1}:
        git_program.fail("config", listed.stderr)
    settings: dict[str, list[str]] = {}
    for entry in os.fsdecode(listed.stdout).split("\0"):
        key, newline, value = entry.partition("\n")
        # A key without a value is true.
        settings.setdefault(key, []).append(value if newline else "true")
    head = lines[1].removeprefix(_HEADS) if lines[1].startswith(_HEADS) else ""
    return Repository(root, lines[0], head, settings)


def _unborn(root: str) -> tuple[str, str]:
    """Return the prefix and HEAD's ref where HEAD has no commit yet."""
    found = git_program.run(root, ["rev-parse", "--show-prefix"])
    head = git_program.run(root, ["symbolic-ref", "--quiet", "HEAD"])
    if found.status or head.status not in {0, 1}:
        git_program.fail("rev-parse", found.stderr or head.stderr)
    prefix = os.fsdecode(found.stdout).removesuffix("\n")
    if "\n" in prefix:
        message = f"the path of this repository cannot be read: {printable(prefix)}"
        raise Undecided(message, hint="Rename the folder that has a newline in its name.")
    return prefix, os.fsdecode(head.stdout).strip()
