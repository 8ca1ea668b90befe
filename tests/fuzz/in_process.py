"""Runs sealock in this process, as often as a property needs it."""

from __future__ import annotations

import contextlib
import io
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from sealock.cli.main import run

if TYPE_CHECKING:
    from pathlib import Path


class Ran(NamedTuple):
    """How a run ended and what it printed."""

    code: int
    out: bytes
    err: str


def sealock(*arguments: str) -> Ran:
    """Run the command line."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(list(arguments))
    return Ran(code, written(out), written(err).decode())


def written(stream: io.TextIOWrapper) -> bytes:
    stream.flush()
    raw = stream.buffer
    assert isinstance(raw, io.BytesIO)
    return raw.getvalue()


def git(folder: Path, *arguments: str) -> None:
    names = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
    command = ["git", *names, *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
