"""What `check` reports: findings, and what it could not decide."""

from __future__ import annotations

import enum

import msgspec

from sealock.domain.location import Location


class Severity(enum.StrEnum):
    """How bad it is if the finding is true."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Confidence(enum.StrEnum):
    """How sure Sealock is that the finding is true."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class FileEdit(msgspec.Struct, frozen=True, order=True):
    """Replace characters `start` to `end` of `file`, as it was read, by `text`."""

    file: str
    start: int
    end: int
    text: str


class Fix(msgspec.Struct, frozen=True):
    """What mends a finding, in words, and as `edits` where Sealock can do it itself.

    `safe` only where a test proves that every overlay renders as before, or that the only change is the
    one that the rule asks for. Edits without `safe` need the user's word (`--fix --unsafe`).
    """

    title: str
    safe: bool = False
    edits: tuple[FileEdit, ...] = ()


class Finding(msgspec.Struct, frozen=True):
    """One fault: which rule, how bad, how sure, where in the source, and what to do."""

    rule: str
    severity: Severity
    confidence: Confidence
    location: Location
    message: str
    resource: str = ""
    """The rendered object, e.g. `apps/v1 Deployment payments/ledger`; empty for a source fault."""
    fix: Fix | None = None
    overlays: tuple[str, ...] = ()
    """The overlays that show it, sorted; empty where no render is concerned."""


class NotDecided(msgspec.Struct, frozen=True):
    """A check that could not run on `subject`, and why. Never a pass."""

    check: str
    subject: str
    location: Location
    reason: str
    hint: str = ""
    overlays: tuple[str, ...] = ()
