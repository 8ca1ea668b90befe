"""Orders names by what they come after."""

from __future__ import annotations

import graphlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class CycleError(ValueError):
    """The names depend on each other; `names` starts and ends with the same one."""

    def __init__(self, names: tuple[str, ...]) -> None:
        """Take the names in the order in which each depends on the next."""
        super().__init__(" → ".join(names))
        self.names = names


def waves(needs: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """Return the wave of each name: 0 without needs, else one more than the highest it needs.

    Every need is a key of `needs`. Raises CycleError, each name followed by one that it needs.
    """
    try:
        order = tuple(graphlib.TopologicalSorter(needs).static_order())
    except graphlib.CycleError as cycle:
        raise CycleError(tuple(reversed(cycle.args[1]))) from None
    wave: dict[str, int] = {}
    for name in order:
        wave[name] = max((wave[need] + 1 for need in needs[name]), default=0)
    return wave
