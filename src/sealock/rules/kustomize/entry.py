"""Where an entry of a kustomization's list stands, and what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.location import Location
from sealock.domain.yaml_document import Mapping, Scalar

if TYPE_CHECKING:
    from sealock.rules.view import RepositoryView, UnmatchedEntry


def node_of(view: RepositoryView, entry: UnmatchedEntry) -> Mapping | None:
    """Return the entry's node; None for a file that has changed its shape meanwhile."""
    for root in view.sources.documents(entry.file):
        node = root.at((entry.field, entry.index))
        return node if isinstance(node, Mapping) else None
    return None


def place(view: RepositoryView, entry: UnmatchedEntry, key: str) -> Location:
    """Return where a key of the entry stands: its value for a scalar, else the key."""
    node = node_of(view, entry)
    pair = node.pairs.get(key) if node is not None else None
    if pair is None:
        return node.where if node is not None else Location(entry.file, 1, 1)
    return (pair.value if isinstance(pair.value, Scalar) else pair.key).where


def text(view: RepositoryView, entry: UnmatchedEntry, key: str) -> str:
    """Return the text of one of the entry's fields, or an empty one."""
    node = node_of(view, entry)
    found = node.get(key) if node is not None else None
    return found.text if isinstance(found, Scalar) else ""
