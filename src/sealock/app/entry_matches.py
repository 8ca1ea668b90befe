"""Which image entries and patch targets of the kustomizations in scope select nothing.

What a render shows proves most entries: the image stands there as the entry sets it, the object that the
target names is there. Kustomize itself is asked about the rest, by the EntryMatcher port. Plain lists of
images are read from the text alone: to parse every kustomization would cost more than all the rules.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from sealock.domain.yaml_document import Mapping, Scalar, Sequence, resolved
from sealock.errors import SealockError
from sealock.ports import EntryQuestion
from sealock.rules.view import UnmatchedEntry, images

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from collections.abc import Sequence as Many

    from sealock.app.renders import Renders
    from sealock.domain.source_map import SourceMap
    from sealock.domain.yaml_document import Node
    from sealock.ports import EntryAnswer, EntryMatcher
    from sealock.rules.view import JudgedObject, OverlayView

_PATCHES = ("patches", "patchesJson6902")
# Of what a regular expression may hold, only the dot also stands in image names, and it matches itself.
_PLAIN_IMAGE = re.compile(r"[A-Za-z0-9._/:@-]+")
_PLAIN_TARGET = re.compile(r"[A-Za-z0-9-]+")
_IMAGE_FIELD = re.compile(
    r" *(- +)?(name|newName|newTag|digest): +(\"?)([A-Za-z0-9._/:@+-]+)\3[ \r]*(?: #.*)?$"
)
_IDLE = re.compile(r"[ \r]*(?:#.*)?$")
_CRASHED = "internal"
_NO_ANSWER = frozenset({"engine-died", "deadline-exceeded", "internal", "cancelled"})
_MOST_KUSTOMIZATIONS = 200


class _Use(NamedTuple):
    """A kustomization as it is used: built alone from `host`, or through components from there."""

    host: str
    through: tuple[str, ...]

    @property
    def folder(self) -> str:
        return self.through[-1] if self.through else self.host


class _Entry(NamedTuple):
    file: str
    field: str
    position: int


class _Seen:
    """What an overlay's render shows."""

    def __init__(self, overlay: OverlayView) -> None:
        self.images = {image for each in overlay.objects for _, image in images(each.manifest)}
        self.objects: dict[str, list[JudgedObject]] = {}
        for each in overlay.objects:
            self.objects.setdefault(each.origin.kind, []).append(each)

    def proves(self, field: str, entry: Mapping) -> bool:
        if field != "images":
            return self._has_target(entry)
        return self.has({key: _text(entry, key) for key in ("name", "newName", "newTag", "digest")})

    def has(self, entry: dict[str, str]) -> bool:
        """Say whether an image stands there as an entry sets it."""
        name = entry.get("name", "")
        new = entry.get("newName") or name
        tag, digest = entry.get("newTag"), entry.get("digest")
        if not _PLAIN_IMAGE.fullmatch(name):
            return False
        if tag or digest:
            return new + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "") in self.images
        return any(image == new or image.startswith((f"{new}:", f"{new}@")) for image in self.images)

    def _has_target(self, entry: Mapping) -> bool:
        target = entry.get("target")
        target = resolved(target) if target is not None else None
        if not isinstance(target, Mapping) or target.merges or set(target.pairs) - _TARGET_FIELDS:
            return False
        wanted = {key: _text(target, key) for key in target.pairs}
        if not all(_PLAIN_TARGET.fullmatch(text) for key, text in wanted.items() if key != "group"):
            return False
        return any(_is_target(each, wanted) for each in self.objects.get(wanted.get("kind", ""), ()))


_TARGET_FIELDS = {"group", "version", "kind", "name"}


def _is_target(each: JudgedObject, wanted: dict[str, str]) -> bool:
    group, _, version = each.key.api_version.rpartition("/")
    return (
        wanted.get("name", each.origin.name) in {each.origin.name, each.key.name}
        and wanted.get("group", group) == group
        and wanted.get("version", version) == version
    )


def unmatched(
    overlays: Many[OverlayView],
    renders: Renders,
    sources: SourceMap,
    matcher: EntryMatcher,
    *,
    complete: bool,
) -> tuple[UnmatchedEntry, ...]:
    """Return the entries that select nothing, or of which nobody knows, by file.

    Unless `overlays` are all that there are (`complete`), nothing is said of components: some other
    overlay might use them. Raises EngineError.
    """
    return _Search(overlays, renders, sources, matcher).run(complete=complete)


class _Search:
    def __init__(
        self,
        overlays: Many[OverlayView],
        renders: Renders,
        sources: SourceMap,
        matcher: EntryMatcher,
    ) -> None:
        self._overlays = {each.path: each for each in overlays}
        self._renders = renders
        self._sources = sources
        self._matcher = matcher
        self._seen: dict[str, _Seen] = {}
        self._reached: dict[_Use, list[str]] = {}
        self._below: dict[_Use, tuple[_Use, ...]] = {}

    def run(self, *, complete: bool) -> tuple[UnmatchedEntry, ...]:
        open_files = self._open_files()
        folders = {posixpath.dirname(file) or "." for file in open_files}
        wanted: set[str] = set()
        for overlay in self._overlays.values():
            if not overlay.failure and overlay.read.isdisjoint(open_files):
                continue
            for use in self._uses(_Use(overlay.path, ())):
                self._reached.setdefault(use, []).append(overlay.path)
                if overlay.in_scope and use.folder in folders and (complete or not use.through):
                    wanted.add(use.folder)
        suspects = dict(self._suspects(wanted))
        questions = [question for asked in suspects.values() for question in asked]
        answers = dict(zip(questions, self._matcher.ask(questions), strict=True))
        found = (self._judged(entry, asked, answers) for entry, asked in suspects.items())
        return tuple(sorted((each for each in found if each), key=lambda each: (each.file, each.index)))

    def _open_files(self) -> set[str]:
        """Return the kustomizations that overlays in scope read, less those whose text shows no fault."""
        readers: dict[str, list[str]] = {}
        for overlay in self._overlays.values():
            for file in self._files(overlay) if overlay.in_scope else ():
                readers.setdefault(file, []).append(overlay.path)
        return {file for file, overlays in readers.items() if not self._is_plainly_fine(file, overlays)}

    def _files(self, overlay: OverlayView) -> Iterable[str]:
        """Return an overlay's kustomizations; a render that failed may not have read them all."""
        if overlay.failure:
            return [root.file for root in self._sources.reached(overlay.path)]
        return overlay.kustomizations

    def _is_plainly_fine(self, file: str, overlays: Many[str]) -> bool:
        """Say whether some overlay shows each image of the file, and there is nothing else to look for."""
        try:
            entries = _plain_images(self._sources.text(file))
        except (FileNotFoundError, SealockError):
            return False
        return entries is not None and all(
            any(self._look(path).has(entry) for path in overlays) for entry in entries
        )

    def _uses(self, top: _Use) -> Iterator[_Use]:
        """Yield each use of a kustomization that a build of `top` makes, once."""
        seen: set[_Use] = set()
        stack = [top]
        while stack and len(seen) < _MOST_KUSTOMIZATIONS:
            use = stack.pop()
            if use not in seen:
                seen.add(use)
                yield use
                stack += self._next(use)

    def _next(self, use: _Use) -> tuple[_Use, ...]:
        known = self._below.get(use)
        if known is None:
            root = self._sources.kustomization(use.folder)
            known = self._below[use] = tuple(self._children(use, root)) if root else ()
        return known

    def _children(self, use: _Use, root: Mapping) -> Iterator[_Use]:
        for field in ("resources", "bases", "components"):
            for node in _items(root.get(field)):
                if not isinstance(node, Scalar) or "\n" in node.text:
                    continue
                folder = posixpath.normpath(posixpath.join(use.folder, node.text))
                if self._sources.kustomization(folder) is None:
                    continue
                yield _Use(use.host, (*use.through, folder)) if field == "components" else _Use(folder, ())

    def _suspects(self, folders: Collection[str]) -> Iterator[tuple[_Entry, list[EntryQuestion]]]:
        by_folder: dict[str, list[_Use]] = {}
        for use in self._reached:
            if use.folder in folders:
                by_folder.setdefault(use.folder, []).append(use)
        for folder, uses in by_folder.items():
            root = self._sources.kustomization(folder)
            for field, index, node in _entries(root) if root else ():
                asked = self._questions(uses, field, index, node)
                if asked:
                    yield _Entry(node.file, field, index), asked

    def _questions(self, uses: Iterable[_Use], field: str, index: int, node: Mapping) -> list[EntryQuestion]:
        """Return what to ask about an entry; nothing where a render proves it, or cannot be had."""
        asked: list[EntryQuestion] = []
        strange = field == "images" and not _PLAIN_IMAGE.fullmatch(_text(node, "name"))
        for use in uses:
            for path in self._reached[use]:
                failure = self._overlays[path].failure
                if failure and not (strange and failure.code == _CRASHED):
                    return []
                if not failure and self._look(path).proves(field, node):
                    return []
            inputs = self._inputs(self._reached[use][0])
            asked.append(EntryQuestion(use.host, use.through, field, index, inputs))
        return asked

    def _look(self, path: str) -> _Seen:
        if path not in self._seen:
            self._seen[path] = _Seen(self._overlays[path])
        return self._seen[path]

    def _inputs(self, overlay: str) -> str:
        """Return a digest of what a render read; empty where that is not all that decides it."""
        trace = self._renders[overlay].trace
        if not trace or any(each.kind == "uncacheable" for each in trace):
            return ""
        text = "\n".join(sorted(f"{each.kind} {each.digest} {each.path}" for each in trace))
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def _judged(
        self, entry: _Entry, asked: Many[EntryQuestion], answers: dict[EntryQuestion, EntryAnswer]
    ) -> UnmatchedEntry | None:
        found = [answers[question] for question in asked]
        overlays = sorted(
            {path for each in asked for path in self._reached[_Use(each.overlay, each.through)]}
        )
        invalid = next((each.invalid for each in found if each.invalid), "")
        failures = [each.failure for each in found if each.failure]
        lost = next((each.message for each in failures if each.code in _NO_ANSWER), "")
        if invalid:
            return UnmatchedEntry(*entry, tuple(overlays), invalid=invalid)
        # A kustomization that does not build without the overlays around it cannot be asked about alone.
        if any(each.matches for each in found) or (failures and not lost):
            return None
        return UnmatchedEntry(*entry, tuple(overlays), undecided=lost)


def _plain_images(text: str) -> list[dict[str, str]] | None:
    """Return the images that a text lists in the plainest way; None for anything that needs a parser."""
    if "target" in text or text.count("mages:") > 1 or "imageTags" in text:
        return None
    head, found, rest = text.partition("\nimages:")
    if not found:
        return None if "mages:" in head else []
    entries: list[dict[str, str]] = []
    for number, line in enumerate(rest.split("\n")):
        if _IDLE.match(line):
            continue
        match = _IMAGE_FIELD.match(line)
        if not number or match is None:
            return entries if number and line[0] not in " -" else None
        if match[1]:
            entries.append({})
        if not entries:
            return None
        entries[-1][match[2]] = match[4]
    return entries


def _entries(root: Mapping) -> Iterator[tuple[str, int, Mapping]]:
    for field in ("images", *_PATCHES):
        for index, node in enumerate(_items(root.get(field))):
            if isinstance(node, Mapping) and (field == "images" or node.get("target") is not None):
                yield field, index, node


def _items(node: Node | None) -> Iterator[Mapping | Sequence | Scalar]:
    target = resolved(node) if node is not None else None
    if isinstance(target, Sequence):
        yield from map(resolved, target.items)


def _text(node: Mapping, key: str) -> str:
    found = node.get(key)
    return found.text if isinstance(found, Scalar) else ""
