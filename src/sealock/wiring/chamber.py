"""Connects the commands of the sealed chamber to adapters; each part is imported when it is asked for."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from sealock import wiring
from sealock.domain.printable import printable
from sealock.errors import SealockError, Undecided, UsageError
from sealock.wiring import deployed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sealock.app.explain import ExplainRun
    from sealock.app.fan_out import Piece
    from sealock.app.lock import LockAgents
    from sealock.app.replay import Again
    from sealock.app.run_agent import AgentRequest, RunAgent, RunOutcome
    from sealock.app.run_terms import RunTerms
    from sealock.chamber.otel import Telemetry
    from sealock.chamber.run_store import Recording, RunStore
    from sealock.domain.agent_run import BackendName, RunManifest
    from sealock.domain.settings import AgentTask, Settings
    from sealock.domain.spending import By, UsageReport
    from sealock.ports import TrialBench

    Watch = Callable[[float, bytes], None]
    Ended = Callable[[RunManifest], None]

# ruff: noqa: PLC0415 - a command loads what it uses, so that `--help` stays fast

_SWITCH_SECONDS = 0.0005

MODEL = "gpt-5.5"
"""The model of a run that is no task of sealock.yaml."""


def task_named(settings: Settings, name: str) -> AgentTask:
    """Return a task of sealock.yaml; without a name one of Sealock's own. Raises UsageError."""
    from sealock.domain.settings import AgentTask
    from sealock.domain.suggest import did_you_mean

    if not name:
        return AgentTask(MODEL)
    if name not in settings.agent:
        message = f"sealock.yaml has no agent task {printable(name)!r}"
        raise UsageError(message, hint=did_you_mean(name, settings.agent) or "Write it below `agent`.")
    return settings.agent[name]


class RunOptions(NamedTuple):
    """What the command line says of runs, besides their tasks; with `replay` no model is asked.

    `telemetry` is told of runs that have ended.
    """

    allow_untested: bool = False
    keep_record: bool = True
    replay: Recording | None = None
    telemetry: Telemetry | None = None


def traced(options: RunOptions, watch: Watch, run: Callable[[Watch, Ended], RunOutcome]) -> RunOutcome:
    """Run with `watch`, and tell the collector of it, where there is one, however it ends."""
    if options.telemetry is None:
        return run(watch, lambda _: None)
    listener = options.telemetry.listener(watch)
    return run(listener, listener.export)


def _load() -> None:
    from sealock.chamber import live_model, proxy, run_store
    from sealock.chamber.backends import bwrap, supervisor

    del live_model, proxy, run_store, bwrap, supervisor


@contextmanager
def agents(
    root: str,
    settings: Settings,
    options: RunOptions = RunOptions(),  # noqa: B008
    *,
    at_once: bool = False,
) -> Iterator[RunAgent]:
    """Give what runs agents for a repository; folders that runs need are gone afterwards.

    With `at_once` a run begins now: its parts load in a thread, while it waits for Git.
    The threads of a run hand over quickly from then on: each waits for others in the middle of an answer.
    """
    import threading

    import msgspec

    from sealock.adapters.system_clock import SystemClock
    from sealock.app.run_agent import RunAgent
    from sealock.chamber.sealed_chamber import SealedChamber

    sys.setswitchinterval(_SWITCH_SECONDS)
    said = settings.chamber
    if options.allow_untested:
        codex = msgspec.structs.replace(said.codex, allow_untested=True)
        said = msgspec.structs.replace(said, codex=codex)
    variables = dict(os.environ)  # noqa: TID251 - the provider's key is had from there
    with SealedChamber(
        root, said, variables, keep_record=options.keep_record, replay=options.replay
    ) as chamber:
        if at_once:
            chamber.expect_run()
            threading.Thread(target=_load, name="sealock-loading", daemon=True).start()
        yield RunAgent(chamber, SystemClock())


class ExplainOptions(NamedTuple):
    """What `sealock explain` was asked; with `compare` the article's run is looked at too."""

    task: str = ""
    revision: str = "HEAD"
    backend: BackendName = "bwrap"
    compare: bool = True


@contextmanager
def explain(root: str, asked: ExplainOptions, variables: Mapping[str, str]) -> Iterator[ExplainRun]:
    """Give what explains a run on this machine, `variables` being its environment.

    Raises UsageError, ConfigurationError, Refused, Undecided.
    """
    from sealock.app.explain import Arrangement, ExplainRun
    from sealock.chamber import codex_versions
    from sealock.chamber.explain import MachineProbe
    from sealock.chamber.sealed_chamber import SealedChamber

    settings = deployed.settings_of(wiring.files(root))
    task = task_named(settings, asked.task)
    with SealedChamber(root, settings.chamber, variables, keep_record=False) as chamber:
        binary = chamber.binary()
        tested = binary.version in codex_versions.TESTED
        image = chamber.image(asked.backend)
        run = Arrangement(asked.task, task, binary, asked.backend, tested, image=image)
        with chamber.workspace(asked.revision) as workspace:
            probe = MachineProbe(chamber, run, workspace, variables, compare=asked.compare)
            yield ExplainRun(probe, run)


class LockOptions(NamedTuple):
    """What `sealock lock` was asked."""

    revision: str = "HEAD"
    backend: BackendName = "bwrap"


@contextmanager
def lock(root: str, asked: LockOptions, variables: Mapping[str, str]) -> Iterator[LockAgents]:
    """Give what writes and checks the lock of every task, of Sealock's own where sealock.yaml has none.

    Raises UsageError, ConfigurationError, Refused, Undecided.
    """
    from sealock.app.lock import LockAgents, Locked
    from sealock.chamber.lock_probe import ChamberLockProbe
    from sealock.chamber.sealed_chamber import SealedChamber

    tree = wiring.work_tree(root)
    settings = deployed.settings_of(wiring.files(root))
    tasks = [
        # A task with a network runs in a container only.
        Locked(
            name,
            task,
            "container" if task.network else asked.backend,
            *(_asked_file(root, each) for each in (task.prompt, task.schema)),
        )
        for name in (sorted(settings.agent) or [""])
        for task in [task_named(settings, name)]
    ]
    with (
        SealedChamber(root, settings.chamber, variables, keep_record=False) as chamber,
        chamber.workspace(asked.revision) as workspace,
    ):
        yield LockAgents(ChamberLockProbe(chamber, workspace, variables), tree, tasks)


def _asked_file(root: str, path: str) -> str:
    """Return a task's file, empty for none. Raises UsageError."""
    if not path:
        return ""
    try:
        return wiring.files(root).read_text(path)
    except FileNotFoundError:
        message = f"a task of sealock.yaml names {printable(path)}, and it is not there"
        raise UsageError(message, hint="The path is relative to the repository's root.") from None


def bench(
    root: str, settings: Settings, backend: BackendName, seconds: float, readable: tuple[str, ...]
) -> TrialBench:
    """Return where patches are tested. Raises UsageError, Refused, Undecided."""
    from sealock.chamber import codex_binary
    from sealock.chamber.trial_bench import BenchOptions, SealedBench

    programs = ""
    if backend == "bwrap":
        programs, _ = codex_binary.places_of(codex_binary.find(settings.chamber.codex).path)
    return SealedBench(root, BenchOptions(backend, seconds, programs=programs, readable=readable))


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


def replayer(root: str, *, allow_untested: bool = False, other_image: bool = False) -> Again:
    """Return what does recorded runs again, as sealock.yaml says where the agent's program is.

    With `other_image` the image that is here stands for a recorded one that is not.
    """
    settings = deployed.settings_of(wiring.files(root))

    def again(recording: Recording, request: AgentRequest, terms: dict[str, Any]) -> RunOutcome:
        options = RunOptions(allow_untested, keep_record=False, replay=recording)
        if other_image:
            request = _with_image_here(request)
        with TemporaryDirectory() as folder, agents(root, settings, options) as running:
            return running.run(request, terms=_terms(terms, folder))

    return again


def _with_image_here(request: AgentRequest) -> AgentRequest:
    """Return the request without the image that it wants, where no engine has that."""
    import msgspec

    from sealock.chamber.backends import container

    try:
        if request.image:
            container.known(request.image)
    except Undecided:
        return msgspec.structs.replace(request, image=None)
    return request


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


def telemetry(*, asked: bool, say: Callable[[str], None]) -> Telemetry | None:
    """Return what tells a collector of runs, where one is `asked` for or the environment names one.

    Raises UsageError where it is asked for and its packages are not installed; a collector that only the
    environment names is then left out, and that is said.
    """
    from sealock.chamber import otel

    variables = dict(os.environ)  # noqa: TID251 - a collector is named there
    if not otel.wanted(variables, asked=asked):
        return None
    try:
        return otel.collector(variables, say)
    except UsageError as missing:
        if asked:
            raise
        say(f"no telemetry: {missing.message}")
        return None


def usage(root: str, by: By) -> UsageReport:
    """Return what the agent's runs have spent. Raises ConfigurationError, Undecided."""
    from sealock.adapters.system_clock import SystemClock
    from sealock.domain.spending import report

    budgets = deployed.settings_of(wiring.files(root)).chamber.budgets
    return report(records(root).spending(), by, budgets, SystemClock().now())


class ServiceRuns:
    """Runs one agent for each service, each in a chamber of its own; implements the Runs of fan-out."""

    def __init__(self, root: str, settings: Settings, options: RunOptions, terms: RunTerms) -> None:
        from sealock.chamber.known_runs import KnownRuns

        self._root = root
        self._settings = settings
        self._options = options
        self._terms = terms
        self._known = KnownRuns(root)

    def pinned(self, request: AgentRequest) -> AgentRequest:
        """Return the request on the commit that its revision names now: the same for every service.

        So is the image of a container. Raises UsageError, Undecided.
        """
        import msgspec

        from sealock.chamber.sealed_chamber import SealedChamber
        from sealock.chamber.workspace import commit_of

        with SealedChamber(self._root, self._settings.chamber, {}) as chamber:
            image = chamber.image(request.backend, request.image)
        revision = commit_of(self._root, request.revision)
        return msgspec.structs.replace(request, revision=revision, image=image)

    def run(self, piece: Piece, stopped: Callable[[], bool]) -> RunOutcome:
        """Run a piece; ends it with its next line once `stopped` says so. Raises SealockError."""

        def watch(seconds: float, line: bytes) -> None:
            del seconds, line
            if stopped():
                raise KeyboardInterrupt

        with agents(self._root, self._settings, self._options) as runner:
            return traced(
                self._options,
                watch,
                lambda see, ended: runner.run(piece.request, see, self._terms, ended),
            )

    def known(self, piece: Piece) -> RunOutcome | None:
        """Return the same run as it is done on record; never one with a network. Raises SealockError."""
        if piece.request.task.network:
            return None
        from sealock.app.run_agent import RunOutcome
        from sealock.domain.agent_run import ProxyReport

        with agents(self._root, self._settings, self._options) as runner:
            action = runner.prepare(piece.request, self._terms).action
        done = self._known.done(action)
        if done is None:
            return None
        answer = self._terms.again(done[0].final_message)
        return None if answer is None else RunOutcome(done[0], ProxyReport(), done[1], answer)
