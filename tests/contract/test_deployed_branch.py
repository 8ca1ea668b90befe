"""The deployed branch and its log: in memory, of a remote, and of a repository without one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest
from tests.fakes.deployed_branch import FakeDeployedBranch
from tests.fakes.git_repositories import ENVIRONMENT, commit, git, new_repository, publish, push_as_stranger

from sealock.adapters.commit_log import GitCommitLog
from sealock.adapters.deployed_branch import GitDeployedBranch
from sealock.domain.plan import FileChange
from sealock.domain.promotion import Branch, Delivery
from sealock.domain.revision import Revision
from sealock.errors import Conflict, Refused, Undecided, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sealock.ports import CommitLog, DeployedBranch

FILES = {"a.yaml": "one\n", "folder/b.yaml": "two\r\nthree", "link/c": "", "e/f/g": "deep\n"}
CHANGE = FileChange("folder/b.yaml", "two\r\nthree", "two\r\nfour")
MESSAGE = "promote(a): dev → staging [sha256:00000]\n\n  kept  \n\n\nKey: value\n"


class World(NamedTuple):
    """A deployed branch, who pushes to it from elsewhere, and how to read it."""

    deployed: DeployedBranch
    log: CommitLog
    push: Callable[[dict[str, str], str], str]
    read: Callable[[str, str], str]
    refuse: Callable[[str], None]
    disappear: Callable[[], None]


def in_memory() -> World:
    fake = FakeDeployedBranch(FILES)
    fake.links.add("link")

    def disappear() -> None:
        fake.unreachable = True

    def refuse(words: str) -> None:
        fake.refuses = words

    def read(branch: str, path: str) -> str:
        revision = fake.branches[branch]
        return fake.message_of(revision) if not path else fake.files_of(fake._commits[revision][0].tree)[path]

    return World(fake, fake, fake.push, read, refuse, disappear)


def on_disk(folder: Path, *, remote: bool) -> World:
    clone, bare = folder / "clone", folder / "remote.git"
    new_repository(clone, {each: text for each, text in FILES.items() if each != "link/c"})
    (clone / "link").symlink_to("folder")
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", "link")
    if remote:
        publish(clone, bare)
    store = bare if remote else clone / ".git"

    def refuse(words: str) -> None:
        hook = store / "hooks" / ("pre-receive" if remote else "reference-transaction")
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\necho '{words}' >&2\nexit 1\n")
        hook.chmod(0o755)

    def push(files: dict[str, str], message: str) -> str:
        return push_as_stranger(store, files, message) if remote else commit(clone, files, message)

    def read(branch: str, path: str) -> str:
        name = f"refs/heads/{branch}"
        if path:
            return git(store, "cat-file", "blob", f"{name}:{path}") + "\n" * path.startswith("a")
        return git(store, "cat-file", "commit", name).partition("\n\n")[2] + "\n"

    def disappear() -> None:
        store.rename(folder / "gone")

    return World(GitDeployedBranch(str(clone)), GitCommitLog(str(clone)), push, read, refuse, disappear)


@pytest.fixture(params=["in memory", "remote", "no remote"])
def world(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    if request.param == "in memory":
        return in_memory()
    return on_disk(tmp_path, remote=request.param == "remote")


def promote(deployed: DeployedBranch, *changes: FileChange) -> Delivery:
    base = deployed.tip()
    return deployed.deliver(base, deployed.commit(base, deployed.tree(base, changes), MESSAGE))


def test_the_tip_is_what_was_pushed_last(world: World) -> None:
    first = world.deployed.tip()
    pushed = world.push({"a.yaml": "other\n"}, "change")
    assert (pushed, True) == (world.deployed.tip().commit, first.commit != pushed)


def test_the_branch_is_main(world: World) -> None:
    assert world.deployed.branch() in {Branch("origin", "main"), Branch("", "main")}


def test_what_is_delivered_is_on_the_branch_with_its_very_message(world: World) -> None:
    done = promote(world.deployed, CHANGE)
    assert (done.status, done.message) == ("accepted", "")
    assert done.commit == world.deployed.tip().commit
    assert world.read("main", "folder/b.yaml") == "two\r\nfour"
    assert world.read("main", "a.yaml") == "one\n"
    assert world.read("main", "") == MESSAGE


def test_files_come_and_go(world: World) -> None:
    promote(world.deployed, FileChange("new/h", None, "h"), FileChange("e/f/g", "deep\n", None))
    tip = world.deployed.tip()
    assert world.deployed.tree(tip, [FileChange("e/f/g", None, "again")])
    with pytest.raises(Conflict):
        world.deployed.tree(tip, [FileChange("new/h", None, "h")])


def test_the_same_changes_make_the_same_tree(world: World) -> None:
    base = world.deployed.tip()
    other = FileChange("a.yaml", "one\n", "1\n")
    one = world.deployed.tree(base, [CHANGE, other])
    assert one == world.deployed.tree(base, [other, CHANGE])
    assert base.tree == world.deployed.tree(base, [])
    assert base.tree != one


@pytest.mark.parametrize("before", ["", "one", None])
def test_a_file_that_is_not_as_it_was_read_is_a_conflict(world: World, before: str | None) -> None:
    with pytest.raises(Conflict):
        world.deployed.tree(world.deployed.tip(), [FileChange("a.yaml", before, "x")])


@pytest.mark.parametrize("path", ["link/b.yaml", "../x", "/x", "a//b", ".git/config", "x/.GIT/y", "./x"])
def test_a_path_that_leads_elsewhere_is_refused(world: World, path: str) -> None:
    with pytest.raises(Refused):
        world.deployed.tree(world.deployed.tip(), [FileChange(path, None, "x")])


def test_who_comes_second_is_told_that_the_branch_moved(world: World) -> None:
    base = world.deployed.tip()
    made = world.deployed.commit(base, world.deployed.tree(base, [CHANGE]), MESSAGE)
    pushed = world.push({"a.yaml": "other\n"}, "change")
    assert world.deployed.deliver(base, made).status == "moved"
    assert pushed == world.deployed.tip().commit


def test_what_has_arrived_is_not_delivered_again(world: World) -> None:
    base = world.deployed.tip()
    made = world.deployed.commit(base, world.deployed.tree(base, [CHANGE]), MESSAGE)
    assert [world.deployed.deliver(base, made).status for _ in range(2)] == ["accepted"] * 2
    pushed = world.push({"a.yaml": "other\n"}, "change")
    assert world.deployed.deliver(base, made) == Delivery("accepted", made)
    assert pushed == world.deployed.tip().commit


def test_a_commit_that_was_made_on_another_one_is_a_conflict(world: World) -> None:
    base = world.deployed.tip()
    made = world.deployed.commit(base, world.deployed.tree(base, [CHANGE]), MESSAGE)
    world.push({"a.yaml": "other\n"}, "change")
    with pytest.raises(Conflict):
        world.deployed.deliver(world.deployed.tip(), made)


def test_a_refusal_carries_the_other_sides_words(world: World) -> None:
    base = world.deployed.tip()
    made = world.deployed.commit(base, world.deployed.tree(base, [CHANGE]), MESSAGE)
    world.refuse("not on Fridays")
    done = world.deployed.deliver(base, made)
    assert done.status == "refused"
    assert "not on Fridays" in done.message or "aborted by hook" in done.message


def test_another_branch_takes_the_place_of_what_it_was(world: World) -> None:
    base = world.deployed.tip()
    for text in ("1", "2", "2"):
        tree = world.deployed.tree(base, [FileChange("a.yaml", "one\n", text)])
        made = world.deployed.commit(base, tree, MESSAGE)
        assert world.deployed.deliver_as("sealock/promote/a", made) == Delivery("accepted", made)
    assert world.read("sealock/promote/a", "a.yaml").rstrip("\n") == "2"
    assert base == world.deployed.tip()


def test_another_branch_proposes_its_one_commit(world: World) -> None:
    base = world.deployed.tip()
    tree = world.deployed.tree(base, [CHANGE])
    made = world.deployed.commit(base, tree, MESSAGE)
    assert world.deployed.proposed(base, "sealock/promote/a") is None
    world.deployed.deliver_as("sealock/promote/a", made)
    world.push({"a.yaml": "elsewhere\n"}, "change")
    found = world.deployed.proposed(world.deployed.tip(), "sealock/promote/a")
    assert found is not None
    assert (found.revision.commit, found.revision.tree, found.parent) == (made, tree, base)
    assert found.message == MESSAGE


def test_more_than_one_commit_is_no_proposal(world: World) -> None:
    base = world.deployed.tip()
    tree = world.deployed.tree(base, [CHANGE])
    first = world.deployed.commit(base, tree, MESSAGE)
    second = world.deployed.commit(Revision(first, tree), tree, MESSAGE)
    world.deployed.deliver_as("sealock/promote/a", second)
    assert world.deployed.proposed(base, "sealock/promote/a") is None


def test_the_deployed_branch_is_only_added_to(world: World) -> None:
    base = world.deployed.tip()
    with pytest.raises(Refused):
        world.deployed.deliver_as("main", base.commit)


def test_without_an_answer_there_is_no_tip(world: World) -> None:
    world.disappear()
    with pytest.raises((Undecided, UsageError)):
        world.deployed.tip()


def test_the_author_is_who_git_says(world: World) -> None:
    assert world.deployed.author() == "Ada <ada@example.com>"


def test_promotions_are_known_by_their_subject_newest_first(world: World) -> None:
    world.push({"a.yaml": "1\n"}, "promote(a): dev → staging [sha256:0]\n")
    world.push({"a.yaml": "2\n"}, "Revert it\n\npromote(a): dev → staging\n")
    world.push({"a.yaml": "3\n"}, "rollback(a): staging [sha256:1]\n")
    world.push({"a.yaml": "4\n"}, "promotes(a): no\n")
    found = list(world.log.promotions(world.deployed.tip().commit))
    assert [each.message.partition("(")[0] for each in found] == ["rollback", "promote"]
    assert found[0].message == "rollback(a): staging [sha256:1]\n"
    assert found[0].author.endswith("<ada@example.com>")


def test_a_text_was_brought_by_the_commit_that_changed_how_often_it_is_there(world: World) -> None:
    wanted = world.push({"a.yaml": "sha256:1\n"}, "bring")
    world.push({"a.yaml": "# why\nsha256:1\n", "folder/b.yaml": "sha256:1\n"}, "comment")
    found = world.log.brought(world.deployed.tip().commit, ["a.yaml"], "sha256:1")
    assert found is not None
    assert (wanted, "bring") == (found.commit, found.message)


def test_a_text_that_never_was_there_was_brought_by_nobody(world: World) -> None:
    assert world.log.brought(world.deployed.tip().commit, ["a.yaml", "*"], "sha256:1") is None
