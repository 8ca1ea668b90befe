"""The status for programs: one JSON document, version 1 of its schema."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from sealock.domain.gate_question import rfc3339
from sealock.domain.printable import writable
from sealock.domain.promotion import GateResult, GateVerdict, ImagePin
from sealock.domain.status import (
    Arrival,
    Cell,
    EnvironmentState,
    NextStep,
    OpenPromotion,
    Soak,
    Standing,
    StatusReport,
)

SCHEMA = 1

_TITLE = "The output of sealock status --format json"


class Overlay(msgspec.Struct, frozen=True):
    """One overlay and the images that it has; `fault` says why it cannot be read."""

    path: str
    images: tuple[ImagePin, ...]
    fault: str


class Since(msgspec.Struct, frozen=True):
    """When something came, RFC 3339 in UTC, and by which commit; with `or_before` it may be older."""

    time: str
    commit: str
    how: Literal["promote", "rollback", "hotfix", "by hand"]
    or_before: bool


class Next(msgspec.Struct, frozen=True):
    """What stands between a service's environment and one after it that has something else.

    `verdict` counts the gates that were asked; those of the kinds in `not_run` only a promotion asks.
    """

    environment: str
    verdict: GateVerdict
    gates: tuple[GateResult, ...]
    not_run: tuple[str, ...]
    soak: Soak | None


class Debt(msgspec.Struct, frozen=True):
    """A digest that came by a hotfix, and the environments that never ran it."""

    image: str
    digest: str
    missing: tuple[str, ...]
    commit: str
    time: str
    reason: str


class Place(msgspec.Struct, frozen=True):
    """One service in one environment. `images` are empty where its overlays differ or say none."""

    service: str
    environment: str
    release: str
    images: tuple[ImagePin, ...]
    differ: bool
    overlays: tuple[Overlay, ...]
    since: Since | None
    standings: tuple[Standing, ...]
    next: tuple[Next, ...]
    open: tuple[OpenPromotion, ...]
    debts: tuple[Debt, ...]


class Document(msgspec.Struct, frozen=True):
    """A status. `trains` are open promotions of several services; `incomplete` says what is not known."""

    schema: Literal[1]
    branch: str
    commit: str
    time: str
    gates: Literal["configured", "none configured"]
    environments: tuple[EnvironmentState, ...]
    services: tuple[Place, ...]
    trains: tuple[OpenPromotion, ...]
    incomplete: str


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the document."""
    found = msgspec.json.schema(Document)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": _TITLE, **found}


def document(report: StatusReport) -> bytes:
    """Return the report as JSON; bytes that are no UTF-8 as escapes."""
    body = Document(
        schema=1,
        branch=writable(str(report.branch)),
        commit=report.commit,
        time=_time(report.now),
        gates=report.gates_of,
        environments=report.environments,
        services=tuple(map(_place, report.cells)),
        trains=report.trains,
        incomplete=report.why,
    )
    return msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n"


def _place(cell: Cell) -> Place:
    return Place(
        service=writable(cell.service),
        environment=cell.environment,
        release=cell.release,
        images=cell.pins,
        differ=cell.differ,
        overlays=tuple(
            Overlay(writable(each.path), each.pins, writable(each.fault)) for each in cell.overlays
        ),
        since=_since(cell.arrived) if cell.arrived and cell.arrived.time else None,
        standings=cell.standings,
        next=tuple(map(_next, cell.next)),
        open=cell.open,
        debts=tuple(
            Debt(each.image, each.digest, each.missing, each.commit, _time(each.time), each.reason)
            for each in cell.debts
        ),
    )


def _next(step: NextStep) -> Next:
    return Next(step.environment, step.verdict, step.asked, step.not_run, step.soak)


def _since(arrived: Arrival) -> Since:
    return Since(_time(arrived.time), arrived.commit, arrived.how, arrived.or_before)


def _time(seconds: int) -> str:
    return rfc3339(datetime.fromtimestamp(seconds, UTC))
