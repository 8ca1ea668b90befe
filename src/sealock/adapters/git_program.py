"""Runs Git on one repository so that neither its configuration nor the environment starts anything else."""

from __future__ import annotations

import os
import re
import select
import shutil
import time
from functools import cache
from typing import TYPE_CHECKING, NoReturn

from sealock.adapters import process
from sealock.adapters.git_files import git_environment, not_started
from sealock.domain.printable import printable
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TIMEOUT_SECONDS = 120
_READ_BYTES = 1 << 20
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
# What follows upon the line that says why.
_HOLLOW = re.compile(r"hung up|failed to push|Could not read from remote|early EOF|failed to write commit")
_PERSONAL = re.compile(
    r"GIT_((AUTHOR|COMMITTER)_(NAME|EMAIL|DATE)|SSH|SSH_COMMAND|SSH_VARIANT|ASKPASS"
    r"|PROXY_\w+|SSL_\w+|HTTP_\w+|CURL_\w+|CONFIG_(GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+))"
)
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
    git = _program(os.environ.get("PATH", os.defpath))
    if git is None:
        message = "there is no git program"
        raise Undecided(message, hint="Install Git, or add it to PATH.")
    return [git, "-C", root, *_OPTIONS, *arguments]


@cache
def _program(path: str) -> str | None:
    return shutil.which("git", path=path)


def environment() -> dict[str, str]:
    """Return the environment for Git: the caller's without what a hook sets."""
    return git_environment() | _ENVIRONMENT


def personal() -> dict[str, str]:
    """Return the environment for Git where the user's own settings count, also those in the caller's.

    They say who commits, and how remotes are reached: ssh, proxies, certificates, passwords.
    """
    return environment() | {name: value for name, value in os.environ.items() if _PERSONAL.fullmatch(name)}


def connecting(protocols: frozenset[str]) -> dict[str, str]:
    """Return the environment for Git where it talks to a remote, in these protocols alone."""
    return personal() | {"GIT_ALLOW_PROTOCOL": ":".join(sorted(protocols))}


def run(
    root: str,
    arguments: Sequence[str],
    *,
    stdin: bytes = b"",
    variables: dict[str, str] | None = None,
    seconds: float = _TIMEOUT_SECONDS,
) -> process.Completed:
    """Run Git to its end. Raises Undecided when none starts, or it takes more than `seconds`."""
    argv = command(root, arguments)
    try:
        return process.run(argv, environment=variables or environment(), stdin=stdin, timeout_seconds=seconds)
    except process.TimedOut:
        message = f"git {arguments[0]} took more than {seconds:g} s"
        raise Undecided(message, hint="Run `git status` here, and mend what it reports.") from None
    except OSError as wrong:
        raise not_started(argv[0], wrong) from None


def child(root: str, arguments: Sequence[str], **variables: str) -> process.Child:
    """Start Git and leave it running, with `variables` beside the usual ones. Raises Undecided."""
    argv = command(root, arguments)
    try:
        return process.Child(argv, environment() | variables)
    except OSError as wrong:
        raise not_started(argv[0], wrong) from None


def output(root: str, arguments: Sequence[str], *, stdin: bytes = b"") -> bytes:
    """Return what Git prints. Raises Undecided with its own words when it fails."""
    done = run(root, arguments, stdin=stdin)
    if done.status:
        fail(arguments[0], done.stderr)
    return done.stdout


def stream(root: str, arguments: Sequence[str], *, silence_seconds: float = 60) -> Iterator[bytes]:
    """Yield what Git prints as it comes; who stops listening stops Git.

    Raises Undecided when it fails, or prints nothing for too long.
    """
    # Git would write each commit by itself.
    running = child(root, arguments, GIT_FLUSH="0")
    try:
        while True:
            last = time.monotonic() + silence_seconds
            while (data := running.read(_READ_BYTES)) is None:
                if not select.select([running.output], [], [], max(0.0, last - time.monotonic()))[0]:
                    message = f"git {arguments[0]} did nothing for {silence_seconds:g} s"
                    raise Undecided(message, hint="Run `git fsck` here.")
            if not data:
                break
            yield data
        running.wait(silence_seconds)
        if running.kill():
            fail(arguments[0], running.last_words.encode())
    finally:
        running.kill()


def words(said: bytes) -> str:
    """Return what Git or the other side said last, on one line, without credentials; may be empty.

    The other side's own words come first where there are any: Git marks them with `remote:`.
    """
    text = _CREDENTIALS.sub("", said.decode("utf-8", "replace"))
    lines = [line for each in re.split(r"[\r\n]+", text) if (line := each.strip())]
    theirs = [each.removeprefix("remote:").strip() for each in lines if each.startswith("remote:")]
    ours = [each for each in lines if each.startswith(("fatal:", "error:"))]
    telling = [each for each in ours if not _HOLLOW.search(each)]
    for found in (theirs, telling[-1:], ours[-1:], lines[-1:]):
        line = " ".join(filter(None, found))
        if line:
            return printable(line, 300)
    return ""


def fail(action: str, words: bytes) -> NoReturn:
    """Raise Undecided for a Git that failed with these last words."""
    said = _CREDENTIALS.sub("", words.decode("utf-8", "replace"))
    lines = said.strip().splitlines() or ["it says nothing"]
    message = f"git {action} failed: {printable(lines[-1], 200)}"
    raise Undecided(message, hint="Run `git status` here, and mend what it reports.")
