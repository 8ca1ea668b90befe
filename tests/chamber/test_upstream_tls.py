"""The provider over TLS, a real server on loopback: who is not proven to be it never sees the key."""

from __future__ import annotations

import datetime as dt
import json
import socket
import ssl
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Self

import pytest
import trustme
from tests.chamber.cli import KEY, platform, sealock
from tests.chamber.scripted_model import say, scripted, turn
from tests.chamber.sealed import git

from sealock.chamber.meter import Budget
from sealock.chamber.proxy import ModelProxy
from sealock.chamber.upstream import Upstream
from sealock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.chamber.cli import Ran
    from tests.chamber.scripted_model import ScriptedModel

    from sealock.domain.agent_run import CodexBinary

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is Linux's"),
]

_LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


class _Terminator:
    """A TLS server before a scripted model; `came` is all that arrived, whether it was decrypted or not."""

    def __init__(self, context: ssl.SSLContext, model: ScriptedModel) -> None:
        self.came = bytearray()
        self.connections = 0
        self.protocols: set[str | None] = set()
        self._context = context
        self._model = model
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._accept)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                raw, _ = self._listening.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(raw,), daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        # A client that does not trust the certificate ends the handshake.
        with suppress(OSError), raw, self._context.wrap_socket(raw, server_side=True) as inside:
            self.protocols.add(inside.version())
            with socket.create_connection(("127.0.0.1", self._model.port)) as outside:
                threading.Thread(target=self._back, args=(outside, inside), daemon=True).start()
                while data := inside.recv(1 << 16):
                    self.came += data
                    outside.sendall(data)

    def _back(self, outside: socket.socket, inside: ssl.SSLSocket) -> None:
        with suppress(OSError):
            while data := outside.recv(1 << 16):
                inside.sendall(data)
            inside.shutdown(socket.SHUT_RDWR)


@contextmanager
def _over_tls(leaf: trustme.LeafCert | trustme.CA, model: ScriptedModel) -> Iterator[_Terminator]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    if isinstance(leaf, trustme.CA):
        # A certificate that nobody signed but itself.
        with leaf.private_key_pem.tempfile() as key, leaf.cert_pem.tempfile() as certificate:
            context.load_cert_chain(certificate, key)
    else:
        leaf.configure_cert(context)
    with _Terminator(context, model) as server:
        yield server


def _configured(root: Path, url: str, **more: str) -> None:
    """Point the settings to another provider."""
    path = root / "sealock.yaml"
    settings = json.loads(path.read_text())
    settings["chamber"]["upstream"] |= {"url": url, **more}
    path.write_text(json.dumps(settings))
    git(root, "commit", "-qam", "another provider")


def _asked(root: Path) -> Ran:
    return sealock("exec", "--repo", root, "--task", "review", "--quiet", "Look")


def _of(fault: str, ca: trustme.CA, other: trustme.CA) -> trustme.LeafCert | trustme.CA:
    """Return the certificate of a server with this fault; the client knows `ca`."""
    match fault:
        case "another host":
            return ca.issue_cert("model.example")
        case "expired":
            return ca.issue_cert("localhost", not_before=_LONG_AGO, not_after=_LONG_AGO.replace(2021))
        case "unknown ca":
            return other.issue_cert("localhost")
        case "self-signed":
            return other
        case _:
            return ca.issue_cert("localhost")


@pytest.mark.parametrize("place", ["beside", "inside"])
def test_a_ca_of_the_settings_is_trusted(newest_codex: CodexBinary, tmp_path: Path, place: str) -> None:
    ca = trustme.CA()
    with scripted([turn(say("ok"))]) as model, _over_tls(ca.issue_cert("localhost"), model) as server:
        root = platform(tmp_path, newest_codex, model)
        file = root / "ca.pem" if place == "inside" else tmp_path / "ca.pem"
        ca.cert_pem.write_to_path(file)
        told = "ca.pem" if place == "inside" else str(file)
        _configured(root, f"https://localhost:{server.port}/v1", caFile=told)
        ran = _asked(root)
    assert (ran.status, ran.out) == (0, "ok\n"), ran.err
    assert f"authorization: bearer {KEY}".lower() in server.came.decode().lower()
    assert server.protocols == {"TLSv1.3"}


def test_a_ca_of_the_environment_is_trusted(
    newest_codex: CodexBinary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with scripted([turn(say("ok"))]) as model, _over_tls(ca.issue_cert("localhost"), model) as server:
        root = platform(tmp_path, newest_codex, model)
        _configured(root, f"https://localhost:{server.port}/v1")
        ran = _asked(root)
    assert (ran.status, ran.out) == (0, "ok\n"), ran.err


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("another host", "Hostname mismatch, certificate is not valid for 'localhost'"),
        ("expired", "certificate has expired"),
        ("unknown ca", "unable to get local issuer certificate"),
        ("self-signed", "self-signed certificate"),
        ("settings instead of the environment", "unable to get local issuer certificate"),
    ],
)
def test_who_cannot_prove_to_be_the_provider_sees_nothing(
    newest_codex: CodexBinary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, words: str
) -> None:
    ca, other = trustme.CA(), trustme.CA()
    (other if fault.startswith("settings") else ca).cert_pem.write_to_path(tmp_path / "ca.pem")
    if fault.startswith("settings"):
        ca.cert_pem.write_to_path(tmp_path / "environment.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "environment.pem"))
    leaf = _of(fault, ca, other)
    with scripted([turn(say("ok"))]) as model, _over_tls(leaf, model) as server:
        root = platform(tmp_path, newest_codex, model)
        _configured(root, f"https://localhost:{server.port}/v1", caFile=str(tmp_path / "ca.pem"))
        ran = _asked(root)
    assert (ran.status, ran.out, model.requests) == (3, "", []), ran.err
    assert f"the provider's certificate is not trusted: {words}" in ran.err
    assert (bytes(server.came), server.connections) == (b"", 1)


def test_plain_http_leaves_this_machine_for_nobody(newest_codex: CodexBinary, tmp_path: Path) -> None:
    with scripted([]) as model:
        root = platform(tmp_path, newest_codex, model)
        for host in ("192.0.2.1", "model.example", "localhost.example", "127.0.0.1.example", "127.0.0.1@a"):
            _configured(root, f"http://{host}:1/v1")
            ran = _asked(root)
            assert ran.status == 2, ran.err
            assert "error: expected an https URL" in ran.err


@pytest.mark.parametrize("url", ["http://192.0.2.1/v1", "http://model.example/v1", "http://localhost.a/v1"])
def test_the_proxy_itself_refuses_plain_http(url: str) -> None:
    with pytest.raises(UsageError, match="would send the key without TLS"):
        ModelProxy("live", Upstream(url, KEY), Budget())


def test_certificates_that_are_none_stop_a_run_before_it_begins(
    newest_codex: CodexBinary, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with (
        scripted([turn(say("ok"))]) as model,
        _over_tls(trustme.CA().issue_cert("localhost"), model) as server,
    ):
        root = platform(tmp_path, newest_codex, model)
        for told in ("ca.pem", str(tmp_path / "ca.pem")):
            _configured(root, f"https://localhost:{server.port}/v1", caFile=told)
            ran = _asked(root)
            assert ran.status == 2, ran.err
            assert "the certificates in " in ran.err
    assert server.connections == 0
