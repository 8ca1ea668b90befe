"""The gate `signed`: each image that arrives has a cosign signature by a key of the base revision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.domain.location import Location
from sealock.domain.promotion import GateResult
from sealock.errors import ConfigurationError, Undecided, UsageError
from sealock.ports import SignatureAnswer

if TYPE_CHECKING:
    from sealock.app.gates import GatePorts
    from sealock.domain.gate_question import GateQuestion
    from sealock.domain.promotion import Car, ImagePin
    from sealock.domain.settings import Gate

_SIGN = "Sign it: cosign sign --key KEY IMAGE@DIGEST."


def ask(gate: Gate, question: GateQuestion, ports: GatePorts) -> tuple[GateResult, ...]:
    """Return one result for each car. Raises Undecided without the key."""
    try:
        key = ports.files.read_text(gate.key)
    except FileNotFoundError:
        message = "there is no such file, and it should hold the public key that images are signed by"
        raise Undecided(
            message, where=Location(gate.key), hint="Commit the key that `cosign public-key` prints."
        ) from None
    answers: dict[str, SignatureAnswer] = {}
    return tuple(_car(question, car, (gate.key, key), ports, answers) for car in question.cars)


def _car(
    question: GateQuestion,
    car: Car,
    key: tuple[str, str],
    ports: GatePorts,
    answers: dict[str, SignatureAnswer],
) -> GateResult:
    found: dict[str, SignatureAnswer] = {}
    for move in car.images:
        image = f"{move.after.repository}@{move.after.digest}"
        if image not in answers:
            answers[image] = _image(move.after, image, key, ports)
        found[image] = answers[image]
    failing = {image: each for image, each in found.items() if each.verdict != "pass"}
    verdicts = {each.verdict for each in failing.values()}
    said = "; ".join(f"{_short(image)}: {each.message}" for image, each in (failing or found).items())
    return GateResult(
        "signed",
        question.environment,
        "refuse" if "refuse" in verdicts else "unknown" if failing or not found else "pass",
        said or "no image moves",
        service=car.service,
        evidence=tuple(dict.fromkeys(ref for each in found.values() for ref in each.evidence)),
        hint=_SIGN if "refuse" in verdicts else "",
    )


def _image(pin: ImagePin, image: str, key: tuple[str, str], ports: GatePorts) -> SignatureAnswer:
    path, text = key
    if not pin.digest:
        return SignatureAnswer("unknown", "it has no digest, and signatures are of digests")
    try:
        return ports.registry.signed(image, text)
    except ConfigurationError as wrong:
        return SignatureAnswer("unknown", f"{path}: {wrong.message}")
    except (Undecided, UsageError) as wrong:
        return SignatureAnswer("unknown", wrong.message)


def _short(image: str) -> str:
    """Return an image with as much of its digest as people tell apart."""
    name, _, digest = image.partition("@")
    return f"{name}@{digest[:19]}"
