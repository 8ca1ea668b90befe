"""What of a model request is chance and not meaning, by versioned rules, and the hash of the rest.

A rule's path names values of the request: `a.b`, `[*]` for every entry of a list, `[*call_output]` for
entries whose `type` ends so. What the rules leave must be equal in a replay, byte for byte.
"""

from __future__ import annotations

import re
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import msgspec

from sealock.domain.canonical import digest_of
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

VERSION = 2
"""The rules that new records are made with."""


class Rule(msgspec.Struct, frozen=True):
    """Drops what `path` names; with a `pattern`, replaces its matches in the text there instead.

    With `own_ids` it replaces the ids of the conversation that the request is part of.
    """

    path: str
    reason: str
    pattern: str = ""
    replacement: str = ""
    own_ids: bool = False


_HEAD = "the head that Codex puts above a tool's output, not the output"
_OUTPUTS = ("input[*call_output].output", "input[*call_output].output[*].text")
# Only at the very beginning: a program that prints such a line means it.
_CHUNK = r"\A(Chunk ID: )[0-9a-f]+(?=\n)"
_WALL = r"\A((?:Chunk ID: [^\n]*\n|Exit code: [^\n]*\n|Script [^\n]*\n)?Wall time:? )[0-9.]+(?= seconds)"
_SESSION = r"\A((?:Chunk ID: [^\n]*\n)?Wall time:? [^\n]*\nProcess running with session ID )\d+(?=\n)"
_DURATION = r'("metadata":\{"exit_code":-?\d+,"duration_seconds":)[0-9.]+(?=\}\}\Z)'

_HEADS = ((_CHUNK, r"\1_"), (_WALL, r"\1_"), (_SESSION, r"\1_"), (_DURATION, r"\g<1>0"))
_FIRST = (
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
)
_SECOND = (
    Rule(
        path,
        "Codex tells tools its ids in CODEX_SESSION_ID and CODEX_THREAD_ID",
        replacement="_",
        own_ids=True,
    )
    for path in _OUTPUTS
)
_RULES = {1: _FIRST, 2: (*_FIRST, *_SECOND)}

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_STEP = re.compile(r"\[(\*[^\]]*)\]|([^.\[\]]+)")


def rules(version: int) -> tuple[Rule, ...]:
    """Return the rules of a version. Raises Undecided for one that this Sealock does not know."""
    if version not in _RULES:
        message = f"the record was made with normalisation rules {version}, and this Sealock knows {VERSION}"
        raise Undecided(message, hint="Replay it with the Sealock that recorded it, or a newer one.")
    return _RULES[version]


def own_ids(request: Any) -> frozenset[str]:  # noqa: ANN401 - any JSON
    """Return the ids that Codex made up for the conversation that a request is part of."""
    if not isinstance(request, dict):
        return frozenset()
    told = request.get("client_metadata")
    told = told if isinstance(told, dict) else {}
    named = (request.get("prompt_cache_key"), told.get("session_id"), told.get("thread_id"))
    return frozenset(each for each in named if isinstance(each, str) and _ID.fullmatch(each))


def normalised(
    request: Any,  # noqa: ANN401 - any JSON
    version: int = VERSION,
    ids: frozenset[str] = frozenset(),
) -> Any:  # noqa: ANN401 - any JSON
    """Return a request without what chance put into it; the request itself stays as it is.

    `ids` count as the conversation's own too: in a replay those of the record, which its model may name.
    """
    ids |= own_ids(request)
    for rule, steps, change in _changes(version):
        replaced = partial(_without, ids, rule.replacement) if rule.own_ids else change
        request = _changed(request, steps, replaced)
    return request


def request_hash(
    request: Any,  # noqa: ANN401 - any JSON
    version: int = VERSION,
    ids: frozenset[str] = frozenset(),
) -> str:
    """Return `sha256:…` over the canonical JSON (RFC 8785) of the normalised request. Raises Undecided."""
    import rfc8785  # noqa: PLC0415 - few commands need it

    try:
        return digest_of(normalised(request, version, ids))
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as wrong:
        message = f"the request has no canonical form: {wrong}"
        raise Undecided(message) from wrong


_GONE = object()


@cache
def _changes(version: int) -> tuple[tuple[Rule, Sequence[tuple[str, str]], Callable[[Any], Any]], ...]:
    return tuple((rule, _STEP.findall(rule.path), _change(rule)) for rule in rules(version))


def _change(rule: Rule) -> Callable[[Any], Any]:
    if not rule.pattern:
        return lambda _: _GONE
    pattern = re.compile(rule.pattern)
    return lambda value: pattern.sub(rule.replacement, value) if isinstance(value, str) else value


def _without(ids: frozenset[str], replacement: str, value: Any) -> Any:  # noqa: ANN401 - any JSON
    if not isinstance(value, str):
        return value
    for each in ids:
        value = value.replace(each, replacement)
    return value


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
