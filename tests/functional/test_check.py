"""`sealock check` on real files, with the real engine."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sealock.adapters.engine_pool import engine_path
from sealock.cli.main import run

pytestmark = pytest.mark.engine
PLATFORM = Path(__file__).parents[2] / "examples" / "platform"
LEDGER = "services/ledger"
PRODUCTION = f"{LEDGER}/overlays/production"


class Repository:
    """A copy of the example platform, and `sealock check` in it."""

    def __init__(self, root: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
        self.root = root
        self._captured = capfdbinary

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.root / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def write(self, file: str, text: str) -> None:
        (self.root / file).parent.mkdir(parents=True, exist_ok=True)
        (self.root / file).write_text(text)

    def check(self, *arguments: str) -> tuple[int, str]:
        """Return the exit code and what was printed, errors included."""
        code = run(["check", "--repo", str(self.root), *arguments])
        printed = self._captured.readouterr()
        return code, (printed.out + printed.err).decode()

    def report(self, *arguments: str) -> dict[str, Any]:
        _, printed = self.check("--format", "json", *arguments)
        found: dict[str, Any] = json.loads(printed)
        return found

    def rules(self, *arguments: str) -> list[tuple[str, str]]:
        return [(each["rule"], each["file"]) for each in self.report(*arguments)["findings"]]

    def git(self, *arguments: str) -> None:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
        command = ["git", *identity, *arguments]
        subprocess.run(command, cwd=self.root, check=True, capture_output=True, timeout=60)


@pytest.fixture
def repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Repository:
    shutil.copytree(PLATFORM, tmp_path / "platform")
    monkeypatch.setenv("SEALOCK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("SEALOCK_ENGINES", "1")
    return Repository(tmp_path / "platform", capfdbinary)


def test_the_example_platform_is_fine_and_everything_is_counted(repository: Repository) -> None:
    code, printed = repository.check()
    assert code == 0
    assert printed.splitlines()[-1] == (
        "15 overlays, 80 objects, 15 Applications checked against Kubernetes 1.36 and Argo CD 3.5: "
        "0 errors, 0 undecided"
    )


def test_a_second_run_says_the_same_and_starts_no_engine(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    log, program = tmp_path / "starts", tmp_path / "engine"
    program.write_text(f'#!/bin/sh\necho started >>{log}\nexec {engine_path()} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("SEALOCK_ENGINE", str(program))
    repository.edit(f"{PRODUCTION}/replica-patch.yaml", "replicas: 3", "replicas: -3")
    first = repository.check()
    assert first[0] == 1
    starts = log.read_text()
    assert starts
    assert repository.check() == first
    assert log.read_text() == starts


def test_a_fault_of_the_base_is_one_finding_with_its_overlays(repository: Repository) -> None:
    repository.edit(f"{LEDGER}/base/service.yaml", "port: ", "prot: ")
    found = [each for each in repository.report()["findings"] if "prot" in each["message"]]
    assert len({(each["file"], each["line"]) for each in found}) == len(found)
    assert {each["file"] for each in found} == {f"{LEDGER}/base/service.yaml"}
    assert all(
        each["overlays"] == [f"{LEDGER}/overlays/{name}" for name in ("dev", "production", "staging")]
        for each in found
    )


def test_a_path_limits_the_check_to_what_reads_it(repository: Repository) -> None:
    repository.edit("services/mailer/base/service.yaml", "port: ", "prot: ")
    assert repository.check(f"{LEDGER}/base/deployment.yaml")[0] == 0
    assert repository.report(f"{LEDGER}/base/deployment.yaml")["summary"]["overlays"] == 3
    assert repository.report(PRODUCTION)["summary"]["overlays"] == 1
    assert repository.check("services/mailer")[0] == 1


def test_since_limits_the_check_to_what_changed_uncommitted_files_included(repository: Repository) -> None:
    repository.git("init", "-q")
    repository.git("add", ".")
    repository.git("commit", "-qm", "one")
    assert repository.report("--since", "HEAD")["summary"]["overlays"] == 0
    repository.edit(f"{PRODUCTION}/replica-patch.yaml", "replicas: 3", "replicas: 4")
    report = repository.report("--since", "HEAD")
    assert (report["summary"]["overlays"], report["summary"]["applications"]) == (1, 1)
    assert [each["rule"] for each in report["findings"]] == ["staging-replicas-differ"]


def test_an_unknown_revision_is_a_usage_error(repository: Repository) -> None:
    code, printed = repository.check("--since", "nonsense")
    assert (code, "is no commit of this repository" in printed) == (2, True)


def test_select_and_ignore_choose_rules(repository: Repository) -> None:
    repository.edit(f"{PRODUCTION}/kustomization.yaml", "digest: sha256:", "newTag: latest # ")
    repository.edit(f"{PRODUCTION}/replica-patch.yaml", "replicas: 3", "replicas: 4")
    rules = {rule for rule, _ in repository.rules()}
    assert rules == {"mutable-tag-in-production", "staging-replicas-differ"}
    assert {rule for rule, _ in repository.rules("--select", "mutable-tag-in-production")} == {
        "mutable-tag-in-production"
    }
    assert {rule for rule, _ in repository.rules("--ignore", "mutable-tag-in-production")} == {
        "staging-replicas-differ"
    }
    code, printed = repository.check("--select", "mutable-tag-production")
    assert (code, "Did you mean `mutable-tag-in-production`?" in printed) == (2, True)


def test_the_level_that_fails_can_be_chosen(repository: Repository) -> None:
    repository.edit(f"{PRODUCTION}/replica-patch.yaml", "replicas: 3", "replicas: 4")
    assert repository.check()[0] == 1
    assert repository.check("--fail-on", "error")[0] == 0


WIDGET = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n"


def test_an_unknown_kind_is_undecided_and_outranks_findings(repository: Repository) -> None:
    repository.write("widgets/overlays/dev/kustomization.yaml", "namespace: w\nresources: [widget.yaml]\n")
    repository.write("widgets/overlays/dev/widget.yaml", WIDGET)
    repository.edit(f"{PRODUCTION}/replica-patch.yaml", "replicas: 3", "replicas: 4")
    code, printed = repository.check()
    assert code == 3
    assert "widgets/overlays/dev/widget.yaml:2:7: undecided[unknown-kind]" in printed
    assert "1 warning, 1 undecided" in printed


@pytest.mark.parametrize(("expires", "code"), [("2999-12-31", 0), ("2020-01-01", 3)])
def test_an_unknown_kind_is_waived_until_the_waiver_expires(
    expires: str, code: int, repository: Repository
) -> None:
    repository.write("widgets/overlays/dev/kustomization.yaml", "namespace: w\nresources: [widget.yaml]\n")
    repository.write("widgets/overlays/dev/widget.yaml", WIDGET)
    waiver = f"{{rule: unknown-kind, path: example.com/v1/Widget, reason: none yet, expires: {expires}}}"
    with (repository.root / "sealock.yaml").open("a") as file:
        file.write(f"waivers:\n  - {waiver}\n")
    found, printed = repository.check()
    assert found == code
    assert ("1 waived" in printed, "expired on 2020-01-01" in printed) == (code == 0, code == 3)


def test_a_remote_base_is_undecided_with_its_line(repository: Repository) -> None:
    repository.edit(
        f"{PRODUCTION}/kustomization.yaml", "  - ../../base\n", "  - https://github.com/acme/base?ref=v1\n"
    )
    report = repository.report(PRODUCTION)
    assert [(each["rule"], each["file"], each["line"]) for each in report["undecided"]] == [
        ("render-failed", f"{PRODUCTION}/kustomization.yaml", 5)
    ]


def test_an_overlay_that_does_not_build_is_a_finding(repository: Repository) -> None:
    (repository.root / PRODUCTION / "replica-patch.yaml").unlink()
    assert ("render-failed", f"{PRODUCTION}/kustomization.yaml") in repository.rules()


def test_a_repository_without_any_configuration_is_checked_and_the_versions_are_said(
    repository: Repository,
) -> None:
    for name in ("sealock.yaml", "services.yaml"):
        (repository.root / name).unlink()
    code, printed = repository.check()
    assert code == 0, printed
    assert "versions: the newest that are packaged" in printed
    assert "against Kubernetes 1.37 and Argo CD 3.5" in printed


def test_an_empty_repository_is_fine(tmp_path: Path, repository: Repository) -> None:
    (tmp_path / "empty").mkdir()
    empty = Repository(tmp_path / "empty", repository._captured)
    assert empty.check()[0] == 0


def test_an_application_that_violates_its_schema_does_not_hide_other_faults(repository: Repository) -> None:
    repository.edit("applications/ledger-production.yaml", "- CreateNamespace=true", "- create: true")
    repository.edit("applications/ledger-dev.yaml", "namespace: payments", "namespace: shop")
    found = {(rule, file) for rule, file in repository.rules() if not rule.startswith("staging")}
    assert found == {
        ("invented-field", "applications/ledger-production.yaml"),
        ("project-not-permitted", "applications/ledger-dev.yaml"),
    }


def test_applications_that_an_overlay_renders_are_checked_as_rendered(repository: Repository) -> None:
    repository.write(
        "apps/overlays/production/kustomization.yaml",
        "resources: [../../base]\npatches:\n- target: {kind: Application}\n  patch: |-\n"
        "    - op: add\n      path: /spec/source/path\n      value: services/ledgr\n",
    )
    repository.write("apps/base/kustomization.yaml", "resources: [app.yaml]\n")
    text = (repository.root / "applications/ledger-production.yaml").read_text()
    repository.write("apps/base/app.yaml", text.replace("services/ledger/overlays/production", "PATH"))
    assert repository.rules() == [("application-path-missing", "apps/overlays/production/kustomization.yaml")]


def test_hostile_files_beside_manifests_do_not_stop_the_check(repository: Repository) -> None:
    repository.write("notes/a.yaml", "{{ not yaml\n")
    (repository.root / "notes" / "b.yaml").write_bytes(b"kind: Application\xff argoproj.io/")
    repository.write("notes/c.yaml", "&a [*a, *a]\n")
    repository.write("notes/d.yaml", "a: " + "[" * 5000)
    (repository.root / "notes" / "loop.yaml").symlink_to("loop.yaml")
    (repository.root / "notes" / "out.yaml").symlink_to("/etc/passwd")
    code, printed = repository.check()
    assert code == 0, printed


def test_github_annotations_name_file_line_and_rule(repository: Repository) -> None:
    repository.edit(f"{PRODUCTION}/replica-patch.yaml", "replicas: 3", "replicas: -3")
    _, printed = repository.check("--format", "github")
    first = printed.splitlines()[0]
    assert first.startswith(
        f"::error file={PRODUCTION}/replica-patch.yaml,line=6,col=13,title=api-server-refuses::spec.replicas"
    )


def test_a_check_leaves_the_repository_as_it_was(repository: Repository) -> None:
    before = {path: path.stat().st_mtime_ns for path in repository.root.rglob("*")}
    repository.check()
    assert {path: path.stat().st_mtime_ns for path in repository.root.rglob("*")} == before


def test_a_changed_application_shows_that_what_it_deploys_does_not_build(repository: Repository) -> None:
    (repository.root / PRODUCTION / "replica-patch.yaml").unlink()
    assert repository.rules("applications/ledger-production.yaml") == [
        ("render-failed", f"{PRODUCTION}/kustomization.yaml")
    ]


def test_an_application_may_deploy_a_folder_that_is_no_overlay(repository: Repository) -> None:
    repository.edit("applications/ledger-dev.yaml", f"path: {LEDGER}/overlays/dev", f"path: {LEDGER}/base")
    repository.edit(f"{LEDGER}/base/service.yaml", "port: ", "prot: ")
    overlays = {name for each in repository.report()["findings"] for name in each["overlays"]}
    assert f"{LEDGER}/base" in overlays


def test_what_schema_and_api_server_both_refuse_is_said_once_in_the_servers_words(
    repository: Repository,
) -> None:
    repository.edit(f"{PRODUCTION}/replica-patch.yaml", "replicas: 3", 'replicas: "three"')
    found = [(each["rule"], each["message"]) for each in repository.report()["findings"]]
    assert [(rule, message.split(":")[0]) for rule, message in found] == [
        ("api-server-refuses", "spec.replicas")
    ]


AUTOSCALER = """\
apiVersion: autoscaling/v2beta2
kind: HorizontalPodAutoscaler
metadata: {name: old}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: old}
  maxReplicas: 3
"""
POLICY = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: new}
spec:
  matchConstraints:
    resourceRules:
      - {apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}
  validations:
    - expression: "true"
"""


@pytest.mark.parametrize(
    ("manifest", "version", "rules"),
    [
        (AUTOSCALER, "1.25", ["deprecated-api-version"]),
        (AUTOSCALER, "1.36", ["removed-api-version"]),
        (POLICY, "1.36", []),
        (POLICY, "1.25", ["schema-violation"]),
    ],
)
def test_the_configured_kubernetes_decides_which_versions_are_served(
    manifest: str, version: str, rules: list[str], repository: Repository
) -> None:
    repository.edit("sealock.yaml", 'kubernetes: "1.36"', f'kubernetes: "{version}"')
    repository.write("more/overlays/dev/kustomization.yaml", "namespace: more\nresources: [more.yaml]\n")
    repository.write("more/overlays/dev/more.yaml", manifest)
    report = repository.report("more/overlays/dev")
    assert [each["rule"] for each in report["findings"]] == rules
    assert report["undecided"] == []


def test_pruning_that_the_settings_ask_for_is_no_finding(repository: Repository) -> None:
    repository.edit("applications/ledger-production.yaml", "prune: false", "prune: true")
    assert repository.rules() == [("production-auto-prune", "applications/ledger-production.yaml")]
    repository.edit("sealock.yaml", "prune: false", "prune: true")
    assert repository.rules() == []
