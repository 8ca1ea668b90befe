"""A remote over HTTP that refuses, breaks off, hangs: what became of a commit is read back, never guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest
from pytest_socket import enable_socket
from tests.fakes.git_repositories import git, push_as_stranger, state_of
from tests.promotion.faults.git_server import GitServer, serving
from tests.promotion.faults.starting import sound, subjects

from sealock.adapters.deployed_branch import GitDeployedBranch
from sealock.adapters.git_push import Deadlines
from sealock.domain.plan import FileChange
from sealock.domain.promotion import Delivery
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sealock.domain.revision import Revision

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(120)]

PUSH = "POST /remote.git/git-receive-pack"
ASK = "GET /remote.git/info/refs?service=git-upload-pack"
ASK_TO_PUSH = "GET /remote.git/info/refs?service=git-receive-pack"
SUBJECT = "promote(a): dev → staging"
DEADLINES = Deadlines(ask=20, send=20, pauses=(0.01, 0.01))


class Remote(NamedTuple):
    """A clone, its bare remote, and the server between them."""

    clone: Path
    bare: Path
    server: GitServer

    def deployed(self, deadlines: Deadlines = DEADLINES) -> GitDeployedBranch:
        return GitDeployedBranch(str(self.clone), deadlines=deadlines)


@pytest.fixture
def remote(clone: Path, bare: Path) -> Iterator[Remote]:
    enable_socket()
    git(bare, "config", "http.receivepack", "true")
    with serving(bare.parent) as server:
        git(clone, "remote", "set-url", "origin", server.url())
        yield Remote(clone, bare, server)


def made_on(deployed: GitDeployedBranch) -> tuple[Revision, str]:
    base = deployed.tip()
    tree = deployed.tree(base, [FileChange("a.yaml", "one\n", "two\n")])
    return base, deployed.commit(base, tree, f"{SUBJECT}\n")


def first(times: int, fault: str, *requests: str) -> Callable[[str], str]:
    """Return a fault for the first `times` of these requests."""
    left = [times]

    def decide(request: str) -> str:
        if request in requests and left[0]:
            left[0] -= 1
            return fault
        return ""

    return decide


def always(fault: str, *requests: str) -> Callable[[str], str]:
    return lambda request: fault if request in requests else ""


def test_a_commit_arrives(remote: Remote) -> None:
    before = state_of(remote.clone)
    deployed = remote.deployed()
    base, made = made_on(deployed)
    assert Delivery("accepted", made) == deployed.deliver(base, made)
    assert subjects(remote.bare) == [SUBJECT]
    assert made == git(remote.bare, "rev-parse", "main")
    assert before == state_of(remote.clone)


@pytest.mark.parametrize("fault", ["cut after", "cut answer"])
def test_an_answer_that_is_lost_is_read_back(remote: Remote, fault: str) -> None:
    deployed = remote.deployed()
    base, made = made_on(deployed)
    remote.server.fault = first(1, fault, PUSH)
    assert Delivery("accepted", made) == deployed.deliver(base, made)
    assert [each for each in remote.server.taken if each == PUSH] == [PUSH]
    assert subjects(remote.bare) == [SUBJECT]


def test_an_answer_that_is_lost_is_read_back_below_what_strangers_pushed_since(remote: Remote) -> None:
    deployed = remote.deployed()
    base, made = made_on(deployed)
    pushed: list[str] = []

    def fault(request: str) -> str:
        if request == PUSH:
            return "cut after"
        if PUSH in remote.server.taken and not pushed:
            pushed.append(push_as_stranger(remote.bare, {"b.yaml": "other\n"}))
        return ""

    remote.server.fault = fault
    assert Delivery("accepted", made) == deployed.deliver(base, made)
    assert pushed == [git(remote.bare, "rev-parse", "main")]
    assert subjects(remote.bare) == [SUBJECT]


@pytest.mark.parametrize("fault", ["cut before", "503", "502"])
def test_a_push_that_never_got_there_is_tried_again(remote: Remote, fault: str) -> None:
    deployed = remote.deployed()
    base, made = made_on(deployed)
    remote.server.fault = first(1, fault, PUSH)
    assert Delivery("accepted", made) == deployed.deliver(base, made)
    assert subjects(remote.bare) == [SUBJECT]


def test_a_push_that_never_got_there_while_strangers_push_has_moved(remote: Remote) -> None:
    deployed = remote.deployed()
    base, made = made_on(deployed)

    def fault(request: str) -> str:
        if request == PUSH and len(remote.server.taken) and not remote.server.served.count("stranger"):
            remote.server.served.append("stranger")
            push_as_stranger(remote.bare, {"b.yaml": "other\n"})
            return "cut before"
        return ""

    remote.server.fault = fault
    assert deployed.deliver(base, made).status == "moved"
    assert subjects(remote.bare) == []


def test_a_remote_that_never_takes_it_leaves_it_undecided(remote: Remote) -> None:
    deployed = remote.deployed()
    base, made = made_on(deployed)
    remote.server.fault = always("cut before", PUSH)
    with pytest.raises(Undecided, match=r"nobody knows whether .* arrived: .*; main has not got it yet"):
        deployed.deliver(base, made)
    assert remote.server.served.count(PUSH) == 3
    remote.server.fault = always("", PUSH)
    assert Delivery("accepted", made) == deployed.deliver(base, made)
    assert subjects(remote.bare) == [SUBJECT]


def test_a_remote_that_took_it_and_is_gone_leaves_it_undecided_until_it_is_back(remote: Remote) -> None:
    deployed = remote.deployed()
    base, made = made_on(deployed)
    remote.server.fault = lambda request: (
        "cut after" if request == PUSH else "cut before" if PUSH in remote.server.taken else ""
    )
    with pytest.raises(Undecided, match="main cannot be read"):
        deployed.deliver(base, made)
    remote.server.fault = always("", PUSH)
    assert made == remote.deployed().tip().commit
    assert Delivery("accepted", made) == deployed.deliver(base, made)
    assert subjects(remote.bare) == [SUBJECT]


@pytest.mark.parametrize("request_", [ASK_TO_PUSH, PUSH])
@pytest.mark.parametrize("status", ["403", "401", "413"])
def test_a_forge_that_lets_nobody_push_refuses(remote: Remote, status: str, request_: str) -> None:
    deployed = remote.deployed()
    base, made = made_on(deployed)
    remote.server.fault = always(status, request_)
    done = deployed.deliver(base, made)
    assert done.status == "refused"
    assert status in done.message or "could not read Username" in done.message
    assert remote.server.served.count(request_) == 1


@pytest.mark.parametrize("hook", ["pre-receive", "update"])
def test_a_hook_that_declines_refuses_in_its_own_words_without_its_escapes(remote: Remote, hook: str) -> None:
    deployed = remote.deployed()
    base, made = made_on(deployed)
    file = remote.bare / "hooks" / hook
    file.write_text(
        "#!/bin/sh\nprintf 'GL-HOOK-ERR: \\033[31mover quota\\033[0m\\r\\nask ops\\n' >&2\nexit 1\n"
    )
    file.chmod(0o755)
    done = deployed.deliver(base, made)
    assert done.status == "refused"
    assert r"GL-HOOK-ERR: \x1b[31mover quota\x1b[0m" in done.message
    assert "ask ops" in done.message
    assert done.message.isprintable()
    assert subjects(remote.bare) == []


def test_a_hook_that_is_killed_leaves_it_undecided(remote: Remote) -> None:
    deployed = remote.deployed()
    base, made = made_on(deployed)
    file = remote.bare / "hooks" / "pre-receive"
    file.write_text("#!/bin/sh\nkill -9 $PPID\n")
    file.chmod(0o755)
    with pytest.raises(Undecided):
        deployed.deliver(base, made)


@pytest.mark.parametrize("fault", ["cut before", "503", "404", "401"])
def test_a_remote_that_cannot_be_asked_has_no_tip(remote: Remote, fault: str) -> None:
    remote.server.fault = always(fault, ASK)
    with pytest.raises(Undecided, match="origin cannot be asked: "):
        remote.deployed().tip()


def test_a_remote_that_hangs_is_given_up(remote: Remote) -> None:
    remote.server.fault = always("hang", ASK)
    with pytest.raises(Undecided, match="ls-remote took more than 1 s"):
        remote.deployed(Deadlines(ask=1, send=1)).tip()


def test_a_push_that_hangs_is_given_up_and_read_back(remote: Remote) -> None:
    deployed = remote.deployed(Deadlines(ask=20, send=2, pauses=(0.0,)))
    base, made = made_on(deployed)
    remote.server.fault = always("hang", PUSH)
    with pytest.raises(Undecided, match=r"git push took more than 2 s; main has not got it yet"):
        deployed.deliver(base, made)
    assert sound(remote.bare)


def test_passwords_in_urls_stay_out_of_messages(remote: Remote) -> None:
    git(remote.clone, "remote", "set-url", "origin", remote.server.url(credentials="ada:hunter2@"))
    deployed = remote.deployed()
    base, made = made_on(deployed)
    remote.server.fault = always("cut before", PUSH, ASK)
    said = []
    for ask in (deployed.tip, lambda: deployed.deliver(base, made)):
        with pytest.raises(Undecided) as caught:
            ask()
        said.append(caught.value.message + caught.value.hint)
    assert not [each for each in said if "hunter2" in each]


def test_what_others_pushed_is_fetched(remote: Remote) -> None:
    fetched = (remote.clone / ".git" / "FETCH_HEAD").read_bytes()
    before = state_of(remote.clone)
    pushed = push_as_stranger(remote.bare, {"b.yaml": "other\n"})
    deployed = remote.deployed()
    tip = deployed.tip()
    assert pushed == tip.commit
    assert git(remote.clone, "cat-file", "blob", f"{tip.commit}:b.yaml") == "other"
    assert before == state_of(remote.clone)
    assert fetched == (remote.clone / ".git" / "FETCH_HEAD").read_bytes()


def test_a_fetch_that_breaks_off_is_undecided(remote: Remote) -> None:
    push_as_stranger(remote.bare, {"b.yaml": "other\n"})
    asked = [0]

    def fault(request: str) -> str:
        asked[0] += request == "POST /remote.git/git-upload-pack"
        # The first is ls-remote's.
        return "cut answer" if asked[0] > 1 else ""

    remote.server.fault = fault
    with pytest.raises(Undecided, match="git fetch failed: "):
        remote.deployed().tip()
    remote.server.fault = always("", PUSH)
    assert remote.deployed().tip().commit == git(remote.bare, "rev-parse", "main")
