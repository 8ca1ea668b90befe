"""Expands ApplicationSets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sealock.domain.source_map import parse_path
from sealock.rules.view import Generated, SetRefusal, UnknownSet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealock.ports import ApplicationSets, ExpansionFacts
    from sealock.rules.view import ApplicationView

_HINTS = {
    "clusters": "List the clusters of Argo CD under `clusters` in sealock.yaml.",
    "git": "Only this repository can be read, as it is here; `repository` in services.yaml says its URL.",
}
_NO_HINT = "Argo CD alone can tell: argocd appset generate FILE."


class Expanded(msgspec.Struct, frozen=True):
    """What some ApplicationSets make; each list in the order of the sets."""

    applications: tuple[Generated, ...] = ()
    unknown: tuple[UnknownSet, ...] = ()
    refused: tuple[SetRefusal, ...] = ()


def expand(sets: Sequence[ApplicationView], argocd: ApplicationSets, facts: ExpansionFacts) -> Expanded:
    """Return the Applications of ApplicationSets, from files or rendered. Raises EngineError."""
    if not sets:
        return Expanded()
    applications: list[Generated] = []
    unknown: list[UnknownSet] = []
    refused: list[SetRefusal] = []
    for origin, found in zip(sets, argocd.expand([each.manifest for each in sets], facts), strict=True):
        for made in found.applications:
            generator = parse_path(made.generator, origin.manifest)
            applications.append(
                Generated(made.manifest, origin, generator, made.patched, found.read, made.ignored)
            )
        for each in found.undecided:
            path = parse_path(each.path, origin.manifest)
            kind = str(path[-1]) if path else ""
            hint = _HINTS.get(kind, _NO_HINT)
            unknown.append(UnknownSet(origin, path, each.reason, hint, found.read))
        refused += [
            SetRefusal(origin, parse_path(each.path, origin.manifest), each.message, found.read)
            for each in found.problems
        ]
    return Expanded(tuple(applications), tuple(unknown), tuple(refused))
