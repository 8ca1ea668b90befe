"""Other programs: the only module that starts them.

Every program gets a session of its own, so that a signal reaches it and all it started, and none
is left behind.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LAST_WORDS_BYTES = 2000


class Completed(NamedTuple):
    """A program that ended: its exit status (negative: the signal that ended it) and its output."""

    status: int
    stdout: bytes
    stderr: bytes


class TimedOut(Exception):
    """The program overran its time and was killed."""


def run(
    argv: Sequence[str],
    *,
    folder: str | None = None,
    environment: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    timeout_seconds: float | None = None,
) -> Completed:
    """Run a program to its end; `environment` replaces the whole environment.

    Raises FileNotFoundError when there is no such program, TimedOut after killing it.
    """
    with subprocess.Popen(  # noqa: S603 - no shell, and the program is the caller's constant
        argv,
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            stdout, stderr = process.communicate(stdin, timeout_seconds)
        except BaseException as wrong:
            _kill_session(process.pid)
            process.wait()
            if isinstance(wrong, subprocess.TimeoutExpired):
                raise TimedOut from wrong
            raise
        return Completed(process.returncode, stdout, stderr)


def _kill_session(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


class Child:
    """A long-lived program with pipes to its input and output that never block.

    `last_words` is the end of what it wrote to its standard error, known once it was killed.
    """

    last_words = ""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start it. Raises OSError when the program is missing or cannot be executed."""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        try:
            self._process = subprocess.Popen(  # noqa: S603 - no shell, the engine's own path
                argv,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                start_new_session=True,
                bufsize=0,
            )
        except OSError:
            self._errors.close()
            raise
        if self._process.stdin is None or self._process.stdout is None:
            message = "pipes were asked for and not made"
            raise RuntimeError(message)
        self.pid = self._process.pid
        self.input = self._process.stdin.fileno()
        self.output = self._process.stdout.fileno()
        for descriptor in (self.input, self.output):
            os.set_blocking(descriptor, False)
        _widen(self.output)

    def read(self, size: int) -> bytes | None:
        """Return what it has written, b"" at the end of its output, None when there is nothing now."""
        try:
            return os.read(self.output, size)
        except BlockingIOError:
            return None

    def write(self, data: memoryview) -> int:
        """Return how many bytes it took. Raises BrokenPipeError when it no longer listens."""
        try:
            return os.write(self.input, data)
        except BlockingIOError:
            return 0

    def wait(self, seconds: float) -> None:
        """Give it time to end by itself, after its output ended."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def kill(self) -> int:
        """Kill it and all it started, wait for it, and return its exit status; idempotent."""
        if self._process.poll() is None:
            _kill_session(self._process.pid)
        status = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        if not self._errors.closed:
            self.last_words = self._read_last_words()
            self._errors.close()
        return status

    def _read_last_words(self) -> str:
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - _LAST_WORDS_BYTES))
        return self._errors.read().decode("utf-8", "replace").strip()


def _widen(descriptor: int) -> None:
    """Let a pipe hold more, so that a child need not wait while its answers are used (Linux)."""
    import fcntl  # noqa: PLC0415 - only needed where a child is started

    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, 1 << 20)
