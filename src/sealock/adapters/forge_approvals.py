"""Reviews of a promotion's open request, as approvals of what its head commit moves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealock.adapters import git_program
from sealock.adapters.git_remote import read_repository
from sealock.domain.canonical import digest_of
from sealock.domain.gate_question import rfc3339
from sealock.domain.printable import printable
from sealock.domain.promotion import EvidenceRef
from sealock.domain.promotion_branch import PREFIX
from sealock.domain.promotion_message import read
from sealock.errors import Undecided
from sealock.ports import Approval, Heard, NotCounted

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealock.ports import ApprovalQuestion, Forge, PullRequest, Review

_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_FETCH_SECONDS = 120
_LONGEST_MESSAGE = 1 << 20


class ForgeApprovals:
    """The reviews of a forge; implements the Approvals port. `who` is what the forge calls somebody.

    A request counts whose newest commit says, in its message, that it moves exactly the digests in
    question. Who opened it does not count, nor what was said of an earlier commit.
    """

    def __init__(self, forge: Forge, base: str, message_of: Callable[[PullRequest], str]) -> None:
        """Ask for requests into the branch `base`; `message_of` returns the message of the head commit."""
        self._forge = forge
        self._base = base
        self._message_of = message_of

    def of(self, question: ApprovalQuestion) -> Heard:
        """Return who approved exactly this. Raises Undecided, Refused."""
        approvals: dict[str, Approval] = {}
        others: dict[NotCounted, None] = {}
        for request in self._forge.opened(self._base, f"{PREFIX}{question.environment}/"):
            if not self._moves(request, question):
                continue
            for review in self._forge.reviews(request):
                reason = _fault(request, review)
                if reason:
                    others[NotCounted(review.who, reason)] = None
                elif reason is not None:
                    approvals.setdefault(review.who.casefold(), _approval(request, review))
        counted = tuple(approvals.values())
        return Heard(counted, tuple(each for each in others if each.who.casefold() not in approvals))

    def _moves(self, request: PullRequest, question: ApprovalQuestion) -> bool:
        if request.state != "open" or request.base != self._base:
            return False
        record = read(self._message_of(request))
        if record is None:
            return False
        wanted = question.service, question.environment
        digests = {each.digest for each in record.moves if (each.service, each.environment) == wanted}
        return bool(digests) and digests == set(question.digests)


def _fault(request: PullRequest, review: Review) -> str | None:
    """Return why a review does not count, empty where it does; None for one that says nothing."""
    if review.state == "commented":
        return None
    if review.state == "refused":
        return "asks for changes"
    if review.who.casefold() == request.author.casefold():
        return "opened the request"
    if review.commit != request.head_commit:
        return "approved an earlier commit"
    return ""


def _approval(request: PullRequest, review: Review) -> Approval:
    said = {
        "request": request.url,
        "commit": review.commit,
        "who": review.who,
        "submitted": rfc3339(review.submitted),
    }
    return Approval(review.who, review.submitted, EvidenceRef("approval", digest_of(said), review.who))


def head_messages(root: str, remote: str = "") -> Callable[[PullRequest], str]:
    """Return what reads the message of a request's head commit, fetched from the remote if it is not here.

    It raises Undecided where the commit cannot be had.
    """

    def message_of(request: PullRequest) -> str:
        commit = request.head_commit
        if not _ID.fullmatch(commit):
            message = f"the forge names no commit of {printable(request.url)}: {printable(commit)!r}"
            raise Undecided(message)
        found = _read(root, commit)
        if found is None:
            _fetch(root, remote, request.head)
            found = _read(root, commit)
        if found is None:
            message = f"the newest commit of {printable(request.url)} cannot be fetched"
            raise Undecided(message, hint="Is its branch one of the repository itself, not of a fork?")
        return found

    return message_of


def _read(root: str, commit: str) -> str | None:
    done = git_program.run(root, ["cat-file", "commit", commit])
    if done.status:
        return None
    return done.stdout[:_LONGEST_MESSAGE].partition(b"\n\n")[2].decode("utf-8", "replace")


def _fetch(root: str, remote: str, head: str) -> None:
    repository = read_repository(root)
    name = repository.choose_remote(remote)
    if not name or not head.startswith(PREFIX):
        return
    options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--refmap=")
    variables = git_program.connecting(repository.protocols(name))
    arguments = [
        "fetch",
        *options,
        "--no-auto-maintenance",
        "--",
        repository.asked(name),
        f"refs/heads/{head}",
    ]
    # What counts is what is here afterwards.
    git_program.run(root, arguments, variables=variables, seconds=_FETCH_SECONDS)
