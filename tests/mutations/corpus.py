"""Every mutation, in the order of the report."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.mutations.mutation import Mutation

_MODULES = (
    "faults_applications",
    "faults_sets",
    "faults_projects",
    "faults_kustomize",
    "faults_workloads",
    "faults_objects",
    "faults_references",
    "faults_changes",
    "faults_promotion",
    "faults_settings",
)


def _faults() -> tuple[Mutation, ...]:
    found: list[Mutation] = []
    for name in _MODULES:
        found += importlib.import_module(f"tests.mutations.{name}").FAULTS
    return tuple(found)


FAULTS = _faults()
