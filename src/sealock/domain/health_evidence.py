"""What evidence of kind `health` says of some digests of a service in one environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from sealock.domain.evidence import Evidence
from sealock.domain.gate_question import spoken
from sealock.domain.printable import printable
from sealock.domain.promotion import EvidenceRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

Piece: TypeAlias = tuple[EvidenceRef, Evidence]

CLOCK_SKEW_SECONDS = 60
"""How far in the future something may have been seen, because clocks differ a little."""
_SHOWN = len("sha256:") + 12


class Health(msgspec.Struct, frozen=True):
    """What an environment says: a verdict with words, and the pieces that decided it."""

    verdict: Literal["pass", "refuse", "unknown"]
    message: str
    pieces: tuple[Piece, ...] = ()


class Wanted(msgspec.Struct, frozen=True):
    """What must be seen of a service: in this environment, at exactly these digests, not longer ago."""

    environment: str
    digests: tuple[str, ...]
    max_age_seconds: int


def health(pieces: Iterable[Piece], wanted: Wanted, now: datetime) -> Health:
    """Return what is known now: the newest word of every source that is not too old; all must agree."""
    known = _newest([each for each in pieces if each[1].kind == "health"])
    where = wanted.environment
    if not wanted.digests or not all(wanted.digests):
        return Health("unknown", "there are images without a digest, of which nothing can be known")
    if not known:
        expected = f"expected `health` of {_short(wanted.digests)}"
        return Health("unknown", f"nobody has said how it is in {where}; {expected}")
    ahead = [each for each in known if _age(each, now) < -CLOCK_SKEW_SECONDS]
    if ahead:
        far = spoken(-min(_age(each, now) for each in ahead))
        return Health("unknown", f"seen in {where} {far} in the future: a clock is wrong", tuple(ahead))
    fresh = [each for each in known if _age(each, now) <= wanted.max_age_seconds]
    if not fresh:
        seen = spoken(min(_age(each, now) for each in known))
        expected = f"expected at most {spoken(wanted.max_age_seconds)}"
        return Health("unknown", f"last seen in {where} {seen} ago, {expected}", tuple(known))
    return _agreed(fresh, wanted, now)


def _agreed(fresh: list[Piece], wanted: Wanted, now: datetime) -> Health:
    where = wanted.environment
    other = [each for each in fresh if not is_of(each, wanted)]
    same = [each for each in fresh if is_of(each, wanted)]
    refusing = [each for each in same if each[1].verdict == "refuse"]
    passing = [each for each in same if each[1].verdict == "pass"]
    if refusing:
        but = f"; but it is, {_said(passing[:1], now)}" if passing else ""
        return Health("refuse", f"not healthy in {where}: {_said(refusing, now)}{but}", tuple(fresh))
    if other:
        runs = _short(other[0][1].digests)
        message = f"{where} runs {runs}, seen {_said(other[:1], now)}; expected {_short(wanted.digests)}"
        return Health("refuse", message, tuple(fresh))
    if len(passing) < len(same):
        unsure = [each for each in same if each not in passing]
        return Health("unknown", f"nobody can tell how it is in {where}: {_said(unsure, now)}", tuple(fresh))
    return Health("pass", f"healthy in {where}, seen {_said(passing, now)}", tuple(fresh))


def healthy_since(pieces: Sequence[Piece], wanted: Wanted) -> datetime | None:
    """Return since when nothing says anything but healthy at these digests; None where nothing says that.

    The latest beginning counts, and the last time that something else was seen.
    """
    seen = [each for each in pieces if each[1].kind == "health"]
    good = [each[1].since for each in seen if is_of(each, wanted) and each[1].verdict == "pass"]
    broken = [each[1].observed for each in seen if not is_of(each, wanted) or each[1].verdict == "refuse"]
    return max(good + broken) if good else None


def is_of(piece: Piece, wanted: Wanted) -> bool:
    """Say whether a piece is about exactly the wanted digests, in whatever order."""
    return set(piece[1].digests) == set(wanted.digests)


def _newest(pieces: list[Piece]) -> list[Piece]:
    """Return the last word of each source; several where it said several things at one time."""
    last: dict[str, datetime] = {}
    for _, each in pieces:
        last[each.source] = max(each.observed, last.get(each.source, each.observed))
    return [piece for piece in pieces if piece[1].observed == last[piece[1].source]]


def _age(piece: Piece, now: datetime) -> float:
    return (now - piece[1].observed).total_seconds()


def _said(pieces: list[Piece], now: datetime) -> str:
    """Return who saw it when, and what they said of it: `2m ago by argocd (2 of 3 pods ready)`."""
    return ", ".join(dict.fromkeys(_one(each, now) for each in pieces))


def _one(piece: Piece, now: datetime) -> str:
    seen = piece[1]
    by = f" by {printable(seen.source)}" if seen.source else ""
    words = f" ({printable(seen.message, 200)})" if seen.message else ""
    return f"{spoken(_age(piece, now))} ago{by}{words}"


def _short(digests: Iterable[str]) -> str:
    return ", ".join(printable(each, _SHOWN) for each in digests) or "nothing"
