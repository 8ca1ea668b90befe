"""A file tree that reads each file once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.location import Location
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealock.ports import FileTree


class TextMemo:
    """What `inner` says, each text kept, so that a run sees one state of it; implements FileTree."""

    def __init__(self, inner: FileTree) -> None:
        """Read from `inner`."""
        self._inner = inner
        self._texts: dict[str, str] = {}

    def files(self) -> Sequence[str]:
        """Return every file, as `inner` lists them."""
        return self._inner.files()

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
