"""A repository's work tree: reads files, and writes many of them at once or not at all.

A write stages every new text in `.sealock/transaction-<id>/`, then renames `journal.new` to `journal`:
that is the commit. Before it nothing else was touched, so a run that died is undone by deleting the
folder; after it the next writer finishes the renames. One writer at a time holds a lock on `.sealock`.
"""

# ruff: noqa: PTH102, PTH103, PTH104, PTH105, PTH106, PTH108, PTH120, PTH123
# Paths are text here: with ten thousand files in a run, pathlib would cost half of the time.

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import shutil
import stat
from typing import TYPE_CHECKING

import msgspec

from sealock.adapters.file_tree import RepositoryFiles
from sealock.domain.location import Location
from sealock.errors import Conflict, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sealock.domain.plan import FileChange

_FOLDER = ".sealock"
_TRANSACTION = "transaction-"
_JOURNAL = "journal"
_SYNC_EACH = 64
"""Up to so many files are flushed to the disk before the commit. For more that would take seconds: a
large write survives the death of the process all the same, and after a power cut Git has the old tree."""


class _Operation(msgspec.Struct, frozen=True):
    """One file of a journal: digests are hex SHA-256 of the content, empty where there is no file."""

    path: str
    staged: str
    before: str
    after: str


class _Journal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    operations: tuple[_Operation, ...]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class DiskWorkTree(RepositoryFiles):
    """The work tree below one folder; implements the WorkTree port.

    `step` is called with a description before each change of the disk.
    """

    def __init__(self, root: str, step: Callable[[str], None] = lambda _: None) -> None:
        """Open `root`, an existing folder."""
        super().__init__(root)
        self._step = step
        self._checked: set[str] = set()
        self._missing: set[str] = set()

    def read_bytes(self, path: str) -> bytes:
        """Return a file's content. Raises FileNotFoundError, Refused."""
        folder = path.rpartition("/")[0]
        if folder in self._missing:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        try:
            return super().read_bytes(path)
        except FileNotFoundError:
            if not self.exists(folder):
                self._missing.add(folder)
            raise

    def exists(self, path: str) -> bool:
        """Say whether anything is at `path`, a dangling link included."""
        return os.path.lexists(f"{self.root}/{path}")

    def names(self, folder: str) -> Sequence[str]:
        """Return the sorted names of the files in `folder`; none where there is no such folder."""
        try:
            with os.scandir(f"{self.root}/{folder}") as found:
                return sorted(each.name for each in found if each.is_file(follow_symlinks=False))
        except FileNotFoundError:
            return ()

    def interrupted(self) -> bool:
        """Say whether a run that died left work for `recover`."""
        return bool(self._transactions())

    def recover(self) -> None:
        """Undo or finish what an interrupted run left. Raises Conflict."""
        if self.interrupted():
            with self._lock():
                self._recover()

    def write(self, changes: Sequence[FileChange]) -> None:
        """Make all changes or none.

        Raises Conflict when a file is not as `before` says or another process writes here, Refused for
        a path through a link or out of the repository; nothing is written then.
        """
        if not changes:
            return
        with self._lock():
            self._recover()
            for change in changes:
                self._compare(change)
            folder = f"{self.root}/{_FOLDER}/{_TRANSACTION}{secrets.token_hex(6)}"
            try:
                journal = self._stage(folder, changes)
            except OSError:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            self._finish(folder, journal)
            self._checked.clear()
            self._missing.clear()

    def _stage(self, folder: str, changes: Sequence[FileChange]) -> _Journal:
        self._step(f"make {_TRANSACTION}")
        os.mkdir(folder)
        each = len(changes) <= _SYNC_EACH
        operations = []
        for number, change in enumerate(changes):
            staged, after = "", b""
            if change.after is not None:
                staged, after = str(number), change.after.encode()
                self._step(f"stage {change.path}")
                mode = None if change.before is None else self._mode(change.path)
                _create(f"{folder}/{staged}", after, mode, sync=each)
            before = "" if change.before is None else _digest(change.before.encode())
            operations.append(_Operation(change.path, staged, before, _digest(after) if staged else ""))
        journal = _Journal(tuple(operations))
        self._step("write the journal")
        _create(f"{folder}/{_JOURNAL}.new", msgspec.json.encode(journal), None, sync=each)
        self._step("commit")
        os.rename(f"{folder}/{_JOURNAL}.new", f"{folder}/{_JOURNAL}")
        if each:
            _sync(folder)
        return journal

    def _mode(self, path: str) -> int:
        return stat.S_IMODE(os.lstat(f"{self.root}/{path}").st_mode)

    def _finish(self, folder: str, journal: _Journal) -> None:
        """Carry out a committed journal; what is done already is skipped."""
        ready = {self.root}
        for operation in journal.operations:
            self._step(f"put {operation.path}")
            target = f"{self.root}/{operation.path}"
            parent = target.rpartition("/")[0]
            if not operation.staged:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(target)
                self._remove_empty(parent)
                ready.clear()
                continue
            if parent not in ready:
                os.makedirs(parent, exist_ok=True)
                ready.add(parent)
            with contextlib.suppress(FileNotFoundError):
                os.replace(f"{folder}/{operation.staged}", target)
        self._step("clean up")
        # Every file is in place: in whatever order the folder goes, the next run only deletes the rest.
        shutil.rmtree(folder)

    def _remove_empty(self, folder: str) -> None:
        while folder != self.root:
            try:
                os.rmdir(folder)
            except OSError as wrong:
                if wrong.errno in (errno.ENOTEMPTY, errno.EEXIST):
                    return
                if wrong.errno != errno.ENOENT:
                    raise
            folder = os.path.dirname(folder)

    def _transactions(self) -> list[str]:
        try:
            with os.scandir(f"{self.root}/{_FOLDER}") as found:
                names = [each.name for each in found if each.is_dir(follow_symlinks=False)]
        except FileNotFoundError:
            return []
        return [f"{self.root}/{_FOLDER}/{name}" for name in sorted(names) if name.startswith(_TRANSACTION)]

    def _recover(self) -> None:
        for folder in self._transactions():
            try:
                with open(f"{folder}/{_JOURNAL}", "rb") as file:
                    content = file.read()
            except FileNotFoundError:
                self._step("undo")
                shutil.rmtree(folder)
                continue
            try:
                journal = msgspec.json.decode(content, type=_Journal)
            except msgspec.DecodeError:
                name = os.path.relpath(folder, self.root)
                message = f"{name}/{_JOURNAL} of an interrupted run cannot be read"
                hint = f"Restore the files from Git, then delete {name}."
                raise Conflict(message, where=Location(name), hint=hint) from None
            for operation in journal.operations:
                self._refuse_unsafe(operation.path)
                self._refuse_moved(folder, operation)
            self._finish(folder, journal)

    def _refuse_moved(self, folder: str, operation: _Operation) -> None:
        """Refuse to finish over a file that somebody changed after the run was interrupted."""
        current = self._current(operation.path)
        if operation.staged and not os.path.lexists(f"{folder}/{operation.staged}"):
            return
        if current in (operation.before, operation.after):
            return
        name = os.path.relpath(folder, self.root)
        hint = f"Restore it from Git and run again, or delete {name} to keep what is there."
        message = "changed after a run was interrupted, which would now write it"
        raise Conflict(message, where=Location(operation.path), hint=hint)

    def _current(self, path: str) -> str:
        try:
            return _digest(self.read_bytes(path))
        except FileNotFoundError:
            return ""

    def _compare(self, change: FileChange) -> None:
        if self._refuse_unsafe(change.path):
            same = change.before is not None and self._current(change.path) == _digest(change.before.encode())
        else:
            same = change.before is None
        if not same:
            message = "changed while the plan was made; nothing was written"
            raise Conflict(message, where=Location(change.path), hint="Run the command again.")

    def _refuse_unsafe(self, path: str) -> bool:
        """Return whether a file is there; refuse a path out of the repository or through a link."""
        segments = path.split("/")
        if any(segment in ("", ".", "..", ".git") for segment in segments) or "\0" in path:
            message = f"{path!r} is no path inside the repository"
            raise Refused(message)
        place = ""
        for segment in segments[:-1]:
            place += f"{segment}/"
            if place not in self._checked:
                if not self._refuse_unless(stat.S_ISDIR, place[:-1], "no folder"):
                    return False
                self._checked.add(place)
        return self._refuse_unless(stat.S_ISREG, path, "no regular file")

    def _refuse_unless(self, expected: Callable[[int], bool], path: str, otherwise: str) -> bool:
        """Return whether anything is there; refuse what is of another type."""
        try:
            mode = os.lstat(f"{self.root}/{path}").st_mode
        except FileNotFoundError:
            return False
        if not expected(mode):
            found = "a symbolic link" if stat.S_ISLNK(mode) else otherwise
            message = f"this is {found}; nothing was written"
            raise Refused(message, where=Location(path), hint="Move it out of the way.")
        return True

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        folder = f"{self.root}/{_FOLDER}"
        self._refuse_unsafe(f"{_FOLDER}/x")
        os.makedirs(folder, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            message = "another sealock is writing to this repository"
            raise Conflict(
                message, where=Location(_FOLDER), hint="Run the command again when it is done."
            ) from None
        try:
            yield
        finally:
            os.close(descriptor)


def _sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _create(file: str, content: bytes, mode: int | None, *, sync: bool) -> None:
    """Write a new file, with `mode` where one is given and the user's umask otherwise."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]
        if mode is not None:
            os.fchmod(descriptor, mode)
        if sync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
