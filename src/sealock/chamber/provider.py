"""Asks the provider of the model: one host, its key, retries and bounds."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from sealock.chamber.http_client import Broken, Client, Unreachable, Untrusted
from sealock.chamber.upstream import checked
from sealock.domain.printable import printable
from sealock.errors import Undecided, UsageError

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator

    from sealock.chamber.http_client import Response
    from sealock.chamber.upstream import Upstream

_RETRIED = frozenset({408, 429, 500, 502, 503, 504, 529})
_MOST_ERROR_BYTES = 1 << 20


class ProviderFailed(Undecided):
    """The provider gave no answer, or not all of it; `status` is what the agent is told.

    Where it was not `reached`, it has nothing to be paid for.
    """

    def __init__(self, message: str, status: int, *, reached: bool = True) -> None:
        super().__init__(message, hint="Look at the provider's status page, and at chamber.upstream.")
        self.status = status
        self.reached = reached


class Refusal(msgspec.Struct, frozen=True):
    """An answer of the provider that is no stream: passed on as it is."""

    status: int
    content: bytes
    headers: dict[str, str]


class Provider:
    """Sends requests to the one URL of an upstream; redirects are not followed, proxies not asked."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = checked(upstream)
        self._client: Client | None = None

    async def open(self) -> None:
        """Get ready, in the running loop. Raises UsageError for certificates that cannot be read."""
        trust = self._trust() if urlsplit(self._upstream.url).scheme == "https" else None
        self._client = Client(self._url(), trust, self._upstream.timeouts.connect)

    async def close(self) -> None:
        """Let go of every connection."""
        if self._client:
            self._client.close()

    @asynccontextmanager
    async def ask(self, content: bytes) -> AsyncIterator[Response | Refusal]:
        """Send a request and give the answer once it begins. Raises ProviderFailed."""
        answer = await self._begun(content)
        if isinstance(answer, Refusal):
            yield answer
            return
        try:
            yield answer
        finally:
            # What is left of a broken answer is not worth waiting for.
            answer.close()

    async def chunks(self, answer: Response) -> AsyncIterator[bytes]:
        """Yield an answer's bytes as they come. Raises ProviderFailed when it is cut or stands still."""
        idle, total = self._upstream.timeouts.idle, self._upstream.timeouts.total
        ends = asyncio.get_running_loop().time() + total
        while True:
            left = ends - asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout(max(0.0, min(idle, left))):
                    chunk = await answer.read()
            except TimeoutError as wrong:
                for_long = f"took longer than {total:g} s" if left < idle else f"said nothing for {idle:g} s"
                message = f"the provider {for_long} in the middle of an answer"
                raise ProviderFailed(message, 504) from wrong
            except Broken as wrong:
                message = "the provider's answer was cut"
                raise ProviderFailed(message, 502) from wrong
            if not chunk:
                return
            yield chunk

    async def _begun(self, content: bytes) -> Response | Refusal:
        retries = self._upstream.retries
        wait = retries.first
        for attempt in range(retries.count + 1):
            last = attempt == retries.count
            try:
                answer = await self._once(content)
            except _NotConnected as wrong:
                if last:
                    message = f"the provider cannot be reached: {wrong}"
                    raise ProviderFailed(message, 502, reached=False) from wrong
                pause = wait
            else:
                if answer.status == 200 and answer.content_type == "text/event-stream":  # noqa: PLR2004
                    return answer
                refusal = await self._refusal(answer)
                asked = _retry_after(refusal)
                if last or not _worth_another(answer.status, refusal) or asked > retries.longest:
                    return refusal
                pause = max(wait, asked)
            await asyncio.sleep(min(pause, retries.longest) * random.uniform(1.0, 1.25))  # noqa: S311
            wait = min(2 * wait, retries.longest)
        raise AssertionError

    async def _once(self, content: bytes) -> Response:
        assert self._client  # noqa: S101 - it is open while the proxy runs
        seconds = self._upstream.timeouts.first_byte
        try:
            async with asyncio.timeout(seconds):
                return await self._client.post(content, self._headers())
        except TimeoutError as wrong:
            # Not tried again: the provider may be at work on it, and asks to be paid.
            message = f"the provider gave no answer in {seconds:g} s"
            raise ProviderFailed(message, 504) from wrong
        except Untrusted as wrong:
            # Not tried again either: nobody grows a certificate while he waits.
            message = f"the provider's certificate is not trusted: {_reason(wrong)}"
            raise ProviderFailed(message, 502, reached=False) from wrong
        except (Unreachable, Broken) as wrong:
            raise _NotConnected(_reason(wrong)) from wrong

    async def _refusal(self, answer: Response) -> Refusal:
        came = bytearray()
        try:
            async with asyncio.timeout(self._upstream.timeouts.idle):
                while len(came) < _MOST_ERROR_BYTES and (more := await answer.read()):
                    came += more
        except (TimeoutError, Broken):
            came.clear()
        finally:
            answer.close()
        content = bytes(came[:_MOST_ERROR_BYTES])
        named = {"retry-after": answer.headers.get("retry-after", ""), "content-type": answer.content_type}
        status = answer.status
        if status < 400:  # noqa: PLR2004 - a redirect, or an answer that is no stream
            message = f"the provider answered {status}, and no stream of events"
            # Its words are not repeated, and nobody is to be paid: no provider answers so.
            raise ProviderFailed(message, 502, reached=False)
        told = {name: value for name, value in named.items() if value and value.isascii()}
        return Refusal(status, content, told)

    def _trust(self) -> ssl.SSLContext:
        import ssl  # noqa: PLC0415 - a model on this machine needs no certificates

        try:
            trust = ssl.create_default_context(cafile=self._upstream.ca_file or None)
        except OSError as wrong:
            message = f"the certificates in {printable(self._upstream.ca_file, 200)} cannot be read"
            raise UsageError(message) from wrong
        trust.set_alpn_protocols(["http/1.1"])
        return trust

    def _url(self) -> str:
        base, mark, query = self._upstream.url.partition("?")
        return f"{base.rstrip('/')}/responses{mark}{query}"

    def _headers(self) -> dict[str, str]:
        key = {"Authorization": f"Bearer {self._upstream.key}"} if self._upstream.key else {}
        return {
            "Accept": "text/event-stream",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "User-Agent": "sealock",
            **key,
            **self._upstream.headers,
        }


class _NotConnected(Exception):
    """Nothing of an answer has come, and another try may help."""


def _reason(wrong: Exception) -> str:
    return printable(str(wrong) or type(wrong).__name__, 200)


def _worth_another(status: int, refusal: Refusal) -> bool:
    # A quota that is used up comes as 429 too, and waiting does not bring it back.
    return status in _RETRIED and b"insufficient_quota" not in refusal.content


def _retry_after(refusal: Refusal) -> float:
    """Return the seconds that the provider asks to wait; a date counts as not said."""
    try:
        return max(0.0, float(refusal.headers.get("retry-after", "0")))
    except ValueError:
        return 0.0
