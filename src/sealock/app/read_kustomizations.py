"""Reads kustomizations just far enough to tell overlays, and remembers what they said."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from sealock.domain.overlays import Overlay, discover, read_targets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealock.domain.overlays import Read
    from sealock.ports import Memory, SignedFiles

_KEY = hashlib.blake2b(b"what kustomizations refer to, form 2", digest_size=16).digest()
_FEW = 32


class _Known(msgspec.Struct, frozen=True, array_like=True, gc=False):
    signature: bytes
    kind: str
    targets: list[str]


_ALL = msgspec.msgpack.Decoder(dict[str, _Known])


def remembered(files: Iterable[str], tree: SignedFiles, memory: Memory) -> tuple[Overlay, ...]:
    """Return the overlays among `files`; a kustomization that is as it was is not read."""
    reader = _Reader(tree, memory)
    found = discover(files, tree.read_text, reader.read)
    reader.keep()
    return found


class _Reader:
    def __init__(self, tree: SignedFiles, memory: Memory) -> None:
        self._tree = tree
        self._memory = memory
        self._still: dict[str, _Known] = {}
        self._anew = 0
        try:
            self._known = _ALL.decode(memory.get(_KEY) or b"")
        except msgspec.MsgspecError:
            self._known = {}

    def read(self, file: str) -> Read:
        """Return what a kustomization is and refers to. Raises what reading and parsing it raises."""
        # A name that is no text cannot be remembered.
        signature = self._tree.signature(file) if file.isprintable() else b""
        known = self._known.get(file)
        if known is None or not signature or known.signature != signature:
            read = read_targets(self._tree.read_text(file), file)
            if not signature or not all(map(str.isprintable, (read[0], *read[1]))):
                return read
            known = _Known(signature, *read)
            self._anew += 1
        self._still[file] = known
        return known.kind, known.targets

    def keep(self) -> None:
        """Remember what was read, unless that is too little to be worth it."""
        if self._anew > _FEW or (self._anew and not self._known):
            self._memory.put(_KEY, msgspec.msgpack.encode(self._still))
