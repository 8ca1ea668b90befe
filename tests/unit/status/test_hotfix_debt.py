"""When a hotfix owes the normal order, and when that is settled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from sealock.domain.hotfix_debt import HotfixDebt, open_debts
from sealock.domain.recorded_moves import Moved, Moves

if TYPE_CHECKING:
    from sealock.domain.promotion import Action

ORDER = ("dev", "staging", "production")
IMAGE = "ghcr.io/acme/ledger"


def moved(number: int, action: Action, environment: str, digest: str, source: str = "") -> Moved:
    return Moved(f"c{number}", number, action, "ledger", environment, IMAGE, "", digest, source)


def earlier(service: str, environment: str) -> tuple[str, ...]:
    assert service == "ledger"
    return ORDER[: ORDER.index(environment)][::-1]


def debts(moves: list[Moved], dev: str = "a", staging: str = "a", production: str = "a") -> list[str]:
    """Return the digests that are owed, with where they are missing."""
    runs = {"dev": dev, "staging": staging, "production": production}
    running = {("ledger", name): {IMAGE: frozenset({digest} - {""})} for name, digest in runs.items()}
    return [f"{each.digest}: {','.join(each.missing)}" for each in open_debts(Moves(moves), earlier, running)]


HOTFIX = moved(1, "hotfix", "production", "b")


def test_a_hotfix_is_owed_to_every_environment_before() -> None:
    assert debts([HOTFIX], production="b") == ["b: staging,dev"]


def test_an_environment_that_runs_it_now_is_no_longer_missing() -> None:
    assert debts([HOTFIX], dev="b", production="b") == ["b: staging"]


def test_it_is_settled_when_all_environments_before_have_it_now() -> None:
    assert debts([HOTFIX], dev="b", staging="b", production="b") == []


def test_it_is_settled_when_promotions_say_that_all_of_them_had_it() -> None:
    through = moved(2, "promote", "staging", "b", "dev")
    assert debts([HOTFIX, through], dev="c", staging="c", production="b") == []


def test_a_newer_digest_by_the_normal_order_settles_it() -> None:
    order = [moved(2, "promote", "staging", "c", "dev"), moved(3, "promote", "production", "c", "staging")]
    assert debts([HOTFIX, *order], dev="c", staging="c", production="c") == []


def test_a_promotion_that_went_past_an_environment_does_not_settle_it() -> None:
    past = moved(2, "promote", "production", "c", "staging")
    assert debts([HOTFIX, past], dev="a", staging="d", production="c") == ["b: staging,dev"]


def test_a_promotion_before_the_hotfix_does_not_settle_it() -> None:
    before = [moved(0, "promote", "staging", "a", "dev"), moved(0, "promote", "production", "a", "staging")]
    assert debts([*before, HOTFIX], production="b") == ["b: staging,dev"]


def test_what_somebody_brought_by_hand_settles_it_if_all_before_had_it() -> None:
    assert debts([HOTFIX], dev="c", staging="c", production="c") == []


def test_what_somebody_brought_by_hand_past_the_order_does_not() -> None:
    assert debts([HOTFIX], dev="c", staging="a", production="c") == ["b: staging,dev"]


def test_a_rollback_to_what_was_no_hotfix_ends_it() -> None:
    assert debts([HOTFIX, moved(2, "rollback", "production", "z")], production="z") == []


def test_a_rollback_to_another_hotfix_leaves_that_one_owed() -> None:
    second = moved(2, "hotfix", "production", "c")
    back = moved(3, "rollback", "production", "b")
    assert debts([HOTFIX, second, back], production="b") == ["b: staging,dev"]


def test_the_settling_of_a_later_hotfix_settles_the_earlier_one() -> None:
    second = moved(2, "hotfix", "production", "c")
    assert debts([HOTFIX, second], dev="c", staging="c", production="c") == []


def test_the_settling_of_an_earlier_hotfix_leaves_the_later_one() -> None:
    second = moved(2, "hotfix", "production", "c")
    assert debts([HOTFIX, second], dev="b", staging="b", production="c") == ["c: staging,dev"]


def test_an_environment_that_never_pinned_a_digest_is_passed_over() -> None:
    assert debts([HOTFIX], dev="", staging="b", production="b") == []
    assert debts([HOTFIX], dev="", staging="a", production="b") == ["b: staging"]


def test_where_none_before_pins_digests_all_of_them_are_missing() -> None:
    assert debts([HOTFIX], dev="", staging="", production="b") == ["b: staging,dev"]


def test_a_service_that_is_gone_owes_nothing() -> None:
    assert open_debts(Moves([HOTFIX]), earlier, {}) == ()


def test_an_image_without_a_digest_now_still_owes() -> None:
    running = {("ledger", "production"): {IMAGE: frozenset[str]()}}
    expected = HotfixDebt("ledger", "production", IMAGE, "b", ("staging", "dev"), "c1", 1)
    assert open_debts(Moves([HOTFIX]), earlier, running) == (expected,)


DIGESTS = st.sampled_from("abc")
ACTIONS: st.SearchStrategy[Action] = st.sampled_from(["promote", "rollback", "hotfix"])
STEPS = st.lists(st.tuples(ACTIONS, st.sampled_from(ORDER), DIGESTS), max_size=8)


@given(steps=STEPS, now=DIGESTS)
def test_nothing_is_owed_once_all_environments_run_the_same(
    steps: list[tuple[Action, str, str]], now: str
) -> None:
    moves = [moved(number, *step) for number, step in enumerate(steps)]
    assert debts(moves, now, now, now) == []


@given(steps=STEPS, dev=DIGESTS, staging=DIGESTS, production=DIGESTS)
def test_only_hotfixes_are_owed_and_only_where_something_is_missing(
    steps: list[tuple[Action, str, str]], dev: str, staging: str, production: str
) -> None:
    moves = [moved(number, *step) for number, step in enumerate(steps)]
    hotfixed = {each.digest for each in moves if each.action == "hotfix"}
    for each in debts(moves, dev, staging, production):
        digest, _, missing = each.partition(": ")
        assert digest in hotfixed
        assert missing
