"""The engine on what is not so: entries replaced by marks, and files with other texts."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import msgspec

from sealock.adapters.engine_answer import decoded
from sealock.adapters.engine_item import render_item
from sealock.adapters.verdict_cache import digest
from sealock.domain.rendered import RenderFailure
from sealock.ports import EntryAnswer, EntryQuestion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sealock.adapters.engine import Engines, RenderOptions
    from sealock.adapters.engine_pool import Answer, Problem
    from sealock.adapters.git_revision import RevisionFiles
    from sealock.ports import EntryMatcher, Memory

_UNDECIDED = frozenset({"engine-died", "deadline-exceeded", "internal", "cancelled"})


class _Yaml(msgspec.Struct, frozen=True):
    yaml: str


_YAML = msgspec.json.Decoder(_Yaml)
_ANSWER = msgspec.json.Decoder(EntryAnswer)


def _params(root: str, options: RenderOptions, revision: RevisionFiles | None, *want: str) -> dict[str, Any]:
    params: dict[str, Any] = {
        "root": os.path.realpath(root),
        "want": list(want),
        "load_restrictor": options.load_restrictor,
        "helm": options.helm,
    }
    if revision:
        params |= {"tree": revision.revision.tree, "git_dir": revision.git_dir}
    return params


def _failure(problem: Problem) -> RenderFailure:
    return RenderFailure(
        problem.code, problem.message, problem.file, problem.line, problem.column, problem.hint
    )


class EngineMatcher:
    """Asks the engine what entries select; implements the EntryMatcher port."""

    def __init__(
        self, pool: Engines, root: str, options: RenderOptions, revision: RevisionFiles | None = None
    ) -> None:
        """Ask about the repository at `root`, or about what a `revision` of it has."""
        self._pool = pool
        self._params = _params(root, options, revision)

    def ask(self, questions: Sequence[EntryQuestion]) -> list[EntryAnswer]:
        """Return one answer for each question, in order. Raises EngineError."""
        if not questions:
            return []
        items = [
            {
                "overlay": each.overlay,
                "entry": {"through": each.through, "field": each.field, "index": each.index},
            }
            for each in questions
        ]
        answers = dict(self._pool.call("matches", self._params, items))
        return [_answer(answers[index]) for index in range(len(items))]


def _answer(answer: Answer) -> EntryAnswer:
    if answer.error:
        return EntryAnswer(failure=_failure(answer.error))
    return decoded(answer.ok, _ANSWER)


class RememberingMatcher:
    """An EntryMatcher that asks `inner` only what it has not answered before."""

    def __init__(self, inner: EntryMatcher, memory: Memory, prefix: Sequence[object]) -> None:
        """Remember in `memory`; `prefix` is what decides answers beside a question: engine and options."""
        self._inner = inner
        self._memory = memory
        self._prefix = tuple(prefix)

    def ask(self, questions: Sequence[EntryQuestion]) -> list[EntryAnswer]:
        """Return one answer for each question, in order. Raises EngineError."""
        answers: dict[EntryQuestion, EntryAnswer] = {}
        for question in questions:
            known = self._memory.get(self._key(question)) if question.inputs else None
            if known is not None:
                with contextlib.suppress(msgspec.MsgspecError):
                    answers[question] = msgspec.msgpack.decode(known, type=EntryAnswer)
        missing = [question for question in dict.fromkeys(questions) if question not in answers]
        for question, answer in zip(missing, self._inner.ask(missing), strict=True):
            answers[question] = answer
            if question.inputs and not (answer.failure and answer.failure.code in _UNDECIDED):
                self._memory.put(self._key(question), msgspec.msgpack.encode(answer))
        return [answers[question] for question in questions]

    def _key(self, question: EntryQuestion) -> bytes:
        return digest("matches", *self._prefix, msgspec.msgpack.encode(question))


class EngineRehearsal:
    """Renders as if some files had other texts; implements the Rehearsal port."""

    def __init__(
        self, pool: Engines, root: str, options: RenderOptions, revision: RevisionFiles | None = None
    ) -> None:
        """Render below `root`, or what a `revision` of it has."""
        self._pool = pool
        self._params = _params(root, options, revision, "yaml")

    def render(self, overlays: Sequence[str], files: Mapping[str, str]) -> list[str | RenderFailure]:
        """Return what `kustomize build` prints for each overlay, or why it fails. Raises EngineError."""
        if not overlays:
            return []
        items = [render_item(overlay) | {"files": dict(files)} for overlay in overlays]
        answers = dict(self._pool.call("render", self._params, items))
        return [_text(answers[index]) for index in range(len(items))]


def _text(answer: Answer) -> str | RenderFailure:
    return _failure(answer.error) if answer.error else decoded(answer.ok, _YAML).yaml
