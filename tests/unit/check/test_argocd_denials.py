"""The traps of denying in AppProjects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.fakes.argocd_views import declared, messages

from sealock.rules.argocd import project_deny_not_enforced, project_deny_permits_others

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealock.rules.view import ApplicationView


def project(destinations: Sequence[str], repositories: Sequence[str] = ()) -> ApplicationView:
    listed = "\n".join(f"- {each}" for each in destinations)
    repos = msgspec.json.encode(list(repositories)).decode()
    return declared("AppProject", f"sourceRepos: {repos}\ndestinations:\n{listed}")


@pytest.mark.parametrize(
    "destinations",
    [
        ['{server: "*", namespace: "!kube-system"}'],
        # The denial takes back what the other entry permits.
        ['{server: "https://a", namespace: "kube-x"}', '{server: "https://a", namespace: "!kube-*"}'],
        ['{server: "*", namespace: "!kube-system"}', '{server: "*", namespace: "*"}'],
        ['{server: "https://a", namespace: "!kube-*"}', '{server: "https://b", namespace: payments}'],
        ['{server: "!https://prod", namespace: "*"}', '{server: "*", namespace: "*"}'],
        ['{name: "!prod", namespace: payments}', '{name: "*", namespace: "*"}'],
    ],
)
def test_denials_that_say_what_they_do_are_fine(destinations: list[str]) -> None:
    assert messages(project_deny_permits_others, project(destinations)) == []


@pytest.mark.parametrize(
    ("destinations", "expected"),
    [
        (
            ['{server: "*", namespace: "!kube-system"}', '{server: "https://a", namespace: "team-*"}'],
            "`!kube-system` permits every other namespace, so `team-*` is not all that is permitted",
        ),
        (
            ["{name: prod, namespace: payments}", '{name: "*", namespace: "!kube-system"}'],
            "`!kube-system` permits every other namespace, so `payments` is not all that is permitted",
        ),
        (
            ['{server: "https://dev", namespace: x}', '{server: "!https://prod", namespace: "*"}'],
            "`!https://prod` permits every other server, so `https://dev` is not all that is permitted",
        ),
    ],
)
def test_denials_beside_something_narrower_are_reported(destinations: list[str], expected: str) -> None:
    assert messages(project_deny_permits_others, project(destinations)) == [expected]


def test_a_denied_repository_beside_everything_is_fine() -> None:
    assert messages(project_deny_permits_others, project([], ["!https://a/*", "*"])) == []
    assert messages(project_deny_permits_others, project([], ["!https://a/*"])) == []
    assert len(messages(project_deny_permits_others, project([], ["!https://a/*", "https://b/*"]))) == 1


@pytest.mark.parametrize(
    "destinations",
    [
        ['{server: "*", name: "", namespace: "!kube-system"}', '{server: "*", namespace: "*"}'],
        ['{name: prod, namespace: "!kube-system"}', "{name: prod, namespace: payments}"],
        ['{name: prod, namespace: "!kube-system"}', '{name: dev, namespace: "*"}'],
        ['{name: prod, namespace: "!kube-system"}'],
    ],
)
def test_denials_that_hold_or_that_nothing_overrules_are_fine(destinations: list[str]) -> None:
    assert messages(project_deny_not_enforced, project(destinations)) == []


def test_a_denial_by_name_is_overruled_by_a_pattern_too() -> None:
    listed = ['{name: prod, namespace: "!kube-system"}', '{server: "*", namespace: "kube-*"}']
    assert len(messages(project_deny_not_enforced, project(listed))) == 1
