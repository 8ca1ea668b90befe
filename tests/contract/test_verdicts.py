"""The engine's verdicts on objects and Applications, through the ports that ask for them."""

from __future__ import annotations

import pytest

from sealock.adapters.engine import EngineProjectPolicy, open_pool
from sealock.adapters.engine_admit import EngineAdmitter
from sealock.domain.rendered import Admission
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
