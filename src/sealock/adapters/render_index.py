"""What many remembered renders looked at and hold, in one file, so that none of them need be opened.

A line stands for an entry of the render cache whose files were all written well before they were read: their
stats tell whether it holds. What overlays share is looked at once. The objects stay in the entry until
somebody wants them.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec.structs import astuple

from sealock.adapters.cache_file import CacheFile
from sealock.adapters.stat_signature import SETTLED_NS
from sealock.domain.rendered import ObjectKey, RenderFailure, TraceEntry

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sealock.adapters.render_cache import Probing
    from sealock.domain.rendered import Rendered

_MOST_FILES = 20
_GOOD, _BAD = 1, 2
_Key = tuple[str, str, str, str]


class Line(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One overlay: the numbers of its looks, and what it holds or why it fails.

    `keys` are the objects' keys as MessagePack.
    """

    overlay: str
    looks: tuple[int, ...]
    kinds: tuple[str, ...]
    keys: msgspec.Raw
    failure: RenderFailure | None = None

    def object_keys(self) -> tuple[ObjectKey, ...]:
        """Return the key of each object, in order."""
        return tuple(ObjectKey(*each) for each in _KEYS.decode(self.keys))


class _Look(TraceEntry, frozen=True, array_like=True, gc=False):
    """A TraceEntry in the index's form."""


class _Content(msgspec.Struct, frozen=True, array_like=True):
    looks: list[_Look]
    lines: list[Line]


_KEYS = msgspec.msgpack.Decoder(tuple[_Key, ...])
_CONTENT = msgspec.msgpack.Decoder(_Content)


class Known(NamedTuple):
    """A line that holds, with its trace."""

    line: Line
    trace: tuple[TraceEntry, ...]

    @classmethod
    def of(cls, rendered: Rendered, seen_ns: int) -> Known | None:
        """Return the line of a render whose files were read at `seen_ns`; None if they were new by then."""
        latest = seen_ns - SETTLED_NS
        for each in rendered.trace:
            if each.kind == "file" and each.digest and max(each.mtime_ns, each.ctime_ns) >= latest:
                return None
        keys = rendered.keys
        packed = msgspec.msgpack.encode([(e.api_version, e.kind, e.namespace, e.name) for e in keys])
        kinds = tuple(sorted({each.kind for each in keys}))
        return cls(Line(rendered.overlay, (), kinds, msgspec.Raw(packed), rendered.failure), rendered.trace)


class RenderIndex:
    """The index of one kind of request, in a file."""

    def __init__(self, folder: Path, name: str) -> None:
        """Use the file `name`, a hexadecimal digest of all that decides the renders besides files."""
        self._file = CacheFile(folder / "indexes" / name, "index-2", _MOST_FILES)
        self._content = self._read()

    def holding(self, overlays: Iterable[str], probes: Probing) -> dict[str, Known]:
        """Return the lines that hold, of those for `overlays`."""
        wanted = frozenset(overlays)
        lines = [line for line in self._content.lines if line.overlay in wanted]
        looks = self._content.looks
        state = bytearray(len(looks))
        found: dict[str, Known] = {}
        for line in lines:
            for number in line.looks:
                if not state[number]:
                    state[number] = _GOOD if _holds(looks[number], probes) else _BAD
                if state[number] == _BAD:
                    break
            else:
                found[line.overlay] = Known(line, tuple([looks[number] for number in line.looks]))
        return found

    def write(self, known: Iterable[Known]) -> None:
        """Replace the index by these lines."""
        looks: dict[_Look, int] = {}
        lines: list[Line] = []
        for line, trace in known:
            numbers = tuple(looks.setdefault(_Look(*astuple(each)), len(looks)) for each in trace)
            lines.append(msgspec.structs.replace(line, looks=numbers))
        self._file.write(msgspec.msgpack.encode(_Content(list(looks), lines)))

    def _read(self) -> _Content:
        with suppress(msgspec.MsgspecError):
            return _CONTENT.decode(self._file.read() or b"")
        return _Content([], [])


def _holds(look: TraceEntry, probes: Probing) -> bool:
    kind, signature, real = probes.look(look.path)
    if kind != look.kind or not real:
        return False
    if not look.digest:
        return True
    if kind == "file":
        return (
            signature.inode == look.inode
            and signature.mtime_ns == look.mtime_ns
            and signature.ctime_ns == look.ctime_ns
            and signature.size_bytes == look.size_bytes
        )
    return probes.digest(look.path) == look.digest
