"""Puts commits on branches by compare-and-swap; finds out what became of it when the connection breaks."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Literal, NamedTuple

from sealock.adapters import git_program
from sealock.domain.promotion import Delivery
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealock.adapters.process import Completed

_MOVED = re.compile(r"stale info|fetch first|non-fast-forward|needs force")
_LOCKED = re.compile(
    r"cannot lock ref|failed to (update ref|lock)|incorrect old value|reference already exists"
)
# Answers that come before anything was sent, and that asking again does not change.
_NO_ENTRY = re.compile(
    rb"returned error: (40[0134]|413)|Authentication failed|could not read (Username|Password)"
    rb"|Permission denied|Permission to \S+ denied|access denied|not allowed|Host key verification failed"
    rb"|read-only|does not appear to be a git repository",
    re.IGNORECASE,
)
_BROKEN = re.compile(rb"fatal:|send-pack:|RPC failed|curl \d+")


class Deadlines(NamedTuple):
    """How long to wait, in seconds: for an answer about refs, for objects to pass, between two tries."""

    ask: float = 60
    send: float = 120
    pauses: tuple[float, ...] = (0.2, 1.0)


class Push(NamedTuple):
    """A commit for the ref of a remote, if that is still at `expected`; empty for a ref that is not there."""

    root: str
    remote: str
    ref: str
    commit: str
    expected: str
    protocols: frozenset[str]


class _Answer(NamedTuple):
    """`unclear`: nobody said what became of it. `busy`: not now, says the other side."""

    status: Literal["accepted", "moved", "refused", "busy", "unclear"]
    words: str = ""


Standing = Literal["arrived", "unchanged", "moved"]


def deliver(push: Push, standing: Callable[[], Standing], deadlines: Deadlines) -> Delivery:
    """Push, and say what became of it; `standing` asks the remote how the branch stands to the commit.

    The same push is tried again while the branch is as expected, which does it once at most: the second
    one finds the commit there. Raises Undecided when no answer can be had.
    """
    doubted = False
    answer, found = _Answer("unclear"), None
    for pause in (*deadlines.pauses, 0.0):
        answer = _once(push, deadlines.send)
        if answer.status == "accepted":
            return Delivery("accepted", push.commit)
        if answer.status == "refused" and not doubted:
            return Delivery("refused", push.commit, answer.words)
        doubted = doubted or answer.status == "unclear"
        found = ask(standing)
        if found == "arrived":
            return Delivery("accepted", push.commit)
        if found == "moved":
            return Delivery("moved", push.commit, answer.words)
        if found == "unchanged" and answer.status == "refused":
            return Delivery("refused", push.commit, answer.words)
        time.sleep(pause)
    if answer.status != "unclear" and found == "unchanged":
        return Delivery("refused", push.commit, answer.words)
    name = push.ref.removeprefix("refs/heads/")
    state = f"{name} has not got it yet" if found == "unchanged" else f"{name} cannot be read"
    message = f"nobody knows whether {push.commit[:12]} arrived: {answer.words or 'no answer'}; {state}"
    hint = "Run it again when the remote can be reached: what has arrived by then is not done twice."
    raise Undecided(message, hint=hint)


def ask(standing: Callable[[], Standing]) -> Standing | None:
    """Return how the branch stands to the commit; None where nobody can tell."""
    try:
        return standing()
    except Undecided:
        return None


def _once(push: Push, seconds: float) -> _Answer:
    options = (
        "--porcelain", "--no-follow-tags", "--recurse-submodules=no", "--no-thin", "--no-progress",
        f"--force-with-lease={push.ref}:{push.expected}",
    )  # fmt: skip
    arguments = ["push", *options, push.remote, f"{push.commit}:{push.ref}"]
    variables = git_program.connecting(push.protocols)
    try:
        done = git_program.run(push.root, arguments, variables=variables, seconds=seconds)
    except Undecided as late:
        return _Answer("unclear", late.message)
    return _read(push, done)


def _read(push: Push, done: Completed) -> _Answer:
    """Return what `git push --porcelain` says of the one ref; its exit status alone proves nothing."""
    said = git_program.words(done.stderr)
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        flag, _, rest = line.partition("\t")
        names, _, summary = rest.partition("\t")
        if names != f"{push.commit}:{push.ref}":
            continue
        if flag in {" ", "*", "+", "="}:
            return _Answer("accepted")
        if flag == "!":
            return _rejected(summary, said)
    if _NO_ENTRY.search(done.stderr):
        return _Answer("refused", said)
    if done.status == 1 and not _BROKEN.search(done.stderr):
        return _Answer("refused", f"the pre-push hook: {_first_line(done.stderr)}")
    return _Answer("unclear", said)


def _rejected(summary: str, said: str) -> _Answer:
    reason = summary.partition("(")[2].rpartition(")")[0]
    if _MOVED.search(reason):
        return _Answer("moved", reason)
    if _LOCKED.search(reason):
        return _Answer("busy", said or reason)
    if summary.startswith("[remote failure]"):
        return _Answer("unclear", reason)
    return _Answer("refused", f"{reason}: {said}" if reason and reason not in said else said or reason)


def _first_line(said: bytes) -> str:
    lines = [each for each in said.split(b"\n") if not each.startswith(b"error: failed to push")]
    return git_program.words(b"\n".join(lines)) or "it says nothing"
