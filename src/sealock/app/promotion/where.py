"""Where services run, and what Git says they run there."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from sealock.app.image_sites import ImageSites, override_files
from sealock.app.promotion.request import CatalogFacts
from sealock.domain.image import ImageRef, InvalidImage
from sealock.domain.printable import printable
from sealock.domain.promotion import ImagePin
from sealock.domain.service_overlays import service_overlays
from sealock.domain.suggest import did_you_mean
from sealock.errors import ConfigurationError, Refused, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sealock.app.image_sites import ImageSite
    from sealock.app.promotion.request import Session
    from sealock.domain.service_overlays import ServiceOverlay


class Running(NamedTuple):
    """What the overlays of a service in one environment say of one image; `pins` by overlay."""

    name: str
    pins: dict[str, ImagePin]

    def digests(self) -> tuple[str, ...]:
        """Return the distinct digests, empty ones included."""
        return tuple(dict.fromkeys(each.digest for each in self.pins.values()))


class Where:
    """Finds the overlays of services at one base revision, and reads their images."""

    def __init__(self, session: Session, *, urgent: bool = False) -> None:
        """Look at the base of `session`; nothing is read before a question.

        Where it is `urgent`, as a rollback is, a broken catalog counts as none: folders tell enough.
        """
        self._session = session
        self._urgent = urgent
        self._sites: dict[tuple[str, bool], tuple[ImageSite, ...]] = {}

    @cached_property
    def facts(self) -> CatalogFacts:
        """What the catalog says; nothing where there is none. Raises ConfigurationError."""
        try:
            return self._session.catalog()
        except ConfigurationError:
            if self._urgent:
                return CatalogFacts()
            raise

    @cached_property
    def _finder(self) -> ImageSites:
        session = self._session
        return ImageSites(session.files.read_text, session.settings, lambda path: bool(session.blob(path)))

    @cached_property
    def _overrides(self) -> dict[str, tuple[str, ...]]:
        return override_files(self._session.files.files())

    @cached_property
    def _overlays(self) -> dict[tuple[str, str], tuple[ServiceOverlay, ...]]:
        found: dict[tuple[str, str], tuple[ServiceOverlay, ...]] = {}
        session = self._session
        for each in service_overlays(
            session.files.files(), session.settings.environments, self.facts.folders
        ):
            key = each.service, each.environment
            found[key] = (*found.get(key, ()), each)
        return found

    def services(self) -> tuple[str, ...]:
        """Return every service, sorted."""
        return tuple(sorted({service for service, _ in self._overlays}))

    def overlays(self, service: str, environment: str) -> tuple[ServiceOverlay, ...]:
        """Return a service's overlays in an environment; none where it does not run there."""
        return self._overlays.get((service, environment), ())

    def required(self, service: str, environment: str) -> tuple[ServiceOverlay, ...]:
        """Return a service's overlays in an environment. Raises UsageError where there are none."""
        found = self.overlays(service, environment)
        if found:
            _refuse_unwritable(service, found)
            return found
        services = self.services()
        if service not in services:
            message = f"there is no service {printable(service)!r} in this repository"
            hint = did_you_mean(service, services) or "No folder looks like SERVICE/overlays/ENVIRONMENT."
            raise UsageError(message, hint=hint)
        message = f"{service} has no overlay for {environment}"
        folders = [
            each.path for (name, _), found in self._overlays.items() if name == service for each in found
        ]
        hint = f"It has {', '.join(sorted(folders)[:4])}. Add one for {environment} first."
        raise UsageError(message, hint=hint)

    def sites(self, overlay: ServiceOverlay, *, deep: bool = False) -> tuple[ImageSite, ...]:
        """Return the places that set images for an overlay, the one that counts first."""
        key = overlay.path, deep
        if key not in self._sites:
            overrides = self._overrides.get(overlay.path, ())
            self._sites[key] = self._finder.of(overlay, deep=deep, overrides=overrides)
        return self._sites[key]

    def site(self, overlay: ServiceOverlay, name: str) -> ImageSite | None:
        """Return the place that decides an image of an overlay; None where only its base says it."""
        for deep in (False, True):
            for each in self.sites(overlay, deep=deep):
                if name in {each.pin.name, each.pin.repository}:
                    return each
        return None

    def image_names(self, service: str, overlays: Sequence[ServiceOverlay], only: Iterable[str]) -> list[str]:
        """Return the names of the images that are a service's own. Raises UsageError for none."""
        found = list(dict.fromkeys(each.pin.name for overlay in overlays for each in self.sites(overlay)))
        wanted = list(only)
        if wanted:
            unknown = [each for each in wanted if each not in found and not _is_name(each)]
            if unknown:
                message = f"{printable(unknown[0])!r} is no image name"
                raise UsageError(message, hint="Give the name without tag and digest.")
            return wanted
        declared = self.facts.images.get(service)
        if declared:
            return [declared]
        if not found:
            found = list(
                dict.fromkeys(each.pin.name for one in overlays for each in self.sites(one, deep=True))
            )
        if not found:
            message = f"nothing in {overlays[0].file} sets an image"
            raise UsageError(message, hint="Name the image with --image, or list it under `images:`.")
        return found

    def files_of(self, overlays: Iterable[ServiceOverlay], names: Iterable[str]) -> tuple[str, ...]:
        """Return the files that say which images overlays run: their kustomizations, and where sites are."""
        wanted = tuple(names)
        found: list[str] = []
        for overlay in overlays:
            sites = (self.site(overlay, name) for name in wanted)
            found += [overlay.file, *(each.file for each in sites if each)]
        return tuple(dict.fromkeys(found))

    def running(self, overlays: Sequence[ServiceOverlay], name: str) -> Running:
        """Return what overlays say of an image; one that says nothing has an empty pin."""
        pins = {}
        for overlay in overlays:
            site = self.site(overlay, name)
            pins[overlay.path] = site.pin if site else ImagePin(name)
        return Running(name, pins)


def _is_name(text: str) -> bool:
    try:
        return ImageRef.parse(text).name == text
    except InvalidImage:
        return False


def _refuse_unwritable(service: str, overlays: Iterable[ServiceOverlay]) -> None:
    """Raise Refused for names that a commit message could not hold as they are."""
    for name in (service, *(each.file for each in overlays)):
        if not name.isprintable() or (name == service and any(map(str.isspace, name))):
            message = f"{printable(name, 200)!r} cannot be promoted: its name would not fit a commit message"
            raise Refused(message, hint="Rename the folder: no blanks, nothing that cannot be printed.")


def one_pin(running: Running, environment: str) -> ImagePin:
    """Return what an environment runs of an image. Raises Refused where its overlays disagree."""
    pins = list(running.pins.items())
    digests = {each.digest or each.tag for _, each in pins}
    if len(digests) > 1:
        shown = "; ".join(f"{overlay} has {pin}" for overlay, pin in pins[:4])
        message = f"the overlays of {environment} do not agree about {running.name}: {shown}"
        raise Refused(message, hint="Say which with --digest sha256:….")
    return pins[0][1]
