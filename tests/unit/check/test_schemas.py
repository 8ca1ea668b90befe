"""Packaged schemas and those of CustomResourceDefinitions."""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot

from sealock.adapters.schemas import PackagedSchemas, argocd_versions, chosen, kubernetes_versions
from sealock.errors import ConfigurationError, Undecided

SCHEMAS = PackagedSchemas("1.36", "3.5")


def deployment(**spec: object) -> dict[str, Any]:
    whole = {
        "selector": {"matchLabels": {"app": "a"}},
        "template": {
            "metadata": {"labels": {"app": "a"}},
            "spec": {"containers": [{"name": "a", "image": "a"}]},
        },
    }
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": whole | spec}


def problems(manifest: dict[str, Any], schemas: PackagedSchemas = SCHEMAS) -> list[tuple[Any, str]]:
    found = schemas.validate(manifest)
    assert found is not None
    return [(each.path, each.message) for each in found]


def test_a_valid_object_has_no_problem() -> None:
    assert problems(deployment(replicas=3)) == []


def test_problems_have_paths_and_say_what_was_expected() -> None:
    wrong = deployment(replicas="3", replica=3)
    del wrong["spec"]["selector"]
    assert sorted(problems(wrong)) == snapshot(
        [
            (("spec",), "required field `selector` is missing"),
            (("spec", "replica"), "unknown field `replica`"),
            (("spec", "replicas"), 'expected integer, found "3"'),
        ]
    )


def test_null_stands_for_a_quantity_that_is_not_set() -> None:
    container = {"name": "a", "image": "a", "resources": {"limits": {"cpu": None, "memory": 3}}}
    assert problems(deployment(template={"spec": {"containers": [container]}})) == []


def test_a_kind_of_another_group_is_not_taken_for_a_built_in_one() -> None:
    assert SCHEMAS.validate({"apiVersion": "apps.example.com/v1", "kind": "Deployment"}) is None


def test_the_parts_of_an_object_are_no_kinds() -> None:
    assert SCHEMAS.validate({"apiVersion": "v1", "kind": "Container"}) is None


@pytest.mark.parametrize("kind", ["../../../etc/passwd", "", "Deployment/x", "\x00"])
def test_a_hostile_kind_is_just_unknown(kind: str) -> None:
    assert SCHEMAS.validate({"apiVersion": "argoproj.io/v1alpha1", "kind": kind}) is None
    assert SCHEMAS.validate({"apiVersion": f"{kind}/v1", "kind": kind}) is None


@pytest.mark.parametrize("version", ["3.3", "3.4", "3.5"])
@pytest.mark.parametrize("kind", ["Application", "AppProject", "ApplicationSet"])
def test_every_argo_cd_has_schemas_of_its_three_kinds(version: str, kind: str) -> None:
    manifest = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": "a"},
        "spec": {"nonsense": 1},
    }
    found = problems(manifest, PackagedSchemas("1.36", version))
    assert (("spec", "nonsense"), "unknown field `nonsense`") in found


def test_what_a_later_argo_cd_added_is_unknown_to_an_earlier_one() -> None:
    project = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {},
        "spec": {"sourceIntegrity": {"git": {"policies": []}}},
    }
    assert problems(project, PackagedSchemas("1.36", "3.5")) == []
    assert problems(project, PackagedSchemas("1.36", "3.4")) == [
        (("spec", "sourceIntegrity"), "unknown field `sourceIntegrity`")
    ]


def crd(**properties: object) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": properties}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {"spec": {"group": "example.com", "names": {"kind": "Widget"}, "versions": [version]}}


def widget(**spec: object) -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec}


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "string"}, "x", 1),
        ({"x-kubernetes-int-or-string": True}, 1, []),
        ({"x-kubernetes-int-or-string": True}, "80%", {}),
        ({"type": "string", "nullable": True}, None, 1),
        ({"type": "string", "enum": ["a"], "nullable": True}, None, "b"),
        ({"type": "object", "properties": {"a": {"type": "string"}}}, {"a": "x"}, {"b": "x"}),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, {"b": 1}, {"b": "x"}),
        ({"type": "object", "x-kubernetes-preserve-unknown-fields": True}, {"b": {}}, []),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, 2, 1),
        ({"type": "array", "items": {"type": "object", "properties": {"a": {}}}}, [{"a": 1}], [{"b": 1}]),
        (
            {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"spec": {}}},
            {"kind": "X"},
            {"x": 1},
        ),
        ({"type": "string", "pattern": "^[a-z]+$"}, "abc", "ABC"),
    ],
)
def test_a_definitions_schema_means_what_the_api_server_makes_of_it(
    schema: object, good: object, bad: object
) -> None:
    schemas = SCHEMAS.with_definitions([crd(field=schema)])
    assert problems(widget(field=good), schemas) == []
    assert problems(widget(field=bad), schemas) != []


def test_a_definition_does_not_replace_a_packaged_kind() -> None:
    fake = crd()
    fake["spec"] |= {"group": "apps", "names": {"kind": "Deployment"}}
    assert problems(deployment(nonsense=1), SCHEMAS.with_definitions([fake])) != []


def test_a_version_that_is_not_served_is_unknown() -> None:
    definition = crd()
    definition["spec"]["versions"][0]["served"] = False
    assert SCHEMAS.with_definitions([definition]).validate(widget()) is None


@pytest.mark.parametrize(
    "broken", [{"spec": None}, {"spec": {"versions": "x"}}, {"spec": {"versions": [3]}}, {}]
)
def test_a_broken_definition_defines_nothing(broken: dict[str, Any]) -> None:
    assert SCHEMAS.with_definitions([broken]).validate(widget()) is None


def test_a_schema_that_cannot_be_used_is_undecided() -> None:
    schemas = SCHEMAS.with_definitions([crd(field={"type": "nonsense"})])
    with pytest.raises(Undecided, match="Widget has no usable schema"):
        schemas.validate(widget())


def test_the_newest_packaged_version_is_the_default() -> None:
    assert chosen("Kubernetes", "", ["1.9", "1.10"]) == "1.10"
    assert kubernetes_versions()[-1] == "1.37"
    assert argocd_versions() == ["3.3", "3.4", "3.5"]


def test_a_patch_release_means_its_minor() -> None:
    assert chosen("Kubernetes", "1.36.2", ["1.35", "1.36"]) == "1.36"


def test_a_version_that_is_not_packaged_is_refused_with_those_that_are() -> None:
    with pytest.raises(ConfigurationError) as caught:
        chosen("Argo CD", "2.14", ["3.3", "3.4"])
    assert (caught.value.message, caught.value.hint) == snapshot(
        (
            "no schemas of Argo CD 2.14 are packaged",
            "Packaged are 3.3 to 3.4: set `versions` in sealock.yaml to the nearest.",
        )
    )
