"""Every mutation of the corpus is caught by the rule that it names, and nothing is found without one."""

from __future__ import annotations

import runpy
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING

import msgspec
import pytest
from tests.mutations.checked import ROOT, Checked, Said, verdict
from tests.mutations.corpus import FAULTS
from tests.mutations.mutation import CONFIGURATION, KINDS, PLATFORM, Mutation, Stale, Swap
from tests.mutations.out_of_scope import OUT_OF_SCOPE

from sealock.rules.registry import RULE_IDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.engine

_OWN_RULES = {"owner-annotation"}
_MOST_INVENTED = 30


@pytest.fixture(scope="session")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Checked]]:
    """Give a copy of a repository, the same one to every test of this process, with its caches warm."""
    folder = tmp_path_factory.mktemp("mutations")
    made: dict[str, Checked] = {}

    def copy(name: str) -> Checked:
        if name not in made:
            made[name] = stack.enter_context(Checked(name, folder / name.replace("/", "-")))
            made[name].check()
        return made[name]

    with pytest.MonkeyPatch.context() as environment, ExitStack() as stack:
        environment.setenv("SEALOCK_CACHE_DIR", str(folder / "cache"))
        environment.setenv("SEALOCK_ENGINES", "1")
        yield copy


def _cases() -> Iterator[object]:
    for each in FAULTS:
        marks = [pytest.mark.xfail(strict=True, reason=each.gap, raises=AssertionError)] if each.gap else []
        yield pytest.param(each, id=each.id, marks=marks)


@pytest.mark.parametrize("mutation", list(_cases()))
def test_the_rule_reports_the_cause_of_a_mutation(
    mutation: Mutation, copies: Callable[[str], Checked]
) -> None:
    found = verdict(mutation, copies(mutation.repository).mutated(mutation))
    assert found.caught, "\n".join(("nothing of the rule at the cause; said was:", *found.said))


@pytest.mark.parametrize("repository", [PLATFORM, KINDS])
def test_a_repository_without_a_mutation_has_no_finding(
    repository: str, copies: Callable[[str], Checked]
) -> None:
    for said in (copies(repository).check(), copies(repository).command()):
        assert Said(0) == said


def test_a_mutation_leaves_the_copy_as_it_was(copies: Callable[[str], Checked]) -> None:
    copy = copies(PLATFORM)
    before = {path: path.read_bytes() for path in _files(copy.root)}
    copy.mutated(next(each for each in FAULTS if each.steps and each.repository == PLATFORM))
    assert before == {path: path.read_bytes() for path in _files(copy.root)}


def test_a_finding_of_another_rule_or_elsewhere_does_not_count(copies: Callable[[str], Checked]) -> None:
    one = next(each for each in FAULTS if each.id == "path-misspelt")
    said = copies(PLATFORM).mutated(one)
    other = Mutation(one.id, one.topic, one.what, one.source, "image-downgrade", one.edits)
    elsewhere = Mutation(one.id, one.topic, one.what, one.source, one.rule, one.edits, at=("sealock.yaml",))
    caught = [verdict(each, said).caught for each in (one, other, elsewhere)]
    assert caught == [True, False, False]


def test_an_edit_that_no_longer_fits_is_an_error(copies: Callable[[str], Checked]) -> None:
    edit = Swap("sealock.yaml", "there is no such text", "")
    with pytest.raises(Stale, match="0 times"):
        copies(PLATFORM).mutated(Mutation("x", "x", "x", "x", "x", (edit,)))


def test_there_are_enough_mutations_and_each_is_another() -> None:
    assert len(FAULTS) >= 160
    for seen in (Counter(each.id for each in FAULTS), Counter(each.what for each in FAULTS)):
        assert not [name for name, count in seen.items() if count > 1]
    states = Counter((each.steps, each.edits) for each in FAULTS)
    assert not [edits for edits, count in states.items() if count > 1]


def test_invented_fields_are_the_smaller_part() -> None:
    assert sum(each.rule == "invented-field" for each in FAULTS) <= _MOST_INVENTED


def test_every_mutation_names_a_rule_and_a_source() -> None:
    rules = {*RULE_IDS, *_OWN_RULES, CONFIGURATION}
    assert set() == {each.rule for each in FAULTS} - rules
    assert all(each.source.startswith("https://") for each in FAULTS)


def test_every_rule_that_is_on_has_a_mutation() -> None:
    without = set(RULE_IDS) - {each.rule for each in FAULTS}
    assert {"missing-probes", "missing-resources"} == without


def test_what_is_out_of_scope_has_a_reason() -> None:
    assert len(OUT_OF_SCOPE) >= 15
    assert all(each.what and each.why for each in OUT_OF_SCOPE)


def test_the_page_tells_of_every_mutation() -> None:
    report = runpy.run_path(str(ROOT / "tools" / "write_mutation_report.py"))
    assert not report["stale"](report["PAGE"].read_text(encoding="utf-8"))


def _files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file() and ".git" not in path.parts)


def test_the_kept_engine_says_what_the_command_says(copies: Callable[[str], Checked]) -> None:
    for each in (fault for fault in FAULTS if fault.id in {"probe-misspelt", "custom-rule-broken"}):
        copy = copies(each.repository)
        kept = copy.mutated(each)
        assert kept == copy.mutated(msgspec.structs.replace(each, steps=((),)))
