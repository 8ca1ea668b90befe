"""Where something stands in a file."""

from __future__ import annotations

import msgspec


class Location(msgspec.Struct, frozen=True, order=True):
    """A place in a text file: `file` relative to the repository, `line` and `column` from 1.

    Line 0 means the file as a whole. `end_line` and `end_column` are exclusive; 0 when unknown.
    """

    file: str
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}"
