"""Admission policies through a pretended pool: what is sent, and what is made of the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from sealock.adapters.engine_policy import EnginePolicies
from sealock.adapters.engine_pool import Answer, Problem
from sealock.config import settings
from sealock.errors import EngineError
from sealock.ports import (
    PolicyAnswer,
    PolicyAnswers,
    PolicyCase,
    PolicyQuestion,
    PolicyUndecided,
    PolicyVerdict,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

RULE = settings.load(
    'policy: {custom: [{id: r, kinds: [Pod], expression: "false", messageExpression: "x"}]}'
).custom[0]


def _json(value: object) -> Any:  # noqa: ANN401 - as the engine reads it
    return msgspec.json.decode(msgspec.json.encode(value))


class Pool:
    """Answers each item from a list, the last one first."""

    def __init__(self, *answers: object) -> None:
        self.answers = answers
        self.asked: list[tuple[str, Any, Any]] = []

    def call(
        self,
        op: str,
        params: Mapping[str, Any],
        items: Sequence[Any],
        *,
        deadline_seconds: float | None = None,
    ) -> Iterator[tuple[int, Answer]]:
        assert deadline_seconds is None
        self.asked.append((op, _json(params), _json(list(items))))
        for index, each in reversed(list(enumerate(self.answers))):
            problem = each if isinstance(each, Problem) else None
            yield index, Answer(msgspec.Raw(b"" if problem else msgspec.json.encode(each)), problem)


def said(**fields: object) -> dict[str, object]:
    return {"verdicts": [], "undecided": [], "notes": []} | fields


def test_cases_and_the_policies_themselves_are_asked_in_one_call() -> None:
    pool = Pool(said(), said())
    EnginePolicies(pool).judge(PolicyQuestion((PolicyCase({"kind": "Pod"}, rule="r"),), rules=(RULE,)))
    ((op, params, items),) = pool.asked
    assert op == "policy"
    assert params["rules"] == [
        {"id": "r", "kinds": ["Pod"], "expression": "false", "message": "", "message_expression": "x"}
    ]
    assert items == [
        {
            "object": {"kind": "Pod"},
            "old": None,
            "namespace": "",
            "rule": "r",
            "variables": {"overlay": "", "environment": "", "production": False},
        },
        {},
    ]


def test_answers_come_in_the_order_of_the_cases() -> None:
    verdict = {"kind": "rule", "id": "r", "action": "deny", "message": "m", "path": "spec"}
    undecided = {"kind": "policy", "id": "p", "reason": "why"}
    pool = Pool(said(verdicts=[verdict]), said(), said(undecided=[undecided], notes=["n"]))
    found = EnginePolicies(pool).judge(PolicyQuestion((PolicyCase({}), PolicyCase({})), rules=(RULE,)))
    assert found == PolicyAnswers(
        (PolicyAnswer((PolicyVerdict("rule", "r", "deny", "m", path="spec"),)), PolicyAnswer()),
        (PolicyUndecided("policy", "p", "why"),),
        ("n",),
    )


def test_without_policies_and_rules_no_engine_is_asked() -> None:
    pool = Pool()
    found = EnginePolicies(pool).judge(PolicyQuestion((PolicyCase({}),)))
    assert (found, pool.asked) == (PolicyAnswers((PolicyAnswer(),)), [])


def test_a_case_without_an_answer_is_undecided() -> None:
    pool = Pool(Problem("deadline-exceeded", "too slow"), said())
    found = EnginePolicies(pool).judge(PolicyQuestion((PolicyCase({}),), rules=(RULE,)))
    assert found.cases == (PolicyAnswer(undecided=(PolicyUndecided("policy", "", "too slow"),)),)


def test_an_answer_of_the_wrong_shape_is_an_error() -> None:
    pool = Pool({"verdicts": 1}, said())
    with pytest.raises(EngineError, match="cannot be read"):
        EnginePolicies(pool).judge(PolicyQuestion((PolicyCase({}),), rules=(RULE,)))
