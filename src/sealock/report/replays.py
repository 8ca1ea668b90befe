"""Runs that were done again, for people and programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sealock.domain.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealock.domain.replay import Replay

SCHEMA = "sealock.dev/replays/v1"


def lines(found: Replay) -> Iterator[str]:
    """Yield what came of one run."""
    if found.undecided:
        yield f"{found.run}: could not be replayed: {printable(found.undecided, 500)}"
        return
    asked = f"{found.requests} of {found.recorded} requests"
    tree = f", tree {found.tree[:12]}" if found.tree and found.level == "tree" else ""
    yield f"{found.run}: {'the same' if found.same else 'different'}: {asked}{tree}"
    yield from (f"  {printable(each, 500)}" for each in found.differences)
    yield from (f"  changed since: {printable(each, 200)}" for each in found.changed)


def document(found: Sequence[Replay]) -> bytes:
    """Return what came of runs as JSON."""
    replays = [{**msgspec.to_builtins(each), "same": each.same} for each in found]
    body = {"schema": SCHEMA, "same": all(each.same for each in found), "replays": replays}
    return msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n"
