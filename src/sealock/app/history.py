"""The use case behind `sealock history`: who moved what of a service, from Git alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sealock.app.image_sites import ImageSites, override_files, pins_of
from sealock.domain.printable import printable
from sealock.domain.promotion_message import read
from sealock.domain.service_history import HistoryEntry, ImageChange, ServiceHistory
from sealock.domain.service_overlays import service_overlays
from sealock.domain.suggest import did_you_mean
from sealock.errors import SealockError, Undecided, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sealock.domain.image_history import FileVersion
    from sealock.domain.promotion import Authored, ImagePin
    from sealock.domain.promotion_message import PromotionRecord
    from sealock.domain.service_overlays import ServiceOverlay
    from sealock.domain.settings import Settings
    from sealock.ports import CommitLog, FileTree, History

_MOST_COMMITS = 20_000


class HistoryPorts(NamedTuple):
    """What a history asks: the files of the deployed branch's tip, its commits, and what files were.

    `folders` are the services' folders by service, as the catalog says.
    """

    files: FileTree
    log: CommitLog
    history: History
    folders: Callable[[], Mapping[str, str]]


class HistoryQuestion(NamedTuple):
    """The service, up to the commit `tip`; only one environment if it is named, at most `limit` entries."""

    service: str
    tip: str
    settings: Settings
    environment: str = ""
    limit: int = 20


class ShowHistory:
    """Puts promotions and changes by hand together."""

    def __init__(self, ports: HistoryPorts, question: HistoryQuestion) -> None:
        """Ask `ports`; nothing is asked before `run`."""
        self._ports = ports
        self._question = question
        self._promoted: dict[str, set[str]] = {}
        self._why = ""

    def run(self) -> ServiceHistory:
        """Return the history. Raises UsageError for an unknown service or environment, Undecided."""
        question = self._question
        overlays = self._overlays()
        recorded = self._recorded()
        by_hand = self._by_hand(self._places(overlays))
        order = list(question.settings.environments)
        found = sorted(
            (*recorded, *by_hand),
            key=lambda each: (-each.time, [at for at, name in enumerate(order) if name in each.environment]),
        )
        if not overlays and not found:
            raise self._unknown()
        return ServiceHistory(
            question.service,
            question.tip,
            tuple(found[: question.limit]),
            len(found) > question.limit,
            self._why,
        )

    def _overlays(self) -> list[ServiceOverlay]:
        question, environments = self._question, self._question.settings.environments
        if question.environment and question.environment not in environments:
            message = f"there is no environment {printable(question.environment)!r}"
            raise UsageError(message, hint=did_you_mean(question.environment, environments))
        self._all = service_overlays(self._ports.files.files(), environments, self._ports.folders())
        return [
            each
            for each in self._all
            if each.service == question.service and question.environment in {"", each.environment}
        ]

    def _unknown(self) -> UsageError:
        """Return the error for a service that is not there and never was."""
        services = {each.service for each in self._all}
        message = f"there is no service {printable(self._question.service)!r} in this repository"
        if self._question.service in services:
            message = f"{self._question.service} has no overlay for {self._question.environment}"
        return UsageError(message, hint=did_you_mean(self._question.service, sorted(services)))

    def _recorded(self) -> list[HistoryEntry]:
        """Return the promotions of the service, one entry for each environment of a commit."""
        found: list[HistoryEntry] = []
        try:
            for commit in self._ports.log.promotions(self._question.tip):
                record = read(commit.message) if self._question.service in commit.message else None
                if record is not None:
                    self._promoted[commit.commit] = {each.digest for each in record.moves}
                    found += self._entries(commit, record)
        except Undecided as wrong:
            # The log is cut off; what there is of it was seen.
            self._why = wrong.message
        return found

    def _entries(self, commit: Authored, record: PromotionRecord) -> Iterator[HistoryEntry]:
        question = self._question
        moves = [
            each
            for each in record.moves
            if each.service == question.service and question.environment in {"", each.environment}
        ]
        for environment in dict.fromkeys(each.environment for each in moves):
            here = [each for each in moves if each.environment == environment]
            yield HistoryEntry(
                commit.commit,
                commit.time,
                commit.author,
                record.action,
                environment,
                tuple(ImageChange(each.before, each.after) for each in here),
                record.subject,
                here[0].source,
                record.reason,
                record.gates,
                record.evidence,
                record.approvers,
                record.overridden,
                record.plan,
            )

    def _places(self, overlays: Sequence[ServiceOverlay]) -> dict[str, str]:
        """Return the environments, as text, of each file that sets images of the service."""
        found: dict[str, dict[str, None]] = {}
        overrides = override_files(self._ports.files.files()) if overlays else {}
        for overlay in overlays:
            files = {overlay.file: None}
            try:
                sites = ImageSites(self._ports.files.read_text, self._question.settings).of(
                    overlay, overrides=overrides.get(overlay.path, ())
                )
                files |= dict.fromkeys(each.file for each in sites)
            except (SealockError, FileNotFoundError) as wrong:
                why = wrong.message if isinstance(wrong, SealockError) else "it is not there"
                self._why = self._why or f"{overlay.file} cannot be read: {why}"
            for file in files:
                found.setdefault(file, {})[overlay.environment] = None
        return {file: ", ".join(environments) for file, environments in found.items()}

    def _by_hand(self, places: Mapping[str, str]) -> list[HistoryEntry]:
        """Return the commits that changed images to what no promotion of theirs says."""
        if not places:
            return []
        history = self._ports.history.of(sorted(places), _MOST_COMMITS)
        self._why = self._why or history.why
        changes: dict[tuple[str, str], tuple[FileVersion, dict[ImageChange, None]]] = {}
        for file, versions in history.versions.items():
            for version, before in zip(versions, (*versions[1:], None), strict=True):
                promoted = self._promoted.get(version.commit, ())
                changed = [each for each in _changed(file, before, version) if _digest(each) not in promoted]
                if changed:
                    _, images = changes.setdefault((version.commit, places[file]), (version, {}))
                    images |= dict.fromkeys(changed)
        return [
            HistoryEntry(
                version.commit,
                version.authored,
                version.author,
                "by hand",
                environment,
                tuple(images),
                version.subject,
            )
            for (_, environment), (version, images) in changes.items()
        ]


def _changed(file: str, before: FileVersion | None, after: FileVersion) -> list[ImageChange]:
    """Return what a version of a file changed of its images."""
    old, new = _pins(file, before), _pins(file, after)
    names = dict.fromkeys((*old, *new))
    return [
        ImageChange(_said(old.get(name)), _said(new.get(name)))
        for name in names
        if _weight(old.get(name)) != _weight(new.get(name))
    ]


def _digest(change: ImageChange) -> str:
    return change.after.partition("@")[2]


def _pins(file: str, version: FileVersion | None) -> dict[str, ImagePin]:
    return {each.name: each for each in pins_of(version.text, file)} if version else {}


def _said(pin: ImagePin | None) -> str:
    return str(pin) if pin else ""


def _weight(pin: ImagePin | None) -> tuple[str, str, str]:
    """Return what decides which image runs: a tag says nothing beside a digest."""
    return (pin.repository, pin.digest or "", "" if pin.digest else pin.tag) if pin else ("", "", "")
