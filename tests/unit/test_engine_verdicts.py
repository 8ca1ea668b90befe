"""Verdicts decoded from a scripted engine: order, errors, and answers that make no sense."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sealock.adapters.engine import EngineProjectPolicy
from sealock.adapters.engine_admit import EngineAdmitter
from sealock.adapters.engine_pool import EnginePool
from sealock.errors import EngineError
from sealock.ports import PermitProblem, PermitQuestion, States

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = str(Path(__file__).parents[1] / "fakes" / "scripted_engine.py")


def created(name: object) -> States:
    return States(None, {"metadata": {"name": name}})


@pytest.fixture
def pool() -> Iterator[EnginePool]:
    with EnginePool([sys.executable, "-S", SCRIPT], 2, deadline_seconds=30) as pool:
        yield pool


def test_admissions_come_in_the_order_of_the_manifests(pool: EnginePool) -> None:
    names = [f"n{number}" for number in range(40)]
    found = EngineAdmitter(pool).admit([created(name) for name in names])
    assert [each.errors for each in found] == [(("metadata.name", name),) for name in names]


def test_no_manifests_need_no_engine(pool: EnginePool) -> None:
    assert EngineAdmitter(pool).admit([]) == []
    assert pool.pids == ()


def test_permissions_come_in_the_order_of_the_questions(pool: EnginePool) -> None:
    questions = [PermitQuestion({"metadata": {"name": name}}) for name in ("a", "b")]
    found = EngineProjectPolicy(pool).permit([{"metadata": {"name": "p"}}], questions)
    assert found == [
        (PermitProblem("spec.project", "a ['p']"),),
        (PermitProblem("spec.project", "b ['p']"),),
    ]


def test_a_verdict_that_cannot_be_had_is_an_error_and_no_pass(pool: EnginePool) -> None:
    with pytest.raises(EngineError, match="engine died"):
        EngineAdmitter(pool).admit([created("x"), created("die")])


def test_an_answer_of_the_wrong_shape_is_an_error(pool: EnginePool) -> None:
    with pytest.raises(EngineError, match="cannot be read"):
        EngineAdmitter(pool).admit([created(["no", "text"])])
