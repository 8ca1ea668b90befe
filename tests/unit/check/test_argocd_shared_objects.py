"""Objects that two Applications deploy, and namespaces that nobody creates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from tests.fakes.argocd_views import (
    DEPLOYMENT,
    IN_CLUSTER,
    SETTINGS,
    application,
    config,
    deploys,
    messages,
    overlay,
)

from sealock.domain.settings import KnownCluster
from sealock.rules.argocd import create_namespace_elsewhere, object_owned_twice

if TYPE_CHECKING:
    from sealock.rules.view import ApplicationView


@pytest.mark.parametrize(
    ("destination", "other", "folder"),
    [
        ("{name: a, namespace: x}", "{name: a, namespace: x}", "elsewhere"),
        (f"{{server: {IN_CLUSTER}}}", "{name: in-cluster}", "apps"),
        ("{server: https://a.example}", "{server: https://a.example/}", "apps"),
        ("{server: https://known.example}", "{name: known}", "apps"),
    ],
)
def test_two_applications_that_reach_one_cluster_share_an_object(
    destination: str, other: str, folder: str
) -> None:
    clusters = (KnownCluster("known", "https://known.example"),)
    one = deploys("one", "a", destination)
    two = deploys("two", "b", other, folder)
    found = messages(
        object_owned_twice,
        *(one, two, overlay("a", DEPLOYMENT), overlay("b", DEPLOYMENT)),
        settings=replace(SETTINGS, clusters=clusters),
    )
    assert found == ["Application one deploys Deployment payments/ledger to the same cluster too"]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        # Another cluster.
        (deploys("one", "a", "{name: a}"), deploys("two", "b", "{name: b}")),
        # Two installations of Argo CD, each with a cluster of its own.
        (deploys("one", "a", "{name: in-cluster}", "eu"), deploys("two", "b", "{name: in-cluster}", "us")),
        # The same Application, declared for two installations.
        (deploys("one", "a", "{name: a}", "eu"), deploys("one", "b", "{name: a}", "us")),
        # Renamed by the source.
        (
            deploys("one", "a", "{name: a}"),
            deploys("two", "b", "{name: a}", more=", kustomize: {namePrefix: blue-}"),
        ),
    ],
)
def test_applications_that_do_not_share_an_object_are_left_alone(
    one: ApplicationView, two: ApplicationView
) -> None:
    assert messages(object_owned_twice, one, two, overlay("a", DEPLOYMENT), overlay("b", DEPLOYMENT)) == []


def test_an_object_without_a_namespace_goes_to_that_of_the_destination() -> None:
    bare = "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}"
    things = (overlay("a", bare), overlay("b", bare), deploys("one", "a", "{name: a, namespace: x}"))
    assert messages(object_owned_twice, *things, deploys("two", "b", "{name: a, namespace: y}")) == []
    assert len(messages(object_owned_twice, *things, deploys("two", "b", "{name: a, namespace: x}"))) == 1


def test_a_cluster_wide_object_is_shared_whatever_the_namespaces() -> None:
    role = "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: c}}"
    one, two = (deploys(name, name, f"{{name: a, namespace: {name}}}") for name in ("a", "b"))
    found = messages(object_owned_twice, one, two, overlay("a", role), overlay("b", role))
    assert found == ["Application a deploys ClusterRole c to the same cluster too"]


def test_hooks_are_nobodys() -> None:
    hook = "{apiVersion: v1, kind: Pod, metadata: {name: h, annotations: {argocd.argoproj.io/hook: Sync}}}"
    one, two = deploys("one", "a", "{name: a}"), deploys("two", "b", "{name: a}")
    assert messages(object_owned_twice, one, two, overlay("a", hook), overlay("b", hook)) == []


def test_several_shared_objects_of_a_pair_are_one_finding() -> None:
    objects = (DEPLOYMENT, DEPLOYMENT.replace("ledger", "books"))
    one, two = deploys("one", "a", "{name: a}"), deploys("two", "b", "{name: a}")
    found = messages(object_owned_twice, one, two, overlay("a", *objects), overlay("b", *objects))
    assert found == ["Application one deploys Deployment payments/ledger and 1 more to the same cluster too"]


CREATE = "syncPolicy: {syncOptions: [CreateNamespace=true]}"


@pytest.mark.parametrize(
    ("spec", "objects"),
    [
        # Something goes to the destination's namespace.
        ("destination: {namespace: payments}", (DEPLOYMENT,)),
        ("destination: {namespace: x}", (DEPLOYMENT, config())),
        # The namespace is there, or is rendered.
        ("destination: {namespace: x}", (DEPLOYMENT.replace("payments", "kube-system"),)),
        (
            "destination: {namespace: x}",
            (DEPLOYMENT, "{apiVersion: v1, kind: Namespace, metadata: {name: payments}}"),
        ),
        # The source moves the objects.
        ("destination: {namespace: x}, source: {kustomize: {namespace: x}}", (DEPLOYMENT,)),
    ],
)
def test_a_namespace_that_is_used_or_there_is_fine(spec: str, objects: tuple[str, ...]) -> None:
    one = application("one", f"{{{spec}, {CREATE}}}", path="a")
    assert messages(create_namespace_elsewhere, one, overlay("a", *objects)) == []


def test_a_namespace_that_another_application_creates_is_fine() -> None:
    one = application("one", f"{{destination: {{namespace: x}}, {CREATE}}}", path="a")
    two = application("two", f"{{destination: {{namespace: payments}}, {CREATE}}}")
    assert messages(create_namespace_elsewhere, one, two, overlay("a", DEPLOYMENT)) == []


def test_nothing_is_created_without_a_namespace_in_the_destination() -> None:
    one = application("one", f"{{destination: {{name: a}}, {CREATE}}}", path="a")
    assert messages(create_namespace_elsewhere, one, overlay("a", DEPLOYMENT)) == [
        "`CreateNamespace=true` creates nothing without `destination.namespace`; `payments` is needed"
    ]
