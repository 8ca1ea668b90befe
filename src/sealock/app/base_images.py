"""The images that the bases of an overlay come to, as far as plain reading tells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealock.app.kustomization_reader import PATCH_LISTS, is_manifest, items
from sealock.domain.image_list import listed_images
from sealock.domain.promotion import ImagePin

if TYPE_CHECKING:
    from sealock.app.kustomization_reader import KustomizationReader
    from sealock.domain.yaml_document import Mapping

_MOST_KUSTOMIZATIONS = 200
_MOST_REPETITIONS = 3


def matches(expression: str, name: str) -> bool:
    """Say whether an entry of `images` is about an image; one that could take for ever to tell is not.

    Source: IsImageMatched in api/internal/image of Kustomize v0.21.1.
    """
    if expression == name:
        return True
    # Go's expressions take linear time, Python's do not when one repetition holds another.
    if re.search(r"\)[*+?{]", expression) or len(re.findall(r"[*+?{]", expression)) > _MOST_REPETITIONS:
        return False
    try:
        return re.fullmatch(f"(?:{expression})", name) is not None
    except re.error:
        return False


class BaseImages:
    """What the resources of a kustomization come to, as far as plain reading tells."""

    def __init__(self, reader: KustomizationReader) -> None:
        """Read with `reader`."""
        self._reader = reader
        self._open: set[str] = set()

    def below(self, file: str, root: Mapping) -> list[tuple[str, ImagePin]]:
        """Return container and image of all that the folders among the resources of `file` make."""
        found: list[tuple[str, ImagePin]] = []
        for key in ("resources", "bases"):
            for path, where in self._reader.named(file, root, key):
                if not is_manifest(path):
                    base = self._reader.kustomization_in(path, where)
                    found += self._made_by(base) if base else ()
        return found

    def _made_by(self, file: str) -> list[tuple[str, ImagePin]]:
        root = self._reader.root(file)
        if root is None or file in self._open or len(self._open) >= _MOST_KUSTOMIZATIONS:
            return []
        self._open.add(file)
        found = self.below(file, root)
        for path, where in self._reader.named(file, root, "resources"):
            if is_manifest(path):
                found += [(each.container, each.pin) for each in self._reader.said(path, where)]
        for folder, where in self._reader.named(file, root, "components"):
            component = self._reader.kustomization_in(folder, where)
            inner = self._reader.root(component) if component else None
            if inner is not None:
                found = self._transformed(component, inner, found)
        self._open.discard(file)
        return self._transformed(file, root, found)

    def _transformed(
        self, file: str, root: Mapping, found: list[tuple[str, ImagePin]]
    ) -> list[tuple[str, ImagePin]]:
        """Return the images after a kustomization's patches and its `images`."""
        for key in reversed(PATCH_LISTS):
            for index, item in enumerate(items(root, key)):
                _, said = self._reader.patch(file, (key, index), item)
                patched = {each.container: each.pin for each in said if each.container}
                found = [(container, patched.pop(container, pin)) for container, pin in found]
                found += [*patched.items(), *(("", each.pin) for each in said if not each.container)]
        for listed in listed_images(self._reader.text(file) or "", file):
            found = [(container, _renamed(listed.pin, pin)) for container, pin in found]
        return found


def _renamed(entry: ImagePin, pin: ImagePin) -> ImagePin:
    if not matches(entry.name, pin.repository):
        return pin
    tag, digest = (entry.tag, entry.digest) if entry.tag or entry.digest else (pin.tag, pin.digest)
    return ImagePin(entry.new_name or pin.repository, "", tag, digest)
