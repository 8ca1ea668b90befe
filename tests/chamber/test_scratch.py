"""Folders of runs that were killed are taken away by the next run, and no others."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sealock.chamber import scratch

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOLD = """
import sys, tempfile
from sealock.chamber import scratch
tempfile.tempdir = sys.argv[1]
with scratch.folder() as made:
    print(made, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(scratch, "YOUNG_SECONDS", -1.0)
    return tmp_path


@contextmanager
def _holding(above: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Give another process, and the folder that it holds."""
    program = [sys.executable, "-c", _HOLD, str(above)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        try:
            yield other, Path(other.stdout.readline().strip())
        finally:
            other.kill()


def test_what_a_killed_run_left_is_gone_with_the_next(above: Path) -> None:
    with _holding(above) as (other, left):
        (left / "workspace").mkdir()
        (left / "workspace" / "a").write_text("1\n")
        other.kill()
        other.wait()
        with scratch.folder() as made:
            assert (left.exists(), Path(made).exists()) == (False, True)
    assert list(above.iterdir()) == []


def test_what_a_run_still_holds_stays(above: Path) -> None:
    with _holding(above) as (_, held), scratch.folder() as made:
        assert sorted(above.iterdir()) == sorted([held, Path(made)])


def test_what_is_young_stays(above: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "YOUNG_SECONDS", 600.0)
    young = Path(tempfile.mkdtemp(prefix="sealock-work-"))
    with scratch.folder():
        assert young.exists()
    assert list(above.iterdir()) == [young]


def test_links_and_folders_of_other_modes_are_not_followed(
    above: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    elsewhere.chmod(0o700)
    (elsewhere / "kept").write_text("1\n")
    (above / "sealock-work-link").symlink_to(elsewhere)
    (above / "sealock-work-open").mkdir()
    (above / "sealock-work-open").chmod(0o750)
    with scratch.folder():
        assert (elsewhere / "kept").exists()
        assert (above / "sealock-work-open").exists()
