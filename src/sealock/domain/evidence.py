"""Evidence: what somebody saw, when, of which digests; the format that gates read and later ones emit.

One JSON object for each piece; its digest is the SHA-256 of its canonical form (RFC 8785).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from sealock.domain.gate_question import rfc3339
from sealock.domain.printable import printable

EVIDENCE_SCHEMA: Final = "sealock.dev/evidence/v1"

_Name: TypeAlias = Annotated[str, Meta(pattern=r"^[^\s\x00-\x1f\x7f]+$", max_length=65_536)]
_Digest: TypeAlias = Annotated[str, Meta(pattern=r"^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$")]


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was seen of a service in an environment."""

    kind: Annotated[
        str,
        Meta(
            pattern=r"^[a-z][a-z0-9-]*$",
            max_length=63,
            description="`health`, `smoke`, `approval`, `signature` or a program's own word.",
        ),
    ]
    service: Annotated[
        _Name,
        Meta(
            description="The service as `sealock status` calls it. "
            "A program that judged several is kept with all, separated by commas."
        ),
    ]
    environment: Annotated[_Name, Meta(description="The environment it was seen in.")]
    digests: Annotated[
        tuple[_Digest, ...],
        Meta(description="The digests of all its images that were running then, and of no others."),
    ]
    verdict: Annotated[
        Literal["pass", "refuse", "unknown"],
        Meta(description="Whether it was well; `unknown` when whoever looked could not tell."),
    ]
    since: Annotated[
        datetime,
        Meta(tz=True, description="When what the verdict says began to hold without a break; RFC 3339."),
    ]
    observed: Annotated[
        datetime, Meta(tz=True, description="When it was last seen, not before `since`; RFC 3339.")
    ]
    commit: Annotated[
        str,
        Meta(
            pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})?$",
            description="The commit that was deployed. Default: empty.",
        ),
    ] = ""
    source: Annotated[
        str,
        Meta(
            max_length=1024,
            description="Who saw it. The newest word of each source counts; all must agree. Default: empty.",
        ),
    ] = ""
    message: Annotated[str, Meta(max_length=16_384, description="More for people. Default: empty.")] = ""
    details: Annotated[dict[str, Any], Meta(description="More for programs. Default: empty.")] = {}
    schema: Annotated[Literal["sealock.dev/evidence/v1"], Meta(description="The version of this format.")] = (
        EVIDENCE_SCHEMA
    )


def summary(evidence: Evidence) -> str:
    """Return one line for people about a piece of evidence."""
    by = f" by {printable(evidence.source)}" if evidence.source else ""
    about = f"{printable(evidence.service)} in {printable(evidence.environment)}"
    return f"{evidence.kind} of {about}: {evidence.verdict}, seen {rfc3339(evidence.observed)}{by}"
