"""Remembers outside the repository that a run found nothing to do, so that the next one can tell by stat.

A record holds the key of the inputs and each watched path's signature. A signature counts only where a
later change must show in it: the file's ctime lies a margin before the record was written. Other files
are recorded with their content's digest and read again. A record that cannot be read counts as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

_MARGIN_NS = 30_000_000
"""Three ticks of the slowest kernel clock that stamps files."""
_COARSE_MARGIN_NS = 3_000_000_000
"""For file systems that keep whole seconds, or every second one."""
_SECOND_NS = 1_000_000_000


class _Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One path: what is there and its signature; `digest` is empty where the signature suffices."""

    path: str
    inode: int
    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    digest: bytes = b""


class _Record(msgspec.Struct, frozen=True, array_like=True):
    key: bytes
    entries: list[_Entry]


def default_folder() -> str:
    """Return where records are kept: `$SEALOCK_CACHE_DIR`, else the user's cache folder."""
    chosen = os.environ.get("SEALOCK_CACHE_DIR")
    if chosen:
        return chosen
    import platformdirs  # noqa: PLC0415 - not needed when the variable is set

    return platformdirs.user_cache_dir("sealock", appauthor=False)


class UnchangedRecord:
    """The record of one repository, in a cache folder shared by all."""

    def __init__(self, root: str, folder: str) -> None:
        """Use the record of the work tree at `root`, kept below `folder`."""
        self._root = root
        name = hashlib.sha256(root.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        self._file = Path(folder) / "generate" / f"{name}.msgpack"

    def holds(self, key: bytes) -> bool:
        """Say whether a run with this key found nothing to do and nothing it looked at has changed."""
        try:
            record = msgspec.msgpack.decode(self._file.read_bytes(), type=_Record)
        except (OSError, msgspec.DecodeError):
            return False
        if record.key != key:
            return False
        unsure = False
        for entry in record.entries:
            if not self._same(entry):
                return False
            unsure = unsure or bool(entry.digest)
        if unsure:
            self.store(key, [entry.path for entry in record.entries])
        return True

    def store(self, key: bytes, paths: Iterable[str]) -> None:
        """Record that there is nothing to do; failing to write a cache is no error."""
        now = time.time_ns()
        entries = [self._entry(path, now) for path in dict.fromkeys(paths)]
        content = msgspec.msgpack.encode(_Record(key, entries))
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self._file.parent)
            try:
                with open(descriptor, "wb") as file:  # noqa: PTH123 - opened by descriptor
                    file.write(content)
                Path(name).replace(self._file)
            except OSError:
                Path(name).unlink(missing_ok=True)

    def _entry(self, path: str, now: int) -> _Entry:
        signature = _signature(f"{self._root}/{path}")
        coarse = signature[3] % _SECOND_NS == 0
        if now - signature[3] > (_COARSE_MARGIN_NS if coarse else _MARGIN_NS):
            return _Entry(path, *signature)
        return _Entry(path, *signature, _digest(f"{self._root}/{path}"))

    def _same(self, entry: _Entry) -> bool:
        full = f"{self._root}/{entry.path}"
        found = _signature(full)
        if (entry.inode, entry.size_bytes, entry.mtime_ns, entry.ctime_ns) != found:
            return False
        return not entry.digest or entry.digest == _digest(full)


def _signature(path: str) -> tuple[int, int, int, int]:
    """Return inode, size, mtime and ctime; zeros where there is nothing."""
    try:
        found = os.lstat(path)
    except OSError:
        return 0, 0, 0, 0
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _digest(path: str) -> bytes:
    """Return the digest of a file's content, or of the names in a folder; a mark where there is neither."""
    try:
        with contextlib.suppress(IsADirectoryError), open(path, "rb") as file:  # noqa: PTH123 - hot
            return hashlib.sha256(file.read()).digest()
        return hashlib.sha256("\0".join(sorted(each.name for each in Path(path).iterdir())).encode()).digest()
    except OSError:
        return b"-"
