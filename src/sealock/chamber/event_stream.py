"""Server-sent events: cut into events as they arrive, and read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")


class Events:
    """Cuts a stream of bytes into events; what has come of the next one waits."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._looked = 0

    def feed(self, content: bytes) -> Iterator[bytes]:
        """Yield the events that this completes, each with the empty line that ends it."""
        self._waiting += content
        while found := _END.search(self._waiting, self._looked):
            yield bytes(self._waiting[: found.end()])
            del self._waiting[: found.end()]
            self._looked = 0
        # The end may lie across two pieces.
        self._looked = max(0, len(self._waiting) - 3)

    @property
    def waiting(self) -> int:
        """The bytes of the event that is not complete."""
        return len(self._waiting)

    def rest(self) -> bytes:
        """Return what is left of a stream that ended."""
        return bytes(self._waiting)


def split(content: bytes) -> list[bytes]:
    """Return a whole stream's events; joined they are the stream again."""
    events = Events()
    return [each for each in (*events.feed(content), events.rest()) if each]


def data(event: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Return an event's data as JSON, or None where it has none that is JSON."""
    lines = (line for line in event.splitlines() if line.startswith(b"data:"))
    try:
        return msgspec.json.decode(b"\n".join(line[5:].removeprefix(b" ") for line in lines))
    except (msgspec.DecodeError, RecursionError):
        return None


def event(value: dict[str, Any]) -> bytes:
    """Return an event with this data, named after its type."""
    return b"event: %b\ndata: %b\n\n" % (value["type"].encode(), msgspec.json.encode(value))
