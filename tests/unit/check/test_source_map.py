"""From rendered fields to source lines. Every tree is drawn as files; places are line:column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.domain.rendered import Origin
from sealock.domain.source_map import Field, SourceMap, parse_path, show_path

if TYPE_CHECKING:
    from sealock.domain.yaml_document import Path

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ledger
  labels:
    tier: backend
spec:
  replicas: 1
  template:
    spec:
      containers:
        - name: sidecar
          image: envoy
        - name: ledger
          image: ghcr.io/acme/ledger
          ports:
            - containerPort: 8080
"""
MANIFEST: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "eu-ledger",
        "namespace": "payments",
        "labels": {"tier": "backend", "team": "money"},
    },
    "spec": {
        "replicas": 3,
        "template": {
            "spec": {
                "containers": [
                    {"name": "ledger", "image": "ghcr.io/acme/ledger:2", "ports": [{"containerPort": 8080}]},
                    {"name": "sidecar", "image": "envoy"},
                ]
            }
        },
    },
}
ORIGIN = Origin("base/deployment.yaml", "Deployment", "ledger")
BASE = {"base/kustomization.yaml": "resources:\n- deployment.yaml\n", "base/deployment.yaml": DEPLOYMENT}
CONTAINERS = ("spec", "template", "spec", "containers")


def located(path: Path, overlay: str, more: dict[str, str] | None = None, origin: Origin = ORIGIN) -> str:
    files = BASE | {"dev/kustomization.yaml": overlay} | (more or {})

    def read(file: str) -> str:
        if file not in files:
            raise FileNotFoundError(file)
        return files[file]

    return str(SourceMap(read).locate("dev", Field(MANIFEST, path, origin)))


PLAIN = "resources:\n- ../base\n"


def test_a_field_that_nothing_changes_is_in_its_own_file() -> None:
    assert located(("spec", "replicas"), PLAIN) == "base/deployment.yaml:8:13"


def test_list_items_are_found_by_name_though_their_order_changed() -> None:
    assert located((*CONTAINERS, 0, "image"), PLAIN) == "base/deployment.yaml:15:18"
    assert located((*CONTAINERS, 1, "image"), PLAIN) == "base/deployment.yaml:13:18"


def test_a_field_that_is_not_there_is_placed_at_its_nearest_ancestor() -> None:
    assert located((*CONTAINERS, 0, "ports", 0, "protocol"), PLAIN) == "base/deployment.yaml:17:15"
    assert located(("spec", "selector"), PLAIN) == "base/deployment.yaml:7:1"


def test_a_strategic_patch_that_sets_a_field_is_its_place() -> None:
    overlay = PLAIN + "patches:\n- path: patch.yaml\n"
    patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: ledger\nspec:\n  replicas: 3\n"
    assert located(("spec", "replicas"), overlay, {"dev/patch.yaml": patch}) == "dev/patch.yaml:6:13"


def test_a_patch_of_another_object_is_passed_over() -> None:
    overlay = PLAIN + "patches:\n- path: patch.yaml\n"
    patch = "kind: Deployment\nmetadata:\n  name: other\nspec:\n  replicas: 3\n"
    assert located(("spec", "replicas"), overlay, {"dev/patch.yaml": patch}) == "base/deployment.yaml:8:13"


def test_a_patch_that_names_its_object_does_not_set_the_name() -> None:
    overlay = PLAIN + "patches:\n- path: patch.yaml\n"
    patch = "kind: Deployment\nmetadata:\n  name: ledger\nspec:\n  replicas: 3\n"
    assert located(("metadata", "name"), overlay, {"dev/patch.yaml": patch}) == "base/deployment.yaml:4:9"


def test_a_missing_field_is_placed_in_the_file_and_not_in_a_patch_that_only_passes_by() -> None:
    overlay = PLAIN + "patches:\n- path: patch.yaml\n"
    patch = "kind: Deployment\nmetadata:\n  name: ledger\nspec:\n  replicas: 3\n"
    assert located(("spec", "selector"), overlay, {"dev/patch.yaml": patch}) == "base/deployment.yaml:7:1"


def test_a_patch_with_a_target_holds_for_what_the_target_selects() -> None:
    patch = "kind: Deployment\nmetadata:\n  name: any\nspec:\n  replicas: 3\n"
    for target, place in (
        ("kind: Deployment", "dev/patch.yaml:5:13"),
        ("name: led.*", "dev/patch.yaml:5:13"),
        ("name: led", "base/deployment.yaml:8:13"),
        ("kind: StatefulSet", "base/deployment.yaml:8:13"),
    ):
        overlay = PLAIN + f"patches:\n- path: patch.yaml\n  target: {{{target}}}\n"
        assert located(("spec", "replicas"), overlay, {"dev/patch.yaml": patch}) == place, target


def test_an_operation_of_a_json_patch_is_placed_at_its_value() -> None:
    overlay = PLAIN + (
        "patches:\n- target: {kind: Deployment}\n  patch: |-\n"
        "    - op: replace\n      path: /spec/replicas\n      value: 3\n"
    )
    assert located(("spec", "replicas"), overlay) == "dev/kustomization.yaml:8:14"


def test_an_operation_that_adds_a_whole_mapping_is_descended_into() -> None:
    patch = "- op: add\n  path: /metadata/labels\n  value:\n    team: money\n"
    overlay = PLAIN + "patchesJson6902:\n- target: {kind: Deployment, name: ledger}\n  path: patch.yaml\n"
    found = located(("metadata", "labels", "team"), overlay, {"dev/patch.yaml": patch})
    assert found == "dev/patch.yaml:4:11"


@pytest.mark.parametrize(
    ("path", "field", "place"),
    [
        ((*CONTAINERS, 0, "image"), "images:\n- name: ghcr.io/acme/ledger\n  newTag: '2'\n", "5:11"),
        (("spec", "replicas"), "replicas:\n- name: ledger\n  count: 3\n", "5:10"),
        (("metadata", "namespace"), "namespace: payments\n", "3:12"),
        (("metadata", "labels", "team"), "commonLabels:\n  team: money\n", "4:9"),
        (("metadata", "labels", "team"), "labels:\n- pairs:\n    team: money\n", "5:11"),
        (("metadata", "name"), "namePrefix: eu-\n", "3:13"),
    ],
)
def test_what_a_kustomization_sets_itself_is_placed_there(path: Path, field: str, place: str) -> None:
    assert located(path, PLAIN + field) == f"dev/kustomization.yaml:{place}"


def test_an_image_entry_of_another_image_is_passed_over() -> None:
    overlay = PLAIN + "images:\n- name: ghcr.io/acme/other\n  newTag: '2'\n"
    assert located((*CONTAINERS, 0, "image"), overlay) == "base/deployment.yaml:15:18"


def test_a_patch_in_the_base_is_found_too() -> None:
    base = "resources:\n- deployment.yaml\nreplicas:\n- name: ledger\n  count: 3\n"
    found = located(("spec", "replicas"), PLAIN, {"base/kustomization.yaml": base})
    assert found == "base/kustomization.yaml:5:10"


def test_the_outermost_of_several_that_set_a_field_is_its_place() -> None:
    base = "resources:\n- deployment.yaml\nreplicas:\n- name: ledger\n  count: 2\n"
    overlay = PLAIN + "replicas:\n- name: ledger\n  count: 3\n"
    found = located(("spec", "replicas"), overlay, {"base/kustomization.yaml": base})
    assert found == "dev/kustomization.yaml:5:10"


def test_a_generated_object_is_placed_at_its_generators_entry() -> None:
    overlay = "configMapGenerator:\n- name: other\n- name: settings\n  literals: [a=b]\n"
    origin = Origin("dev/kustomization.yaml", "ConfigMap", "settings", "configMapGenerator")
    assert located(("data", "a"), overlay, origin=origin) == "dev/kustomization.yaml:3:9"


def test_kustomizations_that_include_each_other_end() -> None:
    loop = {"base/kustomization.yaml": "resources:\n- deployment.yaml\n- ../dev\n"}
    assert located(("spec", "replicas"), PLAIN, loop) == "base/deployment.yaml:8:13"


def test_without_any_source_the_file_of_the_origin_is_named() -> None:
    origin = Origin("base/gone.yaml", "Deployment", "ledger")
    assert located(("spec", "replicas"), "resources: []\n", origin=origin) == "base/gone.yaml:1:1"


def test_a_field_path_of_the_api_server_becomes_keys_and_indices() -> None:
    manifest = {"spec": {"ports": [{"name": "x"}]}, "data": {"a.b": "c"}}
    assert parse_path("spec.ports[0].name", manifest) == ("spec", "ports", 0, "name")
    assert parse_path("data[a.b]", manifest) == ("data", "a.b")
    assert parse_path("spec.labels[0]", manifest) == ("spec", "labels", "0")


KEYS = st.text(alphabet="abcXYZ019-_./", min_size=1, max_size=12)


@given(st.lists(st.one_of(KEYS, st.integers(0, 9)), min_size=1, max_size=6).map(tuple))
def test_a_shown_path_reads_back(path: Path) -> None:
    path = ("spec", *path)
    manifest: Any = None
    for step in reversed(path):
        manifest = [None] * step + [manifest] if isinstance(step, int) else {step: manifest}
    assert parse_path(show_path(path), manifest) == path
