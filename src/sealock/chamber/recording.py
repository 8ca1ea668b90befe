"""The record of one run while it is made: a manifest, a line for each exchange, blobs by their content.

Nothing is written that the redactor has not seen. Until the end the manifest says `incomplete`, and so it
stays after a crash.
"""

from __future__ import annotations

import fcntl
import hashlib
import threading
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from sealock.chamber import normalise
from sealock.domain.agent_run import Exchange, RunManifest, Usage
from sealock.errors import SealockError, Undecided

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sealock.chamber.redaction import Redactor

MANIFEST = "manifest.json"
EXCHANGES = "exchanges.jsonl"
BLOBS = "blobs"

_LEVEL = 3


class Answered(msgspec.Struct, frozen=True):
    """One exchange as it happened; `stream` says whether the response is one of events."""

    lane: str
    index: int
    request: bytes
    response: bytes
    status: int
    headers: dict[str, str]
    usage: Usage
    cost_usd: float
    started: datetime
    seconds: float

    @property
    def stream(self) -> bool:
        """Whether the answer is a stream of events."""
        return self.headers.get("content-type", "").startswith("text/event-stream")


class Recorder:
    """Writes one record; calls may come from several threads. After a failure nothing more is written."""

    def __init__(
        self,
        folder: Path,
        manifest: RunManifest,
        redactor: Redactor,
        finished: Callable[[RunManifest], None] = lambda _: None,
    ) -> None:
        """Begin in a folder that is not there yet; `finished` gets the last manifest as it was written.

        Raises Leak, Undecided.
        """
        self._folder = folder
        self._finished = finished
        self._redactor = redactor
        self._lock = threading.Lock()
        self._exchanges = 0
        self._digest = hashlib.sha256()
        self.failure: SealockError | None = None
        manifest = msgspec.structs.replace(manifest, outcome="incomplete", normalisation=normalise.VERSION)
        content = self._spelled(manifest)
        try:
            (folder / BLOBS).mkdir(parents=True)
            _write(folder / MANIFEST, content)
            self._lines = (folder / EXCHANGES).open("xb", buffering=0)
            # Held until the end: who can have it knows that nobody writes any more.
            fcntl.flock(self._lines, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as wrong:
            raise _unwritable(wrong) from wrong

    @property
    def redactor(self) -> Redactor:
        """What keeps secrets out of it."""
        return self._redactor

    def add(self, answered: Answered) -> Exchange:
        """Write one exchange, and return it. Raises Leak or Undecided, and `failure` says so from then on."""
        with self._lock:
            if self.failure:
                raise self.failure
            try:
                return self._add(answered)
            except SealockError as wrong:
                self.failure = wrong
                raise
            except OSError as wrong:
                self.failure = _unwritable(wrong)
                raise self.failure from wrong

    def _add(self, answered: Answered) -> Exchange:
        place = f"exchange {answered.lane}/{answered.index}"
        request = self._redactor.json(answered.request, f"the request of {place}")
        judge = self._redactor.stream if answered.stream else self._redactor.json
        response = judge(answered.response, f"the response of {place}")
        exchange = Exchange(
            lane=answered.lane,
            index=answered.index,
            request_hash=normalise.request_hash(msgspec.json.decode(request)),
            request=self._blob(request),
            response=self._blob(response),
            status=answered.status,
            usage=answered.usage,
            cost_usd=answered.cost_usd,
            started=answered.started,
            seconds=answered.seconds,
            headers=self._redactor.value(answered.headers, f"the headers of {place}"),
        )
        line = self._redactor.checked(msgspec.json.encode(exchange) + b"\n", place)
        self._lines.write(line)
        self._digest.update(line)
        self._exchanges += 1
        return exchange

    def finish(self, manifest: RunManifest) -> RunManifest:
        """Write the last manifest, and return it as it stands in the record.

        After a failure the record says `failed` and why, and this raises what happened: Leak, Undecided.
        """
        with self._lock:
            try:
                return self._finish(manifest)
            except OSError as wrong:
                raise _unwritable(wrong) from wrong
            finally:
                self._lines.close()

    def _finish(self, manifest: RunManifest) -> RunManifest:
        sums = {"exchanges": self._exchanges, "sha256": self._digest.hexdigest()}
        details = {**manifest.details, "record": sums}
        manifest = msgspec.structs.replace(manifest, details=details, normalisation=normalise.VERSION)
        try:
            if self.failure:
                raise self.failure
            content = self._spelled(manifest)
        except SealockError as wrong:
            self._fail(manifest, wrong, sums)
            raise
        return self._close(content)

    def _fail(self, manifest: RunManifest, wrong: SealockError, sums: dict[str, Any]) -> None:
        failed = msgspec.structs.replace(
            manifest,
            outcome="failed",
            reason=wrong.message,
            final_message="",
            result=None,
            details={"record": sums},
            exit=msgspec.structs.replace(manifest.exit, stderr_tail=""),
        )
        self._close(self._spelled(failed))

    def _close(self, content: bytes) -> RunManifest:
        _write(self._folder / MANIFEST, content)
        written = msgspec.json.decode(content, type=RunManifest)
        self._finished(written)
        return written

    def _spelled(self, manifest: RunManifest) -> bytes:
        clean = self._redactor.value(msgspec.to_builtins(manifest), "the manifest")
        content = msgspec.json.format(msgspec.json.encode(clean), indent=2) + b"\n"
        return self._redactor.checked(content, "the manifest")

    def _blob(self, content: bytes) -> str:
        import zstandard  # noqa: PLC0415 - only where something is recorded

        name = hashlib.sha256(content).hexdigest()
        path = self._folder / BLOBS / f"{name}.zst"
        if not path.exists():
            _write(path, zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(content))
        return name


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    draft = path.with_name(f".{path.name}.new")
    # Not forced to the disk: what a power cut takes from exchanges and blobs, their digests tell.
    draft.write_bytes(content)
    draft.replace(path)


def _unwritable(wrong: OSError) -> Undecided:
    message = f"the run cannot be recorded: {wrong.strerror or wrong}"
    return Undecided(message, hint="Make room, or make .sealock/runs writable.")
