"""What holds for every forge: in memory, and the three as their API documents say they answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import pytest
from pytest_socket import enable_socket
from tests.fakes.forge import REPOSITORY, ROBOT, ForgeState, MemoryForge
from tests.fakes.forge_servers import SERVERS, TOKEN, ForgeServer

from sealock.adapters.forge_http import Patience
from sealock.adapters.forges import open_forge
from sealock.domain.settings import ForgeSettings, TokenSource
from sealock.errors import Refused, Undecided
from sealock.ports import PullRequestDraft

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sealock.ports import Forge, PullRequest

HEAD = "sealock/promote/production/ledger-0123456789ab"
DRAFT = PullRequestDraft(HEAD, "main", "promote(ledger): staging → production", "All of it.\n")
ONE, TWO = "1" * 40, "2" * 40
PATIENCE = Patience(answer=5, pauses=(0.0, 0.0), sleep=lambda _: None)


class World(NamedTuple):
    """A forge, and what is in it."""

    forge: Forge
    state: ForgeState
    server: ForgeServer | None

    def break_off(self) -> None:
        """Let the next questions fail, however often they are asked."""
        if self.server is None:
            assert isinstance(self.forge, MemoryForge)
            self.forge.down = True
        else:
            self.server.faults += [None] * 3


@pytest.fixture(params=["memory", *SERVERS])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "memory":
        memory = MemoryForge()
        memory.state.push(HEAD, ONE)
        yield World(memory, memory.state, None)
        return
    enable_socket()
    with SERVERS[request.param]() as server:
        server.state.push(HEAD, ONE)
        settings = ForgeSettings(request.param, server.url, REPOSITORY, TokenSource(env="TOKEN"))
        with open_forge(settings, "", str(tmp_path), {"TOKEN": TOKEN}, PATIENCE) as forge:
            yield World(forge, server.state, server)


def opened(world: World) -> PullRequest:
    return world.forge.open(DRAFT)


def test_there_is_no_request_before_one_is_opened(world: World) -> None:
    assert world.forge.find(HEAD, "main") is None


def test_what_is_opened_is_as_it_was_drafted(world: World) -> None:
    found = opened(world)
    assert (found.number, found.state, found.head, found.base) == (1, "open", HEAD, "main")
    assert (found.title, found.body) == (DRAFT.title, DRAFT.body)
    assert (found.head_commit, found.author) == (ONE, ROBOT)
    assert found.url == f"https://forge.example/{REPOSITORY}/1"


def test_what_is_opened_is_found(world: World) -> None:
    assert opened(world) == world.forge.find(HEAD, "main")


def test_another_base_is_another_request(world: World) -> None:
    opened(world)
    assert world.forge.find(HEAD, "release") is None


def test_another_branch_is_another_request(world: World) -> None:
    opened(world)
    assert world.forge.find(f"{HEAD}c", "main") is None


def test_a_branch_that_is_not_there_cannot_be_asked_for(world: World) -> None:
    with pytest.raises(Refused):
        world.forge.open(PullRequestDraft("nothing", "main", "t", "b"))


def test_a_second_request_for_the_same_is_refused(world: World) -> None:
    opened(world)
    with pytest.raises(Refused):
        opened(world)
    assert len(world.state.records) == 1


def test_a_request_gets_another_title_and_body(world: World) -> None:
    changed = DRAFT.__class__(HEAD, "main", "other", "otherwise")
    found = world.forge.update(opened(world), changed)
    assert (found.number, found.title, found.body) == (1, "other", "otherwise")
    assert world.forge.find(HEAD, "main") == found


def test_a_push_moves_the_head_commit(world: World) -> None:
    opened(world)
    world.state.push(HEAD, TWO)
    found = world.forge.find(HEAD, "main")
    assert found is not None
    assert found.head_commit == TWO


@pytest.mark.parametrize("state", ["merged", "closed"])
def test_a_request_that_is_over_is_found_as_such(world: World, state: Literal["merged", "closed"]) -> None:
    opened(world)
    world.state.close(1, state)
    found = world.forge.find(HEAD, "main")
    assert found is not None
    assert found.state == state


def test_a_request_is_found_when_its_branch_is_gone(world: World) -> None:
    opened(world)
    world.state.close(1, "closed")
    del world.state.branches[HEAD]
    found = world.forge.find(HEAD, "main")
    assert found is not None
    assert (found.number, found.head) == (1, HEAD)


@pytest.mark.parametrize("state", ["open", "closed"])
def test_of_several_the_newest_is_found(world: World, state: Literal["open", "closed"]) -> None:
    for number in (1, 2, 3):
        opened(world)
        if number < 3 or state == "closed":
            world.state.close(number)
    found = world.forge.find(HEAD, "main")
    assert found is not None
    assert (found.number, found.state) == (3, state)


def test_a_request_from_a_fork_is_somebody_elses(world: World) -> None:
    world.state.open(HEAD, "main", "evil", "twin", fork=True)
    assert world.forge.find(HEAD, "main") is None
    assert world.forge.opened("main", "sealock/promote/") == []


def test_open_requests_are_listed_by_base_and_prefix_over_many_pages(world: World) -> None:
    wanted = [f"sealock/promote/production/s{n}-0123456789ab" for n in range(70)]
    for branch in (*wanted, "feature/x", "sealock/promote/staging/a-0123456789ab"):
        world.state.push(branch, ONE)
        world.state.open(branch, "main", "t", "b")
    world.state.push("other", ONE)
    world.state.open("other", "release", "t", "b")
    world.state.close(1)
    found = world.forge.opened("main", "sealock/promote/production/")
    assert sorted(wanted[1:]) == sorted(each.head for each in found)


def test_nobody_said_anything_of_a_new_request(world: World) -> None:
    assert list(world.forge.reviews(opened(world))) == []


def words(world: World, request: PullRequest) -> set[tuple[str, str, str]]:
    return {(each.who, each.state, each.commit) for each in world.forge.reviews(request)}


def test_reviews_say_who_said_what_of_which_commit(world: World) -> None:
    request = opened(world)
    world.state.review(1, "grace", "approved")
    world.state.review(1, "alan", "refused")
    assert words(world, request) == {("grace", "approved", ONE), ("alan", "refused", ONE)}


def test_the_newest_opinion_counts_and_a_comment_is_none(world: World) -> None:
    request = opened(world)
    world.state.review(1, "grace", "refused")
    world.state.review(1, "grace", "approved")
    world.state.review(1, "grace", "commented")
    assert words(world, request) == {("grace", "approved", ONE)}


def test_an_approval_stays_with_the_commit_that_it_was_said_of(world: World) -> None:
    request = opened(world)
    world.state.review(1, "grace", "approved")
    world.state.push(HEAD, TWO)
    world.state.review(1, "alan", "approved")
    assert words(world, request) == {("grace", "approved", ONE), ("alan", "approved", TWO)}


def test_reviews_of_many_pages_are_all_read(world: World) -> None:
    request = opened(world)
    for number in range(40):
        world.state.writers.add(f"p{number}")
        world.state.review(1, f"p{number}", "approved")
    assert len(words(world, request)) == 40


@pytest.mark.parametrize("who", ["mallory", "nobody"])
def test_an_approval_of_one_who_may_not_write_is_none(world: World, who: str) -> None:
    request = opened(world)
    world.state.review(1, who, "approved")
    assert not [each for each in world.forge.reviews(request) if each.state == "approved"]


def test_a_dismissed_approval_is_none(world: World) -> None:
    request = opened(world)
    world.state.review(1, "grace", "approved")
    world.state.dismiss(1, "grace")
    assert not [each for each in world.forge.reviews(request) if each.state == "approved"]


def test_a_request_waits_for_its_conditions(world: World) -> None:
    world.forge.merge_when_ready(opened(world))
    assert (world.state.one(1).state, world.state.one(1).waits) == ("open", True)


@pytest.mark.parametrize("checks", ["good", "none"])
def test_without_open_conditions_it_is_merged_at_once(world: World, checks: Literal["good", "none"]) -> None:
    world.state.checks = checks
    world.forge.merge_when_ready(opened(world))
    assert world.state.one(1).state == "merged"


def test_to_ask_twice_is_to_ask_once(world: World) -> None:
    request = opened(world)
    world.forge.merge_when_ready(request)
    world.forge.merge_when_ready(request)
    assert world.state.one(1).waits


def test_what_was_merged_is_not_asked_for_again(world: World) -> None:
    request = opened(world)
    world.state.close(1, "merged")
    world.forge.merge_when_ready(request)
    assert not world.state.one(1).waits


def test_another_commit_is_not_merged(world: World) -> None:
    request = opened(world)
    world.state.push(HEAD, TWO)
    with pytest.raises(Refused):
        world.forge.merge_when_ready(request)
    assert not world.state.one(1).waits


def test_failed_checks_are_not_waited_for(world: World) -> None:
    request = opened(world)
    world.state.checks = "failed"
    with pytest.raises(Refused, match="pipeline failed"):
        world.forge.merge_when_ready(request)
    assert (world.state.one(1).state, world.state.one(1).waits) == ("open", False)


def test_a_repository_that_does_not_let_requests_wait_says_so(world: World) -> None:
    request = opened(world)
    world.state.may_merge = False
    with pytest.raises(Refused, match="not allowed"):
        world.forge.merge_when_ready(request)


def test_a_forge_that_is_away_leaves_it_open(world: World) -> None:
    world.break_off()
    with pytest.raises(Undecided):
        world.forge.find(HEAD, "main")


def test_a_forge_that_breaks_off_opens_nothing_twice(world: World) -> None:
    world.break_off()
    with pytest.raises(Undecided):
        opened(world)
    assert world.server is None or len(world.server.asked) == 1
