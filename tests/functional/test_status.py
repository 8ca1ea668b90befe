"""`sealock status` in real repositories: what runs where, by Git alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from bench.promotion_corpus import History, write_promotions
from tests.fakes.git_repositories import git, new_repository, publish, push_as_stranger

from sealock.cli.main import run

if TYPE_CHECKING:
    from pathlib import Path

A, B, C, D = (f"sha256:{each * 64}" for each in "abcd")
IMAGE = "ghcr.io/acme/ledger"
START = 1_750_000_000


def overlay(digest: str, comment: str = "") -> str:
    beside = f" # {comment}" if comment else ""
    return f"resources:\n  - ../../base\nimages:\n  - name: {IMAGE}\n    digest: {digest}{beside}\n"


def place(environment: str, service: str = "ledger") -> str:
    return f"services/{service}/overlays/{environment}/kustomization.yaml"


def promotion(action: str, environment: str, before: str, after: str, source: str = "") -> str:
    way = f" from {source}" if source else ""
    return (
        f"{action}(ledger): {environment} [{after[:12]}]\n\nPromotion-Image: ledger {environment}: "
        f"{IMAGE}@{before} → {IMAGE}@{after}{way}\nPromotion-Plan: sha256:{'0' * 64}\n"
    )


class Repository:
    """A clone in which each commit is an hour after the one before, and `sealock status` there."""

    def __init__(self, root: Path, captured: pytest.CaptureFixture[bytes]) -> None:
        self.root = root
        self._captured = captured
        self._hours = 0
        new_repository(root, {"services/ledger/base/kustomization.yaml": "resources: []\n"})

    def commit(self, files: dict[str, str], message: str = "change") -> str:
        for path, text in files.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(text)
        self._hours += 1
        when = f"{START + 3600 * self._hours} +0000"
        git(self.root, "add", "-A")
        dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        git(self.root, "commit", "-q", "--cleanup=verbatim", "-F", "-", stdin=message, **dates)
        return git(self.root, "rev-parse", "HEAD")

    def everywhere(self, digest: str) -> None:
        names = ("dev", "staging", "production")
        self.commit({place(each): overlay(digest) for each in names}, "everything")

    def printed(self, *arguments: str) -> tuple[int, str]:
        code = run(["status", "--repo", str(self.root), *arguments])
        captured = self._captured.readouterr()
        return code, (captured.out + captured.err).decode()

    def cells(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """Return the cells of the service by environment."""
        return {each["environment"]: each for each in self.document(*arguments)["services"]}

    def document(self, *arguments: str) -> dict[str, Any]:
        code, text = self.printed("--format", "json", *arguments)
        assert code == 0, text
        found: dict[str, Any] = json.loads(text)
        return found


@pytest.fixture
def repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Repository:
    monkeypatch.setenv("SEALOCK_CACHE_DIR", str(tmp_path / "cache"))
    return Repository(tmp_path / "repository", capfdbinary)


def hour(number: int) -> str:
    return (datetime.fromtimestamp(START, UTC) + timedelta(hours=number)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_digest_is_as_old_as_the_promotion_that_brought_it(repository: Repository) -> None:
    repository.everywhere(A)
    repository.commit({place("dev"): overlay(B)})
    made = repository.commit({place("staging"): overlay(B)}, promotion("promote", "staging", A, B, "dev"))
    since = repository.cells()["staging"]["since"]
    assert since == {"time": hour(3), "commit": made, "how": "promote", "or_before": False}


def test_a_digest_that_came_by_hand_is_as_old_as_its_commit(repository: Repository) -> None:
    repository.everywhere(A)
    made = repository.commit({place("dev"): overlay(B)})
    repository.commit({place("dev"): f"# words\n{overlay(B)}"})
    since = repository.cells()["dev"]["since"]
    assert since == {"time": hour(2), "commit": made, "how": "by hand", "or_before": False}


def test_a_digest_that_went_and_came_back_by_hand_is_as_old_as_its_return(repository: Repository) -> None:
    repository.everywhere(A)
    repository.commit({place("staging"): overlay(B)}, promotion("promote", "staging", A, B, "dev"))
    repository.commit({place("staging"): overlay(A)}, "back")
    assert repository.cells()["staging"]["since"]["time"] == hour(3)


def test_an_environment_that_has_what_the_one_before_had_is_behind(repository: Repository) -> None:
    repository.everywhere(A)
    repository.commit({place("dev"): overlay(B)})
    repository.commit({place("staging"): overlay(B)}, promotion("promote", "staging", A, B, "dev"))
    cells = repository.cells()
    assert cells["staging"]["standings"] == [{"environment": "dev", "word": "same", "by": 0}]
    assert cells["production"]["standings"] == [{"environment": "staging", "word": "behind", "by": 1}]


def test_a_release_is_the_tag_beside_the_digest(repository: Repository) -> None:
    repository.everywhere(A)
    tagged = f"images:\n  - name: {IMAGE}\n    newTag: 1.5.0\n    digest: {B}\n"
    repository.commit({place("dev"): tagged, place("staging"): overlay(B, "1.4.2")})
    found = {name: each["release"] for name, each in repository.cells().items()}
    assert found == {"dev": "1.5.0", "staging": "1.4.2", "production": ""}


def test_a_release_is_the_git_tag_of_the_commit_that_brought_the_digest(repository: Repository) -> None:
    repository.everywhere(A)
    repository.commit({place("production"): overlay(B)}, promotion("promote", "production", A, B, "staging"))
    git(repository.root, "tag", "-a", "-m", "words", "ledger/v1.4.2")
    git(repository.root, "tag", "other/v9.9.9")
    repository.commit({place("staging"): overlay(B)})
    found = {name: each["release"] for name, each in repository.cells().items()}
    assert found == {"dev": "", "staging": "1.4.2", "production": "1.4.2"}


def test_overlays_of_one_environment_that_differ_are_said_to(repository: Repository) -> None:
    files = {place("production-eu"): overlay(A), place("production-us"): overlay(B)}
    repository.commit(files)
    cell = repository.cells()["production"]
    assert (cell["differ"], cell["images"]) == (True, [])
    assert [each["images"][0]["digest"] for each in cell["overlays"]] == [A, B]
    code, text = repository.printed("ledger")
    assert code == 0
    assert "2 overlays differ" in text
    assert f"services/ledger/overlays/production-us: {IMAGE}@{B}" in text


def test_overlays_that_agree_are_one_cell(repository: Repository) -> None:
    repository.commit({place("production-eu"): overlay(A), place("production-us"): overlay(A)})
    cell = repository.cells()["production"]
    assert (cell["differ"], cell["images"][0]["digest"]) == (False, A)


def test_a_hotfix_is_a_debt_until_it_went_through_the_others(repository: Repository) -> None:
    repository.everywhere(A)
    made = repository.commit({place("production"): overlay(B)}, promotion("hotfix", "production", A, B))
    (debt,) = repository.cells()["production"]["debts"]
    assert (debt["digest"], debt["missing"], debt["commit"]) == (B, ["staging", "dev"], made)
    assert "hotfix debt" in repository.printed()[1]
    repository.commit({place("dev"): overlay(B)})
    repository.commit({place("staging"): overlay(B)}, promotion("promote", "staging", A, B, "dev"))
    assert repository.cells()["production"]["debts"] == []


def test_without_sealock_yaml_the_order_is_inferred_and_said(repository: Repository) -> None:
    repository.everywhere(A)
    document = repository.document()
    assert document["gates"] == "none configured"
    assert [each["name"] for each in document["environments"]] == ["dev", "staging", "production"]
    assert (
        "the order dev → staging → production is inferred, gates: none configured" in repository.printed()[1]
    )


SETTINGS = """\
environments:
  dev: {}
  staging: {after: dev}
  production:
    after: staging
    gates: [GATES]
"""


def evidence(repository: Repository, digest: str, hours: float) -> None:
    """Say that staging has been healthy with a digest for some hours."""
    now = datetime.now(UTC)
    piece = {
        "schema": "sealock.dev/evidence/v1", "kind": "health", "service": "ledger", "environment": "staging",
        "digests": [digest], "verdict": "pass", "source": "test",
        "since": (now - timedelta(hours=hours)).isoformat(), "observed": now.isoformat(),
    }  # fmt: skip
    folder = repository.root / ".sealock" / "evidence"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "one.json").write_text(json.dumps(piece))


def with_gates(repository: Repository, gates: str) -> dict[str, Any]:
    """Put B before production's gates, and return what stands between."""
    repository.everywhere(A)
    repository.commit({place("staging"): overlay(B), "sealock.yaml": SETTINGS.replace("GATES", gates)})
    evidence(repository, B, 2)
    (step,) = repository.cells()["staging"]["next"]
    assert step["environment"] == "production"
    found: dict[str, Any] = step
    return found


def test_a_soak_says_how_much_of_it_is_done(repository: Repository) -> None:
    step = with_gates(repository, "{soak: 4h}")
    assert step["verdict"] == "refuse"
    assert step["soak"]["of_seconds"] == 14_400
    assert 7_190 <= step["soak"]["seconds"] <= 7_300
    assert "production: refused by soak; soak 2h" in repository.printed()[1]


def test_a_soak_that_is_over_passes(repository: Repository) -> None:
    step = with_gates(repository, "{soak: 1h}")
    assert (step["verdict"], step["soak"]) == ("pass", {"seconds": 3_600, "of_seconds": 3_600})


def test_a_gate_without_evidence_is_unknown(repository: Repository) -> None:
    with_gates(repository, "healthy")
    evidence(repository, D, 2)
    (step,) = repository.cells()["staging"]["next"]
    assert step["verdict"] != "pass"
    assert [each["gate"] for each in step["gates"]] == ["healthy"]


def test_programs_and_approvals_are_not_run(repository: Repository, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    repository.commit({"smoke.sh": f"#!/bin/sh\ntouch {marker}\n"})
    (repository.root / "smoke.sh").chmod(0o755)
    step = with_gates(repository, "{smoke: ./smoke.sh}, {approvals: 1}, healthy")
    assert step["not_run"] == ["smoke", "approvals"]
    assert not marker.exists()


def test_gates_of_which_none_was_asked_are_no_pass(repository: Repository) -> None:
    step = with_gates(repository, "{approvals: 1}")
    assert (step["verdict"], step["gates"], step["not_run"]) == ("unknown", [], ["approvals"])


def test_a_freeze_says_until_when(repository: Repository) -> None:
    step = with_gates(repository, '{freeze: {from: "2020-01-01 00:00", to: "2999-01-01 00:00", zone: UTC}}')
    assert step["verdict"] == "refuse"
    environments = {each["name"]: each for each in repository.document()["environments"]}
    assert environments["production"]["frozen_until"] == "2999-01-01T00:00:00Z"
    assert "production (frozen until 2999-01-01T00:00:00Z)" in repository.printed()[1]


def test_gates_are_those_of_the_deployed_branch_and_not_of_the_work_tree(repository: Repository) -> None:
    with_gates(repository, "healthy")
    (repository.root / "sealock.yaml").write_text(SETTINGS.replace("GATES", ""))
    (step,) = repository.cells()["staging"]["next"]
    assert [each["gate"] for each in step["gates"]] == ["healthy"]


def test_what_others_pushed_is_shown_after_a_fetch(repository: Repository, tmp_path: Path) -> None:
    repository.everywhere(A)
    publish(repository.root, tmp_path / "bare.git")
    made = push_as_stranger(tmp_path / "bare.git", {place("dev"): overlay(B)})
    assert repository.cells()["dev"]["images"][0]["digest"] == A
    document = repository.document("--fetch")
    assert (document["commit"], document["branch"]) == (made, "origin/main")
    assert repository.cells()["dev"]["images"][0]["digest"] == B


def test_what_is_not_pushed_is_not_shown(repository: Repository, tmp_path: Path) -> None:
    repository.everywhere(A)
    publish(repository.root, tmp_path / "bare.git")
    repository.commit({place("dev"): overlay(B)})
    assert repository.cells()["dev"]["images"][0]["digest"] == A


def test_a_promotion_that_waits_on_a_branch_is_shown(repository: Repository, tmp_path: Path) -> None:
    repository.everywhere(A)
    publish(repository.root, tmp_path / "bare.git")
    branch = "sealock/promote/production/ledger-0123456789ab"
    train = "sealock/promote/staging/train-0123abcd-0123456789ab"
    git(repository.root, "push", "-q", "origin", f"main:refs/heads/{branch}", f"main:refs/heads/{train}")
    document = repository.document()
    (cell,) = (each for each in document["services"] if each["open"])
    assert (cell["environment"], cell["open"][0]["branch"]) == ("production", branch)
    assert [each["branch"] for each in document["trains"]] == [train]


def test_an_overlay_that_cannot_be_read_spoils_no_other(repository: Repository) -> None:
    repository.everywhere(A)
    repository.commit({place("staging"): "images: [\n"})
    cells = repository.cells()
    assert cells["staging"]["overlays"][0]["fault"]
    assert cells["production"]["images"][0]["digest"] == A
    assert "cannot be read" in repository.printed()[1]


def test_hostile_text_is_shown_without_escapes(repository: Repository) -> None:
    repository.everywhere(A)
    reason = "Promotion-Reason: \x1b[31mred\x07\nPromotion-Plan"
    message = promotion("hotfix", "production", A, B).replace("Promotion-Plan", reason)

    repository.commit({place("production"): overlay(B)}, message)
    for form in ("table", "markdown"):
        _, text = repository.printed("ledger", "--format", form)
        assert "red" in text
        assert not set(text) & {"\x1b", "\x07"}


def test_a_service_that_is_not_there_is_a_usage_error(repository: Repository) -> None:
    repository.everywhere(A)
    code, text = repository.printed("ledgr")
    assert (code, text) == (
        2,
        "error: there is no service 'ledgr' in this repository\n  Did you mean `ledger`?\n",
    )


def test_an_environment_that_is_not_there_is_a_usage_error(repository: Repository) -> None:
    repository.everywhere(A)
    code, text = repository.printed("--env", "prodcution")
    assert code == 2
    assert "there is no environment 'prodcution'" in text


def test_a_shallow_clone_says_what_it_does_not_know(repository: Repository, tmp_path: Path) -> None:
    repository.everywhere(A)
    repository.commit({place("dev"): overlay(B)})
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository.root}", str(shallow))
    repository.root = shallow
    document = repository.document()
    assert "shallow clone" in document["incomplete"]
    assert document["services"][0]["since"]["or_before"] is True


def test_outside_of_git_it_says_so(repository: Repository, tmp_path: Path) -> None:
    repository.root = tmp_path / "plain"
    repository.root.mkdir()
    code, text = repository.printed()
    assert code == 2
    assert "no Git repository" in text


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_remembered_never_changes_the_answer(
    repository: Repository, tmp_path: Path, seed: int
) -> None:
    """Look after every few commits of a long history, with and without memory."""
    root = tmp_path / "corpus"
    write_promotions(root, services=4, commits=60, seed=seed)
    repository.root = root
    commits = git(root, "rev-list", "--reverse", "main").splitlines()
    order = [*range(0, 60, 7), 30, 59]
    for number in order:
        git(root, "update-ref", "refs/heads/main", commits[number])
        assert _timeless(repository.document()) == _timeless(repository.document("--no-cache"))


def _timeless(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "time"}


def test_a_history_of_promotions_is_the_same_at_each_run() -> None:
    assert [History(3).commit() for _ in range(2)] == [History(3).commit() for _ in range(2)]
