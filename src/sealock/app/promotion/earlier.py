"""What a service ran in an environment before: where a rollback goes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealock.app.image_sites import pins_of
from sealock.app.promotion.drafts import Draft
from sealock.domain.printable import printable
from sealock.errors import Refused, Undecided, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealock.app.promotion.request import Request
    from sealock.app.promotion.where import Where
    from sealock.domain.promotion import ImagePin
    from sealock.domain.service_overlays import ServiceOverlay
    from sealock.ports import History

_MOST_COMMITS = 20_000
_BACK = re.compile(r"-[1-9][0-9]{0,3}")
_SHORTEST = 12
_LISTED = 6


def earlier_draft(request: Request, service: str, target: str, where: Where, history: History) -> Draft:
    """Return what takes a service back. Raises UsageError, Refused where it never ran that, Undecided."""
    overlays = where.required(service, target)
    names = where.image_names(service, overlays, request.images)
    images = {name: _chosen(request.to, _before(overlays, name, where, history), name) for name in names}
    return Draft(service, "", target, (), overlays, images)


class _Ran:
    """The distinct digests of an image, newest first, the present one apart."""

    def __init__(self, pins: Iterator[ImagePin], why: str) -> None:
        distinct = {each.digest: each for each in pins if each.digest}
        ran = list(distinct.values())
        self.now: ImagePin | None = ran[0] if ran else None
        self.before = ran[1:]
        self.why = why


def _before(overlays: Sequence[ServiceOverlay], name: str, where: Where, history: History) -> _Ran:
    site = where.site(overlays[0], name)
    file = site.file if site else overlays[0].file
    found = history.of([file], _MOST_COMMITS)
    pins = (
        pin
        for version in found.versions.get(file, ())
        for pin in pins_of(version.text, file)
        if pin.name == name
    )
    return _Ran(pins, found.why)


def _chosen(to: str, ran: _Ran, name: str) -> ImagePin:
    if _BACK.fullmatch(to):
        back = int(to[1:])
        if back <= len(ran.before):
            return ran.before[back - 1]
        message = f"{name} has run only {len(ran.before)} other digests here"
    else:
        same = [each for each in ran.before if _is(each, to)]
        if len(same) == 1:
            return same[0]
        if len(same) > 1:
            message = f"{printable(to)} fits {len(same)} digests of {name}"
            raise UsageError(message, hint=f"Give the digest: {', '.join(each.digest for each in same)}")
        message = f"{name} never ran {printable(to)} here"
        if ran.now is not None and _is(ran.now, to):
            message = f"{name} runs {printable(to)} already"
    if ran.why:
        msg = f"it seems that {message}, but {ran.why}"
        raise Undecided(msg, hint="Run git fetch --unshallow.")
    known = ", ".join(str(each.tag or each.digest) for each in ran.before[:_LISTED])
    raise Refused(message, hint=f"It ran: {known}." if known else "There is nothing to go back to.")


def _is(pin: ImagePin, to: str) -> bool:
    digest = to if to.startswith("sha") else f"sha256:{to}"
    is_digest = len(digest.partition(":")[2]) >= _SHORTEST and pin.digest.startswith(digest)
    return is_digest or (bool(pin.tag) and to in {pin.tag, f"v{pin.tag}", pin.tag.removeprefix("v")})
