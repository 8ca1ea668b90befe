"""A record as a service: it answers what was asked before, word for word, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.chamber import model_request
from sealock.chamber.conversations import Mismatch, Replayed, thread_of
from sealock.chamber.http_server import Reply
from sealock.chamber.meter import added
from sealock.chamber.proxy_notes import Notes
from sealock.domain.agent_run import ProxyReport, Usage
from sealock.errors import SealockError

if TYPE_CHECKING:
    from sealock.chamber.http_server import Request, Stream
    from sealock.chamber.run_store import Recording

_FATAL = 400, "invalid_request_error"


class ReplayedModel:
    """Answers from a record, never from anywhere else."""

    def __init__(self, recording: Recording) -> None:
        self._replayed = Replayed(recording)
        self._notes = Notes()
        self._mismatch: tuple[str, ...] = ()
        self._over = ""

    async def open(self) -> None:
        """There is nothing to open."""

    async def close(self) -> None:
        """There is nothing to close."""

    def refuse(self, status: int, code: str, message: str) -> Reply:
        """Return a refusal in the API's form, and note it."""
        return self._notes.refuse(status, code, message)

    def report(self) -> ProxyReport:
        """Return what was served; usage and cost are those of the record."""
        usage = Usage()
        for each in self._notes.exchanges:
            usage = added(usage, each.usage)
        return ProxyReport(
            exchanges=tuple(self._notes.exchanges),
            usage=usage,
            cost_usd=round(sum(each.cost_usd for each in self._notes.exchanges), 9),
            refusals=tuple(self._notes.refusals),
            ended_by=self._notes.ended,
            turns=self._notes.turns,
            mismatch=self._mismatch,
            unserved=self._replayed.unserved,
        )

    async def answer(self, request: Request, stream: Stream) -> Reply:
        """Return what was recorded for exactly this request."""
        del stream
        head = model_request.head_of(request.body)
        if isinstance(head, str):
            return self.refuse(*_FATAL, head)
        if self._over:
            return self.refuse(*_FATAL, self._over)
        try:
            thread = thread_of(request.headers, head.prompt_cache_key)
            exchange = self._replayed.answer(thread, request.body)
            content = self._replayed.response(exchange)
        except SealockError as wrong:
            if isinstance(wrong, Mismatch):
                self._mismatch = (wrong.message, *wrong.lines)
            self._over = wrong.message
            self._notes.end("replay", wrong.message)
            return self.refuse(*_FATAL, wrong.message)
        self._notes.exchanges.append(exchange)
        self._notes.turns += 1
        self._notes.note_again(exchange.status, content)
        return Reply(exchange.status, content, exchange.headers)
