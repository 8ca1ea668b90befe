"""One run for each service: its own context, its own folder, and no run twice."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from sealock.app.fan_out import Piece, Settled, fan_out, fill, pieces
from sealock.app.run_agent import AgentRequest, RunOutcome
from sealock.domain.agent_run import AgentExit, CodexBinary, ProxyReport, RunManifest, Usage
from sealock.domain.settings import AgentTask
from sealock.errors import Undecided, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

REQUEST = AgentRequest(
    "limits", AgentTask("m", sandbox="workspace-write"), "Mend {service} in {path}; keep {x}."
)
SERVICES = [(name, f"services/{name}") for name in ("api", "ledger", "web", "mail", "auth")]
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def outcome(outcome: str = "done", run: str = "r") -> RunOutcome:
    manifest = RunManifest(
        id=run, task="", action="", codex=CodexBinary("", "", ""), model="", effort="", backend="bwrap",
        sealed=True, base_commit="", base_tree="", prompt_sha256="", started=NOON, seconds=0,
        outcome=outcome, reason="", exit=AgentExit(0), usage=Usage(), cost_usd=0, result=None,  # type: ignore[arg-type]
        final_message="", normalisation=0,
    )  # fmt: skip
    return RunOutcome(manifest, ProxyReport())


class Runs:
    """Runs that end as they are told to, by service; counts how many there are at once."""

    def __init__(
        self, ends: dict[str, str] | None = None, known: frozenset[str] = frozenset(), gate: int = 0
    ) -> None:
        self.ends = ends or {}
        self.earlier = known
        self.ran: list[str] = []
        self.most = 0
        self.now = 0
        self.lock = threading.Lock()
        self.together = threading.Barrier(gate) if gate else None

    def run(self, piece: Piece, stopped: Callable[[], bool]) -> RunOutcome:
        with self.lock:
            self.ran.append(piece.service)
            self.now += 1
            self.most = max(self.most, self.now)
        if self.together:
            self.together.wait(10)
        if self.ends.get(piece.service) == "sleeps":
            while not stopped():
                threading.Event().wait(0.005)
        with self.lock:
            self.now -= 1
        end = self.ends.get(piece.service, "done")
        if end == "error":
            raise Undecided(piece.service)
        if end == "bug":
            raise ZeroDivisionError
        return outcome(end if end in {"refused", "failed"} else "done", piece.service)

    def known(self, piece: Piece) -> RunOutcome | None:
        if self.ends.get(piece.service) == "unprepared":
            raise Undecided(piece.service)
        return outcome(run="earlier") if piece.service in self.earlier else None


def settled(runs: Runs, jobs: int = 2, *, reuse: bool = False) -> dict[str, Settled]:
    return {each.service: each for each in fan_out(pieces(REQUEST, SERVICES), runs, jobs, reuse=reuse)}


def test_each_service_has_its_own_prompt_and_its_own_folder() -> None:
    first = pieces(REQUEST, SERVICES)[0]
    assert (first.service, first.request.prompt) == ("api", "Mend api in services/api; keep {x}.")
    assert first.request.task.paths == ("services/api/**",)


def test_paths_of_the_task_are_filled_in_like_the_prompt() -> None:
    task = AgentTask("m", paths=("{path}/overlays/**", "docs/{service}.md"))
    request = AgentRequest("t", task, "{service}")
    assert pieces(request, SERVICES)[0].request.task.paths == ("services/api/overlays/**", "docs/api.md")


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (AgentRequest("t", AgentTask("m"), "Mend it."), "the prompt is the same for every service"),
        (AgentRequest("t", AgentTask("m", paths=("**",)), "{service}"), "the task's paths are the same"),
    ],
)
def test_work_that_is_the_same_for_each_is_refused(request_: AgentRequest, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        pieces(request_, SERVICES)


def test_a_name_that_looks_like_a_placeholder_fills_nothing_in() -> None:
    assert fill("{service} {path}", "{path}", "x") == "{path} x"


def test_shards_are_disjoint_and_together_all() -> None:
    parts = [[each.service for each in pieces(REQUEST, SERVICES, f"{part}/3")] for part in (1, 2, 3)]
    assert sorted(name for part in parts for name in part) == sorted(name for name, _ in SERVICES)
    assert [len(each) for each in parts] == [2, 2, 1]


def test_so_many_run_at_once_and_no_more() -> None:
    runs = Runs(gate=1)
    settled(runs, jobs=3)
    assert len(runs.ran) == 5
    assert runs.most <= 3


def test_runs_are_side_by_side() -> None:
    runs = Runs(gate=5)
    settled(runs, jobs=5)
    assert runs.most == 5


def test_each_outcome_is_told_and_counts() -> None:
    ends = {"api": "refused", "web": "failed", "mail": "error", "auth": "unprepared"}
    found = settled(Runs(ends), reuse=True)
    codes = {name: each.exit_code for name, each in found.items()}
    assert codes == {"api": 1, "ledger": 0, "web": 3, "mail": 3, "auth": 3}
    assert found["auth"].error is not None


def test_pieces_that_ask_the_same_are_one_run() -> None:
    runs = Runs()
    first, second, third = (Piece(name, pieces(REQUEST, SERVICES)[at].request) for name, at in
                            (("a", 0), ("b", 0), ("c", 1)))  # fmt: skip
    found = {each.service: each for each in fan_out((first, second, third), runs, 2)}
    assert sorted(runs.ran) == ["a", "c"]
    assert (found["a"].how, found["b"].how) == ("run", "shared")
    assert found["a"].outcome is found["b"].outcome


def test_what_is_done_on_record_is_not_run_again_when_that_is_asked() -> None:
    runs = Runs(known=frozenset({"ledger"}))
    found = settled(runs, reuse=True)
    assert "ledger" not in runs.ran
    assert found["ledger"].how == "reused"
    assert found["ledger"].outcome is not None
    assert found["ledger"].outcome.manifest.id == "earlier"


def test_a_record_stands_for_nothing_unless_that_is_asked() -> None:
    runs = Runs(known=frozenset({"ledger"}))
    assert settled(runs)["ledger"].how == "run"


def test_who_leaves_early_ends_what_runs_and_begins_no_more() -> None:
    runs = Runs({name: "sleeps" for name, _ in SERVICES[1:]})
    results = fan_out(pieces(REQUEST, SERVICES), runs, 2)
    assert next(results).service == "api"
    results.close()
    assert runs.now == 0
    assert len(runs.ran) <= 4


def test_a_fault_of_sealocks_own_is_raised_and_nobody_waits_for_ever() -> None:
    runs = Runs({"web": "bug"})
    with pytest.raises(ZeroDivisionError):
        settled(runs)


def test_no_service_is_no_work() -> None:
    assert list(fan_out((), Runs(), 4)) == []
