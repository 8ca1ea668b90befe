"""How an environment stands beside the one that it comes from."""

from __future__ import annotations

import pytest

from sealock.domain.promotion import ImagePin
from sealock.domain.recorded_moves import Moved, Moves
from sealock.domain.standing import standing
from sealock.domain.status import Cell, Standing, StandingWord

NAME = "ghcr.io/acme/ledger"


def cell(environment: str, **digests: str) -> Cell:
    pins = tuple(ImagePin(f"{NAME}-{name}", digest=digest) for name, digest in digests.items())
    return Cell("ledger", environment, (), pins)


def moved(environment: str, before: str, digest: str, source: str = "", image: str = "api") -> Moved:
    name = f"{NAME}-{image}"
    return Moved("c", 1, "promote", "ledger", environment, name, before, digest, source)


STAGING = [moved("staging", "a", "b", "dev"), moved("staging", "b", "c", "dev")]


@pytest.mark.parametrize(
    ("source", "target", "word", "by"),
    [
        ("c", "c", "same", 0),
        ("c", "b", "behind", 1),
        ("c", "a", "behind", 2),
        ("c", "z", "differs", None),
        # Somebody changed the source by hand since: the way is not all recorded.
        ("d", "b", "behind", None),
        ("", "b", "unknown", None),
        ("c", "", "unknown", None),
    ],
)
def test_what_the_source_had_before_is_behind(
    source: str, target: str, word: StandingWord, by: int | None
) -> None:
    found = standing(cell("production", api=target), cell("staging", api=source), Moves(STAGING))
    assert found == Standing("staging", word, by)


def test_what_left_the_source_is_behind_though_it_came_there_by_hand() -> None:
    moves = Moves([moved("staging", "", "a", "dev")])
    assert standing(cell("staging", api="a"), cell("dev", api="b"), moves) == Standing("dev", "behind", None)


def test_a_source_that_has_what_the_target_had_before_is_ahead() -> None:
    moves = Moves([moved("production", "c", "d")])
    found = standing(cell("production", api="d"), cell("staging", api="c"), moves)
    assert found == Standing("staging", "ahead", 1)


def test_several_images_are_as_far_behind_as_the_farthest() -> None:
    moves = Moves([*STAGING, moved("staging", "x", "y", "dev", "web")])
    found = standing(cell("production", api="a", web="x"), cell("staging", api="c", web="y"), moves)
    assert found == Standing("staging", "behind", 2)


def test_an_image_ahead_and_one_behind_differ() -> None:
    moves = Moves([*STAGING, moved("production", "x", "y", image="web")])
    found = standing(cell("production", api="a", web="y"), cell("staging", api="c", web="x"), moves)
    assert found == Standing("staging", "differs", None)


def test_nothing_can_be_said_of_images_that_the_source_does_not_have() -> None:
    found = standing(cell("production", api="a"), cell("staging", web="a"), Moves([]))
    assert found == Standing("staging", "unknown", None)
