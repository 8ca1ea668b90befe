"""The gate to the network without a container: what an allow-list names, and what is let through."""

from __future__ import annotations

import socket
import socketserver
import threading
from contextlib import contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
from tests.chamber.sealed import until

from sealock.chamber.egress_gate import Bounds, EgressGate
from sealock.domain.egress import AllowList, Destination, destination, entry

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(60)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pypi.org", "pypi.org:443"),
        ("PyPI.org.:8443", "pypi.org:8443"),
        ("*.Example.com:443", "*.example.com:443"),
        ("192.0.2.7:8443", "192.0.2.7:8443"),
        ("[2001:DB8:0::1]", "[2001:db8::1]:443"),
        ("localhost:80", "localhost:80"),
    ],
)
def test_an_entry_is_a_host_and_a_port(text: str, expected: str) -> None:
    assert str(entry(text)) == expected
    assert entry(expected) == entry(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", ":443", "pypi.org:", "pypi.org:0", "pypi.org:65536", "pypi.org:https", "pypi.org:443:1"),
        *("*", "*.com", "*.192.0.2.7", "a*.example.com", "*.*.example.com", "https://pypi.org", "pypi.org/x"),
        *("2001:db8::1", "[2001:db8::1", "[192.0.2.7]:443", "[fe80::1%eth0]:443", "[2001:db8::1]:"),
        # Other ways to write 127.0.0.1, which some resolvers take for it.
        *("127.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.0.0.1.1", "a..b", "a b.com", "пример.рф"),
    ],
)
def test_what_is_no_entry_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each says something else
        entry(text)


def test_where_a_tool_connects_to_needs_a_port() -> None:
    assert destination("pypi.org:443") == Destination("pypi.org", 443)
    with pytest.raises(ValueError, match="it has no port"):
        destination("pypi.org")


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ("pypi.org:443", True),
        ("PYPI.ORG.:443", True),
        ("pypi.org:80", False),
        ("pypi.org.example.net:443", False),
        ("notpypi.org:443", False),
        ("a.example.com:8443", True),
        ("a.b.example.com:8443", True),
        ("example.com:8443", False),
        ("badexample.com:8443", False),
        ("a.example.com:443", False),
    ],
)
def test_an_allow_list_names_exactly_hosts_and_ports(asked: str, named: bool) -> None:  # noqa: FBT001
    allow = AllowList(("pypi.org:443", "*.example.com:8443"))
    assert allow.names(destination(asked)) is named


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("8.8.8.8", ""),
        ("2606:4700::1111", ""),
        ("127.0.0.1", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("64:ff9b::7f00:1", "loopback"),
        ("2002:7f00:1::", "loopback"),
        ("10.1.2.3", "private"),
        ("192.168.0.1", "private"),
        ("172.16.0.1", "private"),
        ("fd00:ec2::254", "private"),
        ("169.254.169.254", "link-local, as a cloud's metadata are"),
        ("64:ff9b::a9fe:a9fe", "link-local, as a cloud's metadata are"),
        ("fe80::1", "link-local, as a cloud's metadata are"),
        ("168.63.129.16", "a cloud's metadata"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("100.100.100.200", "not of the internet"),
        ("0.0.0.0", "private"),  # noqa: S104
        ("255.255.255.255", "private"),
        ("::7f00:1", "not of the internet"),
    ],
)
def test_an_address_that_is_not_public_is_refused_unless_it_is_named(address: str, kind: str) -> None:
    found = ip_address(address)
    refusal = AllowList(("a.example:443",)).refusal(found, 443)
    assert (f"which is {kind}, " in refusal) if kind else not refusal
    literal = AllowList((str(Destination(str(found), 443)),))
    assert literal.refusal(found, 443) == ""
    assert bool(literal.refusal(found, 444)) is bool(kind)


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(1 << 16):
            self.request.sendall(data)


@contextmanager
def echo() -> Iterator[int]:
    """Give the port of a server on loopback that says what it hears."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


async def _loopback(host: str, port: int) -> tuple[str, ...]:
    """Stand for a resolver in which every name leads to loopback."""
    del host, port
    return ("127.0.0.1",)


def _connected(gate: EgressGate) -> socket.socket:
    found = socket.socket(socket.AF_UNIX)
    found.settimeout(20)
    found.connect(gate.socket)
    return found


def _asked(gate: EgressGate, head: str) -> tuple[socket.socket, bytes]:
    """Return a connection that asked this, and the head of what it was answered."""
    found = _connected(gate)
    found.sendall(head.encode())
    answer = b""
    while b"\r\n\r\n" not in answer and (data := found.recv(1)):
        answer += data
    return found, answer


def _connect(gate: EgressGate, to: str) -> tuple[socket.socket, bytes]:
    return _asked(gate, f"CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n")


def _all(found: socket.socket) -> bytes:
    data = b""
    while piece := found.recv(1 << 16):
        data += piece
    return data


def test_what_is_named_is_reached_and_its_bytes_are_counted() -> None:
    with echo() as port:
        with EgressGate((f"127.0.0.1:{port}",)) as gate:
            # What comes with the request belongs to the connection, too.
            found, answer = _asked(gate, f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: x\r\n\r\nearly ")
            with found:
                found.sendall(b"and late")
                found.shutdown(socket.SHUT_WR)
                assert answer.startswith(b"HTTP/1.1 200 ")
                assert _all(found) == b"early and late"
            assert until(lambda: bool(gate.report().attempts))
        (attempt,) = gate.report().attempts
    assert (attempt.host, attempt.port, attempt.allowed, attempt.reason) == ("127.0.0.1", port, True, "")
    assert (attempt.address, attempt.sent, attempt.received) == ("127.0.0.1", 14, 14)


def test_what_is_not_named_is_refused_and_not_looked_up() -> None:
    looked = []

    async def look(host: str, port: int) -> tuple[str, ...]:
        looked.append(host)
        return await _loopback(host, port)

    with echo() as port, EgressGate((f"named.example:{port}",), look=look) as gate:
        for to in (f"other.example:{port}", f"127.0.0.1:{port}", "named.example:1"):
            found, answer = _connect(gate, to)
            with found:
                assert answer.startswith(b"HTTP/1.1 403 ")
                assert _all(found).endswith(b"the allow-list does not name it\n")
        assert looked == []
        assert [each.allowed for each in gate.report().attempts] == [False] * 3


def test_a_name_that_leads_to_loopback_is_refused_unless_loopback_is_named() -> None:
    with echo() as port:
        name = f"named.example:{port}"
        with EgressGate((name,), look=_loopback) as gate:
            found, answer = _connect(gate, name)
            found.close()
        assert answer.startswith(b"HTTP/1.1 403 ")
        assert "leads to 127.0.0.1, which is loopback" in gate.report().attempts[0].reason
        with EgressGate((name, f"127.0.0.1:{port}"), look=_loopback) as gate:
            found, answer = _connect(gate, name)
            found.close()
        assert answer.startswith(b"HTTP/1.1 200 ")


def test_of_several_addresses_only_those_that_are_open_are_tried() -> None:
    async def look(host: str, port: int) -> tuple[str, ...]:
        del host, port
        return ("127.0.0.1", "127.0.0.2")

    with echo() as port:
        # Somebody listens at the one that is not named, and nobody at the other.
        with EgressGate((f"named.example:{port}", f"127.0.0.2:{port}"), look=look) as gate:
            found, answer = _connect(gate, f"named.example:{port}")
            found.close()
        assert answer.startswith(b"HTTP/1.1 502 ")


@pytest.mark.parametrize(
    ("head", "status", "reason"),
    [
        ("GET http://127.0.0.1:{port}/ HTTP/1.1\r\nHost: x\r\n\r\n", b"405", "only CONNECT"),
        ("POST /v1/responses HTTP/1.1\r\nHost: x\r\ncontent-length: 0\r\n\r\n", b"405", "only CONNECT"),
        ("CONNECT 127.0.0.1 HTTP/1.1\r\nHost: x\r\n\r\n", b"400", "it has no port"),
        ("CONNECT 127.1:{port} HTTP/1.1\r\nHost: x\r\n\r\n", b"400", "neither a host's name nor an address"),
    ],
)
def test_nothing_but_connect_is_served(head: str, status: bytes, reason: str) -> None:
    with echo() as port, EgressGate((f"127.0.0.1:{port}",)) as gate:
        found, answer = _asked(gate, head.format(port=port))
        found.close()
        (attempt,) = gate.report().attempts
    assert answer.split()[1] == status
    assert not attempt.allowed
    assert reason in attempt.reason


def test_what_does_not_answer_or_has_no_address_is_said() -> None:
    async def nothing(host: str, port: int) -> tuple[str, ...]:
        del host, port
        return ()

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with EgressGate((f"127.0.0.1:{port}", "named.example:443"), look=nothing) as gate:
        answers = [_connect(gate, to) for to in (f"127.0.0.1:{port}", "named.example:443")]
        for found, answer in answers:
            found.close()
            assert answer.startswith(b"HTTP/1.1 502 ")
        reasons = [each.reason for each in gate.report().attempts]
    assert all(each.startswith("it cannot be reached: ") for each in reasons)
    assert "its name has no address" in reasons[1]


def test_connections_at_once_are_bounded() -> None:
    with echo() as port, EgressGate((f"127.0.0.1:{port}",), Bounds(connections=1)) as gate:
        first, _ = _connect(gate, f"127.0.0.1:{port}")
        second, refused = _connect(gate, f"127.0.0.1:{port}")
        second.close()
        assert refused.startswith(b"HTTP/1.1 503 ")
        first.close()

        def again() -> bool:
            found, answer = _connect(gate, f"127.0.0.1:{port}")
            found.close()
            return answer.startswith(b"HTTP/1.1 200 ")

        assert until(again)


def test_bytes_of_a_run_are_bounded() -> None:
    with echo() as port, EgressGate((f"127.0.0.1:{port}",), Bounds(most_bytes=10)) as gate:
        first, _ = _connect(gate, f"127.0.0.1:{port}")
        with first:
            first.sendall(b"0123456789more")
            assert _all(first) == b""
        second, refused = _connect(gate, f"127.0.0.1:{port}")
        second.close()
        cut, other = gate.report().attempts
    assert refused.startswith(b"HTTP/1.1 403 ")
    assert (cut.allowed, cut.sent, other.allowed) == (True, 0, False)
    assert cut.reason == other.reason == "the run has had all its 10 bytes of the network"


def test_a_connection_that_nothing_passes_is_ended() -> None:
    with echo() as port, EgressGate((f"127.0.0.1:{port}",), Bounds(idle_seconds=0.2)) as gate:
        found, _ = _connect(gate, f"127.0.0.1:{port}")
        with found:
            assert _all(found) == b""
        assert gate.report().attempts[0].reason == "nothing passed for 0.2 s"


def test_a_connection_ends_with_the_run() -> None:
    with echo() as port:
        with EgressGate((f"127.0.0.1:{port}",)) as gate:
            found, _ = _connect(gate, f"127.0.0.1:{port}")
        with found:
            assert _all(found) == b""
    assert gate.report().attempts[0].reason == "the run ended"


def test_attempts_beyond_a_bound_are_counted_and_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sealock.chamber.egress_gate._MOST_LISTED", 2)
    with EgressGate(("named.example:443",)) as gate:
        for _ in range(5):
            _connect(gate, "other.example:443")[0].close()
        assert (len(gate.report().attempts), gate.report().unlisted) == (2, 3)
