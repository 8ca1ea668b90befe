"""The records of a repository's runs, below `.sealock/runs`: begun, read, exported, thrown away.

Records are foreign when they are read: sizes are bounded, and every blob is checked by its digest.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import os
import re
import secrets
import shutil
import stat
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from sealock.chamber.ledger import Ledger, Unrecorded, spending_of
from sealock.chamber.meter import added
from sealock.chamber.recording import BLOBS, EXCHANGES, MANIFEST, Recorder
from sealock.domain.agent_run import Exchange, RunManifest, Usage
from sealock.domain.location import Location
from sealock.domain.printable import printable
from sealock.domain.spending import Spending
from sealock.errors import Undecided, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from sealock.chamber.redaction import Redactor

FOLDER = ".sealock/runs"

_ID = re.compile(r"\d{8}T\d{9}Z-[0-9a-f]{6}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOST_BYTES = 256 << 20
_HINT = "It was cut short or changed by hand; take it away with sealock runs gc."


class Recording:
    """A record that can be read; implements the Recording port."""

    def __init__(self, name: str, read: Callable[[str], bytes]) -> None:
        """Read the manifest and the exchanges with `read`, by name in the record. Raises Undecided."""
        self.name = name
        self._read = read
        self.manifest: RunManifest = self._decoded(MANIFEST, self._content(MANIFEST), RunManifest)
        self.exchanges = tuple(self._exchanges())

    def request(self, exchange: Exchange) -> Any:  # noqa: ANN401 - any JSON
        """Return the request of an exchange. Raises Undecided."""
        return self._decoded(exchange.request, self._blob(exchange.request), Any)

    def response(self, exchange: Exchange) -> bytes:
        """Return what the agent got. Raises Undecided."""
        return self._blob(exchange.response)

    def _exchanges(self) -> Iterator[Exchange]:
        content = self._content(EXCHANGES)
        whole, _, torn = content.rpartition(b"\n")
        sums = self.manifest.details.get("record")
        lines = whole.split(b"\n") if whole else []
        if sums is not None and sums != {
            "exchanges": len(lines),
            "sha256": hashlib.sha256(content).hexdigest(),
        }:
            self._broken("the exchanges are not those that were recorded")
        if torn and self.manifest.outcome != "incomplete":
            self._broken("the last exchange is not complete")
        for line in lines:
            yield self._decoded(EXCHANGES, line, Exchange)

    def _blob(self, digest: str) -> bytes:
        import zstandard  # noqa: PLC0415 - only where a record is read

        if not _DIGEST.fullmatch(digest):
            self._broken(f"{printable(digest)} names no blob")
        name = f"{BLOBS}/{digest}.zst"
        try:
            with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(self._content(name))) as reader:
                content = reader.read(_MOST_BYTES + 1)
        except zstandard.ZstdError as wrong:
            self._broken(f"{name} cannot be unpacked: {wrong}")
        if len(content) > _MOST_BYTES or hashlib.sha256(content).hexdigest() != digest:
            self._broken(f"{name} does not hold what its name says")
        return content

    def _content(self, name: str) -> bytes:
        try:
            return self._read(name)
        except (OSError, KeyError) as wrong:
            why = wrong.strerror if isinstance(wrong, OSError) else "it is not there"
            self._broken(f"{name} cannot be read: {why}")

    def _decoded(self, name: str, content: bytes, kind: Any) -> Any:  # noqa: ANN401 - of the kind
        try:
            return msgspec.json.decode(content, type=kind)
        except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as wrong:
            self._broken(f"{name} is not as it was written: {wrong}")

    def _broken(self, why: str) -> NoReturn:
        message = f"the record of this run cannot be used: {why}"
        raise Undecided(message, where=Location(self.name), hint=_HINT)


class RunStore:
    """The runs of one repository; ids sort by the time at which runs began."""

    def __init__(self, root: str) -> None:
        self._folder = Path(root, FOLDER)
        self._ledger = Ledger(root)

    def new_id(self, now: datetime) -> str:
        """Return an id for a run that begins now, such as `20261121T174132123Z-3fa9c1`."""
        return f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03}Z-{secrets.token_hex(3)}"

    def begin(self, manifest: RunManifest, redactor: Redactor, pipeline: str = "") -> Recorder:
        """Begin a record; the manifest says what is known before the run. Raises Leak, Undecided.

        At its end what the run spent goes to the ledger, for the `pipeline` that it belongs to.
        """
        pipeline = redactor.value(pipeline, "the pipeline's id")
        self._ledger.ready()

        def finished(last: RunManifest) -> None:
            self._ledger.add(spending_of(last, pipeline))

        return Recorder(self._folder / manifest.id, manifest, redactor, finished)

    def begin_unrecorded(self, manifest: RunManifest, redactor: Redactor, pipeline: str = "") -> Unrecorded:
        """Begin a run of which only the ledger's line is kept. Raises Leak, Undecided."""
        first = msgspec.to_builtins(spending_of(manifest, pipeline))
        clean = redactor.value(first, "the ledger's line")
        return Unrecorded(self._ledger, msgspec.convert(clean, Spending))

    def spending(self) -> tuple[Spending, ...]:
        """Return what every run spent, oldest first, also of runs that broke off. Raises Undecided."""
        known = {each.run: each for each in self._ledger.entries()}
        for run in self.ids():
            if run not in known:
                recording = self.open(run)
                manifest = recording.manifest
                usage, cost = Usage(), 0.0
                for each in recording.exchanges:
                    usage, cost = added(usage, each.usage), cost + each.cost_usd
                manifest = msgspec.structs.replace(manifest, usage=usage, cost_usd=cost)
                known[run] = spending_of(manifest, "")
        return tuple(known[run] for run in sorted(known))

    def ids(self) -> tuple[str, ...]:
        """Return the ids of all records, newest first."""
        with contextlib.suppress(FileNotFoundError), os.scandir(self._folder) as found:
            names = (each.name for each in found if each.is_dir(follow_symlinks=False))
            return tuple(sorted((name for name in names if _ID.fullmatch(name)), reverse=True))
        return ()

    def named(self, name: str) -> str:
        """Return the id that `last`, the whole of it, or its beginning or end names. Raises UsageError."""
        ids = self.ids()
        if name == "last" and ids:
            return ids[0]
        found = [each for each in ids if name and (each.startswith(name) or each.endswith(name))]
        if len(found) == 1:
            return found[0]
        message = f"{printable(name)} names {len(found) or 'no'} run{'s' if len(found) > 1 else ''}"
        raise UsageError(message, hint="sealock runs lists them; `last` is the newest.")

    def open(self, run: str) -> Recording:
        """Return a run's record. Raises Undecided."""
        folder = self._folder / run
        return Recording(f"{FOLDER}/{run}", lambda name: _bounded(folder / name))

    def manifest(self, run: str) -> RunManifest:
        """Return a run's manifest alone. Raises Undecided."""
        folder = self._folder / run
        path = f"{FOLDER}/{run}/{MANIFEST}"
        try:
            return msgspec.json.decode(_bounded(folder / MANIFEST), type=RunManifest)
        except (OSError, msgspec.DecodeError, msgspec.ValidationError, RecursionError) as wrong:
            message = f"the manifest of this run cannot be read: {wrong}"
            raise Undecided(message, where=Location(path), hint=_HINT) from wrong

    def running(self, run: str) -> bool:
        """Say whether somebody still writes this record."""
        try:
            with (self._folder / run / EXCHANGES).open("rb") as lines:
                fcntl.flock(lines, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def size(self, run: str) -> int:
        """Return the bytes that a record takes."""
        return sum(each.stat().st_size for each in (self._folder / run).rglob("*") if each.is_file())

    def export(self, run: str) -> bytes:
        """Return a run's record as one tar file, the same bytes each time. Raises Undecided."""
        recording = self.open(run)
        blobs = {each for exchange in recording.exchanges for each in (exchange.request, exchange.response)}
        names = (MANIFEST, EXCHANGES, *(f"{BLOBS}/{each}.zst" for each in sorted(blobs)))
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for name in names:
                content = _bounded(self._folder / run / name)
                entry = tarfile.TarInfo(f"{run}/{name}")
                entry.size, entry.mode = len(content), 0o644
                archive.addfile(entry, io.BytesIO(content))
        return made.getvalue()

    def remove(self, run: str) -> None:
        """Take a record away; somebody who looks meanwhile sees all of it or nothing. Raises Undecided."""
        gone = self._folder / f".gone-{run}"
        try:
            (self._folder / run).rename(gone)
            shutil.rmtree(gone)
        except OSError as wrong:
            message = f"this run cannot be taken away: {wrong.strerror}"
            raise Undecided(message, where=Location(f"{FOLDER}/{run}")) from wrong


def exported(path: str) -> Recording:
    """Return the record in a file that `export` made. Raises UsageError, Undecided."""
    try:
        content = _bounded(Path(path))
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            members = {each.name.partition("/")[2]: each for each in archive if each.isreg()}
            found = {name: content[each.offset_data :][: each.size] for name, each in members.items()}
    except (OSError, tarfile.TarError) as wrong:
        message = f"{printable(path, 200)} is no exported run: {wrong}"
        raise UsageError(message, hint="sealock runs export makes one.") from wrong
    return Recording(path, lambda name: found[name])


def _bounded(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor has no Path
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "this is no regular file")
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise OSError(0, f"this is larger than {_MOST_BYTES >> 20} MiB")
    return content
