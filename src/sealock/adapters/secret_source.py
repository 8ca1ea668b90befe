"""Reads a secret from where sealock.yaml says: a variable, a file, or what a command prints.

Messages say where it was looked for, and never what was found.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sealock.adapters import process
from sealock.domain.printable import printable
from sealock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealock.domain.settings import TokenSource

_COMMAND_SECONDS = 30
_SHOWN = 200


class Sought(NamedTuple):
    """What is looked for, for messages: `the forge's token`, and where sealock.yaml says it."""

    name: str
    key: str

    @property
    def hint(self) -> str:
        """Say how to configure it."""
        return f"Say where it is: {self.key} in sealock.yaml, as {{env: …}}, {{file: …}} or {{command: […]}}."


class Secret(NamedTuple):
    """A text that nobody is shown, and where it came from, which messages may say."""

    text: str
    whence: str


def read_secret(source: TokenSource, root: str, environment: Mapping[str, str], sought: Sought) -> Secret:
    """Return the secret, blanks around it removed; a relative file is below `root`. Raises UsageError.

    A variable that is not set gives an empty text.
    """
    if source.env:
        return Secret(environment.get(source.env, "").strip(), f"${source.env}")
    if source.file:
        return _of_file(source.file, root, sought)
    return _of_command(source.command, root, environment, sought)


def _of_file(name: str, root: str, sought: Sought) -> Secret:
    shown = printable(name, _SHOWN)
    try:
        text = Path(root, Path(name).expanduser()).read_text("ascii")
    except (OSError, ValueError) as wrong:
        reason = os.strerror(wrong.errno or 0) if isinstance(wrong, OSError) else "it is no plain text"
        message = f"the file {shown} of {sought.name} cannot be read: {reason}"
        raise UsageError(message, hint=sought.hint) from None
    return Secret(text.strip(), f"the file {shown}")


def _of_command(
    command: tuple[str, ...], root: str, environment: Mapping[str, str], sought: Sought
) -> Secret:
    """Run a command of sealock.yaml; what it says may be secret, and is not repeated."""
    shown = printable(command[0] if command else "", _SHOWN)
    program = shutil.which(command[0], path=environment.get("PATH")) if command else None
    if program is None:
        message = f"there is no program {shown!r}, which is to print {sought.name}"
        raise UsageError(message, hint=sought.hint)
    argv = [program, *command[1:]]
    try:
        done = process.run(argv, folder=root, environment=environment, timeout_seconds=_COMMAND_SECONDS)
    except process.TimedOut:
        message = f"{shown} did not print {sought.name} in {_COMMAND_SECONDS} s"
        raise UsageError(message, hint="Run it by hand: it must not ask anything.") from None
    if done.status:
        message = f"{shown}, which is to print {sought.name}, ended with status {done.status}"
        raise UsageError(message, hint="Run it by hand, and mend what it reports.")
    return Secret(done.stdout.decode("ascii", "replace").strip(), f"the command {shown}")
