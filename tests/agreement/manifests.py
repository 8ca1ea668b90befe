"""The right objects that the corpora start from, by a short name."""

from __future__ import annotations

import copy
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sealock.adapters.engine import open_pool, open_renderer
from sealock.ports import RenderRequest

Manifest = dict[str, Any]

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ADMIT = ROOT / "engine" / "internal" / "admit" / "testdata"
EXAMPLES = ROOT / "examples" / "platform"


def documents(path: Path) -> list[Manifest]:
    """Return the documents of a YAML file."""
    return [each for each in yaml.load_all(path.read_text(), yaml.CSafeLoader) if each is not None]


@cache
def rendered_examples() -> dict[str, tuple[Manifest, ...]]:
    """Return the objects of every overlay of the example repository, bases too, by its path."""
    overlays = sorted(
        path.parent.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.rglob("kustomization.yaml")
    )
    request = RenderRequest(tuple(overlays), frozenset({"objects"}))
    with open_pool() as pool:
        renders = {
            each.overlay: each for each in open_renderer(pool, str(EXAMPLES), cached=False).render(request)
        }
    assert [render.failure for render in renders.values() if render.failure] == []
    return {name: tuple(each.manifest for each in renders[name].objects) for name in overlays}


@cache
def _bases() -> dict[str, Manifest]:
    rendered = [
        each
        for overlay, objects in rendered_examples().items()
        if overlay.endswith("/production")
        for each in objects
    ]
    return {
        f"{each['kind']} {each['metadata']['name']}": each
        for each in (*rendered, *documents(HERE / "bases.yaml"), *documents(HERE / "custom_resources.yaml"))
    }


def base(name: str) -> Manifest:
    """Return a fresh copy of the right object called `Kind name`. Raises KeyError."""
    return copy.deepcopy(_bases()[name])


@cache
def definitions() -> tuple[Manifest, ...]:
    """Return CustomResourceDefinitions: our own, and those of the Argo CD that the engine is built from."""
    command = ["go", "list", "-m", "-f", "{{.Dir}}", "github.com/argoproj/argo-cd/v3"]
    listed = subprocess.run(
        command, cwd=ROOT / "engine", capture_output=True, text=True, check=True, timeout=60
    )
    folder = Path(listed.stdout.strip()) / "manifests" / "crds"
    files = [HERE / "definitions.yaml", *sorted(folder.glob("*-crd.yaml"))]
    return tuple(each for file in files for each in documents(file))
