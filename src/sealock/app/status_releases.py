"""What people call a digest: the tag beside it, else the Git tag on the commit that brought it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sealock.domain.recorded_moves import Moved
    from sealock.domain.status import Cell
    from sealock.ports import ReleaseTags


def released(
    cells: Mapping[tuple[str, str], Cell], moves: Iterable[Moved], tags: ReleaseTags, pattern: str
) -> dict[tuple[str, str], Cell]:
    """Return the cells with their releases; Git's tags are asked only where a cell says none itself.

    `pattern` is the name of a release tag: `{service}/v{version}`. Raises Undecided.
    """
    named = {place: replace(cell, release=_said(cell)) for place, cell in cells.items()}
    open_ = {place for place, cell in named.items() if cell.pins and not cell.release}
    if not open_:
        return named
    versions = _versions(named.values(), moves, _by_commit(tags.commits(), pattern))
    for place in open_:
        cell = named[place]
        found = [versions.get((cell.service, pin.digest), "") for pin in cell.pins]
        named[place] = replace(cell, release=", ".join(dict.fromkeys(filter(None, found))))
    return named


def _said(cell: Cell) -> str:
    return ", ".join(dict.fromkeys(pin.tag for pin in cell.pins if pin.tag))


def _by_commit(tags: Mapping[str, str], pattern: str) -> dict[str, list[tuple[str, str]]]:
    """Return service (empty: any) and version of the releases of each commit."""
    form = re.compile(
        re.escape(pattern)
        .replace(r"\{service\}", r"(?P<service>.+)")
        .replace(r"\{version\}", r"(?P<version>[0-9][^/]*)")
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for name, commit in tags.items():
        match = form.fullmatch(name)
        if match:
            parts = match.groupdict()
            found.setdefault(commit, []).append((parts.get("service", ""), parts["version"]))
    return found


def _versions(
    cells: Iterable[Cell], moves: Iterable[Moved], by_commit: Mapping[str, list[tuple[str, str]]]
) -> dict[tuple[str, str], str]:
    """Return the version of a service's digest: that of the commit that brought it somewhere."""
    brought = [(each.commit, each.service, each.digest) for each in moves]
    brought += [
        (cell.arrived.commit, cell.service, pin.digest)
        for cell in cells
        if cell.arrived and not cell.arrived.or_before
        for pin in cell.pins
    ]
    return {
        (service, digest): version
        for commit, service, digest in brought
        for named, version in by_commit.get(commit, ())
        if digest and named in {"", service}
    }
