"""Which images are to move where, before anything is edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sealock.app.promotion.where import one_pin
from sealock.domain.image import Digest, InvalidImage, refused_part
from sealock.domain.printable import printable
from sealock.domain.promotion import ImagePin, LeftOut, SeenTag
from sealock.errors import Refused, SealockError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealock.app.promotion.request import Request
    from sealock.app.promotion.where import Where
    from sealock.domain.service_overlays import ServiceOverlay
    from sealock.ports import Registry


class Draft(NamedTuple):
    """One service: the overlays it leaves and enters, and each image as it is to be, by name.

    `runs` are the digests of everything that the source runs, where that is more.
    """

    service: str
    source: str
    target: str
    source_overlays: tuple[ServiceOverlay, ...]
    overlays: tuple[ServiceOverlay, ...]
    images: dict[str, ImagePin]
    tags: tuple[SeenTag, ...] = ()
    runs: tuple[str, ...] = ()


class Drafts:
    """Works out drafts from what Git and, for tags, the registry say."""

    def __init__(self, where: Where, registry: Registry) -> None:
        """Read overlays with `where`, and ask `registry` only for tags."""
        self._where = where
        self._registry = registry

    def make(self, request: Request, source: str, target: str) -> tuple[list[Draft], list[LeftOut]]:
        """Return a draft for each service, sorted as asked, and the services that have none, and why.

        Raises UsageError, Refused, Undecided; with `everything` the service at fault is left out instead.
        """
        services = [each for each in self._services(request, source, target) if each not in request.exclude]
        drafts, left_out = [], []
        for service in dict.fromkeys(services):
            try:
                drafts.append(self.one(request, service, source, target))
            except SealockError as wrong:
                if not request.everything:
                    raise
                left_out.append(LeftOut(printable(service), wrong.message))
        left_out += [LeftOut(each, "excluded") for each in sorted(request.exclude)]
        return drafts, left_out

    def _services(self, request: Request, source: str, target: str) -> Sequence[str]:
        unknown = sorted(each for each in request.exclude if each not in self._where.services())
        for each in unknown:
            self._where.required(each, target)
        if not request.everything:
            return request.services
        return [
            each
            for each in self._where.services()
            if self._where.overlays(each, target) and (not source or self._where.overlays(each, source))
        ]

    def one(self, request: Request, service: str, source: str, target: str) -> Draft:
        """Return the draft of one service. Raises UsageError, Refused, Undecided."""
        overlays = self._where.required(service, target)
        sources = self._where.required(service, source) if source else ()
        names = self._where.image_names(service, sources or overlays, request.images)
        if len(names) > 1 and (request.digest or request.tag):
            message = f"{service} has {len(names)} images: {', '.join(names)}"
            raise UsageError(message, hint="Say which one moves: --image NAME.")
        images, tags = {}, []
        for name in names:
            pin = (
                one_pin(self._where.running(sources, name), source)
                if sources and not _given(request)
                else None
            )
            pin, seen = self._wanted(
                request, name, pin or self._known(sources or overlays, name, request), service, source
            )
            images[name] = pin
            tags += seen
        runs = self._runs(service, sources, images)
        return Draft(service, source, target, sources, overlays, images, tuple(tags), runs)

    def _runs(
        self, service: str, sources: Sequence[ServiceOverlay], images: dict[str, ImagePin]
    ) -> tuple[str, ...]:
        """Return the digests of all images of the source, those that move as they will be."""
        if not sources:
            return ()
        digests = [each.digest for each in images.values()]
        for name in self._where.image_names(service, sources, ()):
            if name not in images:
                digests += [each.digest for each in self._where.running(sources, name).pins.values()]
        return tuple(dict.fromkeys(filter(None, digests)))

    def _known(self, sources: Sequence[ServiceOverlay], name: str, request: Request) -> ImagePin:
        """Return what some overlay of the source says of the given digest, so that its tag comes along."""
        pins = list(self._where.running(sources, name).pins.values())
        same = [each for each in pins if each.digest and each.digest == request.digest]
        if same:
            return same[0]
        return ImagePin(name, pins[0].new_name if pins else "")

    def _wanted(
        self, request: Request, name: str, pin: ImagePin, service: str, source: str
    ) -> tuple[ImagePin, list[SeenTag]]:
        if request.tag and refused_part(f"{pin.repository}:{request.tag}") == "tag":
            message = f"{printable(request.tag)!r} is no tag"
            raise UsageError(
                message, hint="It has letters, digits, dots, dashes and underscores, at most 128."
            )
        if request.digest:
            return ImagePin(name, pin.new_name, request.tag or pin.tag, _digest(request.digest)), []
        if pin.digest and not request.tag:
            return ImagePin(name, pin.new_name, pin.tag, pin.digest), []
        tag = request.tag or pin.tag
        if not tag:
            message = f"{source or 'nothing'} says neither tag nor digest of {name} for {service}"
            raise Refused(message, hint="Say which one to promote: --digest sha256:… or --tag TAG.")
        image = f"{pin.repository}:{tag}"
        digest = self._registry.resolve(image).digest
        return ImagePin(name, pin.new_name, tag, digest), [SeenTag(image, digest)]


def _given(request: Request) -> bool:
    return bool(request.digest or request.tag)


def _digest(text: str) -> str:
    try:
        return Digest.parse(text).value
    except InvalidImage:
        message = f"{printable(text, 100)!r} is no digest"
        hint = "It is sha256: and 64 lower-case hex digits; `crane digest IMAGE` prints one."
        raise UsageError(message, hint=hint) from None
