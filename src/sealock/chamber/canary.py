"""One run of the real program whose first request is caught: it shows what a model would be told.

The request never leaves the machine: a server on loopback takes it and the run ends there. No key is used.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

import msgspec

from sealock.chamber import backends
from sealock.chamber.normalise import normalised, request_hash
from sealock.domain.agent_run import Limits, ModelEndpoint
from sealock.domain.mcp_server import not_started
from sealock.domain.printable import printable
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealock.chamber.backends.running import RunningAgent
    from sealock.domain.agent_run import SealedCommand

PROMPT = "This is a canary of Sealock. There is nothing to do."
TOKEN = "canary"  # noqa: S105 - opens nothing
LIMITS = Limits(wall_seconds=30.0, idle_seconds=30.0)

_LARGEST = 1 << 26
_READ_SECONDS = 10.0
_OVER = json.dumps({"error": {"code": "insufficient_quota", "type": "insufficient_quota", "message": "over"}})
_WORDS = 400


class Captured(msgspec.Struct, frozen=True):
    """The first request: its start line, its headers (names in lower case), and its body as JSON."""

    start: str
    headers: dict[str, str]
    body: Any

    @property
    def normalised(self) -> Any:  # noqa: ANN401 - any JSON
        """The body without what chance put into it."""
        return normalised(self.body)

    @property
    def fingerprint(self) -> str:
        """The hash of the normalised body: equal where the model would be told the same. Raises Undecided."""
        return request_hash(self.body)


def capture(
    compose: Callable[[ModelEndpoint], SealedCommand], backend: str, limits: Limits = LIMITS
) -> Captured:
    """Start what `compose` makes for an endpoint, and return the first request that it sends there.

    Raises Undecided when it cannot start, or sends nothing that can be read before a deadline.
    """
    with _Server() as server:
        command = compose(ModelEndpoint(server.url, TOKEN))
        with backends.start(command, backend, limits) as agent:
            server.end_with(agent)
            said = [line.content for line in agent]
            ended = agent.wait()
    if server.captured is None and (unready := not_started(ended.stderr_tail)):
        message = f"an MCP server did not start: {printable(unready, _WORDS)}"
        raise Undecided(message, hint="Start it by hand; in the chamber it has no network and no home.")
    if server.captured is None:
        words = ended.stderr_tail.strip() or _last(said)
        how = "did not ask the model in time" if ended.ended_by != "itself" else f"ended with {ended.status}"
        message = f"the canary shows nothing: Codex {how}: {printable(words[-_WORDS:], _WORDS)}"
        raise Undecided(message, hint="Run `sealock doctor`: it tries the sandbox and says how to mend it.")
    return _decoded(*server.captured)


def _decoded(start: str, headers: dict[str, str], content: bytes) -> Captured:
    try:
        return Captured(start, headers, msgspec.json.decode(content))
    except (msgspec.DecodeError, RecursionError) as wrong:
        message = f"the canary's request is no JSON: {wrong}"
        raise Undecided(message, hint="This version of Codex speaks otherwise; pin a tested one.") from None


def _last(said: list[bytes]) -> str:
    return said[-1].decode("utf-8", "replace") if said else "it said nothing"


class _Server:
    """Takes one request on loopback, and ends the agent that sent it."""

    def __init__(self) -> None:
        self.captured: tuple[str, dict[str, str], bytes] | None = None
        self._agent: RunningAgent | None = None
        self._known = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = _READ_SECONDS

            def do_GET(self) -> None:
                """Answer what is not the model's: nothing is there."""
                _answer(self, 404, "{}")

            def do_POST(self) -> None:
                """Take the first request to the model; whatever comes after it is refused."""
                server.take(self)
                _answer(self, 429, _OVER)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._known.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def end_with(self, agent: RunningAgent) -> None:
        """Say which agent to end when the request is there."""
        self._agent = agent
        self._known.set()

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        """Keep the first request whose body is whole, and end the agent."""
        if self.captured is not None or not handler.path.partition("?")[0].endswith("/responses"):
            return
        size = handler.headers.get("Content-Length", "")
        if not size.isdigit() or int(size) > _LARGEST:
            return
        content = handler.rfile.read(int(size))
        if len(content) == int(size):
            headers = {name.lower(): value for name, value in handler.headers.items()}
            self.captured = (handler.requestline, headers, content)
            self._known.wait(_READ_SECONDS)
            if self._agent is not None:
                self._agent.kill()


def _answer(handler: BaseHTTPRequestHandler, status: int, text: str) -> None:
    content = text.encode()
    handler.close_connection = True
    try:
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)
    except OSError:
        return  # the agent has ended, as it should
