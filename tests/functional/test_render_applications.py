"""`sealock render --applications` on a real Git repository, with the real engine."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from sealock.adapters.engine_pool import engine_path
from sealock.cli.main import run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine

HERE = "https://github.com/acme/platform.git"
KUSTOMIZATION = "resources: []\n"
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: {name}, namespace: argocd}}
spec:
  project: default
  source: {{repoURL: "{url}", path: {path}, targetRevision: HEAD}}
  destination: {{server: https://kubernetes.default.svc, namespace: {name}}}
"""
SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {{name: {name}, namespace: argocd}}
spec:
  goTemplate: true
  goTemplateOptions: [missingkey=error]
  generators:
  - {generator}
  template:
    metadata: {{name: '{application}'}}
    spec:
      project: default
      source: {{repoURL: '{url}', path: '{path}', targetRevision: HEAD}}
      destination: {{server: '{server}', namespace: apps}}
"""
FILES = {
    "services/ledger/overlays/dev/kustomization.yaml": KUSTOMIZATION,
    "services/mailer/overlays/dev/kustomization.yaml": KUSTOMIZATION,
    "clusters/dev/config.yaml": "cluster: {name: dev, server: https://dev}\n",
    "clusters/eu/config.yaml": "cluster: {name: eu, server: https://eu}\n",
    "ignored/services/secret/overlays/dev/kustomization.yaml": KUSTOMIZATION,
    ".gitignore": "ignored/\n",
}
DIRECTORIES = f"git: {{repoURL: '{HERE}', revision: HEAD, directories: [{{path: services/*/overlays/dev}}]}}"
CONFIGS = f"git: {{repoURL: '{HERE}', revision: main, files: [{{path: clusters/*/config.yaml}}]}}"
PREFIXED = CONFIGS.replace("revision", "pathParamPrefix: at, revision")
MATRIX = f"matrix: {{generators: [{{{DIRECTORIES}}}, {{{PREFIXED}}}]}}"
LIST = "list: {elements: [{name: ledger, path: x}, {name: mailer, path: y}]}"
OTHER = "list: {elements: [{name: mailer, path: z}]}"
MERGE = f"merge: {{mergeKeys: [name], generators: [{{{LIST}}}, {{{OTHER}}}]}}"


class Repository:
    """A Git repository, and `sealock render --applications` in it."""

    def __init__(self, root: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
        self.root = root
        self._captured = capfdbinary
        for file, text in FILES.items():
            self.write(file, text)
        self.git("init", "-q", "-b", "main")
        self.git("remote", "add", "origin", "git@github.com:acme/platform.git")

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.root, check=True, capture_output=True, timeout=60)

    def write(self, file: str, text: str) -> None:
        (self.root / file).parent.mkdir(parents=True, exist_ok=True)
        (self.root / file).write_text(text)

    def add_set(self, generator: str, application: str, path: str, server: str = "https://a") -> None:
        text = SET.format(
            name="all", generator=generator, application=application, path=path, url=HERE, server=server
        )
        self.write("sets/all.yaml", text)

    def render(self, *arguments: str) -> tuple[int, str, str]:
        """Return the exit code, what was printed, and the errors."""
        code = run(["render", "--applications", "--repo", str(self.root), *arguments])
        printed = self._captured.readouterr()
        return code, printed.out.decode(), printed.err.decode()

    def listed(self) -> list[str]:
        """Return each Application as `name path server`."""
        code, printed, errors = self.render("--format", "json")
        assert (code, errors) == (0, "")
        found = [json.loads(line)["application"] for line in printed.splitlines()]
        parts = [(each["metadata"]["name"], each["spec"]) for each in found]
        return [f"{name} {of['source']['path']} {of['destination']['server']}" for name, of in parts]


@pytest.fixture
def repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Repository:
    monkeypatch.setenv("SEALOCK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("SEALOCK_ENGINES", "1")
    (tmp_path / "repository").mkdir()
    return Repository(tmp_path / "repository", capfdbinary)


def test_a_folder_of_git_makes_an_application_but_not_an_ignored_one(repository: Repository) -> None:
    repository.add_set(DIRECTORIES, "{{index .path.segments 1}}", "{{.path.path}}")
    assert repository.listed() == [
        "ledger services/ledger/overlays/dev https://a",
        "mailer services/mailer/overlays/dev https://a",
    ]


def test_a_file_of_git_lends_its_values(repository: Repository) -> None:
    repository.add_set(CONFIGS, "on-{{.cluster.name}}", "{{.path.path}}", "{{.cluster.server}}")
    assert repository.listed() == ["on-dev clusters/dev https://dev", "on-eu clusters/eu https://eu"]


def test_a_matrix_makes_one_for_each_pair(repository: Repository) -> None:
    name = "{{index .path.segments 1}}-{{.cluster.name}}"
    repository.add_set(MATRIX, name, "{{.path.path}}", "{{.cluster.server}}")
    assert repository.listed() == [
        "ledger-dev services/ledger/overlays/dev https://dev",
        "ledger-eu services/ledger/overlays/dev https://eu",
        "mailer-dev services/mailer/overlays/dev https://dev",
        "mailer-eu services/mailer/overlays/dev https://eu",
    ]


def test_a_merge_overrides_by_key(repository: Repository) -> None:
    repository.add_set(MERGE, "{{.name}}", "{{.path}}")
    assert repository.listed() == ["ledger x https://a", "mailer z https://a"]


def test_clusters_come_from_the_settings(repository: Repository) -> None:
    repository.write(
        "sealock.yaml",
        "clusters:\n- {name: Dev, server: https://dev, labels: {tier: dev}}\n- {name: eu, server: https://eu}\n",
    )
    repository.add_set(
        "clusters: {selector: {matchLabels: {tier: dev}}}", "{{.nameNormalized}}", "x", "{{.server}}"
    )
    assert repository.listed() == ["dev x https://dev"]


def test_every_application_says_where_it_came_from(repository: Repository) -> None:
    """From a file, from an overlay that an Application deploys, and from a set which that overlay renders."""
    repository.write("root.yaml", APPLICATION.format(name="root", url=HERE, path="apps"))
    repository.write("apps/kustomization.yaml", "resources: [child.yaml, set.yaml]\n")
    repository.write("apps/child.yaml", APPLICATION.format(name="child", url=HERE, path="services"))
    repository.add_set(LIST, "{{.name}}", "{{.path}}")
    (repository.root / "sets/all.yaml").rename(repository.root / "apps/set.yaml")
    code, printed, errors = repository.render()
    assert (code, errors) == (0, "")
    assert printed == snapshot("""\
# apps/child.yaml:1:1, rendered by apps
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: child
  namespace: argocd
spec:
  destination:
    namespace: child
    server: https://kubernetes.default.svc
  project: default
  source:
    path: services
    repoURL: https://github.com/acme/platform.git
    targetRevision: HEAD
---
# apps/set.yaml:8:5 ApplicationSet all, spec.generators[0].list, rendered by apps
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  finalizers:
  - resources-finalizer.argocd.argoproj.io
  name: ledger
  namespace: argocd
spec:
  destination:
    namespace: apps
    server: https://a
  project: default
  source:
    path: x
    repoURL: https://github.com/acme/platform.git
    targetRevision: HEAD
---
# apps/set.yaml:8:5 ApplicationSet all, spec.generators[0].list, rendered by apps
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  finalizers:
  - resources-finalizer.argocd.argoproj.io
  name: mailer
  namespace: argocd
spec:
  destination:
    namespace: apps
    server: https://a
  project: default
  source:
    path: y
    repoURL: https://github.com/acme/platform.git
    targetRevision: HEAD
---
# root.yaml:1:1
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: root
  namespace: argocd
spec:
  destination:
    namespace: root
    server: https://kubernetes.default.svc
  project: default
  source:
    path: apps
    repoURL: https://github.com/acme/platform.git
    targetRevision: HEAD
""")


def test_what_a_generator_asks_of_others_is_undecided_after_the_rest(repository: Repository) -> None:
    repository.write("root.yaml", APPLICATION.format(name="root", url=HERE, path="services"))
    matrix = f"matrix: {{generators: [{{{LIST}}}, {{{CONFIGS.replace('main', 'v1')}}}]}}"
    repository.add_set(f"{LIST}\n  - clusters: {{}}\n  - {matrix}", "{{.name}}", "{{.path}}")
    code, printed, errors = repository.render()
    assert code == 3
    assert [line for line in printed.splitlines() if line.startswith("  name: ")] == [
        "  name: ledger",
        "  name: mailer",
        "  name: root",
    ]
    assert errors == snapshot("""\
sets/all.yaml:9:5: error: ApplicationSet all is undecided: spec.generators[1].clusters asks which clusters Argo CD knows, and none are declared
  List the clusters of Argo CD under `clusters` in sealock.yaml.
sets/all.yaml:10:100: error: ApplicationSet all is undecided: spec.generators[2].matrix.generators[1].git reads revision v1, only the checked revision is known
  Only this repository can be read, as it is here; `repository` in services.yaml says its URL.
""")  # noqa: E501 - Argo CD's words are long


def test_what_argocd_refuses_points_at_the_template(repository: Repository) -> None:
    repository.add_set(LIST, "{{.nam}}", "x")
    code, printed, errors = repository.render()
    assert (code, printed) == (1, "")
    assert errors == snapshot("""\
sets/all.yaml:10:22: error: failed to execute go template {{.nam}}: template: base:1:2: executing "base" at <.nam>: map has no entry for key "nam"
""")  # noqa: E501 - as above


def test_without_a_remote_the_catalog_says_which_repository_this_is(repository: Repository) -> None:
    repository.git("remote", "remove", "origin")
    repository.add_set(DIRECTORIES, "{{index .path.segments 1}}", "x")
    assert repository.render()[0] == 3
    repository.write("services.yaml", f"repository: {HERE}\nservices: {{}}\n")
    assert repository.listed() == ["ledger x https://a", "mailer x https://a"]


def test_a_second_run_starts_no_engine_until_a_file_changes(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    log, program = tmp_path / "starts", tmp_path / "engine"
    program.write_text(f'#!/bin/sh\necho started >>{log}\nexec {engine_path()} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("SEALOCK_ENGINE", str(program))
    repository.add_set(CONFIGS, "on-{{.cluster.name}}", "{{.path.path}}")
    first = repository.listed()
    starts = log.read_text()
    assert first == repository.listed()
    assert starts == log.read_text()
    repository.write("clusters/eu/config.yaml", "cluster: {name: us}\n")
    assert repository.listed() == ["on-dev clusters/dev https://a", "on-us clusters/eu https://a"]


def test_an_overlay_that_does_not_build_is_not_passed_over(repository: Repository) -> None:
    repository.write("services/ledger/overlays/dev/kustomization.yaml", "resources: [missing.yaml]\n")
    code, _, errors = repository.render()
    assert code == 1
    assert errors.startswith("services/ledger/overlays/dev/kustomization.yaml:1:")


def test_a_manifest_that_is_no_yaml_leaves_the_listing_undecided(repository: Repository) -> None:
    repository.write("a.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a\n")
    code, _, errors = repository.render()
    assert code == 3
    assert errors.startswith("a.yaml:")


@pytest.mark.parametrize("other", [["a"], ["--all"], ["--out", "b"]])
def test_one_listing_is_asked_for_at_a_time(repository: Repository, other: list[str]) -> None:
    code, _, errors = repository.render(*other)
    assert code == 2
    assert "exclude each other" in errors
