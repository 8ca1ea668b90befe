"""Which request belongs to which conversation with the model, and what a record holds for it.

An agent and its sub-agents talk at the same time; each has a lane, and requests an index in it. The ids of
their threads are new in every run, so a lane of a record is recognised by its first request.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from sealock.chamber import normalise
from sealock.chamber.redaction import Redactor
from sealock.chamber.sessions import MARK, Sessions
from sealock.chamber.structural_diff import differences
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealock.chamber.run_store import Recording
    from sealock.domain.agent_run import Exchange

MAIN = "main"


class Place(msgspec.Struct, frozen=True):
    """Where a request stands: its lane, and how many came in it before."""

    lane: str
    index: int


class Mismatch(Undecided):
    """A request is not the one that was recorded; `lines` say where they differ."""

    def __init__(self, message: str, lines: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint="An input of the run has changed: sealock lock --check says which.")
        self.lines = lines


def thread_of(headers: Mapping[str, str], otherwise: str | None) -> str:
    """Return the id of the thread that a request of Codex belongs to; old versions say it elsewhere."""
    named = (headers.get(name) for name in ("thread-id", "session-id", "session_id"))
    return next(filter(None, named), otherwise or "")


class Lanes:
    """Gives lanes names, in the order in which their first requests come."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._counts: defaultdict[str, int] = defaultdict(int)

    def place(self, thread: str) -> Place:
        """Return the place of the next request of a thread."""
        name = self._names.setdefault(thread, f"agent-{len(self._names)}" if self._names else MAIN)
        self._counts[name] += 1
        return Place(name, self._counts[name] - 1)


class Replayed:
    """Answers from a record: in each lane in order, and only what was asked word for word."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._version = recording.manifest.normalisation
        normalise.rules(self._version)
        # As when it was recorded; what was recorded has been judged already.
        self._redactor = Redactor({}, (r"(?s).+",))
        self._lanes: defaultdict[str, list[Exchange]] = defaultdict(list)
        for each in recording.exchanges:
            self._lanes[each.lane].append(each)
        for lane in self._lanes.values():
            lane.sort(key=lambda each: each.index)
        self._claimed: dict[str, str] = {}
        self._sessions = Sessions()
        self._served: defaultdict[str, int] = defaultdict(int)

    @cached_property
    def _ids(self) -> frozenset[str]:
        """The ids of the recorded conversations: the recorded model may name them, and tools print them."""
        first = (self._recording.request(lane[0]) for lane in self._lanes.values() if lane)
        return frozenset().union(*map(normalise.own_ids, first))

    @property
    def unserved(self) -> int:
        """How many recorded requests have not come."""
        return len(self._recording.exchanges) - sum(self._served.values())

    def answer(self, thread: str, body: bytes) -> Exchange:
        """Return the recorded exchange of a request, which is JSON. Raises Mismatch, Undecided."""
        request = self._redactor.value(msgspec.json.decode(body))
        found = normalise.request_hash(request, self._version, self._ids)
        lane = self._claimed.get(thread) or self._claim(thread, found)
        index = self._served[lane]
        recorded = self._lanes[lane]
        if index >= len(recorded):
            message = f"the record of {lane} ends after {len(recorded)} requests, and one more came"
            raise Mismatch(message)
        exchange = recorded[index]
        if exchange.request_hash != found:
            raise self._mismatch(exchange, request)
        self._served[lane] += 1
        if MARK in body:
            self._sessions.learn(self._recording.request(exchange), request)
        return exchange

    def response(self, exchange: Exchange) -> bytes:
        """Return the recorded answer, as this run of the agent can follow it. Raises Undecided."""
        return self._sessions.translated(self._recording.response(exchange))

    def _claim(self, thread: str, found: str) -> str:
        """Return the lane that begins with this request, else the first that nobody has begun."""
        free = [name for name in self._lanes if name not in self._claimed.values()]
        if not free:
            message = "a conversation began that is not in the record"
            raise Mismatch(message)
        equal = (name for name in free if self._lanes[name][0].request_hash == found)
        self._claimed[thread] = lane = next(equal, free[0])
        return lane

    def _mismatch(self, exchange: Exchange, request: Any) -> Mismatch:  # noqa: ANN401 - any JSON
        recorded = normalise.normalised(self._recording.request(exchange), self._version, self._ids)
        lines = differences(recorded, normalise.normalised(request, self._version, self._ids))
        where = f"{exchange.lane}/{exchange.index}"
        return Mismatch(f"request {where} differs from the recorded one", lines)
