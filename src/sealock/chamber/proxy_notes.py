"""What a proxy notes about its run, and the answers that it gives itself.

Of a recorded answer it can be told again what was noted when it was given, so a replay ends as its run did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import msgspec

from sealock.chamber import event_stream
from sealock.chamber.http_server import Reply

if TYPE_CHECKING:
    from sealock.domain.agent_run import Exchange

JSON = {"content-type": "application/json"}
STREAM = {"content-type": "text/event-stream", "cache-control": "no-cache"}

_MOST_REFUSALS = 200
_OURS = "Sealock: "
_STREAM_ID = "sealock"
_LONGEST_FAILURE = 1 << 13
_WHOLE = 200

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
        """Return a refusal in the API's form, and note it and why the run has ended."""
        self.say(message)
        return Reply(status, error(code, message, self.ended), JSON)

    def end(self, by: Ended, why: str) -> None:
        """Refuse everything from now on; the first reason stands."""
        if not self.ended:
            self.ended, self.why = by, why

    def note_again(self, status: int, content: bytes) -> None:
        """Note of a recorded answer what was noted when it was given."""
        told = _told(status, content)
        if told.ended:
            self.end(told.ended, told.message)
        if told.message and not (told.ended and status == _WHOLE):
            self.say(told.message)


def error(code: str, message: str, ended: Ended = "") -> bytes:
    """Return the body of a refusal, in the API's form."""
    said = {"code": code, "type": code, "message": f"{_OURS}{message}", "param": ended or None}
    return msgspec.json.encode({"error": said})


def failed(code: str, message: str, ended: Ended = "") -> bytes:
    """Return the event that ends a stream which cannot go on."""
    said = {"code": code, "message": f"{_OURS}{message}", "param": ended or None}
    return event_stream.event({"type": "response.failed", "response": {"id": _STREAM_ID, "error": said}})


def answered(status: int) -> str:
    """Return what is noted of a refusal of the provider that is passed on."""
    return f"the provider answered {status}"


class _Told(NamedTuple):
    message: str = ""
    ended: Ended = ""


def _told(status: int, content: bytes) -> _Told:
    said = _last_failure(content) if status == _WHOLE else _json(content)
    if status == _WHOLE and not said:
        return _Told()
    fields = said.get("error") if isinstance(said, dict) else None
    message = fields.get("message") if isinstance(fields, dict) else None
    if not isinstance(fields, dict) or not isinstance(message, str) or not message.startswith(_OURS):
        return _Told(answered(status))
    ended: Ended = next((each for each in get_args(Ended) if each == fields.get("param")), "")
    return _Told(message.removeprefix(_OURS), ended)


def _json(content: bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError):
        return None


def _last_failure(content: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Return the response of the event that `failed` made, where a stream ends with one."""
    if _STREAM_ID.encode() not in content[-_LONGEST_FAILURE:]:
        return None
    last: Any = event_stream.data(event_stream.split(content)[-1])
    response = last.get("response") if isinstance(last, dict) else None
    return response if isinstance(response, dict) and response.get("id") == _STREAM_ID else None
