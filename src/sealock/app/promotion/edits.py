"""The edits of a promotion: one splice after another, file by file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.app.image_sites import edit, in_overlay
from sealock.domain.location import Location
from sealock.domain.plan import FileChange
from sealock.domain.promotion import Car, FieldChange, ImageMove, ImagePin
from sealock.domain.yaml_edit import NotEditable
from sealock.errors import Refused

if TYPE_CHECKING:
    from sealock.app.promotion.drafts import Draft
    from sealock.app.promotion.where import Where
    from sealock.domain.image_edit import TagStyle
    from sealock.domain.service_overlays import ServiceOverlay
    from sealock.ports import FileTree

BY_ARGOCD = "set by Argo CD"
"""The object of a change that no render shows."""


class Edits:
    """Collects the edits of many services; a file that several touch is edited once for each."""

    def __init__(self, where: Where, files: FileTree, style: TagStyle, *, apart: bool = False) -> None:
        """Edit the texts of `files`; `style` says how a tag is kept beside its digest.

        With `apart` what several overlays may use is left alone, and each overlay gets an entry of its own.
        """
        self._where = where
        self._apart = apart
        self.shared = False
        self._files = files
        self._style = style
        self._before: dict[str, str] = {}
        self._after: dict[str, str] = {}
        self.unrendered: dict[tuple[str, str], FieldChange] = {}
        """What Argo CD applies itself over what kustomize renders, by overlay and image."""

    def add(self, draft: Draft) -> Car | None:
        """Edit what a draft asks for; None where everything is there already. Raises Refused."""
        moves: dict[tuple[str, ImagePin], ImageMove] = {}
        changed: list[str] = []
        for overlay in draft.overlays:
            for name, pin in draft.images.items():
                before = self._set(overlay, name, pin)
                if before is not None:
                    changed.append(overlay.path)
                    after = ImagePin(name, before.new_name, pin.tag, pin.digest)
                    moves.setdefault((name, before), ImageMove(name, before, after))
        if not moves:
            return None
        sources = tuple(each.path for each in draft.source_overlays)
        return Car(
            draft.service,
            draft.source,
            draft.target,
            tuple(dict.fromkeys(changed)),
            tuple(moves.values()),
            sources,
            runs=draft.runs if set(draft.runs) > {each.after.digest for each in moves.values()} else (),
        )

    def _set(self, overlay: ServiceOverlay, name: str, pin: ImagePin) -> ImagePin | None:
        """Make an overlay run `pin`; return what it said before, None where it says so already."""
        site = self._where.site(overlay, name)
        if site is None:
            message = f"nothing in {overlay.path} sets the image {name}"
            raise Refused(message, where=Location(overlay.file), hint="Does this service run it there?")
        before = site.pin
        if before.digest == pin.digest:
            return None
        if site.shared and self._apart:
            site = in_overlay(site, overlay.file)
        self.shared = self.shared or site.shared
        wanted = ImagePin(before.name, before.new_name, pin.tag, pin.digest)
        try:
            self._after[site.file] = edit(site, self._text(site.file), wanted, self._style)
        except NotEditable as wrong:
            message = f"{site.file} cannot be edited line by line: {wrong}"
            hint = "Set the digest by hand, in block style."
            raise Refused(message, where=Location(site.file), hint=hint) from wrong
        if site.kind == "argocd-source":
            said = str(before), str(wanted)
            self.unrendered[overlay.path, name] = FieldChange(overlay.path, BY_ARGOCD, "image", *said)
        return before

    def _text(self, file: str) -> str:
        if file not in self._after:
            self._before[file] = self._after[file] = self._files.read_text(file)
        return self._after[file]

    def changes(self) -> tuple[FileChange, ...]:
        """Return what was edited, by path."""
        return tuple(
            FileChange(path, self._before[path], text)
            for path, text in sorted(self._after.items())
            if text != self._before[path]
        )
