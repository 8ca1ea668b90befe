"""Tag what a service runs in production: the commit that brought it, and the version that follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from sealock.app.image_sites import ImageSites, override_files
from sealock.domain.printable import printable
from sealock.domain.release_version import FIRST, TagPattern, next_version, parse
from sealock.domain.service_overlays import service_overlays
from sealock.domain.suggest import did_you_mean
from sealock.errors import Conflict, Refused, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from semver import Version

    from sealock.domain.promotion import Authored, Branch
    from sealock.domain.service_overlays import ServiceOverlay
    from sealock.domain.settings import Settings
    from sealock.ports import CommitLog, FileTree, KnownTag, TagBook

_LISTED = 4


class ReleaseQuestion(NamedTuple):
    """What is to be tagged; an empty environment is the production one, an empty version the next one."""

    service: str
    environment: str = ""
    version: str = ""
    push: bool = False


class ReleasePorts(NamedTuple):
    """The deployed branch at `tip` with its settings, and what knows its history and tags."""

    branch: Branch
    tip: str
    settings: Settings
    files: FileTree
    is_plain: Callable[[str], bool]
    folders: Callable[[], Mapping[str, str]]
    log: CommitLog
    tags: TagBook


class Release(NamedTuple):
    """A tag to be, or one that is there: `state` says what is left to do. `because` is why this version.

    `images` are what the service runs, as `repository@digest`.
    """

    service: str
    environment: str
    name: str
    version: str
    commit: str
    subject: str
    images: tuple[str, ...]
    state: Literal["new", "not pushed", "there"]
    because: str = ""


class TagRelease:
    """Tags one service."""

    def __init__(self, ports: ReleasePorts, question: ReleaseQuestion) -> None:
        """Ask `ports`; nothing is asked before `plan`."""
        self._ports = ports
        self._question = question

    def plan(self) -> Release:
        """Return what would be tagged. Raises UsageError, Refused, Conflict for a taken name, Undecided."""
        ports, question = self._ports, self._question
        if question.push and not ports.branch.remote:
            message = f"{ports.branch} is of this repository alone, so there is nowhere to push to"
            raise UsageError(message, hint="Leave --push out, or add a remote.")
        environment = self._environment()
        overlays = self._overlays(environment)
        pins, files = self._runs(overlays, environment)
        brought = self._brought(pins, files, environment)
        pattern = TagPattern(ports.settings.promotion.release_tag, question.service)
        tags = ports.tags.known()
        version, because = self._version(pattern, tags, brought.commit, overlays)
        name = pattern.name(version)
        return Release(
            question.service,
            environment,
            name,
            str(version),
            brought.commit,
            printable(brought.message.partition("\n")[0], 200),
            tuple(f"{repository}@{digest}" for repository, digest in pins.items()),
            self._state(name, tags.get(name), brought.commit),
            because,
        )

    def apply(self, release: Release) -> Release:
        """Make the tag, and push it if that is wanted; return what is so now.

        Raises Conflict, Refused, Undecided.
        """
        tags, made = self._ports.tags, release.state == "new"
        if made:
            sign = self._ports.settings.promotion.release_sign
            tags.create(release.name, release.commit, _message(release), sign=sign)
        if self._question.push and release.state != "there":
            try:
                tags.push(release.name)
            except Conflict:
                if made:
                    tags.forget(release.name)
                raise
            return release._replace(state="there")
        alone = self._ports.branch.remote and made
        return release._replace(state="not pushed" if alone else "there" if made else release.state)

    def _environment(self) -> str:
        environments = self._ports.settings.environments
        wanted = self._question.environment
        if wanted:
            if wanted not in environments:
                message = f"there is no environment {printable(wanted)!r}"
                raise UsageError(message, hint=did_you_mean(wanted, environments))
            return wanted
        production = [name for name, each in environments.items() if each.production]
        if len(production) != 1:
            message = (
                f"there are {len(production)} production environments"
                if production
                else ("no environment is the production one")
            )
            raise UsageError(message, hint=f"Name one with --env: {', '.join(environments)}.")
        return production[0]

    def _overlays(self, environment: str) -> list[ServiceOverlay]:
        ports, service = self._ports, self._question.service
        found = service_overlays(ports.files.files(), ports.settings.environments, ports.folders())
        own = [each for each in found if each.service == service]
        if not own:
            names = sorted({each.service for each in found})
            message = f"there is no service {printable(service)!r} in this repository"
            hint = did_you_mean(service, names) or "No folder looks like SERVICE/overlays/ENVIRONMENT."
            raise UsageError(message, hint=hint)
        if not any(each.environment == environment for each in own):
            message = f"{service} has no overlay for {environment}"
            raise UsageError(message, hint="Name another environment with --env.")
        return own

    def _runs(
        self, overlays: Sequence[ServiceOverlay], environment: str
    ) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return the digest of each image in the environment, and the files that say so.

        Raises Refused where its overlays disagree, or say no digest.
        """
        ports = self._ports
        finder = ImageSites(ports.files.read_text, ports.settings, ports.is_plain)
        overrides = override_files(ports.files.files())
        found: dict[str, set[str]] = {}
        files: dict[str, None] = {}
        for overlay in overlays:
            if overlay.environment != environment:
                continue
            sites = finder.of(overlay, overrides=overrides.get(overlay.path, ()))
            first = {each.pin.name: each for each in reversed(sites)}
            for site in first.values():
                if site.kind != "base":
                    found.setdefault(site.pin.repository, set()).add(site.pin.digest)
                    files[site.file] = None
        loose = [image for image, digests in found.items() if digests == {""}]
        if loose or not found:
            what = printable(loose[0], 100) if loose else self._question.service
            message = f"{environment} says no digest of {what}, so nothing tells when it came"
            raise Refused(message, hint="Promote it first: a promotion writes its digest.")
        for image, digests in found.items():
            if len(digests) > 1:
                shown = ", ".join(sorted(each[:19] or "no digest" for each in digests)[:_LISTED])
                message = f"the overlays of {environment} do not agree about {printable(image, 100)}: {shown}"
                raise Refused(message, hint="Tag it when all of them run the same.")
        return {image: digests.pop() for image, digests in sorted(found.items())}, tuple(files)

    def _brought(self, pins: Mapping[str, str], files: Sequence[str], environment: str) -> Authored:
        """Return the commit with which all was there: the newest of those that brought a digest."""
        ports = self._ports
        found: Authored | None = None
        for digest in dict.fromkeys(pins.values()):
            one = ports.log.brought(ports.tip, files, digest)
            if one and (found is None or ports.tags.is_ancestor(found.commit, one.commit)):
                found = one
        if found is None:
            message = f"no commit of {ports.branch} brought what {environment} runs"
            raise Refused(message, hint="Is the history complete? Try git fetch --unshallow.")
        return found

    def _version(
        self,
        pattern: TagPattern,
        tags: Mapping[str, KnownTag],
        commit: str,
        overlays: Sequence[ServiceOverlay],
    ) -> tuple[Version, str]:
        if self._question.version:
            return parse(self._question.version), "as given"
        versions = {name: version for name in tags if (version := pattern.version(name))}
        here = [version for name, version in versions.items() if tags[name].commit == commit]
        if here:
            return max(here), "it is tagged already"
        earlier = [
            name
            for name in sorted(versions, key=lambda name: versions[name], reverse=True)
            if self._ports.tags.is_ancestor(tags[name].commit, commit)
        ]
        if not earlier:
            return FIRST, "the first release"
        last = earlier[0]
        folders = _folders(overlays, self._ports.folders())
        messages = self._ports.tags.messages(tags[last].commit, commit, folders)
        found = next_version(versions[last], messages)
        return found.version, f"{found.step} since {last}: {found.because}"

    def _state(self, name: str, known: KnownTag | None, commit: str) -> Literal["new", "not pushed", "there"]:
        if known is None:
            return "new"
        if known.commit != commit:
            message = f"the tag {printable(name, 200)} is on {known.commit[:12]}, not on {commit[:12]}"
            raise Conflict(message, hint="Name another version with --version.")
        return "there" if known.there or not self._ports.branch.remote else "not pushed"


def _folders(overlays: Sequence[ServiceOverlay], folders: Mapping[str, str]) -> tuple[str, ...]:
    """Return the folders of a service: as the catalog says, or the one with its name, or its overlays."""
    said = folders.get(overlays[0].service)
    if said:
        return (said,)
    found: dict[str, None] = {}
    for each in overlays:
        parts = each.path.split("/")
        end = parts.index(each.service) + 1 if each.service in parts else len(parts)
        found["/".join(parts[:end])] = None
    return tuple(found)


def _message(release: Release) -> str:
    images = "".join(f"Image: {printable(each, 400)}\n" for each in release.images)
    head = f"{printable(release.service)} {release.version}"
    return f"{head}\n\n{release.environment} since {release.commit[:12]}: {release.subject}\n\n{images}"
