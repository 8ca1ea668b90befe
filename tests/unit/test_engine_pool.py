"""The pool against a scripted engine: order, death, hangs, garbage, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from inline_snapshot import snapshot

from sealock.adapters.engine_pool import EnginePool, engine_count, engine_path
from sealock.errors import EngineError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = str(Path(__file__).parents[1] / "fakes" / "scripted_engine.py")
COMMAND = [sys.executable, "-S", SCRIPT]


@pytest.fixture
def pool() -> Iterator[EnginePool]:
    with EnginePool(COMMAND, 2, deadline_seconds=30) as pool:
        yield pool


def outcomes(pool: EnginePool, root: Path, overlays: list[str]) -> dict[str, str]:
    """Return each overlay's error code, `ok` for none."""
    items = [{"overlay": overlay} for overlay in overlays]
    answers = pool.call("render", {"root": str(root)}, items)
    return {overlays[index]: answer.error.code if answer.error else "ok" for index, answer in answers}


def repository(root: Path, overlays: list[str]) -> list[str]:
    for overlay in overlays:
        (root / overlay).mkdir()
        (root / overlay / "kustomization.yaml").write_text(f"# {overlay}\n")
    return overlays


def test_every_item_is_answered_once(pool: EnginePool, tmp_path: Path) -> None:
    overlays = repository(tmp_path, [f"o{number}" for number in range(60)])
    items = [{"overlay": overlay} for overlay in overlays]
    assert sorted(index for index, _ in pool.call("render", {"root": str(tmp_path)}, items)) == list(
        range(60)
    )


def test_no_engine_starts_before_there_is_work(pool: EnginePool) -> None:
    assert pool.pids == ()
    assert list(pool.call("version", {}, [])) == []
    assert pool.pids == ()


def test_one_item_starts_one_engine(pool: EnginePool) -> None:
    list(pool.call("version", {}, [{}]))
    assert len(pool.pids) == 1


def test_an_engine_that_dies_costs_only_the_item_it_worked_on(pool: EnginePool, tmp_path: Path) -> None:
    overlays = [*(f"o{number}" for number in range(10)), "die", *(f"p{number}" for number in range(10))]
    repository(tmp_path, [each for each in overlays if each != "die"])
    assert outcomes(pool, tmp_path, overlays) == dict.fromkeys(overlays, "ok") | {"die": "engine-died"}


def test_a_second_death_is_reported_as_the_first(pool: EnginePool, tmp_path: Path) -> None:
    overlays = ["die", "a", "b", "c", "d", "e", "exit", "f", "g"]
    repository(tmp_path, [each for each in overlays if each not in {"die", "exit"}])
    expected = dict.fromkeys(overlays, "ok") | {"die": "engine-died", "exit": "engine-died"}
    assert outcomes(pool, tmp_path, overlays) == expected


def test_the_death_names_the_signal_and_the_engines_last_words(pool: EnginePool, tmp_path: Path) -> None:
    ((_, answer),) = pool.call("render", {"root": str(tmp_path)}, [{"overlay": "die"}])
    assert answer.error
    assert answer.error.message == snapshot("the engine died on this item (by signal 9)")
    assert answer.error.hint == snapshot("fatal: out of patience")


def test_engines_that_only_die_are_given_up(tmp_path: Path) -> None:
    overlays = [f"die.{number}" for number in range(50)]
    with EnginePool(COMMAND, 1) as pool, pytest.raises(EngineError) as failure:
        outcomes(pool, tmp_path, overlays)
    assert failure.value.message == snapshot(
        "the engine ended by signal 9 3 times in a row without an answer"
    )


def test_a_hanging_engine_is_killed_after_the_deadline_and_the_rest_is_done(tmp_path: Path) -> None:
    overlays = ["a", "hang", "b", "c"]
    repository(tmp_path, ["a", "b", "c"])
    with EnginePool(COMMAND, 1, deadline_seconds=0.4, grace_seconds=0.4) as pool:
        expected = {"a": "ok", "hang": "deadline-exceeded", "b": "ok", "c": "ok"}
        assert outcomes(pool, tmp_path, overlays) == expected


def test_an_item_that_the_engine_itself_gave_up_blames_no_other(pool: EnginePool, tmp_path: Path) -> None:
    overlays = ["a", "deadline", "b", "c"]
    repository(tmp_path, ["a", "b", "c"])
    expected = {"a": "ok", "deadline": "deadline-exceeded", "b": "ok", "c": "ok"}
    assert outcomes(pool, tmp_path, overlays) == expected


@pytest.mark.parametrize("overlay", ["garbage", "strange"])
def test_what_is_not_the_protocol_is_an_error_and_not_a_hang(
    pool: EnginePool, tmp_path: Path, overlay: str
) -> None:
    with pytest.raises(EngineError, match="not its protocol"):
        outcomes(pool, tmp_path, [overlay])
    assert pool.pids == ()


def test_an_unknown_operation_is_an_error(pool: EnginePool) -> None:
    with pytest.raises(EngineError, match="unknown op"):
        list(pool.call("dance", {}, [{}]))


def test_answers_larger_than_a_pipe_arrive_whole(pool: EnginePool, tmp_path: Path) -> None:
    items = [{"overlay": f"big.{number}"} for number in range(6)]
    sizes = {len(bytes(answer.ok)) for _, answer in pool.call("render", {"root": str(tmp_path)}, items)}
    assert len(sizes) == 1
    assert sizes.pop() > 3_000_000


def test_requests_larger_than_a_pipe_are_sent_whole(pool: EnginePool) -> None:
    items = [{"object": {"metadata": {"name": "x" * 2_000_000}}} for _ in range(8)]
    assert len(list(pool.call("admit", {}, items))) == 8


def test_calls_may_be_nested(pool: EnginePool, tmp_path: Path) -> None:
    overlays = repository(tmp_path, [f"o{number}" for number in range(20)])
    items = [{"overlay": overlay} for overlay in overlays]
    counted = [
        len(list(pool.call("version", {}, [{}, {}])))
        for _ in pool.call("render", {"root": str(tmp_path)}, items)
    ]
    assert counted == [2] * 20


def test_closing_the_iterator_stops_the_rest_and_leaves_a_usable_pool(
    pool: EnginePool, tmp_path: Path
) -> None:
    repository(tmp_path, ["a"])
    items = [{"overlay": "a"}, *({"overlay": "hang"} for _ in range(20))]
    answers = pool.call("render", {"root": str(tmp_path)}, items)
    next(answers)
    answers.close()  # type: ignore[attr-defined]
    assert pool.pids == ()
    assert outcomes(pool, tmp_path, ["a"]) == {"a": "ok"}


def test_closing_the_pool_leaves_no_process(tmp_path: Path) -> None:
    overlays = repository(tmp_path, [f"o{number}" for number in range(8)])
    with EnginePool(COMMAND, 2) as pool:
        outcomes(pool, tmp_path, overlays)
        pids = pool.pids
        assert len(pids) == 2
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []


def test_engines_end_when_their_parent_is_killed() -> None:
    program = (
        "import sys; from sealock.adapters.engine_pool import EnginePool\n"
        f"pool = EnginePool({COMMAND!r}, 2)\n"
        "list(pool.call('version', {}, [{}] * 16)); print(*pool.pids, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        engines = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        os.kill(parent.pid, signal.SIGKILL)
    assert len(engines) == 2
    assert psutil.wait_procs(engines, timeout=10)[1] == []


def test_an_engine_sees_little_of_the_environment(pool: EnginePool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    ((_, answer),) = pool.call("environment", {}, [{}])
    assert b"secret" not in bytes(answer.ok)
    assert b'"GOMAXPROCS": "1"' in bytes(answer.ok)


def test_a_missing_engine_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SEALOCK_ENGINE", str(tmp_path / "nothing"))
    with pytest.raises(EngineError, match="SEALOCK_ENGINE names no file") as failure:
        engine_path()
    assert failure.value.exit_code == 3
    assert failure.value.hint == snapshot("Unset it to use the packaged engine.")


def test_an_engine_that_is_no_program_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "engine").write_text("not a program")
    with (
        EnginePool([str(tmp_path / "engine")], 1) as pool,
        pytest.raises(EngineError, match="cannot be started: Permission denied"),
    ):
        list(pool.call("version", {}, [{}]))


@pytest.mark.parametrize("count", ["0", "-1", "two", "65", "9" * 5000, "²"])
def test_a_number_of_engines_that_is_none_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, count: str
) -> None:
    monkeypatch.setenv("SEALOCK_ENGINES", count)
    with pytest.raises(UsageError, match="SEALOCK_ENGINES"):
        engine_count()


def test_the_number_of_engines_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALOCK_ENGINES", "5")
    assert engine_count() == 5
