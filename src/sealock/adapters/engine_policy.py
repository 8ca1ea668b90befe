"""The engine's evaluation of admission policies and organisation rules, behind its port."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec.structs import replace

from sealock.adapters.engine_answer import decoded
from sealock.adapters.verdict_cache import digest
from sealock.ports import PolicyAnswer, PolicyAnswers, PolicyUndecided, PolicyVerdict

if TYPE_CHECKING:
    from sealock.adapters.engine import Engines
    from sealock.adapters.engine_pool import Answer
    from sealock.adapters.verdict_cache import VerdictStore
    from sealock.domain.settings import CustomRule
    from sealock.ports import AdmissionPolicies, PolicyQuestion

_T = TypeVar("_T")


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


class _Known(msgspec.Struct, frozen=True):
    """What is remembered of policies and rules themselves."""

    notes: tuple[str, ...] = ()


_CASE = msgspec.msgpack.Decoder(PolicyAnswer)
_KNOWN = msgspec.msgpack.Decoder(_Known)


class RememberingPolicies:
    """AdmissionPolicies that ask `inner` only about what they have not judged before.

    What could not be decided is asked again.
    """

    def __init__(self, inner: AdmissionPolicies, store: VerdictStore, engine: str) -> None:
        """Remember in `store` what `inner` says, as long as the engine's fingerprint is the same."""
        self._inner = inner
        self._store = store
        self._engine = engine

    def judge(self, question: PolicyQuestion) -> PolicyAnswers:
        """Return one answer for each case, in order. Raises EngineError."""
        about = digest("policy", self._engine, replace(question, cases=()))
        keys = [digest(about, each) for each in question.cases]
        known = {key: answer for key in keys if (answer := self._recalled(key, _CASE)) is not None}
        itself = self._recalled(about, _KNOWN)
        missing = {key: each for key, each in zip(keys, question.cases, strict=True) if key not in known}
        if itself is not None and not missing:
            return PolicyAnswers(tuple(known[key] for key in keys), (), itself.notes)
        new = self._inner.judge(replace(question, cases=tuple(missing.values())))
        known |= zip(missing, new.cases, strict=True)
        if not new.unusable:
            self._store.put(about, msgspec.msgpack.encode(_Known(new.notes)))
            for key in missing:
                if not known[key].undecided:
                    self._store.put(key, msgspec.msgpack.encode(known[key]))
        return PolicyAnswers(tuple(known[key] for key in keys), new.unusable, new.notes)

    def _recalled(self, key: bytes, decoder: msgspec.msgpack.Decoder[_T]) -> _T | None:
        found = self._store.get(key)
        try:
            return decoder.decode(found) if found is not None else None
        except msgspec.MsgspecError:
            return None


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
    return decoded(answer.ok, _ANSWER)
