"""Does recorded runs again, with the real agent and without a model, and says what differs.

What is proven is that the same inputs lead to the same requests and the same result; not that the model
would answer so again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from sealock.app.run_agent import AgentRequest
from sealock.domain.printable import printable
from sealock.domain.replay import Replay
from sealock.errors import Refused, SealockError, Undecided, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealock.app.run_agent import RunOutcome
    from sealock.domain.agent_run import Exchange, ReplayLevel, RunManifest, TreeResult

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_OTHER_IMAGE = "With --other-image it is done in the image that is here; what its tools print may differ."
_BY_CHANCE = frozenset({"wall", "idle", "disk", "interrupt"})


class Recorded(Protocol):
    """A record that can be read."""

    manifest: RunManifest
    exchanges: tuple[Exchange, ...]


class Again(Protocol):
    """Runs the agent with a record for its model."""

    def __call__(self, recording: Any, request: AgentRequest, terms: dict[str, Any]) -> RunOutcome:  # noqa: ANN401
        """Return what came of it; `terms` are those of the record. Raises UsageError, Refused, Undecided."""


def replay(
    recording: Recorded,
    again: Again,
    level: ReplayLevel,
    *,
    unsealed: bool = False,
    other_image: bool = False,
) -> Replay:
    """Do one recorded run again; one without a sandbox only if `unsealed` allows it.

    One of a container is done in the image that it was recorded in, whatever has its name now; where that is
    not here, or not recorded, only if `other_image` allows to take the one that is.
    Raises UsageError, Refused, Undecided where that cannot be done.
    """
    manifest = recording.manifest
    request = _request(manifest)
    if request.backend == "none" and not unsealed:
        # A record is foreign, and its model says what the agent does.
        message = "the run was not sealed, and its commands would run here without a sandbox"
        raise Refused(message, hint="If you trust the record: --unsealed.")
    if request.backend == "container" and not request.image and not other_image:
        message = "the record does not say which image it ran in"
        raise Undecided(message, hint=_OTHER_IMAGE)
    if request.task.network:
        names = ", ".join(request.task.network)
        message = (
            f"its tools had the network ({printable(names, 200)}), and what that answered is on no record"
        )
        raise Undecided(
            message, hint="Only hermetic runs can be replayed; sealock runs show has what was asked."
        )
    outcome = again(recording, request, manifest.details.get("terms") or {})
    report = outcome.report
    if outcome.manifest.exit.ended_by in _BY_CHANCE:
        message = f"the replay did not come to its end: {outcome.manifest.reason}"
        raise Undecided(message, hint="Run it again on a machine that has time and room.")
    if recording.exchanges and not report.exchanges and not report.mismatch:
        # It did not even ask, so it could not run here.
        message = f"the replay asked nothing: {outcome.manifest.reason}"
        raise Undecided(message, hint="sealock doctor says what this machine lacks.")
    found = tuple(_differences(manifest, outcome, level))
    return Replay(
        run=manifest.id,
        level=level,
        differences=found,
        requests=len(report.exchanges),
        recorded=len(recording.exchanges),
        tree=_tree(outcome.manifest.result),
        changed=tuple(_changed(manifest, outcome.manifest)),
    )


def replay_all(
    recordings: Iterator[tuple[str, Recorded | SealockError]],
    again: Again,
    level: ReplayLevel,
    *,
    unsealed: bool = False,
    other_image: bool = False,
) -> Iterator[Replay]:
    """Yield what came of each run; those that cannot be done again say why."""
    for run, found in recordings:
        try:
            if isinstance(found, SealockError):
                raise found
            yield replay(found, again, level, unsealed=unsealed, other_image=other_image)
        except SealockError as wrong:
            yield Replay(run, level, undecided=wrong.message)


def shard(runs: Sequence[str], text: str) -> tuple[str, ...]:
    """Return the runs of shard `i/n`, i from 1 to n; all of them for an empty text. Raises UsageError."""
    if not text:
        return tuple(runs)
    index, _, count = text.partition("/")
    if not (index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count)):
        message = f"{text!r} is no shard"
        raise UsageError(message, hint="Write it like 2/4: the second of four.")
    return tuple(sorted(runs)[int(index) - 1 :: int(count)])


def _request(manifest: RunManifest) -> AgentRequest:
    if manifest.outcome == "incomplete":
        message = "the run broke off, so its record is not complete"
        raise Undecided(message, hint="sealock runs gc --incomplete takes such records away.")
    if manifest.exit.ended_by in _BY_CHANCE:
        message = f"the run ended by chance, and that is not in the record: {manifest.reason}"
        raise Undecided(message, hint="Only runs that ended by themselves or by a limit can be replayed.")
    try:
        request = msgspec.convert(manifest.details.get("request"), AgentRequest)
    except msgspec.ValidationError as wrong:
        message = f"the record does not say what was asked: {wrong}"
        raise Undecided(message, hint="Record the run again with this Sealock.") from wrong
    if not _COMMIT.fullmatch(manifest.base_commit):
        message = "the record names no commit that it began with"
        raise Undecided(message, hint="Record the run again with this Sealock.")
    return msgspec.structs.replace(request, revision=manifest.base_commit, image=manifest.image)


def _differences(recorded: RunManifest, outcome: RunOutcome, level: ReplayLevel) -> Iterator[str]:
    report, again = outcome.report, outcome.manifest
    if report.mismatch:
        yield from report.mismatch
        return
    if report.unserved:
        yield f"{report.unserved} recorded requests did not come: {again.reason or again.outcome}"
        return
    if level == "transport":
        return
    ended, reason = _before_tests(recorded)
    yield from _pair("outcome", ended, again.outcome)
    if ended == again.outcome:
        yield from _pair("reason", reason, again.reason)
    yield from _pair("final message", recorded.final_message, again.final_message)
    if level == "tree":
        yield from _pair("tree", _tree(recorded.result), _tree(again.result))
        yield from _pair("refused paths", _refused(recorded.result), _refused(again.result))


def _before_tests(recorded: RunManifest) -> tuple[str, str]:
    """Return the outcome and its reason as no test had judged it yet, for tests are not run again."""
    if recorded.details.keys() & {"tests", "untried"}:
        return "done", ""
    return recorded.outcome, recorded.reason


def _pair(what: str, recorded: str, now: str) -> Iterator[str]:
    if recorded != now:
        yield f"the {what} differs"
        yield f"  recorded: {recorded[:200] or '(none)'}"
        yield f"  replayed: {now[:200] or '(none)'}"


def _tree(result: TreeResult | None) -> str:
    return result.tree if result else ""


def _refused(result: TreeResult | None) -> str:
    return ", ".join(each.path for each in result.refused) if result else ""


def _changed(recorded: RunManifest, now: RunManifest) -> Iterator[str]:
    codex = recorded.codex.sha256 != now.codex.sha256
    if codex:
        yield f"Codex {recorded.codex.version} → {now.codex.version}"
    image = _id(recorded) != _id(now)
    if image:
        yield f"the image of the container {_id(recorded) or '(not recorded)'} → {_id(now)}"
    if not codex and not image and recorded.action != now.action:
        yield "the digest of all inputs: sealock lock --check says which"


def _id(manifest: RunManifest) -> str:
    return manifest.image.id if manifest.image else ""
