"""Connects the commands about records to adapters; each part is imported when it is asked for."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from sealock import chamber_wiring, wiring
from sealock.errors import SealockError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealock.app.replay import Again
    from sealock.app.run_agent import AgentRequest, RunOutcome
    from sealock.app.run_terms import RunTerms
    from sealock.chamber.run_store import Recording, RunStore
    from sealock.domain.spending import By, UsageReport

# ruff: noqa: PLC0415 - a command loads what it uses, so that `--help` stays fast


def records(root: str) -> RunStore:
    """Return the records of a repository's runs."""
    from sealock.chamber.run_store import RunStore

    return RunStore(root)


def recording(root: str, name: str) -> Recording:
    """Return a record by the run's name, or by the path of an exported file. Raises UsageError, Undecided."""
    from sealock.chamber.run_store import exported

    if "/" in name or name.endswith(".tar"):
        return exported(name)
    store = records(root)
    return store.open(store.named(name))


def opened(root: str, runs: Sequence[str]) -> Iterator[tuple[str, Recording | SealockError]]:
    """Yield records one after another; in place of one that cannot be read, why."""
    store = records(root)
    for run in runs:
        try:
            yield run, store.open(run)
        except SealockError as wrong:
            yield run, wrong


def replayer(root: str, *, allow_untested: bool = False) -> Again:
    """Return what does recorded runs again, as sealock.yaml says where the agent's program is."""
    settings = wiring.settings(wiring.files(root))

    def again(recording: Recording, request: AgentRequest, terms: dict[str, Any]) -> RunOutcome:
        options = chamber_wiring.RunOptions(allow_untested, keep_record=False, replay=recording)
        with TemporaryDirectory() as folder, chamber_wiring.agents(root, settings, options) as agents:
            return agents.run(request, terms=_terms(terms, folder))

    return again


def _terms(recorded: dict[str, Any], folder: str) -> RunTerms:
    """Return the terms of a record; the tests are not run again, for no model has a part in them."""
    import msgspec

    from sealock.app.output_contract import Contract
    from sealock.app.run_terms import REPAIRS, RunTerms, Tests
    from sealock.chamber.answer_schema import FileSchema

    tests = recorded.get("tests") and msgspec.convert(recorded["tests"], Tests)
    answer = recorded.get("answer")
    if not answer:
        return RunTerms(tests=tests)
    path = Path(folder, "schema.json")
    path.write_bytes(msgspec.json.encode(answer["schema"]))
    contract = Contract(FileSchema(str(path), "the record's schema"))
    return RunTerms(contract, answer.get("repairs", REPAIRS), tests)


def usage(root: str, by: By) -> UsageReport:
    """Return what the agent's runs have spent. Raises ConfigurationError, Undecided."""
    from sealock.adapters.system_clock import SystemClock
    from sealock.domain.spending import report

    budgets = wiring.settings(wiring.files(root)).chamber.budgets
    return report(records(root).spending(), by, budgets, SystemClock().now())
