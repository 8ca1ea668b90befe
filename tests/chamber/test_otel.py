"""Runs as spans of OpenTelemetry: what a collector gets, and what one that fails does to a run: nothing."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NoReturn

import pytest
from inline_snapshot import snapshot
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.chamber.cli import platform, sealock
from tests.chamber.records import NOON, manifest
from tests.chamber.scripted_model import patch, run, say, scripted, turn
from tests.chamber.sealed import running, until

from sealock.chamber import otel
from sealock.chamber.backends import bwrap
from sealock.domain.agent_events import CommandEnded, CommandStarted
from sealock.domain.agent_run import AgentExit, Usage
from sealock.errors import Undecided, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExportResult

    from sealock.domain.agent_run import CodexBinary

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(120)]

_RUN = manifest(seconds=9.0, outcome="refused", usage=Usage(10, 2, 5, 1), exit=AgentExit(0))
_TOOLS = (
    CommandStarted(at=1.0, id="a", command="secret words"),
    CommandEnded(at=3.5, id="a", command="secret words", status=1, output="secret words"),
)
_NOON = int(NOON.timestamp() * 1000) * 1_000_000
_PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
_SCRIPT = [
    turn(run("echo secret words; exit 3", "c1"), run("true", "c2")),
    turn(patch("*** Add File: k.yaml\n+x: 1")),
    turn(say("ok")),
]


_SERVICES = """\
repository: https://github.com/acme/platform.git
services:
  api: {namespace: api, image: ghcr.io/acme/api, ports: {http: 80}}
  web: {namespace: web, image: ghcr.io/acme/web, ports: {http: 80}}
"""


class _Collector:
    """What a collector got; answers with `status`, or never where that is 0."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.bodies: list[bytes] = []
        self.ended = threading.Event()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def tokens(self) -> tuple[int, int]:
        """The tokens in and out of the first span."""
        (resource,) = ExportTraceServiceRequest.FromString(self.bodies[0]).resource_spans
        found = {one.key: one.value.int_value for one in resource.scope_spans[0].spans[0].attributes}
        return found["gen_ai.usage.input_tokens"], found["gen_ai.usage.output_tokens"]

    @property
    def spans(self) -> list[tuple[str, dict[str, str]]]:
        """The name and attributes of every span."""
        found = []
        for body in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    found += [(each.name, {one.key: one.value.string_value for one in each.attributes})
                              for each in scope.spans]  # fmt: skip
        return found


@contextmanager
def _collecting(status: int = 200) -> Iterator[_Collector]:
    collector = _Collector(status)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            if not collector.status:
                collector.ended.wait(60)
                return
            self.send_response(collector.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        collector.port = listening.server_address[1]
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield collector
        finally:
            collector.ended.set()
            listening.shutdown()
            thread.join()


def _told(monkeypatch: pytest.MonkeyPatch, url: str, times: int = 1) -> list[str]:
    """Export a run to a collector, and return what is said of it."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    said: list[str] = []
    telemetry = otel.collector({"OTEL_EXPORTER_OTLP_ENDPOINT": url}, said.append)
    for _ in range(times):
        telemetry.export(_RUN, _TOOLS)
    return said


def test_a_run_is_the_parent_of_its_tools_at_the_times_they_had() -> None:
    whole, tool = otel.sdk_spans(_RUN, _TOOLS)

    assert (whole.name, whole.parent, whole.start_time) == ("invoke_agent codex", None, _NOON)
    assert whole.end_time == _NOON + 9_000_000_000
    assert (tool.name, tool.parent) == ("execute_tool exec_command", whole.context)
    assert (tool.start_time, tool.end_time) == (_NOON + 1_000_000_000, _NOON + 3_500_000_000)


def test_what_failed_is_an_error_with_its_type() -> None:
    whole, tool = otel.sdk_spans(_RUN, _TOOLS)

    assert [
        (each.status.is_ok, each.attributes and each.attributes["error.type"]) for each in (whole, tool)
    ] == [
        (False, "refused"),
        (False, "1"),
    ]


def test_the_trace_around_a_run_goes_on() -> None:
    whole, tool = otel.sdk_spans(_RUN, _TOOLS, _PARENT)

    assert whole.parent is not None
    assert whole.context is not None
    assert tool.context is not None
    assert f"{whole.parent.span_id:016x}" == "b7ad6b7169203331"
    assert {whole.context.trace_id, tool.context.trace_id} == {0x0AF7651916CD43DD8448EB211C80319C}


def test_a_parent_that_is_none_begins_a_new_trace() -> None:
    assert otel.sdk_spans(_RUN, (), "nonsense")[0].parent is None


def test_the_service_is_sealock_unless_the_environment_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    (own,) = otel.sdk_spans(_RUN, ())
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=platform,team=a")
    (named,) = otel.sdk_spans(_RUN, ())

    assert own.resource.attributes["service.name"] == "sealock"
    assert (named.resource.attributes["service.name"], named.resource.attributes["team"]) == ("platform", "a")


def test_a_listener_keeps_when_tools_ran_and_not_what_they_said() -> None:
    exporter = InMemorySpanExporter()
    lines: list[bytes] = []
    began = time.time()
    listener = otel.Telemetry(lambda: exporter, "here", pytest.fail).listener(
        lambda _, line: lines.append(line)
    )
    for kind, status in (("started", None), ("completed", 0)):
        item = {"type": "command_execution", "id": "i", "command": "secret words", "exit_code": status,
                "aggregated_output": "secret words"}  # fmt: skip
        listener(0.5, json.dumps({"type": f"item.{kind}", "item": item}).encode())
    listener.export(_RUN)

    _, tool = exporter.get_finished_spans()
    assert len(lines) == 2
    assert tool.end_time is not None
    assert began <= tool.end_time / 1e9 + 1e-3
    assert "secret words" not in repr([each.to_json() for each in exporter.get_finished_spans()])


def test_a_collector_gets_them_over_http(monkeypatch: pytest.MonkeyPatch) -> None:
    with _collecting() as collector:
        said = _told(monkeypatch, collector.url, 2)

    assert said == []
    assert [name for name, _ in collector.spans] == ["invoke_agent codex", "execute_tool exec_command"] * 2


def test_a_collector_that_refuses_is_said_once_and_asked_no_more(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with _collecting(400) as collector:
        said = _told(monkeypatch, collector.url.replace("//", "//user:word@"), 3)

    place = f"127.0.0.1:{collector.port}"
    assert said == [f"the collector {place} did not take the run's spans: it answered 400"]
    assert len(collector.bodies) == 1
    assert capfd.readouterr().err == ""


def test_a_collector_that_never_answers_holds_a_run_up_for_a_bounded_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with _collecting(0) as collector:
        began = time.monotonic()
        said = _told(monkeypatch, collector.url, 3)
        took = time.monotonic() - began

    place = f"127.0.0.1:{collector.port}"
    assert said == [f"the collector {place} did not take the run's spans: it does not answer"]
    assert took < 3 * otel.LONGEST_SECONDS


def test_a_client_that_never_comes_back_is_left_behind() -> None:
    ended = threading.Event()

    class Waiting(InMemorySpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            ended.wait(60)
            return super().export(spans)

    said: list[str] = []
    began = time.monotonic()
    otel.Telemetry(Waiting, "here", said.append).export(_RUN, ())
    took = time.monotonic() - began
    ended.set()

    assert took < 2 * otel.LONGEST_SECONDS
    assert said == ["the collector here did not take the run's spans: no answer in 3 seconds"]


def test_where_nobody_listens_a_run_goes_on(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    said = _told(monkeypatch, f"http://127.0.0.1:{port}")

    assert said == [f"the collector 127.0.0.1:{port} did not take the run's spans: it does not answer"]
    assert capfd.readouterr().err == ""


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)

    with pytest.raises(UsageError) as caught:
        otel.collector({}, pytest.fail)

    assert caught.value.message == snapshot("OpenTelemetry is asked for, and its packages are not installed")
    assert caught.value.hint == snapshot("pip install 'sealock[otel]'; OTEL_SDK_DISABLED=true does without.")


@pytest.mark.parametrize(
    ("variables", "asked", "wanted"),
    [
        ({}, False, False),
        ({}, True, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, False, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c"}, False, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "true"}, True, False),
    ],
)
def test_a_collector_is_told_where_one_is_named_or_asked_for(
    variables: dict[str, str],
    asked: bool,  # noqa: FBT001 - of the table
    wanted: bool,  # noqa: FBT001
) -> None:
    assert otel.wanted(variables, asked=asked) is wanted


def test_a_run_of_the_real_agent_reaches_the_collector(
    newest_codex: CodexBinary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _collecting() as collector, scripted(_SCRIPT) as model:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        root = platform(tmp_path, newest_codex, model)
        done = sealock("exec", "--task", "fix", "--quiet", "--repo", root, "do it")

    (name, whole), *tools = collector.spans
    assert done.status == 0, done.err
    assert (name, whole["sealock.run.outcome"]) == ("invoke_agent codex", "done")
    assert sorted((name, each.get("error.type", "")) for name, each in tools) == [
        ("execute_tool apply_patch", ""),
        ("execute_tool exec_command", ""),
        ("execute_tool exec_command", "3"),
    ]
    assert b"secret words" not in b"".join(collector.bodies)


def test_each_service_has_a_span_of_its_own(
    newest_codex: CodexBinary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _collecting() as collector, scripted(lambda _: turn(say("ok"))) as model:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        root = platform(tmp_path, newest_codex, model, {"services.yaml": _SERVICES})
        done = sealock("exec", "--task", "fix", "--each", "services", "--repo", root, "limits of {service}")

    assert done.status == 0, done.err
    assert [name for name, _ in collector.spans] == ["invoke_agent codex"] * 2
    assert len({each["sealock.run.id"] for _, each in collector.spans}) == 2


def _no_sandbox(*_: object, **__: object) -> NoReturn:
    message = "there is no sandbox"
    raise Undecided(message)


def test_a_run_that_cannot_start_has_a_span_that_failed(
    newest_codex: CodexBinary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _collecting() as collector, scripted([]) as model:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        root = platform(tmp_path, newest_codex, model)
        monkeypatch.setattr(bwrap, "start", _no_sandbox)
        done = sealock("exec", "--task", "fix", "--repo", root, "do it")

    ((_, whole),) = collector.spans
    assert done.status == 3, done.err
    assert (whole["sealock.run.outcome"], whole["error.type"]) == ("failed", "failed")


def test_a_run_whose_record_cannot_be_kept_has_a_span_that_failed(
    newest_codex: CodexBinary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "q7Zt9vKx2LmP4sWd8RfH3nJb6YcG5uTe1AoViQ0kEyMzXrDl"  # noqa: S105 - of nothing
    with _collecting() as collector, scripted([turn(say(f"password: {secret}"))]) as model:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        root = platform(tmp_path, newest_codex, model)
        done = sealock("exec", "--task", "review", "--quiet", "--repo", root, "do it")

    ((_, whole),) = collector.spans
    assert (done.status, whole["error.type"]) == (1, "failed")
    assert secret.encode() not in b"".join(collector.bodies)


def test_a_run_that_is_interrupted_has_a_span_with_what_it_spent_and_did(
    newest_codex: CodexBinary, tmp_path: Path
) -> None:
    script = [turn(run("true", "c1")), turn(run("sleep 7531921", "c2", yield_time_ms=60_000))]
    with _collecting() as collector, scripted(script) as model:
        root = platform(tmp_path, newest_codex, model)
        argv = [sys.executable, "-m", "sealock", "exec", "--repo", str(root), "--task", "fix", "Look"]
        named = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        with subprocess.Popen(argv, stderr=subprocess.PIPE, env=named) as started:
            assert until(lambda: bool(running("7531921")))
            started.send_signal(signal.SIGTERM)
            assert started.wait(30) == 130

    (_, whole), *tools = collector.spans
    assert (whole["error.type"], whole["sealock.run.ended_by"]) == ("failed", "interrupt")
    assert [name for name, _ in tools] == ["execute_tool exec_command"]
    assert collector.tokens == (200, 20)


def test_without_the_extra_nothing_is_started(
    newest_codex: CodexBinary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with scripted([]) as model:
        root = platform(tmp_path, newest_codex, model)
        done = sealock("exec", "--task", "fix", "--otel", "--repo", root, "do it")

    assert (done.status, model.requests) == (2, [])
    assert "sealock[otel]" in done.err


def test_a_collector_that_is_not_there_changes_no_outcome(
    newest_codex: CodexBinary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:9/v1/traces")
    with scripted([turn(say("ok"))]) as model:
        root = platform(tmp_path, newest_codex, model)
        done = sealock("exec", "--task", "review", "--quiet", "--repo", root, "do it")

    assert (done.status, done.out) == (0, "ok\n")
    assert "warning: the collector 127.0.0.1:9 did not take the run's spans: it does not answer" in done.err
