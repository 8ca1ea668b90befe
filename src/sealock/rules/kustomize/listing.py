"""Which entries of a kustomization's lists bring in the same file or folder twice."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

import msgspec

from sealock.domain.location import Location
from sealock.domain.printable import printable
from sealock.domain.yaml_document import Mapping, Scalar, Sequence, resolved, to_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.yaml_document import Node
    from sealock.rules.view import OverlayView, RepositoryView

_RESOURCES = ("resources", "bases")
_OTHERS = ("components", "patches", "patchesStrategicMerge", "transformers")
_REFUSED = re.compile(
    r"may not add resource with an already registered id: ([A-Za-z0-9]+)\.\S*/([^/\s]+?)\.[^.\s]+(?:\s|$|')"
)
_LISTED = re.compile(
    r"^[ ]*(?:- +(?:path: +)?|path: +)[\"']?([^\s\"'#:]+)[\"']?[ \r]*(?:#.*)?$", re.MULTILINE
)
_MOST_KUSTOMIZATIONS = 200


class Repeat(msgspec.Struct, frozen=True):
    """An entry that repeats an earlier one; `stops` says that the overlay does not build for it."""

    where: Location
    message: str
    overlay: str
    stops: bool


def repeats(view: RepositoryView) -> Iterator[Repeat]:
    """Yield each entry that repeats another, for each overlay in scope that reaches it."""
    suspect = {file for file, text in view.kustomization_texts() if _may_repeat(text)}
    for overlay in view.overlays:
        if overlay.in_scope and (overlay.failure or not overlay.read.isdisjoint(suspect)):
            yield from _Overlay(view, overlay).repeats()


def stopped(view: RepositoryView) -> frozenset[str]:
    """Return the overlays that do not build because something is listed twice."""
    failing = (each for each in view.overlays if each.in_scope and each.failure)
    return frozenset(
        each.path for each in failing if any(found.stops for found in _Overlay(view, each).repeats())
    )


def _may_repeat(text: str) -> bool:
    """Say whether a text could list anything twice; only a parser knows."""
    if "[" in text or "{" in text:
        return True
    listed = [posixpath.normpath(each) for each in _LISTED.findall(text)]
    return len(set(listed)) < len(listed)


class _Overlay:
    def __init__(self, view: RepositoryView, overlay: OverlayView) -> None:
        self._sources = view.sources
        self._overlay = overlay
        found = _REFUSED.search(overlay.failure.message) if overlay.failure else None
        self._refused = (found[1], found[2]) if found else None
        self._files: dict[str, frozenset[str]] = {}

    def repeats(self) -> Iterator[Repeat]:
        for root in self._sources.reached(self._overlay.path):
            yield from self._listed(root, _RESOURCES)
            for field in _OTHERS:
                yield from self._listed(root, (field,))
            if self._refused:
                yield from self._reached(root)

    def _listed(self, root: Mapping, fields: tuple[str, ...]) -> Iterator[Repeat]:
        """Yield the entries of some fields that name what an earlier one names."""
        seen: dict[str, Scalar | Mapping] = {}
        for field in fields:
            for node in _items(root.get(field)):
                name = _name(node, field)
                first = seen.setdefault(name, node) if name else node
                if first is not node:
                    message = f"{printable(_shown(node))} is listed twice, first at line {first.line}"
                    stops = bool(self._refused) and field in _RESOURCES
                    yield Repeat(node.where, message, self._overlay.path, stops)

    def _reached(self, root: Mapping) -> Iterator[Repeat]:
        """Yield the entries that bring in a file which an earlier one brings in too."""
        folder = posixpath.dirname(root.file)
        seen: dict[str, str] = {}
        named: set[str] = set()
        for field in _RESOURCES:
            for node in _items(root.get(field)):
                path = _joined(folder, node)
                if not isinstance(node, Scalar) or path in named:
                    continue
                named.add(path)
                for file in sorted(self._below(path)):
                    first = seen.setdefault(file, node.text)
                    if first != node.text and self._declares(file):
                        message = (
                            f"{printable(node.text)} brings in {printable(file)} once more: "
                            f"{printable(first)} has it already"
                        )
                        yield Repeat(node.where, message, self._overlay.path, stops=True)
                        break

    def _below(self, path: str, depth: int = 0) -> frozenset[str]:
        """Return the files that a path brings in as resources."""
        if path not in self._files:
            self._files[path] = frozenset()
            root = self._sources.kustomization(path)
            if root is None:
                self._files[path] = frozenset({path})
            elif depth < _MOST_KUSTOMIZATIONS:
                below = (
                    self._below(_joined(path, node), depth + 1)
                    for field in _RESOURCES
                    for node in _items(root.get(field))
                    if isinstance(node, Scalar)
                )
                self._files[path] = frozenset().union(*below)
        return self._files[path]

    def _declares(self, file: str) -> bool:
        """Say whether a file declares the object that Kustomize refuses to add again."""
        assert self._refused is not None  # noqa: S101 - only then is this asked
        kind, name = self._refused
        for document in self._sources.documents(file):
            root = resolved(document)
            found = [root.at(path) for path in (("kind",), ("metadata", "name"))]
            texts = [each.text if isinstance(each, Scalar) else "" for each in found]
            if texts[0] == kind and texts[1] and texts[1] in name:
                return True
        return False


def _name(node: Mapping | Sequence | Scalar, field: str) -> str:
    """Return what makes two entries the same; empty for one that is like no other."""
    if isinstance(node, Scalar):
        return node.text if "\n" in node.text else posixpath.normpath(node.text)
    if field == "patches" and isinstance(node, Mapping):
        return repr(to_plain(node))
    return ""


def _shown(node: Mapping | Scalar) -> str:
    if isinstance(node, Scalar):
        return "the patch" if "\n" in node.text else node.text
    path = node.get("path")
    return path.text if isinstance(path, Scalar) else "the patch"


def _joined(folder: str, node: Node) -> str:
    return posixpath.normpath(posixpath.join(folder, node.text)) if isinstance(node, Scalar) else ""


def _items(node: Node | None) -> Iterator[Mapping | Scalar]:
    target = resolved(node) if node is not None else None
    for item in target.items if isinstance(target, Sequence) else ():
        found = resolved(item)
        if isinstance(found, Mapping | Scalar):
            yield found
