"""Other programs: the only module that starts them.

Every program gets a session of its own, so that a signal reaches it and all it started, and none
is left behind.
"""

from __future__ import annotations

import atexit
import os
import selectors
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from typing import IO, TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LAST_WORDS_BYTES = 2000
_PIPE_BYTES = 1 << 16
_MOST_LEFT = 1 << 21
_LOOK_SECONDS = 0.02


class Completed(NamedTuple):
    """A program that ended: its exit status (negative: the signal that ended it) and its output."""

    status: int
    stdout: bytes
    stderr: bytes


class TimedOut(Exception):
    """The program overran its time and was killed."""


_running: set[subprocess.Popen[bytes]] = set()
_exiting = threading.Event()


@atexit.register
def _end_running() -> None:
    """Kill what threads still wait for: nothing is left behind, and nothing more is begun."""
    _exiting.set()
    for each in tuple(_running):
        if each.poll() is None:
            _kill_session(each.pid)


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
        _running.add(process)
        try:
            stdout, stderr = process.communicate(stdin, 0 if _exiting.is_set() else timeout_seconds)
        except BaseException as wrong:
            _kill_session(process.pid)
            process.wait()
            if isinstance(wrong, subprocess.TimeoutExpired):
                raise TimedOut from wrong
            raise
        finally:
            _running.discard(process)
        return Completed(process.returncode, stdout, stderr)


class Bounds(NamedTuple):
    """How long a program may run, and how much of the end of each output is kept."""

    seconds: float
    kept_bytes: int


class Bounded(NamedTuple):
    """A program that ended or was ended: its exit status, the ends of its output, how long it took.

    `dropped` counts the bytes of both outputs that came before those ends.
    """

    status: int
    stdout: bytes
    stderr: bytes
    dropped: int
    seconds: float
    timed_out: bool


class _Tail:
    """The end of an output."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept = bytearray()
        self.dropped = 0

    def add(self, data: bytes) -> None:
        self._kept += data
        if len(self._kept) > 2 * self._most:
            self._cut()

    def _cut(self) -> None:
        excess = max(0, len(self._kept) - self._most)
        del self._kept[:excess]
        self.dropped += excess

    def content(self) -> bytes:
        self._cut()
        return bytes(self._kept)


def run_bounded(
    argv: Sequence[str],
    *,
    folder: str,
    environment: Mapping[str, str],
    stdin: bytes,
    bounds: Bounds,
) -> Bounded:
    """Run a program that is not trusted to end or to be brief; what it leaves running is killed.

    Raises OSError when it cannot be started.
    """
    began = time.monotonic()
    with subprocess.Popen(  # noqa: S603 - no shell
        argv,
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        bufsize=0,
    ) as process:
        try:
            outputs = _listen(process, stdin, began + bounds.seconds, bounds.kept_bytes)
            timed_out = process.poll() is None
        finally:
            # Also what the program left behind, which might hold the pipes open for good.
            _kill_session(process.pid)
            status = process.wait()
        _drain(outputs)
    dropped = 0
    texts = []
    for tail in outputs.values():
        texts.append(tail.content())
        dropped += tail.dropped
    return Bounded(status, texts[0], texts[1], dropped, time.monotonic() - began, timed_out)


def _listen(
    process: subprocess.Popen[bytes], stdin: bytes, until: float, kept_bytes: int
) -> dict[IO[bytes], _Tail]:
    """Feed a program and take its output until it ends or the time is over."""
    if process.stdin is None or process.stdout is None or process.stderr is None:
        message = "pipes were asked for and not made"
        raise RuntimeError(message)
    outputs: dict[IO[bytes], _Tail] = {
        process.stdout: _Tail(kept_bytes),
        process.stderr: _Tail(kept_bytes),
    }
    left = memoryview(stdin)
    with selectors.DefaultSelector() as selector:
        for pipe in (process.stdin, *outputs):
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe, selectors.EVENT_WRITE if pipe is process.stdin else selectors.EVENT_READ)
        while process.poll() is None and (rest := until - time.monotonic()) > 0:
            # That it ended can only be looked for: a child of its own may hold its pipes.
            for key, _ in selector.select(min(rest, _LOOK_SECONDS)):
                pipe = cast("IO[bytes]", key.fileobj)
                if pipe is process.stdin:
                    left = _fed(process.stdin, left)
                    done = not left
                else:
                    done = not _taken(pipe, outputs[pipe])
                if done:
                    selector.unregister(pipe)
                    if pipe is process.stdin:
                        pipe.close()
            if not selector.get_map():
                with suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.0, until - time.monotonic()))
    return outputs


def _fed(pipe: IO[bytes], left: memoryview) -> memoryview:
    """Return what it has not taken yet; nothing when it no longer listens."""
    try:
        return left[os.write(pipe.fileno(), left[:_PIPE_BYTES]) :]
    except BlockingIOError:
        return left
    except BrokenPipeError:
        return left[:0]


def _taken(pipe: IO[bytes], tail: _Tail) -> bool:
    """Take what there is now; False at the end of the output."""
    try:
        data = os.read(pipe.fileno(), _PIPE_BYTES)
    except BlockingIOError:
        return True
    tail.add(data)
    return bool(data)


def _drain(outputs: Mapping[IO[bytes], _Tail]) -> None:
    """Take what was written before the end; who left the session may hold a pipe, and is not waited for."""
    for pipe, tail in outputs.items():
        for _ in range(_MOST_LEFT // _PIPE_BYTES):
            try:
                data = os.read(pipe.fileno(), _PIPE_BYTES)
            except BlockingIOError:
                break
            if not data:
                break
            tail.add(data)


def _kill_session(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def start(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: str,
    stdin: IO[bytes],
    inherited: tuple[int, ...],
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, its outputs piped; `inherited` descriptors stay open in it.

    Raises OSError when it cannot be started.
    """
    return subprocess.Popen(  # noqa: S603 - no shell, and the program is the caller's constant
        argv,
        cwd=folder,
        env=environment,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        pass_fds=inherited,
        bufsize=0,
    )


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
