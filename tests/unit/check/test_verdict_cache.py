"""What is remembered between runs, and when it is not believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sealock.adapters.verdict_cache import RememberingPolicy, RememberingSchemas, VerdictStore
from sealock.domain.settings import KnownCluster
from sealock.ports import PermitProblem, PermitQuestion, SchemaProblem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

WRONG = (SchemaProblem(("spec", 0), "wrong"),)


class Judge:
    """Schemas that count what they are asked; a manifest's `verdict` is its answer."""

    def __init__(self, versions: str = "1.36", definitions: Sequence[dict[str, Any]] = ()) -> None:
        self.versions = versions
        self.definitions = definitions
        self.asked: list[Any] = []

    def describe(self) -> str:
        return self.versions

    def with_definitions(self, definitions: Sequence[dict[str, Any]]) -> Judge:
        judge = Judge(self.versions, definitions)
        judge.asked = self.asked
        return judge

    def validate(self, manifest: dict[str, Any]) -> tuple[SchemaProblem, ...] | None:
        self.asked.append(manifest)
        return {"good": (), "bad": WRONG, "unknown": None}[manifest["verdict"]]


class Policy:
    """A policy that counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def permit(
        self,
        projects: Sequence[dict[str, Any]],
        questions: Sequence[PermitQuestion],
        definitions: Sequence[dict[str, Any]] = (),
        clusters: Sequence[KnownCluster] = (),
    ) -> list[tuple[PermitProblem, ...]]:
        del definitions, clusters
        self.asked += questions
        return [(PermitProblem("spec", f"{len(projects)}"),) for _ in questions]

    def validate(self, projects: Sequence[dict[str, Any]]) -> list[tuple[PermitProblem, ...]]:
        self.asked += projects
        return [(PermitProblem("spec", str(each["n"])),) if each["n"] else () for each in projects]


def store(folder: Path) -> VerdictStore:
    return VerdictStore("/repository", str(folder))


@pytest.mark.parametrize(("verdict", "answer"), [("good", ()), ("bad", WRONG), ("unknown", None)])
def test_each_verdict_is_the_same_when_it_is_remembered(verdict: str, answer: object, tmp_path: Path) -> None:
    for asked in (1, 0):
        judge, kept = Judge(), store(tmp_path)
        assert RememberingSchemas(judge, kept).validate({"verdict": verdict}) == answer
        assert len(judge.asked) == asked
        kept.save()


def test_another_version_and_other_definitions_are_asked_about_anew(tmp_path: Path) -> None:
    kept, judge = store(tmp_path), Judge()
    schemas = RememberingSchemas(judge, kept)
    schemas.validate({"verdict": "good"})
    schemas.with_definitions([{"a": 1}]).validate({"verdict": "good"})
    schemas.with_definitions([{"a": 2}]).validate({"verdict": "good"})
    schemas.with_definitions([{"a": 1}]).validate({"verdict": "good"})
    assert len(judge.asked) == 3
    other = Judge("1.37")
    RememberingSchemas(other, kept).validate({"verdict": "good"})
    assert len(other.asked) == 1


def test_a_changed_project_application_object_or_engine_is_asked_about_anew(tmp_path: Path) -> None:
    kept, judge = store(tmp_path), Policy()
    questions = [
        (["p"], PermitQuestion({"a": 1}), "e1"),
        (["p"], PermitQuestion({"a": 1}), "e1"),
        (["q"], PermitQuestion({"a": 1}), "e1"),
        (["p"], PermitQuestion({"a": 2}), "e1"),
        (["p"], PermitQuestion({"a": 1}, ({"o": 1},)), "e1"),
        (["p"], PermitQuestion({"a": 1}), "e2"),
    ]
    for projects, question, engine in questions:
        named = [{"name": name} for name in projects]
        (found,) = RememberingPolicy(judge, kept, engine).permit(named, [question])
        assert found == (PermitProblem("spec", "1"),)
    assert len(judge.asked) == len(questions) - 1


def test_answers_come_in_the_order_of_the_questions(tmp_path: Path) -> None:
    kept = store(tmp_path)

    class Echo(Policy):
        def permit(
            self,
            projects: Sequence[dict[str, Any]],
            questions: Sequence[PermitQuestion],
            definitions: Sequence[dict[str, Any]] = (),
            clusters: Sequence[KnownCluster] = (),
        ) -> list[tuple[PermitProblem, ...]]:
            del projects, definitions, clusters
            return [(PermitProblem("spec", str(each.application["n"])),) for each in questions]

    policy = RememberingPolicy(Echo(), kept, "e")
    policy.permit([], [PermitQuestion({"n": 1})])
    found = policy.permit([], [PermitQuestion({"n": n}) for n in (0, 1, 2, 1)])
    assert [each[0].message for each in found] == ["0", "1", "2", "1"]


def test_clusters_that_were_not_known_are_asked_about_anew(tmp_path: Path) -> None:
    judge = Policy()
    policy = RememberingPolicy(judge, store(tmp_path), "e")
    for server in ("https://a", "https://b", "https://a"):
        policy.permit([], [PermitQuestion({"a": 1})], clusters=[KnownCluster("eu", server)])
    assert len(judge.asked) == 2


def test_a_changed_project_or_engine_is_validated_anew(tmp_path: Path) -> None:
    kept, judge = store(tmp_path), Policy()
    for engine in ("e1", "e2"):
        policy = RememberingPolicy(judge, kept, engine)
        assert policy.validate([{"n": 0}]) == [()]
        found = policy.validate([{"n": 1}, {"n": 0}])
        assert found == [(PermitProblem("spec", "1"),), ()]
    assert judge.asked == [{"n": 0}, {"n": 1}] * 2


@pytest.mark.parametrize("damage", [b"", b"x" * 40, None])
def test_a_damaged_file_counts_as_empty(damage: bytes | None, tmp_path: Path) -> None:
    kept = store(tmp_path)
    kept.put(b"k", b"value")
    kept.save()
    (file,) = (tmp_path / "verdicts").iterdir()
    data = file.read_bytes()
    file.write_bytes(data[:-1] + b"\x00" if damage is None else damage)
    assert store(tmp_path).get(b"k") is None


def test_what_is_not_saved_is_not_there_next_time(tmp_path: Path) -> None:
    kept = VerdictStore("/repository", str(tmp_path), cached=False)
    kept.put(b"k", b"value")
    kept.save()
    assert kept.get(b"k") == b"value"
    assert list(tmp_path.iterdir()) == []


def test_two_repositories_do_not_share_verdicts(tmp_path: Path) -> None:
    kept = store(tmp_path)
    kept.put(b"k", b"value")
    kept.save()
    assert VerdictStore("/other", str(tmp_path)).get(b"k") is None


def test_a_folder_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "verdicts").write_text("a file is in the way")
    kept = store(tmp_path)
    kept.put(b"k", b"value")
    kept.save()
    assert kept.get(b"k") == b"value"
