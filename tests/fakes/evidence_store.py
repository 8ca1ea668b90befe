"""An EvidenceStore in memory."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec
import rfc8785

from sealock.domain.evidence import Evidence, summary
from sealock.domain.promotion import EvidenceRef

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealock.errors import SealockError


class FakeEvidence:
    """Holds what it is given; raises `broken` instead, when it is set."""

    def __init__(self, *known: Evidence, broken: SealockError | None = None) -> None:
        self._known: dict[str, tuple[EvidenceRef, Evidence]] = {}
        self._broken = broken
        for each in known:
            self.keep(each)

    def of(self, service: str, environment: str) -> Sequence[tuple[EvidenceRef, Evidence]]:
        if self._broken is not None:
            raise self._broken
        found = [
            each
            for each in self._known.values()
            if (each[1].service, each[1].environment) == (service, environment)
        ]
        return sorted(found, key=lambda each: (each[1].observed, each[0].digest), reverse=True)

    def keep(self, evidence: Evidence) -> EvidenceRef:
        canonical = rfc8785.dumps(msgspec.to_builtins(evidence))
        digest = f"sha256:{hashlib.sha256(canonical).hexdigest()}"
        ref = EvidenceRef(evidence.kind, digest, summary(evidence))
        self._known[digest] = (ref, evidence)
        return ref
