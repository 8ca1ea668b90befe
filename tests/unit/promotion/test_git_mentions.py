"""Which files hold a name in a path: as a search of the texts finds, and without reading them twice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.fakes.git_repositories import ENVIRONMENT, commit, new_repository

from sealock.adapters.git_mentions import GitMentions
from sealock.adapters.git_revision import GitRevisions
from sealock.adapters.verdict_cache import VerdictStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.adapters.git_revision import RevisionFiles

FILES = {
    "a/kustomization.yaml": "resources:\n  - ../base\n",
    "b/Kustomization": "resources: [../base-2, '../x y']\n",
    "c/list.yml": "path: apps/staging\nother: https://example.com//base/\n",
    "d/escaped.yaml": 'path: "..\\x2fbase"\n',
    "e/list.json": '{"path": "e/größe/base"}\n',
    "f/without.yaml": "base: staging\n",
    "g/notes.txt": "see ../base\n",
}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RevisionFiles]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    new_repository(tmp_path / "repository", FILES)
    revisions = GitRevisions(str(tmp_path / "repository"))
    with revisions.files(revisions.resolve("HEAD")) as found:
        yield found


def _mentions(files: RevisionFiles, tmp_path: Path) -> GitMentions:
    return GitMentions(files, VerdictStore(files.root, str(tmp_path / "cache")))


@pytest.mark.parametrize(
    "texts",
    [
        {"/base"}, {"/base-2"}, {"/staging", "\\"}, {"/base", "/staging"}, {"/none"}, {"/größe"}, {"/x y"},
        {"base: staging"}, {"/größe", "/base-2"}, {"/example.com"}, {"/"}, set(), {""},
    ],
)  # fmt: skip
def test_it_finds_what_a_search_of_the_texts_finds(
    files: RevisionFiles, tmp_path: Path, texts: set[str]
) -> None:
    held = {path for path, text in FILES.items() if any(each in text for each in texts if each)}
    found = set(_mentions(files, tmp_path)(texts))
    assert found - {"g/notes.txt"} == held - {"g/notes.txt"}
    assert found == set(_mentions(files, tmp_path)(texts))


def test_what_is_remembered_is_not_read_again(
    files: RevisionFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _mentions(files, tmp_path)({"/base"})
    monkeypatch.setattr(files, "contents", lambda names: pytest.fail(f"{names} are read again"))
    assert _mentions(files, tmp_path)({"/base"}) == first


def test_a_text_in_utf_16_may_say_anything(files: RevisionFiles, tmp_path: Path) -> None:
    (Path(files.root) / "h").mkdir()
    (Path(files.root) / "h" / "kustomization.yaml").write_text("resources: [../base]\n", encoding="utf-16")
    commit(Path(files.root), {})
    revisions = GitRevisions(files.root)
    with revisions.files(revisions.resolve("HEAD")) as found:
        assert "h/kustomization.yaml" in _mentions(found, tmp_path)({"/base", "\\"})
