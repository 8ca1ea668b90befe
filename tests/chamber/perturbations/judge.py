"""What a change of the host did to a run: compared with the same run on the host without it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from tests.chamber.perturbations.catalogue import SECRET

from sealock.chamber.normalise import normalised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.chamber.perturbations.observe import Observation

Effect = Literal["prompt", "headers", "outcome", "secret"]

_HEADERS = ("user-agent", "originator", "authorization", "x-codex-beta-features")
_METADATA = "x-codex-turn-metadata"
# The rest of it are ids and times, and what Git says, which is sent when it is known in time.
_TOLD = ("sandbox", "sandbox_mode", "model", "reasoning_effort")


def effects(usual: Sequence[Observation], changed: Observation) -> tuple[Effect, ...]:
    """Return what differs from every usual run: the first request, its headers, what came after.

    A secret that shows is an effect whatever is usual.
    """
    found: list[Effect] = []
    if all(_bodies(each)[:1] != _bodies(changed)[:1] for each in usual):
        found.append("prompt")
    if all(_headers(each) != _headers(changed) for each in usual):
        found.append("headers")
    if all((_outputs(each), each.status) != (_outputs(changed), changed.status) for each in usual):
        found.append("outcome")
    if SECRET in changed.everything:
        found.append("secret")
    return tuple(found)


def _bodies(seen: Observation) -> list[Any]:
    return [normalised(json.loads(body)) for _, body in seen.requests]


def _outputs(seen: Observation) -> list[Any]:
    """Return what commands printed, as the model is told it."""
    items = [each for body in _bodies(seen)[1:] for each in body["input"]]
    return [each for each in items if each.get("type", "").endswith("call_output")]


def _headers(seen: Observation) -> list[dict[str, Any]]:
    kept = []
    for headers, _ in seen.requests[:1]:
        told = json.loads(headers.get(_METADATA, "{}"))
        kept.append({name: headers.get(name) for name in _HEADERS} | {name: told.get(name) for name in _TOLD})
    return kept
