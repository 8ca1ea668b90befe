"""Serves HTTP/1.1 to an agent: h11's protocol over asyncio's streams, which loads in a moment.

One request at a time of each connection is answered. A client that goes away ends the answer to it, and
the body of one who may not ask is not kept.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import h11
import msgspec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Handler = Callable[["Request", "Stream"], Awaitable["Reply | None"]]

_PIECE = 1 << 16
_LONGEST_HEAD = 1 << 16


class Request(msgspec.Struct, frozen=True):
    """A request with all of its body; `target` is as it came, header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Reply(msgspec.Struct, frozen=True):
    """A whole answer."""

    status: int
    content: bytes
    headers: dict[str, str]


class _Broken(Exception):
    """The connection is of no more use; `reply` is the last word, where there is one."""

    def __init__(self, reply: Reply | None = None) -> None:
        super().__init__()
        self.reply = reply


class Stream:
    """An answer that goes out piece by piece; each call raises ConnectionError once nobody listens."""

    def __init__(self, wire: h11.Connection, writer: asyncio.StreamWriter) -> None:
        self._wire = wire
        self._writer = writer

    async def begin(self, headers: dict[str, str]) -> None:
        """Send status 200 and the headers."""
        await self._send(h11.Response(status_code=200, headers=list(headers.items())))

    async def write(self, content: bytes) -> None:
        """Send a piece."""
        await self._send(h11.Data(data=content))

    async def end(self) -> None:
        """Say that this was all."""
        await self._send(h11.EndOfMessage())

    async def whole(self, reply: Reply) -> None:
        """Send an answer at once."""
        headers = [*reply.headers.items(), ("content-length", str(len(reply.content)))]
        head = self._wire.send(h11.Response(status_code=reply.status, headers=headers)) or b""
        body = self._wire.send(h11.Data(data=reply.content)) or b""
        self._writer.write(head + body)
        await self.end()

    @property
    def begun(self) -> bool:
        """Whether the status has gone out."""
        return self._wire.our_state not in {h11.IDLE, h11.SEND_RESPONSE}

    async def _send(self, event: h11.Event) -> None:
        self._writer.write(self._wire.send(event) or b"")
        await self._writer.drain()


class Server:
    """Answers what comes to a listening socket with `handler`; bodies have at most `most_bytes`.

    Where `may_ask` denies a request, which has no body yet, the handler gets it without one.
    """

    def __init__(
        self, handler: Handler, most_bytes: int, may_ask: Callable[[Request], bool] = lambda _: True
    ) -> None:
        self._handler = handler
        self._bounds = _Bounds(most_bytes, may_ask)
        self._open: dict[asyncio.Task[None], _Connection] = {}
        self._server: asyncio.Server | None = None

    async def start(self, listening: socket.socket) -> None:
        """Take connections from now on."""
        self._server = await asyncio.start_server(self._connected, sock=listening, limit=_PIECE)

    async def close(self, grace_seconds: float) -> None:
        """Take no more; who is being answered has a moment, then every connection ends."""
        if self._server:
            self._server.close()
        busy = [task for task, connection in self._open.items() if connection.busy]
        if busy:
            await asyncio.wait(busy, timeout=grace_seconds)
        left = tuple(self._open)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # asyncio does it for sockets that say that they are TCP's, which an accepted one does not.
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(reader, writer, self._handler, self._bounds)
        task = asyncio.create_task(connection.run())
        self._open[task] = connection
        task.add_done_callback(self._open.pop)


class _Bounds(NamedTuple):
    most_bytes: int
    may_ask: Callable[[Request], bool]


class _Connection:
    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handler: Handler, bounds: _Bounds
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._handler = handler
        self._bounds = bounds
        self._wire = h11.Connection(h11.SERVER, max_incomplete_event_size=_LONGEST_HEAD)
        self.busy = False

    async def run(self) -> None:
        try:
            while (request := await self._request()) is not None:
                await self._answer(request)
                self._wire.start_next_cycle()
        except _Broken as wrong:
            await self._last_word(wrong.reply)
        except h11.RemoteProtocolError as wrong:
            await self._last_word(Reply(wrong.error_status_hint, b"", {}))
        except (h11.LocalProtocolError, UnicodeEncodeError, OSError):
            pass  # no header of HTTP is to be sent, or the client asked for no other answer, or is gone
        finally:
            self._writer.close()

    async def _request(self) -> Request | None:
        """Return the next request, or None where the client has no more."""
        head: h11.Request | None = None
        body = bytearray()
        size = 0
        kept = True
        while True:
            event = self._wire.next_event()
            if event is h11.NEED_DATA:
                self._wire.receive_data(await self._reader.read(_PIECE))
            elif isinstance(event, h11.Request):
                head = event
                kept = self._bounds.may_ask(_request(head, b""))
                self._bound(_announced(head))
            elif isinstance(event, h11.Data):
                size += len(event.data)
                self._bound(size)
                body += event.data if kept else b""
            elif isinstance(event, h11.EndOfMessage) and head:
                return _request(head, bytes(body))
            else:
                return None

    def _bound(self, size: int) -> None:
        if size > self._bounds.most_bytes:
            raise _Broken(Reply(413, b"", {}))

    async def _answer(self, request: Request) -> None:
        """Answer it, while looking whether the client is still there."""
        stream = Stream(self._wire, self._writer)
        answering = asyncio.ensure_future(self._handler(request, stream))
        leaving = asyncio.create_task(self._leaves())
        self.busy = True
        try:
            await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.busy = False
            leaving.cancel()
            answering.cancel()  # nothing where it is done; else it settles its account
            await asyncio.wait((answering, leaving))
        if answering.cancelled():
            raise _Broken
        if answering.exception():
            raise _Broken(None if stream.begun else Reply(500, b"", {}))
        if reply := answering.result():
            await stream.whole(reply)

    async def _leaves(self) -> None:
        """Return when the client is gone, or says more than it may before it was answered."""
        early = 0
        with suppress(OSError):
            while early <= _LONGEST_HEAD and (more := await self._reader.read(_PIECE)):
                self._wire.receive_data(more)
                early += len(more)

    async def _last_word(self, reply: Reply | None) -> None:
        with suppress(h11.LocalProtocolError, OSError):
            if reply:
                await Stream(self._wire, self._writer).whole(reply)


def _announced(head: h11.Request) -> int:
    """Return how long the body is to be, where that is said."""
    return next((int(value) for name, value in head.headers if name == b"content-length"), 0)


def _request(head: h11.Request, body: bytes) -> Request:
    headers: dict[str, str] = {}
    for name, value in head.headers:
        headers.setdefault(name.decode("ascii"), value.decode("latin-1"))
    return Request(head.method.decode("ascii"), head.target.decode("latin-1"), headers, body)
