"""The program between Sealock and an agent, while it runs; `supervise.py` is its other side."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

from sealock.adapters import process
from sealock.chamber import supervise

_KILL_SECONDS = 10.0


class Supervisor:
    """The program between Sealock and an agent, started ahead of its order: it takes a moment to load.

    `control` is the socket to it; `information` is what bubblewrap writes about itself, to the descriptor
    `writing` there. Closed without an order, it ends.
    """

    def __init__(self) -> None:
        """Start it. Raises OSError."""
        with ExitStack() as owned:
            ours, theirs = socket.socketpair()
            self.control = owned.enter_context(ours)
            self._prompt = owned.enter_context(tempfile.TemporaryFile())
            program = [sys.executable, "-I", "-S", str(Path(supervise.__file__)), str(theirs.fileno())]
            reading, writing = os.pipe()
            self.information = owned.enter_context(os.fdopen(reading, "rb", buffering=0))
            os.set_blocking(reading, False)
            self.writing = writing
            with theirs, os.fdopen(writing, "wb", buffering=0):
                self.process = process.start(
                    program,
                    environment={},
                    folder="/",
                    stdin=self._prompt,
                    inherited=(theirs.fileno(), writing),
                )
            owned.callback(self._close_pipes)
            owned.callback(self.end)
            self._owned = owned.pop_all()

    def give(self, prompt: bytes) -> None:
        """Write the agent's standard input; it has the same file, and with it the place in it."""
        self._prompt.write(prompt)
        self._prompt.seek(0)

    def end(self) -> None:
        """Give it a moment to end; then it is killed, and what it started dies with it. Idempotent."""
        with suppress(OSError):
            self.control.shutdown(socket.SHUT_RDWR)
        if not self._ended(_KILL_SECONDS):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        """End it, and let go of everything; idempotent."""
        self._owned.close()

    def _ended(self, seconds: float) -> bool:
        if self.process.poll() is not None:
            return True
        if not hasattr(os, "pidfd_open"):
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
            return self.process.returncode is not None
        # `wait` with a timeout looks only every 50 ms.
        descriptor = os.pidfd_open(self.process.pid)
        try:
            return bool(select.select([descriptor], [], [], seconds)[0])
        finally:
            os.close(descriptor)

    def _close_pipes(self) -> None:
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()
