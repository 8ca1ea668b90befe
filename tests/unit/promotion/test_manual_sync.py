"""Commands for people to paste: of hostile manifests nothing gets into them."""

from __future__ import annotations

import pytest
from tests.fakes.promotion_session import MemoryTree

from sealock.app.promotion.manual_sync import operations
from sealock.config import settings

OVERLAY = "services/app/overlays/production"
ENVIRONMENTS = settings.load("environments:\n  production: {sync: manual}\n").environments
UNNAMED = f"argocd app sync --revision <commit>  # the Application that deploys {OVERLAY}"


def _operations(manifest: str) -> tuple[str, ...]:
    tree = MemoryTree({"apps/app.yaml": manifest})
    return operations(tree, ENVIRONMENTS["production"], [OVERLAY], ["apps/app.yaml"])


def _application(metadata: str, path: str = OVERLAY, policy: str = "{}") -> str:
    return (
        f"kind: Application\nmetadata: {metadata}\nspec: {{source: {{path: {path}}}, syncPolicy: {policy}}}\n"
    )


@pytest.mark.parametrize("path", [OVERLAY, f"./{OVERLAY}", f"{OVERLAY}/"])
def test_an_application_that_does_not_sync_itself_is_named(path: str) -> None:
    found = _operations(_application("{name: app, namespace: argocd}", path))
    assert found == ("argocd app sync argocd/app --revision <commit>",)


def test_one_that_syncs_itself_needs_nobody() -> None:
    assert _operations(_application("{name: app}", policy="{automated: {}}")) == ()


@pytest.mark.parametrize(
    "metadata",
    [
        '{name: "$(reboot)"}',
        '{name: "a; reboot"}',
        '{name: "a\\nb"}',
        '{name: "\\e[2J"}',
        "[]",
        "text",
        "{name: --all}",
    ],
)
def test_a_name_that_is_none_is_not_in_the_command(metadata: str) -> None:
    assert _operations(_application(metadata)) == (UNNAMED,)


@pytest.mark.parametrize("spec", ["[]", "{sources: 3}", "{sources: {path: x}}", "{source: [], sources: [1]}"])
def test_an_application_of_another_shape_deploys_nothing(spec: str) -> None:
    assert _operations(f"kind: Application\nmetadata: {{name: {OVERLAY}}}\nspec: {spec}\n") == (UNNAMED,)
