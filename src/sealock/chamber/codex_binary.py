"""Finds the Codex program and proves that it is the one that was pinned."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from platformdirs import user_cache_path

from sealock.adapters import process
from sealock.chamber.codex_versions import how_to_get
from sealock.domain.agent_run import CodexBinary
from sealock.errors import Refused, Undecided, UsageError

if TYPE_CHECKING:
    from sealock.domain.settings import CodexChoice

_INSTALL = (
    "Install it: pip install 'sealock[codex]', or name one in sealock.yaml: chamber.codex.path and sha256."
)
_VERSION_SECONDS = 20.0
_SAID = re.compile(r"codex(?:-cli)?(?:-exec)? ([0-9][0-9A-Za-z.+-]*)\s*", re.ASCII)
_RESOURCES = "codex-resources"


class _Known(msgspec.Struct, frozen=True):
    """What was found out of a file, and of which state of it."""

    state: tuple[int, int, int, int, int]
    sha256: str
    version: str


def find(choice: CodexChoice) -> CodexBinary:
    """Return the program that `choice` pins, verified: a path with a hash, else the installed wheel's.

    Raises UsageError where there is none, Refused when it is not what was pinned, Undecided when it does
    not run.
    """
    path, source = (choice.path, "path") if choice.path else (_of_wheel(), "wheel")
    try:
        real = os.path.realpath(path, strict=True)
        known = _known(real, choice.sha256)
    except OSError as wrong:
        message = f"the Codex program {path} cannot be read: {wrong.strerror}"
        raise UsageError(message, hint=_INSTALL) from None
    if choice.sha256 and choice.sha256 != known.sha256:
        message = f"the Codex program {path} has the SHA-256 {known.sha256}, not {choice.sha256}"
        raise Refused(message, hint="It is not the one that was pinned: reinstall it, or pin this one.")
    if choice.version and choice.version != known.version:
        message = f"the Codex program {path} is {known.version}, and sealock.yaml pins {choice.version}"
        raise Refused(message, hint=how_to_get(choice.version, by_path=bool(choice.path)))
    return CodexBinary(real, known.version, known.sha256, source)


def places_of(path: str) -> tuple[str, str]:
    """Return the folder of a program's package and its path in it; for a program alone, itself and its name.

    A package holds `codex-resources` beside the program's own folder: the sandbox that Codex runs tools in.
    """
    file = Path(path)
    package = file.parent.parent
    if (package / _RESOURCES).is_dir():
        return str(package), file.relative_to(package).as_posix()
    return path, f"bin/{file.name}"


def bundled_bwrap(binary: CodexBinary) -> str:
    """Return the bubblewrap that came with the program, or nothing."""
    folder, _ = places_of(binary.path)
    bwrap = Path(folder, _RESOURCES, "bwrap")
    return str(bwrap) if bwrap.is_file() and os.access(bwrap, os.X_OK) else ""


def _of_wheel() -> str:
    try:
        import codex_cli_bin  # type: ignore[import-untyped,unused-ignore] # noqa: PLC0415 - an optional extra
    except ImportError:
        message = "there is no Codex program"
        raise UsageError(message, hint=_INSTALL) from None
    return str(codex_cli_bin.bundled_codex_path())


def _known(path: str, pinned: str) -> _Known:
    """Return what a file is; remembered by the state of the file, since it takes a third of a second.

    The time of its last change of status is part of that state, which no user can set. A file that is not
    what was `pinned` is not started, and has no version.
    """
    found = Path(path).stat()
    state = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    memory = user_cache_path("sealock") / "codex" / f"{hashlib.sha256(path.encode()).hexdigest()}.json"
    with suppress(OSError, msgspec.MsgspecError):
        known = msgspec.json.decode(memory.read_bytes(), type=_Known)
        if known.state == state:
            return known
    sha256 = _sha256(path)
    if pinned and pinned != sha256:
        return _Known(state, sha256, "")
    known = _Known(state, sha256, _version(path))
    with suppress(OSError):
        memory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        scratch = memory.with_suffix(f".{os.getpid()}")
        scratch.write_bytes(msgspec.json.encode(known))
        scratch.replace(memory)
    return known


def _sha256(path: str) -> str:
    with Path(path).open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _version(path: str) -> str:
    try:
        said = process.run(
            [path, "--version"],
            environment={"HOME": "/nonexistent", "CODEX_HOME": "/nonexistent"},
            timeout_seconds=_VERSION_SECONDS,
        )
    except (OSError, process.TimedOut) as wrong:
        message = f"the Codex program {path} does not run: {wrong}"
        raise Undecided(message, hint="Check that it is made for this machine.") from None
    found = _SAID.search(said.stdout.decode("utf-8", "replace"))
    if found is None:
        message = f"{path} --version does not say which version of Codex it is"
        raise Undecided(message, hint="Is it Codex? It answered neither `codex-cli` nor a version.")
    return found[1]
