"""The commit message of a promotion: its subject for people, its trailers for `history` and `status`.

Written and read here only, so that what is written can be read back years later. Trailers are those of
git-interpret-trailers: a last paragraph of `Key: value` lines.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from sealock.domain.image import ImageRef, InvalidImage
from sealock.domain.printable import printable
from sealock.domain.promotion import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealock.domain.promotion import Car, PromotionPlan

_SHOWN = 12
_LONGEST = 20_000
_NOTHING = "nothing"
_SUBJECT = re.compile(r"(promote|rollback|hotfix)\((.+?)\): ")
_TRAILER = re.compile(r"([A-Za-z][A-Za-z0-9-]*): (.*)")
_MOVE = re.compile(r"(\S+) (\S+): (\S+) → (\S+)(?: from (\S+))?")


class RecordedMove(msgspec.Struct, frozen=True):
    """One image of one service that a commit moved; `before` and `after` are image references.

    `before` is empty where there was none, `source` where the action has no environment to come from.
    """

    service: str
    environment: str
    before: str
    after: str
    source: str = ""

    @property
    def digest(self) -> str:
        """The digest that arrived, or empty."""
        return self.after.partition("@")[2]


class PromotionRecord(msgspec.Struct, frozen=True):
    """What a promotion's commit message says. `gates` and `evidence` are one line each.

    `plan` is the digest of the plan, `sha256:…`.
    """

    action: Action
    subject: str
    moves: tuple[RecordedMove, ...]
    plan: str = ""
    gates: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()
    reason: str = ""
    overridden: tuple[str, ...] = ()


def subject(plan: PromotionPlan) -> str:
    """Return the first line: `promote(ledger): dev → staging [sha256:9f86d]` for one service."""
    names = ", ".join(each.service for each in plan.cars)
    if plan.action == "promote":
        sources = dict.fromkeys(each.source for each in plan.cars)
        way = f"{', '.join(sources)} → {plan.environment}"
    else:
        way = plan.environment
    digests = dict.fromkeys(digest[:_SHOWN] for each in plan.cars for digest in each.digests)
    return f"{plan.action}({names}): {way} [{', '.join(digests)}]"


def message(plan: PromotionPlan, digest: str) -> str:
    """Return the whole message; `digest` is the plan's, `sha256:…`."""
    lines = [printable(subject(plan), _LONGEST), ""]
    reason = _one_line(plan.override.reason)
    if reason:
        lines += [reason, ""]
    lines += [f"{key}: {_one_line(value)}" for key, value in _trailers(plan, digest)]
    return "\n".join(lines) + "\n"


def _trailers(plan: PromotionPlan, digest: str) -> Iterator[tuple[str, str]]:
    for car in plan.cars:
        for moved in _moves(car):
            yield "Promotion-Image", moved
    for gate in plan.gates:
        about = f"{gate.service} " if gate.service else ""
        yield "Promotion-Gate", f"{gate.gate} {gate.verdict}: {about}{gate.message}"
        for piece in gate.evidence:
            yield "Promotion-Evidence", f"{piece.digest} {piece.kind}: {piece.summary}"
    if plan.gates_of != "configured":
        yield "Promotion-Gates", plan.gates_of
    if plan.override.reason:
        yield "Promotion-Reason", plan.override.reason
    if plan.override.approver:
        yield "Approved-by", plan.override.approver
    for who in _approvers(plan):
        yield "Approved-by", who
    yield "Promotion-Plan", digest


def _approvers(plan: PromotionPlan) -> Iterable[str]:
    summaries = (
        piece.summary
        for gate in plan.gates
        for piece in gate.evidence
        if piece.kind == "approval" and gate.verdict == "pass"
    )
    return dict.fromkeys(each for each in summaries if each != plan.override.approver)


def _moves(car: Car) -> Iterator[str]:
    for image in car.images:
        before = str(image.before) if image.before.tag or image.before.digest else _NOTHING
        source = f" from {car.source}" if car.source else ""
        yield f"{car.service} {car.target}: {before} → {image.after}{source}"


def _one_line(text: str) -> str:
    """Return `text` without anything that could end a line, or drive a terminal."""
    return " ".join(printable(text, 2000).split())


def read(text: str) -> PromotionRecord | None:
    """Return what a commit message says of a promotion; None for any other commit.

    A message that only looks like one (no move that can be read) is none: nothing is guessed.
    """
    first, _, rest = text.partition("\n")
    found = _SUBJECT.match(first)
    if found is None:
        return None
    trailers: dict[str, list[str]] = {}
    paragraph = rest.rstrip().rpartition("\n\n")[2] if rest.strip() else ""
    for line in paragraph.splitlines():
        trailer = _TRAILER.fullmatch(line)
        if trailer:
            trailers.setdefault(trailer[1].lower(), []).append(trailer[2])
    moves = tuple(filter(None, map(_move, trailers.get("promotion-image", ()))))
    if not moves:
        return None
    action: Action = "rollback" if found[1] == "rollback" else "hotfix" if found[1] == "hotfix" else "promote"
    return PromotionRecord(
        action,
        first,
        moves,
        plan=next(iter(trailers.get("promotion-plan", ())), ""),
        gates=tuple(trailers.get("promotion-gate", ())),
        evidence=tuple(trailers.get("promotion-evidence", ())),
        approvers=tuple(trailers.get("approved-by", ())),
        reason=next(iter(trailers.get("promotion-reason", ())), ""),
        overridden=tuple(trailers.get("promotion-gates", ())),
    )


def _move(text: str) -> RecordedMove | None:
    found = _MOVE.fullmatch(text)
    if found is None:
        return None
    service, environment, before, after, source = found.groups(default="")
    try:
        if ImageRef.parse(after).digest is None:
            return None
    except InvalidImage:
        return None
    return RecordedMove(service, environment, "" if before == _NOTHING else before, after, source)
