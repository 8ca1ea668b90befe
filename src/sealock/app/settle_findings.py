"""From what rules say to what a report shows: levels, waivers, and each fault once."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from sealock.domain.finding import Finding, Fix, NotDecided, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from sealock.domain.settings import Settings, Waiver


class Settled(msgspec.Struct, frozen=True):
    """Findings and undecided checks by place; how many were waived, and where expired waivers stand."""

    findings: tuple[Finding, ...]
    undecided: tuple[NotDecided, ...]
    waived: int
    expired: tuple[str, ...]


def settle(found: Iterable[Finding | NotDecided], settings: Settings, today: date) -> Settled:
    """Apply the levels and waivers of `settings`, and show a fault of several overlays once."""
    findings: dict[tuple[object, ...], Finding] = {}
    undecided: dict[tuple[object, ...], NotDecided] = {}
    overlays: dict[tuple[object, ...], set[str]] = {}
    waived: set[tuple[object, ...]] = set()
    expired: set[str] = set()
    for each in found:
        rule = each.rule if isinstance(each, Finding) else each.check
        level = settings.levels.get(rule)
        if level == "off":
            continue
        waivers = [waiver for waiver in settings.waivers if waiver.rule == rule and covers(waiver, each)]
        if any(waiver.expires >= today for waiver in waivers):
            waived.add(_identity(each))
            continue
        expired.update(str(waiver.location) for waiver in waivers)
        note = f"A waiver at {waivers[0].location} expired on {waivers[0].expires}." if waivers else ""
        if isinstance(each, NotDecided):
            shown = replace(each, hint=_joined(each.hint, note))
            overlays.setdefault(_identity(shown), set()).update(each.overlays)
            undecided.setdefault(_identity(shown), shown)
        else:
            fix = Fix(_joined(each.fix.title if each.fix else "", note), bool(each.fix and each.fix.safe))
            severity = Severity(level) if level else each.severity
            fault = replace(each, severity=severity, fix=fix if fix.title else None)
            overlays.setdefault(_identity(fault), set()).update(each.overlays)
            findings.setdefault(_identity(fault), fault)
    shared = {key: tuple(sorted(names)) for key, names in overlays.items()}
    return Settled(
        tuple(sorted((replace(each, overlays=shared[key]) for key, each in findings.items()), key=_by_place)),
        tuple(
            sorted((replace(each, overlays=shared[key]) for key, each in undecided.items()), key=_by_place)
        ),
        len(waived),
        tuple(sorted(expired)),
    )


def _by_place(found: Finding | NotDecided) -> tuple[object, ...]:
    return (found.location, *_identity(found)[::3])


def covers(waiver: Waiver, found: Finding | NotDecided) -> bool:
    """Say whether a waiver's glob matches the file, an overlay, or the kind; `*` also stands for `/`."""
    names = [found.location.file, *found.overlays]
    if isinstance(found, NotDecided):
        names.append(found.subject)
    return any(fnmatchcase(name, waiver.path) for name in names)


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


def _identity(found: Finding | NotDecided) -> tuple[object, ...]:
    if isinstance(found, Finding):
        return (found.rule, found.severity, found.location, found.message)
    return (found.check, found.subject, found.location, found.reason)
