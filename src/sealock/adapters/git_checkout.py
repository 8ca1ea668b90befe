"""Moves a branch of this repository; where it is checked out, files that are as committed go along.

The files and the index are moved before the branch, and every file is as before or complete. Who is
killed between them leaves what a second run takes for its own: contents that are the old or the new ones.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sealock.adapters import git_program, git_push
from sealock.adapters.git_write import cannot_write
from sealock.domain.promotion import Delivery
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sealock.adapters.git_push import Standing

_LOCK_SECONDS = 30.0
_LOCK_PAUSE_SECONDS = 0.02
_FEW = 3
_ABSENT = ""
_NEW_FILE = "sealock-new-file"


class _Change(NamedTuple):
    """A file that the commit changes: its blobs, empty for none, and whether it is executable."""

    path: str
    old: str
    new: str
    executable: bool


class _Place(NamedTuple):
    """A work tree that has the branch checked out, and its own Git folder."""

    folder: str
    git_dir: str


def move_here(root: str, ref: str, old: str, new: str, standing: Callable[[], Standing]) -> Delivery:
    """Move `ref` from `old`, empty for none, to `new`; `standing` says how it stands to them now.

    Raises Undecided when Git cannot write, and leaves everything as it was.
    """
    with _alone(root):
        found = standing()
        if found != "unchanged":
            return Delivery("accepted" if found == "arrived" else "moved", new)
        places = list(_places(root, ref)) if old else []
        moved = [(place, *_settled(place, old, new)) for place in places]
        done: list[tuple[_Place, Sequence[_Change]]] = []
        try:
            for place, clean, _ in moved:
                done.append((place, clean))
                _bring(place, clean)
            updated = git_program.run(root, ["update-ref", "-m", "sealock", ref, new, old])
        except BaseException:
            # Who is stopped may have moved the branch first.
            if git_push.ask(standing) != "arrived":
                _take_back(done)
            raise
        found = standing() if updated.status else "arrived"
        if found != "arrived":
            _take_back(done)
            return _not_moved(updated.stderr, new, found)
        return Delivery("accepted", new, _left_alone([path for *_, dirty in moved for path in dirty]))


def _not_moved(said: bytes, new: str, found: Standing) -> Delivery:
    if found == "moved":
        return Delivery("moved", new)
    if b"aborted by hook" in said:
        return Delivery("refused", new, git_program.words(said))
    raise cannot_write(said)


def _left_alone(paths: Sequence[str]) -> str:
    if not paths:
        return ""
    more = f" and {len(paths) - _FEW} more" if len(paths) > _FEW else ""
    return f"left alone here, because they are not as committed: {', '.join(paths[:_FEW])}{more}"


@contextmanager
def _alone(root: str) -> Iterator[None]:
    """Let no other Sealock move a branch of this repository meanwhile. Raises Undecided."""
    found = git_program.output(root, ["rev-parse", "--path-format=absolute", "--git-common-dir"])
    descriptor = os.open(os.fsdecode(found).rstrip("\n"), os.O_RDONLY)
    last = time.monotonic() + _LOCK_SECONDS
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > last:
                    message = f"another promotion has been writing here for {_LOCK_SECONDS:g} s"
                    raise Undecided(message, hint="Wait for it, and run this again.") from None
                time.sleep(_LOCK_PAUSE_SECONDS)
            else:
                break
        yield
    finally:
        os.close(descriptor)


def _places(root: str, ref: str) -> Iterator[_Place]:
    """Yield the work trees that have `ref` checked out."""
    listed = os.fsdecode(git_program.output(root, ["worktree", "list", "--porcelain"]))
    for about in listed.split("\n\n"):
        lines = about.split("\n")
        folder = lines[0].removeprefix("worktree ")
        if f"branch {ref}" in lines and Path(folder).is_dir():
            found = git_program.output(folder, ["rev-parse", "--absolute-git-dir"])
            yield _Place(folder, os.fsdecode(found).rstrip("\n"))


def _settled(place: _Place, old: str, new: str) -> tuple[list[_Change], list[str]]:
    """Return the changed files that are as committed in index and work tree, and the paths of the others."""
    raw = git_program.output(place.folder, ["diff-tree", "-r", "-z", "--raw", "--no-renames", old, new])
    changes = list(_changes(raw))
    entries = _entries(place, [each.path for each in changes])
    files = _files(place, [each.path for each in changes])
    clean: list[_Change] = []
    dirty: list[_Change] = []
    for each in changes:
        entry, hidden = entries.get(each.path, (_ABSENT, False))
        known = {each.old, each.new}
        fine = entry in known and not hidden and files[each.path] in known
        (clean if fine else dirty).append(each)
    return clean, [each.path for each in dirty]


def _changes(raw: bytes) -> Iterator[_Change]:
    fields = os.fsdecode(raw).split("\0")
    for about, path in zip(fields[::2], fields[1::2], strict=False):
        old_mode, new_mode, old, new, _ = about.removeprefix(":").split(" ")
        yield _Change(
            path,
            old if int(old_mode, 8) else _ABSENT,
            new if int(new_mode, 8) else _ABSENT,
            executable="100755" in {old_mode, new_mode},
        )


def _entries(place: _Place, paths: Sequence[str]) -> dict[str, tuple[str, bool]]:
    """Return what the index has for each path: the blob, and whether it is no plain entry."""
    arguments = ["--literal-pathspecs", "ls-files", "-s", "-v", "-z", "--full-name", "--", *paths]
    found = {}
    for line in os.fsdecode(git_program.output(place.folder, arguments)).split("\0"):
        about, _, path = line.partition("\t")
        if path:
            tag, _, blob, stage = about.split(" ")
            found[path] = blob, tag != "H" or stage != "0"
    return found


def _files(place: _Place, paths: Sequence[str]) -> dict[str, str]:
    """Return the blob that each file would be, empty for none; what is no plain file has a word instead."""
    found = {path: _kind(place.folder, path) for path in paths}
    plain = [path for path, kind in found.items() if kind == "file"]
    if plain:
        listed = "".join(f"{path}\n" for path in plain)
        ids = git_program.output(place.folder, ["hash-object", "--stdin-paths"], stdin=os.fsencode(listed))
        found |= dict(zip(plain, ids.decode("ascii").split(), strict=True))
    return found


def _kind(folder: str, path: str) -> str:
    """Return `file` for a plain file that no link leads to, empty for nothing, else a word."""
    if not path.isprintable():
        return "odd"
    parts = path.split("/")
    for end in range(1, len(parts) + 1):
        try:
            mode = Path(folder, *parts[:end]).lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return _ABSENT
        except OSError:
            return "unreadable"
        if end < len(parts) and not stat.S_ISDIR(mode):
            return "odd"
    return "file" if stat.S_ISREG(mode) else "odd"


def _take_back(done: Sequence[tuple[_Place, Sequence[_Change]]]) -> None:
    """Put the old contents back, as far as that can be done."""
    for place, changes in done:
        with suppress(Undecided, OSError):
            _bring(place, [each._replace(old=each.new, new=each.old) for each in changes])


def _bring(place: _Place, changes: Sequence[_Change]) -> None:
    """Write the new contents to the work tree and the index. Raises Undecided."""
    if not changes:
        return
    try:
        for each in changes:
            _write(place, each)
    except OSError as wrong:
        message = f"the work tree cannot be written: {wrong.strerror}"
        raise Undecided(message, hint="Look at the free space and the permissions of the files.") from wrong
    listed = "".join(f"{each.path}\0" for each in changes)
    arguments = ["update-index", "-z", "--add", "--remove", "--stdin"]
    done = git_program.run(place.folder, arguments, stdin=os.fsencode(listed))
    if done.status:
        raise cannot_write(done.stderr)


def _write(place: _Place, change: _Change) -> None:
    path = Path(place.folder, change.path)
    if not change.new:
        path.unlink(missing_ok=True)
        _remove_empty(path.parent, Path(place.folder))
        return
    asked = ["cat-file", "--filters", f"--path={change.path}", change.new]
    content = git_program.output(place.folder, asked)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        _replace(Path(place.git_dir, _NEW_FILE), path, content, change)
    except OSError as wrong:
        if wrong.errno != errno.EXDEV:
            raise
        _replace(path.with_name(f".{_NEW_FILE}"), path, content, change)


def _replace(new: Path, path: Path, content: bytes, change: _Change) -> None:
    """Put `content` at `path` in one move, from the file `new`; permissions stay."""
    new.unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        mode = stat.S_IMODE(path.stat().st_mode)
    try:
        created = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o777 if change.executable else 0o666)
        with os.fdopen(created, "wb") as file:
            if path.exists():
                os.fchmod(created, mode)
            file.write(content)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _remove_empty(folder: Path, top: Path) -> None:
    with suppress(OSError):
        while folder != top:
            folder.rmdir()
            folder = folder.parent
