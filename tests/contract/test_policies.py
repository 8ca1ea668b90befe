"""Admission policies and organisation rules through the real engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sealock.adapters.engine import open_pool
from sealock.adapters.engine_policy import EnginePolicies
from sealock.app.policy_question import Declared, Subject, questions, rule_tests
from sealock.config import settings

if TYPE_CHECKING:
    from sealock.ports import PolicyAnswers, PolicyQuestion

pytestmark = pytest.mark.engine

ADMISSION = "admissionregistration.k8s.io/v1"
POLICY = {
    "apiVersion": ADMISSION,
    "kind": "ValidatingAdmissionPolicy",
    "metadata": {"name": "few-replicas"},
    "spec": {
        "matchConstraints": {
            "resourceRules": [
                {
                    "apiGroups": ["apps"],
                    "apiVersions": ["v1"],
                    "operations": ["CREATE", "UPDATE"],
                    "resources": ["deployments"],
                }
            ]
        },
        "validations": [{"expression": "object.spec.replicas <= 5", "message": "at most five replicas"}],
    },
}
BINDING = {
    "apiVersion": ADMISSION,
    "kind": "ValidatingAdmissionPolicyBinding",
    "metadata": {"name": "few-replicas"},
    "spec": {
        "policyName": "few-replicas",
        "validationActions": ["Deny"],
        "matchResources": {"namespaceSelector": {"matchLabels": {"tier": "shop"}}},
    },
}
SETTINGS = """
namespaces: {shop: {labels: {tier: shop}}}
policy:
  custom:
    - id: replicas-in-production
      kinds: [apps/v1/Deployment]
      expression: "!production || object.spec.replicas >= 2"
      message: two replicas at least
      tests:
        - name: one is fine in dev
          object: &one {apiVersion: apps/v1, kind: Deployment, spec: {replicas: 1}}
          valid: true
        - name: one is refused in production
          object: *one
          environment: production
          valid: false
        - {name: wrong expectation, object: *one, valid: false}
"""


def deployment(replicas: int) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": replicas},
    }


def judged(question: PolicyQuestion) -> PolicyAnswers:
    with open_pool() as pool:
        return EnginePolicies(pool).judge(question)


def test_policies_and_rules_judge_the_objects_of_their_environment() -> None:
    subjects = [
        Subject(deployment(replicas), environment=name, production=name == "production")
        for name, replicas in (("production", 6), ("production", 1), ("production", 3))
    ]
    declared = [Declared(each, "policies.yaml") for each in (POLICY, BINDING)]
    (asked,) = questions(settings.load(SETTINGS), declared, subjects).asked
    found = judged(asked.question)
    assert [[(each.kind, each.message, each.path) for each in case.verdicts] for case in found.cases] == [
        [("policy", "at most five replicas", "spec.replicas")],
        [("rule", "two replicas at least", "spec.replicas")],
        [],
    ]
    assert [case.undecided for case in found.cases] == [(), (), ()]
    assert (found.unusable, found.notes) == ((), ())


def test_the_tests_of_a_rule_tell_whether_it_does_what_it_should() -> None:
    question, tests = rule_tests(settings.load(SETTINGS))
    answers = judged(question).cases
    held = [test.valid != bool(answer.verdicts) for (_, test), answer in zip(tests, answers, strict=True)]
    assert [test.name for _, test in tests] == [
        "one is fine in dev",
        "one is refused in production",
        "wrong expectation",
    ]
    assert held == [True, True, False]


def test_what_is_wrong_with_a_policy_itself_is_said_once() -> None:
    broken = POLICY | {"spec": POLICY["spec"] | {"validations": [{"expression": "objekt.spec"}]}}  # type: ignore[operator]
    (asked,) = questions(settings.load(""), [Declared(broken, "p.yaml")], [Subject(deployment(1))]).asked
    found = judged(asked.question)
    assert [each.id for each in found.unusable] == ["few-replicas"]
    assert found.notes == (
        "ValidatingAdmissionPolicy few-replicas has no binding: it is not enforced, and not evaluated",
    )


def test_the_rules_of_the_how_to_page_pass_their_tests() -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "write-your-own-rules.md"
    (example,) = (each.split("\n```")[0] for each in page.read_text(encoding="utf-8").split("```yaml\n")[1:])
    question, tests = rule_tests(settings.load(example))
    found = judged(question)
    held = [test.valid != bool(each.verdicts) for (_, test), each in zip(tests, found.cases, strict=True)]
    assert (held, [each.undecided for each in found.cases], found.unusable) == ([True] * 4, [()] * 4, ())
    assert found.cases[3].verdicts[0].message == "production needs two replicas, not 1"
