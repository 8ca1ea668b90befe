"""Reads one repository's files as they are on disk, and nothing outside it."""

from __future__ import annotations

import errno
import os
import stat
import threading
from contextlib import suppress
from functools import cached_property

from sealock.adapters.git_files import list_files
from sealock.domain.location import Location
from sealock.domain.yaml_document import decode
from sealock.errors import Refused


class _Listing(threading.Thread):
    """Lists a repository's files beside other work."""

    def __init__(self, root: str) -> None:
        super().__init__(daemon=True)
        self._root = root
        self._files: list[str] | None = None

    def run(self) -> None:
        # Whoever waits lists them again, and sees what went wrong.
        with suppress(Exception):
            self._files = list_files(self._root)

    def wait(self) -> list[str] | None:
        """Return the files; None where they could not be listed."""
        self.join()
        return self._files


class RepositoryFiles:
    """A repository's files; implements the FileTree port."""

    def __init__(self, root: str) -> None:
        """Read below `root`, a folder."""
        self.root = os.path.realpath(root)
        self._folders: dict[str, str] = {"": self.root}
        self._ahead: _Listing | None = None

    def look_ahead(self) -> None:
        """Begin to list the files, while the caller does something else."""
        if self._ahead is None:
            self._ahead = _Listing(self.root)
            self._ahead.start()

    @cached_property
    def _files(self) -> tuple[str, ...]:
        listed = self._ahead.wait() if self._ahead else None
        return tuple(list_files(self.root) if listed is None else listed)

    def files(self) -> tuple[str, ...]:
        """Return every file that is tracked, or untracked and not ignored, sorted; asked of Git once."""
        return self._files

    def read_text(self, path: str) -> str:
        """Return a file's text with its line endings.

        Raises FileNotFoundError; Refused for what lies outside or is no regular file;
        ConfigurationError for what is not UTF-8.
        """
        return decode(self.read_bytes(path), path)

    def read_bytes(self, path: str) -> bytes:
        """Return a file's content. Raises FileNotFoundError, Refused."""
        folder, _, name = path.rpartition("/")
        descriptor = self._open(self._real_folder(folder, path) + os.sep + name, path)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                message = "this is no regular file"
                raise Refused(message, where=Location(path))
            return _read_all(descriptor, found.st_size)
        finally:
            os.close(descriptor)

    def _real_folder(self, folder: str, path: str) -> str:
        real = self._folders.get(folder)
        if real is None:
            parent, _, name = folder.rpartition("/")
            real = f"{self._real_folder(parent, path)}{os.sep}{name}"
            # Links, `..` and the like are rare; what is none of them needs one look, not one a level.
            if name in {"", ".", ".."} or os.path.islink(real):  # noqa: PTH114 - as below
                real = self._inside(os.path.realpath(real), path)
            self._folders[folder] = real
        return real

    def _inside(self, real: str, path: str) -> str:
        if real != self.root and not real.startswith(self.root.rstrip(os.sep) + os.sep):
            message = "this leads out of the repository"
            raise Refused(message, where=Location(path), hint="Copy the file into the repository.")
        return real

    def _open(self, target: str, path: str) -> int:
        try:
            return self._followed(target, path)
        except FileNotFoundError:
            raise
        except NotADirectoryError as wrong:
            raise FileNotFoundError(path) from wrong
        except OSError as wrong:
            message = f"this cannot be read: {wrong.strerror}"
            raise Refused(message, where=Location(path)) from wrong

    def _followed(self, target: str, path: str) -> int:
        # Without blocking, or a named pipe in the repository would hang the reader.
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW
        try:
            return os.open(target, flags)
        except OSError as wrong:
            if wrong.errno not in {errno.ELOOP, errno.EMLINK}:
                raise
        return os.open(self._inside(os.path.realpath(target), path), flags)


def _read_all(descriptor: int, size: int) -> bytes:
    """Read to the end; `size` is how much there should be."""
    data = os.read(descriptor, size + 1)
    if len(data) <= size:
        return data
    parts = [data]
    while parts[-1]:
        parts.append(os.read(descriptor, 1 << 20))
    return b"".join(parts)
