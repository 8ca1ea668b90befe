"""Folders of plain manifests that an Application deploys are judged like overlays."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from sealock.cli.main import run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine

URL = "https://github.com/acme/platform.git"
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\ndata: {LEVEL: info}\n"
BAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\ndata:\n  LEVEL: 3\n"


def application(path: str, *, name: str = "one", directory: str = "", project: str = "default") -> str:
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
        f"metadata: {{name: {name}, namespace: argocd}}\nspec:\n  project: {project}\n"
        f'  source: {{repoURL: "{URL}", path: {path}, targetRevision: main{directory}}}\n'
        "  destination: {name: dev, namespace: shop}\n"
    )


class Repository:
    """A Git repository whose Application `one` deploys the folder `plain`."""

    def __init__(self, root: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
        self._root = root
        self._captured = capfdbinary
        root.mkdir()
        self._git("init", "-qb", "main")
        self._git("remote", "add", "origin", URL)

    def write(self, **files: str | None) -> None:
        """Write files, `/` in their names as `__` and `.yaml` left out; None deletes."""
        for name, text in files.items():
            path = self._root / f"{name.replace('__', '/')}.yaml"
            self.put(path.relative_to(self._root).as_posix(), text)

    def put(self, file: str, text: str | None) -> None:
        path = self._root / file
        if text is None:
            path.unlink()
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("NAME", path.name.partition(".")[0]))

    def commit(self) -> None:
        self._git("add", "-A")
        self._git("-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "-qm", "one")

    def check(self, *options: str) -> tuple[int, list[str]]:
        """Return the exit code, and `file:line rule` of each finding and undecided check."""
        code = run(["check", "--repo", str(self._root), "--format", "json", *options])
        document = json.loads(self._captured.readouterr().out)
        self.overlays = {name for each in document["findings"] for name in each["overlays"]}
        found = (*document["findings"], *document["undecided"])
        return code, [f"{each['file']}:{each['line']} {each['rule']}" for each in found]

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", "-C", str(self._root), *arguments], check=True, timeout=60)


@pytest.fixture
def repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Repository:
    monkeypatch.setenv("SEALOCK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("SEALOCK_ENGINES", "1")
    made = Repository(tmp_path / "repository", capfdbinary)
    made.write(application=application("plain"), plain__good=CONFIG)
    return made


def test_a_fault_is_found_at_its_line_and_the_folder_is_named_by_its_path(repository: Repository) -> None:
    assert repository.check() == (0, [])
    repository.write(plain__bad=BAD)
    assert repository.check() == (1, ["plain/bad.yaml:5 api-server-refuses"])
    assert repository.overlays == {"plain"}


def test_an_item_of_a_list_is_found_at_its_own_line(repository: Repository) -> None:
    repository.write(
        plain__list="apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n"
        "  metadata: {name: a}\n  data:\n    LEVEL: 3\n"
    )
    assert "plain/list.yaml:8 api-server-refuses" in repository.check()[1]


def test_only_what_argo_cd_would_take_is_judged(repository: Repository) -> None:
    repository.write(plain__deep__bad=BAD)
    assert repository.check() == (0, [])
    repository.write(application=application("plain", directory=", directory: {recurse: true}"))
    assert repository.check()[0] == 1
    options = ", directory: {recurse: true, exclude: 'deep/*'}"
    repository.write(application=application("plain", directory=options))
    assert repository.check() == (0, [])


def test_a_project_must_permit_every_kind_of_a_folder(repository: Repository) -> None:
    repository.write(
        application=application("plain", project="shop"),
        project="apiVersion: argoproj.io/v1alpha1\nkind: AppProject\n"
        "metadata: {name: shop, namespace: argocd}\nspec:\n  sourceRepos: ['*']\n"
        "  destinations: [{name: dev, server: '*', namespace: shop}]\n"
        "  namespaceResourceBlacklist: [{group: '', kind: ConfigMap}]\n",
        sealock="clusters: [{name: dev, server: 'https://dev.example'}]\n",
    )
    assert [each.partition(" ")[2] for each in repository.check()[1]] == ["project-not-permitted"]


def test_an_application_in_a_folder_of_applications_gets_one_finding(repository: Repository) -> None:
    child = application("plain", name="two").replace("  destination:", "  dependsOn: [one]\n  destination:")
    repository.write(root=application("children", name="root"), children__two=child, application=None)
    assert [each.partition(" ")[2] for each in repository.check()[1]] == ["invented-field"]


def test_what_is_no_yaml_stops_a_folder_at_its_line(repository: Repository) -> None:
    repository.write(plain__bad=CONFIG + "more: [\n")
    assert repository.check() == (1, ["plain/bad.yaml:5 render-failed"])


def test_jsonnet_is_undecided_by_name(repository: Repository) -> None:
    repository.put("plain/a.jsonnet", "{}")
    assert repository.check() == (3, ["plain/a.jsonnet:1 render-failed"])


def test_a_folder_of_which_nothing_is_taken_is_a_finding(repository: Repository) -> None:
    repository.write(application=application("plain", directory=", directory: {include: '*.json'}"))
    assert repository.check() == (1, ["application.yaml:6 application-path-missing"])


def test_a_changed_or_added_file_brings_a_folder_into_scope(repository: Repository) -> None:
    repository.write(plain__old=BAD)
    repository.commit()
    assert repository.check("--since=HEAD") == (0, [])
    repository.write(plain__new=BAD)
    assert "plain/new.yaml:5 api-server-refuses" in repository.check("--since=HEAD")[1]


def test_an_update_that_the_api_server_refuses_is_found_in_a_folder(repository: Repository) -> None:
    immutable = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\nimmutable: true\ndata: {A: b}\n"
    repository.write(plain__fixed=immutable)
    repository.commit()
    repository.write(plain__fixed=immutable.replace("A: b", "A: c"))
    assert repository.check("--since=HEAD") == (1, ["plain/fixed.yaml:5 api-server-refuses-update"])


def test_a_kustomization_that_is_gone_is_told_from_a_folder_that_never_had_one(
    repository: Repository,
) -> None:
    repository.write(plain__kustomization="namespace: shop\nresources: [good.yaml]\n")
    repository.commit()
    repository.write(plain__kustomization=None)
    assert repository.check() == (0, [])
    assert repository.check("--since=HEAD") == (1, ["application.yaml:6 application-path-missing"])
    repository.commit()
    repository.write(plain__good=CONFIG.replace("info", "debug"))
    assert repository.check("--since=HEAD") == (0, [])


def test_a_folder_that_is_gone_is_missed_by_its_application(repository: Repository) -> None:
    repository.commit()
    repository.write(plain__good=None)
    assert repository.check("--since=HEAD") == (1, ["application.yaml:6 application-path-missing"])


def test_an_object_that_is_gone_from_a_folder_is_missed_by_what_refers_to_it(repository: Repository) -> None:
    pod = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n---\napiVersion: batch/v1\nkind: CronJob\n"
        "metadata: {name: NAME}\nspec:\n  schedule: '@daily'\n  jobTemplate:\n    spec:\n      template:\n"
        "        spec:\n          restartPolicy: Never\n          containers:\n          - name: a\n"
        "            image: a.example/a:1\n            envFrom: [{configMapRef: {name: good}}]\n"
        "            resources: {requests: {cpu: 1m, memory: 1Mi}, limits: {cpu: 1m, memory: 1Mi}}\n"
    )
    repository.write(two=application("jobs", name="two"), jobs__job=pod)
    repository.commit()
    assert repository.check()[0] == 0
    repository.write(plain__good=None, plain__stays=CONFIG)
    assert [each.partition(" ")[2] for each in repository.check("--since=HEAD")[1]] == ["reference-missing"]
