"""A file of a cache: whole or not there, and worth no error.

A file that cannot be read counts as none, a disk that refuses costs the next run time and nothing else.
The last of several writers wins.
"""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SUM_BYTES = 16


class CacheFile:
    """Bytes in the file at `path`, in a folder of such files that keeps the newest."""

    def __init__(self, path: Path, form: str, most_files: int) -> None:
        """Use `path` for bytes of this `form`, beside no more than `most_files` in its folder."""
        self._path = path
        self._head = f"sealock-{form}\n".encode()
        self._most_files = most_files

    def read(self) -> bytes | None:
        """Return what was written last; None for nothing, another form, or a file that is not whole."""
        try:
            data = self._path.read_bytes()
        except OSError:
            return None
        start = len(self._head) + _SUM_BYTES
        content = data[start:]
        return content if data[:start] == self._head + _checksum(content) else None

    def write(self, content: bytes) -> None:
        """Replace what is there."""
        draft = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.write_bytes(self._head + _checksum(content) + content)
            draft.replace(self._path)
            self._sweep()
        except OSError:
            with suppress(OSError):
                draft.unlink()

    def _sweep(self) -> None:
        files = sorted(self._path.parent.iterdir(), key=lambda each: each.stat().st_mtime)
        for file in files[: -self._most_files]:
            file.unlink()


def _checksum(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_SUM_BYTES).digest()
