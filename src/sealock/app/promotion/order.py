"""The order of environments: where a promotion may come from, and whether its images went through there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.app.image_sites import pins_of
from sealock.domain.printable import printable
from sealock.domain.promotion import GateResult
from sealock.domain.suggest import did_you_mean
from sealock.errors import Refused, Undecided, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sealock.app.promotion.request import Request
    from sealock.app.promotion.where import Where
    from sealock.domain.promotion import Car, GateVerdict, ImageMove
    from sealock.domain.settings import Environment
    from sealock.ports import History

_MOST_COMMITS = 20_000
_SHORT = 12


def target(request: Request, environments: Mapping[str, Environment]) -> str:
    """Return where images go: as asked, else a hotfix's only production. Raises UsageError."""
    if request.target:
        return known(request.target, environments)
    production = [name for name, each in environments.items() if each.production]
    if request.action == "hotfix" and len(production) == 1:
        return production[0]
    option = "--to" if request.action == "promote" else "--env"
    message = f"{option} is missing"
    raise UsageError(message, hint=f"Name an environment: {', '.join(environments)}.")


def route(request: Request, environments: Mapping[str, Environment]) -> tuple[str, str]:
    """Return (source, target) of a promotion. Raises UsageError, Refused for a way that skips one."""
    target = request.target
    after = environments[target].after
    if request.source:
        source = known(request.source, environments)
        if source in after:
            return source, target
        way = f"{target} comes after {' and '.join(after)}" if after else f"nothing comes before {target}"
        message = f"{source} → {target} is not a step of the order: {way}"
        raise Refused(message, hint="Promote step by step; `sealock hotfix` goes directly, and records it.")
    if len(after) == 1:
        return after[0], target
    if not after:
        message = f"{target} is the first environment: nothing comes before it"
        raise UsageError(message, hint="Name another one with --to.")
    message = f"{target} comes after {', '.join(after)}"
    raise UsageError(message, hint="Say which to take the images from: --from ENVIRONMENT.")


def known(name: str, environments: Mapping[str, Environment]) -> str:
    """Return a declared environment's name. Raises UsageError for any other."""
    if name in environments:
        return name
    message = f"there is no environment {printable(name)!r}"
    raise UsageError(message, hint=did_you_mean(name, environments))


def ordered(car: Car, after: tuple[str, ...], where: Where, history: History) -> Iterator[GateResult]:
    """Yield whether each environment that comes before has, or had, the images of `car`."""
    for environment in after:
        overlays = where.overlays(car.service, environment)
        if not overlays:
            yield _result(car, "pass", f"{car.service} has no overlay for {environment}")
            continue
        for move in {(each.name, each.after.digest): each for each in car.images}.values():
            yield _judged(car, move, environment, where, history)


def _result(car: Car, verdict: GateVerdict, message: str, hint: str = "") -> GateResult:
    return GateResult("order", car.target, verdict, message, service=car.service, hint=hint)


def _judged(car: Car, move: ImageMove, environment: str, where: Where, history: History) -> GateResult:
    digest, short = move.after.digest, _short(move.after.digest)
    overlays = where.overlays(car.service, environment)
    running = where.running(overlays, move.name)
    if set(running.digests()) == {digest}:
        return _result(car, "pass", f"{environment} runs {short}")
    if all(where.site(each, move.name) is None for each in overlays):
        message = (
            f"nothing in {environment} says the image {printable(move.name)}: what ran there is not known"
        )
        return _result(car, "unknown", message, f"List it under `images:` of {overlays[0].path}.")
    if running.digests() == ("",):
        what = ", ".join(sorted({each.tag or "no tag" for each in running.pins.values()}))
        message = f"{environment} pins no digest ({printable(what)}): {short} is taken on your word"
        return _result(car, "pass", message)
    try:
        had = _had(digest, where.files_of(overlays, [move.name]), history)
    except Undecided as wrong:
        return _result(
            car, "unknown", f"whether {environment} ever ran {short} is not known: {wrong.message}"
        )
    if had:
        return _result(car, "pass", f"{environment} ran {short}, and has another digest now")
    return _result(car, "refuse", f"{environment} never ran {short}", f"Promote it to {environment} first.")


def _had(digest: str, files: tuple[str, ...], history: History) -> bool:
    found = history.of(files, _MOST_COMMITS)
    for file, versions in found.versions.items():
        if any(digest in each.text and _says(each.text, file, digest) for each in versions):
            return True
    if not found.complete:
        raise Undecided(found.why)
    return False


def _says(text: str, file: str, digest: str) -> bool:
    return any(pin.digest == digest for pin in pins_of(text, file))


def _short(digest: str) -> str:
    algorithm, _, value = digest.partition(":")
    return f"{algorithm}:{value[:_SHORT]}"
