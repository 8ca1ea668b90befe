"""Brings the Codex programs that tests run: pinned versions, checked against pinned hashes, kept in `.cache`.

As a program it prints the path of each version asked for (all when none is), fetching what is not there.
The oldest and the newest come as npm packages through the npm client, the one between from the wheel of
the extra `sealock[codex]`, which has to be installed. Every stable release since the oldest can be borrowed:
it is gone afterwards. `codex_packages.json` has the integrity that npm's registry states of each, as a lock
file would. Only Linux on x86-64 is pinned.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "codex"

PACKAGE = "@openai/codex@{version}-linux-x64"
PACKAGES: dict[str, str] = json.loads(Path(__file__).with_name("codex_packages.json").read_text("utf-8"))
"""The integrity of each release's package, oldest first."""
WHEEL = "0.163.0"
VERSIONS = ("0.130.0", WHEEL, "0.169.0")

_INSIDE = "package/vendor/x86_64-unknown-linux-musl/"
_NOT_NEEDED = ("codex-resources/voice/",)
_PROGRAMS = ("bin/codex", "codex/codex")


class Missing(Exception):
    """A version cannot be had here; the message says why."""


def program(version: str) -> Path:
    """Return the path of a version's program, fetching it once. Raises Missing."""
    if version == WHEEL:
        return _of_wheel()
    folder = CACHE / version
    if not folder.is_dir():
        _fetch(version, folder)
    return _inside(folder)


@contextmanager
def borrowed(version: str) -> Iterator[Path]:
    """Give the program of any pinned release; its package is removed afterwards. Raises Missing."""
    if version not in PACKAGES:
        message = f"no package of Codex {version} is pinned"
        raise Missing(message)
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        yield _inside(_unpacked(version, Path(scratch)))


def _inside(folder: Path) -> Path:
    for each in _PROGRAMS:
        if (folder / each).is_file():
            return folder / each
    message = f"{folder} holds no Codex program; remove it and try again"
    raise Missing(message)


def _of_wheel() -> Path:
    try:
        import codex_cli_bin  # type: ignore[import-untyped,unused-ignore]  # noqa: PLC0415 - an optional extra
    except ImportError:
        message = f"the wheel openai-codex-cli-bin {WHEEL} is not installed"
        raise Missing(message) from None
    return Path(codex_cli_bin.bundled_codex_path())


def _fetch(version: str, folder: Path) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        unpacked = _unpacked(version, Path(scratch))
        try:
            unpacked.rename(folder)
        except OSError:
            if not folder.is_dir():  # another process brought it meanwhile
                raise


def _unpacked(version: str, scratch: Path) -> Path:
    package = _pack(version, scratch)
    _check(package, PACKAGES[version].removeprefix("sha512-"))
    _unpack(package, scratch / "unpacked")
    package.unlink()
    return scratch / "unpacked"


def _pack(version: str, scratch: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        message = f"Codex {version} comes as an npm package, and there is no npm here"
        raise Missing(message)
    argv = [npm, "pack", "--silent", "--pack-destination", str(scratch), PACKAGE.format(version=version)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"npm did not bring Codex {version}: {done.stderr.strip()[-500:]}"
        raise Missing(message)
    return scratch / done.stdout.split()[-1]


def _check(package: Path, integrity: str) -> None:
    with package.open("rb") as content:
        found = base64.b64encode(hashlib.file_digest(content, "sha512").digest()).decode()
    if found != integrity:
        message = f"{package.name} is not what was pinned: {found}"
        raise Missing(message)


def _unpack(package: Path, target: Path) -> None:
    target.mkdir()
    with tarfile.open(package) as archive:
        for member in archive:
            inside = member.name.removeprefix(_INSIDE)
            if inside == member.name or inside.startswith(_NOT_NEEDED):
                continue
            member.name = inside
            archive.extract(member, target, filter="data")


def main(versions: list[str]) -> int:
    """Print the path of each version's program; say which cannot be had."""
    missing = 0
    for version in versions or VERSIONS:
        try:
            print(version, os.path.relpath(program(version)))
        except Missing as wrong:
            missing = 1
            print(f"{version}: {wrong}", file=sys.stderr)
    return missing


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
