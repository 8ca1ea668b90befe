"""Where two JSON values differ, as text for people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sealock.domain.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_PLACES = 20
_SHOWN = 120
_BEFORE = 40


def differences(recorded: Any, sent: Any) -> tuple[str, ...]:  # noqa: ANN401 - any JSON
    """Return the first places that differ, in order, each with both values; empty for equal ones.

    `$.input[4].output, from character 62` is a place. Long texts are shown from a little before it.
    """
    lines: list[str] = []
    for count, (place, one, other) in enumerate(_places("$", recorded, sent)):
        if count == _MOST_PLACES:
            lines.append("There is more.")
            break
        lines += [place, f"  recorded: {one}", f"  sent:     {other}"]
    return tuple(lines)


def _places(path: str, one: Any, other: Any) -> Iterator[tuple[str, str, str]]:  # noqa: ANN401
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({**one, **other}):
            yield from _pair(f"{path}.{key}", one.get(key, _NOTHING), other.get(key, _NOTHING))
    elif isinstance(one, list) and isinstance(other, list):
        for index in range(max(len(one), len(other))):
            first = one[index] if index < len(one) else _NOTHING
            second = other[index] if index < len(other) else _NOTHING
            yield from _pair(f"{path}[{index}]", first, second)
    elif isinstance(one, str) and isinstance(other, str):
        if one != other:
            yield _texts(path, one, other)
    elif type(one) is not type(other) or one != other:
        yield path, _shown(one), _shown(other)


_NOTHING = object()


def _pair(path: str, one: Any, other: Any) -> Iterator[tuple[str, str, str]]:  # noqa: ANN401
    if one is _NOTHING or other is _NOTHING:
        yield path, _shown(one), _shown(other)
    else:
        yield from _places(path, one, other)


def _texts(path: str, one: str, other: str) -> tuple[str, str, str]:
    at = next((index for index, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if at is None:
        at = min(len(one), len(other))
    start = max(0, at - _BEFORE)
    before = "…" if start else ""
    shown = (before + printable(text[start:], _SHOWN) for text in (one, other))
    first, second = shown
    return f"{path}, from character {at + 1}", first, second


def _shown(value: Any) -> str:  # noqa: ANN401 - any JSON
    if value is _NOTHING:
        return "(not there)"
    return printable(json.dumps(value, ensure_ascii=False), _SHOWN)
