"""What is asked again and what is not, what is refused, and what never is said."""

from __future__ import annotations

import socketserver
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pytest_socket import enable_socket
from tests.fakes.forge_servers import TOKEN, Asked, ForgeServer, Reply

from sealock.adapters.forge_http import Api, ForgeHttp, Patience
from sealock.adapters.forge_token import Token
from sealock.errors import Refused, Undecided, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Echo(ForgeServer):
    """Answers everything with one reply; `quiet` ends a silence."""

    kind = "github"
    reply = Reply(200, {"fine": True})

    def __init__(self) -> None:
        super().__init__()
        self.quiet = threading.Event()

    def answer(self, asked: Asked) -> Reply:
        del asked
        return self.reply


@pytest.fixture
def server() -> Iterator[Echo]:
    enable_socket()
    with Echo() as running:
        yield running


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def http(server: Echo, slept: list[float]) -> Iterator[ForgeHttp]:
    patience = Patience(answer=2, pauses=(0.5, 2.0), asked=60, sleep=slept.append)
    with ForgeHttp(Api(server.url, "acme/platform", Token(TOKEN, "$T"), "Bearer", "write"), patience) as it:
        yield it


def test_a_question_carries_the_token_and_gets_json(http: ForgeHttp, server: Echo) -> None:
    assert http.get("/x", {"a": "b/c"}) == {"fine": True}
    assert [(each.path, each.query, each.authorization) for each in server.asked] == [
        ("/x", {"a": "b/c"}, f"Bearer {TOKEN}")
    ]


@pytest.mark.parametrize("fault", [None, Reply(502, b""), Reply(503, b"busy"), Reply(429, b"")])
def test_a_question_is_asked_again_after_a_passing_fault(
    http: ForgeHttp, server: Echo, slept: list[float], fault: Reply | None
) -> None:
    server.faults = [fault, fault]
    assert http.get("/x") == {"fine": True}
    assert (len(server.asked), slept) == (3, [0.5, 2.0])


def test_three_times_is_enough(http: ForgeHttp, server: Echo) -> None:
    server.faults = [Reply(500, {"message": "oh"})] * 4
    with pytest.raises(Undecided, match=r"cannot be asked: status 500: oh$"):
        http.get("/x")
    assert len(server.asked) == 3


@pytest.mark.parametrize("fault", [None, Reply(502, b""), Reply(429, b"")])
def test_what_must_not_be_done_twice_is_asked_once(
    http: ForgeHttp, server: Echo, fault: Reply | None
) -> None:
    server.faults = [fault]
    with pytest.raises(Undecided, match="nobody knows whether it did what was asked"):
        http.change("POST", "/x", {})
    assert len(server.asked) == 1


def test_what_may_be_done_twice_is_asked_again(http: ForgeHttp, server: Echo) -> None:
    server.faults = [None]
    assert http.change("PATCH", "/x", {"title": "t"}, again=True) == {"fine": True}
    assert [each.body for each in server.asked] == [{"title": "t"}, {"title": "t"}]


def test_a_forge_says_how_long_to_wait(http: ForgeHttp, server: Echo, slept: list[float]) -> None:
    server.faults = [Reply(429, b"", {"Retry-After": "7"})]
    http.get("/x")
    assert slept == [7.0]


def test_it_may_say_it_as_a_date(http: ForgeHttp, server: Echo, slept: list[float]) -> None:
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    server.faults = [Reply(503, b"", {"Retry-After": when})]
    http.get("/x")
    assert 10 < slept[0] <= 20


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "3600"},
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "in an hour"},
    ],
)
def test_nobody_waits_an_hour(
    http: ForgeHttp, server: Echo, slept: list[float], headers: dict[str, str]
) -> None:
    later = str(int(datetime.now(UTC).timestamp()) + 3600)
    said = {name: value.replace("in an hour", later) for name, value in headers.items()}
    server.faults = [Reply(403, {"message": "rate"}, said)]
    with pytest.raises(Undecided, match=r"lets nobody ask for another 3[56]\d\d s"):
        http.get("/x")
    assert slept == []


def test_a_limit_that_is_called_forbidden_is_a_limit(http: ForgeHttp, server: Echo) -> None:
    server.faults = [Reply(403, {"message": "You have exceeded a secondary rate limit."})]
    assert http.get("/x") == {"fine": True}


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, r"does not know the token of \$T: no\.$"),
        (403, r"the token of \$T may not read it in acme/platform on 127\.0\.0\.1:\d+: no\.$"),
        (404, r"has no acme/platform, or the token of \$T may not see it$"),
        (422, r"refuses to read it \(status 422\): no\.$"),
    ],
)
def test_a_no_says_what_is_missing(http: ForgeHttp, server: Echo, status: int, said: str) -> None:
    server.faults = [Reply(status, {"message": "no."})]
    with pytest.raises(Refused, match=said):
        http.get("/x")
    assert len(server.asked) == 1


def test_the_words_of_a_forge_cannot_drive_a_terminal_or_show_the_token(
    http: ForgeHttp, server: Echo
) -> None:
    server.faults = [Reply(422, {"message": f"\x1b[31m{TOKEN}\n", "errors": [{"message": "and"}, "more"]})]
    with pytest.raises(Refused) as wrong:
        http.get("/x")
    assert wrong.value.message.endswith(r"\x1b[31m***\n; and; more")


def test_no_traceback_shows_the_token(http: ForgeHttp, server: Echo) -> None:
    server.faults = [None] * 3
    with pytest.raises(Undecided) as wrong:
        http.get("/x")
    assert wrong.value.__cause__ is None
    assert TOKEN not in repr(http.api)


def test_another_host_gets_no_token(http: ForgeHttp, server: Echo) -> None:
    with Echo() as other:
        server.faults = [Reply(302, b"", {"Location": f"{other.url}/x"})]
        with pytest.raises(Refused, match="a token goes to one host only"):
            http.get("/x")
        assert other.asked == []


def test_the_same_host_may_send_us_on(http: ForgeHttp, server: Echo) -> None:
    server.faults = [Reply(301, b"", {"Location": "/repositories/7/x"})]
    assert http.get("/x") == {"fine": True}
    assert server.asked[1].path == "/repositories/7/x"


def test_nobody_is_sent_on_for_ever(http: ForgeHttp, server: Echo) -> None:
    server.reply = Reply(302, b"", {"Location": "/x"})
    with pytest.raises(Refused):
        http.get("/x")
    assert len(server.asked) <= 9


def test_a_change_is_not_sent_on(http: ForgeHttp, server: Echo) -> None:
    server.faults = [Reply(307, b"", {"Location": "/y"})]
    with pytest.raises(Refused, match="sends us elsewhere"):
        http.change("POST", "/x", {})
    assert len(server.asked) == 1


def test_too_much_is_not_read(http: ForgeHttp, server: Echo) -> None:
    server.reply = Reply(200, b" " * ((16 << 20) + 1))
    with pytest.raises(Undecided, match="more than 16 MiB"):
        http.get("/x")


@pytest.mark.parametrize("body", [b"<html>", b"", b"\xff"])
def test_what_is_no_json_is_no_answer(http: ForgeHttp, server: Echo, body: bytes) -> None:
    server.reply = Reply(200, body)
    with pytest.raises(Undecided, match="cannot be read"):
        http.get("/x")


def test_a_list_without_an_end_is_no_answer(http: ForgeHttp, server: Echo) -> None:
    server.reply = Reply(200, [1], {"Link": '<http://evil.example/>; rel="next"'})
    with pytest.raises(Undecided, match="more than 50 pages"):
        list(http.pages("/x", {}))
    assert {each.path for each in server.asked} == {"/x"}


def test_what_is_no_list_has_no_pages(http: ForgeHttp) -> None:
    with pytest.raises(Undecided, match="a list was expected"):
        list(http.pages("/x", {}))


def test_a_silent_forge_is_not_waited_for(server: Echo) -> None:
    patience = Patience(answer=0.2, pauses=(), sleep=lambda _: None)

    def stall(asked: Asked) -> Any:  # noqa: ANN401 - never returns
        del asked
        server.quiet.wait(5)
        return Reply(200, {})

    server.answer = stall  # type: ignore[method-assign]
    api = Api(server.url, "acme/platform", Token(TOKEN, "$T"), "Bearer", "write")
    with ForgeHttp(api, patience) as http, pytest.raises(Undecided, match=r"no answer in 0\.2 s"):
        http.get("/x")
    server.quiet.set()


def test_an_answer_too_late_leaves_no_connection(server: Echo) -> None:
    patience = Patience(answer=0.2, pauses=(), sleep=lambda _: None)
    arrived = threading.Event()

    def late(asked: Asked) -> Any:  # noqa: ANN401 - as the server's own
        del asked
        arrived.wait(5)
        return Reply(200, {})

    server.answer = late  # type: ignore[method-assign]
    api = Api(server.url, "acme/platform", Token(TOKEN, "$T"), "Bearer", "write")
    http = ForgeHttp(api, patience)
    # The library's own deadline is longer here, so that the answer comes after ours.
    with httpx.Client(timeout=5) as client:
        http._client = client
        with http, pytest.raises(Undecided, match=r"no answer in 0\.2 s"):
            http.get("/x")
        arrived.set()
        for thread in threading.enumerate():
            if thread.name == "forge question":
                thread.join()
        assert client.is_closed


def test_an_answer_drop_by_drop_is_not_waited_for() -> None:
    enable_socket()
    over = threading.Event()

    class Drip(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                self.request.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not over.wait(0.02):
                    self.request.sendall(b"x")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Drip) as dripping:
        dripping.daemon_threads = True
        threading.Thread(target=dripping.serve_forever, args=(0.01,), daemon=True).start()
        api = Api(f"http://127.0.0.1:{dripping.server_address[1]}", "a/b", Token(TOKEN, "$T"), "Bearer", "w")
        patience = Patience(answer=0.3, pauses=(), sleep=lambda _: None)
        with ForgeHttp(api, patience) as http, pytest.raises(Undecided, match=r"no answer in 0\.3 s"):
            http.get("/x")
        over.set()
        dripping.shutdown()


@pytest.mark.parametrize(
    "url",
    ["http://forge.example/api", "https://user:secret@forge.example", "ftp://x", "forge.example", "https://"],
)
def test_a_token_goes_over_tls_only(url: str) -> None:
    with pytest.raises(UsageError, match="is no URL that a token is sent to") as wrong:
        ForgeHttp(Api(url, "acme/platform", Token(TOKEN, "$T"), "Bearer", "write"))
    assert "secret" not in wrong.value.message


def test_what_a_forge_is_about_to_know_is_looked_for(http: ForgeHttp, slept: list[float]) -> None:
    answers = iter([1, 2, 3])
    look: Callable[[], int] = lambda: next(answers)  # noqa: E731 - short
    assert http.seen(look, lambda found: found == 3) == 3
    assert len(slept) == 2
