"""What in a change is dangerous, and what becomes of what was removed."""

from __future__ import annotations

from typing import Any

import pytest

from sealock.domain.diff_danger import Changed, Deployer, Deployers, of_removals, of_replicas, of_update
from sealock.domain.object_pairs import Pair

PRUNING = Deployer("shop-dev", prunes=True, cascades=True)
KEEPING = Deployer("shop-production", prunes=False, cascades=False)


def manifest(kind: str, api: str = "v1", **annotations: str) -> dict[str, Any]:
    metadata = {"name": "it", "namespace": "shop", "annotations": annotations}
    return {"apiVersion": api, "kind": kind, "metadata": metadata}


def removal(*manifests: dict[str, Any], state: Any = "changed") -> Changed:  # noqa: ANN401 - a Literal
    return Changed("o/dev", state, [Pair(each, None) for each in manifests])


def kinds(changed: Changed, deployers: Deployers = Deployers()) -> list[tuple[str, str]]:  # noqa: B008 - frozen
    return [(each.kind, each.object) for each in of_removals(changed, deployers)]


@pytest.mark.parametrize(
    ("kind", "api", "danger"),
    [
        ("StatefulSet", "apps/v1", "stateful-removed"),
        ("PersistentVolumeClaim", "v1", "claim-removed"),
        ("PersistentVolume", "v1", "claim-removed"),
        ("Namespace", "v1", "namespace-removed"),
        ("CustomResourceDefinition", "apiextensions.k8s.io/v1", "definition-removed"),
        ("Application", "argoproj.io/v1alpha1", "application-removed"),
        ("ApplicationSet", "argoproj.io/v1alpha1", "application-removed"),
    ],
)
def test_removing_what_holds_more_than_itself_is_a_danger(kind: str, api: str, danger: str) -> None:
    assert kinds(removal(manifest(kind, api))) == [(danger, f"{kind} shop/it")]


def test_another_groups_application_is_nothing_special() -> None:
    assert kinds(removal(manifest("Application", "app.k8s.io/v1"))) == []


def test_what_a_pruning_application_no_longer_finds_is_deleted() -> None:
    (found,) = of_removals(removal(manifest("ConfigMap")), Deployers((PRUNING,)))
    assert (found.kind, found.applications) == ("pruned", ("shop-dev",))
    assert found.why == "its Application prunes: Argo CD deletes it with the next sync"


def test_without_pruning_it_stays_behind() -> None:
    assert kinds(removal(manifest("ConfigMap")), Deployers((KEEPING,))) == [("orphaned", "ConfigMap shop/it")]


def test_an_annotation_keeps_an_object() -> None:
    kept = manifest("ConfigMap", **{"argocd.argoproj.io/sync-options": "Foo=bar, Prune=false"})
    (found,) = of_removals(removal(kept), Deployers((PRUNING,)))
    assert (found.kind, found.why) == ("orphaned", "its annotation Prune=false keeps it in the cluster")


def test_an_annotation_makes_argo_cd_ask() -> None:
    asked = manifest("ConfigMap", **{"argocd.argoproj.io/sync-options": "Prune=confirm"})
    (found,) = of_removals(removal(asked), Deployers((PRUNING,)))
    assert found.why.endswith("once somebody confirms")


def test_a_folder_that_is_gone_while_its_application_stays_deletes_nothing() -> None:
    (found,) = of_removals(removal(manifest("ConfigMap"), state="removed"), Deployers((PRUNING,)))
    assert (found.kind, "its sync fails" in found.why) == ("orphaned", True)


@pytest.mark.parametrize(("deployer", "kind"), [(PRUNING, "pruned"), (KEEPING, "orphaned")])
def test_an_application_that_goes_too_takes_all_along_if_it_has_the_finalizer(
    deployer: Deployer, kind: str
) -> None:
    found = kinds(removal(manifest("ConfigMap"), state="removed"), Deployers((), (deployer,)))
    assert found == [(kind, "ConfigMap shop/it")]


def test_removals_of_one_fate_are_one_danger() -> None:
    (found,) = of_removals(removal(*[manifest("ConfigMap")] * 5), Deployers((PRUNING,)))
    assert found.object == "ConfigMap shop/it, ConfigMap shop/it, ConfigMap shop/it and 2 more"


def application(automated: Any, *finalizers: str) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {
        "metadata": {"name": "a", "finalizers": list(finalizers)},
        "spec": {"syncPolicy": {"automated": automated}},
    }


@pytest.mark.parametrize(
    ("automated", "prunes"),
    [
        ({"prune": True}, True),
        ({"prune": True, "enabled": False}, False),
        ({}, False),
        (None, False),
        (True, False),
    ],
)
def test_an_application_prunes_only_when_it_is_automated_and_told_to(
    automated: Any,  # noqa: ANN401 - JSON
    prunes: bool,  # noqa: FBT001 - a parameter
) -> None:
    assert Deployer.of(application(automated)).prunes is prunes


def test_the_finalizer_may_say_how() -> None:
    assert Deployer.of(application(None, "resources-finalizer.argocd.argoproj.io/background")).cascades
    assert not Deployer.of(application(None, "other.io/finalizer")).cascades


def workload(replicas: int | None, kind: str = "Deployment") -> dict[str, Any]:
    spec = {"template": {}} if replicas is None else {"template": {}, "replicas": replicas}
    return {**manifest(kind, "apps/v1"), "spec": spec}


@pytest.mark.parametrize(
    ("before", "after", "dangers"), [(3, 0, 1), (None, 0, 1), (3, 1, 0), (0, 0, 0), (0, 3, 0), (3, None, 0)]
)
def test_a_drop_to_no_replicas_is_a_danger(before: int | None, after: int | None, dangers: int) -> None:
    changed = Changed("o/dev", "changed", [Pair(workload(before), workload(after))])
    assert len(list(of_replicas(changed))) == dangers


def test_what_is_no_workload_has_no_replicas() -> None:
    before, after = ({**manifest("Thing", "x.io/v1"), "spec": {"replicas": n}} for n in (1, 0))
    assert list(of_replicas(Changed("o", "changed", [Pair(before, after)]))) == []


def test_a_field_that_cannot_be_changed_is_a_danger_in_the_servers_words() -> None:
    (found,) = of_update("o/dev", manifest("Service"), [("spec.clusterIP", "field is immutable")])
    assert (found.kind, found.why) == ("immutable-field", "spec.clusterIP: field is immutable")


def test_what_the_server_says_of_a_secret_is_not_repeated() -> None:
    (found,) = of_update("o/dev", manifest("Secret"), [("data", 'Invalid value: "hunter2"')])
    assert found.why == "data: the API server refuses to change it"
