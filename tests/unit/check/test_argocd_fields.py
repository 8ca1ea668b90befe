"""The tables of Argo CD's fields and of invented ones, against the packaged definitions."""

from __future__ import annotations

import gzip
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

import sealock.schemas
from sealock.adapters.schemas import argocd_versions
from sealock.ports import SchemaProblem
from sealock.rules.argocd.advice import about_metadata, about_shape, about_unknown, is_explained
from sealock.rules.argocd.fields import fields_of, parent_of, plain
from sealock.rules.argocd.inventions import SHAPES, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = ("Application", "AppProject", "ApplicationSet")
NEWEST = (3, 5)
# Labels and annotations are free, and the fields of a template in a generator are those of any template.
INSIDE = re.compile(r"generator\.\w+\.template\.")


@cache
def schema(kind: str, version: str) -> dict[str, Any]:
    folder = sealock.schemas.__path__[0]
    with gzip.open(f"{folder}/argocd/{version}/{kind}.json.gz") as file:
        crd = msgspec.json.decode(file.read())
    found: dict[str, Any] = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return found


def listed(node: dict[str, Any], path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every field below a schema's node."""
    for name, child in (node.get("properties") or {}).items():
        if path or name not in {"status", "operation", "metadata"}:
            yield (*path, name)
            yield from listed(child, (*path, name))
    if isinstance(node.get("items"), dict):
        yield from listed(node["items"], (*path, 0))


def known(kind: str, version: tuple[int, int]) -> set[str]:
    """Return the plain path of every field in the table that a version has."""
    parents = fields_of(kind).items()
    return {
        name if parent == "." else f"{parent}.{name}"
        for parent, names in parents
        for name, since in names.items()
        if since <= version
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", argocd_versions())
def test_the_table_lists_exactly_the_fields_of_the_packaged_definition(kind: str, version: str) -> None:
    major, minor = map(int, version.split("."))
    declared = [(*plain(kind, path[:-1]), str(path[-1])) for path in listed(schema(kind, version))]
    own = {f"{parent}.{name}".removeprefix(".") for owner, parent, name in declared if owner == kind}
    in_template = {f"{parent}.{name}" for owner, parent, name in declared if owner != kind}
    assert known(kind, (major, minor)) - {"metadata"} == {each for each in own if not INSIDE.match(each)}
    assert in_template - known("Application", (major, minor)) == set()


@pytest.mark.parametrize("kind", KINDS)
def test_no_invented_field_exists(kind: str) -> None:
    assert set(UNKNOWN[kind]) & known(kind, NEWEST) == set()


@pytest.mark.parametrize("kind", KINDS)
def test_every_invented_field_stands_under_a_parent_that_exists(kind: str) -> None:
    parents = {parent_of(text).removesuffix("[]") for text in UNKNOWN[kind]} - {".", "*", "generator"}
    assert parents - known(kind, NEWEST) == set()


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_with_a_known_wrong_shape_exists(kind: str) -> None:
    assert {text.removesuffix("[]") for text in SHAPES[kind]} - known(kind, NEWEST) == set()


@pytest.mark.parametrize(
    ("kind", "path", "expected"),
    [
        ("Application", ("spec", "source", "kustomize", "nameprefix"), "Write `namePrefix`."),
        ("Application", ("spec", "sources", 1, "repo_url"), "Write `repoURL`."),
        ("Application", ("spec", "sources", 1, "helm", "valueFile"), "Write `valueFiles`, a list."),
        ("Application", ("spec", "syncPolicy", "selfHeal"), None),
        ("Application", ("spec", "source", "dependsOn"), None),
        ("Application", ("spec", "maxDuration"), None),
        ("Application", ("spec", "destinatoin"), "Did you mean `destination`?"),
        ("Application", ("spec", "zzz"), "Remove it: Argo CD ignores it or refuses it."),
        ("AppProject", ("spec", "clusterResourceWhiteList"), "Write `clusterResourceWhitelist`."),
        (
            "ApplicationSet",
            ("spec", "generators", 0, "matrix", "generators", 1, "cluster"),
            "Write `clusters`.",
        ),
        ("ApplicationSet", ("spec", "template", "spec", "destination", "cluster"), None),
    ],
)
def test_advice_names_the_field_that_was_meant(
    kind: str, path: tuple[str | int, ...], expected: str | None
) -> None:
    advice = about_unknown(kind, path, NEWEST)
    if expected is None:
        meant = {
            "selfHeal": "Move `selfHeal`: it belongs under `spec.syncPolicy.automated`.",
            "dependsOn": UNKNOWN["Application"]["*.dependsOn"],
            "maxDuration": "Move `maxDuration`: it belongs under `spec.syncPolicy.retry.backoff`.",
            "cluster": "Write `name` for a cluster's name, or `server` for its URL.",
        }
        expected = meant[str(path[-1])]
    assert expected == advice


def test_a_field_of_a_later_version_is_named_with_that_version() -> None:
    advice = about_unknown("Application", ("spec", "source", "tagPrefix"), (3, 4))
    assert advice == "`tagPrefix` came with Argo CD 3.5: upgrade, or remove it."


def test_a_field_of_a_later_version_is_no_suggestion() -> None:
    assert (
        about_unknown("AppProject", ("spec", "sourceIntegritty"), (3, 4)) != "Did you mean `sourceIntegrity`?"
    )
    assert (
        about_unknown("AppProject", ("spec", "sourceIntegritty"), (3, 5)) == "Did you mean `sourceIntegrity`?"
    )


def test_a_value_of_the_wrong_shape_has_advice_only_where_there_is_more_to_say() -> None:
    assert about_shape("Application", ("spec", "syncPolicy", "automated")).startswith("Write `automated: {}`")
    assert about_shape("Application", ("spec", "revisionHistoryLimit")) == ""


def test_an_unknown_field_of_metadata_is_compared_with_those_of_every_object() -> None:
    assert about_metadata("anotations") == "Did you mean `annotations`?"
    assert about_metadata("zzz") == "Remove it."


def test_a_missing_field_is_explained_by_its_namesake_in_the_wrong_place() -> None:
    missing = SchemaProblem(("spec",), "required field `destination` is missing")
    moved = SchemaProblem(("destination",), "unknown field `destination`")
    application = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}
    assert is_explained(application, missing, (missing, moved))
    assert not is_explained(application, missing, (missing,))


def test_a_missing_field_is_explained_by_what_stands_for_it() -> None:
    git = ("spec", "generators", 0, "git")
    missing = SchemaProblem(git, "required field `revision` is missing")
    applications = {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet"}
    assert is_explained(applications, missing, (SchemaProblem((*git, "branch"), "unknown field `branch`"),))
    assert not is_explained(applications, missing, (SchemaProblem((*git, "depth"), "unknown field `depth`"),))


def test_problems_of_other_kinds_are_left_to_the_schema() -> None:
    problem = SchemaProblem(("spec", "replica"), "unknown field `replica`")
    assert not is_explained({"apiVersion": "apps/v1", "kind": "Deployment"}, problem, (problem,))
    assert not is_explained({"apiVersion": "app.k8s.io/v1", "kind": "Application"}, problem, (problem,))
