"""Connects forges and `release tag` to adapters; each part is imported when it is asked for."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from sealock.errors import Undecided, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.adapters.deployed_branch import GitDeployedBranch
    from sealock.domain.settings import ForgeSettings, Promotion
    from sealock.ports import ApprovalQuestion, Approvals, Forge, Heard

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
