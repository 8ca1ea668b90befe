"""Byte-minimal edits that write a deprecated field of a kustomization as the one that replaced it.

Every edit is checked: the edited text must hold exactly what the old one did, under the new names. Where a
shape cannot be edited so, there is no edit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sealock.domain.yaml_document import MANIFEST, Mapping, Scalar, Sequence, parse, to_plain
from sealock.domain.yaml_edit import (
    Edit,
    Entry,
    NotEditable,
    apply,
    fragment,
    insert_after,
    insert_before,
    lead_lines,
    mapping_entries,
    newline_of,
    remove,
    replace,
    sequence_entries,
    tail_comment,
)
from sealock.errors import SealockError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence as Many

RENAMED = {"bases": "resources", "imageTags": "images", "patchesJson6902": "patches"}
"""Whose items stand behind those of the new field: FixKustomization in api/types of Kustomize v0.21.1."""

_PATCHES = "patchesStrategicMerge"
_LABELS = "commonLabels"
_FILES = (".yaml", ".yml", ".json")
_DEEPER = "  "


def edits(text: str, root: Mapping, field: str) -> tuple[Edit, ...]:
    """Return the edits of `text`, whose document is `root`; none where there is no safe way."""
    try:
        wanted = _expected(to_plain(root), field)
        found = tuple(_Rewrite(text, root).of(field))
        after = parse(apply(text, found), root.file, MANIFEST)
    except (NotEditable, SealockError, KeyError, TypeError, ValueError, IndexError):
        return ()
    return found if len(after) == 1 and to_plain(after[0]) == wanted else ()


def _expected(plain: dict[str, Any], field: str) -> dict[str, Any]:
    """Return what the kustomization is to say; raises where that is not known."""
    old = plain.pop(field)
    if field in RENAMED:
        new = RENAMED[field]
        plain[new] = [*(plain.get(new) or ()), *old]
    elif field == _PATCHES:
        plain["patches"] = [*({_kind(each): each} for each in old), *(plain.get("patches") or ())]
    else:
        plain["labels"] = [*(plain.get("labels") or ()), {"pairs": dict(old), "includeSelectors": True}]
    return plain


def _kind(patch: str) -> str:
    if "\n" in patch:
        return "patch"
    if patch.endswith(_FILES):
        return "path"
    raise NotEditable(patch)


class _Rewrite:
    def __init__(self, text: str, root: Mapping) -> None:
        if root.flow:
            message = "a kustomization in braces"
            raise NotEditable(message)
        self._text = text
        self._root = root
        self._newline = newline_of(text)
        self._entries = mapping_entries(text, root)

    def of(self, field: str) -> Iterator[Edit]:
        new = RENAMED.get(field) or ("patches" if field == _PATCHES else "labels")
        if new in self._entries:
            yield from self._merged(field, new)
        elif field == _LABELS:
            yield self._relabelled()
        else:
            key = self._root.pairs[field].key
            yield Edit(key.start, key.end, new)
            if field == _PATCHES:
                yield from self._named_patches()

    def _sequence(self, field: str) -> Sequence:
        value = self._entries[field].value
        if not isinstance(value, Sequence):
            message = f"{field} is no list"
            raise NotEditable(message)
        return value

    def _named_patches(self) -> Iterator[Edit]:
        """Yield what makes each item a `path` or `patch`, where it stands."""
        patches = self._sequence(_PATCHES)
        for item in patches.items:
            if not isinstance(item, Scalar):
                message = "an alias"
                raise NotEditable(message)
            opening, closing = ("{", "}") if patches.flow else ("", "")
            yield Edit(item.start, item.start, f"{opening}{_kind(item.text)}: ")
            if closing:
                yield Edit(item.end, item.end, closing)
            if item.style in ("|", ">"):
                yield from self._deeper(item)

    def _deeper(self, item: Scalar) -> Iterator[Edit]:
        position = self._text.index("\n", item.start) + 1
        while 0 < position < item.end:
            if self._text[position] not in "\r\n":
                yield Edit(position, position, _DEEPER)
            position = self._text.find("\n", position) + 1

    def _merged(self, field: str, new: str) -> Iterator[Edit]:
        """Yield what moves the items to the list that is there."""
        target = self._sequence(new)
        if target.flow or not target.items:
            message = f"{new} is no list of lines"
            raise NotEditable(message)
        old = self._entries[field]
        items = sequence_entries(self._text, target)
        # What stands above the first key is about the file.
        lead = old is not next(iter(self._entries.values()))
        comments = lead_lines(self._text, old) if lead else []
        lines = [*comments, *self._key_comment(old), *self._moved(field)]
        if field == _PATCHES:
            added = insert_before(items[0], lines, self._newline)
        else:
            added = insert_after(self._text, items[-1], lines, self._newline)
        yield from self._without(remove(old, None, lead=lead), added)

    def _without(self, taken: Edit, added: Edit) -> tuple[Edit, Edit]:
        """Return both edits; a file that ends without a line break still does."""
        if taken.end < len(self._text) or self._text.endswith("\n"):
            return added, taken
        before = len(self._text[: taken.start].rstrip("\r\n"))
        if added.end <= before:
            return added, Edit(before, taken.end, "")
        last = Edit(added.start, added.end, added.text.removesuffix(self._newline))
        return last, Edit(added.end, taken.end, "")

    def _key_comment(self, entry: Entry) -> list[str]:
        if isinstance(entry.value, Mapping | Sequence) and entry.value.flow:
            return []
        _, _, comment = tail_comment(self._text, entry)
        return [comment] if comment else []

    def _moved(self, field: str) -> list[str]:
        if field == _LABELS:
            return self._labels(0)
        old = self._sequence(field)
        if old.flow:
            message = f"{field} is no list of lines"
            raise NotEditable(message)
        found: list[str] = []
        for entry in sequence_entries(self._text, old):
            lines = fragment(self._text, entry, lead=True)
            if field == _PATCHES:
                value = entry.value
                if not isinstance(value, Scalar):
                    message = "an alias"
                    raise NotEditable(message)
                first = next(i for i, line in enumerate(lines) if line.startswith("-"))
                blank = lines[first][1:][: len(lines[first][1:]) - len(lines[first][1:].lstrip(" "))]
                lines[first] = f"-{blank}{_kind(value.text)}: {lines[first][1:].lstrip(' ')}"
                lines[first + 1 :] = [_DEEPER + line if line else line for line in lines[first + 1 :]]
            found += lines
        return found

    def _relabelled(self) -> Edit:
        entry = self._entries[_LABELS]
        comment = "".join(f"  {each}" for each in self._key_comment(entry))
        lines = [f"labels:{comment}", *self._labels(self._indent())]
        return replace(self._text, entry, lines, self._newline)

    def _labels(self, indent: int) -> list[str]:
        """Return the labels as one item of a list; `indent` is that of its dash."""
        entry = self._entries[_LABELS]
        value = entry.value
        pad = " " * indent
        if not isinstance(value, Mapping) or not value.pairs:
            message = "no labels"
            raise NotEditable(message)
        last = f"{pad}  includeSelectors: true"
        if value.flow:
            rest = self._text[value.start : entry.end].rstrip("\r\n")
            if "\n" in rest:
                message = "labels in braces over several lines"
                raise NotEditable(message)
            return [f"{pad}- pairs: {rest}", last]
        body = self._text[self._text.index("\n", entry.start) + 1 : entry.end].splitlines()
        shift = indent + 4 - (value.column - 1)
        return [f"{pad}- pairs:", *(_shifted(body, shift)), last]

    def _indent(self) -> int:
        """Return how far the file's other lists are indented; two where there is none."""
        for pair in self._root.pairs.values():
            if isinstance(pair.value, Sequence) and not pair.value.flow:
                return pair.value.column - self._root.column
        return len(_DEEPER)


def _shifted(lines: Many[str], shift: int) -> Iterator[str]:
    for line in lines:
        if not line.strip():
            yield line
        elif shift >= 0:
            yield " " * shift + line
        else:
            yield line[min(-shift, len(line) - len(line.lstrip(" "))) :]
