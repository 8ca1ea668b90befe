"""The index knows what renders hold, and reads an entry only when somebody looks at its objects."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from tests.unit.test_render_cache import FAR_FUTURE_NS, INDEXED, Repository, edit, outcome

from sealock.domain.late import Late
from sealock.domain.rendered import ObjectKey
from sealock.errors import EngineError

if TYPE_CHECKING:
    from pathlib import Path

    from sealock.domain.rendered import Rendered

KEPT = ("a", "b", "c")
"""The overlays that hold something."""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Return one whose index is there."""
    found = Repository(tmp_path, ahead_ns=FAR_FUTURE_NS, request=INDEXED)
    found.warm()
    return found


def late(repository: Repository) -> dict[str, Rendered]:
    repository.engines.rendered.clear()
    return {each.overlay: each for each in repository.warm() if isinstance(each.objects, Late)}


def index(repository: Repository) -> Path:
    (file,) = (repository.cache.folder / "indexes").iterdir()
    return file


def test_what_a_render_holds_is_known_without_its_entry(repository: Repository) -> None:
    expected = {
        each.overlay: [ObjectKey.of(one.manifest) for one in each.objects] for each in repository.cold()
    }
    shutil.rmtree(repository.cache.folder / "renders")
    found = late(repository)
    assert {path: list(each.keys) for path, each in found.items()} == {path: expected[path] for path in KEPT}
    assert repository.engines.rendered == []


def test_a_kind_that_no_object_has_is_not_looked_for(repository: Repository) -> None:
    shutil.rmtree(repository.cache.folder / "renders")
    found = late(repository)["a"]
    assert list(found.of_kinds({"Namespace"})) == []
    assert repository.engines.rendered == []


def test_a_kind_that_an_object_has_is_found(repository: Repository) -> None:
    found = late(repository)["a"]
    assert [each.manifest["kind"] for each in found.of_kinds({"ConfigMap"})] == ["ConfigMap"]


def test_what_another_process_dropped_is_rendered_when_it_is_wanted(repository: Repository) -> None:
    expected = list(map(outcome, repository.cold()))
    found = repository.warm()
    shutil.rmtree(repository.cache.folder / "renders")
    repository.engines.rendered.clear()
    assert list(map(outcome, found)) == expected
    assert repository.engines.rendered == list(KEPT)


def test_what_broke_since_it_was_dropped_is_no_answer(repository: Repository) -> None:
    found = late(repository)["a"]
    shutil.rmtree(repository.cache.folder / "renders")
    (repository.root / "a" / "kustomization.yaml").write_text("refuse: no\n")
    with pytest.raises(EngineError, match="a changed while it was looked at: no"):
        list(found.objects)


def test_an_entry_of_other_inputs_is_not_taken_for_the_indexed_one(repository: Repository) -> None:
    found = late(repository)["a"]
    edit(repository.root, "base/one")
    repository.warm()
    assert list(found.objects) == list(repository.cold()[0].objects)


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "foreign"])
def test_a_damaged_index_is_ignored_and_written_anew(repository: Repository, damage: str) -> None:
    data = index(repository).read_bytes()
    middle = len(data) // 2
    broken = {
        "truncate": data[:middle],
        "flip": data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :],
        "empty": b"",
        "foreign": b"sealock-index-0\n" + data[16:],
    }
    index(repository).write_bytes(broken[damage])
    expected = list(map(outcome, repository.cold()))
    assert list(map(outcome, repository.warm())) == expected
    assert late(repository).keys() == set(KEPT)


def test_what_was_young_when_it_was_read_is_not_indexed(tmp_path: Path) -> None:
    young = Repository(tmp_path, request=INDEXED)
    young.warm()
    assert late(young) == {}


def test_a_change_leaves_the_rest_of_the_index_in_use(repository: Repository) -> None:
    before = index(repository).stat().st_mtime_ns
    edit(repository.root, "folder/x")
    (repository.root / "b" / "kustomization.yaml").write_text("read: ../base/two\n")
    assert late(repository).keys() == {"a", "c"}
    assert repository.engines.rendered == ["b"]
    assert index(repository).stat().st_mtime_ns == before
