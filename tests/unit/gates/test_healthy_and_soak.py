"""The gates that read evidence of health, and the dispatch to gates by kind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from tests.fakes.evidence_store import FakeEvidence

from sealock.app.gates import GatePorts, ask
from sealock.domain.evidence import Evidence
from sealock.domain.gate_question import GateQuestion, rfc3339, spoken
from sealock.domain.location import Location
from sealock.domain.promotion import Car, GateResult, ImageMove, ImagePin
from sealock.domain.settings import Freeze, Gate
from sealock.errors import Undecided

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OLD, NEW, SIDE = (f"sha256:{digit * 64}" for digit in "1ae")
HEALTHY = Gate("healthy", max_age_seconds=900)
SOAK = Gate("soak", max_age_seconds=900, soak_seconds=7200)


def ago(**kwargs: float) -> datetime:
    return NOW - timedelta(**kwargs)


RECENT, LONG_AGO = ago(minutes=2), ago(hours=3)


def seen(  # noqa: PLR0913 - the fields of evidence
    verdict: Literal["pass", "refuse", "unknown"] = "pass",
    observed: datetime = RECENT,
    *,
    since: datetime = LONG_AGO,
    digests: tuple[str, ...] = (NEW,),
    source: str = "argocd",
    environment: str = "staging",
    **more: Any,  # noqa: ANN401
) -> Evidence:
    since = min(since, observed)
    return Evidence(
        "health",
        "ledger",
        environment,
        digests,
        verdict,
        since=since,
        observed=observed,
        source=source,
        **more,
    )


def car(*digests: str, service: str = "ledger", runs: tuple[str, ...] = ()) -> Car:
    moves = tuple(
        ImageMove(f"image-{n}", ImagePin(f"image-{n}"), ImagePin(f"image-{n}", digest=each))
        for n, each in enumerate(digests)
    )
    return Car(service, "staging", "production", (f"{service}/production",), moves, runs=runs)


def question(*cars: Car, sources: tuple[str, ...] = ("staging",), now: datetime = NOW) -> GateQuestion:
    return GateQuestion("promote", "production", sources, cars or (car(NEW),), "c" * 40, "A <a@x>", now)


def ports(evidence: FakeEvidence) -> GatePorts:
    nothing = cast("Any", None)
    return GatePorts(evidence, nothing, nothing, nothing, nothing, nothing)


def result(gate: Gate, *known: Evidence, of: GateQuestion | None = None) -> GateResult:
    (found,) = ask([gate], of or question(), ports(FakeEvidence(*known)))
    return found


@pytest.mark.parametrize(
    ("known", "verdict"),
    [
        ([seen()], "pass"),
        ([seen(), seen(source="probe")], "pass"),
        ([seen(observed=ago(minutes=15))], "pass"),
        ([seen(observed=ago(seconds=-60))], "pass"),
        ([seen(), seen("refuse", ago(minutes=10))], "pass"),
        ([seen(), seen(digests=(OLD,), observed=ago(minutes=10))], "pass"),
        ([seen(), seen("refuse", ago(hours=2), source="probe")], "pass"),
        ([], "unknown"),
        ([msgspec.structs.replace(seen(), kind="smoke")], "unknown"),
        ([seen(environment="dev")], "unknown"),
        ([seen(observed=ago(minutes=15, seconds=1))], "unknown"),
        ([seen("unknown")], "unknown"),
        ([seen(), seen("unknown", source="probe")], "unknown"),
        ([seen(observed=ago(seconds=-61))], "unknown"),
        ([seen(), seen(observed=ago(seconds=-61), source="probe")], "unknown"),
        ([seen("refuse")], "refuse"),
        ([seen(observed=ago(minutes=10)), seen("refuse")], "refuse"),
        ([seen(), seen("refuse", source="probe")], "refuse"),
        ([seen("unknown"), seen("refuse", source="probe")], "refuse"),
        ([seen(), seen("refuse")], "refuse"),
        ([seen(digests=(OLD,))], "refuse"),
        ([seen(digests=(OLD,)), seen(observed=ago(minutes=10))], "refuse"),
        ([seen(), seen(digests=(OLD,), source="probe")], "refuse"),
        ([seen(digests=(NEW, OLD))], "refuse"),
        ([seen(digests=())], "refuse"),
    ],
)
def test_only_fresh_words_that_agree_on_exactly_these_digests_pass(
    known: list[Evidence], verdict: str
) -> None:
    assert verdict == result(HEALTHY, *known).verdict
    assert verdict == "pass" or result(SOAK, *known).verdict != "pass"


@pytest.mark.parametrize(
    ("cars", "digests", "verdict"),
    [
        (car(NEW, SIDE), (SIDE, NEW), "pass"),
        (car(NEW, SIDE), (NEW,), "refuse"),
        (car(NEW), (NEW, SIDE), "refuse"),
        (car(NEW, runs=(SIDE, NEW)), (NEW, SIDE), "pass"),
        (car(NEW, runs=(SIDE, NEW)), (NEW,), "refuse"),
        (car(NEW, runs=(SIDE, OLD)), (OLD, SIDE), "refuse"),
        (car(""), ("",), "unknown"),
        (car(), (), "unknown"),
    ],
)
def test_all_images_that_the_source_runs_must_have_been_seen(
    cars: Car, digests: tuple[str, ...], verdict: str
) -> None:
    assert verdict == result(HEALTHY, seen(digests=digests), of=question(cars)).verdict


def test_every_environment_of_a_diamond_must_pass() -> None:
    both = question(sources=("staging", "perf"))
    good, other = seen(), seen(environment="perf")
    assert result(HEALTHY, good, other, of=both).verdict == "pass"
    assert result(HEALTHY, good, of=both).message == snapshot(
        "nobody has said how it is in perf; expected `health` of sha256:aaaaaaaaaaaa…"
    )
    refused = result(HEALTHY, seen("refuse"), of=both)
    assert (refused.verdict, refused.message.count("; ")) == ("refuse", 2)


def test_each_car_has_its_own_result() -> None:
    found = ask([HEALTHY], question(car(NEW), car(NEW, service="shop")), ports(FakeEvidence(seen())))
    assert [(each.service, each.verdict) for each in found] == [("ledger", "pass"), ("shop", "unknown")]


def test_without_an_environment_before_nobody_can_tell() -> None:
    found = result(HEALTHY, seen(), of=question(sources=()))
    assert (found.verdict, found.message) == (
        "unknown",
        "no environment comes before production in this promote",
    )


@pytest.mark.parametrize(
    ("known", "message"),
    [
        (
            [seen(), seen(source="probe", observed=ago(minutes=5), message="3 of 3 ready")],
            "healthy in staging, seen 2m ago by argocd, 5m ago by probe (3 of 3 ready)",
        ),
        ([seen(observed=ago(hours=26))], "last seen in staging 1d 2h ago, expected at most 15m"),
        (
            [seen(digests=(OLD,))],
            ("staging runs sha256:111111111111…, seen 2m ago by argocd; expected sha256:aaaaaaaaaaaa…"),
        ),
        (
            [seen(source="probe"), seen("refuse", message="1 of 3 ready\n\x1b[31m")],
            (
                "not healthy in staging: 2m ago by argocd (1 of 3 ready\\n\\x1b[31m); "
                "but it is, 2m ago by probe"
            ),
        ),
        (
            [seen("unknown", message="timeout")],
            "nobody can tell how it is in staging: 2m ago by argocd (timeout)",
        ),
        ([seen(observed=ago(minutes=-5))], "seen in staging 5m in the future: a clock is wrong"),
    ],
)
def test_a_message_says_what_was_seen_and_what_was_expected(known: list[Evidence], message: str) -> None:
    assert message == result(HEALTHY, *known).message


def test_a_soak_that_is_not_over_says_when_it_is() -> None:
    found = result(SOAK, seen(since=ago(hours=1, minutes=5)))
    assert (found.verdict, found.message, found.retry_after) == snapshot(
        (
            "refuse",
            "healthy in staging for 1h 5m of 2h, since 2026-11-20T10:55:00Z",
            "2026-11-20T12:55:00Z",
        )
    )


def test_the_time_when_a_soak_is_over_is_rounded_up() -> None:
    found = result(SOAK, seen(since=ago(hours=1, microseconds=-1)))
    assert found.retry_after == "2026-11-20T13:00:01Z"


@pytest.mark.parametrize(
    ("known", "held"),
    [
        ([seen(since=ago(hours=2))], "2h"),
        ([seen(since=ago(hours=3)), seen(since=ago(hours=1), source="probe")], "1h"),
        ([seen(), seen("refuse", ago(minutes=30), source="probe")], "30m"),
        ([seen(), seen("refuse", ago(minutes=30))], "30m"),
        ([seen(), seen(digests=(OLD,), observed=ago(minutes=40))], "40m"),
        ([seen(), seen(observed=ago(hours=1), since=ago(hours=1, minutes=30))], "1h 30m"),
        ([seen(), seen("refuse", ago(hours=5))], "3h"),
        ([seen(), seen("unknown", ago(minutes=30))], "3h"),
        ([seen(), msgspec.structs.replace(seen("refuse", ago(minutes=30)), kind="smoke")], "3h"),
    ],
)
def test_a_soak_counts_from_the_last_break_that_anybody_saw(known: list[Evidence], held: str) -> None:
    found = result(SOAK, *known)
    assert f"healthy in staging for {held} of 2h" in found.message
    assert (found.verdict == "pass") is (held in {"2h", "3h"})


def test_a_soak_of_something_stale_is_unknown_however_long_it_was_healthy() -> None:
    found = result(SOAK, seen(since=ago(days=9), observed=ago(hours=1)))
    assert (found.verdict, found.retry_after) == ("unknown", "")


def test_no_time_is_promised_where_more_than_a_soak_is_missing() -> None:
    both = question(sources=("staging", "perf"))
    waiting = seen(since=ago(hours=1))
    assert result(SOAK, waiting, of=both).retry_after == ""
    later = seen(since=ago(minutes=30), environment="perf")
    assert result(SOAK, waiting, later, of=both).retry_after == rfc3339(NOW + timedelta(minutes=90))


pieces = st.builds(
    seen,
    verdict=st.sampled_from(("pass", "pass", "pass", "refuse", "unknown")),
    observed=st.integers(-120, 14_400).map(lambda each: ago(seconds=each)),
    since=st.integers(0, 20_000).map(lambda each: ago(seconds=each)),
    digests=st.sampled_from(((NEW,), (NEW,), (OLD,), (NEW, OLD))),
    source=st.sampled_from(("a", "b")),
)


@given(st.lists(pieces, max_size=6))
def test_when_a_soak_passes_no_minute_of_it_was_seen_otherwise(known: list[Evidence]) -> None:
    if result(SOAK, *known).verdict != "pass":
        return
    assert result(HEALTHY, *known).verdict == "pass"
    begin = ago(seconds=7200)
    for each in known:
        ok = each.digests == (NEW,) and each.verdict != "refuse"
        assert ok or each.observed <= begin
    assert all(each.since <= begin for each in known if each.digests == (NEW,) and each.verdict == "pass")


@given(st.lists(pieces, max_size=5), pieces)
def test_a_refusal_now_never_helps(known: list[Evidence], last: Evidence) -> None:
    newest = max(NOW, *(each.observed for each in (last, *known)))
    refusal = msgspec.structs.replace(last, verdict="refuse", observed=newest)
    assert result(HEALTHY, *known, refusal).verdict != "pass"


@given(st.lists(pieces, min_size=1, max_size=5))
def test_a_soak_passes_when_it_said_it_would_if_nothing_else_is_seen(known: list[Evidence]) -> None:
    waiting = result(SOAK, *known)
    if waiting.retry_after:
        ready = datetime.fromisoformat(waiting.retry_after)
        later = seen(observed=ready, since=ready - timedelta(hours=2))
        fresh = [msgspec.structs.replace(later, source=each) for each in ("a", "b")]
        assert result(SOAK, *known, *fresh, of=question(now=ready)).verdict == "pass"


def test_a_gate_names_the_evidence_that_decided_it() -> None:
    store = FakeEvidence(seen(), seen(observed=ago(hours=2)))
    (found,) = ask([HEALTHY], question(), ports(store))
    assert (store.of("ledger", "staging")[0][0],) == found.evidence
    assert (
        found.evidence[0].summary == "health of ledger in staging: pass, seen 2026-11-20T11:58:00Z by argocd"
    )


def test_evidence_that_cannot_be_read_leaves_the_gate_undecided_and_the_others_asked() -> None:
    broken = Undecided("this is no JSON: x", where=Location("a.json", 3, 1), hint="Correct it.")
    open_ = Gate("freeze", freeze=Freeze("Sat 00:00", "Sun 00:00"))
    found = ask([HEALTHY, open_], question(), ports(FakeEvidence(broken=broken)))
    assert found == (
        GateResult("healthy", "production", "unknown", "a.json:3:1: this is no JSON: x", hint="Correct it."),
        GateResult("freeze", "production", "pass", "no freeze now: Sat 00:00 to Sun 00:00 UTC"),
    )


@pytest.mark.parametrize(
    ("freeze", "message", "retry"),
    [
        (
            Freeze("Fri 12:00", "Mon 08:00", "Europe/Berlin"),
            "frozen until 2026-11-23T07:00:00Z: Fri 12:00 to Mon 08:00 Europe/Berlin",
            "2026-11-23T07:00:00Z",
        ),
        (
            Freeze(zone="UTC", cron="0 11 * * FRI", seconds=3 * 3600),
            "frozen until 2026-11-20T14:00:00Z: 3h from `0 11 * * FRI` UTC",
            "2026-11-20T14:00:00Z",
        ),
        (Freeze(zone="UTC", cron="0 * * * *", seconds=3600), "frozen: 1h from `0 * * * *` UTC", ""),
    ],
)
def test_a_freeze_refuses_the_whole_train_until_its_end(freeze: Freeze, message: str, retry: str) -> None:
    found = result(Gate("freeze", freeze=freeze))
    assert (found.verdict, found.service, found.message, found.retry_after) == ("refuse", "", message, retry)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0s"), (-5, "0s"), (59.9, "59s"), (7500, "2h 5m"), (90_061, "1d 1h"), (86_460, "1d 1m")],
)
def test_a_duration_is_said_in_at_most_two_units(seconds: float, words: str) -> None:
    assert words == spoken(seconds)
