"""The real Codex: what it did with a scripted model is recorded, and done again without one."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest
from tests.chamber.codex_by_hand import ran
from tests.chamber.records import every_byte, manifest
from tests.chamber.scripted_model import patch, run, say, scripted, turn

from sealock.chamber.meter import Budget
from sealock.chamber.proxy import ModelProxy
from sealock.chamber.redaction import Redactor
from sealock.chamber.run_store import Recording, RunStore
from sealock.chamber.upstream import Upstream
from sealock.domain.agent_run import Price, Usage

if TYPE_CHECKING:
    from pathlib import Path

    from tests.chamber.codex_by_hand import Ran
    from tests.chamber.scripted_model import Request, Script, Turn

    from sealock.domain.agent_run import CodexBinary, ProxyReport

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(300)]

_KEY = "sk-upstream-0123456789"
_SCRIPT = [
    turn(run("echo one > one.txt; cat one.txt", "c1"), run("seq 3", "c2")),
    turn(patch("*** Add File: k.yaml\n+x: 1"), cached_tokens=50),
    turn(run("exit 3", "c3"), reasoning_tokens=5),
    turn(patch("*** Update File: k.yaml\n@@\n-x: 1\n+x: 2", "p2")),
    turn(say("All is done.")),
]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder that is the same in every run of a test, for it stands in the prompt."""
    return tmp_path / "chamber"


def _recorded(
    codex: CodexBinary, place: Path, store: Path, script: Script = _SCRIPT
) -> tuple[Ran, ProxyReport]:
    recorder = RunStore(str(store)).begin(manifest(), Redactor({"key": _KEY}))
    budget = Budget(usd=1.0, prices={"*": Price(1.0, 0.1, 10.0)})
    with (
        scripted(script) as model,
        ModelProxy("record", Upstream(model.url, _KEY), budget, recorder) as proxy,
    ):
        done = ran(codex, proxy.endpoint, place)
    recorder.finish(manifest())
    return done, proxy.report()


def _replayed(
    codex: CodexBinary, place: Path, recording: Recording, prompt: str = "do it"
) -> tuple[Ran, ProxyReport]:
    shutil.rmtree(place)
    with ModelProxy("replay", None, Budget(), replay=recording) as proxy:
        done = ran(codex, proxy.endpoint, place, prompt)
    return done, proxy.report()


def test_a_replay_has_every_request_and_the_same_tree(
    codex: CodexBinary, place: Path, tmp_path: Path
) -> None:
    first, recorded = _recorded(codex, place, tmp_path)
    recording = RunStore(str(tmp_path)).open(manifest().id)

    for _ in range(3):
        again, replayed = _replayed(codex, place, recording)

        assert (again.status, again.tree) == (first.status, first.tree)
        assert replayed.mismatch == ()
        assert [each.request_hash for each in replayed.exchanges] == [
            each.request_hash for each in recorded.exchanges
        ]
        assert replayed.unserved == 0


def test_a_process_that_went_on_is_found_again_under_its_new_number(
    codex: CodexBinary, place: Path, tmp_path: Path
) -> None:
    def script(request: Request) -> Turn:
        if not request.outputs:
            return turn(run("sleep 2; echo late > said.txt", "c1", yield_time_ms=250))
        if len(request.outputs) == 1:
            found = re.search(r"session ID (\d+)", request.outputs[0]["output"])
            number = int(found[1]) if found else 0
            arguments = json.dumps({"session_id": number, "chars": "", "yield_time_ms": 20_000})
            call = {"type": "function_call", "call_id": "c2", "name": "write_stdin", "arguments": arguments}
            return turn(call)
        return turn(say("All is done."))

    first, _ = _recorded(codex, place, tmp_path, script)
    said = (place / "workspace" / "said.txt").read_text()
    again, replayed = _replayed(codex, place, RunStore(str(tmp_path)).open(manifest().id))

    assert said == "late\n"
    assert (again.status, again.tree, replayed.mismatch) == (0, first.tree, ())


def test_the_meter_agrees_with_what_codex_counts(
    newest_codex: CodexBinary, place: Path, tmp_path: Path
) -> None:
    done, report = _recorded(newest_codex, place, tmp_path)

    assert report.usage == Usage(500, 50, 50, 5)
    assert report.cost_usd == pytest.approx((450 * 1.0 + 50 * 0.1 + 50 * 10.0) / 1e6)
    assert '"input_tokens":500,"cached_input_tokens":50' in done.output
    assert (report.turns, report.tool_calls) == (5, 5)


def test_the_key_is_nowhere_and_the_bearer_not_in_the_record(
    newest_codex: CodexBinary, place: Path, tmp_path: Path
) -> None:
    _recorded(newest_codex, place, tmp_path)

    assert _KEY.encode() not in every_byte(tmp_path)


def test_another_prompt_ends_codex_at_once_with_the_difference(
    codex: CodexBinary, place: Path, tmp_path: Path
) -> None:
    _recorded(codex, place, tmp_path)
    recording = RunStore(str(tmp_path)).open(manifest().id)

    done, report = _replayed(codex, place, recording, "do it not")

    assert done.status == 1
    assert "differs from the recorded one" in done.output
    assert report.ended_by == "replay"
    assert len(report.refusals) == 1
    assert "  sent:     do it not" in report.mismatch


def test_a_spent_budget_ends_codex(codex: CodexBinary, place: Path) -> None:
    dear = [turn(run("true", f"c{each}"), output_tokens=900) for each in range(20)]
    budget = Budget(usd=0.04, prices={"*": Price(1.0, 0.1, 10.0)})
    with scripted(dear) as model, ModelProxy("live", Upstream(model.url, _KEY), budget) as proxy:
        done = ran(codex, proxy.endpoint, place)

    assert done.status == 1
    assert proxy.report().ended_by == "budget"
    assert 1 <= proxy.report().turns < 20
    assert proxy.report().cost_usd <= 0.04


def test_a_tool_call_too_many_ends_codex_before_it_runs(codex: CodexBinary, place: Path) -> None:
    script = [turn(run("touch one", "c1")), turn(run("touch two", "c2")), turn(run("touch three", "c3"))]
    with (
        scripted(script) as model,
        ModelProxy("live", Upstream(model.url, _KEY), Budget(tool_calls=2)) as proxy,
    ):
        done = ran(codex, proxy.endpoint, place)

    assert done.status == 1
    assert sorted(each.name for each in (place / "workspace").iterdir() if each.is_file()) == ["one", "two"]
