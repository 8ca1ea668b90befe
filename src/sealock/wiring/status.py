"""Connects `status` and `history` to adapters; each part is imported when it is asked for."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from sealock import wiring
from sealock.errors import SealockError, Undecided
from sealock.wiring import deployed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sealock.adapters.git_revision import RevisionFiles
    from sealock.adapters.known_branch import KnownBranch
    from sealock.app.history import ShowHistory
    from sealock.app.status import ShowStatus
    from sealock.app.status_gates import AskGates
    from sealock.domain.promotion import Branch
    from sealock.domain.settings import Promotion, Settings
    from sealock.domain.status import OpenPromotion

# ruff: noqa: PLC0415 - a command loads what it uses, so that `--help` and warm runs stay fast

_FOLDER_KEY = re.compile(r"\bpath[\"']?[ \t]*:")


class PlaceOptions(NamedTuple):
    """Where to look; empty texts follow from sealock.yaml and the clone. With `fetch` the remote is asked."""

    remote: str = ""
    branch: str = ""
    fetch: bool = False


class StatusOptions(NamedTuple):
    """What `sealock status` was asked. With `opened` the forge is asked for pull requests."""

    services: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    opened: bool = False
    cached: bool = True


@contextmanager
def status(root: str, place: PlaceOptions, asked: StatusOptions) -> Iterator[ShowStatus]:
    """Give the use case that says what runs where; what it read is remembered if it goes well.

    Raises UsageError, ConfigurationError, Undecided.
    """
    from sealock.adapters.branch_changes import GitBranchChanges
    from sealock.adapters.commit_log import GitCommitLog
    from sealock.adapters.render_cache import cache_folder
    from sealock.adapters.system_clock import SystemClock
    from sealock.adapters.verdict_cache import VerdictStore
    from sealock.app.status import ShowStatus, StatusPorts, StatusQuestion

    store = VerdictStore(_memory(root), str(cache_folder()), cached=asked.cached)
    changes = GitBranchChanges(root)
    with _deployed(root, place) as at:
        ports = StatusPorts(
            at.files,
            GitCommitLog(root),
            changes,
            changes,
            at.gates(asked.evidence),
            at.folders,
            at.requested if asked.opened else at.waiting,
            store,
            SystemClock(),
        )
        question = StatusQuestion(
            at.branch,
            at.files.revision.commit,
            at.settings,
            at.configured,
            asked.services,
            asked.environments,
        )
        yield ShowStatus(ports, question)
    store.save()


class HistoryOptions(NamedTuple):
    """What `sealock history` was asked; an empty environment is all of them."""

    service: str
    environment: str = ""
    limit: int = 20


@contextmanager
def history(root: str, place: PlaceOptions, asked: HistoryOptions) -> Iterator[ShowHistory]:
    """Give the use case that says who moved what. Raises UsageError, ConfigurationError, Undecided."""
    from sealock.adapters.commit_log import GitCommitLog
    from sealock.adapters.git_history import GitHistory
    from sealock.app.history import HistoryPorts, HistoryQuestion, ShowHistory

    with _deployed(root, place) as at:
        tip = at.files.revision.commit
        ports = HistoryPorts(at.files, GitCommitLog(root), GitHistory(root, tip), at.folders)
        question = HistoryQuestion(asked.service, tip, at.settings, asked.environment, asked.limit)
        yield ShowHistory(ports, question)


def _memory(root: str) -> str:
    """Return what names the memory of a status: apart from a check's, which is far more to read."""
    return os.path.join(root, ".git", "status")  # noqa: PTH118 - a name, not a path


class _Deployed(NamedTuple):
    """The deployed branch's newest commit, with what it says."""

    root: str
    branch: Branch
    known: KnownBranch
    files: RevisionFiles
    settings: Settings
    configured: bool

    def folders(self) -> Mapping[str, str]:
        """Return the services' folders by service; none where services.yaml leaves them where they are."""
        try:
            text = self.files.read_text("services.yaml")
        except (FileNotFoundError, SealockError):
            return {}
        if not _FOLDER_KEY.search(text):
            # Each is at services/NAME, which the folders' names tell: no need to decode hundreds.
            return {}
        return deployed.service_folders(text, self.settings)

    def waiting(self) -> tuple[OpenPromotion, ...]:
        """Return the promotions on branches of their own, as this clone knows them."""
        from sealock.domain.status import open_promotion

        return tuple(map(open_promotion, self.known.waiting()))

    def requested(self) -> tuple[OpenPromotion, ...]:
        """Return the promotions that wait as pull requests, as the forge knows them.

        Raises UsageError for a forge that is not known, Undecided, Refused.
        """
        from sealock.domain.promotion_branch import PREFIX
        from sealock.domain.status import open_promotion
        from sealock.wiring import release

        settings = self.settings.promotion.forge
        with release.forge(self.root, self.branch.remote, settings) as forge:
            found = forge.opened(self.branch.branch, PREFIX)
        return tuple(open_promotion(each.head, each.url, each.number) for each in found)

    def gates(self, evidence: Sequence[str]) -> AskGates:
        """Return what asks the gates that need evidence and the time only."""
        from sealock.adapters.evidence_files import EvidenceFiles
        from sealock.adapters.system_clock import SystemClock
        from sealock.app import gates
        from sealock.app.gates import GatePorts

        nobody = _Nobody()
        store = EvidenceFiles(self.root, (*self.settings.promotion.evidence, *evidence))
        ports = GatePorts(store, nobody, nobody, nobody, self.files, SystemClock())
        return lambda asked, question: gates.ask(asked, question, ports)


class _Nobody:
    """Stands where a status asks nobody: no program runs, no registry and no remote is reached."""

    def of(self, *_: object, **__: object) -> NoReturn:
        self._refuse()

    def run(self, *_: object, **__: object) -> NoReturn:
        self._refuse()

    def resolve(self, *_: object, **__: object) -> NoReturn:
        self._refuse()

    def signed(self, *_: object, **__: object) -> NoReturn:
        self._refuse()

    def _refuse(self) -> NoReturn:
        message = "a status asks nobody about this"
        raise Undecided(message, hint="Plan a promotion: it asks every gate.")


@contextmanager
def _deployed(root: str, place: PlaceOptions) -> Iterator[_Deployed]:
    """Give the deployed branch, as the command line says, else sealock.yaml of what is checked out."""
    from sealock.adapters.git_revision import GitRevisions
    from sealock.adapters.known_branch import KnownBranch
    from sealock.adapters.render_cache import cache_folder

    here = _said_here(root)
    remote, name = place.remote or here.remote, place.branch or here.branch
    known = KnownBranch(root, remote=remote, branch=name)
    if place.fetch:
        from sealock.adapters.deployed_branch import GitDeployedBranch

        asked = GitDeployedBranch(root, remote=remote, branch=name)
        branch, tip = asked.branch(), asked.tip()
    else:
        branch, tip = known.branch(), known.tip()
    with GitRevisions(root, cache_folder()).files(tip) as files:
        has_settings = deployed.text_of(files) is not None
        yield _Deployed(root, branch, known, files, deployed.settings_of(files), has_settings)


def _said_here(root: str) -> Promotion:
    """Return what the file on the disk says of the branch; the branch's own is read strictly later."""
    from sealock.domain.settings import Promotion

    try:
        return deployed.settings_of(wiring.files(root)).promotion
    except SealockError:
        return Promotion()
