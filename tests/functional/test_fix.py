"""`sealock check --fix` and `--diff` on real files, with the real engine."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from sealock.cli.main import run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ledger
spec:
  replicas: 3
  selector:
    matchLabels: {app: ledger}
  template:
    metadata:
      labels: {app: ledger}
    spec:
      containers:
        - name: ledger
          image: ghcr.io/acme/ledger:1.8.3
"""
PATCH = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: ledger\nspec:\n  replicas: 1\n"
BASE = (
    "# Everything of the ledger.\nresources:\n  - deployment.yaml\ncommonLabels:\n  team: payments # ours\n"
)
DEV = """\
namespace: payments
bases:
- ../../base
patchesJson6902:
- target: {kind: Deployment, name: ledger}
  patch: |-
    - op: replace
      path: /spec/replicas
      value: 2
patchesStrategicMerge:
- patch.yaml
"""


class Repository:
    """Files, and `sealock check` on them."""

    def __init__(self, root: Path, captured: pytest.CaptureFixture[bytes]) -> None:
        self.root = root
        self._captured = captured
        self.write("base/deployment.yaml", DEPLOYMENT)
        self.write("base/kustomization.yaml", BASE)
        self.write("overlays/dev/kustomization.yaml", DEV)
        self.write("overlays/dev/patch.yaml", PATCH)

    def write(self, file: str, text: str) -> None:
        (self.root / file).parent.mkdir(parents=True, exist_ok=True)
        (self.root / file).write_bytes(text.encode())

    def texts(self) -> dict[str, str]:
        files = (path for path in self.root.rglob("*") if path.is_file())
        return {path.relative_to(self.root).as_posix(): path.read_bytes().decode() for path in files}

    def check(self, *arguments: str) -> tuple[int, str, str]:
        code = run(["check", "--repo", str(self.root), *arguments])
        printed = self._captured.readouterr()
        return code, printed.out.decode(), printed.err.decode()

    def render(self, overlay: str = "overlays/dev") -> str:
        assert run(["render", "--repo", str(self.root), str(self.root / overlay)]) == 0
        return self._captured.readouterr().out.decode()


@pytest.fixture
def repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Repository:
    monkeypatch.setenv("SEALOCK_CACHE_DIR", str(tmp_path / "cache"))
    return Repository(tmp_path / "repository", capfdbinary)


def test_fix_rewrites_every_field_and_no_render_changes(repository: Repository) -> None:
    before = repository.render()
    code, out, err = repository.check("--fix")
    assert (code, err) == (0, "Fixed 4 findings in 2 files.\n")
    assert "0 errors, 0 undecided" in out
    assert before == repository.render()
    texts = repository.texts()
    assert texts["base/kustomization.yaml"] == snapshot(
        """\
# Everything of the ledger.
resources:
  - deployment.yaml
labels:
  - pairs:
      team: payments # ours
    includeSelectors: true
"""
    )
    assert texts["overlays/dev/kustomization.yaml"] == snapshot(
        """\
namespace: payments
resources:
- ../../base
patches:
- path: patch.yaml
- target: {kind: Deployment, name: ledger}
  patch: |-
    - op: replace
      path: /spec/replicas
      value: 2
"""
    )


def test_a_second_fix_changes_nothing(repository: Repository) -> None:
    repository.check("--fix")
    once = repository.texts()
    assert repository.check("--fix")[2] == "Nothing was fixed.\n"
    assert once == repository.texts()


def test_diff_prints_what_fix_writes_and_writes_nothing(repository: Repository) -> None:
    before = repository.texts()
    code, out, err = repository.check("--diff")
    assert (code, err) == (1, "")
    assert before == repository.texts()
    applied = subprocess.run(
        ["git", "apply", "-"], cwd=repository.root, input=out.encode(), capture_output=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert (applied.returncode, applied.stderr) == (0, b"")
    by_hand = repository.texts()
    for file, text in before.items():
        repository.write(file, text)
    repository.check("--fix")
    assert by_hand == repository.texts()
    assert repository.check("--diff") == (0, "", "")


def test_a_fix_that_changes_a_render_is_left_out_and_said(repository: Repository) -> None:
    moved = DEV.replace("/spec/replicas", "/metadata/namespace").replace("value: 2", "value: other")
    repository.write("overlays/dev/kustomization.yaml", moved)
    before = repository.render()
    code, out, err = repository.check("--fix")
    assert code == 0
    assert "note[deprecated-field]: `patchesJson6902` is deprecated" in out
    assert err == snapshot(
        """\
Fixed 3 findings in 2 files.
overlays/dev/kustomization.yaml:4:1: not fixed: `patchesJson6902` is deprecated: overlays/dev would render \
differently
"""
    )
    assert before == repository.render()


def test_a_shared_base_is_proven_for_overlays_that_no_path_names(repository: Repository) -> None:
    # What does not build proves nothing about the base that it reads.
    broken = "namespace: payments\nresources:\n- ../../base\n- missing.yaml\n"
    repository.write("overlays/broken/kustomization.yaml", broken)
    _, _, err = repository.check("overlays/dev", "--fix", "--select", "deprecated-field")
    assert "base/kustomization.yaml:4:1: not fixed" in err
    assert "overlays/broken would render differently" in err
    assert repository.texts()["base/kustomization.yaml"] == BASE


def test_a_waived_finding_is_not_fixed(repository: Repository) -> None:
    comment = "  # sealock: waive deprecated-field until 2999-01-01: the next release needs it"
    repository.write("base/kustomization.yaml", BASE.replace("commonLabels:", f"commonLabels:{comment}"))
    repository.check("--fix")
    assert "commonLabels" in repository.texts()["base/kustomization.yaml"]


def test_an_unsafe_fix_needs_the_word(repository: Repository) -> None:
    repository.check("--fix")
    text = repository.texts()["overlays/dev/kustomization.yaml"]
    annotated = text + "commonAnnotations:\n  argocd.argoproj.io/sync-options: 'PruneLast=True' # why\n"
    repository.write("overlays/dev/kustomization.yaml", annotated)
    code, out, err = repository.check("--fix")
    assert (code, err) == (1, "Nothing was fixed.\n")
    assert "fixable: 1 with `--fix --unsafe`" in out
    code, _, err = repository.check("--fix", "--unsafe")
    assert (code, err) == (0, "Fixed 1 finding in 1 file.\n")
    fixed = annotated.replace("PruneLast=True", "PruneLast=true")
    assert fixed == repository.texts()["overlays/dev/kustomization.yaml"]


def test_unsafe_alone_is_a_usage_error(repository: Repository) -> None:
    code, _, err = repository.check("--unsafe")
    assert code == 2
    assert "--unsafe says how much to fix" in err


def test_the_report_says_how_many_are_fixable(repository: Repository) -> None:
    assert "fixable: 4 with `--fix`" in repository.check()[1]


def test_line_breaks_of_windows_and_a_missing_last_one_stay(repository: Repository) -> None:
    repository.write("overlays/dev/kustomization.yaml", DEV.replace("\n", "\r\n").removesuffix("\r\n"))
    repository.check("--fix")
    text = repository.texts()["overlays/dev/kustomization.yaml"]
    assert "patchesStrategicMerge" not in text
    assert text.count("\n") == text.count("\r\n")
    assert not text.endswith("\n")
