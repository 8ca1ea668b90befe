"""The gate `approvals`: enough people stand for exactly these digests, and who promotes is none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.location import Location
from sealock.domain.printable import printable
from sealock.domain.promotion import GateResult
from sealock.errors import Undecided
from sealock.ports import ApprovalQuestion

if TYPE_CHECKING:
    from sealock.app.gates import GatePorts
    from sealock.domain.gate_question import GateQuestion
    from sealock.domain.promotion import Car
    from sealock.domain.settings import Gate
    from sealock.ports import Approvals

_LISTED = 5


def ask(gate: Gate, question: GateQuestion, ports: GatePorts) -> tuple[GateResult, ...]:
    """Return one result for each car. Raises Undecided where nobody could be heard."""
    if gate.by == "forge":
        if ports.reviews is None:
            message = "approvals are reviews of the forge here, and no forge is known"
            raise Undecided(message, hint="Say which: promotion.forge in sealock.yaml.")
        return tuple(_car(gate, question, car, ports.reviews) for car in question.cars)
    try:
        signers = ports.files.read_text(gate.signers)
    except FileNotFoundError:
        message = "there is no such file, and it should hold whose signatures count"
        hint = "Commit one in the form of ssh-keygen's ALLOWED SIGNERS, or OpenPGP public keys."
        raise Undecided(message, where=Location(gate.signers), hint=hint) from None
    return tuple(_car(gate, question, car, ports.approvals, signers) for car in question.cars)


def _car(gate: Gate, question: GateQuestion, car: Car, source: Approvals, signers: str = "") -> GateResult:
    digests = tuple(sorted(set(car.digests)))
    heard = source.of(ApprovalQuestion(car.service, question.environment, digests, signers))
    allowed = {each.casefold() for each in gate.from_}
    author = mail_of(question.author)
    counted = {}
    out: list[tuple[str, str]] = []
    for each in heard.approvals:
        who = each.who.casefold()
        if who == author:
            out.append((each.who, "promotes it"))
        elif allowed and who not in allowed:
            out.append((each.who, "is not one of those who may"))
        elif who not in counted:
            counted[who] = each
    out += [(each.who, each.reason) for each in heard.others]
    names = ", ".join(printable(each.who) for each in counted.values())
    message = f"{len(counted)} of {gate.approvals} approved{f': {names}' if names else ''}"
    for who, why in out[:_LISTED]:
        message += f"; {printable(who)} does not count: {printable(why, 120)}"
    if len(out) > _LISTED:
        message += f"; {len(out) - _LISTED} more do not count"
    enough = len(counted) >= gate.approvals > 0
    return GateResult(
        "approvals",
        question.environment,
        "pass" if enough else "refuse",
        message,
        service=car.service,
        evidence=tuple(each.evidence for each in counted.values()),
        hint="" if enough else _hint(gate, question, car),
    )


def _hint(gate: Gate, question: GateQuestion, car: Car) -> str:
    if gate.by == "forge":
        return "Approve the promotion's open request in the forge."
    among = f" One of {', '.join(gate.from_)} has to." if gate.from_ else ""
    digests = " ".join(f"--digest {each}" for each in sorted(set(car.digests)))
    return f"sealock approve {car.service} --env {question.environment} {digests}{among}"


def mail_of(person: str) -> str:
    """Return the mail address of `Name <mail>`, in lower case; the whole where there is none."""
    inner = person.rpartition("<")[2].rstrip("> ")
    return inner.casefold()
