"""What changes in a repository while people work on it, and a renderer that keeps what did not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sealock.app.check_scope import Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealock.domain.rendered import Rendered
    from sealock.ports import Renderer, RenderRequest

_QUIET_MS = 20
_LONGEST_MS = 400
_IDLE_MS = 100


def changes(root: str) -> Iterator[frozenset[str]]:
    """Yield the paths that changed, relative to `root`, once nothing has changed for 20 ms.

    Where nothing changes it yields no paths, ten times a second, and once as soon as the watch stands.
    Nothing in a `.git` is reported. Raises KeyboardInterrupt.
    """
    from watchfiles import watch  # noqa: PLC0415 - only --watch needs it

    folder = Path(root)
    batches = watch(
        folder,
        watch_filter=lambda _, path: ".git" not in Path(path).relative_to(folder).parts,
        step=_QUIET_MS,
        debounce=_LONGEST_MS,
        rust_timeout=_IDLE_MS,
        yield_on_timeout=True,
        raise_interrupt=True,
    )
    for batch in batches:
        yield frozenset(Path(path).relative_to(folder).as_posix() for _, path in batch)


class KeepingRenderer:
    """A Renderer that asks `inner` only for overlays that it has not rendered since something changed."""

    def __init__(self, inner: Renderer) -> None:
        """Keep what `inner` renders, in memory."""
        self._inner = inner
        self._kept: dict[tuple[str, frozenset[str]], Rendered] = {}

    def render(self, request: RenderRequest) -> Iterator[Rendered]:
        """Yield one Rendered for each overlay, the kept ones first. Raises EngineError."""
        missing: list[str] = []
        for overlay in request.overlays:
            kept = self._kept.get((overlay, request.want))
            if kept is None:
                missing.append(overlay)
            else:
                yield kept
        if missing:
            for rendered in self._inner.render(request.of(missing)):
                if rendered.trace and all(entry.kind != "uncacheable" for entry in rendered.trace):
                    self._kept[rendered.overlay, request.want] = rendered
                yield rendered

    def forget(self, changed: Iterable[str]) -> None:
        """Drop every render that looked at one of these paths, or listed a folder that holds one."""
        scope = Scope(everything=False, changed=frozenset(changed))
        self._kept = {key: each for key, each in self._kept.items() if not scope.touches(each)}
