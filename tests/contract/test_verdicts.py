"""The engine's verdicts on objects and Applications, through the ports that ask for them."""

from __future__ import annotations

import pytest

from sealock.adapters.engine import EngineProjectPolicy, open_pool
from sealock.adapters.engine_admit import EngineAdmitter
from sealock.domain.rendered import Admission
from sealock.domain.settings import KnownCluster
from sealock.ports import PermitProblem, PermitQuestion, States

pytestmark = pytest.mark.engine


def test_the_api_servers_verdict_comes_in_the_order_of_the_questions() -> None:
    maps = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}} for name in ("fine", "Not_Fine")
    ]
    with open_pool() as pool:
        good, bad = EngineAdmitter(pool).admit([States(None, each) for each in maps])
    assert good == Admission()
    assert [path for path, _ in bad.errors] == ["metadata.name"]


def test_a_project_that_is_not_there_is_a_problem_of_the_application() -> None:
    application = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "a", "namespace": "argocd"},
        "spec": {
            "project": "nobody",
            "source": {"repoURL": "https://example.com/r.git", "path": "."},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "a"},
        },
    }
    with open_pool() as pool:
        ((problem,),) = EngineProjectPolicy(pool).permit([], [PermitQuestion(application)])
    assert isinstance(problem, PermitProblem)
    assert problem.path == "spec.project"


def test_what_is_wrong_with_each_project_comes_in_the_order_of_the_projects() -> None:
    projects = [
        {"metadata": {"name": "a"}, "spec": {"sourceRepos": repositories}}
        for repositories in (["*"], ["*", "!*"])
    ]
    with open_pool() as pool:
        good, bad = EngineProjectPolicy(pool).validate(projects)
    assert good == ()
    assert bad == (PermitProblem("spec.sourceRepos[1]", "source repository has an invalid format, '!*'"),)


@pytest.mark.parametrize(
    ("clusters", "paths"),
    [
        ((), ["undecided"]),
        ((KnownCluster("eu", "https://eu.example"),), []),
        ((KnownCluster("eu", "https://us.example"),), ["spec.destination"]),
    ],
)
def test_a_known_cluster_decides_between_its_name_and_its_server(
    clusters: tuple[KnownCluster, ...], paths: list[str]
) -> None:
    project = {
        "metadata": {"name": "p", "namespace": "argocd"},
        "spec": {
            "sourceRepos": ["*"],
            "destinations": [{"server": "https://eu.example", "namespace": "a"}],
        },
    }
    application = {
        "metadata": {"name": "a", "namespace": "argocd"},
        "spec": {
            "project": "p",
            "source": {"repoURL": "https://example.com/r.git", "path": "."},
            "destination": {"name": "eu", "namespace": "a"},
        },
    }
    with open_pool() as pool:
        (found,) = EngineProjectPolicy(pool).permit(
            [project], [PermitQuestion(application)], clusters=clusters
        )
    assert [each.path for each in found] == paths
