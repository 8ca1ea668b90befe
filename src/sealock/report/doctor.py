"""A diagnosis for people and programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.doctor import Diagnosis

SCHEMA = "sealock.dev/doctor/v1"

_SIGNS = {
    "fine": "ok",
    "missing": "missing",
    "old": "OLD",
    "broken": "BROKEN",
    "leak": "leak",
    "unknown": "unknown",
}


def text(diagnosis: Diagnosis) -> Iterator[str]:
    """Yield a line for each thing that was looked at, and below it how to mend what is wrong."""
    for each in diagnosis.examined:
        yield f"{_SIGNS[each.state]:8} {each.name}: {each.found}"
        if each.mend:
            yield f"         {each.mend}"


def json(diagnosis: Diagnosis) -> bytes:
    """Return it as JSON."""
    document = {"schema": SCHEMA, "exitCode": diagnosis.exit_code, **msgspec.to_builtins(diagnosis)}
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
