"""Which kustomizations can read a file: never fewer than do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sealock.app.promotion.dependents import dependents

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_FILES = {
    "ledger/base/kustomization.yaml": "resources:\n  - deployment.yaml\n",
    "ledger/base/deployment.yaml": "kind: Deployment\n",
    "ledger/overlays/dev/kustomization.yaml": "resources:\n  - ../../base\n",
    "ledger/overlays/production/kustomization.yaml": (
        "resources: [../../base]\ncomponents: ['../../images']\n"
    ),
    "ledger/images/kustomization.yaml": "kind: Component\nimages: []\n",
    "search/overlays/production/kustomization.yaml": "resources:\n  - base\n",
    "all/kustomization.yaml": "resources:\n  - ../ledger/overlays/production/\n",
    "ledger/overlays/production/eu/kustomization.yaml": "resources:\n  - ..\n",
}


def _of(changed: str, files: Mapping[str, str] = _FILES) -> tuple[str, ...]:
    def mentions(texts: Collection[str]) -> list[str]:
        return [path for path, text in files.items() if any(each in text for each in texts)]

    return dependents([changed], set(files), lambda path: files[path], mentions)


def test_an_overlay_that_nobody_reads_stands_alone() -> None:
    assert _of("ledger/overlays/dev/kustomization.yaml") == ("ledger/overlays/dev",)


def test_what_reads_an_overlay_is_found_up_and_down_the_tree() -> None:
    assert _of("ledger/overlays/production/kustomization.yaml") == (
        "all",
        "ledger/overlays/production",
        "ledger/overlays/production/eu",
    )


def test_a_file_of_a_base_reaches_every_overlay_in_steps() -> None:
    assert set(_of("ledger/base/deployment.yaml")) >= {
        "all",
        "ledger/base",
        "ledger/overlays/dev",
        "ledger/overlays/production",
        "ledger/overlays/production/eu",
    }


def test_a_component_reaches_what_includes_it() -> None:
    assert "ledger/overlays/production" in _of("ledger/images/kustomization.yaml")


@pytest.mark.parametrize(
    "reference",
    [
        "resources:\n- ../dev",
        "resources: [ ../dev ]",
        "resources:\n  - './../dev/'",
        'resources:\n  - "..\\x2fdev"',
        'resources:\n  - "../\\x64ev"',
        "resources:\n  - ../../overlays/dev  # as it is",
        "helmCharts:\n  - valuesFile: ../dev/kustomization.yaml",
        "configMapGenerator:\n  - name: a\n    files: [key=../dev/kustomization.yaml]",
    ],
)
def test_no_spelling_of_a_reference_is_missed(reference: str) -> None:
    files = {**_FILES, "ledger/overlays/other/kustomization.yaml": reference}
    assert "ledger/overlays/other" in _of("ledger/overlays/dev/kustomization.yaml", files)


@pytest.mark.parametrize(
    ("folder", "reference"),
    [
        ("my apps/ledger", "resources:\n- ../my apps/ledger"),
        ("my apps/ledger", "resources:\n- ../my\n  apps/ledger"),
        ("apps/my ledger", "resources:\n- >-\n  ../apps/my\n  ledger"),
        ("a,b/ledger", "resources:\n- ../a,b/ledger"),
        ("apps/k[1]", "resources: ['../apps/k[1]']"),
        ("it's/ledger", "resources: ['../it''s/ledger']"),
        ("apps/it's", "resources: ['../apps/it''s']"),
        ("größe/ledger", "resources: [../größe/ledger/]"),
        ("apps/ledger", 'patches: [{"path":../apps/ledger/kustomization.yaml}]'),
    ],
)
def test_no_name_of_a_folder_hides_a_reference(folder: str, reference: str) -> None:
    files = {f"{folder}/kustomization.yaml": "images: []\n", "all/kustomization.yaml": reference}
    assert _of(f"{folder}/kustomization.yaml", files) == tuple(sorted(("all", folder)))


def test_a_name_of_a_folder_reaches_nobody_who_says_none_of_it() -> None:
    files = {
        "my apps/ledger/kustomization.yaml": "images: []\n",
        "all/kustomization.yaml": "resources: [../my apps/search]\n",
    }
    assert _of("my apps/ledger/kustomization.yaml", files) == ("my apps/ledger",)


@pytest.mark.parametrize(
    ("links", "reference"),
    [
        ({"short": "ledger/overlays/dev"}, "resources: [../short]"),
        ({"short": "ledger"}, "resources: [../short/overlays/dev]"),
        ({"short/dev": "ledger/overlays/dev", "shorter": "short"}, "resources: [../shorter/dev]"),
        ({"a/b": "ledger", "ledger/a": "a"}, "resources: [../a/b/overlays/dev]"),
    ],
)
def test_a_link_hides_no_reference(links: Mapping[str, str], reference: str) -> None:
    files = {**_FILES, "all/kustomization.yaml": reference}

    def mentions(texts: Collection[str]) -> list[str]:
        return [path for path, text in files.items() if any(each in text for each in texts)]

    changed = ["ledger/overlays/dev/kustomization.yaml"]
    assert "all" in dependents(changed, set(files), lambda path: files[path], mentions, links)
    assert "all" not in dependents(changed, set(files), lambda path: files[path], mentions)
