"""What the `images` of a kustomization say: line by line where they are plain, by the parser elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from sealock.domain.promotion import ImagePin
from sealock.domain.tag_comment import tag_of
from sealock.domain.yaml_document import MANIFEST, Mapping, Scalar, Sequence, parse, resolved
from sealock.domain.yaml_edit import comments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.yaml_document import Node

# Anything at a line's start but a key, an item, a comment or more of what is above.
_UNUSUAL = re.compile(r"^(?![ \t#\r\n-]|\Z|[A-Za-z][A-Za-z0-9]*:(?:[ \t\r\n]|\Z))", re.MULTILINE)
_DOCUMENT = re.compile(r"^(?:---|\.\.\.)", re.MULTILINE)
_LIST = re.compile(r"^images:[ \t]*(?:#.*)?\r?$", re.MULTILINE)
_LINE = re.compile(
    r"( *)(-( +))?(name|newName|newTag|digest|tagSuffix):[ \t]+"
    r"""(?:([A-Za-z0-9_./][A-Za-z0-9_./@:-]*(?<!:))|"([A-Za-z0-9_./@: -]*)"|'([A-Za-z0-9_./@: -]*)')"""
    r"[ \t]*(?:[ \t](#.*))?"
)


class ListedImage(NamedTuple):
    """One entry of `images`, by its `place` in the list from 0.

    Its tag is `newTag`, or what the comment beside the digest says.
    """

    place: int
    pin: ImagePin


class _Unusual(Exception):
    """The list is more than plain lines; a parser must read it."""


def listed_images(text: str, file: str) -> tuple[ListedImage, ...]:
    """Return the entries of `images`; those without a name are left out. Raises ConfigurationError."""
    if "images" not in text and "\\" not in text:
        return ()
    try:
        return tuple(_read_plainly(text))
    except _Unusual:
        return tuple(_read_nodes(text, file))


def _read_plainly(text: str) -> Iterator[ListedImage]:
    """Read a block list of plain entries: nearly all files, 20 times faster than a parser."""
    text = text.removeprefix("\ufeff")
    begins = _LIST.search(text)
    if not begins or _UNUSUAL.search(text):
        raise _Unusual
    head, rest = text[: begins.start()], text[begins.end() :]
    document = _DOCUMENT.search(text, 1)
    if document or "\nimages:" in rest or any(head.count(each) % 2 for each in "\"'"):
        raise _Unusual
    if head.count("{") != head.count("}") or head.count("[") != head.count("]"):
        raise _Unusual
    for index, (fields, comment) in enumerate(_entries(rest)):
        pin = _pin(fields, comment)
        if pin.name:
            yield ListedImage(index, pin)


def _entries(rest: str) -> Iterator[tuple[dict[str, str], str]]:
    """Yield the fields of each entry, and the comment on its digest's line."""
    fields: dict[str, str] = {}
    comment, dash, column = "", -1, -1
    for found in _lines(rest):
        indent = len(found[1])
        if found[2]:
            if fields:
                yield fields, comment
            fields, comment = {}, ""
            if dash not in {-1, indent}:
                raise _Unusual
            dash, column = indent, indent + len(found[2])
        elif indent != column:
            raise _Unusual
        if found[4] in fields:
            raise _Unusual
        fields[found[4]] = found[5] or found[6] or found[7] or ""
        if found[4] == "digest":
            comment = found[8] or ""
    if fields:
        yield fields, comment


def _lines(rest: str) -> Iterator[re.Match[str]]:
    """Yield the lines of the list that say something."""
    for line in rest.splitlines():
        bare = line.lstrip(" \t")
        if not bare or bare[0] == "#":
            continue
        if line[0] not in " -":
            return
        found = _LINE.fullmatch(line)
        if not found:
            raise _Unusual
        yield found


def _pin(fields: dict[str, str], comment: str) -> ImagePin:
    digest = fields.get("digest", "")
    tag = fields.get("newTag", "") or (tag_of(comment) if digest and comment else "")
    return ImagePin(fields.get("name", ""), fields.get("newName", ""), tag, digest)


def _read_nodes(text: str, file: str) -> Iterator[ListedImage]:
    documents = parse(text, file, MANIFEST)
    root = resolved(documents[0]) if documents else None
    images = root.get("images") if isinstance(root, Mapping) else None
    if not isinstance(images, Sequence):
        return
    said = comments(text, *documents)
    for index, item in enumerate(images.items):
        entry = resolved(item)
        if not isinstance(entry, Mapping):
            continue
        keys = ("name", "newName", "newTag", "digest")
        fields = {key: value.text for key in keys if isinstance(value := entry.get(key), Scalar)}
        digest = entry.get("digest")
        alone = digest and not any(_on_line(digest, other) for other in images.items if other is not item)
        pin = _pin(fields, comment_beside(text, said, digest.end) if digest and alone else "")
        if pin.name:
            yield ListedImage(index, pin)


def _on_line(node: Node, other: Node) -> bool:
    return other.line <= node.end_line and other.end_line >= node.end_line


def comment_beside(text: str, said: list[tuple[int, str]], position: int) -> str:
    """Return the comment behind `position` on its line, of those that a text has; empty for none."""
    end = text.find("\n", position)
    end = len(text) if end < 0 else end
    return next((comment for at, comment in said if position <= at < end), "")
