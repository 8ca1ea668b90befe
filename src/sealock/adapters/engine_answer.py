"""What the engine answers, decoded; an answer that makes no sense is an error, never a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from sealock.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealock.adapters.engine_pool import Answer

_T = TypeVar("_T")


def mismatch(message: str) -> EngineError:
    """Return the error for an engine that does not speak as this Sealock expects."""
    hint = "The engine and this version of Sealock do not belong together: reinstall sealock."
    return EngineError(message, hint=hint)


def decoded(raw: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[_T]) -> _T:
    """Return what an answer holds. Raises EngineError."""
    try:
        return decoder.decode(raw)
    except msgspec.MsgspecError as wrong:
        message = f"the engine's answer cannot be read: {wrong}"
        raise mismatch(message) from wrong


def in_order(
    answers: Iterable[tuple[int, Answer]], items: int, decoder: msgspec.json.Decoder[_T]
) -> list[_T]:
    """Return what the answers to so many items hold, in the items' order. Raises EngineError."""
    found = dict(answers)
    return [decoded(found[index].result(), decoder) for index in range(items)]
