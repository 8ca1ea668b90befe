"""What a repository holds, which repository it is, and what a check is about."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from sealock.adapters.git_remotes import GitRepository
from sealock.app.application_sources import Here
from sealock.app.check_scope import named, since
from sealock.app.find_manifests import Manifests, find
from sealock.domain.manifest_folder import FolderOptions, options_of, path_of
from sealock.domain.rendered import Rendered, TraceEntry
from sealock.domain.repository_url import same_form
from sealock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HERE = "github.com/acme/platform"


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme/platform.git",
        "https://GitHub.com/acme/platform/",
        "https://user:token@github.com/acme/platform",
        "git@github.com:acme/platform.git",
        "ssh://git@github.com:22/acme/platform.git",
        "https://github.com:443/acme/platform",
    ],
)
def test_one_repository_has_one_form(url: str) -> None:
    assert same_form(url) == HERE


@pytest.mark.parametrize(
    "url", ["https://github.com/acme/other", "https://gitlab.com/acme/platform", "", "x"]
)
def test_another_repository_has_another_form(url: str) -> None:
    assert same_form(url) != HERE


class Tree:
    """Files in memory; a text's hash is its signature. Counts what is read."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.texts = dict(files)
        self.read: list[str] = []

    def files(self) -> list[str]:
        return sorted(self.texts)

    def read_text(self, path: str) -> str:
        self.read.append(path)
        if path not in self.texts:
            raise FileNotFoundError(path)
        return self.texts[path]

    def signature(self, path: str) -> bytes:
        return self.texts[path].encode()


class Memo(dict[bytes, bytes]):
    """A Memory."""

    def put(self, key: bytes, value: bytes) -> None:
        self[key] = value


APPLICATION = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\n"


def found(files: Mapping[str, str]) -> Manifests:
    tree = Tree(files)
    return find(tree.files(), tree, Memo())


def test_applications_are_found_wherever_they_stand_and_in_any_document() -> None:
    files = {"x/y.yml": f"kind: ConfigMap\n---\n{APPLICATION}---\n{APPLICATION}", "z.yaml": APPLICATION}
    assert [(each.file, each.document) for each in found(files).argocd] == [
        ("x/y.yml", 1),
        ("x/y.yml", 2),
        ("z.yaml", 0),
    ]


def test_what_a_kustomization_names_counts_as_what_it_renders() -> None:
    files = {
        "apps/kustomization.yaml": "resources: [one.yaml, more/two.yaml]\n",
        "apps/one.yaml": APPLICATION,
        "apps/more/two.yaml": APPLICATION,
        "apps/three.yaml": APPLICATION,
    }
    assert [each.file for each in found(files).argocd] == ["apps/three.yaml"]


@pytest.mark.parametrize(
    "file", [".github/a.yaml", "x/.hidden/a.yaml", "chart/templates/a.yaml", "templates/a.yaml", "a.txt"]
)
def test_what_no_cluster_reads_is_passed_over(file: str) -> None:
    files = {file: APPLICATION, "chart/Chart.yaml": "name: c\n", "Chart.yaml": "name: c\n"}
    assert found(files).argocd == ()


def test_a_broken_file_that_looks_like_an_application_is_named_with_its_place() -> None:
    (broken,) = found({"a.yaml": APPLICATION + "spec: {\n"}).unparsed
    assert str(broken.where).startswith("a.yaml:")


def test_a_broken_file_that_looks_like_nothing_is_left_alone() -> None:
    assert found({"a.yaml": "a: [\n", "b.yaml": "{{ x }}\n"}) == Manifests((), (), (), (), ())


def test_a_file_that_held_nothing_is_not_read_again_until_it_changes() -> None:
    tree, memory = Tree({"a.yaml": "kind: ConfigMap\n"}), Memo()
    find(tree.files(), tree, memory)
    find(tree.files(), tree, memory)
    assert tree.read == ["a.yaml"]
    tree.texts["a.yaml"] = APPLICATION
    assert [each.file for each in find(tree.files(), tree, memory).argocd] == ["a.yaml"]


FILES = [
    "app/overlays/dev/kustomization.yaml",
    "chart/Chart.yaml",
    "chart/templates/x.yaml",
    "deep/er/x.yaml",
    "docs/README.md",
    "plain/a.yaml",
]
URL = "https://github.com/acme/platform.git"


def state(path: str, *urls: str, **source: object) -> str:
    manifest = {"spec": {"source": {"repoURL": URL, "path": path} | source}}
    here = Here(FILES, lambda: urls)
    here.learn([manifest])
    (only,) = here.sources(manifest)
    return only.state


def test_sources_lead_to_what_is_there() -> None:
    paths = {
        "app/overlays/dev": "fine",
        "./app/overlays/dev/": "fine",
        "app/overlays/prod": "missing",
        "../app": "missing",
        "docs": "fine",
        "chart": "not-checked",
        "plain": "fine",
        "deep": "fine",
    }
    assert {path: state(path, URL) for path in paths} == paths


def path(path: str, **source: object) -> str:
    manifest = {"metadata": {"name": "one"}, "spec": {"source": {"repoURL": URL, "path": path} | source}}
    (only,) = Here([*FILES, "plain/.argocd-source-one.yaml"], lambda: [URL]).sources(manifest)
    return only.path


def test_a_folder_of_plain_manifests_is_named_by_what_the_application_asks_of_it() -> None:
    assert path("./deep/") == "deep//"
    asked = path("deep", directory={"recurse": True, "include": "*.yaml", "exclude": "x//y"})
    options = FolderOptions(recurse=True, include="*.yaml", exclude="x//y", explicit=True)
    assert (path_of(asked), options_of(asked)) == ("deep", options)


def test_overrides_that_are_for_one_application_make_a_folder_its_own() -> None:
    assert options_of(path("plain")) == FolderOptions(application="one")


def test_a_source_that_says_directory_takes_a_kustomization_for_a_plain_file() -> None:
    assert options_of(path("app/overlays/dev", directory={})) == FolderOptions(explicit=True)
    assert options_of(path("chart", directory={})) == FolderOptions(explicit=True)
    assert options_of(path("app/overlays/dev")) is None


def test_what_a_plugin_makes_is_not_rendered() -> None:
    assert state("plain", URL, plugin={"name": "x"}) == "not-checked"


def test_a_path_in_another_repository_is_not_looked_at() -> None:
    assert state("app/overlays/prod", "https://github.com/acme/other.git") == "elsewhere"


def test_without_a_known_url_a_path_that_exists_means_this_repository() -> None:
    assert state("app/overlays/dev") == "fine"
    assert state("app/overlays/prod") == "elsewhere"


def test_sources_override_source_and_a_bare_ref_lends_values_only() -> None:
    several = [
        {"repoURL": URL, "ref": "values"},
        {"repoURL": URL, "path": "docs"},
        {"repoURL": URL, "chart": "x"},
    ]
    manifest = {"spec": {"source": {"repoURL": URL, "path": "gone"}, "sources": several}}
    found = Here(FILES, lambda: [URL]).sources(manifest)
    assert [(each.field, each.state) for each in found] == [
        (("spec", "sources", 1, "path"), "fine"),
        (("spec", "sources", 2), "not-checked"),
    ]


OVERLAY = {
    "a/overlays/dev/kustomization.yaml": "resources: [x.yaml]\n",
    "a/base/x.yaml": "",
    "a/c/overlays/y/kustomization.yaml": "kind: Component\n",
}


def test_a_named_overlay_stands_for_itself_and_anything_else_for_its_readers() -> None:
    def read(path: str) -> str:
        return OVERLAY[path]

    assert named(["a/overlays/dev"], list(OVERLAY), read).overlays == {"a/overlays/dev"}
    assert named(["a/base"], list(OVERLAY), read).changed == {"a/base/x.yaml"}
    assert named(["a/c/overlays/y"], list(OVERLAY), read).overlays == frozenset()
    assert named(["."], list(OVERLAY), read).everything


def test_a_path_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="no file or folder 'nope'"):
        named(["nope"], list(OVERLAY), lambda _: "")


@pytest.mark.parametrize(
    ("entry", "touched"),
    [
        (TraceEntry("base/x.yaml", "file", "d"), True),
        (TraceEntry("base/x.yaml", "absent"), True),
        (TraceEntry("base", "directory", "d"), True),
        (TraceEntry("base", "directory"), False),
        (TraceEntry("base/y.yaml", "file", "d"), False),
    ],
)
def test_an_overlay_is_affected_by_what_its_render_looked_at(entry: TraceEntry, *, touched: bool) -> None:
    assert since(["base/x.yaml"]).touches(Rendered("o", trace=(entry,))) is touched


def test_changed_settings_concern_everything() -> None:
    assert since(["sealock.yaml"]).everything


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, timeout=60)


def test_every_remote_has_its_url(tmp_path: Path) -> None:
    assert GitRepository(str(tmp_path)).urls() == frozenset()
    git(tmp_path, "init", "-q")
    git(tmp_path, "remote", "add", "origin", URL)
    git(tmp_path, "remote", "add", "fork", "git@example.com:me/platform.git")
    assert GitRepository(str(tmp_path)).urls() == {URL, "git@example.com:me/platform.git"}
