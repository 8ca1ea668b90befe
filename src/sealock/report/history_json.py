"""A service's history for programs: one JSON document, version 1 of its schema."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from sealock.domain.gate_question import rfc3339
from sealock.domain.printable import writable
from sealock.domain.service_history import HistoryEntry, How, ImageChange, ServiceHistory

SCHEMA = 1

_TITLE = "The output of sealock history --format json"


class Entry(msgspec.Struct, frozen=True):
    """What one commit changed of the service in an environment; `time` is RFC 3339 in UTC.

    `gates`, `evidence`, `approvers` and `overridden` are lines of a promotion's message.
    """

    time: str
    commit: str
    author: str
    how: How
    source: str
    environment: str
    images: tuple[ImageChange, ...]
    subject: str
    reason: str
    gates: tuple[str, ...]
    evidence: tuple[str, ...]
    approvers: tuple[str, ...]
    overridden: tuple[str, ...]
    plan: str


class Document(msgspec.Struct, frozen=True):
    """The newest entries; `more` says that there are older ones, `incomplete` what is not known."""

    schema: Literal[1]
    service: str
    commit: str
    entries: tuple[Entry, ...]
    more: bool
    incomplete: str


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the document."""
    found = msgspec.json.schema(Document)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": _TITLE, **found}


def document(history: ServiceHistory) -> bytes:
    """Return the history as JSON; bytes that are no UTF-8 as escapes."""
    body = Document(
        schema=1,
        service=writable(history.service),
        commit=history.commit,
        entries=tuple(map(_entry, history.entries)),
        more=history.more,
        incomplete=history.why,
    )
    return msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n"


def _entry(found: HistoryEntry) -> Entry:
    return Entry(
        time=rfc3339(datetime.fromtimestamp(found.time, UTC)),
        commit=found.commit,
        author=writable(found.author),
        how=found.how,
        source=found.source,
        environment=found.environment,
        images=found.images,
        subject=writable(found.subject),
        reason=found.reason,
        gates=found.gates,
        evidence=found.evidence,
        approvers=found.approvers,
        overridden=found.overridden,
        plan=found.plan,
    )
