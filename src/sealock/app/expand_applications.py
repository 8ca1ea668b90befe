"""Expands ApplicationSets, and leads from a generated Application's field back to the set's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sealock.domain.source_map import parse_path
from sealock.domain.yaml_document import Path
from sealock.rules.view import ApplicationView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealock.ports import ApplicationSets, ExpansionFacts

_HINTS = {
    "clusters": "List the clusters of Argo CD under `clusters` in sealock.yaml.",
    "git": "Only this repository can be read, as it is here; `repository` in services.yaml says its URL.",
}
_NO_HINT = "Argo CD alone can tell: argocd appset generate FILE."


class Generated(msgspec.Struct, frozen=True):
    """An Application that an ApplicationSet makes: `origin` is the set, `generator` its generator's path."""

    manifest: dict[str, Any]
    origin: ApplicationView
    generator: Path
    patched: tuple[Path, ...] = ()

    def field(self, path: Path) -> Path:
        """Return the field of the ApplicationSet that sets a field of the Application.

        That is `spec.templatePatch`, the generator's own template, or `spec.template`.
        """
        if any(path[: len(each)] == each for each in self.patched):
            return ("spec", "templatePatch")
        if path[:2] == ("metadata", "namespace"):
            return path
        own = (*self.generator, "template", *path)
        return own if _counts(self.origin.manifest, own) else ("spec", "template", *path)


class Unknown(msgspec.Struct, frozen=True):
    """A generator of `origin` whose Applications nobody can tell here, and why."""

    origin: ApplicationView
    path: Path
    reason: str
    hint: str


class Refusal(msgspec.Struct, frozen=True):
    """Why Argo CD would not create Applications of `origin`, in its words; `path` is the field at fault."""

    origin: ApplicationView
    path: Path
    message: str


class Expanded(msgspec.Struct, frozen=True):
    """What some ApplicationSets make; each list in the order of the sets."""

    applications: tuple[Generated, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    refused: tuple[Refusal, ...] = ()


def expand(sets: Sequence[ApplicationView], argocd: ApplicationSets, facts: ExpansionFacts) -> Expanded:
    """Return the Applications of ApplicationSets, from files or rendered. Raises EngineError."""
    if not sets:
        return Expanded()
    applications: list[Generated] = []
    unknown: list[Unknown] = []
    refused: list[Refusal] = []
    for origin, found in zip(sets, argocd.expand([each.manifest for each in sets], facts), strict=True):
        for made in found.applications:
            generator = parse_path(made.generator, origin.manifest)
            applications.append(Generated(made.manifest, origin, generator, made.patched))
        for each in found.undecided:
            path = parse_path(each.path, origin.manifest)
            kind = str(path[-1]) if path else ""
            unknown.append(Unknown(origin, path, each.reason, _HINTS.get(kind, _NO_HINT)))
        refused += [
            Refusal(origin, parse_path(each.path, origin.manifest), each.message) for each in found.problems
        ]
    return Expanded(tuple(applications), tuple(unknown), tuple(refused))


def _counts(manifest: dict[str, Any], path: Path) -> bool:
    """Say whether a generator's template sets a field: an empty value leaves it to spec.template."""
    node: Any = manifest
    for step in path:
        if isinstance(node, dict):
            node = node.get(step)
        elif isinstance(node, list) and isinstance(step, int) and step < len(node):
            node = node[step]
        else:
            return False
    return bool(node)
