"""Discovery: which kustomizations are overlays, and of which environment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.domain.overlays import Overlay, _read_nodes, discover, environment_of, read_kustomization


def found(tree: dict[str, str]) -> list[str]:
    return [overlay.path for overlay in discover(sorted(tree), tree.__getitem__)]


def test_a_kustomization_that_nothing_refers_to_is_an_overlay_and_its_base_is_not() -> None:
    tree = {
        "app/base/kustomization.yaml": "resources:\n- deployment.yaml\n",
        "app/prod/kustomization.yaml": "resources:\n- ../base\n",
    }
    assert discover(sorted(tree), tree.__getitem__) == (
        Overlay("app/prod", "production", "app/prod/kustomization.yaml"),
    )


def test_a_referenced_kustomization_below_overlays_is_still_an_overlay() -> None:
    tree = {
        "all/kustomization.yaml": "resources: [../app/overlays/dev]\n",
        "app/overlays/dev/kustomization.yml": "resources:\n- cm.yaml\n",
    }
    assert found(tree) == ["all", "app/overlays/dev"]


def test_a_component_is_never_an_overlay() -> None:
    tree = {"c/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"}
    assert found(tree) == []


def test_hidden_folders_are_passed_over() -> None:
    assert found({".cache/a/kustomization.yaml": "", "a/.b/kustomization.yaml": ""}) == []


def test_the_root_folder_can_be_an_overlay() -> None:
    assert found({"Kustomization": "resources:\n- a.yaml\n"}) == ["."]


def test_a_kustomization_that_does_not_parse_is_an_overlay_so_that_its_render_says_why() -> None:
    assert found({"a/kustomization.yaml": "resources: [\n"}) == ["a"]


def test_a_kustomization_that_cannot_be_read_is_an_overlay_too() -> None:
    def read(path: str) -> str:
        raise PermissionError(path)

    assert [overlay.path for overlay in discover(["a/kustomization.yaml"], read)] == ["a"]


def test_a_listed_file_that_is_gone_is_no_overlay() -> None:
    def read(path: str) -> str:
        raise FileNotFoundError(path)

    assert discover(["a/kustomization.yaml"], read) == ()


@pytest.mark.parametrize(
    ("path", "environment"),
    [
        ("services/a/overlays/dev", "dev"),
        ("services/a/overlays/development", "dev"),
        ("services/a/overlays/stage", "staging"),
        ("services/a/overlays/prod", "production"),
        ("services/a/overlays/prod-eu", "production"),
        ("services/a/overlays/eu-prod", "production"),
        ("envs/live/a", "production"),
        ("clusters/production/apps", "production"),
        ("environments/blue", "blue"),
        ("overlays/eu-west", "eu-west"),
        ("overlays/non-prod", "non-prod"),
        ("services/product/base", None),
        ("clusters/eu/apps", None),
        (".", None),
    ],
)
def test_the_environment_is_inferred_from_folder_names(path: str, environment: str | None) -> None:
    assert environment == environment_of(path)


UNUSUAL = [
    "resources: [../base, 'x']\n",
    "resources:\n- ../base # why\n- 'quoted'\n- plain\n",
    "resources:\r\n  - ../base\r\nkind: Kustomization\r\n",
    "resources: &all\n- ../base\ncomponents: *all\n",
    "kind: 'Component'\n",
    "resources:\n- |\n  kind: ConfigMap\n",
    "resources:\n# note\n\n- a\n-   b\n",
    "resources:\n- a\n  b\n",
    "images:\n- name: x\nresources:\n- a#b\n",
    "{resources: [a]}",
    "---\nresources:\n- a\n",
    "resources: []\nkind: Component # shared\n",
]


@pytest.mark.parametrize("text", UNUSUAL)
def test_the_quick_reader_agrees_with_the_parser(text: str) -> None:
    assert _read_nodes(text, "k") == read_kustomization(text, "k")


_names = st.text("abcdefgz./-_0", min_size=1, max_size=8).filter(lambda name: name[0] not in "-.")


@given(
    resources=st.lists(_names, max_size=4),
    components=st.lists(_names, max_size=3),
    kind=st.sampled_from(["Component", "Kustomization"]),
    indent=st.sampled_from(["", "  "]),
)
def test_every_reference_of_a_plain_file_is_read(
    resources: list[str], components: list[str], kind: str, indent: str
) -> None:
    lines = [f"kind: {kind}", "resources:", *(f"{indent}- {each}" for each in resources)]
    lines += ["patches:", "- path: p.yaml", "components:", *(f"{indent}- {each}" for each in components)]
    assert (kind, resources + components) == read_kustomization("\n".join(lines), "k")
