"""Connects forges and `release tag` to adapters; each part is imported when it is asked for."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from sealock.errors import SealockError, Undecided, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sealock.adapters.deployed_branch import GitDeployedBranch
    from sealock.app.release_tag import ReleaseQuestion, TagRelease
    from sealock.domain.settings import ForgeSettings, Promotion, Settings
    from sealock.ports import ApprovalQuestion, Approvals, FileTree, Forge, Heard

# ruff: noqa: PLC0415 - a command loads what it uses, so that `--help` and warm runs stay fast


@contextmanager
def forge(root: str, remote: str, settings: ForgeSettings | None) -> Iterator[Forge]:
    """Give the forge that a remote of the repository is on. Raises UsageError, Undecided."""
    from sealock.adapters.forges import open_forge
    from sealock.adapters.git_remote import read_repository

    url = read_repository(root).urls(remote)[1] if remote else ""
    with open_forge(settings, url, root) as found:
        yield found


def reviews(stack: ExitStack, root: str, branch: GitDeployedBranch, promotion: Promotion) -> Approvals:
    """Return who approved in the forge; it is opened with the first question, and `stack` closes it."""
    return _Reviews(stack, root, branch, promotion)


class _Reviews:
    """Approvals of the forge, which is not opened for promotions that need none."""

    def __init__(self, stack: ExitStack, root: str, branch: GitDeployedBranch, promotion: Promotion) -> None:
        self._stack = stack
        self._root = root
        self._branch = branch
        self._promotion = promotion
        self._found: Approvals | None = None

    def of(self, question: ApprovalQuestion) -> Heard:
        """Return who approved. Raises Undecided, also for a forge that is not known, and Refused."""
        if self._found is None:
            self._found = self._open()
        return self._found.of(question)

    def _open(self) -> Approvals:
        from sealock.adapters.forge_approvals import ForgeApprovals, head_messages

        place = self._branch.branch()
        try:
            found = self._stack.enter_context(forge(self._root, place.remote, self._promotion.forge))
        except UsageError as wrong:
            raise Undecided(wrong.message, hint=wrong.hint) from wrong
        return ForgeApprovals(found, place.branch, head_messages(self._root, place.remote))


@contextmanager
def releases(root: str, place: tuple[str, str], question: ReleaseQuestion) -> Iterator[TagRelease]:
    """Give what tags a release, at the newest commit of the deployed branch; `place` is remote and branch.

    Raises UsageError, ConfigurationError, Undecided.
    """
    from sealock import wiring
    from sealock.adapters.commit_log import GitCommitLog
    from sealock.adapters.deployed_branch import GitDeployedBranch
    from sealock.adapters.git_revision import GitRevisions
    from sealock.adapters.git_tags import GitTags
    from sealock.app.release_tag import ReleasePorts, TagRelease
    from sealock.wiring import deployed

    git = GitRevisions(root)
    remote, name = deployed.place(git.one_file("HEAD"), *place)
    target = GitDeployedBranch(git.root, remote=remote, branch=name)
    branch, tip = target.branch(), target.tip()
    with git.files(tip) as files:
        settings = wiring.settings(files)
        ports = ReleasePorts(
            branch,
            tip.commit,
            settings,
            files,
            lambda path: bool(files.blob(path)),
            lambda: _folders(files, settings),
            GitCommitLog(git.root),
            GitTags(git.root, branch.remote),
        )
        yield TagRelease(ports, question)


def _folders(files: FileTree, settings: Settings) -> Mapping[str, str]:
    from sealock.wiring import deployed

    try:
        return deployed.service_folders(files.read_text("services.yaml"), settings)
    except (FileNotFoundError, SealockError):
        return {}
