"""Runs programs of a revision: in a private copy of their folder, with a bare environment and a deadline."""

from __future__ import annotations

import errno
import os
import posixpath
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sealock.adapters import git_program, process
from sealock.domain.location import Location
from sealock.domain.printable import printable
from sealock.errors import Refused, Undecided
from sealock.ports import ProgramAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sealock.adapters.git_revision import RevisionFiles

_KEPT_BYTES = 1 << 20
_MOST_FILES = 2000
_MOST_BYTES = 50 << 20
_PASSED_ON = ("PATH", "HOME", "LANG", "TZ")
_EXECUTABLE, _LINK, _SUBMODULE = "100755", "120000", "160000"


class _Entry(NamedTuple):
    mode: str
    id: str
    path: str


class RevisionPrograms:
    """Programs as a revision has them; implements the GatePrograms port."""

    def __init__(self, files: RevisionFiles) -> None:
        """Run programs of the revision `files`."""
        self._files = files

    def run(self, path: str, facts: Mapping[str, str], stdin: bytes, timeout_seconds: float) -> ProgramAnswer:
        """Run the file `path` with its folder as the current one, which is a copy with all that is in it.

        Of a program at the root only the files at the root are copied. Raises Refused for a path that
        leaves the repository, Undecided.
        """
        path = _inside(path)
        folder = posixpath.dirname(path)
        entries = self._entries(folder)
        wanted = next((each for each in entries if each.path == path), None)
        if wanted is None:
            return _missing(f"{path} is not in the revision {self._files.revision.commit[:12]}")
        if wanted.mode not in {_EXECUTABLE, _LINK}:
            return _missing(f"{path} is not executable in Git: run git update-index --chmod=+x {path}")
        with tempfile.TemporaryDirectory(prefix="sealock-gate-", ignore_cleanup_errors=True) as private:
            self._copy(entries, folder, Path(private))
            return _run(private, posixpath.basename(path), facts, (stdin, timeout_seconds))

    def _entries(self, folder: str) -> Sequence[_Entry]:
        """Return the files of a folder and below; of the root those right in it. Raises Undecided."""
        deep = (
            ["-r", self._files.revision.tree, "--", f"{folder}/"] if folder else [self._files.revision.tree]
        )
        listed = git_program.output(self._files.root, ["ls-tree", "-z", "--full-tree", *deep])
        found = []
        for line in os.fsdecode(listed).split("\0"):
            about, _, path = line.partition("\t")
            mode, _, rest = about.partition(" ")
            kind, _, name = rest.partition(" ")
            if kind == "blob":
                found.append(_Entry(mode, name, path))
        if len(found) > _MOST_FILES:
            message = f"its folder has {len(found)} files, more than {_MOST_FILES}"
            hint = "Move the program and what it needs to a folder of their own."
            raise Undecided(message, where=Location(f"{folder}/"), hint=hint)
        return found

    def _copy(self, entries: Sequence[_Entry], folder: str, target: Path) -> None:
        contents = dict(self._files.contents(dict.fromkeys(each.id for each in entries)))
        if sum(map(len, contents.values())) > _MOST_BYTES:
            message = f"its folder has more than {_MOST_BYTES >> 20} MiB"
            hint = "Move the program and what it needs to a folder of their own."
            raise Undecided(message, where=Location(f"{folder}/"), hint=hint)
        for each in entries:
            place = target / posixpath.relpath(each.path, folder or ".")
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if each.mode == _LINK:
                _link(place, os.fsdecode(contents[each.id]), target)
                continue
            place.write_bytes(contents[each.id])
            place.chmod(0o700 if each.mode == _EXECUTABLE else 0o600)


def _inside(path: str) -> str:
    normal = posixpath.normpath(path)
    if normal.startswith(("/", "../")) or normal in {".", ".."} or "\0" in normal:
        message = f"{printable(path)!r} is no file of the repository"
        raise Refused(message, hint="Name the program by its path in the repository: gates/window.")
    return normal


def _link(place: Path, destination: str, folder: Path) -> None:
    """Make a link that stays in the copy; others would lead to what the revision does not say."""
    full = os.path.normpath(place.parent / destination)
    if not destination.startswith("/") and Path(full).is_relative_to(folder):
        place.symlink_to(destination)


def _run(folder: str, name: str, facts: Mapping[str, str], given: tuple[bytes, float]) -> ProgramAnswer:
    stdin, timeout_seconds = given
    passed = {each: os.environ[each] for each in _PASSED_ON if each in os.environ}
    try:
        done = process.run_bounded(
            [str(Path(folder, name))],
            folder=folder,
            environment=passed | dict(facts),
            stdin=stdin,
            bounds=process.Bounds(timeout_seconds, _KEPT_BYTES),
        )
    except OSError as wrong:
        return _missing(_why(wrong))
    return ProgramAnswer(
        done.status,
        done.stdout,
        done.stderr,
        round(done.seconds, 3),
        timed_out=done.timed_out,
        dropped=done.dropped,
    )


def _why(wrong: OSError) -> str:
    if wrong.errno == errno.ENOEXEC:
        return "it is no program: its first line does not say what runs it (#!/bin/sh)"
    if wrong.errno == errno.ENOENT:
        return "what its first line names is not on this machine"
    return os.strerror(wrong.errno or 0)


def _missing(why: str) -> ProgramAnswer:
    return ProgramAnswer(0, b"", b"", 0.0, missing=why)
