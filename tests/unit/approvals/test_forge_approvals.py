"""Reviews of a forge as approvals: of which request, of which commit, by whom."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.fakes.git_repositories import commit, git, new_repository, publish

from sealock.adapters.forge_approvals import ForgeApprovals, head_messages
from sealock.errors import Undecided
from sealock.ports import ApprovalQuestion, Heard, NotCounted, PullRequest, Review

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sealock.ports import PullRequestDraft

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
DIGEST = f"sha256:{'a1' * 32}"
OTHER = f"sha256:{'b2' * 32}"
HEAD = "c" * 40
QUESTION = ApprovalQuestion("ledger", "production", (DIGEST,))
BRANCH = "sealock/promote/production/ledger-0123456789ab"


def message(*digests: str, service: str = "ledger", environment: str = "production") -> str:
    moves = "".join(
        f"Promotion-Image: {service} {environment}: nothing → registry.example/{n}@{each} from staging\n"
        for n, each in enumerate(digests)
    )
    return f"promote({service}): staging → {environment} [sha256:a1a1a]\n\n{moves}"


def review(who: str, state: str = "approved", said_of: str = HEAD) -> Review:
    return msgspec.convert(
        {"who": who, "state": state, "commit": said_of, "submitted": NOW}, Review, from_attributes=False
    )


class OneRequest:
    """A forge with one request; implements what is asked of the Forge port."""

    def __init__(self, *reviews: Review, state: str = "open", base: str = "main", head: str = BRANCH) -> None:
        request = {
            "number": 7, "url": "https://forge.example/7", "state": state, "head": head, "base": base,
            "head_commit": HEAD, "author": "ada",
        }  # fmt: skip
        self.request = msgspec.convert(request, PullRequest)
        self._reviews = reviews

    def opened(self, base: str, prefix: str) -> Sequence[PullRequest]:
        del base
        return [self.request] if self.request.head.startswith(prefix) else []

    def reviews(self, request: PullRequest) -> Sequence[Review]:
        assert request == self.request
        return self._reviews

    def find(self, head: str, base: str) -> PullRequest | None:
        raise NotImplementedError(head, base)

    def open(self, draft: PullRequestDraft) -> PullRequest:
        raise NotImplementedError(draft)

    def update(self, request: PullRequest, draft: PullRequestDraft) -> PullRequest:
        raise NotImplementedError(request, draft)

    def merge_when_ready(self, request: PullRequest) -> None:
        raise NotImplementedError(request)


def heard(forge: OneRequest, text: str = message(DIGEST), question: ApprovalQuestion = QUESTION) -> Heard:
    return ForgeApprovals(forge, "main", lambda _: text).of(question)


def test_who_approves_the_newest_commit_counts() -> None:
    found = heard(OneRequest(review("bob"), review("cyd")))
    assert [each.who for each in found.approvals] == ["bob", "cyd"]
    assert found.others == ()
    assert {each.approved for each in found.approvals} == {NOW}
    assert len({each.evidence.digest for each in found.approvals}) == 2


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (review("Ada"), "opened the request"),
        (review("bob", said_of="d" * 40), "approved an earlier commit"),
        (review("bob", "refused"), "asks for changes"),
    ],
)
def test_others_do_not_count_and_why_is_told(said: Review, reason: str) -> None:
    assert heard(OneRequest(said)) == Heard((), (NotCounted(said.who, reason),))


def test_a_comment_says_nothing() -> None:
    assert heard(OneRequest(review("bob", "commented"))) == Heard()


@pytest.mark.parametrize(
    "text",
    [
        message(OTHER),
        message(DIGEST, OTHER),
        message(DIGEST, service="payments"),
        message(DIGEST, environment="staging"),
        "Merge branch 'x'\n",
    ],
)
def test_a_request_that_moves_something_else_does_not_count(text: str) -> None:
    assert heard(OneRequest(review("bob")), text) == Heard()


@pytest.mark.parametrize(
    "forge",
    [
        OneRequest(review("bob"), state="merged"),
        OneRequest(review("bob"), state="closed"),
        OneRequest(review("bob"), base="release"),
        OneRequest(review("bob"), head="sealock/promote/staging/ledger-0123456789ab"),
        OneRequest(review("bob"), head="feature"),
    ],
)
def test_only_open_requests_for_the_environment_on_the_branch_count(forge: OneRequest) -> None:
    assert heard(forge) == Heard()


def test_several_images_are_approved_together() -> None:
    question = ApprovalQuestion("ledger", "production", (OTHER, DIGEST))
    found = heard(OneRequest(review("bob")), message(DIGEST, OTHER), question)
    assert [each.who for each in found.approvals] == ["bob"]


def test_the_head_commit_is_fetched_where_it_is_not_here(tmp_path: Path) -> None:
    here, bare, there = tmp_path / "here", tmp_path / "bare.git", tmp_path / "there"
    new_repository(here, {"a": "1"})
    publish(here, bare)
    git(tmp_path, "clone", "-q", str(bare), str(there))
    made = commit(there, {"a": "2"}, message(DIGEST))
    git(there, "push", "-q", "origin", f"HEAD:refs/heads/{BRANCH}")
    before = git(here, "for-each-ref")
    request = msgspec.structs.replace(OneRequest().request, head_commit=made)
    assert head_messages(str(here))(request) == message(DIGEST)
    assert git(here, "for-each-ref") == before


@pytest.mark.parametrize("named", ["e" * 40, "--all", "main", ""])
def test_a_head_commit_that_cannot_be_had_is_undecided(tmp_path: Path, named: str) -> None:
    here, bare = tmp_path / "here", tmp_path / "bare.git"
    new_repository(here, {"a": "1"})
    publish(here, bare)
    request = msgspec.structs.replace(OneRequest().request, head_commit=named)
    with pytest.raises(Undecided):
        head_messages(str(here))(request)
