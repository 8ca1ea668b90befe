"""The real Codex programs, as `tools/codex_binaries.py` brings them."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.chamber.perturbations.host import KEPT

from sealock.domain.agent_run import CodexBinary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import codex_binaries


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Give a folder that is not in /tmp: there Codex refuses to keep what its sandbox needs."""
    folder = tempfile.mkdtemp(prefix="sealock-test-", dir="/var/tmp")
    yield Path(folder)
    shutil.rmtree(folder, ignore_errors=True)


@cache
def codex_program(version: str) -> CodexBinary:
    """Return a pinned version; skips where it cannot be had."""
    try:
        path = codex_binaries.program(version)
    except codex_binaries.Missing as why:
        pytest.skip(str(why))
    path = _out_of_tmp(path, version)
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return CodexBinary(str(path), version, digest, "tests")


def _out_of_tmp(path: Path, version: str) -> Path:
    """Return the program, or its copy where the checkout lies in /tmp: Codex's own sandbox hides that."""
    if not path.is_relative_to("/tmp"):  # noqa: S108
        return path
    package = path.parent.parent
    kept = KEPT / f"codex-{version}"
    if not kept.exists():
        draft = kept.with_name(f"{kept.name}.{os.getpid()}")
        shutil.copytree(package, draft, symlinks=True)
        try:
            draft.rename(kept)
        except OSError:  # another worker was first
            shutil.rmtree(draft)
    return kept / path.relative_to(package)


@pytest.fixture(scope="session")
def codex_of() -> Callable[[str], CodexBinary]:
    """Return what gives a version's program."""
    return codex_program


@pytest.fixture(scope="session", params=codex_binaries.VERSIONS)
def codex(request: pytest.FixtureRequest) -> CodexBinary:
    """Return the program of each pinned version in turn."""
    return codex_program(request.param)


@pytest.fixture(scope="session")
def newest_codex() -> CodexBinary:
    """Return the newest pinned version."""
    return codex_program(codex_binaries.VERSIONS[-1])
