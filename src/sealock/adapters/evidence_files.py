"""Evidence in files: `.json` holds one piece, `.jsonl` one on each line, below the configured places.

Files are foreign: links are not followed, sizes and counts are bounded, and one that cannot be read stops
the question instead of being passed over, because it may be the one that says no.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import secrets
import stat
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import msgspec

from sealock.domain.evidence import Evidence, summary
from sealock.domain.location import Location
from sealock.domain.printable import printable
from sealock.domain.promotion import EvidenceRef
from sealock.errors import Undecided, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FOLDER = ".sealock/evidence"
"""Where what a gate saw is kept."""

_MOST_FILES = 10_000
_MOST_FILE_BYTES = 8 << 20
_MOST_BYTES = 64 << 20
_MOST_LEVELS = 8

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without blocking, or a named pipe would hang the reader.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_HINT = "Correct it, or take it away."


class _Found(NamedTuple):
    """A piece as it is written, and where."""

    value: Any
    evidence: Evidence
    path: str
    line: int


class EvidenceFiles:
    """The evidence in some files of a repository; implements the EvidenceStore port."""

    def __init__(self, root: str, places: Sequence[str] = (FOLDER,), given: Sequence[str] = ()) -> None:
        """Read the files and folders `places`, relative to `root`, and `given`, once, when first asked.

        A configured place where nothing is holds no evidence. What the user gives, relative to the working
        folder, must be there, or this raises UsageError.
        """
        self._root = root
        self._places = [
            *((root, place, place) for place in dict.fromkeys(places) if not place.startswith("/")),
            *map(_given, dict.fromkeys((*(each for each in places if each.startswith("/")), *given))),
        ]
        self._known: dict[tuple[str, str], list[_Found]] | None = None
        self._asked: dict[tuple[str, str], dict[str, tuple[EvidenceRef, Evidence]]] = {}

    def of(self, service: str, environment: str) -> Sequence[tuple[EvidenceRef, Evidence]]:
        """Return the evidence about a service in an environment, newest observation first.

        Raises Undecided for a file that cannot be read or is no evidence, with its place.
        """
        if self._known is None:
            self._known = self._read()
        about = (service, environment)
        if about not in self._asked:
            # Only here: the canonical form costs more than all the rest, and most pieces are about others.
            found = map(_referred, self._known.get(about, ()))
            self._asked[about] = {ref.digest: (ref, evidence) for ref, evidence in found}
        pieces = self._asked[about].values()
        return sorted(pieces, key=lambda each: (each[1].observed, each[0].digest), reverse=True)

    def keep(self, evidence: Evidence) -> EvidenceRef:
        """Keep a piece below `.sealock/evidence`, whole or not at all, and return its reference.

        The file's name is the digest of its bytes. Raises Undecided.
        """
        plain = msgspec.to_builtins(evidence)
        try:
            # What could not be read back would stop every later question.
            evidence = msgspec.convert(plain, Evidence)
        except msgspec.ValidationError as wrong:
            _undecided(f"this evidence cannot be kept: {_words(wrong)}", FOLDER, hint="")
        content = _canonical(plain, FOLDER, 0)
        if len(content) > _MOST_FILE_BYTES:
            _undecided(f"evidence of {len(content)} bytes is more than {_MOST_FILE_BYTES}", FOLDER)
        ref = _reference(content, evidence)
        name = f"{ref.digest.partition(':')[2]}.json"
        try:
            with _folder(self._root, FOLDER, make=True) as folder:
                _write(folder, name, content)
        except OSError as wrong:
            _undecided(f"evidence cannot be kept: {_why(wrong)}", f"{FOLDER}/{name}", hint="")
        if self._known is not None:
            self.of(evidence.service, evidence.environment)
            self._asked[evidence.service, evidence.environment][ref.digest] = (ref, evidence)
        return ref

    def _read(self) -> dict[tuple[str, str], list[_Found]]:
        known: dict[tuple[str, str], list[_Found]] = {}
        left_files, left_bytes = _MOST_FILES, _MOST_BYTES
        for root, place, shown in self._places:
            for path, content in _files(root, place, shown):
                left_files -= 1
                left_bytes -= len(content)
                if left_files < 0 or left_bytes < 0:
                    most = f"{_MOST_FILES} files or {_MOST_BYTES >> 20} MiB"
                    _undecided(f"there is more evidence than {most}", path, hint="Take old files away.")
                for found in _pieces(path, content):
                    about = (found.evidence.service, found.evidence.environment)
                    known.setdefault(about, []).append(found)
        return known


def _given(path: str) -> tuple[str, str, str]:
    """Return a path of the user's as root, place and what to call it."""
    real = os.path.realpath(path)
    if not os.path.exists(real):  # noqa: PTH110 - as text, as all paths here
        message = f"there is no evidence at {printable(path, 200)}"
        raise UsageError(message, hint="--evidence names a file or a folder.")
    return "/", real.lstrip("/"), path.rstrip("/") or path


def _files(root: str, place: str, shown: str) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of every file of evidence at or below a place, sorted."""
    parent, _, name = place.rpartition("/")
    try:
        with _folder(root, parent) as folder:
            try:
                mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
            except FileNotFoundError:
                return
            if stat.S_ISDIR(mode):
                yield from _below(folder, name, shown, _MOST_LEVELS)
            else:
                yield shown, _content(folder, name, shown)
    except _NoFolder:
        return
    except OSError as wrong:
        _undecided(f"this cannot be read: {_why(wrong)}", shown)


def _below(parent: int, name: str, path: str, levels: int) -> Iterator[tuple[str, bytes]]:
    if not levels:
        _undecided(f"evidence lies more than {_MOST_LEVELS} folders deep", path)
    folder = os.open(name, _DIRECTORY, dir_fd=parent)
    try:
        with os.scandir(folder) as found:
            entries = sorted(
                (each.name, each.is_dir(follow_symlinks=False), each.is_symlink()) for each in found
            )
        for entry, is_folder, is_link in entries:
            below = f"{path}/{entry}"
            if entry.startswith("."):
                continue
            if is_link:
                _undecided("this is a symbolic link, which is not followed", below)
            if is_folder:
                yield from _below(folder, entry, below, levels - 1)
            elif entry.endswith((".json", ".jsonl")):
                yield below, _content(folder, entry, below)
    finally:
        os.close(folder)


def _content(folder: int, name: str, path: str) -> bytes:
    try:
        descriptor = os.open(name, _FILE, dir_fd=folder)
    except OSError as wrong:
        _undecided(f"this cannot be read: {_why(wrong)}", path)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor has no Path
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            _undecided("this is no regular file", path)
        content = file.read(_MOST_FILE_BYTES + 1)
    if len(content) > _MOST_FILE_BYTES:
        _undecided(f"this is larger than {_MOST_FILE_BYTES >> 20} MiB", path)
    return content


def _pieces(path: str, content: bytes) -> Iterator[_Found]:
    if not path.endswith(".jsonl"):
        yield _piece(content, path, 1)
        return
    for number, line in enumerate(content.split(b"\n"), 1):
        if line.strip():
            yield _piece(line, path, number)


def _piece(content: bytes, path: str, line: int) -> _Found:
    try:
        value = _DECODER.decode(content.decode("utf-8"))
    except json.JSONDecodeError as wrong:
        _undecided(f"this is no JSON: {wrong.msg}", path, line + wrong.lineno - 1, wrong.colno)
    except (ValueError, RecursionError) as wrong:
        words = "it is nested too deeply" if isinstance(wrong, RecursionError) else _words(wrong)
        _undecided(f"this is no JSON: {words}", path, line)
    try:
        evidence = msgspec.convert(value, Evidence)
    except msgspec.ValidationError as wrong:
        _undecided(f"this is no evidence: {_words(wrong)}", path, line)
    if evidence.observed < evidence.since:
        _undecided("this is no evidence: `observed` is before `since`", path, line)
    return _Found(value, evidence, path, line)


def _referred(found: _Found) -> tuple[EvidenceRef, Evidence]:
    """Return a piece with its reference. Raises Undecided."""
    return _reference(_canonical(found.value, found.path, found.line), found.evidence), found.evidence


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        message = "a key stands there twice"
        raise ValueError(message)
    return found


def _no_constant(name: str) -> NoReturn:
    message = f"{name} is no number"
    raise ValueError(message)


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_constant)


def _canonical(value: Any, path: str, line: int) -> bytes:  # noqa: ANN401 - any JSON
    """Return the canonical form of RFC 8785."""
    import rfc8785  # noqa: PLC0415 - only where there is evidence

    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as wrong:
        _undecided(f"this has no canonical form: {_words(wrong)}", path, line)


def _reference(canonical: bytes, evidence: Evidence) -> EvidenceRef:
    digest = f"sha256:{hashlib.sha256(canonical).hexdigest()}"
    return EvidenceRef(evidence.kind, digest, summary(evidence))


class _NoFolder(OSError):
    """A folder on the way is not there."""


@contextlib.contextmanager
def _folder(root: str, path: str, *, make: bool = False) -> Iterator[int]:
    """Open a folder below `root` without following links. Raises OSError."""
    current = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in path.split("/") if path else ():
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, dir_fd=current)
            try:
                below = os.open(name, _DIRECTORY, dir_fd=current)
            except FileNotFoundError as wrong:
                raise _NoFolder(wrong.errno, wrong.strerror) from wrong
            os.close(current)
            current = below
        yield current
    finally:
        os.close(current)


def _write(folder: int, name: str, content: bytes) -> None:
    partial = f".{secrets.token_hex(8)}"
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666, dir_fd=folder)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - as above
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        os.rename(partial, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(partial, dir_fd=folder)
        raise


def _why(wrong: OSError) -> str:
    if wrong.errno in {errno.ELOOP, errno.EMLINK, errno.ENOTDIR}:
        return "a symbolic link is on the way, which is not followed"
    return wrong.strerror or type(wrong).__name__


def _words(wrong: Exception) -> str:
    return printable(str(wrong), 200)


def _undecided(message: str, path: str, line: int = 0, column: int = 1, *, hint: str = _HINT) -> NoReturn:
    where = Location(printable(path, 200), line, column if line else 0)
    raise Undecided(message, where=where, hint=hint)
