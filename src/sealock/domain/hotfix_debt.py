"""Hotfixes that still owe the normal order: what reached production past the environments before it.

A debt ends when the environments before have run the hotfix's digest too, or when production got another
digest that they all ran. A rollback to what was no hotfix ends it as well: what is owed no longer runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sealock.domain.recorded_moves import Moved, Moves

    Earlier = Callable[[str, str], tuple[str, ...]]
    Running = Mapping[tuple[str, str], Mapping[str, frozenset[str]]]


class HotfixDebt(msgspec.Struct, frozen=True, order=True):
    """A digest that an environment got by a hotfix; `missing` are the environments that never ran it.

    `commit` is the hotfix's, `time` in seconds since 1970.
    """

    service: str
    environment: str
    image: str
    digest: str
    missing: tuple[str, ...]
    commit: str
    time: int
    reason: str = ""


def open_debts(moves: Moves, earlier: Earlier, running: Running) -> tuple[HotfixDebt, ...]:
    """Return the debts that are open, sorted.

    `earlier(service, environment)` are the environments that the service passes before, nearest first.
    `running` are the digests that run now, by service and environment, then by image; an image that runs
    without a digest has none of them, one that does not run is not there.
    """
    books = _Books(moves, earlier, running)
    return tuple(
        sorted(
            debt
            for service, places in moves.hotfixed().items()
            for environment, image in places
            for debt in books.owed(service, environment, image)
        )
    )


class _Books:
    def __init__(self, moves: Moves, earlier: Earlier, running: Running) -> None:
        self._moves = moves
        self._earlier = earlier
        self._running = running

    def owed(self, service: str, environment: str, image: str) -> list[HotfixDebt]:
        """Walk through what one image had in one environment; return what is owed at the end."""
        now = self._running.get((service, environment), {}).get(image)
        if now is None:
            return []
        hotfixes: dict[str, Moved] = {}
        owed: dict[str, Moved] = {}
        for each in self._moves.into(service, environment, image):
            if each.action == "hotfix":
                owed[each.digest] = hotfixes[each.digest] = each
            elif each.action == "rollback":
                owed = {each.digest: hotfixes[each.digest]} if each.digest in hotfixes else {}
            if not self._missing(service, environment, each.digest):
                owed = {}
        if any(not self._missing(service, environment, digest) for digest in now):
            # Somebody brought it by hand, and the environments before had it.
            owed = {}
        return [
            HotfixDebt(
                service,
                environment,
                image,
                digest,
                self._missing(service, environment, digest),
                each.commit,
                each.time,
                each.reason,
            )
            for digest, each in owed.items()
        ]

    def _missing(self, service: str, environment: str, digest: str) -> tuple[str, ...]:
        """Return the earlier environments that never ran a digest, nearest first.

        One that never pinned a digest cannot be compared, and is passed over if another can.
        """
        earlier = self._earlier(service, environment)
        judged = [each for each in earlier if self._pins_digests(service, each)] or earlier
        return tuple(each for each in judged if not self._ran(service, each, digest))

    def _pins_digests(self, service: str, environment: str) -> bool:
        now = self._running.get((service, environment), {})
        return any(now.values()) or self._moves.any_into(service, environment)

    def _ran(self, service: str, environment: str, digest: str) -> bool:
        now = self._running.get((service, environment), {})
        return self._moves.ran(service, environment, digest) or any(digest in each for each in now.values())
