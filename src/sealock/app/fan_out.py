"""One run of the agent for each service: a context of its own, and its own folder to change.

A repository of hundreds of services is more than a model can look at. Each service gets a run of its own,
with the prompt's `{service}` and `{path}` filled in; several run side by side. Pieces that ask the same are
one run. A run that is done on record, with the same action digest, can stand for itself when that is asked
for: that is also how work that was interrupted goes on.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

from sealock.app.replay import shard
from sealock.app.run_agent import AgentRequest, RunOutcome
from sealock.domain.canonical import digest_of
from sealock.errors import SealockError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from sealock.domain.settings import AgentTask

How = Literal["run", "reused", "shared", "error"]

MOST_JOBS = 32
_PATIENCE_SECONDS = 10.0
_HINT = 'For example: "Add limits to {service}, in the folder {path}."'


class Piece(msgspec.Struct, frozen=True):
    """The part of the work that is about one service."""

    service: str
    request: AgentRequest


class Settled(msgspec.Struct, frozen=True):
    """What came of a piece: by a run, an earlier one on record, one of another piece, or an error.

    `outcome` is None and `error` says why where no run came to an end.
    """

    service: str
    how: How
    outcome: RunOutcome | None = None
    error: SealockError | None = None

    @property
    def exit_code(self) -> int:
        """What it means for the command."""
        if self.outcome is None:
            return self.error.exit_code if self.error else 3
        return {"done": 0, "refused": 1}.get(self.outcome.manifest.outcome, 3)


class Runs(Protocol):
    """Runs pieces; called from several threads at once."""

    def run(self, piece: Piece, stopped: Callable[[], bool]) -> RunOutcome:
        """Run it; ends it soon after `stopped` says so. Raises SealockError."""

    def known(self, piece: Piece) -> RunOutcome | None:
        """Return the same run as it is done on record, its result still there; else None.

        Raises SealockError.
        """


def pieces(request: AgentRequest, services: Iterable[tuple[str, str]], part: str = "") -> tuple[Piece, ...]:
    """Return the pieces of shard `part` (`2/4`; empty for all) of the work on (name, folder) of services.

    Raises UsageError for a prompt or paths that are the same for each.
    """
    if not _varies(request.prompt):
        message = "the prompt is the same for every service"
        raise UsageError(message, hint=f"Say {{service}} or {{path}} in it. {_HINT}")
    folders = dict(services)
    return tuple(_piece(request, name, folders[name]) for name in shard(sorted(folders), part))


def fan_out(
    work: Sequence[Piece], runs: Runs, jobs: int, *, reuse: bool = False
) -> Generator[Settled, None, None]:
    """Yield what came of each piece as it ends, at most `jobs` at once.

    Leaving early ends the runs that go on, and begins no more.
    """
    lots: queue.SimpleQueue[list[Piece]] = queue.SimpleQueue()
    ended: queue.SimpleQueue[list[Settled] | BaseException] = queue.SimpleQueue()
    stop = threading.Event()
    alike: dict[str, list[Piece]] = {}
    for piece in work:
        alike.setdefault(digest_of(piece.request), []).append(piece)
    for lot in alike.values():
        lots.put(lot)

    # They must not keep a process alive that was told to end: the sandbox ends with it.
    arguments = (lots, ended, stop, runs)
    threads = [
        threading.Thread(target=_work_on, args=arguments, kwargs={"reuse": reuse}, daemon=True)
        for _ in range(min(jobs, len(alike)))
    ]
    for each in threads:
        each.start()
    try:
        for _ in alike:
            found = ended.get()
            if isinstance(found, BaseException):
                raise found
            yield from found
    finally:
        stop.set()
        for each in threads:
            each.join(_PATIENCE_SECONDS)


def _work_on(
    lots: queue.SimpleQueue[list[Piece]],
    ended: queue.SimpleQueue[list[Settled] | BaseException],
    stop: threading.Event,
    runs: Runs,
    *,
    reuse: bool,
) -> None:
    """Settle lots until there are no more, or it is told to stop."""
    while not stop.is_set():
        try:
            lot = lots.get_nowait()
        except queue.Empty:
            return
        try:
            ended.put(_settled(lot, runs, stop.is_set, reuse=reuse))
        except BaseException as wrong:  # noqa: BLE001 - raised where somebody waits
            ended.put(wrong)


def _settled(lot: list[Piece], runs: Runs, stopped: Callable[[], bool], *, reuse: bool) -> list[Settled]:
    """Return what came of pieces that are one run."""
    first, *others = lot
    how: How = "run"
    try:
        outcome = runs.known(first) if reuse else None
        if outcome:
            how = "reused"
        else:
            outcome = runs.run(first, stopped)
    except SealockError as wrong:
        return [Settled(each.service, "error", error=wrong) for each in lot]
    shared = (Settled(each.service, "shared", outcome) for each in others)
    return [Settled(first.service, how, outcome), *shared]


def _piece(request: AgentRequest, service: str, folder: str) -> Piece:
    filled = msgspec.structs.replace(
        request, prompt=fill(request.prompt, service, folder), task=_task(request.task, service, folder)
    )
    return Piece(service, filled)


def _task(task: AgentTask, service: str, folder: str) -> AgentTask:
    """Return the task with what it may change: the service's folder, or what it says of each service."""
    if not all(map(_varies, task.paths)):
        message = "the task's paths are the same for every service"
        raise UsageError(message, hint="Write them with {service} or {path}, or leave them out.")
    paths = tuple(fill(each, service, folder) for each in task.paths) or (f"{folder}/**",)
    return msgspec.structs.replace(task, paths=paths)


def _varies(text: str) -> bool:
    return "{service}" in text or "{path}" in text


def fill(text: str, service: str, folder: str) -> str:
    """Return a text with `{service}` and `{path}` filled in, and nothing else of it touched."""
    return text.replace("{path}", folder).replace("{service}", service)
