"""The engine's evaluation of admission policies and organisation rules, behind its port."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sealock.errors import EngineError
from sealock.ports import PolicyAnswer, PolicyAnswers, PolicyUndecided, PolicyVerdict

if TYPE_CHECKING:
    from sealock.adapters.engine import Engines
    from sealock.adapters.engine_pool import Answer
    from sealock.domain.settings import CustomRule
    from sealock.ports import PolicyQuestion


class _Answer(msgspec.Struct, frozen=True):
    verdicts: tuple[PolicyVerdict, ...]
    undecided: tuple[PolicyUndecided, ...]
    notes: tuple[str, ...]


_ANSWER = msgspec.json.Decoder(_Answer)


class EnginePolicies:
    """Kubernetes' own policy code; implements the AdmissionPolicies port."""

    def __init__(self, pool: Engines) -> None:
        """Ask the engines of `pool`."""
        self._pool = pool

    def judge(self, question: PolicyQuestion) -> PolicyAnswers:
        """Return one answer for each case, in order. Raises EngineError."""
        if not question.policies and not question.bindings and not question.rules:
            return PolicyAnswers(tuple(PolicyAnswer() for _ in question.cases))
        # The last item has no object: it is about the policies and rules themselves.
        items = [*question.cases, {}]
        answers = dict(self._pool.call("policy", _params(question), items))
        *cases, itself = (_decoded(answers[index]) for index in range(len(items)))
        return PolicyAnswers(
            tuple(PolicyAnswer(each.verdicts, each.undecided) for each in cases),
            itself.undecided,
            itself.notes,
        )


def _params(question: PolicyQuestion) -> dict[str, Any]:
    return {
        "policies": question.policies,
        "bindings": question.bindings,
        "parameters": question.parameters,
        "namespaces": question.namespaces,
        "definitions": question.definitions,
        "rules": [_rule(each) for each in question.rules],
    }


def _rule(rule: CustomRule) -> dict[str, Any]:
    fields = ("id", "kinds", "expression", "message", "message_expression")
    return {name: getattr(rule, name) for name in fields}


def _decoded(answer: Answer) -> _Answer:
    if answer.error:
        return _Answer((), (PolicyUndecided("policy", "", answer.error.message),), ())
    try:
        return _ANSWER.decode(answer.ok)
    except msgspec.MsgspecError as wrong:
        hint = "The engine and this version of Sealock do not belong together: reinstall sealock."
        message = f"the engine's answer cannot be read: {wrong}"
        raise EngineError(message, hint=hint) from wrong
