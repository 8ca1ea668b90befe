"""The two ends of HTTP that the model proxy speaks: to the agent, and to the provider, over TLS too."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple

import pytest
from tests.chamber.scripted_model import say, turn
from tests.chamber.test_proxy import _ask, _proxied, _request

from sealock.chamber.http_server import Reply, Request, Server, Stream
from sealock.chamber.meter import Budget
from sealock.chamber.proxy import ModelProxy
from sealock.chamber.upstream import Retries, Upstream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.enable_socket

_ONCE = Retries(count=0)
_EVENTS = b'event: response.completed\ndata: {"type": "response.completed"}\n\n'


class _Provider(NamedTuple):
    """A provider that always says the same; it notes each connection's requests."""

    port: int
    connections: list[list[bytes]]
    hang_up: threading.Event


@contextmanager
def _provider(certificate: Path | None = None) -> Iterator[_Provider]:
    connections: list[list[bytes]] = []
    hang_up = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            self.asked: list[bytes] = []
            connections.append(self.asked)

        def do_POST(self) -> None:
            self.asked.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream; charset=utf-8")
            self.send_header("Content-Length", str(len(_EVENTS)))
            self.end_headers()
            self.wfile.write(_EVENTS)
            self.close_connection = hang_up.is_set()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Listening(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Say nothing: a client that does not trust it hangs up."""

    with Listening(("127.0.0.1", 0), Handler) as listening:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, certificate.with_suffix(".key"))
            listening.socket = context.wrap_socket(listening.socket, server_side=True)
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield _Provider(listening.server_address[1], connections, hang_up)
        finally:
            listening.shutdown()
            thread.join()


def _certificate(folder: Path, name: str) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate with")
    made = folder / f"{name}.pem"
    subject = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-days", "2"]
    key = ["-newkey", "rsa:2048", "-nodes", "-keyout", str(made.with_suffix(".key"))]
    subprocess.run(
        ["openssl", "req", "-x509", *key, *subject, "-out", str(made)], check=True, capture_output=True
    )
    return made


def _asked_over_tls(certificate: Path, trusted: Path | None) -> tuple[int, str, int]:
    """Return the status and body that the agent gets, and how many requests the provider saw."""
    with _provider(certificate) as provider:
        url = f"https://localhost:{provider.port}/v1"
        upstream = Upstream(url, "sk-0123456789", ca_file=str(trusted or ""), retries=_ONCE)
        with ModelProxy("live", upstream, Budget()) as proxy:
            answer = _ask(proxy.endpoint)
        return answer.status, answer.body.decode(), sum(map(len, provider.connections))


def test_a_provider_whose_certificate_is_trusted_is_asked_over_tls(tmp_path: Path) -> None:
    made = _certificate(tmp_path, "localhost")
    assert _asked_over_tls(made, made) == (200, _EVENTS.decode(), 1)


def test_a_provider_whose_certificate_nobody_trusts_gets_nothing(tmp_path: Path) -> None:
    status, body, requests = _asked_over_tls(_certificate(tmp_path, "localhost"), None)

    assert (status, requests) == (502, 0)
    assert "certificate" in body


def test_a_provider_with_the_certificate_of_another_gets_nothing(tmp_path: Path) -> None:
    other = _certificate(tmp_path, "other.example")
    status, body, requests = _asked_over_tls(other, other)

    assert (status, requests) == (502, 0)
    assert "Hostname mismatch" in body


@pytest.mark.parametrize(("hang_up", "connections"), [(False, 1), (True, 3)])
def test_a_connection_is_used_again_while_the_provider_keeps_it(hang_up: bool, connections: int) -> None:  # noqa: FBT001
    with _provider() as provider:
        if hang_up:
            provider.hang_up.set()
        url = f"http://127.0.0.1:{provider.port}/v1"
        with ModelProxy("live", Upstream(url, retries=Retries(first=0.01)), Budget()) as proxy:
            statuses = [_ask(proxy.endpoint).status for _ in range(3)]

        assert statuses == [200, 200, 200]
        assert len(list(filter(None, provider.connections))) == connections


def test_headers_that_are_none_are_said() -> None:
    with _proxied([turn(say("hi"))], headers={"X-Team": "a\r\nX-Other: b"}) as (proxy, model):
        answer = _ask(proxy.endpoint)

    assert (answer.status, model.requests) == (502, [])
    assert "Illegal header value" in answer.text


def _talk(sent: bytes, most_bytes: int = 100, may_ask: Callable[[Request], bool] = lambda _: True) -> bytes:
    """Return all that a server, which repeats bodies, answers to these bytes until it hangs up."""

    async def repeat(request: Request, stream: Stream) -> Reply:
        if request.target == "/broken":
            raise RuntimeError
        if request.target == "/socket":
            accepted = stream._writer.get_extra_info("socket")
            return Reply(200, b"%d" % accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), {})
        return Reply(200, request.body, {})

    async def talk() -> bytes:
        server = Server(repeat, most_bytes, may_ask)
        listening = socket.create_server(("127.0.0.1", 0))
        await server.start(listening)
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        writer.write(sent)
        answer = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        await server.close(1.0)
        return answer

    return asyncio.run(talk())


def _post(body: bytes, *more: bytes, target: bytes = b"/") -> bytes:
    head = (b"POST %b HTTP/1.1" % target, b"Host: x", b"Content-Length: %d" % len(body), *more)
    return b"\r\n".join((*head, b"", body))


_LAST = b"Connection: close"


def test_requests_on_one_connection_are_answered_one_after_another() -> None:
    answer = _talk(_post(b"first") + _post(b"second", _LAST))

    assert answer.count(b"HTTP/1.1 200") == 2
    assert answer.index(b"first") < answer.index(b"second")


def test_small_events_do_not_wait_for_the_acknowledgement_of_the_one_before() -> None:
    assert _talk(_post(b"", _LAST, target=b"/socket")).endswith(b"1")


def test_a_body_in_chunks_is_taken() -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    assert _talk(head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").endswith(b"abcde")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (_post(b"x" * 101), b"413"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 100_000, b"431"),
        (_post(b"", target=b"/broken"), b"500"),
        (_post(b"", b"Content-Length: 5"), b"400"),
    ],
)
def test_what_is_no_request_gets_a_refusal_and_the_connection_ends(sent: bytes, status: bytes) -> None:
    assert _talk(sent).startswith(b"HTTP/1.1 " + status)


def test_an_agent_that_leaves_while_nothing_has_come_ends_its_request() -> None:
    with _proxied([turn(say("hi"), fault="hang")]) as (proxy, model):
        host, port = proxy.endpoint.url.split("/")[2].split(":")
        body = json.dumps(_request()).encode()
        with socket.create_connection((host, int(port))) as agent:
            agent.sendall(
                _post(
                    body, b"Authorization: Bearer " + proxy.endpoint.token.encode(), target=b"/v1/responses"
                )
            )
            assert model.wait_for(1)

    assert [each.status for each in proxy.report().exchanges] == [499]


@contextmanager
def _saying(*answers: bytes) -> Iterator[tuple[str, list[int]]]:
    """Give the URL of a provider that answers with these bytes, and how many requests each connection had."""
    left = list(answers)
    connections: list[int] = []

    def serve(listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = listening.accept()
                connections.append(0)
                threading.Thread(target=answer, args=(accepted, len(connections) - 1), daemon=True).start()

    def answer(accepted: socket.socket, at: int) -> None:
        with accepted, accepted.makefile("rb") as asked, contextlib.suppress(OSError):
            while left and (lines := list(iter(asked.readline, b"\r\n"))) and lines[0]:
                size = next(line for line in lines if line.lower().startswith(b"content-length"))
                asked.read(int(size.partition(b":")[2]))
                connections[at] += 1
                accepted.sendall(left.pop(0))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1", connections
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def _said(text: str, *more: bytes, status: bytes = b"200 OK") -> bytes:
    body = b'data: {"type": "response.completed", "text": "%b"}\n\n' % text.encode()
    head = (b"HTTP/1.1 " + status, b"Content-Type: text/event-stream", b"Content-Length: %d" % len(body))
    return b"\r\n".join((*head, *more, b"", body))


@pytest.mark.parametrize("surplus", [_said("surplus"), b"x"])
def test_what_comes_after_an_answer_is_no_answer_to_the_next_request(surplus: bytes) -> None:
    with (
        _saying(_said("first") + surplus, _said("second")) as (url, connections),
        ModelProxy("live", Upstream(url, retries=_ONCE), Budget()) as proxy,
    ):
        answers = [_ask(proxy.endpoint).body for _ in range(2)]

    assert [b"first" in answers[0], b"second" in answers[1]] == [True, True]
    assert connections == [1, 1]


def test_a_header_that_http_cannot_carry_is_not_passed_on() -> None:
    odd = _said("no", "Retry-After: bientôt".encode("latin-1"), status=b"400 Bad Request")
    with _saying(odd) as (url, _), ModelProxy("live", Upstream(url, retries=_ONCE), Budget()) as proxy:
        answer = _ask(proxy.endpoint)

    assert (answer.status, answer.headers.get("retry-after")) == (400, None)


def test_a_provider_that_hangs_up_is_said_to() -> None:
    with (
        _saying(b"HTTP/1.1 200") as (url, _),
        ModelProxy("live", Upstream(url, retries=_ONCE), Budget()) as proxy,
    ):
        answer = _ask(proxy.endpoint)

    assert answer.status == 502
    assert "the provider cannot be reached: it hung up before it answered" in answer.text


def test_a_body_that_is_announced_too_long_is_not_waited_for() -> None:
    assert _talk(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n").startswith(b"HTTP/1.1 413")


def test_the_body_of_who_may_not_ask_is_not_kept() -> None:
    def named(request: Request) -> bool:
        return "name" in request.headers

    sent = _post(b"first", b"Name: a") + _post(b"second") + _post(b"third", b"Name: a", _LAST)
    answer = _talk(sent, may_ask=named)

    assert [each in answer for each in (b"first", b"second", b"third")] == [True, False, True]


def test_an_answer_that_is_no_stream_is_said_as_what_it_is() -> None:
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi"
    with _saying(page) as (url, _), ModelProxy("live", Upstream(url, retries=_ONCE), Budget()) as proxy:
        answer = _ask(proxy.endpoint)

    assert answer.status == 502
    assert proxy.report().refusals == ("the provider answered 200, and no stream of events",)
    assert proxy.report().cost_usd == 0
