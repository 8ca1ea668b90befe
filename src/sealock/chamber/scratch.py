"""Folders that a run needs, and what is left of those whose run was killed.

Each is locked while its run lives: the lock of a process that was killed is gone with it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "sealock-work-"
YOUNG_SECONDS = 600.0
"""What is younger is left alone: between its making and its locking a folder looks like a dead one's."""


@contextmanager
def folder() -> Iterator[str]:
    """Give a fresh folder, gone afterwards, and take away those that killed runs of this user left."""
    with tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as made:
        held = os.open(made, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            _clear(Path(made).parent)
            yield made
        finally:
            os.close(held)


def _clear(above: Path) -> None:
    with suppress(OSError), os.scandir(above) as entries:
        for each in entries:
            if each.name.startswith(_PREFIX):
                with suppress(OSError):
                    _take_away(each.path)


def _take_away(path: str) -> None:
    """Remove a folder that nobody holds. Raises OSError where somebody does, or it is no folder."""
    found = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        seen = os.fstat(found)
        ours = seen.st_uid == os.geteuid() and stat.S_IMODE(seen.st_mode) == stat.S_IRWXU
        if ours and time.time() - seen.st_ctime > YOUNG_SECONDS:
            fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(found)
