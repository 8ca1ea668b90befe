"""Connects `approve` to adapters; each part is imported when it is asked for."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from sealock import wiring

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sealock.app.approve import Approve
    from sealock.domain.promotion import Car

# ruff: noqa: PLC0415 - a command loads what it uses, so that `--help` and warm runs stay fast


class Approving(NamedTuple):
    """The use case, who approves (`Name <mail>`), and what of services would move into an environment."""

    use: Approve
    author: str
    moving: Callable[[Sequence[str], str, str], tuple[Car, ...]]


@contextmanager
def approvals(root: str, remote: str = "", branch: str = "") -> Iterator[Approving]:
    """Give what approves, by the configuration of the deployed branch's newest commit.

    Raises UsageError, ConfigurationError, Undecided.
    """
    from sealock.adapters.deployed_branch import GitDeployedBranch
    from sealock.adapters.git_approvals import GitApprovals
    from sealock.adapters.git_revision import GitRevisions
    from sealock.adapters.system_clock import SystemClock
    from sealock.app.approve import Approve
    from sealock.wiring import deployed

    git = GitRevisions(root)
    remote, branch = deployed.place(git.one_file("HEAD"), remote, branch)
    target = GitDeployedBranch(git.root, remote=remote, branch=branch)
    author = target.author()
    with git.files(target.tip()) as files:
        book = GitApprovals(git.root, remote)
        use = Approve(book, wiring.settings(files), files, SystemClock())
        yield Approving(use, author, lambda *asked: _moving(git.root, (remote, branch), *asked))


def _moving(
    root: str, place: tuple[str, str], services: Sequence[str], source: str, environment: str
) -> tuple[Car, ...]:
    from sealock.app.promotion.request import Request
    from sealock.wiring import promotion

    request = Request("promote", tuple(services), environment, source)
    with promotion.promotions(root, promotion.Choices(*place)) as promotions:
        return promotions.cars(request)
