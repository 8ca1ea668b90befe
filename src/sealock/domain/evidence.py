"""Evidence: what somebody saw, when, of which digests; the format that gates read and later ones emit.

One JSON object for each piece; its digest is the SHA-256 of its canonical form (RFC 8785).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

EVIDENCE_SCHEMA = "sealock.dev/evidence/v1"


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was seen of a service in an environment.

    `kind` is `health`, `smoke`, `approval`, `signature` or a program's own word. `digests` are the images
    it was seen of. `since` is when what it says began to hold without a break, `observed` when it was last
    seen; both aware. `commit` is the commit that was deployed, or empty. `source` says who saw it.
    """

    kind: str
    service: str
    environment: str
    digests: tuple[str, ...]
    verdict: Literal["pass", "refuse", "unknown"]
    since: datetime
    observed: datetime
    commit: str = ""
    source: str = ""
    message: str = ""
    details: dict[str, Any] = {}
    schema: Literal["sealock.dev/evidence/v1"] = EVIDENCE_SCHEMA
