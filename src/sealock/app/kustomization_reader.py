"""Kustomizations of one revision and the files they name, read plainly: no engine, each file once."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from sealock.domain.image_edit import Place
from sealock.domain.image_scalars import SaidImage, said_images
from sealock.domain.location import Location
from sealock.domain.overlays import KUSTOMIZATION_NAMES
from sealock.domain.yaml_document import MANIFEST, Mapping, Scalar, Sequence, parse_one, resolved
from sealock.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sealock.domain.yaml_document import Node, Path

_STRATEGIC = "patchesStrategicMerge"
PATCH_LISTS = ("patchesJson6902", "patches", _STRATEGIC)
"""The later of these is applied first: configureBuiltinTransformers of Kustomize v0.21.1."""

_MANIFESTS = (".yaml", ".yml", ".json")
_REMOTE = ("://", "?ref=", "git@", "git::")


class KustomizationReader:
    """Reads with `read_text`, which raises FileNotFoundError or SealockError.

    `is_plain` says whether a path is a plain file, and no link or behind one. Every method raises Refused
    for a path that leaves the repository, leads into `.git` or is no plain file, ConfigurationError for what
    is no YAML.
    """

    def __init__(
        self, read_text: Callable[[str], str], is_plain: Callable[[str], bool] | None = None
    ) -> None:
        """Read a revision; nothing is read before a question."""
        self._read_text = read_text
        self._is_plain = is_plain
        self._texts: dict[str, str | None] = {}
        self._roots: dict[str, Mapping | None] = {}
        self._said: dict[str, tuple[SaidImage, ...]] = {}
        self._folders: dict[str, str] = {}

    def text(self, path: str, where: Location | None = None) -> str | None:
        """Return a file's text; None where there is no such file. `where` names it."""
        if path not in self._texts:
            refuse_path(path, where or Location(path))
            try:
                self._texts[path] = self._read_text(path)
            except FileNotFoundError:
                self._texts[path] = None
        text = self._texts[path]
        if text is not None and self._is_plain is not None and not self._is_plain(path):
            message = f"{path} is a link, or behind one"
            raise Refused(message, where=where or Location(path), hint="Name the file that it leads to.")
        return text

    def root(self, file: str) -> Mapping | None:
        """Return the mapping that a kustomization holds, or None."""
        if file not in self._roots:
            text = self.text(file)
            node = parse_one(text, file, MANIFEST) if text else None
            root = resolved(node) if node is not None else None
            self._roots[file] = root if isinstance(root, Mapping) else None
        return self._roots[file]

    def said(self, file: str, where: Location) -> tuple[SaidImage, ...]:
        """Return the images of the containers in a manifest or patch; none where it is not there."""
        if file not in self._said:
            text = self.text(file, where)
            self._said[file] = said_images(text, file) if text else ()
        return self._said[file]

    def kustomization_in(self, folder: str, where: Location) -> str:
        """Return the kustomization file of a folder, or nothing."""
        if folder not in self._folders:
            paths = (_join(folder, name) for name in KUSTOMIZATION_NAMES)
            self._folders[folder] = next((path for path in paths if self.text(path, where) is not None), "")
        return self._folders[folder]

    def named(self, file: str, root: Mapping, key: str) -> Iterator[tuple[str, Location]]:
        """Yield the paths that a list of a kustomization names, from the root; no remote ones."""
        for item in items(root, key):
            if isinstance(item, Scalar) and "\n" not in item.text:
                path = path_from(file, item)
                if path:
                    yield path, item.where

    def patch(self, file: str, at: Path, item: Node) -> tuple[str, tuple[SaidImage, ...]]:
        """Return the file that holds a patch, and the images that it sets; `at` is its list and index."""
        path = _patch_file(file, at, item)
        if path:
            return path, self.said(path, item.where)
        return file, inline_images(file, at, item)


def inline_images(file: str, at: Path, item: Node) -> tuple[SaidImage, ...]:
    """Return the images of a patch that is written in a kustomization; none for one that is a file."""
    within, text = at, item
    if at[0] != _STRATEGIC:
        found = item.get("patch") if isinstance(item, Mapping) else None
        if found is None:
            return ()
        within, text = (*at, "patch"), found
    if not isinstance(text, Scalar):
        return ()
    return tuple(
        SaidImage(Place(each.place.path, each.place.document, within), each.pin, each.container)
        for each in said_images(text.text, file)
    )


def _patch_file(file: str, at: Path, item: Node) -> str:
    if at[0] == _STRATEGIC:
        return path_from(file, item) if isinstance(item, Scalar) and "\n" not in item.text else ""
    path = item.get("path") if isinstance(item, Mapping) else None
    return path_from(file, path) if isinstance(path, Scalar) else ""


def is_manifest(path: str) -> bool:
    """Say whether a path is named as a file of manifests is; anything else is a folder."""
    return path.endswith(_MANIFESTS)


def items(node: Mapping, key: str) -> tuple[Node, ...]:
    """Return the items of a list, aliases followed; none where there is no list."""
    found = node.get(key)
    return tuple(map(resolved, found.items)) if isinstance(found, Sequence) else ()


def path_from(file: str, scalar: Scalar) -> str:
    """Return the path that a scalar in `file` names; nothing for a remote one. Raises Refused."""
    text = scalar.text
    if not text or any(each in text for each in _REMOTE):
        return ""
    path = posixpath.normpath(posixpath.join(file.rpartition("/")[0], text))
    refuse_path(path, scalar.where)
    return path


def refuse_path(path: str, where: Location) -> None:
    """Raise Refused for a path that leaves the repository or leads into `.git`."""
    parts = path.split("/")
    if path.startswith("/") or ".." in parts or "\0" in path:
        message = "this leads out of the repository"
        raise Refused(message, where=where, hint="Copy the file into the repository.")
    # As Git refuses to write them: file systems fold case, and drop blanks and dots at the end.
    if any(each.lower().rstrip(" .") in {".git", "git~1"} for each in parts):
        message = "this leads into .git"
        raise Refused(message, where=where, hint="Name a file of the repository.")


def _join(folder: str, name: str) -> str:
    return name if folder in {"", "."} else f"{folder}/{name}"
