"""A started agent: its lines as they come, its deadlines, its end."""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import msgspec

from sealock.chamber.backends.disk import DiskWatch
from sealock.chamber.backends.relay import Relay
from sealock.chamber.backends.supervisor import Supervisor
from sealock.domain.agent_run import AgentExit
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sealock.domain.agent_run import EndedBy, Limits, SealedCommand

LARGEST_FILE = 1 << 30
"""No file that the agent writes grows beyond this."""

INFORMATION = "{information}"
"""Stands among an order's arguments for the descriptor that bubblewrap writes its first process to."""

_START_SECONDS = 20.0
_KILL_SECONDS = 10.0
_GRACE_SECONDS = 30.0
_PIECE = 1 << 16
_LONGEST_LINE = 1 << 24
_ERRORS_KEPT = 4000
_LOOK_SECONDS = 1.0


class Line(NamedTuple):
    """One line of the agent's output without its end, and the seconds since the start."""

    seconds: float
    content: bytes


class Order(msgspec.Struct, frozen=True):
    """What the supervisor is told; see `supervise.py`."""

    program: str
    argv: tuple[str, ...]
    environment: dict[str, str]
    folder: str
    arguments: tuple[str, ...] = ()
    port: int = 0
    seconds: float = 0.0
    largest: int = LARGEST_FILE


class RunningAgent:
    """The agent while it runs. Iterating yields its lines until it ended; use it as a context.

    Deadlines are looked at while lines are waited for; should nobody wait for them, the supervisor ends the
    run a little later. `alive` says that something happened which no line shows.
    """

    def __init__(
        self,
        order: Order,
        limits: Limits,
        command: SealedCommand,
        owned: ExitStack,
        supervisor: Supervisor | None = None,
    ) -> None:
        """Start a command by an order; `owned` is closed at its end, and so is a `supervisor`.

        Raises Undecided when it cannot be started.
        """
        self._owned = owned
        self._limits = limits
        self._ended_by: EndedBy = "itself"
        self._status: int | None = None
        self._over = False
        self._disk = DiskWatch(_written(command))
        self._began = self._last = time.monotonic()
        self._kill_until = self._began + limits.wall_seconds + _GRACE_SECONDS
        self._buffer = bytearray()
        self._errors = bytearray()
        self._control_text = bytearray()
        self._listening = False
        self._supervisor = supervisor or Supervisor()
        self._process, self._control = self._supervisor.process, self._supervisor.control
        self._owned.callback(self._supervisor.close)
        try:
            self._start(order, command.stdin, command.relay)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Line]:
        while not self._over:
            yield from self._step()

    def alive(self) -> None:
        """Note that something happened: the idle deadline starts again."""
        self._last = time.monotonic()

    def kill(self, reason: EndedBy = "interrupt") -> None:
        """End the agent and all that it started; the first reason given counts."""
        if self._ended_by == "itself" and not self._over:
            self._ended_by = reason
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)
        self._kill_until = min(self._kill_until, time.monotonic() + _KILL_SECONDS)

    def wait(self) -> AgentExit:
        """Let it end, and return how it did; lines that nobody took are dropped. Raises Undecided."""
        for _ in self:
            pass
        status = -signal.SIGKILL if self._status is None else self._status
        tail = bytes(self._errors[-_ERRORS_KEPT:]).decode("utf-8", "replace")
        return AgentExit(status, self._ended_by, tail)

    def own(self, release: Callable[[], None]) -> None:
        """Call this too when it is closed."""
        self._owned.callback(release)

    def close(self) -> None:
        """End it if it still runs, and let go of everything; idempotent."""
        if self._listening and not self._over:
            self.kill()
            with suppress(Undecided):
                self.wait()
        self._supervisor.end()
        self._owned.close()

    def _start(self, order: Order, stdin: bytes, relay: str) -> None:
        self._supervisor.give(stdin)
        self._began = self._last = time.monotonic()
        self._control.settimeout(_START_SECONDS)
        told = _completed(order, self._limits, self._supervisor.writing)
        self._control.sendall(msgspec.json.encode(told) + b"\n")
        if order.port:
            self._take_network(relay)
        self._control.settimeout(0)
        self._listen()

    def _take_network(self, relay: str) -> None:
        """Take the listening socket of the agent's own network, and carry what comes there."""
        try:
            text, sockets, _, _ = socket.recv_fds(self._control, _PIECE, 1)
        except TimeoutError:
            text, sockets = b"", []
        if sockets:
            listening = socket.socket(fileno=sockets[0])
            self._owned.callback(Relay(listening, relay, self.alive).close)
            self._control_text += text.partition(b"\n")[2]
            return
        self._over = True
        said = text.decode("utf-8", "replace").strip()
        raise _cannot_start(_fault(said) or said or "no answer")

    def _listen(self) -> None:
        assert self._process.stdout  # noqa: S101 - asked for
        assert self._process.stderr  # noqa: S101 - asked for
        self._selector = self._owned.enter_context(selectors.DefaultSelector())
        for pipe in (self._process.stdout, self._process.stderr):
            os.set_blocking(pipe.fileno(), False)
        self._selector.register(self._process.stdout, selectors.EVENT_READ, self._take_output)
        self._selector.register(self._process.stderr, selectors.EVENT_READ, self._take_errors)
        self._selector.register(self._control, selectors.EVENT_READ, self._take_control)
        self._listening = True

    def _step(self) -> Iterator[Line]:
        """Wait for what comes next, and look at the clocks."""
        self._check_deadlines()
        for key, _ in self._selector.select(self._patience()):
            if not key.data():
                self._selector.unregister(key.fileobj)
        if self._control.fileno() not in self._registered():
            self._finish()
        yield from self._lines()

    def _registered(self) -> set[int]:
        return {key.fd for key in self._selector.get_map().values()}

    def _patience(self) -> float:
        now = time.monotonic()
        ends = (
            self._began + self._limits.wall_seconds,
            self._last + self._limits.idle_seconds,
            self._kill_until,
        )
        waited_for = ends if self._ended_by == "itself" else ends[2:]
        return max(0.0, min(*waited_for, now + _LOOK_SECONDS) - now)

    def _check_deadlines(self) -> None:
        now = time.monotonic()
        if self._ended_by == "itself":
            if now >= self._began + self._limits.wall_seconds:
                self.kill("wall")
            elif now >= self._last + self._limits.idle_seconds:
                self.kill("idle")
            elif self._disk.full():
                self.kill("disk")
        elif now >= self._kill_until:
            self._supervisor.end()

    def _take_output(self) -> bool:
        data = self._read(self._process.stdout)
        if data:
            self.alive()
            self._buffer += data
        return data != b""

    def _take_errors(self) -> bool:
        data = self._read(self._process.stderr)
        self._errors += data or b""
        del self._errors[: -2 * _ERRORS_KEPT]
        return data != b""

    def _take_control(self) -> bool:
        try:
            data = self._control.recv(_PIECE)
        except BlockingIOError:
            return True
        except OSError:
            data = b""
        self._control_text += data
        return bool(data)

    @staticmethod
    def _read(pipe: Any) -> bytes | None:  # noqa: ANN401 - one of its pipes
        try:
            return os.read(pipe.fileno(), _PIECE)
        except BlockingIOError:
            return None

    def _lines(self) -> Iterator[Line]:
        while (at := self._buffer.find(b"\n")) >= 0:
            yield Line(time.monotonic() - self._began, bytes(self._buffer[:at]))
            del self._buffer[: at + 1]
        if len(self._buffer) > _LONGEST_LINE:
            # No event of Codex is so long; what comes until the line's end is lost with it.
            del self._buffer[:]
        if self._over and self._buffer:
            yield Line(time.monotonic() - self._began, bytes(self._buffer))
            del self._buffer[:]

    def _finish(self) -> None:
        """Take what was written before the end, and why it ended."""
        for take in (self._take_output, self._take_errors):
            while self._more(take):
                pass
        self._over = True
        for line in self._control_text.splitlines():
            message = json.loads(line)
            if "fault" in message:
                raise _cannot_start(message["fault"])
            self._status = message["status"]
        if not self._control_text.strip():
            self._end_first_process()

    def _end_first_process(self) -> None:
        """Kill the sandbox's first process, with which all others in it end: its supervisor was killed.

        It dies with its parent by itself, but for a moment at its start in which it does not know yet.
        """
        with suppress(OSError, ValueError, KeyError, TypeError):
            first = int(json.loads(self._supervisor.information.read() or b"{}")["child-pid"])
            if Path(f"/proc/{first}/cmdline").read_bytes().startswith(b"bwrap\0"):
                os.kill(first, signal.SIGKILL)

    def _more(self, take: Any) -> bool:  # noqa: ANN401 - one of its own methods
        before = len(self._buffer) + len(self._errors)
        return bool(take() and len(self._buffer) + len(self._errors) != before)


def _written(command: SealedCommand) -> str:
    """Return the folder of the host that it may write."""
    return next((each.source for each in command.mounts if each.kind == "read-write"), "")


def _completed(order: Order, limits: Limits, information: int) -> Order:
    """Return the order with what is only known at the start."""
    told = tuple(str(information) if each == INFORMATION else each for each in order.arguments)
    return msgspec.structs.replace(order, arguments=told, seconds=limits.wall_seconds + _GRACE_SECONDS)


def _fault(text: str) -> str:
    try:
        return str(json.loads(text.splitlines()[0])["fault"])
    except (ValueError, LookupError):
        return ""


def _cannot_start(why: str) -> Undecided:
    message = f"the agent could not be started: {why}"
    return Undecided(message, hint="Run `sealock doctor`: it tries the sandbox and says how to mend it.")
