"""A Responses API on loopback that says what its script says, with faults on order.

The n-th request gets the n-th turn, or whatever a callable makes of it; a request after the script's end
gets status 410, and counts as `surplus`. Every request is kept as it came. What Codex needs of the event
stream: `response.created`, `response.output_item.done` for each item, `response.completed` with the usage.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

Fault = Literal["", "slow", "stall", "hang", "cut", "cut before", "garbage", "no usage", "failed"]

_LONGEST_SECONDS = 120.0


@dataclass(frozen=True)
class Request:
    """One request as it came; header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - any JSON
        return json.loads(self.body)

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """The answers of tools in it."""
        return [each for each in self.json["input"] if each.get("type", "").endswith("call_output")]


@dataclass(frozen=True)
class Turn:
    """What one request gets: the items of the answer and its usage, or an HTTP error, or a fault.

    `slow` waits `seconds` before each event, `stall` stops after the first item and `hang` before the
    status line until the server ends, `cut` closes the connection after the first item, `cut before`
    before the status line, `garbage` sends a stream that is none, `no usage` completes without the
    tokens, and `failed` ends with `response.failed`.
    """

    items: tuple[dict[str, Any], ...] = ()
    input_tokens: int = 100
    cached_tokens: int = 0
    output_tokens: int = 10
    reasoning_tokens: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    error: dict[str, Any] = field(default_factory=dict)
    fault: Fault = ""
    seconds: float = 0.0

    @property
    def usage(self) -> dict[str, Any]:
        return {
            "input_tokens": self.input_tokens,
            "input_tokens_details": {"cached_tokens": self.cached_tokens},
            "output_tokens": self.output_tokens,
            "output_tokens_details": {"reasoning_tokens": self.reasoning_tokens},
            "total_tokens": self.input_tokens + self.output_tokens,
        }


def turn(*items: dict[str, Any], **more: Any) -> Turn:  # noqa: ANN401 - the fields of a turn
    """Return a turn of these items; several calls in it are parallel."""
    return Turn(items, **more)


def say(text: str) -> dict[str, Any]:
    """Return a message of the model."""
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed", "content": content}


def run(command: str, call: str = "c1", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of the tool
    """Return a call of `exec_command`; calls of one run have different names."""
    arguments = json.dumps({"cmd": command, **more})
    return {"type": "function_call", "call_id": call, "name": "exec_command", "arguments": arguments}


def patch(text: str, call: str = "p1") -> dict[str, Any]:
    """Return a call of `apply_patch`, its text between `*** Begin Patch` and `*** End Patch`."""
    body = f"*** Begin Patch\n{text.rstrip()}\n*** End Patch\n"
    return {"type": "custom_tool_call", "call_id": call, "name": "apply_patch", "input": body}


def refusal(status: int, code: str = "", message: str = "scripted", **headers: str) -> Turn:
    """Return an HTTP error; `retry_after="1"` and the like become headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Turn(status=status, headers=named, error={"code": code, "type": code, "message": message})


def loop(command: str = "true") -> Callable[[Request], Turn]:
    """Return a script that asks for the same command for ever."""
    calls = iter(range(1_000_000))
    return lambda _: turn(run(command, f"loop{next(calls)}"))


Script = Sequence[Turn] | Callable[[Request], Turn]


class ScriptedModel:
    """The server while it runs. `requests` are all that came, `surplus` those after the script's end."""

    def __init__(self, script: Script, gate: Callable[[], object] | None = None) -> None:
        """Play `script`; `gate` is called before each answer, in its thread, and may wait."""
        self.requests: list[Request] = []
        self.surplus = 0
        self.port = 0
        self.released = threading.Event()
        self.arrived = threading.Condition()
        self._script = script
        self._gate = gate
        self._turns = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def wait_for(self, count: int, seconds: float = 30.0) -> bool:
        """Wait until so many requests have come, and say whether they have."""
        with self.arrived:
            return self.arrived.wait_for(lambda: len(self.requests) >= count, seconds)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Take one request and answer as the script says."""
        headers = {name.lower(): value for name, value in handler.headers.items()}
        body = _body(handler)
        request = Request(handler.command, handler.path, headers, body)
        with self.arrived:
            chosen = self._next(request)
            self.requests.append(request)
            self.arrived.notify_all()
        if self._gate:
            self._gate()
        # A client that goes away in the middle is not the server's failure.
        with contextlib.suppress(ConnectionError):
            _Answer(handler, chosen, self.released).send()

    def _next(self, request: Request) -> Turn:
        if request.path.partition("?")[0] != "/v1/responses":
            return refusal(404, "not_found", f"{request.method} {request.path}")
        if callable(self._script):
            return self._script(request)
        at = self._turns
        self._turns += 1
        if at < len(self._script):
            return self._script[at]
        self.surplus += 1
        return refusal(410, "script_is_over", f"request {at + 1} of {len(self._script)}")


class _Answer:
    def __init__(self, handler: BaseHTTPRequestHandler, chosen: Turn, released: threading.Event) -> None:
        self._handler = handler
        self._turn = chosen
        self._released = released

    def send(self) -> None:
        fault = self._turn.fault
        if fault == "hang":
            self._released.wait(_LONGEST_SECONDS)
        if fault in {"hang", "cut before"}:
            _cut(self._handler)
        elif self._turn.status != 200:
            self._error()
        else:
            self._stream()

    def _error(self) -> None:
        content = json.dumps({"error": self._turn.error}).encode()
        self._handler.send_response(self._turn.status)
        for name, value in {"Content-Type": "application/json", **self._turn.headers}.items():
            self._handler.send_header(name, value)
        self._handler.send_header("Content-Length", str(len(content)))
        self._handler.end_headers()
        self._handler.wfile.write(content)

    def _stream(self) -> None:
        self._handler.send_response(200)
        for name, value in {"Content-Type": "text/event-stream", **self._turn.headers}.items():
            self._handler.send_header(name, value)
        self._handler.send_header("Transfer-Encoding", "chunked")
        self._handler.end_headers()
        if self._turn.fault == "garbage":
            self._chunk(b"\x00\xff not a stream\n\ndata: {broken\n\nevent: response.completed\ndata: [\n\n")
        for count, event in enumerate(self._events()):
            if self._turn.fault == "slow":
                self._released.wait(self._turn.seconds)
            self._chunk(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
            if count == 1 and self._turn.fault == "stall":
                self._released.wait(_LONGEST_SECONDS)
            if count == 1 and self._turn.fault in {"stall", "cut"}:
                _cut(self._handler)
                return
        self._chunk(b"")

    def _events(self) -> Iterator[dict[str, Any]]:
        if self._turn.fault == "garbage":
            return
        response: dict[str, Any] = {"id": "resp_1"}
        yield {"type": "response.created", "response": response}
        for index, item in enumerate(self._turn.items):
            yield {"type": "response.output_item.done", "output_index": index, "item": item}
        if self._turn.fault == "failed":
            error = self._turn.error or {"code": "server_error", "message": "scripted"}
            yield {"type": "response.failed", "response": {**response, "error": error}}
        elif self._turn.fault == "no usage":
            yield {"type": "response.completed", "response": response}
        else:
            yield {"type": "response.completed", "response": {**response, "usage": self._turn.usage}}

    def _chunk(self, content: bytes) -> None:
        self._handler.wfile.write(b"%x\r\n%b\r\n" % (len(content), content))
        self._handler.wfile.flush()


def _body(handler: BaseHTTPRequestHandler) -> bytes:
    if handler.headers.get("Transfer-Encoding") != "chunked":
        return handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
    body = b""
    while size := int(handler.rfile.readline(), 16):
        body += handler.rfile.read(size)
        handler.rfile.readline()
    handler.rfile.readline()
    return body


def _cut(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    with contextlib.suppress(OSError):
        handler.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def scripted(script: Script, gate: Callable[[], object] | None = None) -> Iterator[ScriptedModel]:
    """Serve a script on a free port of loopback while in the context."""
    model = ScriptedModel(script, gate)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            # Small events must not wait for the acknowledgement of the one before.
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def do_GET(self) -> None:
            model.answer(self)

        def do_POST(self) -> None:
            model.answer(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        model.port = listening.server_address[1]
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield model
        finally:
            model.released.set()
            listening.shutdown()
            thread.join()
