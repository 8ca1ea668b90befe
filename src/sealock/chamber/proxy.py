"""The model as the sealed agent sees it: a server on loopback that holds the key, meters, records, replays.

It runs in a thread and an event loop of its own. The agent has a throw-away bearer, and can ask one thing:
`POST /v1/responses`, as a stream. Whatever ends the run is said as 429 `insufficient_quota`, or 400 where
trying again is pointless: both end Codex at once.
"""

from __future__ import annotations

import hmac
import secrets
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from sealock.chamber.secret_forms import SHORTEST
from sealock.chamber.upstream import checked
from sealock.domain.agent_run import ModelEndpoint, ProxyReport
from sealock.errors import SealockError, Undecided, UsageError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from types import TracebackType

    from sealock.chamber.http_server import Reply, Request, Stream
    from sealock.chamber.live_model import LiveModel
    from sealock.chamber.meter import Budget
    from sealock.chamber.recording import Recorder
    from sealock.chamber.replayed_model import ReplayedModel
    from sealock.chamber.run_store import Recording
    from sealock.chamber.upstream import Upstream
    from sealock.domain.agent_run import ProxyMode

# ruff: noqa: PLC0415 - what serves is loaded in its own thread, while the agent starts

PATH = "/v1/responses"

_MOST_REQUEST_BYTES = 64 << 20
_BACKLOG = 128
_START_SECONDS = 30.0
_STOP_SECONDS = 30.0
_GRACE_SECONDS = 1.0


class ModelProxy:
    """The proxy of one run: a context manager, serving from its beginning to its end."""

    def __init__(
        self,
        mode: ProxyMode,
        upstream: Upstream | None,
        budget: Budget,
        recorder: Recorder | None = None,
        replay: Recording | None = None,
    ) -> None:
        """Serve `live` or `record` from an upstream, or `replay` a record and nothing else.

        Raises UsageError for a mode without what it needs, Undecided for a record that cannot be replayed.
        """
        self._token = secrets.token_urlsafe(32)
        self._load = _service(mode, upstream, budget, recorder, replay)
        self._service: LiveModel | ReplayedModel | None = None
        self._port = 0
        self._failure: BaseException | None = None
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="sealock-model-proxy", daemon=True)

    @property
    def endpoint(self) -> ModelEndpoint:
        """Where the agent finds it, and the bearer it must show."""
        return ModelEndpoint(f"http://127.0.0.1:{self._port}/v1", self._token)

    def report(self) -> ProxyReport:
        """Return what has happened so far; all of it once the context has ended."""
        return self._service.report() if self._service else ProxyReport()

    def __enter__(self) -> Self:
        # It listens at once and answers a little later: the agent needs as long to start as it does.
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
        self._port = self._listening.getsockname()[1]
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        began = self._ready.wait(_START_SECONDS)
        if self._loop and self._stop:
            with suppress(RuntimeError):  # its loop is closed where it could not start
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_STOP_SECONDS)
        if value is None:
            self._raise_failure(began=began)

    def _raise_failure(self, *, began: bool) -> None:
        if not began:
            message = f"the model proxy did not start in {_START_SECONDS:g} s"
            raise Undecided(message)
        if isinstance(self._failure, SealockError):
            raise self._failure
        if self._failure:
            message = f"the model proxy cannot serve: {self._failure}"
            raise Undecided(message) from self._failure

    def _run(self) -> None:
        import asyncio

        try:
            self._service = self._load()
            asyncio.run(self._serve(self._service))
        except BaseException as wrong:  # noqa: BLE001 - told to who started it
            self._failure = wrong
        finally:
            # Whoever connects is refused from now on, and does not wait.
            self._listening.close()
            self._ready.set()

    async def _serve(self, service: LiveModel | ReplayedModel) -> None:
        import asyncio

        from sealock.chamber.http_server import Server

        async def answer(request: Request, stream: Stream) -> Reply | None:
            if fault := self._fault(request):
                return service.refuse(*fault)
            return await service.answer(request, stream)

        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = Server(answer, _MOST_REQUEST_BYTES, self._known)
        await service.open()
        try:
            await server.start(self._listening)
            self._ready.set()
            await self._stop.wait()
        finally:
            await server.close(_GRACE_SECONDS)
            await service.close()

    def _known(self, request: Request) -> bool:
        shown = request.headers.get("authorization", "").encode("latin-1")
        return hmac.compare_digest(shown, f"Bearer {self._token}".encode())

    def _fault(self, request: Request) -> tuple[int, str, str] | None:
        """Return the answer to what nobody may ask: status, code and message."""
        if not self._known(request):
            return 401, "invalid_api_key", "a request came without the bearer of this run"
        if request.target != PATH:
            return 404, "not_found", "something else than /v1/responses was asked"
        if request.method != "POST":
            return 405, "method_not_allowed", f"/v1/responses was asked with {request.method}"
        if request.headers.get("content-encoding", "identity") != "identity":
            return 415, "unsupported_media_type", "a request came compressed"
        return None


def _service(
    mode: ProxyMode,
    upstream: Upstream | None,
    budget: Budget,
    recorder: Recorder | None,
    replay: Recording | None,
) -> Callable[[], LiveModel | ReplayedModel]:
    """Return what makes the service; what can be wrong with it is looked at now. Raises UsageError."""
    needed: dict[str, Any] = {"live": upstream, "record": upstream and recorder, "replay": replay}
    if not needed[mode]:
        message = f"the model proxy has nothing to {mode} with"
        raise UsageError(message)
    if mode == "replay":
        return _replayed(replay)
    assert upstream  # noqa: S101 - just looked at
    asked = checked(upstream)
    writer = recorder if mode == "record" else None
    if writer and len(asked.key) >= SHORTEST and not writer.redactor.knows(asked.key.encode()):
        message = "the record does not know the provider's key, and could not keep it out"
        raise UsageError(message)

    def live() -> LiveModel:
        from sealock.chamber.live_model import LiveModel

        return LiveModel(asked, budget, writer)

    return live


def _replayed(recording: Recording | None) -> Callable[[], ReplayedModel]:
    from sealock.chamber.replayed_model import ReplayedModel

    assert recording  # noqa: S101 - just looked at
    model = ReplayedModel(recording)
    return lambda: model
