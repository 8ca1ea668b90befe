"""Argo CD's ApplicationSet generators and templates, behind their port."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from sealock.adapters.engine_answer import decoded
from sealock.errors import SealockError
from sealock.ports import ApplicationSets, Expansion, ExpansionFacts, UnknownGenerator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sealock.adapters.engine import Engines
    from sealock.adapters.engine_pool import Answer
    from sealock.ports import Memory

_EXPANSION = msgspec.json.Decoder(Expansion)
_SURROGATE = re.compile("[\ud800-\udfff]")


class EngineApplicationSets:
    """Argo CD's own generators on the files at `root`; implements the ApplicationSets port."""

    def __init__(self, pool: Engines, root: str) -> None:
        """Ask the engines of `pool` about the repository at `root`, an absolute path."""
        self._pool = pool
        self._root = root

    def expand(self, sets: Sequence[dict[str, Any]], facts: ExpansionFacts) -> list[Expansion]:
        """Return one expansion for each ApplicationSet, in order. Raises EngineError."""
        params = {"root": self._root, **msgspec.to_builtins(_writable(facts))}
        answers = dict(self._pool.call("expand", params, [{"applicationset": each} for each in sets]))
        return [_decoded(answers[index]) for index in range(len(sets))]


def _decoded(answer: Answer) -> Expansion:
    if answer.error:
        return Expansion(undecided=(UnknownGenerator("", answer.error.message),))
    return decoded(answer.ok, _EXPANSION)


def _writable(facts: ExpansionFacts) -> ExpansionFacts:
    """Return the facts without files whose names are no text: JSON has no way to write them."""
    return replace(facts, files=tuple(file for file in facts.files if not _SURROGATE.search(file)))


class _Remembered(msgspec.Struct, frozen=True, array_like=True):
    """An expansion, and the digest of each file that it read, in that order."""

    expansion: Expansion
    digests: tuple[bytes, ...]


_REMEMBERED = msgspec.msgpack.Decoder(_Remembered)


class RememberingApplicationSets:
    """Asks only about ApplicationSets that differ, or whose files do; implements the ApplicationSets port."""

    def __init__(
        self, sets: ApplicationSets, memory: Memory, fingerprint: str, read_text: Callable[[str], str]
    ) -> None:
        """Remember in `memory` what `sets` says, for the engine of this `fingerprint`."""
        self._sets = sets
        self._memory = memory
        self._fingerprint = fingerprint
        self._read_text = read_text

    def expand(self, sets: Sequence[dict[str, Any]], facts: ExpansionFacts) -> list[Expansion]:
        """Return one expansion for each ApplicationSet, in order. Raises EngineError."""
        about = _digest(self._fingerprint.encode() + msgspec.msgpack.encode(_writable(facts)))
        keys = [_digest(about + msgspec.json.encode(each, order="sorted")) for each in sets]
        found = [self._known(key) for key in keys]
        missing = [index for index, each in enumerate(found) if each is None]
        if missing:
            new = self._sets.expand([sets[index] for index in missing], facts)
            for index, expansion in zip(missing, new, strict=True):
                found[index] = expansion
                self._remember(keys[index], expansion)
        return [each for each in found if each is not None]

    def _known(self, key: bytes) -> Expansion | None:
        try:
            known = _REMEMBERED.decode(self._memory.get(key) or b"")
        except msgspec.MsgspecError:
            return None
        return known.expansion if known.digests == self._digests(known.expansion) else None

    def _remember(self, key: bytes, expansion: Expansion) -> None:
        digests = self._digests(expansion)
        if digests is not None and not any(each.path == "" for each in expansion.undecided):
            self._memory.put(key, msgspec.msgpack.encode(_Remembered(expansion, digests)))

    def _digests(self, expansion: Expansion) -> tuple[bytes, ...] | None:
        """Return the digests of the files that were read; None where one cannot be read as text."""
        try:
            texts = [self._read_text(file) for file in expansion.read]
        except (FileNotFoundError, SealockError):
            return None
        return tuple(_digest(text.encode()) for text in texts)


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(b"expansion, form 1\0" + data, digest_size=16).digest()
