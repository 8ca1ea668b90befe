"""Since when overlays have the images they have, where no promotion tells: from what commits changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.status import Arrival
from sealock.errors import SealockError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from sealock.ports import BranchChanges, Touched

_STEPS = (slice(0, 200), slice(200, 2_000))
"""How many commits are looked at, newest first: a tenth of a second; what is older is said to be older."""
_MOST_NEW = 2_000


class Ages:
    """Looks for the commits that brought what files have."""

    def __init__(self, changes: BranchChanges, tip: str, read_text: Callable[[str], str]) -> None:
        """Look in `changes` up to `tip`, whose files `read_text` reads."""
        self._changes = changes
        self._tip = tip
        self._read_text = read_text
        self._known: dict[str, frozenset[tuple[str, str]]] = {}
        self.why = ""

    def still(self, known: Mapping[str, Arrival], since: str) -> dict[str, Arrival]:
        """Return which of the arrivals known at the commit `since` hold, newer ones in place of older.

        Raises Undecided.
        """
        if since == self._tip or not known:
            return dict(known)
        if not since:
            return {}
        found = self._changes.touched(self._tip, known.keys(), slice(0, _MOST_NEW), since)
        if not found.ended:
            return {}
        return {**known, **self._brought(found, known.keys())}

    def find(self, files: Iterable[str]) -> dict[str, Arrival]:
        """Return since when each file has what it has. Raises Undecided."""
        left = set(files)
        known: dict[str, Arrival] = {}
        oldest = 0
        for step in _STEPS if left else ():
            found = self._changes.touched(self._tip, left, step)
            oldest = found.oldest or oldest
            known |= self._brought(found, left)
            left -= known.keys()
            self.why = self.why or found.why
            if not left or found.ended:
                break
        return known | {file: Arrival(oldest, or_before=True) for file in left}

    def _brought(self, found: Touched, wanted: Collection[str]) -> dict[str, Arrival]:
        left = set(wanted)
        brought: dict[str, Arrival] = {}
        for each in found.files:
            if each.path in left and _said(each.before, each.path) != self._now(each.path):
                # The first commit of a shallow clone seems to have brought everything.
                is_first = bool(found.why) and each.time <= found.oldest
                brought[each.path] = Arrival(each.time, each.commit, or_before=is_first)
                left.discard(each.path)
        return brought

    def _now(self, file: str) -> frozenset[tuple[str, str]]:
        if file not in self._known:
            try:
                text = self._read_text(file)
            except (FileNotFoundError, SealockError):
                text = ""
            self._known[file] = _said(text, file)
        return self._known[file]


def _said(text: str, file: str) -> frozenset[tuple[str, str]]:
    """Return which digest, or else tag, a text gives each image."""
    from sealock.app.image_sites import pins_of  # noqa: PLC0415 - slow to load, and mostly not needed

    return frozenset((each.name, each.digest or each.tag) for each in pins_of(text, file))
