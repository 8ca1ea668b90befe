"""Remembers renders together with everything they looked at, and gives one back only if all of that holds.

An entry is one file: a magic word, a checksum, and MessagePack. It is written beside its place and
renamed, so concurrent writers cannot mix; what does not decode is a miss. What a render looked at
(its trace) decides alone whether an entry holds: contents, folders, links, and probes that found nothing.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from sealock.adapters.stat_signature import SETTLED_NS, Seen, Signature
from sealock.domain.rendered import RenderFailure, TraceEntry
from sealock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_MAGIC = b"sealock-render-1\n"
_CHECKSUM_BYTES = 16
_DEFAULT_LIMIT_BYTES = 512 << 20
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_TOUCH_AFTER_SECONDS = 3600.0
_SWEEP_TO = 0.8
_LEDGER_LINES = 1000


class Probing(Protocol):
    """Looks at what a render looked at: Probes at the disk, RevisionProbes at a Git tree."""

    @property
    def at_ns(self) -> int:
        """The time before anything was looked at."""
        ...

    def look(self, path: str) -> Seen:
        """Return what is at `path`, links not followed."""
        ...

    def digest(self, path: str) -> str:
        """Return the hex SHA-256 of what is there, as TraceEntry has it; empty when it cannot be read."""
        ...


class Look(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One probe of a render, as TraceEntry, in the cache's form."""

    path: str
    kind: str
    digest: str
    signature: tuple[int, int, int, int]

    @classmethod
    def of(cls, entry: TraceEntry) -> Look:
        """Take over what the engine reported."""
        signature = (entry.inode, entry.size_bytes, entry.mtime_ns, entry.ctime_ns)
        return cls(entry.path, entry.kind, entry.digest, signature)

    def entry(self) -> TraceEntry:
        """Return it as the domain's value."""
        return TraceEntry(self.path, self.kind, self.digest, *self.signature)


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """A remembered render: `objects` as JSON, or what failed. `seen_ns` is when its files were read."""

    overlay: str
    seen_ns: int
    trace: tuple[Look, ...]
    objects: bytes = b""
    yaml: str | None = None
    failure: RenderFailure | None = None


def cache_folder() -> Path:
    """Return where caches live: `SEALOCK_CACHE_DIR`, else the user's cache folder."""
    named = os.environ.get("SEALOCK_CACHE_DIR")
    if named:
        return Path(named)
    from platformdirs import user_cache_path  # noqa: PLC0415 - not needed where the folder is named

    return user_cache_path("sealock")


def is_cold(folder: Path) -> bool:
    """Say whether nothing was ever rendered into the cache at `folder`."""
    return not (folder / "renders").is_dir()


def cache_limit() -> int:
    """Return the most bytes that the cache may hold: `SEALOCK_CACHE_LIMIT` (`64M`), else 512 MiB."""
    named = os.environ.get("SEALOCK_CACHE_LIMIT")
    if named is None:
        return _DEFAULT_LIMIT_BYTES
    found = re.fullmatch(r"(\d{1,15})([kmg]?)(?:i?b)?", named.strip().lower(), re.ASCII)
    if not found:
        message = f"SEALOCK_CACHE_LIMIT is {named!r}; expected bytes, or a number with K, M or G"
        raise UsageError(message, hint="Unset it for 512M, or write for example SEALOCK_CACHE_LIMIT=64M.")
    return int(found[1]) * _UNITS[found[2]]


class RenderCache:
    """Entries in a folder, at most about `limit_bytes` of them, the longest unused dropped first."""

    def __init__(
        self, folder: Path, limit_bytes: int = _DEFAULT_LIMIT_BYTES, now_ns: Callable[[], int] = time.time_ns
    ) -> None:
        """Keep entries in `folder`, which need not exist."""
        self.folder = folder
        self._renders = f"{folder}/renders"
        self._limit = limit_bytes
        self._now_ns = now_ns
        self._stored_bytes = 0
        self._decoder = msgspec.msgpack.Decoder(Entry)

    def now_ns(self) -> int:
        """Return the time, in nanoseconds since 1970: take it before what is to be stored is read."""
        return self._now_ns()

    @staticmethod
    def key(*parts: Any) -> str:  # noqa: ANN401 - plain JSON-like data
        """Return the name for a render by all that decides it besides files: engine, root, options."""
        return hashlib.blake2b(msgspec.json.encode(parts), digest_size=16).hexdigest()

    def find(self, key: str, probes: Probing) -> Entry | None:
        """Return the entry under `key` if every probe gives the same answer now."""
        path = self._path(key)
        entry = self._read(path, probes.at_ns)
        if entry is None:
            return None
        # What was written too shortly before it was read is not known by its stat.
        settled_ns = entry.seen_ns - SETTLED_NS
        trusted = True
        for look in entry.trace:
            kind, signature, real = probes.look(look.path)
            if kind != look.kind or not real:
                return None
            if not look.digest:
                continue
            if kind == "file" and signature == look.signature and max(signature[2:]) < settled_ns:
                continue
            if probes.digest(look.path) != look.digest:
                return None
            trusted = trusted and kind != "file"
        return entry if trusted else self._stamp_again(key, entry, probes)

    def entry(self, key: str) -> Entry | None:
        """Return the entry under `key`, whether it holds or not."""
        return self._read(self._path(key), self._now_ns())

    def store(self, key: str, entry: Entry) -> None:
        """Keep `entry`; a disk that refuses costs the next run time, nothing else."""
        packed = msgspec.msgpack.encode(entry)
        data = _MAGIC + _checksum(packed) + packed
        path = Path(self._path(key))
        partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            partial.write_bytes(data)
            partial.replace(path)
        except OSError:
            with suppress(OSError):
                partial.unlink()
            return
        self._stored_bytes += len(data)

    def settle(self) -> None:
        """Note what was stored since, and drop the longest unused entries if they are too many."""
        if not self._stored_bytes:
            return
        ledger = self.folder / "stored-bytes"
        with suppress(OSError, ValueError):
            with ledger.open("a", encoding="ascii") as file:
                file.write(f"{self._stored_bytes}\n")
            self._stored_bytes = 0
            lines = ledger.read_text(encoding="ascii").split()
            if sum(map(int, lines)) > self._limit or len(lines) > _LEDGER_LINES:
                left = self._sweep()
                partial = ledger.with_name(f".{ledger.name}.{secrets.token_hex(4)}")
                partial.write_text(f"{left}\n", encoding="ascii")
                partial.replace(ledger)

    def _sweep(self) -> int:
        """Drop entries, the longest unused first, down to a part of the limit; return the bytes left."""
        entries = sorted(self._entries())
        left = sum(size for _, size, _ in entries)
        for _, size, path in entries:
            if left <= self._limit * _SWEEP_TO:
                break
            with suppress(OSError):
                path.unlink()
                left -= size
        return left

    def _entries(self) -> Iterator[tuple[float, int, Path]]:
        """Yield (time of last use, bytes, path) of every entry and every file that a writer left behind."""
        for path in self.folder.glob("renders/*/*"):
            with suppress(OSError):
                found = path.stat()
                yield found.st_mtime, found.st_size, path

    def _path(self, key: str) -> str:
        # Sixteen folders: making a file in a new folder costs ext4 twice as much as in one that has some.
        return f"{self._renders}/{key[:1]}/{key}"

    def _read(self, path: str, now_ns: int) -> Entry | None:
        """Return what decodes at `path`, and note that it was used."""
        try:
            with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - 300 Paths cost 10 ms
                data = file.readall()
                idle_seconds = now_ns / 1e9 - os.fstat(file.fileno()).st_mtime
        except OSError:
            return None
        start = len(_MAGIC) + _CHECKSUM_BYTES
        packed = data[start:]
        if data[:start] != _MAGIC + _checksum(packed):
            return None
        if idle_seconds > _TOUCH_AFTER_SECONDS:
            with suppress(OSError):
                os.utime(path)
        try:
            return self._decoder.decode(packed)
        except msgspec.MsgspecError:
            return None

    def _stamp_again(self, key: str, entry: Entry, probes: Probing) -> Entry:
        """Keep the stats of files whose content was just verified, if the next run can trust them."""
        fresh = tuple(
            msgspec.structs.replace(look, signature=tuple(probes.look(look.path).signature))
            for look in entry.trace
        )
        if all(Signature(*look.signature).settled(probes.at_ns) for look in fresh if _reads_content(look)):
            entry = msgspec.structs.replace(entry, trace=fresh, seen_ns=probes.at_ns)
            self.store(key, entry)
        return entry


def storable(trace: Sequence[TraceEntry]) -> bool:
    """Say whether a trace tells all that a render depends on."""
    return bool(trace) and all(entry.kind != "uncacheable" for entry in trace)


def _reads_content(look: Look) -> bool:
    return look.kind == "file" and bool(look.digest)


def _checksum(packed: bytes) -> bytes:
    return hashlib.blake2b(packed, digest_size=_CHECKSUM_BYTES).digest()
