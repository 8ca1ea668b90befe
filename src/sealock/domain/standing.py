"""How an environment stands beside one that it comes from: the same digests, ahead or behind, by how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.status import Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealock.domain.promotion import ImagePin
    from sealock.domain.recorded_moves import Moves
    from sealock.domain.status import Cell, StandingWord


def standing(target: Cell, source: Cell, moves: Moves) -> Standing:
    """Return how `target` stands beside `source`, an environment that it comes from.

    Behind: it has what the source had before. Ahead: the source has what it had before. Promotions are
    counted where the records say all of the way; a change by hand cannot be counted.
    """
    if target.differ or source.differ:
        return Standing(source.environment, "unknown")
    theirs = {each.name: each for each in source.pins}
    found = [
        _of_image(_Place(target, each), _Place(source, theirs[each.name]), moves)
        for each in target.pins
        if each.name in theirs
    ]
    return Standing(source.environment, *(_together(found) if found else ("unknown", None)))


class _Place:
    """One image of a cell, and what is recorded of it."""

    def __init__(self, cell: Cell, pin: ImagePin) -> None:
        self.digest = pin.digest
        self._cell = cell
        self._image = pin.repository

    def had(self, digest: str, moves: Moves) -> tuple[bool, int | None]:
        """Return whether this place had `digest` before, and how many moves ago if that is known."""
        service, environment = self._cell.service, self._cell.environment
        had: list[str] = []
        for each in moves.into(service, environment, self._image):
            if each.before and had[-1:] != [each.before]:
                had.append(each.before)
            had.append(each.digest)
        if digest in had:
            back = had[::-1].index(digest)
            return True, back if had[-1] == self.digest else None
        return moves.ran(service, environment, digest), None


def _of_image(target: _Place, source: _Place, moves: Moves) -> tuple[StandingWord, int | None]:
    if not target.digest or not source.digest:
        return "unknown", None
    if target.digest == source.digest:
        return "same", 0
    behind, by = source.had(target.digest, moves)
    if behind:
        return "behind", by
    ahead, by = target.had(source.digest, moves)
    return ("ahead", by) if ahead else ("differs", None)


def _together(found: Sequence[tuple[StandingWord, int | None]]) -> tuple[StandingWord, int | None]:
    """Return one word for several images: the same ones aside, they must agree."""
    words = {word for word, _ in found}
    if "unknown" in words:
        return "unknown", None
    moved = words - {"same"}
    if not moved:
        return "same", 0
    if len(moved) > 1:
        return "differs", None
    (word,) = moved
    counts = [by for each, by in found if each == word]
    known = [by for by in counts if by is not None]
    return word, max(known) if len(known) == len(counts) else None
