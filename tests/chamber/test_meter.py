"""What requests cost, what may be spent, and that several runs cannot spend the same money."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from sealock.chamber.meter import Budget, Meter, OverBudget, SharedBudget, cost, usage_of
from sealock.domain.agent_run import Price, Usage
from sealock.errors import SealockError, Undecided

if TYPE_CHECKING:
    from pathlib import Path

_PRICES = {"*": Price(1.0, 0.1, 10.0)}
_SIZES = st.integers(0, 200_000)


def _completed(**usage: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {"response": {"usage": usage}}


def test_cached_input_has_its_own_price() -> None:
    usage = Usage(input=1_000_000, cached_input=600_000, output=100_000, reasoning=90_000)

    assert cost(usage, Price(1.0, 0.1, 10.0)) == pytest.approx(0.4 + 0.06 + 1.0)


def test_usage_is_read_as_the_api_has_it() -> None:
    found = usage_of(
        _completed(
            input_tokens=9,
            input_tokens_details={"cached_tokens": 4},
            output_tokens=5,
            output_tokens_details={"reasoning_tokens": 2},
        )
    )

    assert found == Usage(9, 4, 5, 2)


@pytest.mark.parametrize(
    "event",
    [
        None,
        {},
        {"response": None},
        _completed(),
        _completed(input_tokens=-1, output_tokens=0),
        _completed(input_tokens="1", output_tokens=0),
        _completed(input_tokens=1, output_tokens=0, input_tokens_details={"cached_tokens": 2}),
    ],
)
def test_usage_that_cannot_be_right_is_not_known(event: object) -> None:
    assert usage_of(event) is None


def test_a_request_that_could_cost_too_much_is_not_granted() -> None:
    meter = Meter(Budget(usd=0.01, prices=_PRICES))

    with pytest.raises(OverBudget) as caught:
        meter.reserve("m", 40_000)

    assert caught.value.message == snapshot(
        "the budget of this run ($0.01) would break: $0.0000 and 0 tokens are spent or booked"
    )
    assert meter.spent_usd == 0.0


def test_an_answer_is_capped_to_what_is_left() -> None:
    grant = Meter(Budget(usd=0.1, prices=_PRICES)).reserve("m", 20_000)

    assert grant.output == 8999
    assert grant.usd <= 0.1


def test_what_was_booked_and_not_used_can_be_spent_again() -> None:
    meter = Meter(Budget(usd=0.1, prices=_PRICES))
    for _ in range(20):
        meter.settle(meter.reserve("m", 2000), Usage(500, 0, 100, 0))

    assert meter.spent_usd == pytest.approx(20 * 0.0015)


def test_what_nobody_knows_the_cost_of_counts_in_full() -> None:
    meter = Meter(Budget(usd=0.1, prices=_PRICES))
    grant = meter.reserve("m", 2000)

    assert meter.settle(grant, None) == grant.usd
    assert meter.spent_usd == pytest.approx(grant.usd)


def test_without_a_price_a_budget_in_dollars_cannot_be_kept() -> None:
    with pytest.raises(Undecided) as caught:
        Meter(Budget(usd=1.0, prices={"other": Price(1, 1, 1)})).reserve("gpt-5.5", 10)

    assert caught.value.message == snapshot(
        "the price of gpt-5.5 is not known, so a budget in dollars cannot be kept"
    )


def test_without_limits_nothing_is_capped() -> None:
    assert Meter(Budget()).reserve("m", 10).output == 0


def test_a_budget_of_tokens_holds_too() -> None:
    meter = Meter(Budget(tokens=5000))
    meter.settle(meter.reserve("m", 4000), Usage(2500, 0, 500, 0))

    with pytest.raises(OverBudget):
        meter.reserve("m", 4000)


_Answer = tuple[int, float, float, bool]
_ANSWERS = st.tuples(_SIZES, st.floats(0, 1), st.floats(0, 1), st.booleans())


@given(st.floats(0.001, 2.0), st.lists(_ANSWERS, max_size=30))
def test_no_run_spends_more_than_its_budget(usd: float, answers: list[_Answer]) -> None:
    meter = Meter(Budget(usd=usd, prices=_PRICES))
    for size, of_input, of_output, known in answers:
        try:
            grant = meter.reserve("m", size)
        except OverBudget:
            continue
        used = Usage(int(grant.input * of_input), 0, int(grant.output * of_output), 0)
        meter.settle(grant, used if known else None)

    assert meter.spent_usd <= usd + 1e-9


def _spend(path: str, rounds: int, granted: Any) -> None:  # noqa: ANN401 - a queue
    meter = Meter(Budget(prices=_PRICES, output_cap=1000, shared=(SharedBudget(path, usd=1.0),)))
    count = 0
    for _ in range(rounds):
        try:
            meter.settle(meter.reserve("m", 2000), Usage(1000, 0, 900, 0))
        except SealockError:
            break
        count += 1
    granted.put(count)


def test_runs_that_share_a_budget_spend_it_once(tmp_path: Path) -> None:
    path = str(tmp_path / "pipeline.json")
    context = multiprocessing.get_context("spawn")
    granted = context.Queue()
    runs = [context.Process(target=_spend, args=(path, 200, granted)) for _ in range(3)]
    for each in runs:
        each.start()
    counts = [granted.get(timeout=60) for _ in runs]
    for each in runs:
        each.join()

    # Each costs a cent, and up to three are booked with 1.1 cents while they are on their way.
    assert 97 <= sum(counts) <= 100


def test_a_run_that_died_leaves_its_booking_behind(tmp_path: Path) -> None:
    shared = SharedBudget(str(tmp_path / "pipeline.json"), usd=0.02)
    Meter(Budget(prices=_PRICES, output_cap=1500, shared=(shared,))).reserve("m", 2000)

    with pytest.raises(OverBudget) as caught:
        Meter(Budget(prices=_PRICES, output_cap=1500, shared=(shared,))).reserve("m", 2000)

    assert "the budget of all runs ($0.02)" in caught.value.message


def test_a_shared_budget_that_cannot_be_read_grants_nothing(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.json"
    path.write_text("{")

    with pytest.raises(Undecided) as caught:
        Meter(Budget(prices=_PRICES, shared=(SharedBudget(str(path), usd=1.0),))).reserve("m", 10)

    assert caught.value.hint == "Take it away to begin anew."
