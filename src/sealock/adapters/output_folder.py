"""Writes results into a folder, each file whole or not at all, and only where it differs."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from sealock.errors import UsageError


class OutputFolder:
    """A folder for results; made when it is not there."""

    def __init__(self, folder: str) -> None:
        """Write into `folder`. Raises UsageError when it cannot be made."""
        self._folder = Path(folder)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as wrong:
            message = f"cannot write into {folder}: {wrong.strerror}"
            raise UsageError(message, hint="Name another folder with --out.") from wrong

    def write(self, name: str, text: str) -> bool:
        """Make the file `name` hold `text`; return whether it did not yet. Raises UsageError."""
        path = self._folder / name
        data = text.encode()
        with suppress(OSError):
            if path.read_bytes() == data:
                return False
        partial = self._folder / f".{secrets.token_hex(8)}.partial"
        try:
            partial.write_bytes(data)
            os.replace(partial, path)  # noqa: PTH105 - one call, no second Path
        except OSError as wrong:
            with suppress(OSError):
                partial.unlink()
            message = f"cannot write {path}: {wrong.strerror}"
            raise UsageError(message, hint="Name another folder with --out.") from wrong
        return True
