"""What every Renderer promises: the fake; the engine on the disk or a revision, with a cache or none."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from tests.fakes.renderer import FakeRenderer

from sealock.adapters.engine import (
    EngineRenderer,
    fingerprint,
    open_pool,
)
from sealock.adapters.git_revision import GitRevisions, RevisionFiles
from sealock.adapters.render_cache import RenderCache
from sealock.domain.rendered import Origin, Rendered, RenderedObject, RenderFailure, TraceEntry
from sealock.ports import RenderRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sealock.ports import Renderer

FILES = {
    "app/kustomization.yaml": "namespace: shop\nnamePrefix: eu-\nresources:\n- map.yaml\n",
    "app/map.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {mode: 'on', octal: '0777'}
""",
    "broken/kustomization.yaml": "resources:\n- nowhere.yaml\n",
}
OBJECT = RenderedObject(
    {
        "apiVersion": "v1",
        "data": {"mode": "on", "octal": "0777"},
        "kind": "ConfigMap",
        "metadata": {"name": "eu-settings", "namespace": "shop"},
    },
    Origin("app/map.yaml", "ConfigMap", "settings"),
)
YAML = """\
apiVersion: v1
data:
  mode: "on"
  octal: "0777"
kind: ConfigMap
metadata:
  name: eu-settings
  namespace: shop
"""
KNOWN = {
    "app": Rendered("app", (OBJECT,), YAML, (TraceEntry("app/map.yaml", "file", "x"),)),
    "broken": Rendered(
        "broken",
        trace=(TraceEntry("broken/nowhere.yaml", "absent"),),
        failure=RenderFailure("build-failed", "nowhere.yaml is not there", "broken/kustomization.yaml", 2, 3),
    ),
}


@pytest.fixture(
    params=[
        "fake",
        pytest.param("engine", marks=pytest.mark.engine),
        pytest.param("empty cache", marks=pytest.mark.engine),
        pytest.param("full cache", marks=pytest.mark.engine),
        pytest.param("revision", marks=pytest.mark.engine),
        pytest.param("revision, full cache", marks=pytest.mark.engine),
        pytest.param("revision, cache of the disk", marks=pytest.mark.engine),
    ]
)
def renderer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Renderer]:
    if request.param == "fake":
        yield FakeRenderer(KNOWN)
        return
    root = tmp_path / "repository"
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    how = request.param
    with open_pool() as pool, ExitStack() as stack:
        cache = (RenderCache(tmp_path / "cache"), fingerprint(pool, tmp_path / "cache"))
        if how == "revision, cache of the disk":
            warm(EngineRenderer(pool, str(root), cache=cache))
        revision = stack.enter_context(only_committed(root)) if how.startswith("revision") else None
        kept = None if how in {"engine", "revision"} else cache
        engine = EngineRenderer(pool, str(root), cache=kept, revision=revision)
        if how.endswith("full cache"):
            warm(engine)
        if how.endswith(("full cache", "cache of the disk")):
            pool.close()
        yield engine


def warm(renderer: Renderer) -> None:
    for want in ({"objects"}, {"yaml"}, {"objects", "yaml"}):
        list(renderer.render(RenderRequest(("app", "broken", "missing"), frozenset(want))))


def only_committed(root: Path) -> RevisionFiles:
    """Commit what is on the disk, spoil the disk, and return the commit's files."""
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "state")
    for path in FILES:
        (root / path).write_text("spoilt: {")
    revisions = GitRevisions(str(root))
    return revisions.files(revisions.resolve("HEAD"))


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)


def rendered(renderer: Renderer, overlay: str, *want: str) -> Rendered:
    (found,) = renderer.render(RenderRequest((overlay,), frozenset(want)))
    return found


def test_every_overlay_is_answered_once(renderer: Renderer) -> None:
    found = renderer.render(RenderRequest(("app", "missing", "broken"), frozenset({"yaml"})))
    assert sorted(each.overlay for each in found) == ["app", "broken", "missing"]


def test_no_overlays_are_no_answers(renderer: Renderer) -> None:
    assert list(renderer.render(RenderRequest(()))) == []


def test_objects_come_with_their_origin(renderer: Renderer) -> None:
    found = rendered(renderer, "app", "objects")
    assert found.objects == (OBJECT,)
    assert found.yaml is None


def test_yaml_is_what_kustomize_prints(renderer: Renderer) -> None:
    found = rendered(renderer, "app", "yaml")
    assert found.yaml == YAML
    assert found.objects == ()


def test_both_can_be_had_at_once(renderer: Renderer) -> None:
    found = rendered(renderer, "app", "objects", "yaml")
    assert (found.objects, found.yaml) == ((OBJECT,), YAML)


def test_the_trace_names_what_was_read(renderer: Renderer) -> None:
    kinds = {entry.path: entry.kind for entry in rendered(renderer, "app", "yaml").trace}
    assert kinds["app/map.yaml"] == "file"


def test_what_does_not_build_is_a_failure_with_a_place(renderer: Renderer) -> None:
    failure = rendered(renderer, "broken", "yaml").failure
    assert failure
    assert (failure.code, failure.file, failure.line) == ("build-failed", "broken/kustomization.yaml", 2)
    assert "nowhere.yaml" in failure.message


def test_the_trace_of_a_failure_names_what_was_missing(renderer: Renderer) -> None:
    kinds = {entry.path: entry.kind for entry in rendered(renderer, "broken", "yaml").trace}
    assert kinds["broken/nowhere.yaml"] == "absent"


def test_a_folder_that_is_not_there_is_not_found(renderer: Renderer) -> None:
    failure = rendered(renderer, "missing", "yaml").failure
    assert failure
    assert failure.code == "not-found"


def test_an_iterator_may_be_closed_early(renderer: Renderer) -> None:
    answers = renderer.render(RenderRequest(("broken", "app", "missing"), frozenset({"yaml"})))
    next(answers)
    answers.close()  # type: ignore[attr-defined]
    assert rendered(renderer, "app", "yaml").yaml == YAML


@pytest.mark.engine
def test_a_full_cache_starts_no_engine(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    for path in ("app/kustomization.yaml", "app/map.yaml"):
        (tmp_path / path).write_text(FILES[path])
    cache = RenderCache(tmp_path / "cache")
    with open_pool() as pool:
        known = fingerprint(pool, cache.folder)
        rendered(EngineRenderer(pool, str(tmp_path), cache=(cache, known)), "app", "yaml")
    with open_pool() as pool:
        assert fingerprint(pool, cache.folder) == known
        assert rendered(EngineRenderer(pool, str(tmp_path), cache=(cache, known)), "app", "yaml").yaml == YAML
        assert pool.pids == ()
