"""Every overlay, byte for byte as `kustomize build` of the same version prints it."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from bench.corpus import write_repository
from bench.rivals import KUSTOMIZE, install

from sealock.adapters.engine import EngineRenderer, RenderOptions, open_pool
from sealock.adapters.file_tree import RepositoryFiles
from sealock.domain.overlays import KUSTOMIZATION_NAMES, discover, read_kustomization
from sealock.ports import RenderRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[2]
NASTY = ROOT / "tests" / "corpus" / "nasty"
VERSION = KUSTOMIZE.rpartition("@")[2]
# Without collecting garbage a short-lived program is a third faster; the output is the same.
OWN_ENVIRONMENT = {"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", ""), "GOGC": "off"}

pytestmark = [pytest.mark.differential, pytest.mark.engine, pytest.mark.timeout(900)]


class Outcome(NamedTuple):
    """What a renderer made of an overlay: its YAML, or None where it refuses."""

    yaml: str | None
    complaint: str = ""


@pytest.fixture(scope="session")
def kustomize() -> Path:
    """Return kustomize's own program, built from its module once."""
    try:
        program = install(KUSTOMIZE)
    except (SystemExit, subprocess.CalledProcessError) as wrong:
        pytest.fail(f"kustomize {VERSION} could not be built: {wrong}")
    said = subprocess.run([program, "version"], capture_output=True, text=True, check=True).stdout.strip()
    assert said in {VERSION, "(devel)"}
    return program


def theirs(kustomize: Path, root: Path, overlays: Iterable[str]) -> dict[str, Outcome]:
    def build(overlay: str) -> Outcome:
        command = [str(kustomize), "build", str(root / overlay)]
        done = subprocess.run(command, env=OWN_ENVIRONMENT, capture_output=True, check=False)
        yaml = done.stdout.decode() if done.returncode == 0 else None
        return Outcome(yaml, done.stderr.decode())

    with ThreadPoolExecutor(2) as threads:
        return dict(zip(overlays, threads.map(build, overlays), strict=True))


def ours(root: Path, overlays: Iterable[str], want: frozenset[str]) -> dict[str, Outcome]:
    with open_pool() as pool:
        renderer = EngineRenderer(pool, str(root), RenderOptions())
        renders = renderer.render(RenderRequest(tuple(overlays), want))
        return {
            each.overlay: Outcome(None, each.failure.message) if each.failure else Outcome(each.yaml or "")
            for each in renders
        }


def kustomizations(root: Path) -> list[str]:
    """Return every folder with a kustomization that is no Component, bases too."""
    return [
        path.parent.relative_to(root).as_posix()
        for path in sorted(root.rglob("*ustomization*"))
        if path.name in KUSTOMIZATION_NAMES and read_kustomization(path.read_text(), "")[0] != "Component"
    ]


def differing(root: Path, overlays: list[str], kustomize: Path, want: frozenset[str]) -> dict[str, object]:
    """Return the overlays on which the two disagree, with both outcomes."""
    expected, actual = theirs(kustomize, root, overlays), ours(root, overlays, want)
    assert expected.keys() == actual.keys()
    return {
        name: (expected[name], actual[name]) for name in overlays if expected[name].yaml != actual[name].yaml
    }


@pytest.mark.parametrize("want", [{"yaml"}, {"yaml", "objects"}], ids=["yaml", "yaml and objects"])
def test_the_nasty_overlays(kustomize: Path, want: set[str]) -> None:
    overlays = kustomizations(NASTY)
    assert len(overlays) >= 50
    assert differing(NASTY, overlays, kustomize, frozenset(want)) == {}


def test_what_kustomize_refuses_is_refused_and_nothing_else(kustomize: Path) -> None:
    refused = [
        name
        for name, outcome in theirs(kustomize, NASTY, kustomizations(NASTY)).items()
        if outcome.yaml is None
    ]
    assert refused == [name for name in kustomizations(NASTY) if name.startswith("refused-")]


def test_the_order_of_overlays_changes_nothing(kustomize: Path) -> None:
    overlays = kustomizations(NASTY)[::-1]
    assert differing(NASTY, overlays, kustomize, frozenset({"yaml"})) == {}


def test_the_examples(kustomize: Path) -> None:
    examples = ROOT / "examples"
    overlays = kustomizations(examples)
    assert overlays
    assert differing(examples, overlays, kustomize, frozenset({"yaml"})) == {}


def test_three_hundred_overlays(kustomize: Path, tmp_path: Path) -> None:
    write_repository(tmp_path, overlays=300)
    files = RepositoryFiles(str(tmp_path))
    overlays = [each.path for each in discover(files.files(), files.read_text)]
    assert len(overlays) == 300
    assert differing(tmp_path, overlays, kustomize, frozenset({"yaml"})) == {}
