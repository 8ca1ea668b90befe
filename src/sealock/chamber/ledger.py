"""What every run spent: one line each in `.sealock/usage.jsonl`, which outlives the records."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sealock.domain.location import Location
from sealock.domain.spending import Spending
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.agent_run import RunManifest

FILE = ".sealock/usage.jsonl"


def spending_of(manifest: RunManifest, pipeline: str) -> Spending:
    """Return what a run spent."""
    return Spending(
        run=manifest.id,
        task=manifest.task,
        model=manifest.model,
        services=manifest.services,
        pipeline=pipeline,
        started=manifest.started,
        outcome=manifest.outcome,
        usage=manifest.usage,
        cost_usd=manifest.cost_usd,
    )


class Ledger:
    """The ledger of one repository; several runs may write it at once."""

    def __init__(self, root: str) -> None:
        self._path = Path(root, FILE)

    def ready(self) -> None:
        """See to it that lines can be added, before there is anything to write. Raises Undecided."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.open("ab").close()
        except OSError as wrong:
            raise _unwritable(wrong) from wrong

    def add(self, spent: Spending) -> None:
        """Add a line, whole or not at all. Raises Undecided."""
        try:
            with self._path.open("ab", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                # A line that a crash tore must not take this one with it.
                torn = file.tell() and not self._ends()
                file.write((b"\n" if torn else b"") + msgspec.json.encode(spent) + b"\n")
        except OSError as wrong:
            raise _unwritable(wrong) from wrong

    def entries(self) -> Iterator[Spending]:
        """Yield what was spent, in the order in which runs ended. Raises Undecided with the line."""
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as wrong:
            message = f"the ledger cannot be read: {wrong.strerror}"
            raise Undecided(message, where=Location(FILE)) from wrong
        for number, line in enumerate(content.split(b"\n"), 1):
            if line:
                yield _entry(line, number)

    def _ends(self) -> bool:
        with self._path.open("rb") as file:
            file.seek(-1, 2)
            return file.read() == b"\n"


class Unrecorded:
    """A run without a record: a line in the ledger is all that it leaves. Implements the RunRecord port."""

    def __init__(self, ledger: Ledger, first: Spending) -> None:
        """Write `first` at the end, with what the run spent. Raises Undecided where that will not go."""
        ledger.ready()
        self._ledger = ledger
        self._first = first

    def finish(self, manifest: RunManifest) -> RunManifest:
        """Write the line, and return the manifest as it is. Raises Undecided."""
        spent = {"outcome": manifest.outcome, "usage": manifest.usage, "cost_usd": manifest.cost_usd}
        self._ledger.add(msgspec.structs.replace(self._first, **spent))
        return manifest


def _unwritable(wrong: OSError) -> Undecided:
    message = f"what the run spent cannot be written down: {wrong.strerror}"
    return Undecided(message, where=Location(FILE), hint="Make room, or make .sealock writable.")


def _entry(line: bytes, number: int) -> Spending:
    try:
        return msgspec.json.decode(line, type=Spending)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as wrong:
        message = f"this line of the ledger is not as it was written: {wrong}"
        hint = "Correct it, or take the line away."
        raise Undecided(message, where=Location(FILE, number), hint=hint) from wrong
