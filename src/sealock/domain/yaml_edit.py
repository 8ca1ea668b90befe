"""Byte-minimal edits of YAML text: entries of block collections as offsets, and splices between them."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

import msgspec

from sealock.domain.yaml_document import Alias, Mapping, Node, Scalar, Sequence
from sealock.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence as Many


class NotEditable(Refused):
    """The text is valid YAML in a shape that cannot be spliced line by line."""


class Edit(msgspec.Struct, frozen=True):
    """Replace `text[start:end]` by `text`; offsets are characters of the unedited text."""

    start: int
    end: int
    text: str


class Entry(msgspec.Struct, frozen=True):
    """One `key: value` or `- item` of a block collection, as offsets into its text.

    `lead` is where the comment lines directly above begin (the line's own start without any),
    `line` the start of its first line, `start` its key or dash, `end` behind its last line break.
    `tail` is where a comment on its first line could begin, 0 where that is not on one line.
    `inline` says that something else stands before it on its line (a list item's first key).
    """

    lead: int
    line: int
    start: int
    end: int
    tail: int
    column: int
    inline: bool
    value: Node


def apply(text: str, edits: Many[Edit]) -> str:
    """Return `text` with every edit made; edits at one place keep their order.

    Raises NotEditable when two edits overlap.
    """
    pieces: list[str] = []
    position = 0
    for edit in sorted(edits, key=lambda each: (each.start, each.end)):
        if edit.start < position:
            message = "two changes touch the same line"
            raise NotEditable(message)
        pieces += (text[position : edit.start], edit.text)
        position = edit.end
    return "".join([*pieces, text[position:]])


def newline_of(text: str) -> str:
    """Return the line break that `text` uses: CR LF, or LF."""
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"


def _line_start(text: str, position: int) -> int:
    return text.rfind("\n", 0, position) + 1


def _line_end(text: str, position: int) -> int:
    found = text.find("\n", position)
    return len(text) if found < 0 else found + 1


def _entry_end(text: str, start: int, value: Node) -> int:
    end = value.end
    while end > start and text[end - 1] in "\r\n":
        end -= 1
    return _line_end(text, end)


def _lead(text: str, line: int, floor: int) -> int:
    """Return where the comment lines directly above `line` begin, never before `floor`."""
    lead = line
    while lead > floor:
        above = _line_start(text, lead - 1)
        if above < floor or not text[above:lead].lstrip(" \t").startswith("#"):
            break
        lead = above
    return lead


def _tail(text: str, after_key: int, value: Node) -> int:
    if isinstance(value, Scalar) and value.style in ("|", ">"):
        return 0
    if "\n" not in text[after_key : value.end]:
        return value.end
    return after_key if "\n" in text[after_key : value.start] else 0


def _entry(text: str, start: int, after_key: int, value: Node, floor: int) -> Entry:
    line = _line_start(text, start)
    inline = bool(text[line:start].strip(" "))
    lead = line if inline else _lead(text, line, floor)
    end = _entry_end(text, start, value)
    return Entry(lead, line, start, end, _tail(text, after_key, value), start - line + 1, inline, value)


def mapping_entries(text: str, mapping: Mapping) -> dict[str, Entry]:
    """Return the entries of a block mapping by key, in source order."""
    found: dict[str, Entry] = {}
    floor = 0
    for name, pair in mapping.pairs.items():
        colon = text.index(":", pair.key.end) + 1
        found[name] = _entry(text, pair.key.start, colon, pair.value, floor)
        floor = found[name].end
    return found


def sequence_entries(text: str, sequence: Sequence) -> list[Entry]:
    """Return the items of a block sequence in source order. Raises NotEditable for a lost dash."""
    found: list[Entry] = []
    floor = 0
    for item in sequence.items:
        dash = _dash(text, sequence.column - 1, floor, item) if found else sequence.start
        found.append(_entry(text, dash, dash + 1, item, floor))
        floor = found[-1].end
    return found


def _dash(text: str, indent: int, position: int, item: Node) -> int:
    while position < item.end:
        if text[position : position + indent + 1] == " " * indent + "-":
            return position + indent
        position = _line_end(text, position)
    message = "a list item has no dash of its own line"
    raise NotEditable(message)


def lead_lines(text: str, entry: Entry) -> list[str]:
    """Return the comment lines directly above an entry, without indentation."""
    return [line.strip() for line in text[entry.lead : entry.line].splitlines()]


def tail_comment(text: str, entry: Entry) -> tuple[int, int, str]:
    """Return start, end and text of the comment on an entry's first line; the text may be empty."""
    if not entry.tail:
        return 0, 0, ""
    end = text.find("\n", entry.tail)
    end = len(text) if end < 0 else end
    while end > entry.tail and text[end - 1] == "\r":
        end -= 1
    comment = text[entry.tail : end].strip()
    return entry.tail, end, comment if comment.startswith("#") else ""


def fragment(text: str, entry: Entry, *, lead: bool) -> list[str]:
    """Return an entry's lines shifted to column 1, with its leading comments when `lead`."""
    lines = text[entry.start : entry.end].splitlines()
    shift = entry.column - 1
    body = [lines[0], *(line[min(shift, len(line) - len(line.lstrip(" "))) :] for line in lines[1:])]
    return (lead_lines(text, entry) if lead else []) + body


def _indented(lines: Many[str], column: int, newline: str) -> str:
    pad = " " * (column - 1)
    return newline.join(pad + line if line else line for line in lines)


def insert_after(text: str, entry: Entry, lines: Many[str], newline: str) -> Edit:
    """Return the edit that puts `lines` behind `entry`, at its column."""
    block = _indented(lines, entry.column, newline)
    if entry.end == len(text) and not text.endswith("\n"):
        return Edit(entry.end, entry.end, newline + block)
    return Edit(entry.end, entry.end, block + newline)


def insert_before(entry: Entry, lines: Many[str], newline: str) -> Edit:
    """Return the edit that puts `lines` before `entry` and its comments, at its column."""
    block = _indented(lines, entry.column, newline) + newline
    if not entry.inline:
        return Edit(entry.lead, entry.lead, block)
    pad = " " * (entry.column - 1)
    return Edit(entry.start, entry.start, block.removeprefix(pad) + pad)


def replace(text: str, entry: Entry, lines: Many[str], newline: str) -> Edit:
    """Return the edit that puts `lines` in place of `entry`; the comments above it stay."""
    block = _indented(lines, entry.column, newline).lstrip(" ")
    ends = text[entry.start : entry.end].endswith("\n")
    return Edit(entry.start, entry.end, block + (newline if ends else ""))


def remove(entry: Entry, following: Entry | None, *, lead: bool) -> Edit:
    """Return the edit that takes `entry` out, with the comments above it when `lead`.

    Raises NotEditable for the last entry of an inline collection.
    """
    if not entry.inline:
        return Edit(entry.lead if lead else entry.line, entry.end, "")
    if following is None:
        message = "the only key of a list item would go"
        raise NotEditable(message)
    return Edit(entry.start, following.start, "")


def scalar_token(text: str, old: Scalar, new: Scalar, source: str) -> str | None:
    """Return what to write for `new` in place of `old`, in the quotes that `old` has.

    `text` holds `old`, `source` holds `new`. None when either spans lines or is empty.
    """
    token = source[new.start : new.end]
    before = text[old.start : old.end]
    if not token or not before or "\n" in token or "\n" in before:
        return None
    value = new.value()
    if old.tag or new.tag or not isinstance(value, str):
        return token
    if old.style == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if old.style == '"':
        return flow(value)
    return token


def flow(value: object) -> str:
    """Return a plain value as flow YAML on one line (JSON)."""
    return msgspec.json.encode(value).decode()


def _scalars(node: Node) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _scalars(item)
    elif isinstance(node, Mapping):
        for pair in node.pairs.values():
            yield pair.key
            yield from _scalars(pair.value)
        for merge in node.merges:
            yield from _scalars(merge) if not isinstance(merge, Alias) else ()


def comments(text: str, *roots: Node) -> list[tuple[int, str]]:
    """Return every comment as (offset, text from `#` without trailing blanks), in order.

    `roots` are all documents of the text.
    """
    scalars = (each for root in roots for each in _scalars(root))
    spans = sorted((each.start, each.end) for each in scalars if each.end > each.start)
    starts = [start for start, _ in spans]
    found: list[tuple[int, str]] = []
    position = text.find("#")
    while position >= 0:
        index = bisect_right(starts, position) - 1
        if index >= 0 and position < spans[index][1]:
            position = text.find("#", spans[index][1])
            continue
        if position and text[position - 1] not in " \t\r\n":
            position = text.find("#", position + 1)
            continue
        end = _line_end(text, position)
        found.append((position, text[position:end].rstrip()))
        position = text.find("#", end)
    return found
