"""What a proxy notes about its run, and the answers that it gives itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from sealock.chamber.http_server import Reply

if TYPE_CHECKING:
    from sealock.domain.agent_run import Exchange

JSON = {"content-type": "application/json"}
STREAM = {"content-type": "text/event-stream", "cache-control": "no-cache"}

_MOST_REFUSALS = 200

Ended = Literal["", "turns", "tool-calls", "budget", "replay", "secret", "record"]


class Notes:
    """What happened, for the report."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.refusals: list[str] = []
        self.ended: Ended = ""
        self.why = ""
        self.turns = 0
        self.tool_calls = 0

    def say(self, message: str) -> None:
        """Note something that the agent did not get, in words."""
        if len(self.refusals) < _MOST_REFUSALS:
            self.refusals.append(message)

    def refuse(self, status: int, code: str, message: str) -> Reply:
        """Return a refusal in the API's form, and note it."""
        self.say(message)
        return Reply(status, error(code, message), JSON)

    def end(self, by: Ended, why: str) -> None:
        """Refuse everything from now on; the first reason stands."""
        if not self.ended:
            self.ended, self.why = by, why


def error(code: str, message: str) -> bytes:
    """Return the body of a refusal, in the API's form."""
    return msgspec.json.encode({"error": {"code": code, "type": code, "message": f"Sealock: {message}"}})
