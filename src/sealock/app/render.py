"""Renders overlays: which, what their files are called, and how it went."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from sealock.domain.overlays import discover
from sealock.ports import RenderRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealock.domain.rendered import Rendered, RenderFailure
    from sealock.ports import FileTree, Renderer

_UNDECIDED = frozenset(
    {"engine-died", "deadline-exceeded", "internal", "cancelled", "bad-request", "helm-failed"}
)
_AMBIGUOUS = re.compile(r"%|(?:^|(?<=[_/]))_|_(?=[_/]|$)")


class Tally(msgspec.Struct):
    """How many overlays rendered, how many Kustomize refuses, and how many nobody knows about."""

    rendered: int = 0
    failed: int = 0
    undecided: int = 0

    def count(self, failure: RenderFailure | None) -> None:
        """Count one overlay."""
        if failure is None:
            self.rendered += 1
        elif is_undecided(failure):
            self.undecided += 1
        else:
            self.failed += 1

    @property
    def exit_code(self) -> int:
        """0 when all rendered, 1 when some do not build, 3 when some could not be tried."""
        if self.undecided:
            return 3
        return 1 if self.failed else 0


def is_undecided(failure: RenderFailure) -> bool:
    """Say whether a failure leaves open what Kustomize would have made of the overlay."""
    return failure.code in _UNDECIDED


def output_name(overlay: str) -> str:
    """Return the file name for an overlay's render: `a/overlays/dev` → `a__overlays__dev.yaml`.

    No two overlays share one: an underscore that could be taken for part of a `__` is written `%5F`.
    """
    if overlay == ".":
        return "_root.yaml"
    plain = _AMBIGUOUS.sub(lambda found: f"%{ord(found[0]):02X}", overlay)
    return plain.replace("/", "__") + ".yaml"


class RenderOverlays:
    """The use case behind `sealock render`."""

    def __init__(self, renderer: Renderer, files: FileTree) -> None:
        """Render with `renderer` what stands in `files`."""
        self._renderer = renderer
        self._files = files

    def every_overlay(self) -> tuple[str, ...]:
        """Return the path of every overlay of the repository, sorted."""
        return tuple(overlay.path for overlay in discover(self._files.files(), self._files.read_text))

    def render(self, overlays: Sequence[str], want: str, tally: Tally) -> Iterator[Rendered]:
        """Yield each overlay's render as it finishes, counted in `tally`; `want` is `yaml` or `objects`.

        Raises EngineError.
        """
        for rendered in self._renderer.render(RenderRequest(tuple(overlays), frozenset({want}))):
            tally.count(rendered.failure)
            yield rendered
