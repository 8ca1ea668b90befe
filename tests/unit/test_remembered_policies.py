"""What admission policies said is not asked again, unless nothing could be said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sealock.adapters.engine_policy import RememberingPolicies
from sealock.adapters.verdict_cache import VerdictStore
from sealock.ports import (
    PolicyAnswer,
    PolicyAnswers,
    PolicyCase,
    PolicyQuestion,
    PolicyUndecided,
    PolicyVerdict,
)

if TYPE_CHECKING:
    from pathlib import Path

_POLICY = {"kind": "ValidatingAdmissionPolicy"}
_SLOW = PolicyUndecided("policy", "p", "took too long")


class Judge:
    """Finds a fault in each object named bad, cannot decide those named odd, and remembers who asked."""

    def __init__(self, unusable: tuple[PolicyUndecided, ...] = ()) -> None:
        self.asked: list[str] = []
        self._unusable = unusable

    def judge(self, question: PolicyQuestion) -> PolicyAnswers:
        names = [str(each.object["name"]) for each in question.cases]
        self.asked += names
        return PolicyAnswers(tuple(map(_said, names)), self._unusable, ("a note",))


def _said(name: str) -> PolicyAnswer:
    verdict = PolicyVerdict("policy", "p", "deny", f"{name} is refused")
    return PolicyAnswer((verdict,) if name == "bad" else (), (_SLOW,) if name == "odd" else ())


def about(*names: str) -> PolicyQuestion:
    return PolicyQuestion(tuple(PolicyCase({"name": name}) for name in names), policies=(_POLICY,))


@pytest.fixture
def store(tmp_path: Path) -> VerdictStore:
    return VerdictStore(str(tmp_path), str(tmp_path / "cache"))


def test_only_what_is_new_is_asked_and_the_answers_are_the_same(store: VerdictStore) -> None:
    inner = Judge()
    policies = RememberingPolicies(inner, store, "engine")
    first = policies.judge(about("bad", "good"))
    assert policies.judge(about("bad", "good")) == first
    assert policies.judge(about("good", "new", "bad")).cases == tuple(map(_said, ("good", "new", "bad")))
    assert inner.asked == ["bad", "good", "new"]


def test_what_could_not_be_decided_is_asked_again(store: VerdictStore) -> None:
    inner = Judge()
    policies = RememberingPolicies(inner, store, "engine")
    assert policies.judge(about("odd")) == policies.judge(about("odd"))
    assert inner.asked == ["odd", "odd"]


def test_nothing_is_remembered_of_policies_that_cannot_be_used(store: VerdictStore) -> None:
    inner = Judge((_SLOW,))
    policies = RememberingPolicies(inner, store, "engine")
    assert policies.judge(about("good")).unusable == policies.judge(about("good")).unusable == (_SLOW,)
    assert inner.asked == ["good", "good"]


@pytest.mark.parametrize("engine", ["engine", "another"])
def test_other_policies_or_another_engine_are_asked_anew(store: VerdictStore, engine: str) -> None:
    inner = Judge()
    RememberingPolicies(inner, store, "engine").judge(about("good"))
    question = (
        PolicyQuestion(about("good").cases, policies=(_POLICY, _POLICY))
        if engine == "engine"
        else about("good")
    )
    RememberingPolicies(inner, store, engine).judge(question)
    assert inner.asked == ["good", "good"]
