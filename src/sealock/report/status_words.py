"""How a status says things in few words; all formats for people share them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.gate_question import spoken
from sealock.domain.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.hotfix_debt import HotfixDebt
    from sealock.domain.status import Arrival, Cell, EnvironmentState, NextStep, Standing, StatusReport

_SHORT = 7
_MOST = 300
_UNITS = (("y", 31_557_600), ("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))


def header(environment: EnvironmentState) -> str:
    """Return an environment's name, with its freeze."""
    if not environment.frozen:
        return environment.name
    until = f" until {environment.frozen_until}" if environment.frozen_until else ""
    return f"{environment.name} (frozen{until})"


def cell_words(cell: Cell, now: int) -> str:
    """Return a cell in one line: release, digest, age, and what is to be known of it."""
    return "; ".join(filter(None, (what(cell, now), *_remarks(cell))))


def what(cell: Cell, now: int) -> str:
    """Return the release, the short digest and the age of what a cell has."""
    if any(each.fault for each in cell.overlays):
        return "cannot be read"
    if cell.differ:
        return f"{len(cell.overlays)} overlays differ"
    if not cell.pins:
        return "no image here"
    digests = ", ".join(dict.fromkeys(short(each.digest) for each in cell.pins if each.digest))
    parts = (printable(cell.release), digests or "no digest", age(cell.arrived, now))
    return " ".join(filter(None, parts))


def short(digest: str) -> str:
    """Return the first digits of a digest."""
    return printable(digest.partition(":")[2][:_SHORT])


def age(arrived: Arrival | None, now: int) -> str:
    """Return how long something has been there in its largest unit: `3d`, `over 2w`; empty for unknown."""
    if arrived is None or not arrived.time:
        return ""
    left = max(0, now - arrived.time)
    unit, size = next(((unit, size) for unit, size in _UNITS if left >= size), ("s", 1))
    return f"{'over ' if arrived.or_before else ''}{left // size}{unit}"


def _remarks(cell: Cell) -> Iterator[str]:
    yield from (standing(each) for each in cell.standings if each.word != "same")
    yield from (f"{each.environment}: {gate_words(each)}" for each in cell.next if gate_words(each) != "pass")
    yield from (f"waits {pull(each.number, each.branch)}" for each in cell.open)
    if cell.debts:
        yield "hotfix debt"


def pull(number: int, branch: str) -> str:
    """Return the number of a pull request, or the name of its branch."""
    return f"#{number}" if number else printable(branch, 100)


def standing(found: Standing) -> str:
    """Return how a cell stands beside another: `2 behind dev`."""
    count = f"{found.by} " if found.by else ""
    words = {
        "same": "as",
        "ahead": f"{count}ahead of",
        "behind": f"{count}behind",
        "differs": "differs from",
        "unknown": "not comparable with",
    }
    return f"{words[found.word]} {found.environment}"


def gate_words(step: NextStep) -> str:
    """Return what the gates say in few words: `refused by soak, 2h of 4h`."""
    said = []
    for verdict, word in (("refuse", "refused by"), ("unknown", "unknown:")):
        gates = dict.fromkeys(each.gate for each in step.asked if each.verdict == verdict)
        if gates:
            said.append(f"{word} {', '.join(map(printable, gates))}")
    if step.soak is not None and step.soak.seconds < step.soak.of_seconds:
        said.append(f"soak {spoken(step.soak.seconds)} of {spoken(step.soak.of_seconds)}")
    if step.not_run:
        said.append(f"not run: {', '.join(step.not_run)}")
    return "; ".join(said) or "pass"


def details(cell: Cell) -> Iterator[str]:
    """Yield what one line has no room for: overlays that differ, gates with their reasons, debts."""
    if cell.differ or any(each.fault for each in cell.overlays):
        for overlay in cell.overlays:
            has = overlay.fault or ", ".join(map(str, overlay.pins)) or "says nothing of images"
            yield f"{printable(overlay.path, 200)}: {printable(has, _MOST)}"
    for step in cell.next:
        for gate in step.asked:
            until = f" (from {gate.retry_after})" if gate.retry_after else ""
            said = f"{gate.verdict}: {gate.gate}: {printable(gate.message, _MOST)}"
            yield f"to {step.environment}: {said}{until}"
        yield from (f"to {step.environment}: not run: {kind}" for kind in step.not_run)
    yield from map(debt, cell.debts)
    for each in cell.open:
        yield f"waits: {printable(each.url or each.branch, _MOST)}"


def debt(owed: HotfixDebt) -> str:
    """Return a debt in one line."""
    missing = " and ".join(owed.missing)
    reason = f": {printable(owed.reason, _MOST)}" if owed.reason else ""
    return f"hotfix debt: {short(owed.digest)} never ran in {missing} ({owed.commit[:12]}{reason})"


def notes(report: StatusReport) -> Iterator[str]:
    """Yield what holds for all of it."""
    if report.gates_of == "none configured":
        names = " → ".join(each.name for each in report.environments)
        yield f"There is no sealock.yaml: the order {names} is inferred, gates: none configured."
    for each in report.trains:
        yield f"Waits for {printable(each.environment)}: {pull(each.number, each.branch)}"
    if report.why:
        yield f"Not all is known: {printable(report.why, _MOST)}."
