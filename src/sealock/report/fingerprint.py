"""A name for a finding that stays when lines above it come and go."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sealock.domain.finding import Finding
from sealock.errors import SealockError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealock.domain.finding import NotDecided

_LENGTH = 32


class Fingerprints:
    """Names findings by rule, file, object, message and the text of the line; equal ones are numbered."""

    def __init__(self, read_text: Callable[[str], str]) -> None:
        """Read source lines with `read_text`, which raises FileNotFoundError or SealockError."""
        self._read_text = read_text
        self._lines: dict[str, list[str]] = {}
        self._seen: dict[tuple[str, ...], int] = {}

    def of(self, found: Finding | NotDecided) -> str:
        """Return 32 hexadecimal digits; ask once for each finding, in the order of the report."""
        if isinstance(found, Finding):
            rule, subject, message = found.rule, found.resource, found.message
        else:
            rule, subject, message = found.check, found.subject, found.reason
        where = found.location
        parts = (rule, where.file, subject, message, self._line(where.file, where.line))
        number = self._seen[parts] = self._seen.get(parts, -1) + 1
        text = "\0".join((*parts, str(number)))
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:_LENGTH]

    def _line(self, file: str, line: int) -> str:
        if file not in self._lines:
            try:
                self._lines[file] = self._read_text(file).splitlines()
            except (FileNotFoundError, SealockError):
                self._lines[file] = []
        lines = self._lines[file]
        return " ".join(lines[line - 1].split()) if 0 < line <= len(lines) else ""
