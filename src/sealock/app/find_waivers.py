"""Finds waivers that are written as comments: `# sealock: waive RULE until 2026-12-31: reason`.

At the end of a line a waiver holds for that line, on a line of its own for the next line that is neither
blank nor a comment.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date
from typing import TYPE_CHECKING

import msgspec

from sealock.domain.location import Location
from sealock.domain.settings import Waiver
from sealock.domain.suggest import did_you_mean
from sealock.errors import SealockError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from sealock.ports import Memory, SignedFiles

FORM = "# sealock: waive RULE until YYYY-MM-DD: reason"

_MARK = "sealock:"
_COMMENT = re.compile(r"(?:^|(?<=\s))#[ \t]*sealock:[ \t]*(.*?)[ \t\r]*$")
_WAIVER = re.compile(
    r"waive[ \t]+([a-z0-9-]+(?:[ \t]*,[ \t]*[a-z0-9-]+)*)[ \t]+until[ \t]+([0-9-]+)[ \t]*:[ \t]*(\S.*)"
)
# How other tools begin such a comment counts as a waiver too, and is told to be none.
_LIKE = re.compile(r"(?:waive|ignore|disable|allow|skip|suppress|noqa|nolint)", re.IGNORECASE)
_ENDINGS = (".yaml", ".yml")
_PASSED = hashlib.blake2b(b"files without waivers, form 2", digest_size=16).digest()


class Malformed(msgspec.Struct, frozen=True):
    """A comment that begins like a waiver and is none, and why."""

    location: Location
    message: str
    hint: str


class Comments(msgspec.Struct, frozen=True):
    """The waivers of some files, and what begins like one."""

    waivers: tuple[Waiver, ...] = ()
    malformed: tuple[Malformed, ...] = ()


def find(files: Sequence[str], tree: SignedFiles, memory: Memory, rules: Collection[str]) -> Comments:
    """Return the comments of the YAML files among `files`; one without any that is as it was is not read."""
    try:
        passed = msgspec.msgpack.decode(memory.get(_PASSED) or b"", type=dict[str, bytes])
    except msgspec.MsgspecError:
        passed = {}
    still: dict[str, bytes] = {}
    found: list[Waiver | Malformed] = []
    for file in files:
        if not file.endswith(_ENDINGS):
            continue
        signature = tree.signature(file) if file.isprintable() else b""
        if signature and passed.get(file) == signature:
            still[file] = signature
            continue
        here = list(_in_file(file, tree, rules))
        found += here
        if signature and not here:
            still[file] = signature
    if still != passed:
        memory.put(_PASSED, msgspec.msgpack.encode(still))
    return _sorted(found)


def within(files: Collection[str], tree: SignedFiles, rules: Collection[str]) -> Comments:
    """Return the comments of these files."""
    return _sorted([each for file in sorted(files) for each in _in_file(file, tree, rules)])


def of_text(text: str, file: str, rules: Collection[str]) -> Iterator[Waiver | Malformed]:
    """Yield the waivers in a file's text; `rules` are the ids that there are."""
    if _MARK not in text:
        return
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        comment = _COMMENT.search(line) if _MARK in line else None
        if comment is None or not _LIKE.match(comment[1]):
            continue
        where = Location(file, number, comment.start() + 1, number, len(line.rstrip()) + 1)
        alone = not line[: comment.start()].strip()
        yield from _read(comment[1], where, _next(lines, number) if alone else number, rules)


def _next(lines: Sequence[str], number: int) -> int:
    """Return the number of the first line below line `number` that is neither blank nor a comment."""
    for below in range(number, len(lines)):
        text = lines[below].strip()
        if text and not text.startswith("#"):
            return below + 1
    return number


def _read(text: str, where: Location, line: int, rules: Collection[str]) -> Iterator[Waiver | Malformed]:
    parts = _WAIVER.fullmatch(text)
    if parts is None:
        yield Malformed(where, "a waiver without rule, end or reason silences nothing", f"Write `{FORM}`.")
        return
    try:
        expires = date.fromisoformat(parts[2])
    except ValueError:
        yield Malformed(where, f"{parts[2]} is no date", "Write the last day as YYYY-MM-DD.")
        return
    for rule in map(str.strip, parts[1].split(",")):
        if rule in rules:
            yield Waiver(rule, where.file, parts[3].strip(), expires, where, line)
        else:
            yield Malformed(where, f"there is no rule {rule!r}", did_you_mean(rule, tuple(rules)))


def _in_file(file: str, tree: SignedFiles, rules: Collection[str]) -> Iterator[Waiver | Malformed]:
    try:
        text = tree.read_text(file)
    except (FileNotFoundError, SealockError):
        # What cannot be read is reported by the rules, where it matters.
        return
    yield from of_text(text, file, rules)


def _sorted(found: Sequence[Waiver | Malformed]) -> Comments:
    return Comments(
        tuple(each for each in found if isinstance(each, Waiver)),
        tuple(each for each in found if isinstance(each, Malformed)),
    )
