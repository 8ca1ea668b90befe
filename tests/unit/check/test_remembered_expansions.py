"""When a remembered expansion is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from sealock.adapters.engine_expand import EngineApplicationSets, RememberingApplicationSets
from sealock.adapters.engine_pool import Answer, Problem
from sealock.errors import EngineError
from sealock.ports import Expansion, ExpansionFacts, GeneratedApplication, UnknownGenerator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

SET = {"metadata": {"name": "teams"}}
FACTS = ExpansionFacts(("a.yaml", "b.yaml"))
MADE = Expansion(
    (GeneratedApplication({"metadata": {"name": "a"}}, "spec.generators[0].git"),), read=("a.yaml",)
)


class Sets:
    """Counts what it is asked, and always answers the same."""

    def __init__(self, answer: Expansion = MADE) -> None:
        self.answer = answer
        self.asked = 0

    def expand(self, sets: Sequence[dict[str, Any]], facts: ExpansionFacts) -> list[Expansion]:
        del facts
        self.asked += len(sets)
        return [self.answer for _ in sets]


class Run:
    """Runs that share one memory and one folder of files."""

    def __init__(self) -> None:
        self.known: dict[bytes, bytes] = {}
        self.texts = {"a.yaml": "a: 1", "b.yaml": "b: 1"}

    def get(self, key: bytes) -> bytes | None:
        return self.known.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        self.known[key] = value

    def read_text(self, path: str) -> str:
        if path not in self.texts:
            raise FileNotFoundError(path)
        return self.texts[path]

    def asks(
        self,
        of: dict[str, Any] = SET,
        facts: ExpansionFacts = FACTS,
        fingerprint: str = "1",
        answer: Expansion = MADE,
    ) -> int:
        """Return how many sets a run had to ask about."""
        sets = Sets(answer)
        found = RememberingApplicationSets(sets, self, fingerprint, self.read_text).expand([of], facts)
        assert found == [answer]
        return sets.asked


def test_what_is_as_it_was_is_not_asked_again() -> None:
    run = Run()
    assert (run.asks(), run.asks()) == (1, 0)


def test_a_file_that_was_not_read_may_change() -> None:
    run = Run()
    run.asks()
    run.texts["b.yaml"] = "b: 2"
    assert run.asks() == 0


def _edit(run: Run) -> int:
    run.texts["a.yaml"] = "a: 2"
    return run.asks()


def _remove(run: Run) -> int:
    del run.texts["a.yaml"]
    return run.asks()


@pytest.mark.parametrize(
    "change",
    [
        _edit,
        _remove,
        lambda run: run.asks({"metadata": {"name": "other"}}),
        lambda run: run.asks(facts=ExpansionFacts(("a.yaml",))),
        lambda run: run.asks(facts=ExpansionFacts(FACTS.files, revisions=("main",))),
        lambda run: run.asks(fingerprint="2"),
    ],
)
def test_what_differs_is_asked_again(change: Callable[[Run], int]) -> None:
    run = Run()
    run.asks()
    assert change(run) == 1


def test_only_the_sets_that_differ_are_asked_about() -> None:
    run, sets = Run(), Sets()
    other = {"metadata": {"name": "other"}}
    remembering = RememberingApplicationSets(sets, run, "1", run.read_text)
    remembering.expand([SET], FACTS)
    assert remembering.expand([other, SET], FACTS) == [MADE, MADE]
    assert sets.asked == 2


def test_that_there_was_no_answer_is_not_remembered() -> None:
    run, none = Run(), Expansion(undecided=(UnknownGenerator("", "deadline"),))
    assert (run.asks(answer=none), run.asks(answer=none)) == (1, 1)


def test_that_a_generator_is_undecided_is_remembered() -> None:
    run, part = Run(), Expansion(undecided=(UnknownGenerator("spec.generators[0].plugin", "asks"),))
    assert (run.asks(answer=part), run.asks(answer=part)) == (1, 0)


def test_bytes_that_are_no_expansion_are_forgotten() -> None:
    run = Run()
    run.asks()
    run.known = dict.fromkeys(run.known, b"\xc1")
    assert run.asks() == 1


class Engines:
    """Gives one answer to every item, and keeps the parameters."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.params: Mapping[str, Any] = {}

    def call(
        self,
        op: str,
        params: Mapping[str, Any],
        items: Sequence[Any],
        *,
        deadline_seconds: float | None = None,
    ) -> Iterator[tuple[int, Answer]]:
        del deadline_seconds
        assert op == "expand"
        self.params = params
        return ((index, self.answer) for index in range(len(items)))


def test_an_engine_that_fails_on_a_set_leaves_it_undecided() -> None:
    engines = Engines(Answer(msgspec.Raw(b""), Problem("deadline-exceeded", "no answer within 60s")))
    (found,) = EngineApplicationSets(engines, "/r").expand([SET], FACTS)
    assert found == Expansion(undecided=(UnknownGenerator("", "no answer within 60s"),))


def test_an_answer_of_another_form_is_an_error_of_the_engine() -> None:
    with pytest.raises(EngineError, match="cannot be read"):
        EngineApplicationSets(Engines(Answer(msgspec.Raw(b"[]"))), "/r").expand([SET], FACTS)


def test_a_file_whose_name_is_no_text_is_not_told() -> None:
    engines = Engines(Answer(msgspec.Raw(b"{}")))
    EngineApplicationSets(engines, "/r").expand([SET], ExpansionFacts(("ä.yaml", "\udcff.yaml")))
    assert engines.params["files"] == ("ä.yaml",)
