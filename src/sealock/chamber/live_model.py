"""The provider as a service: one answer at a time is passed on, within the budget, and recorded."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from sealock.chamber import event_stream, model_request, proxy_notes
from sealock.chamber.conversations import Lanes, thread_of
from sealock.chamber.http_server import Reply
from sealock.chamber.meter import Grant, Meter, usage_of
from sealock.chamber.provider import Provider, ProviderFailed, Refusal
from sealock.chamber.proxy_notes import JSON, STREAM, Notes
from sealock.chamber.recording import Answered
from sealock.chamber.redaction import Leak
from sealock.chamber.secret_forms import SHORTEST, Forms
from sealock.domain.agent_run import Exchange, ProxyReport, Usage
from sealock.errors import SealockError

if TYPE_CHECKING:
    from sealock.chamber.http_client import Response
    from sealock.chamber.http_server import Request, Stream
    from sealock.chamber.meter import Budget
    from sealock.chamber.model_request import Asked
    from sealock.chamber.recording import Recorder
    from sealock.chamber.upstream import Upstream

_MOST_RESPONSE_BYTES = 64 << 20
_QUOTA = 429, "insufficient_quota"
_FATAL = 400, "invalid_request_error"


class LiveModel:
    """Asks the provider, within the budget; records where there is a recorder."""

    def __init__(self, upstream: Upstream, budget: Budget, recorder: Recorder | None) -> None:
        self._provider = Provider(upstream)
        key = upstream.key if len(upstream.key) >= SHORTEST else ""
        self._key = Forms({"key": key} if key else {})
        self._budget = budget
        self._meter = Meter(budget)
        self._recorder = recorder
        self._lanes = Lanes()
        self._notes = Notes()
        self._writer = ThreadPoolExecutor(1, "sealock-recorder")
        self._writing: set[asyncio.Future[None]] = set()

    async def open(self) -> None:
        """Get ready, in the proxy's loop."""
        await self._provider.open()

    async def close(self) -> None:
        """Finish what is being written, and let go of every connection."""
        await self._written()
        self._writer.shutdown()
        await self._provider.close()

    def refuse(self, status: int, code: str, message: str) -> Reply:
        """Return a refusal in the API's form, and note it."""
        return self._notes.refuse(status, code, message)

    def report(self) -> ProxyReport:
        """Return what happened; what is booked for requests on their way counts as spent."""
        notes = self._notes
        return ProxyReport(
            exchanges=tuple(notes.exchanges),
            usage=self._meter.usage,
            cost_usd=self._meter.spent_usd,
            refusals=tuple(notes.refusals),
            ended_by=notes.ended,
            turns=notes.turns,
            tool_calls=notes.tool_calls,
        )

    async def answer(self, request: Request, stream: Stream) -> Reply | None:
        """Ask the provider, and pass its answer on as it comes; return what is none that comes in pieces."""
        body = request.body
        head = model_request.head_of(body)
        if isinstance(head, str):
            return self.refuse(*_FATAL, head)
        # What cannot be recorded must not go on.
        await self._written()
        place = self._lanes.place(thread_of(request.headers, head.prompt_cache_key))
        asked = model_request.asked(body, head, place)
        self._judge(asked)
        if self._notes.ended:
            return self._refused(asked)
        try:
            grant = self._meter.reserve(head.model, len(body), asked.cap)
        except SealockError as wrong:
            self._notes.end("budget", wrong.message)
            return self._refused(asked)
        passing = _Passing(self._provider, self._notes, self._key, self._budget.tool_calls)
        try:
            return await passing.run(stream, asked, grant)
        finally:
            spent = self._meter.settle(grant, passing.usage, len(body))
            self._record(asked, passing.answer, passing.usage or Usage(), spent)

    def _judge(self, asked: Asked) -> None:
        """End the run where a limit is reached, or the request holds a secret."""
        if self._recorder and (wrong := self._recorder.failure):
            self._notes.end("secret" if isinstance(wrong, Leak) else "record", wrong.message)
        if self._budget.turns and self._notes.turns >= self._budget.turns:
            self._notes.end("turns", f"the run has had its {self._budget.turns} turns")
        if self._budget.tool_calls and self._notes.tool_calls > self._budget.tool_calls:
            self._notes.end("tool-calls", f"the run has had its {self._budget.tool_calls} tool calls")
        if found := self._secret_in(asked.body):
            self._notes.end("secret", f"a request holds the secret {found}, and was not sent")

    def _secret_in(self, body: bytes) -> str:
        if self._recorder:
            return self._recorder.redactor.knows(body)
        return "".join(self._key.names_in(body))

    def _refused(self, asked: Asked) -> Reply:
        """Refuse a request for good, and record that."""
        code = _FATAL if self._notes.ended in {"secret", "record"} else _QUOTA
        answer = self._notes.refuse(*code, self._notes.why)
        self._record(asked, Refusal(answer.status, answer.content, JSON), Usage(), 0.0)
        return answer

    def _record(self, asked: Asked, answer: Refusal, usage: Usage, spent: float) -> None:
        """Note an exchange that ended; it is written in another thread."""
        answered = Answered(
            asked.place.lane,
            asked.place.index,
            asked.body,
            answer.content,
            answer.status,
            answer.headers,
            usage,
            spent,
            asked.started,
            round(time.monotonic() - asked.began, 6),
        )
        writing = asyncio.get_running_loop().run_in_executor(self._writer, self._add, answered)
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)

    def _add(self, answered: Answered) -> None:
        if self._recorder is None:
            self._notes.exchanges.append(_unrecorded(answered))
            return
        try:
            self._notes.exchanges.append(self._recorder.add(answered))
        except SealockError as wrong:
            # The recorder has kept it for the next request and for its end.
            self._notes.end("secret" if isinstance(wrong, Leak) else "record", wrong.message)

    async def _written(self) -> None:
        if self._writing:
            await asyncio.wait(self._writing)


def _unrecorded(answered: Answered) -> Exchange:
    return Exchange(
        lane=answered.lane,
        index=answered.index,
        request_hash="",
        request="",
        response="",
        status=answered.status,
        usage=answered.usage,
        cost_usd=answered.cost_usd,
        started=answered.started,
        seconds=answered.seconds,
        headers=answered.headers,
    )


class _Passing:
    """One answer of the provider on its way to the agent."""

    def __init__(self, provider: Provider, notes: Notes, key: Forms, most_calls: int) -> None:
        self._provider = provider
        self._notes = notes
        self._key = key
        self._most_calls = most_calls
        self._given = bytearray()
        self._head = Refusal(499, b"", JSON)
        self._stopped = False
        self.usage: Usage | None = None

    @property
    def answer(self) -> Refusal:
        """What the agent has got, all of it or what came before it went away."""
        return Refusal(self._head.status, bytes(self._given) or self._head.content, self._head.headers)

    async def run(self, stream: Stream, asked: Asked, grant: Grant) -> Reply | None:
        """Ask, and pass on what comes."""
        try:
            async with self._provider.ask(asked.capped(grant.output)) as found:
                if not isinstance(found, Refusal):
                    await self._stream(stream, found)
                    return None
        except ProviderFailed as wrong:
            content = proxy_notes.error("provider_failed", wrong.message)
            found = Refusal(wrong.status, content, JSON)
            self._notes.say(wrong.message)
            if not wrong.reached:
                self.usage = Usage()
        else:
            # Nothing was made, so nothing is paid.
            self.usage = Usage()
            found = self._clean(found)
            self._notes.say(proxy_notes.answered(found.status))
        self._head = found
        return Reply(found.status, found.content, found.headers)

    def _clean(self, found: Refusal) -> Refusal:
        """Return a refusal of the provider without the key, which some of them repeat."""
        if not self._key.names_in(found.content):
            return found
        message = proxy_notes.answered(found.status)
        return Refusal(found.status, proxy_notes.error("provider_failed", message), JSON)

    async def _stream(self, response: Stream, found: Response) -> None:
        self._notes.turns += 1
        self._head = Refusal(200, b"", STREAM)
        await response.begin(STREAM)
        events = event_stream.Events()
        try:
            async for chunk in self._provider.chunks(found):
                await self._give(response, b"".join(map(self._seen, events.feed(chunk))))
                if self._stopped or len(self._given) + events.waiting > _MOST_RESPONSE_BYTES:
                    break
        except ProviderFailed as wrong:
            self._notes.say(wrong.message)
            await self._give(response, proxy_notes.failed("server_error", wrong.message))
        else:
            await self._end(response, self._seen(events.rest()))
        await response.end()

    async def _end(self, response: Stream, rest: bytes) -> None:
        if self._stopped:
            await self._give(
                response, proxy_notes.failed("insufficient_quota", self._notes.why, self._notes.ended)
            )
        elif len(self._given) + len(rest) > _MOST_RESPONSE_BYTES:
            message = f"an answer has more than {_MOST_RESPONSE_BYTES >> 20} MiB"
            self._notes.say(message)
            await self._give(response, proxy_notes.failed("server_error", message))
        else:
            await self._give(response, rest)

    async def _give(self, response: Stream, content: bytes) -> None:
        if content:
            self._given += content
            await response.write(content)

    def _seen(self, event: bytes) -> bytes:
        """Return an event after a look at it, or nothing from the first call that is one too many."""
        if not self._stopped and b"response.output_item.done" in event:
            self._count_call(event_stream.data(event))
        elif b"response.completed" in event or b"response.incomplete" in event:
            self.usage = usage_of(event_stream.data(event)) or self.usage
        return b"" if self._stopped else event

    def _count_call(self, data: Any) -> None:  # noqa: ANN401 - any JSON
        if not _is_call(data):
            return
        self._notes.tool_calls += 1
        if self._most_calls and self._notes.tool_calls > self._most_calls:
            self._notes.end("tool-calls", f"the run has had its {self._most_calls} tool calls")
            self._stopped = True


def _is_call(data: Any) -> bool:  # noqa: ANN401 - any JSON
    item = data.get("item") if isinstance(data, dict) else None
    kind = item.get("type") if isinstance(item, dict) else None
    return isinstance(kind, str) and kind.endswith("_call")
