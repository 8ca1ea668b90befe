"""What a service ran in an environment before: where a rollback goes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from sealock.app.image_sites import pins_of
from sealock.app.promotion.drafts import Draft
from sealock.domain.printable import printable
from sealock.domain.promotion import SeenTag
from sealock.errors import Refused, Undecided, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealock.app.promotion.request import Request, Session
    from sealock.app.promotion.where import Where
    from sealock.domain.promotion import ImagePin
    from sealock.domain.service_overlays import ServiceOverlay
    from sealock.ports import History

_MOST_COMMITS = 20_000
_BACK = re.compile(r"-[1-9][0-9]{0,3}")
_SHORTEST = 12
_LISTED = 6
_LONG = 90


def earlier_draft(request: Request, service: str, target: str, where: Where, session: Session) -> Draft:
    """Return what takes a service back. Raises UsageError, Refused where it never ran that, Undecided.

    Where only a tag was set then, it is what the registry has under this tag now, and the plan says so.
    """
    overlays = where.required(service, target)
    images, tags = {}, []
    for name in where.image_names(service, overlays, request.images):
        pin = _chosen(request.to, _before(overlays, name, where, session.history), name)
        if not pin.digest:
            image = f"{pin.repository}:{pin.tag}"
            pin = msgspec.structs.replace(pin, digest=session.registry.resolve(image).digest)
            tags.append(SeenTag(image, pin.digest))
        images[name] = pin
    return Draft(service, "", target, (), overlays, images, tuple(tags))


class _Ran:
    """What an image was, newest first, the present apart; `unset` where its base alone said it at times."""

    def __init__(self, pins: Sequence[ImagePin], why: str, *, unset: bool) -> None:
        distinct: dict[str, ImagePin] = {}
        for each in pins:
            distinct.setdefault(each.digest or each.tag, each)
        ran = list(distinct.values())
        self.now: ImagePin | None = ran[0] if ran else None
        self.before = ran[1:]
        self.why = why
        self.unset = unset


def _before(overlays: Sequence[ServiceOverlay], name: str, where: Where, history: History) -> _Ran:
    site = where.site(overlays[0], name)
    file = site.file if site else overlays[0].file
    found = history.of([file], _MOST_COMMITS)
    pins: list[ImagePin] = []
    unset = False
    for version in found.versions.get(file, ()):
        said = [
            each for each in pins_of(version.text, file) if each.name == name and (each.digest or each.tag)
        ]
        pins += said[-1:]
        unset = unset or (bool(version.text) and not said)
    return _Ran(pins, found.why, unset=unset)


def _chosen(to: str, ran: _Ran, name: str) -> ImagePin:
    if _BACK.fullmatch(to):
        back = int(to[1:])
        if back <= len(ran.before):
            return ran.before[back - 1]
        count = len(ran.before)
        message = f"{name} had {count or 'no'} other image{'' if count == 1 else 's'} here before"
    else:
        same = [each for each in ran.before if _is(each, to)]
        if len(same) == 1:
            return same[0]
        if len(same) > 1:
            message = f"{printable(to, _LONG)} fits {len(same)} images that ran here as {name}"
            which = ", ".join(each.digest or each.tag for each in same)
            raise UsageError(message, hint=f"Give the digest: {which}")
        message = f"{name} never ran {printable(to, _LONG)} here"
        if ran.now is not None and _is(ran.now, to):
            message = f"{name} runs {printable(to, _LONG)} already"
    if ran.why:
        msg = f"it seems that {message}, but {ran.why}"
        raise Undecided(msg, hint="Run git fetch --unshallow.")
    if ran.unset:
        msg = f"{message} by its overlay, but its base set the image then"
        raise Undecided(msg, hint="Find it in the history of the base, and use `sealock hotfix --digest`.")
    known = ", ".join(str(each.tag or each.digest) for each in ran.before[:_LISTED])
    raise Refused(message, hint=f"It ran: {known}." if known else "There is nothing to go back to.")


def _is(pin: ImagePin, to: str) -> bool:
    digest = to if to.startswith("sha") else f"sha256:{to}"
    is_digest = len(digest.partition(":")[2]) >= _SHORTEST and pin.digest.startswith(digest)
    return is_digest or (bool(pin.tag) and to in {pin.tag, f"v{pin.tag}", pin.tag.removeprefix("v")})
