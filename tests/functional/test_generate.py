"""`sealock generate` on real files."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from sealock.adapters.engine import EngineRenderer, open_pool
from sealock.adapters.work_tree import DiskWorkTree
from sealock.cli.main import run
from sealock.domain.plan import FileChange
from sealock.ports import RenderRequest

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLE = Path(__file__).parents[2] / "examples" / "platform"
PATCH = "services/payment-service/overlays/production/replica-patch.yaml"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALOCK_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path / "platform"))


@pytest.fixture
def generate(repo: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Return a function that runs `sealock generate` on the copy: exit code, stdout, stderr."""

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["generate", "--repo", str(repo), *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def _tree(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): path.read_text() for path in sorted(root.rglob("*")) if path.is_file()
    }


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_the_example_is_what_the_generator_makes(generate: Callable[..., tuple[int, str, str]]) -> None:
    assert generate("--check") == (0, "nothing to change\n", "")


def test_an_empty_repository_gets_the_whole_tree_and_a_second_run_finds_nothing(
    repo: Path, generate: Callable[..., tuple[int, str, str]]
) -> None:
    whole = _tree(repo)
    for folder in ("applications", "projects", "services", ".sealock"):
        shutil.rmtree(repo / folder)

    code, out, _ = generate()

    assert (code, out.splitlines()[-1]) == (0, "96 created")
    assert _tree(repo) == whole
    assert generate() == (0, "nothing to change\n", "")


def test_check_writes_nothing_and_exits_1(repo: Path, generate: Callable[..., tuple[int, str, str]]) -> None:
    _edit(repo / "services.yaml", "replicas: 5", "replicas: 6")
    before = _tree(repo)

    assert generate("--check") == snapshot(
        (
            1,
            """\
  update  services/payment-service/overlays/production/replica-patch.yaml
  update  services/payment-service/overlays/staging/replica-patch.yaml
2 to update
""",
            "",
        )
    )
    assert _tree(repo) == before


def test_plan_prints_a_diff_that_git_applies_to_the_same_tree(
    repo: Path, generate: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    _edit(repo / "services.yaml", "autoscale: {min: 3", "autoscale: {min: 4")
    _edit(repo / "services.yaml", "    config: {LOG_LEVEL: info, CURRENCY: EUR}\n", "")
    before = _tree(repo)
    _, diff, _ = generate("--plan")
    assert _tree(repo) == before
    copy = shutil.copytree(repo, tmp_path / "copy")
    subprocess.run(["git", "init", "-q"], cwd=copy, check=True)
    subprocess.run(["git", "apply"], cwd=copy, input=diff, text=True, check=True)

    assert generate()[0] == 0

    outside = {path: text for path, text in _tree(copy).items() if not path.startswith((".git/", ".sealock"))}
    assert outside == {path: text for path, text in _tree(repo).items() if not path.startswith(".sealock")}


def test_a_conflict_names_both_values_and_the_line(
    repo: Path, generate: Callable[..., tuple[int, str, str]]
) -> None:
    _edit(repo / PATCH, "replicas: 5", "replicas: 7")
    _edit(repo / "services.yaml", "replicas: 5", "replicas: 6")

    code, out, err = generate()

    assert (code, out.splitlines()[-1]) == (1, "1 updated")
    assert err.replace(PATCH, "PATCH") == snapshot("""\
PATCH:6:13: conflict: spec.replicas: changed on both sides
  on disk:   7
  generated: 6
  Edit the file; or run again with --keep PATH (disk wins) or --replace PATH.
""")
    assert "replicas: 7" in (repo / PATCH).read_text()


def test_a_hand_edit_is_seen_although_the_last_run_found_nothing(
    repo: Path, generate: Callable[..., tuple[int, str, str]]
) -> None:
    generate()
    (repo / PATCH).unlink()

    assert generate()[2] == f"{PATCH}: note: was deleted by hand and stays so; --recreate writes it again\n"


def test_json_is_the_contract(generate: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = generate("--plan", "--format", "json")
    answer = json.loads(out)

    assert (code, answer["schema"], len(answer["applications"])) == (0, "sealock/generate/v1", 15)
    assert set(answer["applications"][0]) == {"filename", "content"}
    assert answer["applications"][0]["filename"] == "applications/ledger-dev.yaml"


def test_explain_says_where_each_value_comes_from(generate: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = generate("--explain", "mailer")

    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()[:3]] == snapshot(
        [["ENVIRONMENT", "FIELD"], ["all", "namespace"], ["all", "project"]]
    )


def test_a_service_that_left_is_removed_with_prune_only(
    repo: Path, generate: Callable[..., tuple[int, str, str]]
) -> None:
    text = (repo / "services.yaml").read_text()
    (repo / "services.yaml").write_text(text[: text.index("  # Everything by default")])

    code, _, err = generate()
    assert (code, err.count("warning: mailer in"), (repo / "services/mailer").exists()) == (0, 3, True)
    code, out, _ = generate("--prune")
    assert (code, out.splitlines()[-1], (repo / "services/mailer").exists()) == (0, "18 deleted", False)


def test_a_broken_catalog_writes_nothing_and_exits_2(
    repo: Path, generate: Callable[..., tuple[int, str, str]]
) -> None:
    _edit(repo / "services.yaml", "needs: [ledger]", "needs: [ledgre]")
    before = _tree(repo)

    code, _, err = generate()

    assert (code, "services.yaml:" in err, _tree(repo)) == (2, True, before)


def test_without_a_catalog_it_says_so(repo: Path, generate: Callable[..., tuple[int, str, str]]) -> None:
    (repo / "services.yaml").unlink()

    assert generate() == snapshot(
        (
            2,
            "",
            """\
error: there is no services.yaml
  Write one, or say where it is with --repo DIR.
""",
        )
    )


def test_force_alone_is_a_usage_error(generate: Callable[..., tuple[int, str, str]]) -> None:
    assert generate("--force")[0] == 2


def test_an_interrupted_run_is_finished_before_anything_else(
    repo: Path, generate: Callable[..., tuple[int, str, str]]
) -> None:
    """The next run completes a committed write that died half-way, then plans on the result."""
    program = (
        "import os, signal, sys\n"
        "from sealock.adapters.work_tree import DiskWorkTree\n"
        "from sealock.domain.plan import FileChange\n"
        "step = lambda text: text.startswith('put ') and os.kill(os.getpid(), signal.SIGKILL)\n"
        "DiskWorkTree(sys.argv[1], step).write([FileChange('half.yaml', None, 'whole\\n')])\n"
    )
    subprocess.run([sys.executable, "-c", program, str(repo)], check=False)
    assert not (repo / "half.yaml").exists()

    assert generate()[0] == 0

    assert (repo / "half.yaml").read_text() == "whole\n"
    assert [path.name for path in (repo / ".sealock").iterdir() if path.is_dir()] == ["generated"]


def test_another_writer_is_a_conflict(repo: Path, generate: Callable[..., tuple[int, str, str]]) -> None:
    _edit(repo / "services.yaml", "replicas: 5", "replicas: 6")
    codes = []

    def step(_: str) -> None:
        codes.append(generate()[0])

    DiskWorkTree(str(repo), step).write([FileChange("other.yaml", None, "x\n")])

    assert set(codes) == {4}


@pytest.mark.engine
def test_every_overlay_of_the_example_passes_the_api_server_s_validation() -> None:
    overlays = tuple(str(each.relative_to(EXAMPLE)) for each in sorted(EXAMPLE.glob("services/*/overlays/*")))
    with open_pool() as pool:
        renderer = EngineRenderer(pool, str(EXAMPLE))
        request = RenderRequest(overlays, frozenset({"objects", "admission"}))
        found = {each.overlay: each for each in renderer.render(request)}

    assert len(found) == 15
    assert {name: each.failure for name, each in found.items() if each.failure} == {}
    verdicts = [thing.admission for each in found.values() for thing in each.objects]
    assert [each for each in verdicts if each is None or each.errors or each.warnings or each.undecided] == []
