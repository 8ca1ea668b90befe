"""Which changed files concern what did not change."""

from __future__ import annotations

from typing import Any

import pytest

from sealock.app.find_manifests import Declared, Manifests
from sealock.app.widen_scope import by_files
from sealock.config.settings import defaults

CHART: dict[str, Any] = {
    "kind": "Application",
    "spec": {"sources": [{"chart": "x", "helm": {"valueFiles": ["$values/ledger/production.yaml"]}}]},
}
PROJECT: dict[str, Any] = {"kind": "AppProject"}
MANIFESTS = Manifests(
    (Declared("apps/ledger.yaml", 0, CHART), Declared("projects/payments.yaml", 0, PROJECT)), (), (), (), ()
)


@pytest.mark.parametrize(
    ("changed", "wide"),
    [
        ("sealock.yaml", True),
        ("projects/payments.yaml", True),
        ("apps/ledger.yaml", False),
        ("gone/kustomization.yaml", True),
        ("there/kustomization.yaml", False),
        ("gone/production.yaml", True),
        ("there/production.yaml", False),
        ("gone/staging.yaml", False),
    ],
)
def test_what_judges_others_and_what_is_gone_widen_a_check(changed: str, wide: bool) -> None:  # noqa: FBT001
    files = ("there/kustomization.yaml", "there/production.yaml")
    assert by_files({changed}, files, MANIFESTS, defaults()) is wide
