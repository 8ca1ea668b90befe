"""What `sealock status` remembers between runs: all that one commit of the deployed branch decides.

A later run reads what came after that commit and nothing else. Where the commit is no longer part of the
branch, everything is read anew.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from sealock.domain.promotion import ImagePin
from sealock.domain.recorded_moves import Moved, moves_of
from sealock.domain.status import Arrival
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealock.domain.promotion import Authored
    from sealock.ports import BranchChanges, CommitLog, Memory, SignedFiles

_FORM = 1


class RememberedPins(msgspec.Struct, frozen=True, array_like=True):
    """The images of an overlay, the files that say them, and all that were read for that.

    `read` are signatures by path; one that is not there has an empty one.
    """

    read: dict[str, bytes]
    pins: tuple[ImagePin, ...]
    files: tuple[str, ...]


class Remembered(msgspec.Struct, array_like=True):
    """What is known at the commit `tip`: moves oldest first, arrivals by file, pins by overlay."""

    tip: str = ""
    moves: list[Moved] = msgspec.field(default_factory=list)
    arrivals: dict[str, Arrival] = msgspec.field(default_factory=dict)
    pins: dict[str, RememberedPins] = msgspec.field(default_factory=dict)


def recall(memory: Memory, about: object) -> Remembered:
    """Return what was remembered last, or nothing; `about` is what else decides it."""
    try:
        return msgspec.msgpack.decode(memory.get(_key(about)) or b"", type=Remembered)
    except msgspec.MsgspecError:
        return Remembered()


def keep(memory: Memory, about: object, remembered: Remembered) -> None:
    """Remember this for the next run."""
    memory.put(_key(about), msgspec.msgpack.encode(remembered))


def _key(about: object) -> bytes:
    return hashlib.blake2b(repr(("status", _FORM, about)).encode(), digest_size=16).digest()


def begin(remembered: Remembered, tip: str, changes: BranchChanges) -> str:
    """Return the commit that reading may begin after; empty for none. Raises Undecided."""
    if remembered.tip in {"", tip}:
        return remembered.tip
    return remembered.tip if changes.is_ancestor(remembered.tip, tip) else ""


def moves(remembered: Remembered, tip: str, since: str, log: CommitLog) -> tuple[list[Moved], str]:
    """Return all that is recorded up to `tip`, oldest first, reading what is after `since`.

    Also why that is not all, where the history is cut off; else nothing.
    """
    if since == tip:
        return remembered.moves, ""
    new: list[Authored] = []
    why = ""
    try:
        new.extend(log.promotions(f"{since}..{tip}" if since else tip))
    except Undecided as wrong:
        # What is there was taken before.
        why = wrong.message
    return [*(remembered.moves if since else ()), *moves_of(reversed(new))], why


class RememberedFiles:
    """Reads what overlays say of their images, and again only where a file that says it has changed."""

    def __init__(self, files: SignedFiles, known: dict[str, RememberedPins]) -> None:
        """Read from `files`; `known` is what was remembered, and grows by what is `new`."""
        self._files = files
        self.known = known
        self.new = False

    def pins(self, overlay: str, find: Callable[[Callable[[str], str]], RememberedPins]) -> RememberedPins:
        """Return the images of an overlay: remembered, else what `find` reads with the reader it is given."""
        known = self.known.get(overlay)
        if known is not None and self._holds(known):
            return known
        read: dict[str, bytes] = {}
        lasting = True

        def read_text(path: str) -> str:
            nonlocal lasting
            try:
                text = self._files.read_text(path)
            except FileNotFoundError:
                read[path] = b""
                raise
            read[path] = self._files.signature(path)
            # A link has no signature: it is read each time.
            lasting = lasting and bool(read[path])
            return text

        found = msgspec.structs.replace(find(read_text), read=read)
        if lasting:
            self.known[overlay] = found
            self.new = True
        return found

    def _holds(self, known: RememberedPins) -> bool:
        return all(self._files.signature(path) == signature for path, signature in known.read.items())
