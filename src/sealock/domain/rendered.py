"""What rendering an overlay yields."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec

from sealock.domain.late import Late


class ObjectKey(msgspec.Struct, frozen=True, order=True):
    """What identifies a Kubernetes object: group and version as one string, kind, namespace, name."""

    api_version: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, manifest: dict[str, Any]) -> ObjectKey:
        """Return the key of a decoded manifest; missing parts are empty strings."""
        metadata = manifest.get("metadata") or {}
        return cls(
            str(manifest.get("apiVersion") or ""),
            str(manifest.get("kind") or ""),
            str(metadata.get("namespace") or ""),
            str(metadata.get("name") or ""),
        )

    def __str__(self) -> str:
        name = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.api_version} {self.kind} {name}"


class Origin(msgspec.Struct, frozen=True):
    """The file an object came from, relative to the repository, and its key there before transforms.

    For a generated object (configMapGenerator …) `file` is the kustomization that declares it
    and `generator` names the generator field.
    """

    file: str
    kind: str = ""
    name: str = ""
    generator: str = ""


class PodSecurityProblem(msgspec.Struct, frozen=True, array_like=True):
    """What Pod Security says at one level: `mode` is enforce, warn or audit; `level` as `baseline:v1.34`."""

    mode: str
    level: str
    path: str
    message: str


class Admission(msgspec.Struct, frozen=True):
    """The API server's verdict on one object, in its own words.

    `errors` and `warnings` are (field path, message) pairs; the path is empty for the whole object.
    `undecided` says why no verdict was possible (an unknown kind, for example); empty when there is one.
    """

    errors: tuple[tuple[str, str], ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()
    undecided: str = ""
    pod_security: tuple[PodSecurityProblem, ...] = ()


class RenderedObject(msgspec.Struct, frozen=True):
    """One object of a render: the manifest, where it came from, and (when asked) its admission."""

    manifest: dict[str, Any]
    origin: Origin
    admission: Admission | None = None


class TraceEntry(msgspec.Struct, frozen=True):
    """One probe of the file system during a render.

    `path` is relative to the repository; `kind` is `file`, `directory`, `symlink` or `absent`.
    `digest` is the hex SHA-256 of a file's content, of a directory's sorted listing, or of a
    link's target; empty for `absent` and for directories only tested for existence.
    `inode`, `size_bytes`, `mtime_ns` and `ctime_ns` were taken before the read.
    """

    path: str
    kind: str
    digest: str = ""
    inode: int = 0
    size_bytes: int = 0
    mtime_ns: int = 0
    ctime_ns: int = 0


class RenderFailure(msgspec.Struct, frozen=True):
    """Why an overlay does not render. `code` is one of the engine's documented error codes."""

    code: str
    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    hint: str = ""


class Rendered(msgspec.Struct, frozen=True):
    """One overlay's render: its objects, or its failure; `yaml` as `kustomize build` prints it."""

    overlay: str
    objects: Sequence[RenderedObject] = ()
    yaml: str | None = None
    trace: tuple[TraceEntry, ...] = ()
    failure: RenderFailure | None = None

    @property
    def keys(self) -> tuple[ObjectKey, ...]:
        """Return the key of each object, in order, without looking at objects that nobody has looked at."""
        if isinstance(self.objects, Late):
            return self.objects.keys
        return tuple(ObjectKey.of(each.manifest) for each in self.objects)

    def of_kinds(self, kinds: Collection[str]) -> Iterator[RenderedObject]:
        """Yield the objects of some kinds; where it has none, it is not looked at."""
        if not isinstance(self.objects, Late) or not self.objects.kinds.isdisjoint(kinds):
            yield from (each for each in self.objects if each.manifest.get("kind") in kinds)
