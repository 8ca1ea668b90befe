"""A request of the agent that may be asked, and where it stands."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import msgspec

from sealock.chamber.conversations import Place


class Asked(msgspec.Struct, frozen=True):
    """A request, the place of it, and when it came: as a time, and by a clock that never goes back."""

    body: bytes
    parsed: dict[str, Any]
    place: Place
    started: datetime
    began: float

    @property
    def model(self) -> str:
        """The model that is asked."""
        return str(self.parsed.get("model", ""))

    @property
    def cap(self) -> int:
        """The most tokens that the answer may have; 0 where it does not say."""
        found = self.parsed.get("max_output_tokens")
        return found if isinstance(found, int) and found > 0 else 0


def asked(body: bytes, parsed: dict[str, Any], place: Place) -> Asked:
    """Return a request that came now."""
    return Asked(body, parsed, place, datetime.fromtimestamp(time.time(), UTC), time.monotonic())


def parsed(body: bytes) -> dict[str, Any] | str:
    """Return a request, or why it is none that may be asked."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return "a request came that is no JSON"
    if not isinstance(found, dict):
        return "a request came that is no object"
    if found.get("stream") is not True or found.get("background"):
        # Only a stream says here what it used.
        return "an answer was asked for that is no stream"
    return found
