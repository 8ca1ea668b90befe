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


class Fix(msgspec.Struct, frozen=True):
    """What mends a finding; `safe` only where a test proves that nothing else changes."""

    title: str
    safe: bool = False


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
