"""Runs Git on one repository so that neither its configuration nor the environment starts anything else."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, NoReturn

from sealock.adapters import process
from sealock.adapters.git_files import git_environment
from sealock.domain.printable import printable
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMEOUT_SECONDS = 120
_OPTIONS = ("-c", "core.fsmonitor=false", "-c", "core.quotePath=false")
_ENVIRONMENT = {
    # Nothing is fetched behind the user's back: a partial clone lacks what it lacks.
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    # What replaces an object on this machine alone is not what others see.
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


def command(root: str, arguments: Sequence[str]) -> list[str]:
    """Return the command line for Git in the folder `root`. Raises Undecided without Git."""
    git = shutil.which("git")
    if git is None:
        message = "there is no git program"
        raise Undecided(message, hint="Install Git, or add it to PATH.")
    return [git, "-C", root, *_OPTIONS, *arguments]


def environment() -> dict[str, str]:
    """Return the environment for Git: the caller's without what a hook sets."""
    return git_environment() | _ENVIRONMENT


def run(root: str, arguments: Sequence[str], *, stdin: bytes = b"") -> process.Completed:
    """Run Git to its end. Raises Undecided when there is none, or it takes too long."""
    argv = command(root, arguments)
    try:
        return process.run(argv, environment=environment(), stdin=stdin, timeout_seconds=_TIMEOUT_SECONDS)
    except process.TimedOut:
        message = f"git {arguments[0]} took more than {_TIMEOUT_SECONDS} s"
        raise Undecided(message, hint="Run `git status` here, and mend what it reports.") from None


def output(root: str, arguments: Sequence[str], *, stdin: bytes = b"") -> bytes:
    """Return what Git prints. Raises Undecided with its own words when it fails."""
    done = run(root, arguments, stdin=stdin)
    if done.status:
        fail(arguments[0], done.stderr)
    return done.stdout


def fail(action: str, words: bytes) -> NoReturn:
    """Raise Undecided for a Git that failed with these last words."""
    lines = words.decode("utf-8", "replace").strip().splitlines() or ["it says nothing"]
    message = f"git {action} failed: {printable(lines[-1], 200)}"
    raise Undecided(message, hint="Run `git status` here, and mend what it reports.")
