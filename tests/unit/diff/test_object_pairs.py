"""Which objects of two renders are the same, and what only follows from a generated name's new hash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from sealock.domain.object_diff import (
    HIDDEN,
    Comparison,
    FieldChange,
    ObjectChange,
    OverlayDiff,
    grouped,
    named,
)
from sealock.domain.object_pairs import Folded, Pair, matched
from sealock.domain.rendered import Origin, RenderedObject

if TYPE_CHECKING:
    from collections.abc import Sequence

OLD, NEW = "settings-66h9cbh964", "settings-5m462dtmft"


def manifest(kind: str, name: str, api: str = "v1", namespace: str = "shop", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": namespace}, **more}


def rendered(kind: str, name: str, *, generator: str = "", **more: Any) -> RenderedObject:  # noqa: ANN401 - JSON
    return RenderedObject(manifest(kind, name, **more), Origin("a.yaml", generator=generator))


def generated(name: str, **data: str) -> RenderedObject:
    return rendered("ConfigMap", name, generator="configMapGenerator", data=data)


def user(config_map: str, **more: Any) -> RenderedObject:  # noqa: ANN401 - JSON
    spec = {"template": {"spec": {"volumes": [{"configMap": {"name": config_map}}]}}, **more}
    return rendered("Deployment", "web", api="apps/v1", spec=spec)


def names(pairs: Sequence[Pair]) -> list[tuple[str, str]]:
    return [
        (
            each.before["metadata"]["name"] if each.before else "",
            each.after["metadata"]["name"] if each.after else "",
        )
        for each in pairs
    ]


def described(
    before: Sequence[RenderedObject], after: Sequence[RenderedObject], *changes: FieldChange
) -> tuple[ObjectChange, ...]:
    """Return what happened if every object on both sides has these changes."""
    folded = Folded(matched(before, after))
    return folded.describe(
        [Comparison(changes if each.before and each.after else ()) for each in folded.pairs]
    )


def test_objects_are_the_same_by_group_kind_namespace_and_name() -> None:
    before = [
        rendered("Ingress", "a", api="networking.k8s.io/v1beta1"),
        rendered("Ingress", "b", api="x.io/v1"),
    ]
    after = [rendered("Ingress", "a", api="networking.k8s.io/v1"), rendered("Ingress", "b", api="y.io/v1")]
    assert names(matched(before, after)) == [("a", "a"), ("", "b"), ("b", "")]


def test_the_same_name_in_another_namespace_is_another_object() -> None:
    before, after = [rendered("Role", "a")], [rendered("Role", "a", namespace="other")]
    assert names(matched(before, after)) == [("", "a"), ("a", "")]


def test_generated_objects_are_the_same_whatever_their_hash() -> None:
    (pair,) = matched([generated(OLD)], [generated(NEW)])
    assert pair.suffixes == ("66h9cbh964", "5m462dtmft")


def test_a_name_that_only_looks_generated_is_not() -> None:
    before, after = [rendered("ConfigMap", OLD)], [rendered("ConfigMap", NEW)]
    assert names(matched(before, after)) == [("", NEW), (OLD, "")]


def test_two_generated_objects_of_one_stem_are_not_guessed_at() -> None:
    before = [generated(OLD), generated("settings-7f8g9h2k4m")]
    assert sorted(names(matched(before, [generated(NEW)]))) == sorted(
        [("", NEW), (OLD, ""), ("settings-7f8g9h2k4m", "")]
    )


def test_references_that_followed_a_hash_are_folded_into_one_line() -> None:
    change = FieldChange("change", "data.a", "1", "2")
    (found,) = described([generated(OLD, a="1"), user(OLD)], [generated(NEW, a="2"), user(NEW)], change)
    assert (found.key.kind, found.suffixes) == ("ConfigMap", ("66h9cbh964", "5m462dtmft"))
    assert (found.references, found.followers) == (1, ("Deployment web",))


def test_what_else_changed_beside_a_reference_is_still_compared() -> None:
    folded = Folded(matched([generated(OLD), user(OLD, replicas=1)], [generated(NEW), user(NEW, replicas=2)]))
    (deployment,) = [each for each in folded.pairs if each.after and each.after["kind"] == "Deployment"]
    assert deployment.before is not None
    assert deployment.after is not None
    assert deployment.before["spec"]["template"] == deployment.after["spec"]["template"]
    assert (deployment.before["spec"]["replicas"], deployment.after["spec"]["replicas"]) == (1, 2)


def test_a_removed_reference_is_shown_with_the_name_that_it_had() -> None:
    gone = FieldChange("remove", "spec.template.spec.volumes", [{"configMap": {"name": NEW}}])
    found = described(
        [generated(OLD, a="1"), user(OLD)],
        [generated(NEW, a="2"), rendered("Deployment", "web", api="apps/v1", spec={})],
        gone,
    )
    (deployment,) = [each for each in found if each.key.kind == "Deployment"]
    assert deployment.fields[0].before == [{"configMap": {"name": OLD}}]
    assert [each.references for each in found] == [0, 0]


def test_true_is_not_one() -> None:
    before, after = rendered("ConfigMap", "a", data={"x": True}), rendered("ConfigMap", "a", data={"x": 1})
    assert len(Folded(matched([before], [after])).pairs) == 1


def test_equal_objects_are_not_compared() -> None:
    assert Folded(matched([user("x")], [user("x")])).pairs == []


def test_an_object_without_differences_is_not_reported() -> None:
    assert described([generated("a", x="1")], [generated("a", x="1.0")]) == ()


SECRET = st.text(alphabet="SECRETVALUE", min_size=12, max_size=20)


def secret(place: str, password: str) -> RenderedObject:
    return RenderedObject(manifest("Secret", "s") | {place: {"password": password}}, Origin("a.yaml"))


@settings(deadline=None)
@given(SECRET, SECRET, st.sampled_from(["data", "stringData"]))
def test_no_value_of_a_secret_is_in_what_is_reported(old: str, new: str, place: str) -> None:
    applied = {"kubectl.kubernetes.io/last-applied-configuration": old}
    before = secret(place, old)
    after = secret(place, new)
    added = RenderedObject(
        {**after.manifest, "metadata": {"name": "added", "annotations": applied}}, Origin("a.yaml")
    )
    changes = (
        FieldChange("change", f"{place}.password", old, new),
        FieldChange("add", f'{place}["a.b"]', None, new),
        FieldChange("remove", place, {"password": old}),
        FieldChange(
            "add", 'metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"]', None, old
        ),
        FieldChange("add", "metadata.annotations", None, applied),
    )
    if old == new:
        before = rendered("Secret", "s")
    found = described([before], [after, added], *changes)
    assert len(found) == 2
    text = msgspec.json.encode(found).decode()
    assert old not in text
    assert new not in text
    assert HIDDEN in text


def test_a_config_map_is_shown() -> None:
    change = FieldChange("change", "data.a", "1", "2")
    (found,) = described(
        [rendered("ConfigMap", "c", data={"a": "1"})], [rendered("ConfigMap", "c", data={"a": "2"})], change
    )
    assert found.fields == (change,)


def test_overlays_that_differ_alike_but_for_the_namespace_are_one_group() -> None:
    def overlay(path: str, namespace: str, image: str) -> OverlayDiff:
        objects = described(
            [rendered("ConfigMap", "c", namespace=namespace, data={"a": "1"})],
            [rendered("ConfigMap", "c", namespace=namespace, data={"a": "2"})],
            FieldChange("change", "data.a", "1", image),
        )
        return OverlayDiff(path, None, "changed", objects)

    groups = grouped([overlay("a", "dev", "x"), overlay("b", "qa", "y"), overlay("c", "staging", "x")])
    assert [[each.overlay for each in group.overlays] for group in groups] == [["a", "c"], ["b"]]


def test_an_object_is_named_with_its_namespace() -> None:
    (found,) = described([], [rendered("Role", "a")])
    assert named(found.key) == "Role shop/a"
