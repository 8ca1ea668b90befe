"""The numbers that Codex draws for processes that go on: those of a record become those of its replay.

A model names such a process when it writes to it or waits for it, so a recorded answer holds the number of
the recorded run, which the replayed one does not know.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = b"Process running with session ID "

_DRAWN = re.compile(r"\A(?:[^\n]*\n){0,3}?Process running with session ID (\d+)\n")
# Arguments are JSON in a text, so that the quotes have strokes before them.
_NAMED = re.compile(rb'(session_id\\*"\s*:\s*)(\d+)')


class Sessions:
    """Which number of the record stands for which of the replay."""

    def __init__(self) -> None:
        self._now: dict[bytes, bytes] = {}

    def learn(self, recorded: Any, sent: Any) -> None:  # noqa: ANN401 - any JSON
        """Take the numbers from a recorded request and the one that came in its place."""
        before, now = dict(_drawn(recorded)), dict(_drawn(sent))
        for call, number in before.items():
            if call in now:
                self._now[number] = now[call]

    def translated(self, answer: bytes) -> bytes:
        """Return a recorded answer with the numbers of the replay."""
        if not self._now:
            return answer
        return _NAMED.sub(lambda found: found[1] + self._now.get(found[2], found[2]), answer)


def _drawn(request: Any) -> Iterator[tuple[str, bytes]]:  # noqa: ANN401 - any JSON
    """Yield the ids of calls whose processes went on, with their numbers."""
    for item in request["input"] if isinstance(request.get("input"), list) else ():
        output = item.get("output") if isinstance(item, dict) else None
        if isinstance(output, str) and (found := _DRAWN.match(output)):
            yield str(item.get("call_id")), found[1].encode()
