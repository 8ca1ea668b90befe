"""Half a minute of fuzzing; `make fuzz` goes on for longer, with another seed each time."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from tests.fuzz import fuzzer as fuzzing
from tests.fuzz.fuzzer import Broken, Fuzzer, Trial, command, judge, memory
from tests.fuzz.in_process import Ran
from tests.fuzz.mutate import mutated, seeds

if TYPE_CHECKING:
    from pathlib import Path

_SECONDS = 30
_MOST_BYTES = 600 * 1024 * 1024


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALOCK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("SEALOCK_ENGINES", "1")


@pytest.mark.engine
@pytest.mark.timeout(600)
def test_nothing_breaks_sealock_within_its_bounds(tmp_path: Path) -> None:
    done = fuzzing.for_seconds(Fuzzer(tmp_path, seed=4), _SECONDS)
    assert [str(each) for each in done.failures] == []
    assert done.runs > 10
    assert max(memory()) < _MOST_BYTES


def test_the_same_seed_makes_the_same_repository() -> None:
    all_seeds = seeds()
    one, other = (mutated(all_seeds[0], all_seeds, Random(7)) for _ in range(2))  # noqa: S311 - repeatable
    assert one == other


def test_a_failure_is_kept_with_the_file_that_does_it_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fuzzing, "FAILURES", tmp_path / "failures")

    def trial(repository: Path) -> None:
        if (repository / "bad.yaml").exists():
            raise Broken

    fuzzer = Fuzzer(tmp_path, seed=1, start=[{"good.yaml": b"a: 1\n", "bad.yaml": b"b: 1\n"}])
    fuzzer.one(0, Trial("always", trial))
    (failure,) = fuzzer.failures
    assert "always: Broken()" in failure.message
    assert (failure.folder / "bad.yaml").exists()
    assert "--seed 1 --only 0" in str(failure)


def test_an_exit_code_of_its_own_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="exit code 130"):
        judge(Ran(130, b"", ""))
    assert command(tmp_path, "check").code in {0, 1, 2, 3}
