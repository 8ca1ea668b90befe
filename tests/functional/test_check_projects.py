"""AppProjects that only a cluster could judge are undecided, never a pass."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sealock.cli.main import run

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "platform"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEALOCK_CACHE_DIR", str(tmp_path / "cache"))
    return Path(shutil.copytree(EXAMPLE, tmp_path / "platform"))


def test_a_project_of_its_own_clusters_is_undecided(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = repository / "projects" / "payments.yaml"
    text = project.read_text()
    project.write_text(text.replace("\nspec:\n", "\nspec:\n  permitOnlyProjectScopedClusters: true\n"))

    assert run(["check", "--repo", str(repository)]) == 3

    printed = capsys.readouterr().out
    assert "applications/ledger-dev.yaml:13:12: undecided[project-not-permitted]" in printed
    assert "0 errors" in printed


def test_a_definition_in_the_repository_says_that_a_kind_is_of_the_cluster(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = repository / "services" / "ledger" / "base"
    kustomization = base / "kustomization.yaml"
    kustomization.write_text(kustomization.read_text().replace("resources:\n", "resources:\n  - tier.yaml\n"))
    (base / "tier.yaml").write_text("apiVersion: example.com/v1\nkind: Tier\nmetadata: {name: gold}\n")
    (repository / "tier-crd.yaml").write_text(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
        "metadata: {name: tiers.example.com}\n"
        "spec:\n  group: example.com\n  scope: Cluster\n  names: {kind: Tier, plural: tiers}\n"
        "  versions:\n  - name: v1\n    served: true\n    storage: true\n"
        "    schema: {openAPIV3Schema: {type: object}}\n"
    )

    assert run(["check", "--repo", str(repository)]) == 1

    assert "resource example.com:Tier is not permitted in project payments" in capsys.readouterr().out


def test_a_project_that_nobody_can_read_is_a_finding_and_ends_no_check(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = repository / "projects" / "payments.yaml"
    project.write_text(project.read_text() + "  orphanedResources: {ignore: [[]]}\n")

    assert run(["check", "--repo", str(repository)]) == 1

    printed = capsys.readouterr().out
    assert "error[schema-violation]: spec.orphanedResources.ignore[0]" in printed
    assert "1 error, 0 undecided" in printed


@pytest.mark.parametrize(
    ("clusters", "status", "said"),
    [
        ("", 3, "undecided[project-not-permitted]: spec.destination: project 'payments' and the Application"),
        ("{name: lab, server: 'https://10.0.0.7:6443'}", 1, "error[project-not-permitted]: application dest"),
    ],
)
def test_declared_clusters_settle_what_names_and_servers_leave_open(
    repository: Path, capsys: pytest.CaptureFixture[str], clusters: str, status: int, said: str
) -> None:
    application = repository / "applications" / "ledger-dev.yaml"
    text = application.read_text()
    application.write_text(text.replace("https://kubernetes.default.svc", "https://10.0.0.7:6443"))
    settings = repository / "sealock.yaml"
    settings.write_text(f"{settings.read_text()}\nclusters: [{clusters}]\n")

    assert run(["check", "--repo", str(repository)]) == status

    assert said in capsys.readouterr().out


def test_a_project_that_argo_cd_refuses_is_an_error_of_the_project(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = repository / "projects" / "payments.yaml"
    windows = (
        "\nspec:\n  syncWindows: [{kind: deny, schedule: '0 2 * * *', duration: 2 h, clusters: ['*']}]\n"
    )
    project.write_text(project.read_text().replace("\nspec:\n", windows))

    assert run(["check", "--repo", str(repository)]) == 1

    printed = capsys.readouterr().out
    assert "error[project-refused]: cannot parse duration '2 h'" in printed
    assert "1 error, 0 undecided" in printed
