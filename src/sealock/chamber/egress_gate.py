"""The way out of a container for the tools of a task with a network: CONNECT to what its allow-list names.

It listens on a Unix socket that only the container gets, in a thread and an event loop of its own. A name is
looked up here and what was found is connected to, so that no second look-up can lead elsewhere. What goes
through a connection is not looked into: a host that is allowed may be a way to others.
"""

from __future__ import annotations

import asyncio
import socket
import tempfile
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Self, TypeVar

import h11

from sealock.domain.egress import (
    AllowList,
    Attempt,
    Destination,
    EgressReport,
    address_of,
    destination,
)
from sealock.domain.printable import printable
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from sealock.domain.egress import Address

    Look = Callable[[str, int], Awaitable[tuple[str, ...]]]

_T = TypeVar("_T")

_PIECE = 1 << 16
_LONGEST_HEAD = 1 << 14
_LONGEST_HOST = 300
_MOST_LISTED = 1000
# Who asks nothing yet, or is refused, is there for a moment; beyond this many times the bound nobody is.
_WAITING = 4
_START_SECONDS = 10.0
_STOP_SECONDS = 10.0


class Bounds(NamedTuple):
    """What one run may have of the network: connections at once, seconds, bytes in both directions."""

    connections: int = 32
    connect_seconds: float = 15.0
    idle_seconds: float = 60.0
    most_bytes: int = 1 << 30


async def look_up(host: str, port: int) -> tuple[str, ...]:
    """Return the addresses of a name, as this machine's resolver has them. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(each[4][0]) for each in found))


class _Side(NamedTuple):
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class _Cut(Exception):
    """A connection is ended by the gate."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Flow:
    """What has passed through one connection, and when the last of it did."""

    def __init__(self, now: float) -> None:
        self.last = now
        self.sent = 0
        self.received = 0


class EgressGate:
    """The gate of one run: a context manager, open from its beginning to its end."""

    def __init__(self, allow: tuple[str, ...], bounds: Bounds | None = None, look: Look = look_up) -> None:
        """Let out to what `allow` names; names are looked up by `look`. Raises ValueError."""
        self._allow = AllowList(allow)
        self._bounds = bounds = bounds or Bounds()
        self._look = look
        self._attempts: list[Attempt] = []
        self._unlisted = 0
        self._left = bounds.most_bytes
        self._tunnels: set[asyncio.Task[None]] = set()
        self._owned = ExitStack()
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="sealock-egress-gate", daemon=True)
        self.socket = ""

    def __enter__(self) -> Self:
        # The folder opens to nobody else on this machine; the container gets the socket alone.
        folder = self._owned.enter_context(tempfile.TemporaryDirectory(prefix="sealock-gate-"))
        path = Path(folder, "egress.sock")
        self._listening = self._owned.enter_context(socket.socket(socket.AF_UNIX))
        self._listening.bind(str(path))
        path.chmod(0o666)
        self._listening.listen()
        self.socket = str(path)
        self._thread.start()
        self._ready.wait(_START_SECONDS)
        if self._stop is None:
            self._owned.close()
            message = f"the gate to the network cannot be opened: {self._failure or 'it does not start'}"
            raise Undecided(message)
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop and self._stop:
            with suppress(RuntimeError):  # its loop is closed
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_STOP_SECONDS)
        self._owned.close()

    def report(self) -> EgressReport:
        """Return what was asked and has ended so far; all of it once the context has ended."""
        return EgressReport(tuple(self._attempts), self._unlisted)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as wrong:  # noqa: BLE001 - told to who started it
            self._failure = wrong
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        server = await asyncio.start_unix_server(self._connected, sock=self._listening, limit=_PIECE)
        self._stop = stop
        self._ready.set()
        await stop.wait()
        server.close()
        for task in (open_still := tuple(self._tunnels)):
            task.cancel()
        if open_still:
            await asyncio.wait(open_still)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._tunnels) >= _WAITING * self._bounds.connections:
            writer.close()
            return
        task = asyncio.create_task(self._handle(reader, writer))
        self._tunnels.add(task)
        task.add_done_callback(self._tunnels.discard)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = h11.Connection(h11.SERVER, max_incomplete_event_size=_LONGEST_HEAD)
        try:
            async with asyncio.timeout(self._bounds.connect_seconds):
                request = await _asked(wire, reader)
            if request is not None:
                await self._answer(request, wire, _Side(reader, writer))
        except (h11.ProtocolError, TimeoutError, OSError):
            pass  # it asks nothing that can be answered, or is gone
        finally:
            writer.close()

    async def _answer(self, request: h11.Request, wire: h11.Connection, inside: _Side) -> None:
        asked = request.target.decode("latin-1")
        try:
            to = destination(asked)
        except ValueError as wrong:
            to, fault = Destination(printable(asked, _LONGEST_HOST), 0), str(wrong)
        else:
            fault = ""
        if request.method != b"CONNECT":
            await self._refuse(405, to, "only CONNECT is served, so only TLS and the like", wire, inside)
        elif fault:
            await self._refuse(400, to, fault, wire, inside)
        elif not self._allow.names(to):
            await self._refuse(403, to, "the allow-list does not name it", wire, inside)
        elif len(self._tunnels) > self._bounds.connections:
            reason = f"{self._bounds.connections} connections are open at once already"
            await self._refuse(503, to, reason, wire, inside)
        elif self._left <= 0:
            await self._refuse(403, to, self._spent(), wire, inside)
        else:
            await self._lead(to, wire, inside)

    async def _lead(self, to: Destination, wire: h11.Connection, inside: _Side) -> None:
        try:
            async with asyncio.timeout(self._bounds.connect_seconds):
                addresses = await self._addresses(to)
                refusals = [self._allow.refusal(each, to.port) for each in addresses]
                if all(refusals):
                    await self._refuse(403, to, refusals[0], wire, inside)
                    return
                open_to = [str(each) for each, why in zip(addresses, refusals, strict=True) if not why]
                address, outside = await _connect(open_to, to.port)
        except (TimeoutError, OSError, ValueError) as wrong:
            why = "it did not answer in time" if isinstance(wrong, TimeoutError) else str(wrong)
            await self._refuse(502, to, f"it cannot be reached: {printable(why, 200)}", wire, inside)
            return
        flow = _Flow(asyncio.get_running_loop().time())
        reason = "the run ended"
        try:
            inside.writer.write(_established(wire))
            early, _ = wire.trailing_data
            reason = await self._carry(flow, early, inside, outside)
        finally:
            outside.writer.close()
            self._note(Attempt(*to, True, reason, address, flow.sent, flow.received))  # noqa: FBT003

    async def _addresses(self, to: Destination) -> list[Address]:
        """Return what a host leads to, never nothing. Raises OSError, ValueError."""
        literal = address_of(to.host)
        if literal is not None:
            return [literal]
        found = [address_of(each) for each in await self._look(to.host, to.port)]
        known = [each for each in found if each is not None]
        if not known:
            message = "its name has no address"
            raise OSError(message)
        return known

    async def _carry(self, flow: _Flow, early: bytes, inside: _Side, outside: _Side) -> str:
        """Carry bytes until both sides have ended; return why it was cut, or empty."""
        ways = [
            asyncio.create_task(self._way(flow, "out", early, _Side(inside.reader, outside.writer))),
            asyncio.create_task(self._way(flow, "in", b"", _Side(outside.reader, inside.writer))),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for each in ways:
                each.cancel()
            await asyncio.wait(ways)
        for each in ways:
            if not each.cancelled() and isinstance(wrong := each.exception(), _Cut):
                return wrong.reason
        return ""

    async def _way(self, flow: _Flow, way: Literal["out", "in"], early: bytes, side: _Side) -> None:
        """Carry what is read on one side to the other. Raises _Cut, OSError."""
        data = early
        while True:
            if data:
                self._pass(flow, way, len(data))
                side.writer.write(data)
                await self._patient(flow, side.writer.drain)
            data = await self._patient(flow, lambda: side.reader.read(_PIECE))
            if not data:
                break
        if side.writer.can_write_eof():
            side.writer.write_eof()

    def _pass(self, flow: _Flow, way: Literal["out", "in"], count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise _Cut(self._spent())
        flow.last = asyncio.get_running_loop().time()
        if way == "out":
            flow.sent += count
        else:
            flow.received += count

    async def _patient(self, flow: _Flow, act: Callable[[], Awaitable[_T]]) -> _T:
        """Do it, as long as bytes pass in either direction. Raises _Cut."""
        doing = asyncio.ensure_future(act())
        loop = asyncio.get_running_loop()
        try:
            while True:
                left = flow.last + self._bounds.idle_seconds - loop.time()
                if left <= 0:
                    reason = f"nothing passed for {self._bounds.idle_seconds:g} s"
                    raise _Cut(reason)
                done, _ = await asyncio.wait((doing,), timeout=left)
                if done:
                    return doing.result()
        finally:
            doing.cancel()

    def _spent(self) -> str:
        return f"the run has had all its {self._bounds.most_bytes} bytes of the network"

    async def _refuse(
        self, status: int, to: Destination, reason: str, wire: h11.Connection, inside: _Side
    ) -> None:
        self._note(Attempt(*to, False, reason))  # noqa: FBT003
        body = f"sealock: {to}: {reason}\n".encode()
        headers = [("content-length", str(len(body))), ("connection", "close")]
        for event in (h11.Response(status_code=status, headers=headers), h11.Data(data=body)):
            inside.writer.write(wire.send(event) or b"")
        await inside.writer.drain()

    def _note(self, attempt: Attempt) -> None:
        if len(self._attempts) < _MOST_LISTED:
            self._attempts.append(attempt)
        else:
            self._unlisted += 1


async def _asked(wire: h11.Connection, reader: asyncio.StreamReader) -> h11.Request | None:
    """Return what a connection asks for, None where it ends before. Raises h11.ProtocolError, OSError."""
    while (event := wire.next_event()) is h11.NEED_DATA:
        wire.receive_data(await reader.read(_PIECE))
    return event if isinstance(event, h11.Request) else None


def _established(wire: h11.Connection) -> bytes:
    """Return what says that the rest of a connection is the host's."""
    while wire.next_event() is not h11.PAUSED:
        pass
    return wire.send(h11.Response(status_code=200, headers=[], reason=b"Connection established")) or b""


async def _connect(addresses: Sequence[str], port: int) -> tuple[str, _Side]:
    """Return the first address that takes a connection, with it. Raises OSError."""
    *others, last = addresses
    for each in others:
        with suppress(OSError):
            return each, _Side(*await asyncio.open_connection(each, port, limit=_PIECE))
    return last, _Side(*await asyncio.open_connection(last, port, limit=_PIECE))
