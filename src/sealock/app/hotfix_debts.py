"""Gathers the hotfixes of a repository that still owe the normal order, as far as a check is asked."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from sealock.domain.environment_order import EnvironmentOrder
from sealock.domain.hotfix_debt import open_debts
from sealock.domain.recorded_moves import Moved, Moves, moves_of
from sealock.domain.service_overlays import service_overlays
from sealock.errors import SealockError, Undecided
from sealock.rules.view import OwedHotfix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sealock.app.image_sites import ImageSite, ImageSites
    from sealock.domain.hotfix_debt import HotfixDebt
    from sealock.domain.service_overlays import ServiceOverlay
    from sealock.domain.settings import Settings
    from sealock.ports import BranchChanges, CommitLog, History, Memory

_FORM = 1
_KEY = hashlib.blake2b(f"hotfix debts {_FORM}".encode(), digest_size=16).digest()
_PREFIX = "hotfix("


class Recorded(NamedTuple):
    """Where promotions are recorded: the commits up to what `history` calls its head."""

    log: CommitLog
    changes: BranchChanges
    history: History


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """All that moved, oldest first, of the services that ever had a hotfix up to the commit `tip`."""

    tip: str = ""
    moves: tuple[Moved, ...] = ()


def gather(
    files: Sequence[str],
    settings: Settings,
    read_text: Callable[[str], str],
    recorded: Recorded,
    memory: Memory,
) -> tuple[OwedHotfix, ...]:
    """Return the debts that are open, at each overlay that has the hotfix.

    Where the history cannot be read to its end nothing is said: what is owed is not known then.
    """
    try:
        tip = recorded.history.head()
        moves = _moves(recorded, tip, memory) if tip else ()
    except Undecided:
        return ()
    if not moves:
        return ()
    services = {each.service for each in moves}
    from sealock.app.image_sites import ImageSites  # noqa: PLC0415 - most repositories have no hotfix

    found: dict[tuple[str, str], list[tuple[ServiceOverlay, tuple[ImageSite, ...]]]] = {}
    sites = ImageSites(read_text, settings)
    for each in service_overlays(files, settings.environments, {}):
        if each.service in services:
            found.setdefault((each.service, each.environment), []).append((each, _sites(sites, each)))
    running = {
        place: _digests(site for _, here in overlays for site in here) for place, overlays in found.items()
    }
    order = EnvironmentOrder(settings.environments, found)
    debts = open_debts(Moves(moves), order.earlier, running)
    return tuple(
        owed
        for debt in debts
        for overlay, here in found[debt.service, debt.environment]
        for owed in _at(debt, overlay, here)
    )


def _moves(recorded: Recorded, tip: str, memory: Memory) -> tuple[Moved, ...]:
    """Return what moved of services with hotfixes, reading only what is new. Raises Undecided."""
    try:
        kept = msgspec.msgpack.decode(memory.get(_KEY) or b"", type=_Kept)
    except msgspec.MsgspecError:
        kept = _Kept()
    if kept.tip == tip:
        return kept.moves
    moves = _continued(kept, recorded, tip) if kept.tip else None
    if moves is None:
        moves = _since(recorded, tip, None)
    memory.put(_KEY, msgspec.msgpack.encode(_Kept(tip, moves)))
    return moves


def _continued(kept: _Kept, recorded: Recorded, tip: str) -> tuple[Moved, ...] | None:
    """Return what was kept with what is new; None where more must be read."""
    if not recorded.changes.is_ancestor(kept.tip, tip):
        return None
    known = {each.service for each in kept.moves}
    new = _since(recorded, f"{kept.tip}..{tip}", known)
    if any(each.action == "hotfix" and each.service not in known for each in new):
        # What that service ran before was not kept.
        return None
    return (*kept.moves, *new)


def _since(recorded: Recorded, commits: str, known: set[str] | None) -> tuple[Moved, ...]:
    """Return what moved of the services that are `known` or have a hotfix in these commits, oldest first."""
    found = list(recorded.log.promotions(commits))
    if not known and not any(each.message.startswith(_PREFIX) for each in found):
        return ()
    moves = list(moves_of(reversed(found)))
    services = (known or set()) | {each.service for each in moves if each.action == "hotfix"}
    return tuple(each for each in moves if each.service in services)


def _sites(sites: ImageSites, overlay: ServiceOverlay) -> tuple[ImageSite, ...]:
    try:
        return sites.of(overlay)
    except (SealockError, FileNotFoundError):
        return ()


def _digests(sites: Iterator[ImageSite]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for each in sites:
        found.setdefault(each.pin.repository, set()).update({each.pin.digest} - {""})
    return {image: frozenset(digests) for image, digests in found.items()}


def _at(debt: HotfixDebt, overlay: ServiceOverlay, sites: Sequence[ImageSite]) -> Iterator[OwedHotfix]:
    """Yield the places of an overlay that have a hotfix."""
    for each in sites:
        if each.pin.digest == debt.digest:
            index = each.index if each.kind == "images" else -1
            yield OwedHotfix(overlay.path, each.file, index, debt)
