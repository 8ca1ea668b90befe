"""Remembers verdicts between runs, so that an unchanged object is neither validated nor asked about again.

One file a repository: verdicts by the digest of all that decides them. The last of several writers wins,
which costs the others time and nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from sealock.adapters.cache_file import CacheFile
from sealock.ports import PermitProblem, ProjectPolicy, SchemaProblem, Schemas

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sealock.domain.settings import KnownCluster
    from sealock.ports import PermitQuestion

_Q = TypeVar("_Q")
_A = TypeVar("_A")

_FORM = 2
_MOST_VERDICTS = 100_000
_MOST_FILES = 200
_KEY_BYTES = 16

_SchemaVerdict = list[SchemaProblem] | None


class VerdictStore:
    """Verdicts of one repository in a cache folder: encoded values by key."""

    def __init__(self, root: str, folder: str, *, cached: bool = True) -> None:
        """Use the file for the repository at `root`, below `folder`, read when first asked.

        Unless `cached`, remember within this run only.
        """
        self._cached = cached
        name = hashlib.blake2b(os.fsencode(os.path.realpath(root)), digest_size=_KEY_BYTES).hexdigest()
        self._file = CacheFile(Path(folder) / "verdicts" / name, f"verdicts-{_FORM}", _MOST_FILES)
        self._known: dict[bytes, bytes] | None = None
        self._changed = False

    def get(self, key: bytes) -> bytes | None:
        """Return what was stored under `key`, or None."""
        if self._known is None:
            self._known = self._read()
        return self._known.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        """Store `value` under `key`, here and at the next `save`."""
        if self._known is None:
            self._known = self._read()
        self._known[key] = value
        self._changed = True

    def save(self) -> None:
        """Write what is new."""
        if not self._changed or self._known is None or not self._cached:
            return
        newest = list(self._known.items())[-_MOST_VERDICTS:]
        self._file.write(msgspec.msgpack.encode(dict(newest)))
        self._changed = False

    def _read(self) -> dict[bytes, bytes]:
        packed = self._file.read() if self._cached else None
        with contextlib.suppress(msgspec.MsgspecError):
            return msgspec.msgpack.decode(packed or b"", type=dict[bytes, bytes])
        return {}


def _checksum(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_KEY_BYTES).digest()


def digest(*parts: Any) -> bytes:  # noqa: ANN401 - plain JSON-like data
    """Return the key for a verdict that `parts` decide."""
    return _checksum(msgspec.msgpack.encode((_FORM, *parts)))


class RememberingSchemas:
    """Schemas that ask `inner` only about manifests it has not judged before; implements Schemas."""

    def __init__(self, inner: Schemas, store: VerdictStore, definitions: bytes = b"") -> None:
        """Remember in `store`; `definitions` is the digest of what `inner` was given besides its versions."""
        self._inner = inner
        self._store = store
        self._definitions = definitions
        self._prefix = digest("schema", inner.describe(), definitions)
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(_SchemaVerdict)

    def describe(self) -> str:
        """Return the versions of `inner`."""
        return self._inner.describe()

    def with_definitions(self, definitions: Sequence[dict[str, Any]]) -> RememberingSchemas:
        """Return schemas that know these CustomResourceDefinitions too."""
        if not definitions:
            return self
        inner = self._inner.with_definitions(definitions)
        return RememberingSchemas(inner, self._store, digest(definitions))

    def validate(self, manifest: dict[str, Any]) -> tuple[SchemaProblem, ...] | None:
        """Return the remembered violations, or those that `inner` finds."""
        key = _checksum(self._prefix + self._encoder.encode(manifest))
        known = self._store.get(key)
        if known is not None:
            with contextlib.suppress(msgspec.MsgspecError):
                verdict = self._decoder.decode(known)
                return None if verdict is None else tuple(verdict)
        found = self._inner.validate(manifest)
        self._store.put(key, self._encoder.encode(found))
        return found


class RememberingPolicy:
    """A ProjectPolicy that asks `inner` only questions it has not answered before."""

    def __init__(self, inner: ProjectPolicy, store: VerdictStore, engine: str) -> None:
        """Remember in `store` what `inner` says, as long as the engine's fingerprint is the same."""
        self._inner = inner
        self._store = store
        self._engine = engine
        self._decoder = msgspec.msgpack.Decoder(tuple[PermitProblem, ...])

    def permit(
        self,
        projects: Sequence[dict[str, Any]],
        questions: Sequence[PermitQuestion],
        definitions: Sequence[dict[str, Any]] = (),
        clusters: Sequence[KnownCluster] = (),
    ) -> list[tuple[PermitProblem, ...]]:
        """Return the problems of each question, in order. Raises EngineError."""
        known = [(each.name, each.server) for each in clusters]
        prefix = digest("permit", self._engine, list(projects), list(definitions), known)
        keys = [_checksum(prefix + msgspec.msgpack.encode(question)) for question in questions]
        missing = partial(self._inner.permit, projects, definitions=definitions, clusters=clusters)
        return recall(self._store, keys, questions, self._decoder, missing)

    def validate(self, projects: Sequence[dict[str, Any]]) -> list[tuple[PermitProblem, ...]]:
        """Return what Argo CD refuses of each project, in order. Raises EngineError."""
        prefix = digest("project", self._engine)
        keys = [_checksum(prefix + msgspec.msgpack.encode(project)) for project in projects]
        return recall(self._store, keys, projects, self._decoder, self._inner.validate)


def recall(
    store: VerdictStore,
    keys: Sequence[bytes],
    questions: Sequence[_Q],
    decoder: msgspec.msgpack.Decoder[_A],
    ask: Callable[[Sequence[_Q]], Sequence[_A]],
) -> list[_A]:
    """Return the answer to each question: from `store` by its key, else from `ask`, remembered.

    Questions of one key are asked once.
    """
    answers: dict[bytes, _A] = {}
    for key in keys:
        known = store.get(key)
        if known is not None:
            with contextlib.suppress(msgspec.MsgspecError):
                answers[key] = decoder.decode(known)
    missing = {key: each for key, each in zip(keys, questions, strict=True) if key not in answers}
    if missing:
        for key, answer in zip(missing, ask(list(missing.values())), strict=True):
            answers[key] = answer
            store.put(key, msgspec.msgpack.encode(answer))
    return [answers[key] for key in keys]
