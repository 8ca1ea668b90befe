"""`sealock diff` on real repositories, with the real engine."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sealock import wiring
from sealock.cli.main import run
from sealock.ports import RenderRequest

pytestmark = pytest.mark.engine
PLATFORM = Path(__file__).parents[2] / "examples" / "platform"
LEDGER = "services/ledger"
PRODUCTION = f"{LEDGER}/overlays/production"
REPLICAS = f"{PRODUCTION}/replica-patch.yaml"


class Repository:
    """A copy of the example platform under Git, and `sealock diff` in it."""

    def __init__(self, root: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
        self.root = root
        self._captured = capfdbinary
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit("first")

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=self.root, check=True, capture_output=True, timeout=60
        )
        return done.stdout.decode()

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.root / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def append(self, file: str, text: str) -> None:
        path = self.root / file
        path.write_text(path.read_text() + text)

    def diff(self, *arguments: str) -> tuple[int, str]:
        """Return the exit code and what was printed, errors included."""
        code = run(["diff", "--repo", str(self.root), *arguments])
        printed = self._captured.readouterr()
        return code, (printed.out + printed.err).decode()

    def report(self, *arguments: str) -> dict[str, Any]:
        _, printed = self.diff("--format", "json", *arguments)
        found: dict[str, Any] = json.loads(printed)
        return found

    def overlays(self, *arguments: str) -> list[str]:
        return [each["overlay"] for each in self.report(*arguments)["overlays"]]

    def dangers(self, *arguments: str) -> list[tuple[str, str]]:
        return [(each["kind"], each["object"]) for each in self.report(*arguments)["dangers"]]

    def fields(self, *arguments: str) -> list[str]:
        objects = [each for overlay in self.report(*arguments)["overlays"] for each in overlay["objects"]]
        return [field["path"] for each in objects for field in each["fields"]]


@pytest.fixture
def repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Repository:
    shutil.copytree(PLATFORM, tmp_path / "platform")
    monkeypatch.setenv("SEALOCK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("SEALOCK_ENGINES", "1")
    return Repository(tmp_path / "platform", capfdbinary)


def test_nothing_changed_is_no_difference(repository: Repository) -> None:
    code, printed = repository.diff("--exit-code")
    assert code == 0
    assert printed.splitlines()[-1] == (
        "0 overlays affected, 0 objects changed, 0 added, 0 removed; 0 dangers"
    )


def test_without_revisions_the_work_tree_counts_uncommitted_and_new_files_included(
    repository: Repository,
) -> None:
    repository.edit(REPLICAS, "replicas: 3", "replicas: 4")
    (repository.root / PRODUCTION / "new.yaml").write_text(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: extra}\n"
    )
    repository.append(f"{PRODUCTION}/kustomization.yaml", "components: []\n")
    repository.edit(f"{PRODUCTION}/kustomization.yaml", "- ../../base", "- ../../base\n  - new.yaml")
    found = repository.report()
    (overlay,) = found["overlays"]
    assert [(each["op"], each["kind"], each["name"]) for each in overlay["objects"]] == [
        ("added", "ServiceAccount", "extra"),
        ("changed", "Deployment", "ledger"),
    ]
    assert found["after"] == "work tree"


def test_exit_code_tells_differences_only_when_asked(repository: Repository) -> None:
    repository.edit(REPLICAS, "replicas: 3", "replicas: 4")
    assert repository.diff()[0] == 0
    assert repository.diff("--exit-code")[0] == 1


def test_two_dots_compare_two_trees_and_three_what_a_branch_did(repository: Repository) -> None:
    repository.git("branch", "topic")
    repository.edit(REPLICAS, "replicas: 3", "replicas: 4")
    repository.commit("on main")
    repository.git("checkout", "--quiet", "topic")
    repository.edit("services/search/overlays/dev/replica-patch.yaml", "replicas: ", "replicas: 1")
    repository.commit("on topic")
    assert repository.overlays("main..topic") == [PRODUCTION, "services/search/overlays/dev"]
    assert repository.overlays("main...topic") == ["services/search/overlays/dev"]
    assert repository.overlays("topic..main") == [PRODUCTION, "services/search/overlays/dev"]
    assert repository.overlays("topic...main") == [PRODUCTION]


def test_nothing_is_checked_out_and_nothing_written(repository: Repository) -> None:
    repository.edit(REPLICAS, "replicas: 3", "replicas: 4")
    repository.commit("second")
    repository.edit(REPLICAS, "replicas: 4", "replicas: 5")
    before = repository.git("status", "--porcelain"), repository.git("stash", "list")
    assert repository.fields("HEAD~1..HEAD") == ["spec.replicas"]
    assert (repository.git("status", "--porcelain"), repository.git("stash", "list")) == before


def test_a_base_concerns_every_overlay_that_reads_it(repository: Repository) -> None:
    repository.edit(f"{LEDGER}/base/deployment.yaml", "containerPort: ", "containerPort: 1")
    overlays = [f"{LEDGER}/overlays/{each}" for each in ("dev", "production", "staging")]
    assert repository.overlays() == overlays
    assert repository.overlays("--overlay", PRODUCTION) == [PRODUCTION]


def test_an_overlay_that_is_new_or_gone_is_shown_whole(repository: Repository) -> None:
    shutil.copytree(repository.root / PRODUCTION, repository.root / LEDGER / "overlays" / "canary")
    shutil.rmtree(repository.root / LEDGER / "overlays" / "dev")
    found = {each["overlay"]: each for each in repository.report()["overlays"]}
    assert {path: each["state"] for path, each in found.items()} == {
        f"{LEDGER}/overlays/canary": "added",
        f"{LEDGER}/overlays/dev": "removed",
    }
    assert {each["op"] for each in found[f"{LEDGER}/overlays/dev"]["objects"]} == {"removed"}


def test_an_overlay_that_does_not_render_is_undecided(repository: Repository) -> None:
    repository.edit(f"{PRODUCTION}/kustomization.yaml", "- ../../base", "- ../../nowhere")
    code, printed = repository.diff("--exit-code")
    assert code == 3
    assert f"undecided: {PRODUCTION} does not render after the change" in printed
    repository.commit("broken")
    repository.append(f"{PRODUCTION}/kustomization.yaml", "# a comment\n")
    (undecided,) = repository.report()["undecided"]
    assert (undecided["overlay"], undecided["side"]) == (PRODUCTION, "both")


def test_an_overlay_that_was_broken_before_and_is_not_touched_is_not_spoken_of(
    repository: Repository,
) -> None:
    repository.edit(f"{PRODUCTION}/kustomization.yaml", "- ../../base", "- ../../nowhere")
    repository.commit("broken")
    repository.edit("services/search/overlays/dev/replica-patch.yaml", "replicas: ", "replicas: 1")
    assert repository.report()["undecided"] == []


def test_a_generated_name_that_moved_with_its_references_is_one_change(repository: Repository) -> None:
    overlay = f"{LEDGER}/overlays/dev"
    repository.append(
        f"{overlay}/kustomization.yaml",
        "configMapGenerator:\n- name: extra\n  literals: [MODE=on]\n",
    )
    repository.append(
        f"{overlay}/replica-patch.yaml",
        "  template:\n    spec:\n      containers:\n      - name: ledger\n"
        "        envFrom:\n        - configMapRef: {name: extra}\n",
    )
    repository.commit("generated")
    repository.edit(f"{overlay}/kustomization.yaml", "MODE=on", "MODE=off")
    (found,) = repository.report()["overlays"]
    (change,) = found["objects"]
    assert [(field["path"], field["before"], field["after"]) for field in change["fields"]] == [
        ("data.MODE", "on", "off")
    ]
    assert (change["references"], change["followers"]) == (1, ["Deployment ledger"])


def test_no_format_prints_a_secret(repository: Repository) -> None:
    repository.append(
        f"{PRODUCTION}/kustomization.yaml",
        "secretGenerator:\n- name: key\n  literals: [PASSWORD=hunter2]\n"
        "  options: {disableNameSuffixHash: true}\n",
    )
    for form in ("text", "markdown", "json", "html"):
        added = repository.diff("--format", form)[1]
        assert "PASSWORD" in added
        assert "aHVudGVyMg" not in added
        assert "hunter2" not in added
    repository.commit("secret")
    repository.edit(f"{PRODUCTION}/kustomization.yaml", "hunter2", "hunter3")
    for form in ("text", "markdown", "json", "html"):
        changed = repository.diff("--format", form)[1]
        assert "data.PASSWORD" in changed
        assert "aHVudGVy" not in changed


def test_dangers_are_found(repository: Repository) -> None:
    repository.edit(REPLICAS, "replicas: 3", "replicas: 0")
    repository.edit(
        f"{LEDGER}/base/deployment.yaml", "app.kubernetes.io/name: ledger", "app.kubernetes.io/name: book"
    )
    repository.edit("services/search/base/kustomization.yaml", "  - service.yaml\n", "")
    found = set(repository.dangers())
    assert ("scaled-to-zero", "Deployment payments/ledger") in found
    assert ("immutable-field", "Deployment payments/ledger") in found
    kinds = {
        each["overlay"].rpartition("/")[2]: (each["kind"], each["applications"])
        for each in repository.report()["dangers"]
        if each["object"] == "Service shop/search"
    }
    assert kinds == {
        "dev": ("pruned", ["search-dev"]),
        "staging": ("pruned", ["search-staging"]),
        "production": ("orphaned", ["search-production"]),
    }


def test_an_overlay_that_reads_what_git_ignores_is_undecided(repository: Repository) -> None:
    (repository.root / ".gitignore").write_text("replica-patch.yaml\n")
    repository.git("rm", "--quiet", "--cached", REPLICAS)
    repository.commit("generated elsewhere")
    found = repository.report()
    assert [(each["overlay"], each["side"]) for each in found["undecided"]] == [(PRODUCTION, "before")]


def test_changed_files_that_no_overlay_reads_are_named(repository: Repository) -> None:
    repository.append("services.yaml", "# a comment\n")
    assert repository.report()["unread"] == ["services.yaml"]


def test_other_options_of_kustomize_concern_everything(repository: Repository) -> None:
    repository.append("sealock.yaml", "kustomize: {loadRestrictor: none}\n")
    found = repository.report()
    assert (found["summary"]["affected"], found["summary"]["same"]) == (0, 15)


@pytest.mark.parametrize("revisions", ["nowhere", "HEAD..nowhere", "--overlay=services/nowhere"])
def test_what_does_not_exist_is_a_usage_error(repository: Repository, revisions: str) -> None:
    code, printed = repository.diff(revisions)
    assert code == 2
    assert "nowhere" in printed


def test_a_second_run_says_the_same(repository: Repository) -> None:
    repository.edit(REPLICAS, "replicas: 3", "replicas: 4")
    first = repository.diff()
    assert repository.diff() == first
    assert repository.diff("--no-cache") == first


def _rendered(root: Path) -> dict[str, Any]:
    files = wiring.files(root.as_posix())
    folders = {file.rpartition("/")[0] for file in files.files() if file.endswith("/kustomization.yaml")}
    overlays = tuple(sorted(each for each in folders if "/overlays/" in each))
    with wiring.engines() as pool:
        renderer = wiring.renderer(pool, files, cached=False)
        return {
            each.overlay: [one.manifest for one in each.objects] if each.failure is None else "failed"
            for each in renderer.render(RenderRequest(overlays))
        }


def _disturb(root: Path, choose: random.Random) -> None:
    """Change, add, remove or move some file at random."""
    files = sorted(path for path in (root / "services").rglob("*.yaml"))
    file = choose.choice(files)
    match choose.randrange(5):
        case 0:
            file.unlink()
        case 1:
            file.write_text(file.read_text().replace("ledger", "book").replace("replicas: ", "replicas: 1"))
        case 2:
            file.with_name("kustomization.yml").write_text(choose.choice(files).read_text())
        case 3:
            file.rename(file.with_name("moved.yaml"))
        case 4:
            file.write_text(f"{file.read_text()}\n# only a comment\n")


@pytest.mark.parametrize("seed", range(4))
def test_no_overlay_that_renders_otherwise_is_missed(repository: Repository, seed: int) -> None:
    choose = random.Random(seed)  # noqa: S311 - the same at each run
    before = _rendered(repository.root)
    for _ in range(choose.randrange(1, 4)):
        _disturb(repository.root, choose)
    after = _rendered(repository.root)
    differing = {each for each in before.keys() | after.keys() if before.get(each) != after.get(each)}
    found = repository.report()
    assert differing <= {each["overlay"] for each in [*found["overlays"], *found["undecided"]]}
