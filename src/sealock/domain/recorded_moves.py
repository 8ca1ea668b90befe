"""What promotions' commits say moved, image by image: which digest a service got where, and when."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec

from sealock.domain.image import ImageRef, InvalidImage
from sealock.domain.promotion import Action
from sealock.domain.promotion_message import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealock.domain.promotion import Authored


class Moved(msgspec.Struct, frozen=True, array_like=True):
    """One image that a commit moved into an environment; `time` in seconds since 1970.

    `image` is the name under which it is pulled. `before` is the digest it had, or empty. `source` is the
    environment it came from, or empty. `reason` is given for rollbacks and hotfixes.
    """

    commit: str
    time: int
    action: Action
    service: str
    environment: str
    image: str
    before: str
    digest: str
    source: str = ""
    reason: str = ""


def moves_of(commits: Iterable[Authored]) -> Iterator[Moved]:
    """Yield what each commit moved, in the order of the commits; those that are no promotions say nothing."""
    for commit in commits:
        record = read(commit.message)
        for each in record.moves if record else ():
            yield Moved(
                commit.commit,
                commit.time,
                record.action if record else "promote",
                each.service,
                each.environment,
                image_of(each.after),
                each.before.partition("@")[2],
                each.digest,
                each.source,
                record.reason if record else "",
            )


def image_of(reference: str) -> str:
    """Return the name in an image reference; of what is none, the text up to its digest."""
    try:
        return ImageRef.parse(reference).name
    except InvalidImage:
        return reference.partition("@")[0]


class Moves:
    """Everything that is recorded of a repository's services, for questions about single images."""

    def __init__(self, moves: Iterable[Moved]) -> None:
        """Take `moves`, oldest first."""
        self._into: dict[tuple[str, str], list[Moved]] = defaultdict(list)
        self._out_of: dict[tuple[str, str], list[Moved]] = defaultdict(list)
        self._hotfixed: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for each in moves:
            self._into[each.service, each.environment].append(each)
            if each.source:
                self._out_of[each.service, each.source].append(each)
            if each.action == "hotfix":
                self._hotfixed[each.service].add((each.environment, each.image))

    def into(self, service: str, environment: str, image: str) -> list[Moved]:
        """Return what was moved of an image into an environment, oldest first."""
        return [each for each in self._into.get((service, environment), ()) if each.image == image]

    def any_into(self, service: str, environment: str) -> bool:
        """Say whether anything was ever moved into an environment."""
        return (service, environment) in self._into

    def ran(self, service: str, environment: str, digest: str) -> bool:
        """Say whether a digest is known to have run in an environment: it was moved into it, or out of it."""
        place = service, environment
        return any(digest in {each.before, each.digest} for each in self._into.get(place, ())) or any(
            digest == each.digest for each in self._out_of.get(place, ())
        )

    def hotfixed(self) -> dict[str, set[tuple[str, str]]]:
        """Return where hotfixes went: environments and images by service."""
        return self._hotfixed
