"""What the base revision renders for the overlays under review."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sealock.domain.manifest_folder import path_of
from sealock.domain.overlays import KUSTOMIZATION_NAMES
from sealock.ports import RenderRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealock.domain.rendered import Rendered
    from sealock.ports import Base

_WANT = frozenset({"objects"})
_ABSENT = "not-found"


class ObjectIdentity(NamedTuple):
    """What an object is to the API server, whichever version of its group it is written in."""

    group: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, manifest: dict[str, Any]) -> ObjectIdentity:
        """Return the identity of a manifest; missing parts are empty."""
        metadata = manifest.get("metadata") or {}
        group, slash, _ = str(manifest.get("apiVersion") or "").rpartition("/")
        return cls(
            group if slash else "",
            str(manifest.get("kind") or ""),
            str(metadata.get("namespace") or ""),
            str(metadata.get("name") or ""),
        )


class BaseObjects:
    """Renders of the base revision, by overlay."""

    def __init__(self, base: Base, overlays: Iterable[str]) -> None:
        """Render `overlays` as `base` has them. Raises EngineError."""
        self._base = base
        self._renders: dict[str, Rendered] = {}
        self.add(overlays)

    def add(self, overlays: Iterable[str]) -> None:
        """Render those that are not there yet. Raises EngineError."""
        asked = tuple(overlay for overlay in overlays if overlay not in self._renders)
        if asked:
            found = self._base.renderer.render(RenderRequest(asked, _WANT))
            self._renders |= {each.overlay: each for each in found}

    def of(self, overlay: str) -> dict[ObjectIdentity, dict[str, Any]] | None:
        """Return the objects by identity: none where the overlay is new, None where it did not render."""
        rendered = self._renders[overlay]
        if rendered.failure is not None:
            return {} if rendered.failure.code == _ABSENT else None
        return {ObjectIdentity.of(each.manifest): each.manifest for each in rendered.objects}

    def built(self, overlay: str) -> bool:
        """Say whether a kustomization of its own made what is there."""
        folder = path_of(overlay)
        own = {name if folder == "." else f"{folder}/{name}" for name in KUSTOMIZATION_NAMES}
        return any(each.kind == "file" and each.path in own for each in self._renders[overlay].trace)
