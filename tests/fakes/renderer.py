"""A Renderer that knows its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from sealock.domain.rendered import Rendered, RenderFailure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sealock.ports import RenderRequest


class FakeRenderer:
    """Gives `known` back, cut to what was wanted; what it does not know is `not-found`."""

    def __init__(self, known: Mapping[str, Rendered]) -> None:
        self.known = known

    def render(self, request: RenderRequest) -> Iterator[Rendered]:
        for overlay in request.overlays:
            found = self.known.get(overlay)
            if found is None:
                yield Rendered(overlay, failure=RenderFailure("not-found", f"no kustomization in {overlay}"))
                continue
            objects = found.objects if request.want & {"objects", "admission"} else ()
            yield replace(found, objects=objects, yaml=found.yaml if "yaml" in request.want else None)
