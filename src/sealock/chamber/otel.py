"""Hands the spans of runs to a collector of OpenTelemetry, over OTLP/HTTP, when they have ended.

What the collector does is no part of a run: it never fails one, holds it up for a bounded time at most, and
is asked no more once it failed.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import deque
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from sealock import __version__
from sealock.domain import agent_spans
from sealock.domain.agent_events import CodexEvents, CommandEnded, CommandStarted, Edited, ToolCalled
from sealock.domain.printable import printable
from sealock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span as SdkSpan
    from opentelemetry.trace import Tracer

    from sealock.domain.agent_events import AgentEvent
    from sealock.domain.agent_run import RunManifest
    from sealock.domain.agent_spans import Span

    Watch = Callable[[float, bytes], None]

# ruff: noqa: PLC0415 - the SDK is an extra, and slow to load

LONGEST_SECONDS = 3.0
"""How long a collector may hold up runs that have ended, whatever its client does."""
_CLIENT_SECONDS = 2.0

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_LOCAL = "http://localhost:4318"
_BATCH = 512
_TOOLS = CommandStarted | CommandEnded | Edited | ToolCalled
_CODE = re.compile(r"code: (\d{3})\b")


def wanted(variables: Mapping[str, str], *, asked: bool) -> bool:
    """Say whether a collector is to be told: it is `asked` for, or the environment names one."""
    if variables.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    return asked or any(variables.get(name) for name in _ENDPOINTS)


def collector(variables: Mapping[str, str], say: Callable[[str], None]) -> Telemetry:
    """Return what tells the collector that the environment names, or else the one on this machine.

    The SDK reads the endpoint, headers and certificates from the process's own environment. `say` gets a
    line where the collector fails. Raises UsageError where the extra is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError as missing:
        message = "OpenTelemetry is asked for, and its packages are not installed"
        hint = "pip install 'sealock[otel]'; OTEL_SDK_DISABLED=true does without."
        raise UsageError(message, hint=hint) from missing
    named = next(filter(None, map(variables.get, _ENDPOINTS)), _LOCAL)
    around = variables.get("TRACEPARENT", "")
    return Telemetry(lambda: OTLPSpanExporter(timeout=_CLIENT_SECONDS), _place(named), say, around)


class Telemetry:
    """Tells one collector of runs; several may end at the same time."""

    def __init__(
        self, exporter: Callable[[], SpanExporter], place: str, say: Callable[[str], None], parent: str = ""
    ) -> None:
        """Export to what `exporter` makes, to `place` for people, in the trace that `parent` carries.

        Each run has an exporter of its own; `parent` is a `traceparent` of W3C's trace context.
        """
        self._exporter = exporter
        self._place = place
        self._say = say
        self._parent = parent
        # Also what a thread that was given up says later must not end up on standard error.
        logging.getLogger("opentelemetry").addHandler(_HEARD)
        self._lock = threading.Lock()
        self._failed = False

    def listener(self, watch: Watch | None = None) -> Listener:
        """Return what listens to one run, and hands every line on to `watch`."""
        return Listener(self, watch)

    def export(self, manifest: RunManifest, events: Sequence[AgentEvent]) -> None:
        """Export a run that has ended; says so, once, where that fails."""
        with self._lock:
            if self._failed:
                return
            why = _bounded(lambda: self._export(manifest, events))
            if why:
                self._failed = True
                self._say(f"the collector {self._place} did not take the run's spans: {why}")

    def _export(self, manifest: RunManifest, events: Sequence[AgentEvent]) -> str:
        """Return why it failed, or empty."""
        from opentelemetry.sdk.trace.export import SpanExportResult

        _HEARD.said.clear()
        found = sdk_spans(manifest, events, self._parent)
        exporter = self._exporter()
        try:
            for start in range(0, len(found), _BATCH):
                if exporter.export(found[start : start + _BATCH]) is not SpanExportResult.SUCCESS:
                    code = _CODE.search(" ".join(_HEARD.said))
                    return f"it answered {code[1]}" if code else "it does not answer"
        finally:
            exporter.shutdown()
        return ""


class Listener:
    """Listens to one run: keeps when its tools began and ended, and nothing of what they said."""

    def __init__(self, telemetry: Telemetry, watch: Watch | None) -> None:
        self._telemetry = telemetry
        self._watch = watch
        self._read = CodexEvents()
        self._events: list[tuple[float, AgentEvent]] = []

    def __call__(self, seconds: float, line: bytes) -> None:
        """Take one line of the agent's output."""
        event = self._read.read(line, seconds)
        if isinstance(event, _TOOLS):
            # An attempt's own seconds begin anew with each attempt.
            self._events.append((time.time(), _without_text(event)))
        if self._watch:
            self._watch(seconds, line)

    def export(self, manifest: RunManifest) -> None:
        """Export the run, which has ended."""
        began = manifest.started.timestamp()
        events = [msgspec.structs.replace(each, at=max(0.0, at - began)) for at, each in self._events]
        self._telemetry.export(manifest, events)


def sdk_spans(
    manifest: RunManifest, events: Sequence[AgentEvent], parent: str = ""
) -> tuple[ReadableSpan, ...]:
    """Return a run's spans as the SDK has them, that of the run first; none where `parent` is not sampled."""
    from opentelemetry import trace
    from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    made = InMemorySpanExporter()
    # The environment's own name for the service wins.
    resource = Resource.create({SERVICE_NAME: "sealock"}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(made))
    tracer = provider.get_tracer("sealock", __version__)
    began = manifest.started.timestamp()
    whole, *tools = agent_spans.spans(manifest, events)
    around = TraceContextTextMapPropagator().extract({"traceparent": parent})
    of_run = _start(tracer, whole, began, around)
    inside = trace.set_span_in_context(of_run, around)
    of_run.end(_nanoseconds(began + whole.end))
    for each in tools:
        _start(tracer, each, began, inside).end(_nanoseconds(began + each.end))
    return made.get_finished_spans()


def _start(tracer: Tracer, span: Span, began: float, around: Context) -> SdkSpan:
    from opentelemetry.trace import Status, StatusCode

    failed = {"error.type": span.error} if span.error else {}
    started = tracer.start_span(
        span.name,
        around,
        attributes={**failed, **span.attributes},
        start_time=_nanoseconds(began + span.begin),
    )
    if span.error:
        started.set_status(Status(StatusCode.ERROR, span.error))
    return started


def _nanoseconds(seconds: float) -> int:
    # A float has no room for more than microseconds of our time.
    return round(seconds * 1_000_000) * 1000


def _without_text(event: AgentEvent) -> AgentEvent:
    match event:
        case CommandStarted():
            return msgspec.structs.replace(event, command="")
        case CommandEnded():
            return msgspec.structs.replace(event, command="", output="")
        case Edited():
            return msgspec.structs.replace(event, edits=())
        case _:
            return event


def _bounded(work: Callable[[], str]) -> str:
    """Do work that says why it failed, in a thread that nobody waits for any longer than is bearable."""
    ended: list[str] = []

    def attempt() -> None:
        try:
            ended.append(work())
        except Exception as wrong:  # noqa: BLE001 - whatever it is, the run is not to fail of it
            ended.append(type(wrong).__name__)

    thread = threading.Thread(target=attempt, name="spans of a run", daemon=True)
    thread.start()
    thread.join(LONGEST_SECONDS)
    return ended[0] if ended else f"no answer in {LONGEST_SECONDS:g} seconds"


def _place(url: str) -> str:
    """Return a URL's host and port: the rest of it may hold secrets."""
    return printable(urlsplit(url).netloc.rpartition("@")[2] or "that the environment names", 200)


class _Heard(logging.Handler):
    """Keeps the exporter's last words off standard error."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: deque[str] = deque(maxlen=8)

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


_HEARD = _Heard()
