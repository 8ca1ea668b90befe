"""`sealock history` in real repositories: who moved what, from Git alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot
from tests.fakes.git_repositories import git, new_repository

from sealock.cli.main import run
from sealock.domain.promotion import (
    Branch,
    Car,
    EvidenceRef,
    GateResult,
    ImageMove,
    ImagePin,
    Override,
    PromotionPlan,
)
from sealock.domain.promotion_message import message

if TYPE_CHECKING:
    from pathlib import Path

    from sealock.domain.promotion import Action

A, B, C = (f"sha256:{each * 64}" for each in "abc")
IMAGE = "ghcr.io/acme/ledger"
START = 1_750_000_000


def overlay(digest: str) -> str:
    return f"images:\n  - name: {IMAGE}\n    digest: {digest}\n"


def place(environment: str) -> str:
    return f"services/ledger/overlays/{environment}/kustomization.yaml"


def plan(action: Action, environment: str, before: str, after: str, source: str = "") -> PromotionPlan:
    gate = GateResult(
        "healthy", environment, "pass", "healthy for 3h", "ledger", (EvidenceRef("health", C, "by argocd"),)
    )
    move = ImageMove(IMAGE, ImagePin(IMAGE, digest=before), ImagePin(IMAGE, digest=after))
    return PromotionPlan(
        action, Branch("", "main"), "", "", environment,
        (Car("ledger", source, environment, (), (move,)),), (), "",
        gates=(gate,) if source else (), rendered=(), author="", created="",
        override=Override() if source else Override("payments fail", "Grace <grace@example.com>"),
    )  # fmt: skip


class Repository:
    """A clone in which each commit is an hour after the one before, and `sealock history` there."""

    def __init__(self, root: Path, captured: pytest.CaptureFixture[bytes]) -> None:
        self.root = root
        self._captured = captured
        self._hours = 0
        new_repository(root, {"README.md": "words\n"})

    def commit(self, files: dict[str, str], text: str, author: str = "Ada") -> str:
        for path, content in files.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(content)
        self._hours += 1
        when = f"{START + 3600 * self._hours} +0000"
        git(self.root, "add", "-A")
        variables = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when, "GIT_AUTHOR_NAME": author}
        git(self.root, "commit", "-q", "--cleanup=verbatim", "-F", "-", stdin=text, **variables)
        return git(self.root, "rev-parse", "HEAD")

    def promote(self, action: Action, environment: str, before: str, after: str, source: str = "") -> str:
        text = message(plan(action, environment, before, after, source), f"sha256:{'9' * 64}")
        return self.commit({place(environment): overlay(after)}, text)

    def printed(self, *arguments: str) -> tuple[int, str]:
        code = run(["history", "--repo", str(self.root), *arguments])
        captured = self._captured.readouterr()
        return code, (captured.out + captured.err).decode()

    def entries(self, *arguments: str) -> list[dict[str, Any]]:
        code, text = self.printed("ledger", "--format", "json", *arguments)
        assert code == 0, text
        found: list[dict[str, Any]] = json.loads(text)["entries"]
        return found


@pytest.fixture
def repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Repository:
    monkeypatch.setenv("SEALOCK_CACHE_DIR", str(tmp_path / "cache"))
    found = Repository(tmp_path / "repository", capfdbinary)
    found.commit({place(each): overlay(A) for each in ("dev", "staging", "production")}, "everything\n")
    return found


def test_a_promotion_and_a_change_by_hand_are_told_in_words(repository: Repository) -> None:
    repository.commit({place("dev"): overlay(B)}, "ci: ledger 1.5\n")
    repository.promote("promote", "staging", A, B, "dev")
    repository.promote("hotfix", "production", A, B)
    code, text = repository.printed("ledger", "--limit", "3")
    for commit in git(repository.root, "rev-list", "HEAD").split():
        text = text.replace(commit[:12], "COMMIT")
    assert code == 0
    assert text == snapshot("""\
2025-06-15 19:06  hotfix: production, by Ada <ada@example.com> (COMMIT)
  ghcr.io/acme/ledger@sha256:aaaaaaaaaaaa → ghcr.io/acme/ledger@sha256:bbbbbbbbbbbb
  reason: payments fail
  approved by: Grace <grace@example.com>
  plan: sha256:9999999999999999999999999999999999999999999999999999999999999999
2025-06-15 18:06  promote: dev → staging, by Ada <ada@example.com> (COMMIT)
  ghcr.io/acme/ledger@sha256:aaaaaaaaaaaa → ghcr.io/acme/ledger@sha256:bbbbbbbbbbbb
  gate: healthy pass: ledger healthy for 3h
  evidence: sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc health: by argocd
  plan: sha256:9999999999999999999999999999999999999999999999999999999999999999
2025-06-15 17:06  by hand: dev, by Ada <ada@example.com> (COMMIT)
  ghcr.io/acme/ledger@sha256:aaaaaaaaaaaa → ghcr.io/acme/ledger@sha256:bbbbbbbbbbbb
  subject: ci: ledger 1.5
There is more: use --limit.
""")


def test_what_everybody_did_is_listed_newest_first(repository: Repository) -> None:
    repository.commit({place("dev"): overlay(B)}, "ci: ledger 1.5\n")
    repository.promote("promote", "staging", A, B, "dev")
    repository.promote("rollback", "staging", B, A)
    found = [(each["how"], each["source"], each["environment"]) for each in repository.entries()]
    assert found == [
        ("rollback", "", "staging"),
        ("promote", "dev", "staging"),
        ("by hand", "", "dev"),
        ("by hand", "", "dev"),
        ("by hand", "", "staging"),
        ("by hand", "", "production"),
    ]


def test_one_environment_can_be_asked_for_alone(repository: Repository) -> None:
    repository.promote("promote", "staging", A, B, "dev")
    assert {each["environment"] for each in repository.entries("--env", "staging")} == {"staging"}


def test_the_limit_says_that_there_is_more(repository: Repository) -> None:
    repository.promote("promote", "staging", A, B, "dev")
    assert len(repository.entries("--limit", "1")) == 1
    assert "There is more: use --limit." in repository.printed("ledger", "--limit", "1")[1]
    assert "There is more" not in repository.printed("ledger", "--limit", "9")[1]


def test_a_change_that_moves_no_image_is_not_history(repository: Repository) -> None:
    repository.commit({place("dev"): f"namespace: x\n{overlay(A)}"}, "words\n")
    assert len(repository.entries("--env", "dev")) == 1


def test_a_message_that_says_otherwise_than_its_files_hides_nothing(repository: Repository) -> None:
    text = message(plan("promote", "staging", A, B, "dev"), f"sha256:{'9' * 64}")
    made = repository.commit({place("staging"): overlay(C)}, text)
    found = [(each["how"], each["images"][0]["after"]) for each in repository.entries("--env", "staging")]
    assert found[:2] == [("promote", f"{IMAGE}@{B}"), ("by hand", f"{IMAGE}@{C}")]
    assert [each["commit"] for each in repository.entries("--env", "staging")][:2] == [made, made]


def test_hostile_names_and_subjects_are_shown_without_escapes(repository: Repository) -> None:
    repository.commit(
        {place("dev"): overlay(B)}, "\x1b]0;title\x07 `x` @everybody <b>\n", author="E\x1b[2Jve"
    )
    for form in ("text", "markdown"):
        code, text = repository.printed("ledger", "--format", form)
        assert code == 0
        assert "title" in text
        assert not set(text) & {"\x1b", "\x07"}
    assert "@everybody" not in text
    assert "<b>" not in text


def test_a_service_that_is_gone_still_has_its_history(repository: Repository) -> None:
    repository.promote("promote", "staging", A, B, "dev")
    git(repository.root, "rm", "-rq", "services")
    repository.commit({"README.md": "gone\n"}, "no more ledger\n")
    assert [each["how"] for each in repository.entries()] == ["promote"]


def test_a_service_that_never_was_is_a_usage_error(repository: Repository) -> None:
    code, text = repository.printed("ledgr")
    assert code == 2
    assert text == "error: there is no service 'ledgr' in this repository\n  Did you mean `ledger`?\n"


def test_a_shallow_clone_says_that_it_does_not_know_all(repository: Repository, tmp_path: Path) -> None:
    repository.promote("promote", "staging", A, B, "dev")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository.root}", "shallow")
    repository.root = tmp_path / "shallow"
    code, text = repository.printed("ledger")
    assert code == 0
    assert "Not all is known: this is a shallow clone" in text
