"""The table of API versions against the packaged schemas, and what it answers."""

from __future__ import annotations

import json
import re
from functools import cache

import pytest

from sealock.adapters.schemas import _kubernetes_folder, kubernetes_versions
from sealock.domain.api_lifecycle import LIFECYCLES, is_ending, is_removed, replacement

# Requests rather than objects: nothing of them is ever stored.
_REQUESTS = re.compile(r"Review$|Scale$|Options$|Eviction$|List$|Status$|WatchEvent$|Binding$|^Event$")
MINORS = [int(each.split(".")[1]) for each in kubernetes_versions()]


@cache
def served(minor: int) -> frozenset[tuple[str, str]]:
    """Return the API versions and kinds for which a release has a schema."""
    found = set()
    for path in (_kubernetes_folder() / f"v1.{minor}.0-local-strict").glob("[a-z]*.json"):
        for kind in json.loads(path.read_bytes()).get("x-kubernetes-group-version-kind", ()):
            group = f"{kind['group']}/" if kind["group"] else ""
            found.add((f"{group}{kind['version']}", kind["kind"]))
    return frozenset(found)


@pytest.mark.parametrize("minor", MINORS)
def test_no_release_has_a_schema_for_what_it_no_longer_serves(minor: int) -> None:
    assert [each for each in LIFECYCLES if is_removed(*each, minor) and each in served(minor)] == []


@pytest.mark.parametrize("minor", MINORS[1:])
def test_everything_that_a_release_dropped_is_in_the_table(minor: int) -> None:
    dropped = {each for each in served(minor - 1) - served(minor) if not _REQUESTS.search(each[1])}
    assert {each for each in dropped if not is_removed(*each, minor)} == set()
    assert {each for each in dropped if is_removed(*each, minor - 1)} == set()


def test_every_replacement_that_no_release_has_is_none() -> None:
    known = frozenset().union(*map(served, MINORS))
    wrong = [
        (api_version, kind)
        for (api_version, kind), each in LIFECYCLES.items()
        if each.replacement and (each.replacement, kind) not in known
    ]
    assert wrong == []


def test_what_a_release_may_use_instead_is_served_there() -> None:
    for minor in MINORS:
        for each in LIFECYCLES:
            instead = replacement(*each, minor)
            if instead and is_removed(*each, minor):
                assert (instead, each[1]) in served(minor), (each, minor)


def test_a_version_ends_before_it_is_gone() -> None:
    cronjob = ("batch/v1beta1", "CronJob")
    states = [(is_ending(*cronjob, minor), is_removed(*cronjob, minor)) for minor in (20, 21, 24, 25)]
    assert states == [(False, False), (True, False), (True, False), (False, True)]


def test_what_the_next_release_drops_is_ending_without_having_been_deprecated() -> None:
    workload = ("scheduling.k8s.io/v1alpha2", "Workload")
    assert (is_ending(*workload, 35), is_ending(*workload, 36)) == (False, True)


def test_a_replacement_that_is_gone_too_is_replaced_itself() -> None:
    schema = ("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema")
    assert replacement(*schema, 28) == "flowcontrol.apiserver.k8s.io/v1beta3"
    assert replacement(*schema, 32) == "flowcontrol.apiserver.k8s.io/v1"


def test_a_version_that_lasts_is_unknown_here() -> None:
    assert not is_removed("apps/v1", "Deployment", 37)
    assert not is_ending("apps/v1", "Deployment", 37)
    assert replacement("apps/v1", "Deployment", 37) == ""
