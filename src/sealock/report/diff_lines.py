"""A diff line by line, as all formats for people share it."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from sealock.domain.object_diff import HIDDEN, named
from sealock.domain.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sealock.domain.object_diff import (
        Danger,
        DiffReport,
        FieldChange,
        NotCompared,
        ObjectChange,
        OverlayDiff,
    )

_MOST_VALUE = 160
_MOST_INLINE = 80
_MOST_PATH = 300
_MOST_LINE = 240
_MOST_LINES = 60
_MOST_MESSAGE = 600
_MOST_OVERLAYS = 3


class Line(NamedTuple):
    """One line: `+` added, `-` removed, `~` changed, or a space; indented by `depth` steps."""

    sign: str
    depth: int
    text: str


class Alike(NamedTuple):
    """One danger and every overlay that it threatens."""

    danger: Danger
    overlays: tuple[str, ...]


def alike(dangers: Iterable[Danger]) -> list[Alike]:
    """Put dangers together that differ only in the overlay."""
    found: dict[tuple[str, ...], list[Danger]] = {}
    for each in dangers:
        found.setdefault((each.kind, each.object, each.why, each.help), []).append(each)
    return [Alike(every[0], tuple(each.overlay for each in every)) for every in found.values()]


def summary(report: DiffReport) -> str:
    """Return the numbers: `3 overlays affected, 4 objects changed, 1 added, 0 removed; 1 danger`."""
    objects = f"{_counted(report.count('changed'), 'object')} changed"
    rest = f"{report.count('added')} added, {report.count('removed')} removed"
    text = f"{_counted(len(report.overlays), 'overlay')} affected, {objects}, {rest}"
    text += f"; {_counted(len(report.dangers), 'danger')}"
    return f"{text}; {len(report.undecided)} undecided" if report.undecided else text


def notes(report: DiffReport) -> Iterator[str]:
    """Yield what else there is to know."""
    if report.same:
        verb = "reads" if report.same == 1 else "read"
        yield f"{_counted(report.same, 'more overlay')} {verb} a changed file and what it renders is the same"
    if report.unread:
        yield f"no overlay reads {_counted(len(report.unread), 'changed file')}: {listed(report.unread)}"


def listed(paths: Sequence[str]) -> str:
    """Return the first few paths, and how many more there are."""
    shown = ", ".join(printable(each, 200) for each in paths[:_MOST_OVERLAYS])
    more = len(paths) - _MOST_OVERLAYS
    return f"{shown} and {more} more" if more > 0 else shown


def title(overlays: Sequence[OverlayDiff]) -> str:
    """Return the heading of overlays that differ alike."""
    state = overlays[0].state
    note = {"added": " (new)", "removed": " (gone)", "changed": ""}[state]
    return listed([each.overlay for each in overlays]) + note


def not_compared(found: NotCompared) -> str:
    """Return why an overlay is undecided."""
    when = {"before": "before the change", "after": "after the change", "both": "before and after the change"}
    failure = found.failure
    where = ":".join(map(str, filter(None, (failure.file, failure.line, failure.column))))
    place = f"{where}: " if where else ""
    text = f"{found.overlay} does not render {when[found.side]}: {place}{failure.message}"
    return printable(text, _MOST_MESSAGE)


def object_lines(change: ObjectChange, *, split: bool) -> Iterator[Line]:
    """Yield an object and what changed in it; with `split`, before and after are lines of their own."""
    sign = {"added": "+", "removed": "-", "changed": "~"}[change.op]
    yield Line(sign, 0, _head(change))
    if change.manifest is not None:
        yield from _block("+", 1, change.manifest)
    for each in change.fields:
        yield from _field(each, split=split)
    if change.by_position:
        yield Line(" ", 1, "no schema of this kind is known: list items were matched by name or position")


def _head(change: ObjectChange) -> str:
    key = change.key
    if change.suffixes is None:
        return printable(named(key), _MOST_PATH)
    before, after = change.suffixes
    stem = key.name.removesuffix(f"-{after}")
    text = f"{named(msgspec.structs.replace(key, name=stem))}: content changed (suffix {before} → {after})"
    if change.references:
        verb = f"{_counted(change.references, 'reference')} followed"
        text += f", {verb}: {', '.join(change.followers)}"
    else:
        text += ", nothing refers to it"
    return printable(text, _MOST_MESSAGE)


def _field(field: FieldChange, *, split: bool) -> Iterator[Line]:
    path = printable(field.path, _MOST_PATH)
    if HIDDEN in {_text(field.before), _text(field.after)}:
        done = {"add": "added", "remove": "removed"}.get(field.op, "changed")
        yield Line({"add": "+", "remove": "-"}.get(field.op, "~"), 1, f"{path}: ({done})")
    elif field.op == "add":
        yield from _whole("+", path, field.after)
    elif field.op == "remove":
        yield from _whole("-", path, field.before)
    elif field.op == "reorder":
        yield Line("~", 1, f"{path}: order {_keys(field.before)} → {_keys(field.after)}")
    elif _is_long(field.before) and _is_long(field.after):
        yield Line("~", 1, f"{path}:")
        yield from _text_diff(field.before, field.after)
    else:
        yield from _replaced(field, path, split=split)


def _replaced(field: FieldChange, path: str, *, split: bool) -> Iterator[Line]:
    same = "  (the same value)" if field.equal_value else ""
    before, after = _inline(field.before), _inline(field.after)
    if split:
        yield Line("-", 1, f"{path}: {before}")
        yield Line("+", 1, f"{path}: {after}{same}")
    else:
        yield Line("~", 1, f"{path}: {before} → {after}{same}")


def _whole(sign: str, path: str, value: Any) -> Iterator[Line]:  # noqa: ANN401 - JSON
    if isinstance(value, dict | list) and value and len(_json(value)) > _MOST_INLINE:
        yield Line(sign, 1, f"{path}:")
        yield from _block(sign, 2, value)
    elif _is_long(value):
        yield Line(sign, 1, f"{path}:")
        yield from _cut([Line(sign, 2, printable(each, _MOST_LINE)) for each in value.splitlines()])
    else:
        yield Line(sign, 1, f"{path}: {_inline(value)}")


def _block(sign: str, depth: int, value: Any) -> Iterator[Line]:  # noqa: ANN401 - JSON
    """Yield a value as YAML."""
    import yaml  # noqa: PLC0415 - slow to load, and few changes need it

    text = yaml.dump(
        value, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=_MOST_LINE, indent=2
    )
    yield from _cut([Line(sign, depth, printable(each, _MOST_LINE)) for each in text.splitlines()])


def _text_diff(before: str, after: str) -> Iterator[Line]:
    """Yield the lines of a text that differ, with two lines around them."""
    found: list[Line] = []
    for each in difflib.unified_diff(before.splitlines(), after.splitlines(), n=2, lineterm=""):
        if each.startswith(("--- ", "+++ ")) and len(found) == 0:
            continue
        sign = each[0] if each[0] in "+-" else " "
        text = each if each.startswith("@@") else each[1:]
        found.append(Line(sign, 2, printable(text, _MOST_LINE)))
    if not found:
        found.append(Line(" ", 2, "only line ends differ"))
    yield from _cut(found)


def _cut(lines: Sequence[Line]) -> Iterator[Line]:
    yield from lines[:_MOST_LINES]
    more = len(lines) - _MOST_LINES
    if more > 0:
        yield Line(" ", lines[-1].depth, f"… {_counted(more, 'more line')}")


def _is_long(value: object) -> bool:
    return isinstance(value, str) and "\n" in value.rstrip("\n")


def _text(value: object) -> str:
    """Return a text, or that of the only kind of value that a mapping has; else an empty one."""
    if isinstance(value, dict) and value and all(each == HIDDEN for each in value.values()):
        return HIDDEN
    return value if isinstance(value, str) else ""


def _inline(value: Any) -> str:  # noqa: ANN401 - JSON
    if isinstance(value, str) and value.strip() == value and value and not _looks_otherwise(value):
        return printable(value, _MOST_VALUE)
    return printable(_json(value), _MOST_VALUE)


def _looks_otherwise(text: str) -> bool:
    """Say whether a text without quotes would pass for another value."""
    if text[0] in "\"'{[(":
        return True
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        return False
    return True


def _json(value: Any) -> str:  # noqa: ANN401 - JSON
    return msgspec.json.encode(value).decode()


def _keys(value: Any) -> str:  # noqa: ANN401 - JSON
    return printable(", ".join(str(each).strip("[]") for each in value), _MOST_VALUE)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
