"""Overlays of services by folder names."""

from __future__ import annotations

import pytest

from sealock.domain.service_overlays import ONLY_SERVICE, service_overlays

_ORDER = ("dev", "staging", "production")


@pytest.mark.parametrize(
    ("folder", "service", "environment"),
    [
        ("services/ledger/overlays/dev", "ledger", "dev"),
        ("apps/staging/ledger", "ledger", "staging"),
        ("ledger/overlays/production/eu", "ledger", "production"),
        ("ledger/overlays/prod-eu", "ledger", "production"),
        ("environments/production/payments/ledger", "ledger", "production"),
        ("clusters/prod-eu/ledger", "ledger", "production"),
        ("overlays/production/ledger", "ledger", "production"),
        ("k8s/overlays/dev", ONLY_SERVICE, "dev"),
    ],
)
def test_folders_say_service_and_environment(folder: str, service: str, environment: str) -> None:
    (found,) = service_overlays([f"{folder}/kustomization.yaml"], _ORDER, {})
    assert (found.service, found.environment, found.path) == (service, environment, folder)


def test_a_base_and_an_environment_that_is_not_declared_are_none() -> None:
    files = [
        "ledger/base/kustomization.yaml",
        "ledger/overlays/qa/kustomization.yaml",
        ".x/dev/kustomization.yaml",
    ]
    assert service_overlays(files, _ORDER, {}) == ()


def test_the_catalog_says_which_folder_is_whose() -> None:
    files = ["teams/money/core/overlays/dev/kustomization.yaml"]
    (found,) = service_overlays(files, _ORDER, {"ledger": "teams/money/core"})
    assert found.service == "ledger"


def test_a_declared_name_stands_for_the_folders_of_its_kind() -> None:
    (found,) = service_overlays(["ledger/overlays/production/kustomization.yaml"], ("dev", "prod"), {})
    assert found.environment == "prod"
