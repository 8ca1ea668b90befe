"""What the engine is asked about admission policies and organisation rules."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.app.policy_question import Clash, Declared, Questions, Subject, questions, rule_tests
from sealock.config import settings
from sealock.ports import KnownNamespace, PolicyCase, PolicyPlace

NOTHING = settings.load("")
ADMISSION = "admissionregistration.k8s.io/v1"


def manifest(api_version: str, kind: str, name: str, namespace: str = "", **fields: object) -> dict[str, Any]:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def policy(name: str, groups: tuple[str, ...] = ("apps",), **spec: object) -> dict[str, Any]:
    rules = {"matchConstraints": {"resourceRules": [{"apiGroups": list(groups)}]}} if groups else {}
    return manifest(ADMISSION, "ValidatingAdmissionPolicy", name, spec=rules | spec)


def binding(name: str, to: str) -> dict[str, Any]:
    return manifest(ADMISSION, "ValidatingAdmissionPolicyBinding", name, spec={"policyName": to})


def rules(*kinds: str) -> str:
    listed = ", ".join(f'"{kind}"' for kind in kinds)
    return f'policy: {{custom: [{{id: r, kinds: [{listed}], expression: "true", message: m}}]}}'


DEPLOYMENT = manifest("apps/v1", "Deployment", "web", "shop")
CONFIG = manifest("v1", "ConfigMap", "web", "shop")


def names(found: Questions) -> list[list[str]]:
    return [[each["metadata"]["name"] for each in asked.question.policies] for asked in found.asked]


def test_an_object_is_asked_about_with_its_place() -> None:
    declared = [Declared(policy("p"), "p.yaml"), Declared(binding("b", "p"), "p.yaml")]
    subject = Subject(DEPLOYMENT, "a/overlays/prod", "prod", True, "fallback", CONFIG)  # noqa: FBT003
    (asked,) = questions(NOTHING, declared, [subject]).asked
    place = PolicyPlace("a/overlays/prod", "prod", production=True)
    assert asked.question.cases == (
        PolicyCase(DEPLOYMENT, old=CONFIG, namespace="fallback", variables=place),
    )
    assert (asked.question.policies, asked.question.bindings) == ((policy("p"),), (binding("b", "p"),))
    assert asked.subjects == (0,)


def test_without_policies_and_rules_nothing_is_asked() -> None:
    assert questions(NOTHING, [], [Subject(DEPLOYMENT)]) == Questions((), ())


@pytest.mark.parametrize(
    ("groups", "concerned"),
    [(("apps",), (0,)), (("",), (1,)), (("*",), (0, 1)), ((), (0, 1)), (("batch",), ())],
)
def test_only_objects_that_a_policy_may_be_about_are_asked_about(
    groups: tuple[str, ...], concerned: tuple[int, ...]
) -> None:
    found = questions(
        NOTHING, [Declared(policy("p", groups), "p.yaml")], [Subject(DEPLOYMENT), Subject(CONFIG)]
    )
    assert tuple(index for asked in found.asked for index in asked.subjects) == concerned


def test_events_of_both_groups_are_asked_about() -> None:
    event = Subject(manifest("v1", "Event", "e", "a"))
    (asked,) = questions(NOTHING, [Declared(policy("p", ("events.k8s.io",)), "p.yaml")], [event]).asked
    assert asked.subjects == (0,)


@pytest.mark.parametrize(
    ("kinds", "concerned"),
    [
        (("Deployment",), (0,)),
        (("apps/v1/Deployment", "v1/ConfigMap"), (0, 1)),
        (("*",), (0, 1)),
        (("Pod",), ()),
    ],
)
def test_only_objects_of_a_rules_kinds_are_asked_about(
    kinds: tuple[str, ...], concerned: tuple[int, ...]
) -> None:
    found = questions(settings.load(rules(*kinds)), [], [Subject(DEPLOYMENT), Subject(CONFIG)])
    assert tuple(index for asked in found.asked for index in asked.subjects) == concerned


def test_a_rule_that_is_off_is_not_asked() -> None:
    off = settings.load(rules("*")[:-1] + ", rules: {r: off}}")
    assert questions(off, [], [Subject(DEPLOYMENT)]).asked == ()


def test_what_one_environment_declares_holds_for_that_environment() -> None:
    declared = [
        Declared(policy("everywhere"), "policies.yaml"),
        Declared(policy("strict"), "overlays/prod", "prod"),
        Declared(policy("lax"), "overlays/dev", "dev"),
    ]
    subjects = [Subject(DEPLOYMENT, environment=name) for name in ("dev", "prod", None, "dev")]
    found = questions(NOTHING, declared, subjects)
    assert names(found) == [["everywhere", "lax"], ["everywhere", "strict"], ["everywhere"]]
    assert [each.subjects for each in found.asked] == [(0, 3), (1,), (2,)]


def test_the_same_policy_seen_twice_counts_once() -> None:
    declared = [Declared(policy("p"), "one.yaml"), Declared(policy("p"), "two.yaml")]
    found = questions(NOTHING, declared, [Subject(DEPLOYMENT)])
    assert (names(found), found.clashes) == ([["p"]], ())


def test_policies_that_clash_are_left_out_and_named() -> None:
    declared = [
        Declared(policy("p"), "one.yaml"),
        Declared(policy("p", failurePolicy="Ignore"), "two.yaml"),
        Declared(policy("q"), "one.yaml"),
    ]
    found = questions(NOTHING, declared, [Subject(DEPLOYMENT)])
    clash = Clash("ValidatingAdmissionPolicy", "p", ("one.yaml", "two.yaml"))
    assert (names(found), found.clashes) == ([["q"]], (clash,))


def test_parameters_are_objects_of_the_kinds_that_policies_ask_for() -> None:
    limit = manifest("rules.example.com/v1", "Limit", "l", "a", max=3)
    asks = policy("p", paramKind={"apiVersion": "rules.example.com/v1", "kind": "Limit"})
    declared = [Declared(each, "x.yaml") for each in (asks, limit, CONFIG)]
    (asked,) = questions(NOTHING, declared, [Subject(DEPLOYMENT)]).asked
    assert asked.question.parameters == (limit,)


def test_definitions_are_those_of_the_objects_and_parameters() -> None:
    def definition(group: str, kind: str) -> dict[str, Any]:
        spec = {"group": group, "names": {"kind": kind}}
        return manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition", kind.lower(), spec=spec)

    asks = policy("p", ("example.com",), paramKind={"apiVersion": "rules.example.com/v1", "kind": "Limit"})
    definitions = [
        definition("example.com", "Thing"),
        definition("rules.example.com", "Limit"),
        definition("example.com", "X"),
    ]
    declared = [Declared(each, "x.yaml") for each in (asks, *definitions, definitions[0])]
    thing = Subject(manifest("example.com/v1", "Thing", "t", "a"))
    (asked,) = questions(NOTHING, declared, [thing]).asked
    assert asked.question.definitions == tuple(definitions[:2])


def test_namespaces_come_from_the_repository_then_from_the_settings() -> None:
    known = settings.load("namespaces: {a: {labels: {from: file}}, b: {labels: {from: file}}, d: }")

    def namespace(name: str, source: str, environment: str | None = None) -> Declared:
        metadata = {"name": name, "labels": {"from": source}, "annotations": {"x": "y"}}
        return Declared({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}, source, environment)

    declared = [
        Declared(policy("p"), "p.yaml"),
        namespace("a", "one"),
        namespace("a", "other"),
        namespace("b", "repository"),
        namespace("c", "prod", "prod"),
    ]
    (asked,) = questions(known, declared, [Subject(DEPLOYMENT, environment="dev")]).asked
    assert asked.question.namespaces == (
        KnownNamespace("a", {"from": "file"}),
        KnownNamespace("b", {"from": "repository"}, {"x": "y"}),
        KnownNamespace("d"),
    )


def test_a_rules_tests_are_cases_of_that_rule_alone() -> None:
    text = """
environments: {live: {production: true}}
policy:
  custom:
    - id: a
      kinds: [Pod]
      expression: "true"
      message: m
      tests: [{name: t, object: {kind: Pod}, valid: true}]
    - id: b
      kinds: [Pod]
      expression: "true"
      message: m
      tests: [{name: t, object: {a: 1}, old: {a: 2}, valid: false, overlay: o, environment: live}]
"""
    loaded = settings.load(text)
    question, tests = rule_tests(loaded)
    assert question.cases == (
        PolicyCase({"kind": "Pod"}, rule="a"),
        PolicyCase({"a": 1}, old={"a": 2}, rule="b", variables=PolicyPlace("o", "live", production=True)),
    )
    assert [(rule.id, test.valid) for rule, test in tests] == [("a", True), ("b", False)]
    assert question.rules == loaded.custom


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "v1", "p", "apps"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["name", "spec", "apiGroups", "paramKind", "labels"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@given(
    st.lists(st.dictionaries(st.sampled_from(["metadata", "spec", "x"]), json_values, max_size=3), max_size=4)
)
def test_malformed_policies_are_left_to_the_engine(bodies: list[dict[str, Any]]) -> None:
    head = {"apiVersion": ADMISSION, "kind": "ValidatingAdmissionPolicy"}
    declared = [Declared(head | body, f"{number}.yaml") for number, body in enumerate(bodies)]
    found = questions(NOTHING, declared, [Subject(DEPLOYMENT)])
    told = len([each for asked in found.asked for each in asked.question.policies])
    assert told + sum(len(each.sources) for each in found.clashes) <= len(bodies)
