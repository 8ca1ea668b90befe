"""Asks one server over HTTP/1.1: h11's protocol over asyncio's streams. It follows no redirect and no proxy.

A connection whose answer was read to its end is used again, unless more came than the answer.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import quote, urlsplit

import h11

_PIECE = 1 << 16
_LONGEST_HEAD = 1 << 16
_IDLE_SECONDS = 15.0
_HUNG_UP = "it hung up before it answered"
_PORTS = {"http": 80, "https": 443}


class Unreachable(Exception):
    """No connection could be made; the text says why."""


class Untrusted(Unreachable):
    """The server did not prove to be the one of the URL; the text says how."""


class Broken(Exception):
    """The connection ended too early, or what came is no HTTP."""


class Response:
    """An answer whose head has come. Close it where its end was not read."""

    def __init__(self, link: _Link, head: h11.Response, client: Client) -> None:
        self._link = link
        self._client = client
        self._over = False
        self.status = head.status_code
        self.headers = {name.decode("ascii"): value.decode("latin-1") for name, value in head.headers}

    @property
    def content_type(self) -> str:
        """The media type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    async def read(self) -> bytes:
        """Return what has come of the body, nothing at its end. Raises Broken."""
        found: list[bytes] = []
        while not self._over:
            event = await self._link.next_event(wait=not found)
            if isinstance(event, h11.Data):
                found.append(bytes(event.data))
            elif event is None:
                break
            elif isinstance(event, h11.EndOfMessage):
                self._over = True
                self._client.take_back(self._link)
            else:
                raise Broken
        return b"".join(found)

    def close(self) -> None:
        """Let go of the connection, unless all was read."""
        if not self._over:
            self._over = True
            self._link.close()


class Client:
    """Asks the server of one URL; `trust` are the certificates for `https`."""

    def __init__(self, url: str, trust: ssl.SSLContext | None, connect_seconds: float) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._port = parts.port or _PORTS[parts.scheme]
        self._trust = trust if parts.scheme == "https" else None
        self._name = parts.netloc.encode("idna").decode("ascii")
        query = f"?{parts.query}" if parts.query else ""
        self._target = quote(f"{parts.path or '/'}{query}", safe="%/:?=&;,+$@!~*'()")
        self._connect_seconds = connect_seconds
        self._idle: list[_Idle] = []

    async def post(self, content: bytes, headers: dict[str, str]) -> Response:
        """Send a request, and return its answer once that begins. Raises Unreachable, Broken."""
        link = await self._idle_link() or await self._connected()
        try:
            return Response(link, await link.ask(self._head(content, headers), content), self)
        except BaseException:
            link.close()
            raise

    def take_back(self, link: _Link) -> None:
        """Keep a connection for the next request, where both sides go on."""
        if link.rest():
            self._idle.append(_Idle(link, time.monotonic()))
        else:
            link.close()

    def close(self) -> None:
        """Let go of every connection that waits."""
        while self._idle:
            self._idle.pop().link.close()

    def _head(self, content: bytes, headers: dict[str, str]) -> h11.Request:
        size = {"Host": self._name, "Content-Length": str(len(content))}
        try:
            return h11.Request(method="POST", target=self._target, headers=list({**headers, **size}.items()))
        except (h11.LocalProtocolError, UnicodeEncodeError) as wrong:
            raise Unreachable(str(wrong)) from wrong

    async def _idle_link(self) -> _Link | None:
        while self._idle:
            link, since = self._idle.pop()
            try:
                quiet = await link.wake()
            except BaseException:
                link.close()
                raise
            if quiet and time.monotonic() - since < _IDLE_SECONDS:
                return link
            link.close()
        return None

    async def _connected(self) -> _Link:
        name = self._host if self._trust else None
        try:
            async with asyncio.timeout(self._connect_seconds):
                streams = await asyncio.open_connection(
                    self._host, self._port, limit=_PIECE, ssl=self._trust, server_hostname=name
                )
        except TimeoutError as wrong:
            message = f"no connection in {self._connect_seconds:g} s"
            raise Unreachable(message) from wrong
        except ssl.SSLCertVerificationError as wrong:
            raise Untrusted(wrong.verify_message) from wrong
        except (OSError, UnicodeError) as wrong:
            raise Unreachable(str(wrong) or type(wrong).__name__) from wrong
        return _Link(*streams)


class _Link:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._wire = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)
        self._uncalled_for: asyncio.Task[None] | None = None

    async def ask(self, head: h11.Request, content: bytes) -> h11.Response:
        """Send a request, and return the head of the answer."""
        sent = (head, h11.Data(data=content), h11.EndOfMessage())
        # Not waited for: a server that refuses may not read all of it.
        self._writer.write(b"".join(self._wire.send(each) or b"" for each in sent))
        while True:
            event = await self.next_event(wait=True)
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse):
                raise Broken

    async def next_event(self, *, wait: bool) -> h11.Event | None:
        """Return what came next; None where it has not come, and nobody waits for it. Raises Broken."""
        try:
            while (event := self._wire.next_event()) is h11.NEED_DATA:
                if not wait:
                    return None
                came = await self._reader.read(_PIECE)
                if not came and self._wire.their_state is h11.SEND_RESPONSE:
                    raise Broken(_HUNG_UP)
                self._wire.receive_data(came)
        except (h11.RemoteProtocolError, OSError) as wrong:
            raise Broken(str(wrong) or type(wrong).__name__) from wrong
        if isinstance(event, h11.Event):
            return event
        raise Broken

    def rest(self) -> bool:
        """Begin anew, and say whether that is possible; what comes now is noticed until it wakes."""
        try:
            self._wire.start_next_cycle()
        except h11.LocalProtocolError:
            return False
        # It would pass for the answer to the next request.
        if self._wire.trailing_data[0]:
            return False
        self._uncalled_for = asyncio.create_task(self._comes())
        return True

    async def wake(self) -> bool:
        """Say whether it may be asked again: nothing came while it rested, its end neither."""
        assert self._uncalled_for  # noqa: S101 - it rests
        self._uncalled_for.cancel()
        await asyncio.wait((self._uncalled_for,))
        return self._uncalled_for.cancelled()

    async def _comes(self) -> None:
        with suppress(OSError):
            await self._reader.read(1)

    def close(self) -> None:
        """End it at once."""
        if self._uncalled_for:
            self._uncalled_for.cancel()
        self._writer.transport.abort()


class _Idle(NamedTuple):
    link: _Link
    since: float
