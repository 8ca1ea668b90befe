"""Finds what is declared in a repository's files besides overlays: Argo CD's kinds and custom definitions."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

import msgspec

from sealock.domain.location import Location
from sealock.domain.overlays import KUSTOMIZATION_NAMES
from sealock.domain.yaml_document import MANIFEST, parse, to_plain
from sealock.errors import SealockError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealock.ports import FileTree, Memory

_ENDINGS = (".yaml", ".yml")
_ARGOCD = re.compile(
    r"^[ \t\"'{,-]*kind[\"']?:[ \t]*[\"']?(?:Application|AppProject|ApplicationSet)\b", re.MULTILINE
)
_GROUP = "argoproj.io/"
_DEFINITION = "CustomResourceDefinition"
_KINDS = frozenset({"Application", "AppProject", "ApplicationSet"})


class Declared(msgspec.Struct, frozen=True):
    """A document of a file: its manifest, and its number in the file from 0."""

    file: str
    document: int
    manifest: dict[str, Any]


class Unparsed(msgspec.Struct, frozen=True):
    """A file that looks like one of Argo CD's manifests and is no YAML."""

    where: Location
    message: str
    hint: str


class Manifests(msgspec.Struct, frozen=True):
    """What was found; `ignored` are files that cannot be read and that nothing suggests to be manifests."""

    argocd: tuple[Declared, ...]
    definitions: tuple[Declared, ...]
    unparsed: tuple[Unparsed, ...]
    ignored: tuple[str, ...]


class _Document(msgspec.Struct, frozen=True, array_like=True):
    number: int
    manifest: dict[str, Any]


_DOCUMENTS = msgspec.msgpack.Decoder(list[_Document])


def find(files: Sequence[str], tree: FileTree, memory: Memory) -> Manifests:
    """Return Argo CD's manifests and the CustomResourceDefinitions among `files`.

    Files in hidden folders, and files that a kustomization beside or above them names, are left out:
    those count as what an overlay makes of them.
    """
    search = _Search(_owned(files, tree), memory)
    for file in files:
        if not file.endswith(_ENDINGS) or file.startswith(".") or "/." in file:
            continue
        try:
            text = tree.read_text(file)
        except FileNotFoundError:
            continue
        except SealockError:
            search.ignored.append(file)
            continue
        if file.rpartition("/")[2] not in KUSTOMIZATION_NAMES:
            search.look(file, text)
    return search.found()


class _Search:
    def __init__(self, owned: dict[str, str], memory: Memory) -> None:
        self._owned = owned
        self._memory = memory
        self._argocd: list[Declared] = []
        self._definitions: list[Declared] = []
        self._unparsed: list[Unparsed] = []
        self.ignored: list[str] = []

    def found(self) -> Manifests:
        return Manifests(
            tuple(self._argocd), tuple(self._definitions), tuple(self._unparsed), tuple(self.ignored)
        )

    def look(self, file: str, text: str) -> None:
        """Sort what is in a file, if a glance at the text says that it may be of interest."""
        argocd = _GROUP in text and _ARGOCD.search(text) is not None
        if not argocd and _DEFINITION not in text:
            return
        argocd = argocd and not _is_owned(file, self._owned)
        try:
            documents = _documents(text, file, self._memory)
        except SealockError as wrong:
            if argocd:
                where = wrong.where or Location(file, 1, 1)
                self._unparsed.append(Unparsed(where, wrong.message, wrong.hint))
            else:
                self.ignored.append(file)
            return
        for each in documents:
            declared = Declared(file, each.number, each.manifest)
            if each.manifest.get("kind") == _DEFINITION:
                self._definitions.append(declared)
            elif argocd and is_argocd(each.manifest):
                self._argocd.append(declared)


def is_argocd(manifest: dict[str, Any]) -> bool:
    """Say whether a manifest is one of Argo CD's three kinds."""
    return manifest.get("kind") in _KINDS and str(manifest.get("apiVersion", "")).startswith(_GROUP)


def _documents(text: str, file: str, memory: Memory) -> list[_Document]:
    """Return the mappings among a file's documents; parsing is slow, so what a text holds is remembered."""
    key = hashlib.blake2b(b"documents\0" + text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    known = memory.get(key)
    if known is not None:
        try:
            return _DOCUMENTS.decode(known)
        except msgspec.MsgspecError:
            pass
    plain = [to_plain(node) for node in parse(text, file, MANIFEST)]
    found = [_Document(number, each) for number, each in enumerate(plain) if isinstance(each, dict)]
    memory.put(key, msgspec.msgpack.encode(found))
    return found


def _owned(files: Sequence[str], tree: FileTree) -> dict[str, str]:
    """Return the text of every kustomization by its folder, ended by `/`; empty for the root."""
    owned: dict[str, str] = {}
    for file in files:
        folder, slash, name = file.rpartition("/")
        if name in KUSTOMIZATION_NAMES:
            try:
                owned[folder + slash] = tree.read_text(file)
            except (FileNotFoundError, SealockError):
                continue
    return owned


def _is_owned(file: str, owned: dict[str, str]) -> bool:
    """Say whether a kustomization beside or above a file names it."""
    folder, slash, _ = file.rpartition("/")
    folder += slash
    while True:
        text = owned.get(folder)
        if text is not None and file[len(folder) :] in text:
            return True
        if not folder:
            return False
        above, slash, _ = folder.rstrip("/").rpartition("/")
        folder = above + slash
