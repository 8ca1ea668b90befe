"""Which overlays of a service come before another, by the environments' order."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sealock.domain.finding import Finding, NotDecided
from sealock.domain.overlays import environment_of
from sealock.rules.promotion.staging_replicas_differ import place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sealock.domain.image_history import ImageEntry, ImageHistory
    from sealock.domain.location import Location
    from sealock.domain.settings import Settings
    from sealock.rules.meta import Meta
    from sealock.rules.view import OverlayView, RepositoryView

Stage = tuple[str, tuple["OverlayView", ...]]
"""An environment's name as overlays have it, and the service's overlays there: one for each region."""


class Chain:
    """The overlays by service and environment.

    What comes before an overlay are the nearest environments, against the order, in which its service has
    an overlay: one where it has none is passed through.
    """

    def __init__(self, overlays: Iterable[OverlayView], settings: Settings) -> None:
        """Order `overlays` as `settings.environments` says."""
        self._after: dict[str, tuple[str, ...]] = {
            _canonical(name): tuple(map(_canonical, each.after))
            for name, each in settings.environments.items()
        }
        self._stages: dict[tuple[str, str], tuple[OverlayView, ...]] = {}
        for overlay in overlays:
            if overlay.environment is not None:
                key = overlay.environment, place(overlay.path)
                self._stages[key] = (*self._stages.get(key, ()), overlay)

    def before(self, overlay: OverlayView) -> tuple[Stage, ...]:
        """Return the stages that a promotion to `overlay` comes from."""
        return tuple(self._nearest(overlay.environment or "", place(overlay.path)).items())

    def _nearest(self, environment: str, at: str) -> dict[str, tuple[OverlayView, ...]]:
        found: dict[str, tuple[OverlayView, ...]] = {}
        for name in self._after.get(environment, ()):
            stage = self._stages.get((name, at))
            found |= {name: stage} if stage else self._nearest(name, at)
        return found

    def earlier(self, overlay: OverlayView) -> tuple[Stage, ...]:
        """Return all stages that come before `overlay`, the nearest first."""
        found: dict[str, tuple[OverlayView, ...]] = {}
        left = list(self.before(overlay))
        while left:
            name, stage = left.pop(0)
            if name not in found:
                found[name] = stage
                left += self.before(stage[0])
        return tuple(found.items())


def _canonical(name: str) -> str:
    return environment_of(name) or name


class Doubt(NamedTuple):
    """An entry of an overlay's `images`, and the environments that never had its digest as far as is known.

    `why` says what cut the history off; empty: nothing, and they never had it.
    """

    overlay: OverlayView
    entry: ImageEntry
    missing: tuple[str, ...]
    where: Location
    why: str

    def settle(self, meta: Meta, message: str, fix: str) -> Finding | NotDecided:
        """Return the finding, or that it is undecided."""
        if not self.why:
            return meta.finding(self.where, message, fix=fix, overlay=self.overlay.path)
        return NotDecided(
            meta.id,
            self.overlay.path,
            self.where,
            f"it seems that {message}, but {self.why}",
            "Fetch the whole history: git fetch --unshallow, or fetch-depth: 0 in CI.",
            (self.overlay.path,),
        )


def doubted(view: RepositoryView, overlay: OverlayView, stages: Sequence[Stage]) -> Iterator[Doubt]:
    """Yield each entry of an overlay with a digest that one of the stages never had."""
    history = view.history
    if history is None:
        return
    owed = {each.debt.digest for each in view.debts if each.overlay == overlay.path}
    for entry in history.now.get(overlay.file, ()):
        if entry.digest in owed:
            # A recorded hotfix: hotfix-debt reports it until it is settled.
            continue
        missing = tuple(
            name for name, stage in stages if entry.digest and _never_had(history, overlay, entry, stage)
        )
        if missing:
            where = view.sources.in_document(overlay.file, 0, ("images", entry.index, "digest"))
            yield Doubt(overlay, entry, missing, where, history.why)


def _never_had(
    history: ImageHistory, overlay: OverlayView, entry: ImageEntry, stage: tuple[OverlayView, ...]
) -> bool:
    had = [history.digests(each.file, entry.name) for each in stage]
    if any(entry.digest in digests for digests in had):
        return False
    # A stage that never pinned the image by digest cannot be compared.
    pinned = any(had) or bool(history.why)
    return pinned and not any(history.came_together(overlay.file, each.file, entry) for each in stage)
