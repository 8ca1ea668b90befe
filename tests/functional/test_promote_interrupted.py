"""A promotion that is interrupted while Git hangs: it ends at once, and so does every Git that it began."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine
_LONG_SECONDS = 30
# A shell that runs tests in the background has them ignore the signal.
_PROGRAM = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from sealock.cli.main import main; main()"
)


def _until(found: Path) -> list[int]:
    last = time.monotonic() + _LONG_SECONDS
    while time.monotonic() < last:
        if found.exists() and (said := found.read_text().split()):
            return [int(each) for each in said]
        time.sleep(0.01)
    pytest.fail("no Git was started")


def _lives(pid: int) -> bool:
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], check=False, capture_output=True)
    return bool(shown.stdout.strip()) and not shown.stdout.strip().startswith(b"Z")


def test_no_git_is_left_behind(tmp_path: Path) -> None:
    begun, program = tmp_path / "begun", tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho $$ >> {begun}\nexec sleep 300\n")
    program.chmod(0o755)
    (tmp_path / "clone" / ".git").mkdir(parents=True)
    places = {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "SEALOCK_CACHE_DIR": str(tmp_path / "cache"),
    }
    command = [sys.executable, "-c", _PROGRAM, "promote", "ledger", "--to", "staging"]
    with subprocess.Popen(
        [*command, "--repo", str(tmp_path / "clone")],
        env=os.environ | places,
        stderr=subprocess.PIPE,
    ) as running:
        _until(begun)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=_LONG_SECONDS)
    assert (running.returncode, said) == (130, b"\ninterrupted; nothing more was done\n")
    last = time.monotonic() + _LONG_SECONDS
    while any(map(_lives, _until(begun))):
        assert time.monotonic() < last, "a Git is still there"
        time.sleep(0.01)
