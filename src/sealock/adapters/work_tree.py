"""A repository's work tree: reads files, and writes many of them at once or not at all.

A write stages every new text in `.sealock/transaction-<id>/`, then renames `journal.new` to `journal`:
that is the commit. Before it nothing else was touched, so a run that died is undone by deleting the
folder; after it the next writer finishes the renames. One writer at a time holds a lock on `.sealock`.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import shutil
import stat
from pathlib import Path
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
"""Up to so many files are flushed one by one; flushing the whole disk once is faster for more."""


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
        self._base = Path(self.root)
        self._step = step
        self._checked: set[Path] = {self._base}

    def exists(self, path: str) -> bool:
        """Say whether anything is at `path`, a dangling link included."""
        return os.path.lexists(f"{self.root}/{path}")

    def names(self, folder: str) -> Sequence[str]:
        """Return the sorted names of the files in `folder`; none where there is no such folder."""
        try:
            with os.scandir(self._base / folder) as found:
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
        for change in changes:
            self._refuse_unsafe(change.path)
        with self._lock():
            self._recover()
            for change in changes:
                self._compare(change)
            folder = self._base / _FOLDER / f"{_TRANSACTION}{secrets.token_hex(6)}"
            try:
                journal = self._stage(folder, changes)
            except OSError:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            self._finish(folder, journal)

    def _stage(self, folder: Path, changes: Sequence[FileChange]) -> _Journal:
        self._step(f"make {_TRANSACTION}")
        folder.mkdir()
        each = len(changes) <= _SYNC_EACH
        operations = []
        for number, change in enumerate(changes):
            staged, after = "", b""
            if change.after is not None:
                staged, after = str(number), change.after.encode()
                self._step(f"stage {change.path}")
                self._stage_one(folder / staged, after, self._base / change.path, sync=each)
            before = "" if change.before is None else _digest(change.before.encode())
            operations.append(_Operation(change.path, staged, before, _digest(after) if staged else ""))
        journal = _Journal(tuple(operations))
        self._step("write the journal")
        self._stage_one(folder / f"{_JOURNAL}.new", msgspec.json.encode(journal), None, sync=each)
        if not each:
            os.sync()
        self._step("commit")
        (folder / f"{_JOURNAL}.new").rename(folder / _JOURNAL)
        _sync(folder)
        return journal

    def _stage_one(self, staged: Path, content: bytes, target: Path | None, *, sync: bool) -> None:
        descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            left = memoryview(content)
            while left:
                left = left[os.write(descriptor, left) :]
            if target is not None:
                with contextlib.suppress(FileNotFoundError):
                    os.fchmod(descriptor, stat.S_IMODE(target.lstat().st_mode))
            if sync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _finish(self, folder: Path, journal: _Journal) -> None:
        """Carry out a committed journal; what is done already is skipped."""
        for operation in journal.operations:
            self._step(f"put {operation.path}")
            target = self._base / operation.path
            if operation.staged:
                staged = folder / operation.staged
                try:
                    staged.replace(target)
                except FileNotFoundError:
                    if not staged.exists():
                        continue
                    target.parent.mkdir(parents=True, exist_ok=True)
                    staged.replace(target)
            else:
                target.unlink(missing_ok=True)
                self._remove_empty(target.parent)
        self._step("clean up")
        # Every file is in place: in whatever order the folder goes, the next run only deletes the rest.
        shutil.rmtree(folder)

    def _remove_empty(self, folder: Path) -> None:
        while folder != self._base:
            try:
                folder.rmdir()
            except OSError as wrong:
                if wrong.errno in (errno.ENOTEMPTY, errno.EEXIST):
                    return
                if wrong.errno != errno.ENOENT:
                    raise
            folder = folder.parent

    def _transactions(self) -> list[Path]:
        try:
            with os.scandir(self._base / _FOLDER) as found:
                names = [each.name for each in found if each.is_dir(follow_symlinks=False)]
        except FileNotFoundError:
            return []
        return [self._base / _FOLDER / name for name in sorted(names) if name.startswith(_TRANSACTION)]

    def _recover(self) -> None:
        for folder in self._transactions():
            try:
                content = (folder / _JOURNAL).read_bytes()
            except FileNotFoundError:
                self._step("undo")
                shutil.rmtree(folder)
                continue
            try:
                journal = msgspec.json.decode(content, type=_Journal)
            except msgspec.DecodeError:
                name = f"{_FOLDER}/{folder.name}"
                message = f"{name}/{_JOURNAL} of an interrupted run cannot be read"
                hint = f"Restore the files from Git, then delete {name}."
                raise Conflict(message, where=Location(name), hint=hint) from None
            for operation in journal.operations:
                self._refuse_unsafe(operation.path)
                self._refuse_moved(folder, operation)
            self._finish(folder, journal)

    def _refuse_moved(self, folder: Path, operation: _Operation) -> None:
        """Refuse to finish over a file that somebody changed after the run was interrupted."""
        current = self._current(operation.path)
        if operation.staged and not (folder / operation.staged).exists():
            return
        if current in (operation.before, operation.after):
            return
        hint = f"Restore it from Git and run again, or delete {_FOLDER}/{folder.name} to stay with what is there."
        message = "changed after a run was interrupted, which would now write it"
        raise Conflict(message, where=Location(operation.path), hint=hint)

    def _current(self, path: str) -> str:
        try:
            return _digest(self.read_bytes(path))
        except FileNotFoundError:
            return ""

    def _compare(self, change: FileChange) -> None:
        if change.before is None:
            same = not self.exists(change.path)
        else:
            same = self._current(change.path) == _digest(change.before.encode())
        if not same:
            message = "changed while the plan was made; nothing was written"
            raise Conflict(message, where=Location(change.path), hint="Run the command again.")

    def _refuse_unsafe(self, path: str) -> None:
        """Refuse a path that is not plainly below the repository, or leads through a link."""
        segments = path.split("/")
        if any(segment in ("", ".", "..", ".git") for segment in segments) or "\0" in path:
            message = f"{path!r} is no path inside the repository"
            raise Refused(message)
        target = self._base
        for segment in segments:
            target = target / segment
            if target in self._checked:
                continue
            try:
                mode = target.lstat().st_mode
            except FileNotFoundError:
                return
            last = len(target.parts) == len(self._base.parts) + len(segments)
            if not (stat.S_ISREG(mode) if last else stat.S_ISDIR(mode)):
                found = (
                    "a symbolic link" if stat.S_ISLNK(mode) else "no regular file" if last else "no folder"
                )
                where = str(target.relative_to(self._base))
                message = f"this is {found}; nothing was written"
                raise Refused(message, where=Location(where), hint="Move it out of the way.")
            if not last:
                self._checked.add(target)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        folder = self._base / _FOLDER
        self._refuse_unsafe(f"{_FOLDER}/x")
        folder.mkdir(exist_ok=True)
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


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
