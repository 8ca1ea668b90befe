"""Engines side by side: hands out items, streams answers back, survives engines that die.

One thread, no locks: whoever waits for an answer turns the loop for every call under way, so calls
may be nested, but a pool belongs to one thread.
"""

from __future__ import annotations

import os
import selectors
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self

import msgspec

from sealock.adapters.engine_answer import mismatch
from sealock.adapters.process import Child
from sealock.domain.rendered import TraceEntry
from sealock.errors import EngineError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType

_READ_BYTES = 1 << 20
_LONGEST_ANSWER_BYTES = 1 << 29
_REQUESTS_IN_FLIGHT = 2
_LARGEST_CHUNK = 8
_DEATHS_IN_A_ROW = 3
_MOST_ENGINES = 64
_PASSED_ON = ("GOGC", "GOMEMLIMIT")
"""All of the environment that an engine gets to see: what tunes it."""


class Problem(msgspec.Struct, frozen=True):
    """Why the engine has no result for an item; `code` as the protocol's reference lists them."""

    code: str
    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    hint: str = ""
    trace: tuple[TraceEntry, ...] = ()


class Answer(msgspec.Struct, frozen=True):
    """One item's result as undecoded JSON, or its problem."""

    ok: msgspec.Raw
    error: Problem | None = None

    def result(self) -> msgspec.Raw:
        """Return the result. Raises EngineError for a problem."""
        if self.error:
            raise EngineError(self.error.message, hint=self.error.hint)
        return self.ok


class _Line(msgspec.Struct):
    id: int | None = None
    item: int = -1
    ok: msgspec.Raw = msgspec.Raw(b"")
    error: Problem | None = None
    done: bool = False


class _Call:
    """One caller's items: those not handed out, and answers not yet taken."""

    def __init__(self, op: str, params: msgspec.Raw, items: Sequence[Any], deadline_seconds: float) -> None:
        self.op = op
        self.params = params
        self.items = items
        self.deadline_seconds = deadline_seconds
        self.pending = deque(range(len(items)))
        self.ready: deque[tuple[int, Answer]] = deque()

    def give_back(self, indices: Sequence[int]) -> None:
        self.pending.extendleft(reversed(indices))


class _Request:
    """Items in an engine's hands: position in the request → index in the call, in order."""

    def __init__(self, number: int, call: _Call, indices: Sequence[int]) -> None:
        self.number = number
        self.call = call
        self.waiting = dict(enumerate(indices))

    def encoded(self) -> bytes:
        body = {
            "id": self.number,
            "op": self.call.op,
            "deadline_ms": int(self.call.deadline_seconds * 1000),
            "params": self.call.params,
            "items": [self.call.items[index] for index in self.waiting.values()],
        }
        return msgspec.json.encode(body) + b"\n"


class _Slot:
    """A place for one engine, and what that engine is doing."""

    def __init__(self) -> None:
        self.child: Child | None = None
        self.requests: deque[_Request] = deque()
        self.inbox = bytearray()
        self.outbox = b""
        self.heard = 0.0
        self.deaths = 0


def engine_path() -> Path:
    """Return the engine's program: `SEALOCK_ENGINE`, else the one in the package. Raises EngineError."""
    named = os.environ.get("SEALOCK_ENGINE")
    path = Path(named) if named else Path(__file__).parent.parent / "_engine" / "sealock-engine"
    if path.is_file():
        return path
    if named:
        message = f"SEALOCK_ENGINE names no file: {named}"
        raise EngineError(message, hint="Unset it to use the packaged engine.")
    hint = "In a checkout run `make env`; elsewhere reinstall the sealock wheel for this platform."
    message = "the engine is missing from this installation"
    raise EngineError(message, hint=hint)


def engine_count() -> int:
    """Return how many engines to run: `SEALOCK_ENGINES`, else the cores this process may use."""
    named = os.environ.get("SEALOCK_ENGINES")
    if named is None:
        return min(_MOST_ENGINES, _usable_cores())
    if not named.isascii() or not named.isdigit() or not 1 <= int(named[:4]) <= _MOST_ENGINES:
        message = f"SEALOCK_ENGINES is {named!r}; expected a number from 1 to {_MOST_ENGINES}"
        raise UsageError(message, hint="Unset it to use one engine for each core.")
    return int(named)


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


class EnginePool:
    """Up to `count` engines, each started when there is work for it. Close it, or use it in `with`."""

    def __init__(
        self,
        command: Sequence[str],
        count: int,
        *,
        deadline_seconds: float = 60.0,
        grace_seconds: float = 5.0,
    ) -> None:
        """Take the engine's command line; `deadline_seconds` bounds each item where a call sets no other.

        An engine that has not answered `grace_seconds` after the deadline is killed.
        """
        self._command = list(command)
        self._slots = [_Slot() for _ in range(count)]
        self._deadline = deadline_seconds
        self._grace = grace_seconds
        self._selector = selectors.DefaultSelector()
        self._calls: list[_Call] = []
        self._number = 0
        self._decoder = msgspec.json.Decoder(_Line)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, wrong: BaseException | None, where: TracebackType | None
    ) -> None:
        """Stop every engine."""
        self.close()

    @property
    def program(self) -> Path:
        """The engine's program file."""
        return Path(self._command[0])

    @property
    def pids(self) -> tuple[int, ...]:
        """The engines that run now."""
        return tuple(slot.child.pid for slot in self._slots if slot.child)

    def call(
        self,
        op: str,
        params: Mapping[str, Any],
        items: Sequence[Any],
        *,
        deadline_seconds: float | None = None,
    ) -> Iterator[tuple[int, Answer]]:
        """Yield (index of the item, its answer) for each item as it finishes.

        Closing the iterator stops the rest. An item on which an engine died has the problem
        `engine-died`. Raises EngineError when no engine can be had or one breaks the protocol.
        """
        deadline = self._deadline if deadline_seconds is None else deadline_seconds
        call = _Call(op, msgspec.Raw(msgspec.json.encode(params)), items, deadline)
        left = len(items)
        self._calls.append(call)
        try:
            while left:
                self._turn(wait=not call.ready)
                while call.ready:
                    left -= 1
                    yield call.ready.popleft()
                    self._turn(wait=False)
        finally:
            self._calls.remove(call)
            self._abandon(call)

    def start(self) -> None:
        """Start every engine now, so that they are ready when the caller is. Raises EngineError."""
        for slot in self._slots:
            if slot.child is None:
                self._start(slot)

    def close(self) -> None:
        """Stop every engine; the pool cannot be used again."""
        self._stop_all()
        self._selector.close()

    def _abandon(self, call: _Call) -> None:
        """Stop the engines that still work for `call`; others' items on them are handed out again."""
        for slot in self._slots:
            if any(request.call is call and request.waiting for request in slot.requests):
                self._stop(slot)
                self._give_back(slot)

    def _turn(self, *, wait: bool) -> None:
        self._hand_out()
        events = self._selector.select(self._patience() if wait else 0)
        readable = set()
        for key, mask in events:
            slot: _Slot = key.data
            if mask & selectors.EVENT_READ:
                readable.add(id(slot))
                self._receive(slot)
            elif slot.child:
                self._send(slot)
        now = time.monotonic()
        for slot in self._slots:
            if slot.requests and id(slot) not in readable and now > self._latest(slot):
                self._overrun(slot)

    def _latest(self, slot: _Slot) -> float:
        """Return when `slot` must have been heard of; infinite without a deadline."""
        seconds = slot.requests[0].call.deadline_seconds
        return slot.heard + seconds + self._grace if seconds else float("inf")

    def _patience(self) -> float | None:
        nearest = min((self._latest(slot) for slot in self._slots if slot.requests), default=float("inf"))
        return None if nearest == float("inf") else max(0.0, nearest - time.monotonic()) + 0.001

    def _hand_out(self) -> None:
        for depth in range(_REQUESTS_IN_FLIGHT):
            for slot in self._slots:
                if len(slot.requests) > depth:
                    continue
                call = next((call for call in self._calls if call.pending), None)
                if call is None:
                    return
                self._begin(slot, call)

    def _begin(self, slot: _Slot, call: _Call) -> None:
        if slot.child is None:
            self._start(slot)
        size = min(_LARGEST_CHUNK, max(1, len(call.pending) // (len(self._slots) * 4)))
        self._number += 1
        request = _Request(self._number, call, [call.pending.popleft() for _ in range(size)])
        if not slot.requests:
            slot.heard = time.monotonic()
        slot.requests.append(request)
        slot.outbox += request.encoded()
        self._send(slot)

    def _start(self, slot: _Slot) -> None:
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        try:
            slot.child = Child(self._command, environment | {"GOMAXPROCS": "1"})
        except OSError as wrong:
            hint = "Reinstall sealock for this platform, or run `make env` in a checkout."
            message = f"the engine cannot be started: {wrong.strerror}"
            raise EngineError(message, hint=hint) from wrong
        slot.inbox.clear()
        slot.outbox = b""
        self._selector.register(slot.child.output, selectors.EVENT_READ, slot)

    def _stop(self, slot: _Slot) -> int:
        """Kill the slot's engine and return its exit status."""
        if slot.child is None:
            return 0
        self._selector.unregister(slot.child.output)
        self._listen_for_room(slot, wanted=False)
        status = slot.child.kill()
        slot.child = None
        return status

    def _listen_for_room(self, slot: _Slot, *, wanted: bool) -> None:
        if slot.child is None:
            return
        registered = slot.child.input in self._selector.get_map()
        if wanted and not registered:
            self._selector.register(slot.child.input, selectors.EVENT_WRITE, slot)
        elif registered and not wanted:
            self._selector.unregister(slot.child.input)

    def _send(self, slot: _Slot) -> None:
        """Write what the pipe takes; a closed pipe shows itself as the end of the output."""
        if slot.child is None:
            return
        try:
            written = slot.child.write(memoryview(slot.outbox))
        except BrokenPipeError:
            written = len(slot.outbox)
        if written:
            slot.heard = time.monotonic()
        slot.outbox = slot.outbox[written:]
        self._listen_for_room(slot, wanted=bool(slot.outbox))

    def _receive(self, slot: _Slot) -> None:
        while slot.child is not None:
            data = slot.child.read(_READ_BYTES)
            if data is None:
                return
            if not data:
                self._died(slot)
                return
            slot.heard = time.monotonic()
            *lines, rest = data.split(b"\n")
            if lines:
                lines[0] = bytes(slot.inbox) + lines[0]
                slot.inbox.clear()
            slot.inbox += rest
            if len(slot.inbox) > _LONGEST_ANSWER_BYTES:
                self._garbage(bytes(slot.inbox[:100]))
            for line in lines:
                if slot.child is not None:
                    self._take(slot, line)

    def _take(self, slot: _Slot, line: bytes) -> None:
        try:
            answer = self._decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            self._garbage(line)
        request = slot.requests[0] if slot.requests else None
        if request is None or answer.id != request.number:
            self._garbage(line)
        if answer.item >= 0:
            self._answered(slot, request, answer, line)
        elif answer.error:
            self._stop_all()
            message = f"the engine refused the request: {answer.error.message}"
            raise EngineError(message, hint=answer.error.hint)
        elif not answer.done or request.waiting:
            self._garbage(line)
        if answer.done and slot.requests:
            slot.requests.popleft()

    def _answered(self, slot: _Slot, request: _Request, answer: _Line, line: bytes) -> None:
        index = request.waiting.pop(answer.item, None)
        if index is None or (answer.error is None and not bytes(answer.ok)):
            self._garbage(line)
        request.call.ready.append((index, Answer(answer.ok, answer.error)))
        slot.deaths = 0
        if answer.error and answer.error.code == "deadline-exceeded":
            # The engine ends after this answer: what else it holds needs another one.
            self._stop(slot)
            self._give_back(slot)

    def _garbage(self, line: bytes) -> NoReturn:
        self._stop_all()
        shown = line[:100].decode("utf-8", "replace")
        message = f"the engine answered what is not its protocol: {shown!r}"
        raise mismatch(message)

    def _stop_all(self) -> None:
        for slot in self._slots:
            self._stop(slot)
            self._give_back(slot)

    def _died(self, slot: _Slot) -> None:
        """Blame the first unanswered item, hand the others out again; the slot starts anew with them."""
        child = slot.child
        if child is None:
            return
        child.wait(1.0)
        status = self._stop(slot)
        words = child.last_words
        if not any(request.waiting for request in slot.requests):
            self._give_back(slot)
            return
        slot.deaths += 1
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        if slot.deaths >= _DEATHS_IN_A_ROW:
            slot.deaths = 0
            self._stop_all()
            message = f"the engine ended {how} {_DEATHS_IN_A_ROW} times in a row without an answer"
            raise EngineError(message, hint=words or "Is the machine out of memory?")
        self._blame(slot, "engine-died", f"the engine died on this item ({how})", words.partition("\n")[0])

    def _overrun(self, slot: _Slot) -> None:
        seconds = slot.requests[0].call.deadline_seconds
        self._stop(slot)
        self._blame(
            slot, "deadline-exceeded", f"the engine gave no answer in {seconds:g} s and was stopped", ""
        )

    def _blame(self, slot: _Slot, code: str, message: str, hint: str) -> None:
        for request in slot.requests:
            if request.waiting:
                index = request.waiting.pop(next(iter(request.waiting)))
                problem = Problem(code, message, hint=hint)
                request.call.ready.append((index, Answer(msgspec.Raw(b""), problem)))
                break
        self._give_back(slot)

    def _give_back(self, slot: _Slot) -> None:
        for request in reversed(slot.requests):
            request.call.give_back(tuple(request.waiting.values()))
        slot.requests.clear()
        slot.outbox = b""
        slot.inbox.clear()
