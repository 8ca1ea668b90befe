"""A model request taken apart into named parts, and which of them differ between two requests."""

from __future__ import annotations

import json
import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from sealock.domain.agent_layers import PartDifference
from sealock.domain.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

_TAG = re.compile(r"<([A-Za-z_][A-Za-z_ ]*)>")
_HEADING = re.compile(r"# ([^\n]{1,60})")
_MOST_LINES = 12
_WIDTH = 160


def parts(request: Any) -> dict[str, str]:  # noqa: ANN401 - any JSON
    """Return a request's parts by name: each text, tool and plain value that the model is told."""
    found: dict[str, str] = {}
    for name, text in _parts(request):
        unique, count = name, 1
        while unique in found:
            count += 1
            unique = f"{name} ({count})"
        found[unique] = text
    return found


def differences(sealed: Any, without: Any) -> tuple[PartDifference, ...]:  # noqa: ANN401
    """Return the parts that are not the same in both requests, in the order of the second."""
    ours, theirs = parts(sealed), parts(without)
    found = []
    for name in [*theirs, *(each for each in ours if each not in theirs)]:
        if name not in ours:
            lines = [f"+{each}" for each in _lines(theirs[name])]
            found.append(_difference(name, "only without the seal", lines))
        elif name not in theirs:
            found.append(_difference(name, "only sealed", [f"-{each}" for each in _lines(ours[name])]))
        elif ours[name] != theirs[name]:
            changed = list(_changed(_lines(ours[name]), _lines(theirs[name])))
            found.append(_difference(name, "both, and they differ", changed))
    return tuple(found)


def _difference(name: str, where: Any, lines: list[str]) -> PartDifference:  # noqa: ANN401 - one of three
    shown = tuple(printable(each, _WIDTH) for each in lines[:_MOST_LINES])
    return PartDifference(name, where, shown, max(0, len(lines) - _MOST_LINES))


def _changed(ours: list[str], theirs: list[str]) -> Iterator[str]:
    for kind, start, end, other_start, other_end in SequenceMatcher(
        None, ours, theirs, autojunk=False
    ).get_opcodes():
        if kind != "equal":
            yield from (f"-{each}" for each in ours[start:end])
            yield from (f"+{each}" for each in theirs[other_start:other_end])


def _lines(text: str) -> list[str]:
    return [each for each in text.split("\n") if each.strip()]


def _parts(request: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    if not isinstance(request, dict):
        yield "request", _json(request)
        return
    for key, value in sorted(request.items()):
        if key == "instructions" and isinstance(value, str):
            yield "instructions", value
        elif key == "tools" and isinstance(value, list):
            yield from map(_tool, value)
        elif key == "input" and isinstance(value, list):
            for item in value:
                yield from _item(item)
        else:
            yield from _plain(key, value)


def _plain(key: str, value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    if isinstance(value, dict) and value:
        for name, each in sorted(value.items()):
            yield from _plain(f"{key}.{name}", each)
    else:
        yield key, _json(value)


def _tool(tool: Any) -> tuple[str, str]:  # noqa: ANN401
    name = tool.get("name") or tool.get("type") if isinstance(tool, dict) else None
    return f"tool {name or '?'}", json.dumps(tool, ensure_ascii=False, sort_keys=True, indent=1)


def _item(item: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    if not isinstance(item, dict):
        yield "input", _json(item)
        return
    if isinstance(item.get("tools"), list):
        yield from map(_tool, item["tools"])
        item = {key: value for key, value in item.items() if key != "tools"}
    content = item.get("content")
    if not isinstance(content, list):
        yield f"input {item.get('type', '?')}", _json(item)
        return
    role = item.get("role", "input")
    for each in content:
        text = each.get("text") if isinstance(each, dict) else None
        yield (f"{role}: {_title(text)}", text) if isinstance(text, str) else (str(role), _json(each))


def _title(text: str) -> str:
    """Return what a text says that it is: its first tag or heading, else `text`."""
    found = _TAG.match(text) or _HEADING.match(text)
    return printable(found[1], 60) if found else "text"


def _json(value: Any) -> str:  # noqa: ANN401
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
