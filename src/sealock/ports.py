"""What use cases need from outside, as protocols. Adapters implement them; wiring connects them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sealock.domain.object_diff import Comparison
    from sealock.domain.plan import FileChange
    from sealock.domain.rendered import Admission, Rendered


class RenderRequest(msgspec.Struct, frozen=True):
    """What to render and what to return: any of `objects`, `yaml`, `admission`."""

    overlays: tuple[str, ...]
    want: frozenset[str] = frozenset({"objects"})


class Renderer(Protocol):
    """Renders overlays of one repository."""

    def render(self, request: RenderRequest) -> Iterator[Rendered]:
        """Yield one Rendered for each overlay, in the order in which they finish.

        An overlay that does not render yields a failure. Raises EngineError when no answer
        can be had at all.
        """
        ...


class Admitter(Protocol):
    """Asks the API server's own code for its verdict on objects that were not rendered."""

    def admit(self, manifests: Sequence[dict[str, Any]]) -> list[Admission]:
        """Return one verdict for each manifest, in order. Raises EngineError."""
        ...


class States(msgspec.Struct, frozen=True):
    """One object before and after a change; None where it is not there."""

    before: dict[str, Any] | None
    after: dict[str, Any] | None


class Comparer(Protocol):
    """Tells two states of an object apart, list items matched as Kubernetes merges them."""

    def compare(
        self, states: Sequence[States], definitions: Sequence[dict[str, Any]] = ()
    ) -> list[Comparison]:
        """Return the differences of each pair, in order. Raises EngineError.

        `definitions` are CustomResourceDefinitions: they say how lists of custom resources merge.
        """
        ...


class UpdateJudge(Protocol):
    """Asks the API server's own code whether it would accept a change of an object that exists."""

    def judge_updates(
        self, states: Sequence[States], definitions: Sequence[dict[str, Any]] = ()
    ) -> list[Admission]:
        """Return the verdict on each update, in order: its errors are those of the update alone.

        Raises EngineError.
        """
        ...


class PermitQuestion(msgspec.Struct, frozen=True):
    """Whether an Application may deploy these objects under its project."""

    application: dict[str, Any]
    objects: tuple[dict[str, Any], ...] = ()


class PermitProblem(msgspec.Struct, frozen=True):
    """One thing an AppProject does not permit.

    `path` is the field of the Application at fault (`spec.destination`, `spec.source.repoURL`,
    `spec.project`), or `undecided` where only a cluster could tell. `object` names the refused
    object (`group/kind namespace/name`) or is empty.
    """

    path: str
    message: str
    object: str = ""


class ProjectPolicy(Protocol):
    """Argo CD's own AppProject permission checks."""

    def permit(
        self,
        projects: Sequence[dict[str, Any]],
        questions: Sequence[PermitQuestion],
        definitions: Sequence[dict[str, Any]] = (),
    ) -> list[tuple[PermitProblem, ...]]:
        """Return the problems of each question, in order. Raises EngineError.

        `definitions` are CustomResourceDefinitions: they say which custom resources are namespaced.
        """
        ...


class SchemaProblem(msgspec.Struct, frozen=True):
    """One violation of a schema: the path as keys and indices, and what was expected."""

    path: tuple[str | int, ...]
    message: str


class Schemas(Protocol):
    """Kubernetes and Argo CD schemas of one version each."""

    def validate(self, manifest: dict[str, Any]) -> tuple[SchemaProblem, ...] | None:
        """Return the violations (none: valid), or None where no schema is known for the kind.

        Raises Undecided where there is a schema that cannot be used.
        """
        ...

    def with_definitions(self, definitions: Sequence[dict[str, Any]]) -> Schemas:
        """Return schemas that know these CustomResourceDefinitions too."""
        ...

    def describe(self) -> str:
        """Return which versions are in use, for people: `Kubernetes 1.36 and Argo CD 3.5`."""
        ...


class FileTree(Protocol):
    """Reads one repository's files as they are on disk; paths are relative with `/`."""

    def files(self) -> Sequence[str]:
        """Return every file that is tracked, or untracked and not ignored, sorted."""
        ...

    def read_text(self, path: str) -> str:
        """Return a file's text with its line endings. Raises FileNotFoundError, SealockError."""
        ...


class SignedFiles(FileTree, Protocol):
    """A FileTree that can tell cheaply whether a file is as it was."""

    def signature(self, path: str) -> bytes:
        """Return bytes that differ after any change; empty where nothing short of reading would tell."""
        ...


class ChangedFiles(Protocol):
    """Says what differs from a Git revision, uncommitted and untracked files included."""

    def since(self, revision: str) -> frozenset[str]:
        """Return the changed paths. Raises UsageError for an unknown revision."""
        ...


class Memory(Protocol):
    """Remembers bytes by a key between runs; it may forget, and never answers with anything else."""

    def get(self, key: bytes) -> bytes | None:
        """Return what was put under `key`, or None."""
        ...

    def put(self, key: bytes, value: bytes) -> None:
        """Remember `value` under `key`, the digest of all that decides it, or that of its purpose."""
        ...


class Remotes(Protocol):
    """Knows which repository this is."""

    def urls(self) -> frozenset[str]:
        """Return the URLs of the Git remotes as configured; none outside of Git."""
        ...


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...


class WorkTree(Protocol):
    """Reads a repository's files and writes many of them at once; paths are relative with `/`."""

    def read_text(self, path: str) -> str:
        """Return a file's text with its line endings. Raises FileNotFoundError, SealockError."""
        ...

    def exists(self, path: str) -> bool:
        """Say whether anything is at `path`, a dangling link included."""
        ...

    def names(self, folder: str) -> Sequence[str]:
        """Return the sorted names of the files in `folder`; none where there is no such folder."""
        ...

    def write(self, changes: Sequence[FileChange]) -> None:
        """Make all changes or none. Raises Conflict when a file is not as `before` says, Refused."""
        ...
