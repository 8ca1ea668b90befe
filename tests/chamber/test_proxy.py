"""The model proxy, asked by a plain HTTP client, in front of a scripted provider."""

from __future__ import annotations

import http.client
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import pytest
from inline_snapshot import snapshot
from tests.chamber.records import manifest
from tests.chamber.scripted_model import Turn, refusal, run, say, scripted, turn

from sealock.chamber.meter import Budget
from sealock.chamber.proxy import ModelProxy
from sealock.chamber.redaction import Leak, Redactor
from sealock.chamber.run_store import Recording, RunStore
from sealock.chamber.upstream import Retries, Timeouts, Upstream
from sealock.domain.agent_run import Price, Usage
from sealock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.chamber.scripted_model import Fault, Script, ScriptedModel

    from sealock.domain.agent_run import ModelEndpoint

pytestmark = pytest.mark.enable_socket

_KEY = "sk-upstream-0123456789"
_PRICES = {"*": Price(1.0, 0.1, 10.0)}
_QUICK = Retries(count=3, first=0.01, longest=0.2)
_PATIENCE = Timeouts(connect=5.0, first_byte=0.4, idle=0.4, total=5.0)


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        found: str = json.loads(self.body)["error"]["code"]
        return found

    @property
    def text(self) -> str:
        found: str = json.loads(self.body)["error"]["message"]
        return found


def _request(text: str = "hello", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    return {"model": "gpt-5.5", "stream": True, "input": [item], **more}


def _ask(
    endpoint: ModelEndpoint,
    body: object = None,
    *,
    method: str = "POST",
    path: str = "/v1/responses",
    token: str | None = None,
    **headers: str,
) -> Answer:
    host = endpoint.url.split("/")[2]
    connection = http.client.HTTPConnection(host, timeout=20)
    content = body if isinstance(body, bytes) else json.dumps(_request() if body is None else body)
    named = {"Authorization": f"Bearer {endpoint.token if token is None else token}"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, content, {**named, "Content-Type": "application/json"})
        answer = connection.getresponse()
        fields = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, fields, answer.read())
    finally:
        connection.close()


@contextmanager
def _proxied(
    script: Script,
    budget: Budget | None = None,
    *,
    headers: dict[str, str] | None = None,
    timeouts: Timeouts = _PATIENCE,
) -> Iterator[tuple[ModelProxy, ScriptedModel]]:
    with scripted(script) as model:
        upstream = Upstream(model.url, _KEY, headers or {}, retries=_QUICK, timeouts=timeouts)
        with ModelProxy("live", upstream, budget or Budget()) as proxy:
            yield proxy, model


def test_an_answer_passes_through_byte_for_byte() -> None:
    with _proxied([turn(say("hi"))]) as (proxy, model):
        answer = _ask(proxy.endpoint)

    assert answer.status == 200
    assert b"response.completed" in answer.body
    assert json.loads(model.requests[0].body) == _request()
    assert proxy.report().usage == Usage(100, 0, 10, 0)


def test_the_provider_gets_the_key_and_the_agent_only_its_own_bearer() -> None:
    with _proxied([turn(say("hi"))], headers={"X-Team": "platform"}) as (proxy, model):
        _ask(proxy.endpoint, User_Agent="codex", X_Codex_Window_Id="1")

    assert model.requests[0].headers["authorization"] == f"Bearer {_KEY}"
    assert model.requests[0].headers["x-team"] == "platform"
    assert proxy.endpoint.token not in str(model.requests[0].headers)
    assert "x-codex-window-id" not in model.requests[0].headers


@pytest.mark.parametrize("token", ["", "x", _KEY])
def test_without_the_bearer_nothing_is_asked(token: str) -> None:
    with _proxied([turn(say("hi"))]) as (proxy, model):
        answer = _ask(proxy.endpoint, token=token)

    assert (answer.status, answer.code) == (401, "invalid_api_key")
    assert model.requests == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/responses", 405),
        ("POST", "/v1/models", 404),
        ("POST", "/v1/responses/compact", 404),
        ("POST", "/v1/responses?x=1", 404),
        ("POST", "/v1/../v1/responses", 404),
        ("GET", "/", 404),
    ],
)
def test_nothing_else_can_be_asked(method: str, path: str, status: int) -> None:
    with _proxied([turn(say("hi"))]) as (proxy, model):
        answer = _ask(proxy.endpoint, method=method, path=path)

    assert answer.status == status
    assert model.requests == []


@pytest.mark.parametrize("body", [b"{", b"[]", {"stream": False}, {"stream": True, "background": True}])
def test_what_is_no_streamed_request_is_not_sent(body: object) -> None:
    with _proxied([turn(say("hi"))]) as (proxy, model):
        answer = _ask(proxy.endpoint, body)

    assert answer.status == 400
    assert model.requests == []


def test_a_compressed_request_is_not_sent() -> None:
    with _proxied([turn(say("hi"))]) as (proxy, _):
        assert _ask(proxy.endpoint, Content_Encoding="zstd").status == 415


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_tried_again(status: int) -> None:
    with _proxied([refusal(status), refusal(status), turn(say("hi"))]) as (proxy, model):
        answer = _ask(proxy.endpoint)

    assert answer.status == 200
    assert len(model.requests) == 3


def test_a_storm_of_refusals_ends_after_the_last_try() -> None:
    with _proxied([refusal(429)] * 10) as (proxy, model):
        answer = _ask(proxy.endpoint)

    assert answer.status == 429
    assert len(model.requests) == 4
    assert proxy.report().cost_usd == 0.0


def test_a_provider_that_asks_for_too_long_a_wait_is_passed_on() -> None:
    with _proxied([refusal(429, retry_after="3600")] * 3) as (proxy, model):
        answer = _ask(proxy.endpoint)

    assert (answer.status, answer.headers["retry-after"]) == (429, "3600")
    assert len(model.requests) == 1


def test_a_quota_that_is_used_up_is_not_asked_again() -> None:
    with _proxied([refusal(429, "insufficient_quota")] * 3) as (proxy, model):
        assert _ask(proxy.endpoint).code == "insufficient_quota"
        assert len(model.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 404])
def test_other_refusals_are_passed_on_at_once(status: int) -> None:
    with _proxied([refusal(status, "no", "reason")] * 3) as (proxy, model):
        answer = _ask(proxy.endpoint)

    assert (answer.status, answer.text) == (status, "reason")
    assert len(model.requests) == 1


def test_a_redirect_is_not_followed() -> None:
    with scripted([turn(say("stolen"))]) as elsewhere:
        moved = refusal(307, location=f"{elsewhere.url}/responses")
        with _proxied([moved]) as (proxy, _):
            answer = _ask(proxy.endpoint)

        assert answer.status == 502
        assert elsewhere.requests == []


def test_an_error_that_repeats_the_key_does_not_reach_the_agent() -> None:
    with _proxied([refusal(401, "invalid_api_key", f"Incorrect API key: {_KEY}")]) as (proxy, _):
        answer = _ask(proxy.endpoint)

    assert answer.status == 401
    assert _KEY.encode() not in answer.body


def test_a_provider_that_is_not_there_is_said_and_costs_nothing() -> None:
    with scripted([]) as model:
        url = model.url
    budget = Budget(usd=1.0, prices=_PRICES)
    with ModelProxy("live", Upstream(url, _KEY, retries=_QUICK), budget) as proxy:
        answer = _ask(proxy.endpoint)

    assert answer.status == 502
    assert "cannot be reached" in answer.text
    assert proxy.report().cost_usd == 0.0


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ("hang", 504, "the provider gave no answer in 0.4 s"),
        ("stall", 200, "the provider said nothing for 0.4 s in the middle of an answer"),
        ("cut", 200, "the provider's answer was cut"),
    ],
)
def test_a_provider_that_stops_ends_in_bounded_time_and_counts_as_paid(
    fault: Fault,
    status: int,
    words: str,
) -> None:
    budget = Budget(usd=1.0, prices=_PRICES, output_cap=2000)
    with _proxied([turn(say("hi"), fault=fault)] * 5, budget) as (proxy, model):
        answer = _ask(proxy.endpoint)
        asked = len(model.requests)

    assert answer.status == status
    assert words in answer.body.decode()
    assert asked == 1
    assert proxy.report().cost_usd == pytest.approx(0.02, abs=0.001)


def test_a_slow_answer_is_passed_on_as_it_comes() -> None:
    with _proxied([turn(say("hi"), fault="slow", seconds=0.1)]) as (proxy, _):
        assert b"response.completed" in _ask(proxy.endpoint).body


def test_a_stream_that_is_none_is_passed_on_and_counts_as_paid() -> None:
    budget = Budget(usd=1.0, prices=_PRICES, output_cap=2000)
    with _proxied([turn(fault="garbage")], budget) as (proxy, _):
        assert _ask(proxy.endpoint).status == 200

    assert proxy.report().cost_usd > 0.01


def test_the_cap_of_the_budget_goes_to_the_provider() -> None:
    with _proxied([turn(say("hi"))] * 2, Budget(usd=1.0, prices=_PRICES, output_cap=5000)) as (proxy, model):
        _ask(proxy.endpoint)
        _ask(proxy.endpoint, _request(max_output_tokens=90_000))

    assert [each.json["max_output_tokens"] for each in model.requests] == [5000, 5000]
    assert {**_request(), "max_output_tokens": 5000} == model.requests[0].json


def test_a_spent_budget_ends_the_run_before_anything_is_sent() -> None:
    dear = turn(say("hi"), input_tokens=1000, output_tokens=8000)
    with _proxied([dear] * 9, Budget(usd=0.1, prices=_PRICES)) as (proxy, model):
        answers = [_ask(proxy.endpoint) for _ in range(3)]
        asked = len(model.requests)

    assert [each.status for each in answers] == [200, 200, 429]
    assert answers[2].code == "insufficient_quota"
    assert asked == 2
    assert proxy.report().ended_by == "budget"
    assert proxy.report().refusals[0] == snapshot(
        "the budget of this run ($0.10) would break: $0.1620 and 18000 tokens are spent or booked"
    )


def test_turns_end_the_run() -> None:
    with _proxied([turn(say("hi"))] * 9, Budget(turns=2)) as (proxy, model):
        statuses = [_ask(proxy.endpoint).status for _ in range(4)]
        asked = len(model.requests)

    assert (statuses, asked) == ([200, 200, 429, 429], 2)
    assert proxy.report().ended_by == "turns"


def test_a_tool_call_too_many_never_reaches_the_agent() -> None:
    calls = turn(run("one", "c1"), run("two", "c2"), run("three", "c3"))
    with _proxied([calls], Budget(tool_calls=2)) as (proxy, _):
        body = _ask(proxy.endpoint).body

    assert (b"two" in body, b"three" in body) == (True, False)
    assert b"insufficient_quota" in body
    assert proxy.report().ended_by == "tool-calls"


def test_an_agent_that_goes_away_ends_its_request() -> None:
    with _proxied([turn(say("hi"), fault="stall")], timeouts=Timeouts()) as (proxy, model):
        host = proxy.endpoint.url.split("/")[2]
        connection = http.client.HTTPConnection(host, timeout=20)
        connection.request("POST", "/v1/responses", json.dumps(_request()), _bearer(proxy))
        connection.getresponse().read(1)
        connection.close()

    assert len(model.requests) == 1
    assert len(proxy.report().exchanges) == 1


def _bearer(proxy: ModelProxy) -> dict[str, str]:
    return {"Authorization": f"Bearer {proxy.endpoint.token}"}


@pytest.mark.parametrize(
    "url", ["ftp://x/v1", "http://example.com/v1", "https://user:pw@example.com/v1", "x"]
)
def test_a_url_that_would_show_the_key_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        ModelProxy("live", Upstream(url, _KEY), Budget())


@pytest.mark.parametrize("mode", ["live", "record", "replay"])
def test_a_mode_without_what_it_needs_is_refused(mode: Any) -> None:  # noqa: ANN401
    with pytest.raises(UsageError):
        ModelProxy(mode, None, Budget())


def test_a_record_that_could_not_keep_the_key_out_is_refused(tmp_path: Path) -> None:
    recorder = RunStore(str(tmp_path)).begin(manifest(), Redactor({}))
    with pytest.raises(UsageError, match="does not know the provider's key"):
        ModelProxy("record", Upstream("http://127.0.0.1:1/v1", _KEY), Budget(), recorder)
    recorder.finish(manifest())


@contextmanager
def _recording(root: Path, script: list[Turn], secrets: dict[str, str] | None = None) -> Iterator[ModelProxy]:
    recorder = RunStore(str(root)).begin(manifest(), Redactor({"key": _KEY, **(secrets or {})}))
    with scripted(script) as model:
        upstream = Upstream(model.url, _KEY, retries=_QUICK, timeouts=_PATIENCE)
        with ModelProxy("record", upstream, Budget(), recorder) as proxy:
            yield proxy
    recorder.finish(manifest())


def _record(root: Path) -> Recording:
    return RunStore(str(root)).open(manifest().id)


def test_what_was_recorded_is_replayed_byte_for_byte(tmp_path: Path) -> None:
    asked = [_request("one"), _request("two"), _request("three")]
    script = [turn(say("1")), refusal(400, "no"), turn(say("3"), fault="cut")]
    with _recording(tmp_path, script) as proxy:
        recorded = [_ask(proxy.endpoint, each) for each in asked]

    with ModelProxy("replay", None, Budget(), replay=_record(tmp_path)) as proxy:
        replayed = [_ask(proxy.endpoint, each) for each in asked]

    assert [(each.status, _events(each)) for each in recorded] == [
        (each.status, _events(each)) for each in replayed
    ]
    assert proxy.report().ended_by == ""
    assert proxy.report().unserved == 0


def _events(answer: Answer) -> list[Any]:
    lines = [
        line.removeprefix(b"data: ") for line in answer.body.splitlines() if not line.startswith(b"event")
    ]
    return [json.loads(line) for line in lines if line]


def test_a_request_that_differs_ends_the_replay_and_is_shown(tmp_path: Path) -> None:
    with _recording(tmp_path, [turn(say("1")), turn(say("2"))]) as proxy:
        _ask(proxy.endpoint, _request("one"))
        _ask(proxy.endpoint, _request("two"))

    with ModelProxy("replay", None, Budget(), replay=_record(tmp_path)) as proxy:
        statuses = [_ask(proxy.endpoint, _request(each)).status for each in ("one", "other", "two")]

    assert statuses == [200, 400, 400]
    assert proxy.report().ended_by == "replay"
    assert proxy.report().unserved == 1
    assert "\n".join(proxy.report().mismatch) == snapshot("""\
request main/1 differs from the recorded one
$.input[0].content[0].text, from character 1
  recorded: two
  sent:     other\
""")


def test_a_request_more_than_recorded_ends_the_replay(tmp_path: Path) -> None:
    with _recording(tmp_path, [turn(say("1"))]) as proxy:
        _ask(proxy.endpoint)

    with ModelProxy("replay", None, Budget(), replay=_record(tmp_path)) as proxy:
        statuses = [_ask(proxy.endpoint).status for _ in range(2)]

    assert statuses == [200, 400]
    assert proxy.report().mismatch == ("the record of main ends after 1 requests, and one more came",)


def test_agents_that_talk_at_once_are_told_apart_in_any_order(tmp_path: Path) -> None:
    script = [turn(say("a1")), turn(say("b1")), turn(say("a2"))]
    with _recording(tmp_path, script) as proxy:
        for text, thread in (("a", "t1"), ("b", "t2"), ("c", "t1")):
            _ask(proxy.endpoint, _request(text), thread_id=thread)

    with ModelProxy("replay", None, Budget(), replay=_record(tmp_path)) as proxy:
        b = _ask(proxy.endpoint, _request("b"), thread_id="x9")
        a = _ask(proxy.endpoint, _request("a"), thread_id="x8")
        c = _ask(proxy.endpoint, _request("c"), thread_id="x8")

    assert [b"b1" in b.body, b"a1" in a.body, b"a2" in c.body] == [True, True, True]
    assert proxy.report().unserved == 0


def test_a_secret_in_a_request_is_never_sent(tmp_path: Path) -> None:
    secret = "canary-0123456789"  # noqa: S105 - made up
    with _recording(tmp_path, [turn(say("1"))] * 3, {"canary": secret}) as proxy:
        answers = [_ask(proxy.endpoint, _request(each)) for each in (f"it is {secret}", "harmless")]

    assert [each.status for each in answers] == [400, 400]
    assert proxy.report().ended_by == "secret"
    assert proxy.report().turns == 0
    assert "canary" in proxy.report().refusals[0]


def test_what_cannot_be_recorded_ends_the_run(tmp_path: Path) -> None:
    likely = "Zk3Q9xLp2VtY7wRb5NcH8mJd4GsK1fTa"
    recording = _recording(tmp_path, [turn(say(likely)), turn(say("2"))])
    with pytest.raises(Leak), recording as proxy:
        statuses = [_ask(proxy.endpoint).status for _ in range(2)]

    assert statuses == [200, 400]
    assert proxy.report().ended_by == "secret"
    assert _record(tmp_path).manifest.outcome == "failed"


def test_the_record_holds_what_was_used(tmp_path: Path) -> None:
    with _recording(tmp_path, [turn(say("1"), cached_tokens=50, reasoning_tokens=5)]) as proxy:
        _ask(proxy.endpoint)

    exchange = _record(tmp_path).exchanges[0]
    assert exchange.usage == Usage(100, 50, 10, 5)
    assert exchange == msgspec.structs.replace(proxy.report().exchanges[0])
