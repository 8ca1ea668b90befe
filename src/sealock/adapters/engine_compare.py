"""The engine's comparison of objects, and its verdict on updates, behind their ports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sealock.adapters.engine_answer import in_order
from sealock.domain.object_diff import Comparison

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealock.adapters.engine import Engines
    from sealock.ports import States

_COMPARISON = msgspec.json.Decoder(Comparison)


class EngineComparer:
    """Kubernetes' own merge keys; implements the Comparer port."""

    def __init__(self, pool: Engines) -> None:
        """Ask the engines of `pool`."""
        self._pool = pool

    def compare(
        self, states: Sequence[States], definitions: Sequence[dict[str, Any]] = ()
    ) -> list[Comparison]:
        """Return the differences of each pair, in order. Raises EngineError."""
        params = {"definitions": list(definitions)} if definitions else {}
        return in_order(self._pool.call("compare", params, states), len(states), _COMPARISON)
