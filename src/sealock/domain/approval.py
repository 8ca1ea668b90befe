"""Approvals as signed text: what is said, what a note about it is attached to, and how it is kept.

A statement is signed in its canonical form (RFC 8785), so that any tool can verify it. Notes hold one JSON
object on each line, `{"signature": armour, "statement": {…}}`: lines of two notes can simply be put together.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from sealock.domain.canonical import canonical

NAMESPACE = "sealock-approval"
"""What SSH signatures are made for: one made for anything else is none."""

SUBJECT_SCHEMA = "sealock.dev/approval-subject/v1"
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)
_MAIL = re.compile(r"[^\s@<>,*?!\"'\\]+@[^\s@<>,*?!\"'\\]+")
_SKEW = timedelta(seconds=60)


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That `who`, a mail address, approves these digests of a service in an environment.

    `digests` are sorted. `approved` and `expires` are RFC 3339 in UTC to the second; one without end has
    an empty `expires`.
    """

    service: str
    environment: str
    digests: tuple[str, ...]
    who: str
    approved: str
    expires: str = ""
    schema: Literal["sealock.dev/approval/v1"] = "sealock.dev/approval/v1"

    def text(self) -> bytes:
        """Return what is signed."""
        return canonical(self)

    def fault(self, now: datetime) -> str:
        """Return why it does not count at `now`, whoever signed it; empty when it may."""
        if not is_mail(self.who):
            return "who says it is no mail address"
        approved = _moment(self.approved)
        expires = _moment(self.expires) if self.expires else None
        if approved is None or (self.expires and expires is None):
            return "it says no time"
        if approved > now + _SKEW:
            return f"it is dated {self.approved}, which is to come"
        if expires is not None and expires <= now:
            return f"it expired at {self.expires}"
        return ""

    @property
    def moment(self) -> datetime:
        """When it was said. Raises ValueError for one with a fault."""
        found = _moment(self.approved)
        if found is None:
            raise ValueError(self.approved)
        return found


class SignedStatement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A statement with its armoured signature."""

    signature: str
    statement: Statement

    def line(self) -> str:
        """Return it as a note keeps it, without the newline."""
        return canonical(self).decode()


_LINE = msgspec.json.Decoder(SignedStatement)


def read_line(line: str) -> SignedStatement | None:
    """Return what a line of a note says; None for one that cannot be read."""
    try:
        return _LINE.decode(line)
    except (msgspec.MsgspecError, UnicodeError):
        return None


def subject(service: str, environment: str, digests: tuple[str, ...]) -> bytes:
    """Return the content that a note is attached to: whoever looks for it can make it anew."""
    return canonical(
        {
            "digests": sorted(set(digests)),
            "environment": environment,
            "schema": SUBJECT_SCHEMA,
            "service": service,
        }
    )


def is_mail(text: str) -> bool:
    """Say whether `text` can name a person: patterns of signers files cannot."""
    return bool(_MAIL.fullmatch(text)) and text.isprintable() and not text.startswith("-")


def _moment(text: str) -> datetime | None:
    if not _TIME.fullmatch(text):
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
