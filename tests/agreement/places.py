"""Changes to decoded manifests, keyed by place: steps separated by blanks, list elements by number."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tests.agreement.manifests import Manifest


class _Gone:
    """Says that a field is taken away."""


class Renamed(NamedTuple):
    """Says that a field gets another name and keeps its value."""

    name: str


GONE = _Gone()

Changes = dict[str, Any]


def change(manifest: Manifest, changes: Changes) -> Manifest:
    """Make the changes in place and return the manifest; a missing map on the way is made.

    Raises KeyError, IndexError or TypeError where there is no such place.
    """
    for place, value in changes.items():
        *path, last = place.split(" ")
        _change(_reach(manifest, path), last, copy.deepcopy(value))
    return manifest


def _reach(manifest: Manifest, path: list[str]) -> Any:  # noqa: ANN401 - a decoded manifest
    node: Any = manifest
    for step in path:
        node = node.setdefault(step, {}) if isinstance(node, dict) else node[int(step)]
    return node


def _change(node: Any, last: str, value: object) -> None:  # noqa: ANN401 - a decoded manifest
    if isinstance(node, list):
        node[int(last) : int(last) + 1] = [value]
    elif isinstance(value, _Gone):
        del node[last]
    elif isinstance(value, Renamed):
        node[value.name] = node.pop(last)
    else:
        node[last] = value
