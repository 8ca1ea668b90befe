"""Finds the known word that a misspelt one stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that `word` most likely stands for, or None when none is near."""
    import difflib  # noqa: PLC0415 - only an error needs it

    by_folded = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[near[0]] if near else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint: the closest known word, else all of them (at most twelve)."""
    known = list(known)
    near = closest(word, known)
    if near is not None:
        return f"Did you mean `{printable(near)}`?"
    shown = ", ".join(printable(each) for each in known[:12])
    return f"Known: {shown}{', …' if len(known) > 12 else ''}." if known else ""  # noqa: PLR2004
