"""Finds what a repository's files declare besides overlays: Argo CD's kinds, and what judges objects."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import msgspec

from sealock.domain.location import Location
from sealock.domain.overlays import KUSTOMIZATION_NAMES
from sealock.domain.printable import printable
from sealock.domain.yaml_document import MANIFEST, parse, to_plain
from sealock.errors import ConfigurationError, SealockError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealock.ports import Memory, SignedFiles

_ENDINGS = (".yaml", ".yml")
_ARGOCD = re.compile(
    r"^[ \t\"'{,-]*kind[\"']?:[ \t]*[\"']?(?:Application|AppProject|ApplicationSet)\b", re.MULTILINE
)
_GROUP = "argoproj.io/"
_DEFINITION = "CustomResourceDefinition"
_PASSED = hashlib.blake2b(b"files without manifests, form 2", digest_size=16).digest()
KINDS = frozenset({"Application", "AppProject", "ApplicationSet"})
_JUDGING = re.compile(r"^kind:[ \t]*[\"']?(?:ValidatingAdmissionPolicy|Namespace)", re.MULTILINE)
_JUDGING_KINDS = frozenset({"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "Namespace"})


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
    """What was found; `ignored` are files that cannot be read and that nothing suggests to be manifests.

    `judging` are namespaces, and admission policies with their bindings.
    """

    argocd: tuple[Declared, ...]
    definitions: tuple[Declared, ...]
    judging: tuple[Declared, ...]
    unparsed: tuple[Unparsed, ...]
    ignored: tuple[str, ...]


class _Document(msgspec.Struct, frozen=True, array_like=True):
    number: int
    manifest: dict[str, Any]


_DOCUMENTS = msgspec.msgpack.Decoder(list[_Document])


def find(files: Sequence[str], tree: SignedFiles, memory: Memory) -> Manifests:
    """Return Argo CD's manifests, and what judges objects, among `files`.

    Files in hidden folders, templates of Helm charts, and files that a kustomization beside or above them
    names, are left out: those count as what is made of them. Files that held nothing last time and are as
    they were are not read.
    """
    search = _Search(files, tree, memory)
    passed = _passed(memory)
    still: dict[str, bytes] = {}
    for file in files:
        folder, _, name = file.rpartition("/")
        if not name.endswith(_ENDINGS) or folder.startswith(".") or "/." in folder:
            continue
        if name in KUSTOMIZATION_NAMES or search.is_template(file):
            continue
        # A name that is no text cannot be remembered.
        signature = tree.signature(file) if file.isprintable() else b""
        known = bool(signature) and passed.get(file) == signature
        if (known or not search.look(file)) and signature:
            still[file] = signature
    if still != passed:
        memory.put(_PASSED, msgspec.msgpack.encode(still))
    return search.found()


def _passed(memory: Memory) -> dict[str, bytes]:
    """Return the signatures of the files that held nothing of interest."""
    try:
        return msgspec.msgpack.decode(memory.get(_PASSED) or b"", type=dict[str, bytes])
    except msgspec.MsgspecError:
        return {}


class _Search:
    def __init__(self, files: Sequence[str], tree: SignedFiles, memory: Memory) -> None:
        self._known = frozenset(files)
        self._tree = tree
        self._memory = memory
        self._kustomizations: dict[str, str] = {}
        self._argocd: list[Declared] = []
        self._definitions: list[Declared] = []
        self._judging: list[Declared] = []
        self._unparsed: list[Unparsed] = []
        self._ignored: list[str] = []

    def found(self) -> Manifests:
        return Manifests(
            tuple(self._argocd),
            tuple(self._definitions),
            tuple(self._judging),
            tuple(self._unparsed),
            tuple(self._ignored),
        )

    def is_template(self, file: str) -> bool:
        """Say whether a file is a template of a Helm chart: no YAML before Helm has filled it in."""
        chart, found, _ = file.partition("templates/")
        return bool(found) and (not chart or chart.endswith("/")) and f"{chart}Chart.yaml" in self._known

    def look(self, file: str) -> bool:
        """Sort what is in a file; return whether there was anything of interest."""
        try:
            text = self._tree.read_text(file)
        except FileNotFoundError:
            return False
        except SealockError:
            self._ignored.append(file)
            return True
        argocd = _GROUP in text and _ARGOCD.search(text) is not None
        if argocd or _DEFINITION in text or _JUDGING.search(text):
            self._sort(file, text, argocd=argocd, owned=self._is_owned(file))
            return True
        return False

    def _sort(self, file: str, text: str, *, argocd: bool, owned: bool) -> None:
        try:
            documents = _documents(text, file, self._memory)
        except SealockError as wrong:
            if argocd and not owned:
                where = wrong.where or Location(file, 1, 1)
                self._unparsed.append(Unparsed(where, wrong.message, wrong.hint))
            else:
                self._ignored.append(file)
            return
        for each in documents:
            declared = Declared(file, each.number, each.manifest)
            kind = each.manifest.get("kind")
            if kind == _DEFINITION:
                self._definitions.append(declared)
            elif owned:
                continue
            elif kind in _JUDGING_KINDS:
                self._judging.append(declared)
            elif is_argocd(each.manifest):
                self._argocd.append(declared)

    def _is_owned(self, file: str) -> bool:
        """Say whether a kustomization beside or above a file names it."""
        folder = file
        while folder:
            folder = folder.rpartition("/")[0]
            inside = f"{folder}/" if folder else ""
            if file[len(inside) :] in self._kustomization(inside):
                return True
        return False

    def _kustomization(self, inside: str) -> str:
        """Return the text of the kustomization in a folder, or an empty one."""
        known = self._kustomizations.get(inside)
        if known is None:
            known = ""
            file = next((inside + name for name in KUSTOMIZATION_NAMES if inside + name in self._known), None)
            if file:
                with suppress(FileNotFoundError, SealockError):
                    known = self._tree.read_text(file)
            self._kustomizations[inside] = known
        return known


def named(patterns: Sequence[str], files: Sequence[str], tree: SignedFiles, memory: Memory) -> list[Declared]:
    """Return every document of the files that match `patterns`, paths or globs.

    Raises ConfigurationError for a pattern without a file, and what reading and parsing raises.
    """
    found: list[Declared] = []
    for pattern in patterns:
        matching = [file for file in files if fnmatchcase(file, pattern)]
        if not matching:
            message = f"sealock.yaml names {printable(pattern)}, and no file of the repository matches"
            raise ConfigurationError(message, hint="Correct the path; it is relative to the repository.")
        for file in matching:
            documents = _documents(tree.read_text(file), file, memory)
            found += [Declared(file, each.number, each.manifest) for each in documents]
    return found


def is_argocd(manifest: dict[str, Any]) -> bool:
    """Say whether a manifest is one of Argo CD's three kinds."""
    return manifest.get("kind") in KINDS and str(manifest.get("apiVersion", "")).startswith(_GROUP)


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
