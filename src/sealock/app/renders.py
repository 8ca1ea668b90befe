"""The renders of one run, each overlay rendered once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.manifest_folder import is_folder
from sealock.ports import RenderRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealock.domain.rendered import Rendered
    from sealock.ports import Renderer


class Renders:
    """Renders of overlays by path, in the order in which they were added."""

    def __init__(self, renderer: Renderer, want: frozenset[str]) -> None:
        """Render with `renderer`, and ask for what `want` says (see RenderRequest)."""
        self._renderer = renderer
        self._want = want
        self._known: dict[str, Rendered] = {}

    def add(self, overlays: Iterable[str]) -> None:
        """Render those that are not there yet. Raises EngineError."""
        missing = tuple(path for path in dict.fromkeys(overlays) if path not in self._known)
        if missing:
            for rendered in self._renderer.render(RenderRequest(missing, self._want)):
                self._known[rendered.overlay] = rendered

    def __getitem__(self, overlay: str) -> Rendered:
        """Return an overlay's render. Raises KeyError."""
        return self._known[overlay]

    def get(self, overlay: str) -> Rendered | None:
        """Return an overlay's render, or None."""
        return self._known.get(overlay)

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def values(self) -> Iterable[Rendered]:
        """Return every render."""
        return self._known.values()

    def items(self) -> Iterable[tuple[str, Rendered]]:
        """Return every overlay with its render."""
        return self._known.items()

    def files(self) -> set[str]:
        """Return every file that an overlay's render read; those of plain folders stand for themselves."""
        overlays = (each for each in self._known.values() if not is_folder(each.overlay))
        return {entry.path for each in overlays for entry in each.trace if entry.kind == "file"}
