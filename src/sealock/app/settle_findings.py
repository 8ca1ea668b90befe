"""From what rules say to what a report shows: levels, waivers, and each fault once."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from sealock.domain.check_report import Waived
from sealock.domain.finding import Finding, Fix, NotDecided, Severity
from sealock.domain.manifest_folder import is_folder, path_of
from sealock.domain.settings import Waiver

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from sealock.domain.settings import Settings


class Settled(msgspec.Struct, frozen=True):
    """Findings and undecided checks by place, what was waived, and the waivers that did it."""

    findings: tuple[Finding, ...]
    undecided: tuple[NotDecided, ...]
    waived: tuple[Waived, ...] = ()
    used: frozenset[Waiver] = frozenset()


def settle(
    found: Iterable[Finding | NotDecided], settings: Settings, today: date, comments: Iterable[Waiver] = ()
) -> Settled:
    """Apply the levels and waivers of `settings` and the `comments`; show each fault once."""
    findings: dict[tuple[object, ...], Finding] = {}
    undecided: dict[tuple[object, ...], NotDecided] = {}
    overlays: dict[tuple[object, ...], set[str]] = {}
    waived: dict[tuple[object, ...], Waived] = {}
    used: set[Waiver] = set()
    by_rule: dict[str, list[Waiver]] = {}
    for waiver in (*settings.waivers, *comments):
        by_rule.setdefault(waiver.rule, []).append(waiver)
    for each in map(_shown, found):
        rule = each.rule if isinstance(each, Finding) else each.check
        level = settings.levels.get(rule)
        if level == "off":
            continue
        waivers = [waiver for waiver in by_rule.get(rule, ()) if covers(waiver, each)]
        in_force = [waiver for waiver in waivers if waiver.expires >= today]
        if in_force:
            used.update(in_force)
            waived.setdefault(_identity(each), Waived(each, in_force[0]))
            continue
        note = f"A waiver at {waivers[0].location} expired on {waivers[0].expires}." if waivers else ""
        if isinstance(each, NotDecided):
            shown = replace(each, hint=_joined(each.hint, note))
            overlays.setdefault(_identity(shown), set()).update(each.overlays)
            undecided.setdefault(_identity(shown), shown)
        else:
            fix = replace(each.fix or Fix(""), title=_joined(each.fix.title if each.fix else "", note))
            severity = Severity(level) if level else each.severity
            fault = replace(each, severity=severity, fix=fix if fix.title else None)
            overlays.setdefault(_identity(fault), set()).update(each.overlays)
            findings.setdefault(_identity(fault), fault)
    shared = {key: tuple(sorted(names)) for key, names in overlays.items()}
    return Settled(
        tuple(sorted((replace(each, overlays=shared[key]) for key, each in findings.items()), key=by_place)),
        tuple(sorted((replace(each, overlays=shared[key]) for key, each in undecided.items()), key=by_place)),
        tuple(sorted(waived.values(), key=lambda each: by_place(each.found))),
        frozenset(used),
    )


def _shown(found: Finding | NotDecided) -> Finding | NotDecided:
    """Return what was found with the paths of folders of plain manifests in place of their names."""
    if isinstance(found, NotDecided) and is_folder(found.subject):
        found = replace(found, subject=path_of(found.subject))
    if any(map(is_folder, found.overlays)):
        return replace(found, overlays=tuple(map(path_of, found.overlays)))
    return found


def by_place(found: Finding | NotDecided) -> tuple[object, ...]:
    """Return what findings are sorted by."""
    return (found.location, *_identity(found)[::3])


def covers(waiver: Waiver, found: Finding | NotDecided) -> bool:
    """Say whether a waiver's glob matches the file, an overlay, or the kind; `*` also stands for `/`.

    A comment covers what is found at its line.
    """
    if waiver.line:
        return (waiver.path, waiver.line) == (found.location.file, found.location.line)
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
