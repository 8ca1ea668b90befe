"""Watches how much a run writes into a folder of the host."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

MOST_BYTES = 2 << 30
"""No run leaves more than this in its workspace, whatever the size of each file."""

_LOOK_SECONDS = 1.0


class DiskWatch:
    """Says when a folder holds more than it may; it is counted once its file system is that much fuller."""

    def __init__(self, folder: str, most_bytes: int = MOST_BYTES) -> None:
        """Watch `folder`; without one nothing is."""
        self._folder = folder
        self._most = most_bytes
        self._free = _free(folder) if folder else 0
        self._next = time.monotonic() + _LOOK_SECONDS

    def full(self) -> bool:
        """Say whether it holds too much; asked often, it looks once a second."""
        now = time.monotonic()
        if not self._folder or now < self._next:
            return False
        self._next = now + _LOOK_SECONDS
        return self._free - _free(self._folder) > self._most and _size(self._folder) > self._most


def _free(folder: str) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def _size(folder: str) -> int:
    total = 0
    for above, _, names in os.walk(folder, followlinks=False):
        for name in names:
            with suppress(OSError):
                # What is allocated: a file with holes takes no room.
                total += Path(above, name).lstat().st_blocks * 512
    return total
