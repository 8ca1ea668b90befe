"""A request of the agent that may be asked, and where it stands."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import msgspec

from sealock.chamber.conversations import Place


class Head(msgspec.Struct, frozen=True):
    """What the proxy must know of a request; the long rest of it is not taken apart."""

    model: str
    stream: bool
    background: bool | None = None
    max_output_tokens: int | None = None
    prompt_cache_key: str | None = None


class Asked(msgspec.Struct, frozen=True):
    """A request, the place of it, and when it came: as a time, and by a clock that never goes back."""

    body: bytes
    head: Head
    place: Place
    started: datetime
    began: float

    @property
    def cap(self) -> int:
        """The most tokens that the answer may have; 0 where it does not say."""
        return max(0, self.head.max_output_tokens or 0)

    def capped(self, cap: int) -> bytes:
        """Return the request with an answer of at most `cap` tokens; 0 leaves it as it is."""
        if not cap or 0 < self.cap <= cap:
            return self.body
        if b'"max_output_tokens"' in self.body:
            return msgspec.json.encode({**msgspec.json.decode(self.body), "max_output_tokens": cap})
        # Spliced, because spelling a long conversation anew takes longer than all the rest.
        begin = self.body.index(b"{") + 1
        return b'%b"max_output_tokens":%d,%b' % (self.body[:begin], cap, self.body[begin:])


def asked(body: bytes, head: Head, place: Place) -> Asked:
    """Return a request that came now."""
    return Asked(body, head, place, datetime.fromtimestamp(time.time(), UTC), time.monotonic())


def head_of(body: bytes) -> Head | str:
    """Return what must be known of a request, or why it is none that may be asked."""
    try:
        head = msgspec.json.decode(body, type=Head)
    except (msgspec.DecodeError, RecursionError):
        return "a request came that is none of the Responses API"
    if not head.stream or head.background:
        # Only a stream says here what it used.
        return "an answer was asked for that is no stream"
    return head
