"""From a field of a rendered object back to the line that a person would edit.

A field may stand in a patch, be set by one of the kustomization's own transformers, or come from the file
that declares the object. Every place that could have set it is looked at, from the overlay inwards. The
outermost that sets a scalar wins; where none does, the one that reaches furthest into the field's path, and
of equals the innermost.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from sealock.domain.location import Location
from sealock.domain.manifest_folder import is_folder, path_of
from sealock.domain.overlays import KUSTOMIZATION_NAMES
from sealock.domain.yaml_document import (
    MANIFEST,
    Alias,
    Mapping,
    Node,
    Path,
    Scalar,
    Sequence,
    parse,
    resolved,
    to_plain,
)
from sealock.errors import SealockError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sealock.domain.rendered import Origin

_FOLDERS = ("resources", "bases", "components")
_MERGE_KEYS = ("name", "containerPort", "port", "mountPath", "devicePath", "ip", "key", "topologyKey", "type")
_MOST_KUSTOMIZATIONS = 200
_IDENTITY = (("apiVersion",), ("kind",), ("metadata", "name"))
_STEP = re.compile(r"([^.\[\]]+)|\[([^\]]*)\]")


class Field(NamedTuple):
    """A field of a rendered object: the manifest, the `path` to it, where the object came from."""

    manifest: dict[str, Any]
    path: Path
    origin: Origin


class _Candidate(NamedTuple):
    """A place that reaches `depth` steps into the path; `leaf`: what stands there is a scalar."""

    depth: int
    where: Location
    leaf: bool = False


class _Inside(NamedTuple):
    """A scalar that holds YAML; `indent` is that of its lines, -1 where it is no block scalar."""

    where: Location
    indent: int

    def place(self, inner: Location) -> Location:
        """Return where a position in the scalar's text stands in the file."""
        if self.indent < 0:
            return self.where
        return Location(self.where.file, self.where.line + inner.line, self.indent + inner.column)


class _Kustomization(NamedTuple):
    folder: str
    file: str
    root: Mapping


def parse_path(text: str, manifest: dict[str, Any]) -> Path:
    """Return the API server's field path (`spec.ports[0].name`, `data[a.b]`) as keys and indices.

    A bracket is an index where the manifest has a list. Steps that lead nowhere are kept.
    """
    found: list[str | int] = []
    node: Any = manifest
    for match in _STEP.finditer(text):
        step: str | int = match[1] or match[2] or ""
        if isinstance(node, list) and isinstance(step, str) and step.isascii() and step.isdigit():
            step = int(step)
        found.append(step)
        node = _value(node, step)
    return tuple(found)


def show_path(path: Path) -> str:
    """Return a path as people write it: `spec.ports[0].name`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif re.fullmatch(r"[A-Za-z0-9_-]+", step):
            text += f".{step}" if text else step
        else:
            text += f"[{step}]"
    return text


def _value(node: object, step: str | int) -> object:
    if isinstance(node, dict):
        return node.get(step)
    if isinstance(node, list) and isinstance(step, int) and step < len(node):
        return node[step]
    return None


class SourceMap:
    """Finds places in a repository's files. Parses what it needs, each file once."""

    def __init__(self, read_text: Callable[[str], str]) -> None:
        """Read files with `read_text`, which raises FileNotFoundError or SealockError."""
        self._read_text = read_text
        self._documents: dict[str, tuple[Node, ...]] = {}
        self._chains: dict[str, tuple[_Kustomization, ...]] = {}

    def text(self, file: str) -> str:
        """Return the text whose characters the nodes of a file count. Raises FileNotFoundError."""
        return self._read_text(file)

    def documents(self, file: str) -> tuple[Node, ...]:
        """Return a file's documents; none for one that cannot be read."""
        known = self._documents.get(file)
        if known is None:
            try:
                known = parse(self._read_text(file), file, MANIFEST, [])
            except (FileNotFoundError, SealockError):
                known = ()
            self._documents[file] = known
        return known

    def kustomization(self, folder: str) -> Mapping | None:
        """Return the root of the kustomization in `folder`, or None."""
        found = self._kustomization(folder)
        return found.root if found else None

    def reached(self, overlay: str) -> Iterator[Mapping]:
        """Yield every kustomization that `overlay` is made of, the overlay's own first."""
        return (each.root for each in self._chain(overlay))

    def in_document(self, file: str, document: int, path: Path) -> Location:
        """Return the place of `path` in one document of a file, or of its nearest ancestor."""
        documents = self.documents(file)
        if document >= len(documents):
            return Location(file, 1, 1)
        return _descend(documents[document], path, None).where

    def locate(self, overlay: str, field: Field) -> Location:
        """Return where a field of an object rendered by `overlay` is set."""
        best: _Candidate | None = None
        for each in self._candidates(overlay, field):
            if each.leaf and each.depth == len(field.path):
                return each.where
            if best is None or each.depth >= best.depth:
                best = each
        if best:
            return best.where
        chain = self._chain(overlay)
        return Location(field.origin.file or (chain[0].file if chain else path_of(overlay)), 1, 1)

    def _candidates(self, overlay: str, field: Field) -> Iterator[_Candidate]:
        for kustomization in self._chain(overlay):
            yield from _Transformers(kustomization, field).candidates()
            for patch in self._patches(kustomization):
                yield from patch.candidates(field)
        yield from self._at_origin(field)

    def _at_origin(self, field: Field) -> Iterator[_Candidate]:
        origin = field.origin
        for document in self.documents(origin.file):
            root = resolved(document)
            if origin.generator:
                pair = root.pairs.get(origin.generator) if isinstance(root, Mapping) else None
                if pair:
                    yield _Candidate(0, _generated(pair.value, origin.name) or pair.key.where)
                continue
            # Argo CD takes lists apart, and so does kustomize.
            listed = root.get("items") if isinstance(root, Mapping) else None
            for item in (root, *_items(listed)):
                if _declares(item, origin.kind, origin.name):
                    yield _descend(item, field.path, field.manifest)

    def _chain(self, overlay: str) -> tuple[_Kustomization, ...]:
        known = self._chains.get(overlay)
        if known is None:
            found: dict[str, _Kustomization] = {}
            if not is_folder(overlay):
                self._walk(posixpath.normpath(overlay), found)
            known = self._chains[overlay] = tuple(found.values())
        return known

    def _walk(self, folder: str, found: dict[str, _Kustomization]) -> None:
        if folder in found or len(found) >= _MOST_KUSTOMIZATIONS:
            return
        here = self._kustomization(folder)
        if here is None:
            return
        found[folder] = here
        for name in _FOLDERS:
            for path, _ in _texts(here.root.get(name)):
                self._walk(posixpath.normpath(posixpath.join(folder, path)), found)

    def _kustomization(self, folder: str) -> _Kustomization | None:
        if folder.startswith(("../", "/")) or folder == ".." or "://" in folder:
            return None
        for name in KUSTOMIZATION_NAMES:
            file = name if folder == "." else f"{folder}/{name}"
            for document in self.documents(file):
                root = resolved(document)
                return _Kustomization(folder, file, root) if isinstance(root, Mapping) else None
        return None

    def _patches(self, kustomization: _Kustomization) -> Iterator[_Patch]:
        for item in _items(kustomization.root.get("patches")):
            if isinstance(item, Mapping):
                yield from self._patch(kustomization, item)
        for item in _items(kustomization.root.get("patchesJson6902")):
            if isinstance(item, Mapping):
                yield from self._patch(kustomization, item)
        for text, node in _texts(kustomization.root.get("patchesStrategicMerge")):
            if "\n" not in text:
                for document in self.documents(_join(kustomization.folder, text)):
                    yield _Patch(resolved(document), None, None)
            else:
                yield from self._inline(node, None)

    def _patch(self, kustomization: _Kustomization, item: Mapping) -> Iterator[_Patch]:
        target = item.get("target")
        target = target if isinstance(target, Mapping) else None
        path, text = item.get("path"), item.get("patch")
        if isinstance(path, Scalar):
            for document in self.documents(_join(kustomization.folder, path.text)):
                yield _Patch(resolved(document), target, None)
        if isinstance(text, Scalar):
            yield from self._inline(text, target)

    def _inline(self, node: Scalar, target: Mapping | None) -> Iterator[_Patch]:
        """Yield the patches written in a scalar, with what places them in the file."""
        try:
            documents = parse(node.text, node.file, MANIFEST, [])
            lines = self._read_text(node.file).splitlines() if node.style in {"|", ">"} else []
        except (FileNotFoundError, SealockError):
            return
        first = lines[node.line] if node.line < len(lines) else ""
        indent = len(first) - len(first.lstrip(" ")) if lines else -1
        yield from (_Patch(resolved(each), target, _Inside(node.where, indent)) for each in documents)


def _join(folder: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(folder, path))


def _items(node: Node | None) -> Iterator[Mapping | Sequence | Scalar]:
    target = resolved(node) if node is not None else None
    if isinstance(target, Sequence):
        yield from map(resolved, target.items)


def _texts(node: Node | None) -> Iterator[tuple[str, Scalar]]:
    for item in _items(node):
        if isinstance(item, Scalar):
            yield item.text, item


def _text(node: Node | None, key: str) -> str:
    target = resolved(node) if node is not None else None
    found = target.get(key) if isinstance(target, Mapping) else None
    return found.text if isinstance(found, Scalar) else ""


def _declares(root: Node, kind: str, name: str) -> bool:
    if not isinstance(root, Mapping):
        return False
    metadata = root.get("metadata")
    return _text(root, "kind") == kind and _text(metadata, "name") == name


def _generated(node: Node, name: str) -> Location | None:
    for item in _items(node):
        found = item.get("name") if isinstance(item, Mapping) else None
        if isinstance(found, Scalar) and found.text == name:
            return found.where
    return None


def _descend(root: Node, path: Path, manifest: object) -> _Candidate:
    """Follow `path` as far as it goes; list items are matched by their merge key, else by position.

    The place is the value's for a scalar, and its key's for anything larger.
    """
    node = resolved(root)
    where, depth = node.where, 0
    value = manifest
    for step in path:
        value = _value(value, step)
        child, place = _step(node, step, value)
        if child is None:
            break
        node, depth = resolved(child), depth + 1
        where = child.where if isinstance(child, Alias | Scalar) or place is None else place
    return _Candidate(depth, where, isinstance(node, Scalar))


def _step(node: Node, step: str | int, value: object) -> tuple[Node | None, Location | None]:
    """Return the child, and the place of its key if it has one."""
    if isinstance(node, Mapping) and isinstance(step, str):
        pair = node.pairs.get(step)
        return (pair.value, pair.key.where) if pair else (node.get(step), None)
    if isinstance(node, Sequence) and isinstance(step, int):
        return _item(node, step, value), None
    return None, None


def _item(node: Sequence, step: int, value: object) -> Node | None:
    """Return the item that stands for `value`, which is at `step` of the rendered list."""
    keyed = value if isinstance(value, dict) else {}
    merge_key = next((key for key in _MERGE_KEYS if key in keyed), None)
    for item in node.items:
        target = resolved(item)
        if merge_key is not None:
            key = target.get(merge_key) if isinstance(target, Mapping) else None
            if isinstance(key, Scalar) and key.value() == keyed[merge_key]:
                return item
        elif isinstance(target, Scalar) and target.value() == value:
            return item
    return node.items[step] if merge_key is None and 0 <= step < len(node.items) else None


class _Patch(NamedTuple):
    """One document of a patch: `target` selects objects; `inside` is the scalar it is written in."""

    root: Mapping | Sequence | Scalar
    target: Mapping | None
    inside: _Inside | None

    def candidates(self, field: Field) -> Iterator[_Candidate]:
        """Yield the place where this patch sets the field, if it does."""
        if field.path in _IDENTITY:
            # A patch names what it patches; that sets nothing.
            return
        if isinstance(self.root, Sequence):
            found = self._operations(field) if self._selects(field) else iter(())
        elif isinstance(self.root, Mapping) and self._matches(self.root, field):
            found = iter((_descend(self.root, field.path, field.manifest),))
        else:
            return
        for each in found:
            if each.depth > 0:
                yield each if self.inside is None else each._replace(where=self.inside.place(each.where))

    def _matches(self, root: Mapping, field: Field) -> bool:
        if self.target is not None:
            return self._selects(field)
        origin = field.origin
        return _declares(root, origin.kind, origin.name) or _declares(
            root, str(field.manifest.get("kind", "")), _name(field.manifest)
        )

    def _selects(self, field: Field) -> bool:
        if self.target is None:
            return False
        kind, name = _text(self.target, "kind"), _text(self.target, "name")
        names = {field.origin.name, _name(field.manifest)}
        kinds = {field.origin.kind, str(field.manifest.get("kind", ""))}
        return (not kind or any(map(_pattern(kind), kinds))) and (not name or any(map(_pattern(name), names)))

    def _operations(self, field: Field) -> Iterator[_Candidate]:
        for item in _items(self.root):
            pointer = _text(item, "path")
            steps = tuple(each.replace("~1", "/").replace("~0", "~") for each in pointer.split("/")[1:])
            if not isinstance(item, Mapping) or not steps or not _prefix(steps, field):
                continue
            value = item.get("value")
            inner = _at(field.manifest, field.path[: len(steps)])
            if value is not None and (steps[-1] != "-" or _is_same(value, inner)):
                found = _descend(value, field.path[len(steps) :], inner)
                yield found._replace(depth=len(steps) + found.depth)


def _prefix(steps: tuple[str, ...], field: Field) -> bool:
    """Say whether an operation's path leads to the field; `-`, the end of a list, may be any of its items."""
    return len(steps) <= len(field.path) and all(
        step == str(own) or (step == "-" and isinstance(own, int))
        for step, own in zip(steps, field.path, strict=False)
    )


def _is_same(node: Node, value: object) -> bool:
    """Say whether an appended item is the one at hand: by its merge key where it has one."""
    own = to_plain(node)
    if isinstance(own, dict) and isinstance(value, dict):
        key = next((key for key in _MERGE_KEYS if key in own), None)
        return key is None or own[key] == value.get(key)
    return bool(own == value)


def _at(value: object, path: Path) -> object:
    for step in path:
        value = _value(value, step)
    return value


def _name(manifest: dict[str, Any]) -> str:
    metadata = manifest.get("metadata")
    return str(metadata.get("name", "")) if isinstance(metadata, dict) else ""


def _pattern(text: str) -> Callable[[str], bool]:
    try:
        compiled = re.compile(text)
    except re.error:
        return text.__eq__
    return lambda name: compiled.fullmatch(name) is not None


class _Transformers:
    """What a kustomization's own fields set in an object."""

    def __init__(self, kustomization: _Kustomization, field: Field) -> None:
        self._root = kustomization.root
        self._field = field

    def candidates(self) -> Iterator[_Candidate]:
        path = self._field.path
        depth = len(path)
        if not path:
            return
        for node in self._setters(path):
            yield _Candidate(depth, node.where, leaf=True)

    def _setters(self, path: Path) -> Iterator[Node]:
        last = path[-1]
        if last == "image":
            yield from self._image(_at(self._field.manifest, path))
        elif path == ("spec", "replicas"):
            yield from self._replicas()
        elif path == ("metadata", "namespace"):
            yield from self._scalar("namespace")
        elif path == ("metadata", "name"):
            yield from self._scalar("namePrefix")
            yield from self._scalar("nameSuffix")
        elif len(path) > 1 and isinstance(last, str):
            yield from self._labels(str(path[-2]), last)

    def _scalar(self, key: str) -> Iterator[Node]:
        node = self._root.get(key)
        if isinstance(node, Scalar) and node.text:
            yield node

    def _image(self, image: object) -> Iterator[Node]:
        rendered = re.sub(r":[^/]*$", "", re.sub(r"@.*$", "", str(image)))
        for item in _items(self._root.get("images")):
            if not isinstance(item, Mapping) or rendered not in {_text(item, "newName"), _text(item, "name")}:
                continue
            fields = (item.get(key) for key in ("digest", "newTag", "newName", "name"))
            yield next((node for node in fields if node is not None), item)

    def _replicas(self) -> Iterator[Node]:
        names = {self._field.origin.name, _name(self._field.manifest)}
        for item in _items(self._root.get("replicas")):
            if isinstance(item, Mapping) and _text(item, "name") in names:
                yield item.get("count") or item

    def _labels(self, parent: str, key: str) -> Iterator[Node]:
        common = {"annotations": "commonAnnotations"}.get(parent, "commonLabels")
        if parent not in {"labels", "matchLabels", "annotations", "selector"}:
            return
        nodes = [self._root.get(common)]
        if common == "commonLabels":
            nodes += [
                item.get("pairs") for item in _items(self._root.get("labels")) if isinstance(item, Mapping)
            ]
        for node in nodes:
            found = node.get(key) if isinstance(node, Mapping) else None
            if found is not None:
                yield found
