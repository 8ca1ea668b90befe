"""What of a model request is chance and not meaning, by versioned rules, and the hash of the rest.

A rule's path names values of the request: `a.b`, `[*]` for every entry of a list, `[*call_output]` for
entries whose `type` ends so. What the rules leave must be equal in a replay, byte for byte.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from sealock.domain.canonical import digest_of
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

VERSION = 1
"""The rules that new records are made with."""


class Rule(msgspec.Struct, frozen=True):
    """Drops what `path` names; with a `pattern`, replaces its matches in the text there instead."""

    path: str
    reason: str
    pattern: str = ""
    replacement: str = ""


_HEAD = "the head that Codex puts above a tool's output, not the output"
_OUTPUTS = ("input[*call_output].output", "input[*call_output].output[*].text")
# Only at the very beginning: a program that prints such a line means it.
_CHUNK = r"\A(Chunk ID: )[0-9a-f]+(?=\n)"
_WALL = r"\A((?:Chunk ID: [^\n]*\n|Exit code: [^\n]*\n|Script [^\n]*\n)?Wall time:? )[0-9.]+(?= seconds)"
_SESSION = r"\A((?:Chunk ID: [^\n]*\n)?Wall time:? [^\n]*\nProcess running with session ID )\d+(?=\n)"
_DURATION = r'("metadata":\{"exit_code":-?\d+,"duration_seconds":)[0-9.]+(?=\}\}\Z)'

_HEADS = ((_CHUNK, r"\1_"), (_WALL, r"\1_"), (_SESSION, r"\1_"), (_DURATION, r"\g<1>0"))
_RULES = {
    1: (
        Rule("client_metadata", "ids of the session and the time of its start"),
        Rule("prompt_cache_key", "the id of the thread"),
        Rule("input[*].id", "made up for each run"),
        *(Rule(path, _HEAD, pattern, replacement) for path in _OUTPUTS for pattern, replacement in _HEADS),
        Rule(
            "input[*function_call].arguments",
            "the number of a process that still ran, which is drawn anew in each run",
            r'(?<="session_id":)\s*\d+',
            "_",
        ),
    ),
}

_STEP = re.compile(r"\[(\*[^\]]*)\]|([^.\[\]]+)")


def rules(version: int) -> tuple[Rule, ...]:
    """Return the rules of a version. Raises Undecided for one that this Sealock does not know."""
    if version not in _RULES:
        message = f"the record was made with normalisation rules {version}, and this Sealock knows {VERSION}"
        raise Undecided(message, hint="Replay it with the Sealock that recorded it, or a newer one.")
    return _RULES[version]


def normalised(request: Any, version: int = VERSION) -> Any:  # noqa: ANN401 - any JSON
    """Return a request without what chance put into it; the request itself stays as it is."""
    for steps, change in _changes(version):
        request = _changed(request, steps, change)
    return request


def request_hash(request: Any, version: int = VERSION) -> str:  # noqa: ANN401 - any JSON
    """Return `sha256:…` over the canonical JSON (RFC 8785) of the normalised request. Raises Undecided."""
    import rfc8785  # noqa: PLC0415 - few commands need it

    try:
        return digest_of(normalised(request, version))
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as wrong:
        message = f"the request has no canonical form: {wrong}"
        raise Undecided(message) from wrong


_GONE = object()


@cache
def _changes(version: int) -> tuple[tuple[Sequence[tuple[str, str]], Callable[[Any], Any]], ...]:
    return tuple((_STEP.findall(rule.path), _change(rule)) for rule in rules(version))


def _change(rule: Rule) -> Callable[[Any], Any]:
    if not rule.pattern:
        return lambda _: _GONE
    pattern = re.compile(rule.pattern)
    return lambda value: pattern.sub(rule.replacement, value) if isinstance(value, str) else value


def _changed(value: Any, steps: Sequence[tuple[str, str]], change: Callable[[Any], Any]) -> Any:  # noqa: ANN401
    """Return a value with what the steps name changed; only what lies on the way is copied."""
    if not steps:
        return change(value)
    (every, key), *rest = steps
    if every:
        if not isinstance(value, list):
            return value
        return list(_entries(value, every[1:], rest, change))
    if not isinstance(value, dict) or key not in value:
        return value
    new = _changed(value[key], rest, change)
    if new is _GONE:
        return {name: each for name, each in value.items() if name != key}
    return value if new is value[key] else {**value, key: new}


def _entries(
    found: list[Any], suffix: str, rest: Sequence[tuple[str, str]], change: Callable[[Any], Any]
) -> Iterator[Any]:
    for each in found:
        kind = each.get("type", "") if isinstance(each, dict) else ""
        if isinstance(kind, str) and kind.endswith(suffix):
            new = _changed(each, rest, change)
            if new is not _GONE:
                yield new
        else:
            yield each
