"""What the engine renders before and after an edit differs in the image alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from tests.promotion.layouts.layout import NAMES, NEW, Layout, read_layout
from tests.promotion.test_image_sites import FOLDER, PIN, SETTINGS, reader

from sealock.adapters.engine import EngineRenderer, RenderOptions, open_pool
from sealock.app.image_sites import edit, find_sites
from sealock.cli.main import run
from sealock.domain.overlays import KUSTOMIZATION_NAMES
from sealock.domain.service_overlays import ServiceOverlay
from sealock.ports import RenderRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Render: TypeAlias = "Callable[[dict[str, str]], list[dict[str, Any]]]"
pytestmark = pytest.mark.engine

PLATFORM = Path(__file__).parents[2] / "examples" / "platform"
URL = "https://github.com/acme/platform-manifests.git"
IMAGES = ("ghcr.io/acme/api", "ghcr.io/acme/web", "ghcr.io/acme/job", "api", "web")
CONTAINERS = "".join(
    f"      - {{name: c{number}, image: '{name}:1'}}\n" for number, name in enumerate(IMAGES)
)
BASE = {
    "services/api/base/kustomization.yaml": "resources: [deployment.yaml, other.yaml]\n",
    "services/api/base/deployment.yaml": f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: api}}
spec:
  template:
    spec:
      containers:
{CONTAINERS}""",
    "services/api/base/other.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: other}}\n",
}
PATCH = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  template:
    spec:
      containers:
      - name: c0
        image: ghcr.io/acme/api:patched # by hand
"""
COMPONENT = (
    "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nimages:\n- {name: api, newTag: v1}\n"
)
ON_THE_BASE = "resources:\n- ../../base\n"
OPERATION = """\
- target: {kind: Deployment}
  patch: |-
    - {op: replace, path: /spec/template/spec/containers/0/image, value: "ghcr.io/acme/api:2"}
"""
REPOSITORIES = {
    "base": {},
    "images": {"": "images:\n- name: ghcr.io/acme/api\n  newTag: v1 # by hand\n"},
    "patch": {"": "patches:\n- path: patch.yaml\n", "patch.yaml": PATCH},
    "patch below images": {
        "": "patches:\n- path: patch.yaml\nimages:\n- name: ghcr.io/acme/api\n  newTag: v1\n",
        "patch.yaml": PATCH,
    },
    "operation above a patch": {
        "": f"patches:\n- path: patch.yaml\n{OPERATION}",
        "patch.yaml": PATCH,
    },
    "operation above a strategic patch": {
        "": f"patchesJson6902:\n{OPERATION.replace('{kind', '{version: v1, name: api, group: apps, kind')}"
        "patchesStrategicMerge: [patch.yaml]\n",
        "patch.yaml": PATCH,
    },
    "patch above a strategic patch": {
        "": f"patches:\n{OPERATION}patchesStrategicMerge: [patch.yaml]\n",
        "patch.yaml": PATCH,
    },
    "operation of old above a patch": {
        "": f"patchesJson6902:\n{OPERATION.replace('{kind', '{version: v1, name: api, group: apps, kind')}"
        "patches: [{path: patch.yaml}]\n",
        "patch.yaml": PATCH,
    },
    "patch above a component": {
        "": "components: [../../component]\npatches:\n- path: patch.yaml\n",
        "patch.yaml": PATCH,
        "../../component/kustomization.yaml": COMPONENT,
    },
    "twice in images": {
        "": "images:\n- {name: ghcr.io/acme/api, newTag: v1}\n- {name: ghcr.io/acme/api, newTag: v2}\n"
    },
    "expression": {"": "images:\n- name: ghcr.io/.*/api\n  newTag: v1\n"},
}


@pytest.fixture(scope="module")
def render(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Render]:
    root = tmp_path_factory.mktemp("repository")
    with open_pool() as pool:
        renderer = EngineRenderer(pool, str(root), RenderOptions())
        counted = iter(range(1_000_000))

        def rendered(files: dict[str, str]) -> list[dict[str, Any]]:
            folder = f"r{next(counted)}"
            write(root / folder, files)
            (done,) = renderer.render(RenderRequest((f"{folder}/{FOLDER}",)))
            assert done.failure is None, done.failure
            return [each.manifest for each in done.objects]

        yield rendered


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode())


def differing(before: Any, after: Any, path: str = "") -> dict[str, tuple[Any, Any]]:  # noqa: ANN401 - JSON
    """Return the leaves that differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        pairs = [(f"{path}.{key}", before.get(key), after.get(key)) for key in before | after]
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = [(f"{path}[{index}]", *each) for index, each in enumerate(zip(before, after, strict=True))]
    else:
        return {} if before == after else {path: (before, after)}
    return {key: value for each in pairs for key, value in differing(each[1], each[2], each[0]).items()}


def kustomization(layout: Layout, text: str) -> dict[str, str]:
    """Return a repository whose overlay is a layout's kustomization."""
    if "../../base" not in text:
        text += f"{'' if text.endswith(chr(10)) else chr(10)}{ON_THE_BASE}"
    name = layout.file if layout.file in KUSTOMIZATION_NAMES else KUSTOMIZATION_NAMES[0]
    return BASE | {f"{FOLDER}/{name}": text}


RENDERED = [
    name
    for name in NAMES
    if (layout := read_layout(name)).after is not None
    and layout.do.partition(" ")[0] in {"entry", "add"}
    and not layout.before.startswith("{")
]


@pytest.mark.parametrize("name", RENDERED)
def test_a_layout_renders_another_digest_and_nothing_else(name: str, render: Render) -> None:
    layout = read_layout(name)
    before = render(kustomization(layout, layout.before))
    after = render(kustomization(layout, layout.apply(layout.before)))
    changes = differing(before, after)
    assert changes
    assert all(path.endswith(".image") and new.endswith(NEW) for path, (_, new) in changes.items())
    assert len(changes) == 1


@pytest.mark.parametrize("name", REPOSITORIES)
def test_the_place_that_counts_is_the_one_that_is_found_first(name: str, render: Render) -> None:
    files = dict(BASE)
    for path, text in ({"": ""} | REPOSITORIES[name]).items():
        full = os.path.normpath(f"{FOLDER}/{path or 'kustomization.yaml'}")
        files[full] = text if path else ON_THE_BASE + text
    overlay = ServiceOverlay("api", "production", FOLDER, f"{FOLDER}/kustomization.yaml")
    found = find_sites(reader(files), overlay, SETTINGS, deep=True)
    site = next(each for each in found if each.pin.repository.endswith("/api"))
    edited = files | {site.file: edit(site, files[site.file], PIN, "comment")}

    changes = differing(render(files), render(edited))
    assert list(changes) == ["[1].spec.template.spec.containers[0].image"]
    assert changes.popitem()[1][1] == f"ghcr.io/acme/api@{NEW}"


def test_a_promotion_in_the_default_style_gets_no_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setenv("SEALOCK_CACHE_DIR", str(tmp_path / "cache"))
    folder = tmp_path / "repository"
    shutil.copytree(PLATFORM, folder)
    for file in folder.glob("services/ledger/overlays/*/kustomization.yaml"):
        overlay = ServiceOverlay("ledger", "", "o", "o/kustomization.yaml")
        text = file.read_text()
        for site in find_sites(reader({overlay.file: text}), overlay, SETTINGS):
            text = edit(site, text, PIN, "comment")
        assert NEW in text
        assert text.endswith(" # 1.4.2\n")
        file.write_text(text)
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"]
    for step in (
        ["init", "-qb", "main"],
        ["remote", "add", "origin", URL],
        ["add", "."],
        ["commit", "-qm", "x"],
    ):
        subprocess.run([*git, *step], cwd=folder, check=True, timeout=60)

    assert run(["check", "--repo", str(folder), "--format", "json"]) == 0, capfdbinary.readouterr()
    document = json.loads(capfdbinary.readouterr().out)
    assert (document["findings"], document["undecided"]) == ([], [])
    assert document["summary"]["overlays"] == 15
