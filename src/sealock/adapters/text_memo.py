"""A file tree that reads each file once, and knows files by their stat."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from sealock.adapters.stat_signature import Probes
from sealock.domain.location import Location
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sealock.ports import FileTree

_PACKED = struct.Struct("<QQqq")


class TextMemo:
    """What `inner` says, each text kept, so that a run sees one state of it; implements SignedFiles."""

    def __init__(self, inner: FileTree, root: str, at_ns: int) -> None:
        """Read from `inner`, which stands at `root`; `at_ns` is the time before anything is looked at."""
        self._inner = inner
        self.probes = Probes(root, at_ns)
        """What the run has looked at, for others who look at the same files."""
        self._texts: dict[str, str] = {}

    def later(self, inner: FileTree, root: str, changed: Collection[str], at_ns: int) -> TextMemo:
        """Return what `inner` says at a later time, knowing the texts of all but the `changed` files."""
        memo = TextMemo(inner, root, at_ns)
        memo._texts = {path: text for path, text in self._texts.items() if path not in changed}
        return memo

    def files(self) -> Sequence[str]:
        """Return every file, as `inner` lists them."""
        return self._inner.files()

    def signature(self, path: str) -> bytes:
        """Return a plain file's stat; empty for one that was written too shortly ago, and for links."""
        seen = self.probes.look(path)
        if seen.kind != "file" or not seen.real or not seen.signature.settled(self.probes.at_ns):
            return b""
        return _PACKED.pack(*seen.signature)

    def read_text(self, path: str) -> str:
        """Return a file's text. Raises what `inner` does: FileNotFoundError, SealockError."""
        known = self._texts.get(path)
        if known is None:
            known = self._texts[path] = self._read(path)
        return known

    def _read(self, path: str) -> str:
        try:
            return self._inner.read_text(path)
        except (NotADirectoryError, ValueError) as wrong:
            # Below a file, or with a NUL in its name, there is nothing.
            raise FileNotFoundError(path) from wrong
        except FileNotFoundError:
            raise
        except OSError as wrong:
            message = f"the file cannot be read: {wrong.strerror}"
            raise Undecided(message, where=Location(path), hint="Make it readable.") from wrong
