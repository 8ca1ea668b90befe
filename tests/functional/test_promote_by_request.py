"""Promotions by pull request: a real repository, and the three forges as their documents say they answer."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from pytest_socket import enable_socket
from tests.fakes.forge_servers import SERVERS, TOKEN, ForgeServer
from tests.functional.platform_lab import PlatformLab, digest, git

from sealock.domain.promotion_message import read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.engine
A, B = digest("a"), digest("b")
BRANCH = f"sealock/promote/staging/ledger-{'a' * 12}"
STAGING = "services/ledger/overlays/staging/kustomization.yaml"
PROMOTE = ("promote", "ledger", "--to", "staging", "--digest", A, "--apply", "--yes")


class ForgeLab(PlatformLab):
    """A platform whose origin is on a forge."""

    server: ForgeServer

    def head(self, branch: str) -> str | None:
        """Return the commit of a branch of the origin."""
        found = git(self.origin, "for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}").strip()
        return found or None

    def settle(self, gates: str = "", promotion: str = "") -> None:
        """Push a sealock.yaml whose promotions go to the forge."""
        place = f"kind: {self.server.kind}, url: '{self.server.url}', repository: acme/platform"
        forge = f"{{{place}, token: {{env: T}}}}"
        (self.clone / "sealock.yaml").write_text(
            f"environments:\n  dev: {{}}\n  staging: {{after: dev, gates: [{gates}]}}\n"
            f"  production: {{after: staging}}\n"
            f"promotion: {{deliver: pull-request, forge: {forge}{promotion}}}\n"
        )
        self.push("settings")


@pytest.fixture(params=list(SERVERS))
def lab(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[ForgeLab]:
    """Give a platform on one of the forges, without gates."""
    enable_socket()
    monkeypatch.setenv("T", TOKEN)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with SERVERS[request.param]() as server:
        found = ForgeLab(tmp_path, capfdbinary, "")
        found.server = server
        server.state.head_of = found.head
        found.settle()
        yield found


one_forge = pytest.mark.parametrize("lab", ["github"], indirect=True)


def test_a_promotion_opens_a_request_and_leaves_the_branch_alone(lab: ForgeLab) -> None:
    before = lab.log()
    code, out, err = lab.sealock(*PROMOTE)
    assert code == 0, err
    (one,) = lab.server.state.records
    assert (one.head, one.base, one.title) == (
        BRANCH,
        "main",
        "promote(ledger): dev → staging [sha256:aaaaa]",
    )
    assert out.splitlines()[1].strip() == "https://forge.example/acme/platform/1"
    assert lab.log() == before
    assert A in git(lab.origin, "show", f"{BRANCH}:{STAGING}")
    assert "\nGates: none configured.\n" in one.body
    assert f'+    digest: "{A}"' in one.body


def test_the_same_promotion_twice_is_one_request_and_one_commit(lab: ForgeLab) -> None:
    lab.sealock(*PROMOTE)
    commit = lab.head(BRANCH)
    code, _, err = lab.sealock(*PROMOTE)
    assert (code, lab.head(BRANCH), len(lab.server.state.records)) == (0, commit, 1), err
    assert "it is open already" in err


@one_forge
def test_the_commit_stays_when_others_push_elsewhere(lab: ForgeLab) -> None:
    lab.sealock(*PROMOTE)
    commit = lab.head(BRANCH)
    lab.strange_push("README.md", "hello\n")
    lab.sealock(*PROMOTE)
    assert lab.head(BRANCH) == commit


@one_forge
def test_a_branch_that_somebody_else_added_to_is_made_anew(lab: ForgeLab) -> None:
    lab.sealock(*PROMOTE)
    git(lab.clone, "fetch", "--quiet", "origin", BRANCH)
    evil = git(lab.clone, "commit-tree", "-p", "FETCH_HEAD", "-m", "evil", "FETCH_HEAD^{tree}").strip()
    git(lab.clone, "push", "--quiet", "origin", f"{evil}:refs/heads/{BRANCH}")
    lab.sealock(*PROMOTE)
    parents = git(lab.origin, "rev-parse", f"{BRANCH}^@").split()
    assert parents == [lab.head("main")]


@one_forge
def test_a_commit_with_the_right_words_and_another_content_is_made_anew(lab: ForgeLab) -> None:
    lab.sealock(*PROMOTE)
    message = git(lab.origin, "log", "-1", "--format=%B", BRANCH)
    lying = git(lab.clone, "commit-tree", "-p", "HEAD", "-m", message, "HEAD^{tree}").strip()
    git(lab.clone, "push", "--quiet", "--force", "origin", f"{lying}:refs/heads/{BRANCH}")
    lab.sealock(*PROMOTE)
    assert lab.head(BRANCH) != lying
    assert A in git(lab.origin, "show", f"{BRANCH}:{STAGING}")


@one_forge
def test_another_digest_is_another_request(lab: ForgeLab) -> None:
    lab.sealock(*PROMOTE)
    lab.sealock(*(B if each == A else each for each in PROMOTE))
    assert [each.head for each in lab.server.state.records] == [BRANCH, BRANCH.replace("a" * 12, "b" * 12)]


def test_a_closed_request_is_said_and_reopened_only_when_asked(lab: ForgeLab) -> None:
    lab.sealock(*PROMOTE)
    lab.server.state.close(1)
    code, _, err = lab.sealock(*PROMOTE)
    assert (code, len(lab.server.state.records)) == (1, 1)
    assert "a request for this was closed without a merge: https://forge.example/acme/platform/1" in err
    code, _, err = lab.sealock(*PROMOTE, "--reopen")
    assert (code, [each.state for each in lab.server.state.records]) == (0, ["closed", "open"]), err


def test_what_was_merged_is_nothing_to_do(lab: ForgeLab) -> None:
    lab.sealock(*PROMOTE)
    git(lab.origin, "update-ref", "refs/heads/main", BRANCH)
    lab.server.state.close(1, "merged")
    code, out, _ = lab.sealock(*PROMOTE)
    assert (code, out) == (0, "nothing to do: staging has it already\n")
    record = read(lab.message())
    assert record is not None
    assert record.moves[0].digest == A


def test_auto_merge_is_asked_for_when_every_gate_passes(lab: ForgeLab) -> None:
    code, _, err = lab.sealock(*PROMOTE, "--auto-merge")
    assert code == 0, err
    assert lab.server.state.one(1).waits
    assert "it merges by itself when the forge's conditions hold" in err


@one_forge
def test_auto_merge_can_be_the_setting(lab: ForgeLab) -> None:
    lab.settle(promotion=", autoMerge: true")
    lab.sealock(*PROMOTE)
    assert lab.server.state.one(1).waits


@one_forge
def test_a_forge_that_does_not_merge_by_itself_leaves_the_request_open(lab: ForgeLab) -> None:
    lab.server.state.may_merge = False
    code, _, err = lab.sealock(*PROMOTE, "--auto-merge")
    assert code == 1
    assert "https://forge.example/acme/platform/1 is open, and does not merge by itself" in err


def test_reviews_are_collected_by_the_request_and_then_it_merges(lab: ForgeLab) -> None:
    lab.settle("{approvals: {count: 2, by: forge}}")
    code, _, err = lab.sealock(*PROMOTE, "--auto-merge")
    assert code == 0, err
    one = lab.server.state.one(1)
    assert not one.waits
    assert "it does not merge by itself while approvals is open" in err
    assert "| approvals | ledger | refuse | 0 of 2 approved |" in one.body
    assert "Approve this request" in one.body
    commit = lab.head(BRANCH)
    lab.server.state.review(1, "grace", "approved")
    lab.server.state.review(1, "mallory", "approved")
    lab.sealock(*PROMOTE, "--auto-merge")
    assert not one.waits
    lab.server.state.review(1, "alan", "approved")
    code, _, err = lab.sealock(*PROMOTE, "--auto-merge")
    assert (code, one.waits, lab.head(BRANCH)) == (0, True, commit), err
    assert "Promotion-Gate: approvals unknown: ledger collected by the pull request" in git(
        lab.origin, "log", "-1", "--format=%B", BRANCH
    )


@one_forge
@pytest.mark.parametrize(
    "gates",
    [
        "{approvals: {count: 1, by: notes}}",
        "{approvals: {count: 1, by: forge}}, {approvals: {count: 1, by: notes}}",
        "{approvals: {count: 1, by: forge}}, healthy",
        "{approvals: {count: 1, by: forge}}, {freeze: {from: '2020-01-01 00:00', to: '2099-01-01 00:00'}}",
    ],
)
def test_nothing_is_asked_for_while_another_gate_is_open(lab: ForgeLab, gates: str) -> None:
    lab.settle(gates)
    code, _, err = lab.sealock(*PROMOTE)
    assert code in {1, 3}
    assert "not promoted" in err
    assert lab.server.state.records == []
    assert lab.head(BRANCH) is None


@one_forge
def test_a_push_waits_for_reviews_too(lab: ForgeLab) -> None:
    lab.settle("{approvals: {count: 1, by: forge}}")
    code, _, err = lab.sealock(*PROMOTE, "--deliver", "push")
    assert (code, "0 of 1 approved" in err) == (1, True)
    lab.sealock(*PROMOTE)
    lab.server.state.review(1, "grace", "approved")
    code, _, err = lab.sealock(*PROMOTE, "--deliver", "push")
    assert code == 0, err
    assert "Approved-by: grace" in lab.message()


@one_forge
def test_a_plan_file_becomes_a_request(lab: ForgeLab, tmp_path: Path) -> None:
    lab.settle("{approvals: {count: 1, by: forge}}")
    file = tmp_path / "plan.json"
    _, plan = lab.json("promote", "ledger", "--to", "staging", "--digest", A)
    file.write_text(json.dumps(plan))
    code, _, err = lab.sealock("promote", "--apply", str(file), "--yes")
    assert code == 0, err
    assert lab.server.state.one(1).head == BRANCH
    assert git(lab.origin, "rev-parse", f"{BRANCH}^{{tree}}").strip() == plan["tree"]


@one_forge
def test_a_request_whose_answer_was_lost_is_found(lab: ForgeLab) -> None:
    none_yet = lab.server.answer

    def lost(asked: object) -> object:
        reply = none_yet(asked)  # type: ignore[arg-type]
        if getattr(asked, "method", "") == "POST":
            lab.server.answer = none_yet  # type: ignore[method-assign]
            return None
        return reply

    lab.server.answer = lost  # type: ignore[method-assign,assignment]
    code, out, err = lab.sealock(*PROMOTE)
    assert code == 0, err
    assert "https://forge.example/acme/platform/1" in out
    assert len(lab.server.state.records) == 1


@one_forge
def test_the_json_says_where_the_request_is(lab: ForgeLab) -> None:
    code, result = lab.json(*PROMOTE)
    assert (code, result["outcome"]) == (0, "requested")
    assert result["request"] == "https://forge.example/acme/platform/1"
    assert result["commit"] == lab.head(BRANCH)


@one_forge
def test_a_wrong_token_is_refused_and_shown_to_nobody(lab: ForgeLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T", "wrong-t0ken-9f86")
    code, out, err = lab.sealock(*PROMOTE)
    assert code == 1
    assert "does not know the token of $T" in err
    assert "wrong-t0ken-9f86" not in out + err
    assert lab.head(BRANCH) is None


@one_forge
def test_auto_merge_of_a_push_is_a_mistake(lab: ForgeLab) -> None:
    code, _, err = lab.sealock(*PROMOTE, "--deliver", "push", "--auto-merge")
    assert (code, "there is no pull request to merge" in err) == (2, True)


@one_forge
def test_a_train_is_one_request(lab: ForgeLab) -> None:
    for service, value in (("ledger", A), ("search", B)):
        lab.sealock("promote", service, *PROMOTE[2:5], value, *PROMOTE[6:], "--deliver", "push")
    code, _, err = lab.sealock("promote", "ledger", "search", "--to", "production", "--apply", "--yes")
    assert code == 0, err
    (one,) = lab.server.state.records
    assert re.fullmatch("sealock/promote/production/train-[0-9a-f]{8}-[0-9a-f]{12}", one.head)
    assert "Promotes `ledger`, `search` to `production`" in one.body


def test_status_asks_the_forge_for_open_requests(lab: ForgeLab) -> None:
    assert lab.sealock(*PROMOTE)[0] == 0
    code, found = lab.json("status", "ledger", "--open")
    assert code == 0
    (waiting,) = (each for cell in found["services"] for each in cell["open"])
    assert waiting["branch"] == BRANCH
    assert waiting["number"] == 1
    assert waiting["url"].startswith("http")
