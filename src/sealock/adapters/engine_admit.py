"""The API server's own verdicts, behind the ports Admitter and Quotas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sealock.adapters.engine_answer import in_order
from sealock.adapters.verdict_cache import digest, recall
from sealock.domain.rendered import Admission
from sealock.ports import ClusterFacts, QuotaAnswer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealock.adapters.engine import Engines
    from sealock.adapters.verdict_cache import VerdictStore
    from sealock.ports import Admitter, NamespaceContents, States

_ADMISSION = msgspec.json.Decoder(Admission)
_QUOTA = msgspec.json.Decoder(QuotaAnswer)
_NOTHING = ClusterFacts()


class EngineAdmitter:
    """The strategies of Kubernetes' own registries; implements the Admitter port."""

    def __init__(self, pool: Engines) -> None:
        """Ask the engines of `pool`."""
        self._pool = pool

    def admit(self, states: Sequence[States], facts: ClusterFacts = _NOTHING) -> list[Admission]:
        """Return one verdict for each, in order. Raises EngineError."""
        answers = self._pool.call("admit", _parameters(facts), list(map(_item, states)))
        return in_order(answers, len(states), _ADMISSION)


def _item(states: States) -> dict[str, Any]:
    item: dict[str, Any] = {"object": states.after}
    if states.before is not None:
        item["old"] = states.before
    if states.namespace:
        item["namespace"] = states.namespace
    return item


def _parameters(facts: ClusterFacts) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if facts.definitions:
        found["definitions"] = facts.definitions
    if facts.namespaces:
        found["namespaces"] = [{"name": name, "labels": labels} for name, labels in facts.namespaces.items()]
    if facts.pod_security is not None:
        found["pod_security"] = facts.pod_security
    return found


class EngineQuotas:
    """Kubernetes' own limit ranger and quota evaluators; implements the Quotas port."""

    def __init__(self, pool: Engines) -> None:
        """Ask the engines of `pool`."""
        self._pool = pool

    def count(self, groups: Sequence[NamespaceContents]) -> list[QuotaAnswer]:
        """Return one answer for each group, in order. Raises EngineError."""
        return in_order(self._pool.call("quota", {}, groups), len(groups), _QUOTA)


class RememberingAdmitter:
    """An Admitter that asks `inner` only about what it has not judged before."""

    def __init__(self, inner: Admitter, store: VerdictStore, engine: str) -> None:
        """Remember in `store` what `inner` says, as long as the engine's fingerprint is the same."""
        self._inner = inner
        self._store = store
        self._engine = engine
        self._decoder = msgspec.msgpack.Decoder(Admission)

    def admit(self, states: Sequence[States], facts: ClusterFacts = _NOTHING) -> list[Admission]:
        """Return one verdict for each, in order. Raises EngineError."""
        about = digest("admit", self._engine, facts)
        keys = [digest(about, each) for each in states]
        return recall(self._store, keys, states, self._decoder, lambda new: self._inner.admit(new, facts))
