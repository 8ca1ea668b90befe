"""Reads the provider's key from where the settings say: a variable, a file, or what a command prints."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from sealock.adapters import process
from sealock.domain.printable import printable
from sealock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealock.domain.settings import TokenSource

_KEY = re.compile(r"[\x21-\x7e]{8,8192}")
_COMMAND_SECONDS = 30
_HINT = "Say where it is: agent.upstream.key in sealock.yaml, as {env: …}, {file: …} or {command: […]}."


def read_key(source: TokenSource, root: str, environment: Mapping[str, str]) -> str:
    """Return the key; a relative file is below `root`. Messages never repeat it. Raises UsageError."""
    if source.env:
        return _key(environment.get(source.env, ""), f"${source.env}")
    if source.file:
        return _key(_of_file(source.file, root), f"the file {printable(source.file, 200)}")
    return _of_command(source.command, root, environment)


def _key(text: str, whence: str) -> str:
    text = text.strip()
    if not _KEY.fullmatch(text):
        message = f"{whence} holds no key of the model's provider: one word was expected"
        raise UsageError(message, hint=_HINT)
    return text


def _of_file(name: str, root: str) -> str:
    try:
        return Path(root, Path(name).expanduser()).read_text("ascii")
    except (OSError, ValueError) as wrong:
        reason = wrong.strerror if isinstance(wrong, OSError) else "it is no plain text"
        message = f"the key's file {printable(name, 200)} cannot be read: {reason}"
        raise UsageError(message, hint=_HINT) from None


def _of_command(command: tuple[str, ...], root: str, environment: Mapping[str, str]) -> str:
    shown = printable(command[0] if command else "", 100)
    program = shutil.which(command[0], path=environment.get("PATH")) if command else None
    if program is None:
        message = f"there is no program {shown!r}, which is to print the provider's key"
        raise UsageError(message, hint=_HINT)
    argv = [program, *command[1:]]
    try:
        done = process.run(argv, folder=root, environment=environment, timeout_seconds=_COMMAND_SECONDS)
    except process.TimedOut:
        message = f"{shown} printed no key in {_COMMAND_SECONDS} s"
        raise UsageError(message, hint="Run it by hand: it must not ask anything.") from None
    if done.status:
        message = f"{shown}, which is to print the provider's key, ended with status {done.status}"
        raise UsageError(message, hint="Run it by hand, and mend what it reports.")
    return _key(done.stdout.decode("ascii", "replace"), f"the command {shown}")
