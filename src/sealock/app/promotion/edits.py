"""The edits of a promotion: one splice after another, file by file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.app.image_sites import edit
from sealock.domain.image_edit import add_entry
from sealock.domain.location import Location
from sealock.domain.plan import FileChange
from sealock.domain.promotion import Car, ImageMove, ImagePin
from sealock.domain.yaml_edit import NotEditable
from sealock.errors import Refused

if TYPE_CHECKING:
    from sealock.app.promotion.drafts import Draft
    from sealock.app.promotion.where import Where
    from sealock.domain.service_overlays import ServiceOverlay
    from sealock.ports import FileTree


class Edits:
    """Collects the edits of many services; a file that several touch is edited once for each."""

    def __init__(self, where: Where, files: FileTree, style: str) -> None:
        """Edit the texts of `files`; `style` says how a tag is kept beside its digest."""
        self._where = where
        self._files = files
        self._style = style
        self._before: dict[str, str] = {}
        self._after: dict[str, str] = {}
        self.unrendered: set[tuple[str, str]] = set()

    def add(self, draft: Draft) -> Car | None:
        """Edit what a draft asks for; None where everything is there already. Raises Refused."""
        moves: dict[str, ImageMove] = {}
        changed: list[str] = []
        for overlay in draft.overlays:
            for name, pin in draft.images.items():
                before = self._set(overlay, name, pin)
                if before is not None:
                    changed.append(overlay.path)
                    after = ImagePin(name, before.new_name, pin.tag, pin.digest)
                    moves.setdefault(name, ImageMove(name, before, after))
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
        )

    def _set(self, overlay: ServiceOverlay, name: str, pin: ImagePin) -> ImagePin | None:
        """Make an overlay run `pin`; return what it said before, None where it says so already."""
        site = self._where.site(overlay, name)
        before = site.pin if site else ImagePin(name)
        if before.digest == pin.digest:
            return None
        wanted = ImagePin(before.name, before.new_name, pin.tag, pin.digest)
        file = site.file if site else overlay.file
        text = self._text(file)
        try:
            if site is None:
                self._after[file] = add_entry(text, file, wanted, self._style)
            else:
                self._after[file] = edit(site, text, wanted, self._style)
        except NotEditable as wrong:
            message = f"{file} cannot be edited line by line: {wrong}"
            raise Refused(
                message, where=Location(file), hint="Set the digest by hand, in block style."
            ) from wrong
        if site is not None and site.kind == "argocd-source":
            self.unrendered.add((overlay.path, name))
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
