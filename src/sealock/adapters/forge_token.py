"""Reads a forge's token from where sealock.yaml says: a variable, a file, or what a command prints."""

from __future__ import annotations

import os
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

_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")
_COMMAND_SECONDS = 30
_HINT = "Say where it is: promotion.forge.token in sealock.yaml, as {env: …}, {file: …} or {command: […]}."


class Token:
    """A secret, which shows itself to nobody, and where it came from, which messages may say."""

    __slots__ = ("_text", "whence")

    def __init__(self, text: str, whence: str) -> None:
        """Keep `text`. Raises UsageError for what no token looks like."""
        text = text.strip()
        if not _TOKEN.fullmatch(text):
            message = f"{whence} holds no token: one word was expected"
            raise UsageError(message, hint=_HINT)
        self._text = text
        self.whence = whence

    def __repr__(self) -> str:
        return f"Token({self.whence})"

    def header(self, scheme: str) -> str:
        """Return the value of the header Authorization."""
        return f"{scheme} {self._text}"

    def without(self, text: str) -> str:
        """Return `text` with the secret blacked out."""
        return text.replace(self._text, "***")


def read_token(source: TokenSource, root: str, environment: Mapping[str, str]) -> Token:
    """Return the token of a source; a relative file is below `root`. Raises UsageError."""
    if source.env:
        return _of_variables((source.env,), environment)
    if source.file:
        return _of_file(source.file, root)
    return _of_command(source.command, root)


def usual_token(names: tuple[str, ...], environment: Mapping[str, str]) -> Token:
    """Return the token of the first variable that is set. Raises UsageError where none is."""
    return _of_variables(names, environment)


def _of_variables(names: tuple[str, ...], environment: Mapping[str, str]) -> Token:
    for name in names:
        text = environment.get(name, "")
        if text:
            return Token(text, f"${name}")
    message = f"there is no token for the forge: {' and '.join(f'${each}' for each in names)} is not set"
    raise UsageError(message, hint=_HINT)


def _of_file(name: str, root: str) -> Token:
    path = Path(root, Path(name).expanduser())
    try:
        text = path.read_text("ascii")
    except (OSError, ValueError) as wrong:
        reason = os.strerror(wrong.errno or 0) if isinstance(wrong, OSError) else "it is no plain text"
        message = f"the token file {printable(name, 200)} cannot be read: {reason}"
        raise UsageError(message, hint=_HINT) from None
    return Token(text, f"the file {printable(name, 200)}")


def _of_command(command: tuple[str, ...], root: str) -> Token:
    """Run a command of the base revision's sealock.yaml; what it says may be secret, and is not repeated."""
    shown = printable(command[0] if command else "", 100)
    program = shutil.which(command[0]) if command else None
    if program is None:
        message = f"there is no program {shown!r}, which is to print the forge's token"
        raise UsageError(message, hint=_HINT)
    try:
        done = process.run(
            [program, *command[1:]], folder=root, environment=os.environ, timeout_seconds=_COMMAND_SECONDS
        )
    except process.TimedOut:
        message = f"{shown} printed no token in {_COMMAND_SECONDS} s"
        raise UsageError(message, hint="Run it by hand: it must not ask anything.") from None
    if done.status:
        message = f"{shown}, which is to print the forge's token, ended with status {done.status}"
        raise UsageError(message, hint="Run it by hand, and mend what it reports.")
    return Token(done.stdout.decode("ascii", "replace"), f"the command {shown}")
