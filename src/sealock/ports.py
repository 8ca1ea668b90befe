"""What use cases need from outside, as protocols. Adapters implement them; wiring connects them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from sealock.domain.rendered import RenderFailure
from sealock.domain.settings import CustomRule, KnownCluster, PodSecurity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sealock.domain.image_history import FileHistory
    from sealock.domain.object_diff import Comparison
    from sealock.domain.plan import FileChange
    from sealock.domain.rendered import Admission, Rendered


class RenderRequest(msgspec.Struct, frozen=True):
    """What to render and what to return: any of `objects`, `yaml`, `admission`."""

    overlays: tuple[str, ...]
    want: frozenset[str] = frozenset({"objects"})

    def of(self, overlays: Sequence[str]) -> RenderRequest:
        """Return the request for other overlays."""
        return RenderRequest(tuple(overlays), self.want)


class Renderer(Protocol):
    """Renders overlays of one repository."""

    def render(self, request: RenderRequest) -> Iterator[Rendered]:
        """Yield one Rendered for each overlay, in the order in which they finish.

        An overlay that does not render yields a failure. Raises EngineError when no answer
        can be had at all.
        """
        ...


class States(msgspec.Struct, frozen=True):
    """One object before and after a change; None where it is not there.

    `namespace` is where it goes when it does not say so itself, or empty.
    """

    before: dict[str, Any] | None
    after: dict[str, Any] | None
    namespace: str = ""


class ClusterFacts(msgspec.Struct, frozen=True):
    """What is known of the cluster that objects are meant for.

    `definitions` are CustomResourceDefinitions, `namespaces` labels by name. `pod_security` holds for
    namespaces whose labels say nothing; None judges labelled ones only.
    """

    definitions: tuple[dict[str, Any], ...] = ()
    namespaces: dict[str, dict[str, str]] = {}
    pod_security: PodSecurity | None = None


class Admitter(Protocol):
    """Asks the API server's own code whether it would create or change objects."""

    def admit(self, states: Sequence[States], facts: ClusterFacts = ...) -> list[Admission]:
        """Return one verdict for each, in order. Raises EngineError.

        With a `before` its errors are those of the change alone. `after` is never None.
        """
        ...


class QuotaRefusal(msgspec.Struct, frozen=True):
    """An object, by its index in the question, that a LimitRange or ResourceQuota refuses."""

    index: int
    path: str
    message: str


class QuotaAnswer(msgspec.Struct, frozen=True):
    """What LimitRanges and ResourceQuotas say: (index of the object, path, message) each.

    `undecided` says what could not be counted, or is empty.
    """

    problems: tuple[QuotaRefusal, ...] = ()
    undecided: str = ""


class NamespaceContents(msgspec.Struct, frozen=True):
    """Objects that share a namespace: that of those that name none."""

    objects: tuple[dict[str, Any], ...]
    namespace: str


class Quotas(Protocol):
    """Counts objects against the LimitRanges and ResourceQuotas among them, as the API server does."""

    def count(self, groups: Sequence[NamespaceContents]) -> list[QuotaAnswer]:
        """Return one answer for each group, in order. Raises EngineError."""
        ...


class Base(msgspec.Struct, frozen=True):
    """The revision that the change under review began at: its files, its renders, what differs since."""

    files: FileTree
    renderer: Renderer
    changed: frozenset[str]


class Comparer(Protocol):
    """Tells two states of an object apart, list items matched as Kubernetes merges them."""

    def compare(
        self, states: Sequence[States], definitions: Sequence[dict[str, Any]] = ()
    ) -> list[Comparison]:
        """Return the differences of each pair, in order. Raises EngineError.

        `definitions` are CustomResourceDefinitions: they say how lists of custom resources merge.
        """
        ...


class PermitQuestion(msgspec.Struct, frozen=True):
    """Whether an Application may deploy these objects under its project."""

    application: dict[str, Any]
    objects: tuple[dict[str, Any], ...] = ()


class PermitProblem(msgspec.Struct, frozen=True):
    """One thing an AppProject does not permit, or that Argo CD refuses of one.

    `path` is the field of the Application at fault (`spec.destination`, `spec.source.repoURL`,
    `spec.project`), or `undecided` where only a cluster could tell; of an AppProject, its own field
    (`spec.roles[0].policies[1]`). `object` names the refused object (`group/kind namespace/name`) or
    is empty.
    """

    path: str
    message: str
    object: str = ""


class ProjectPolicy(Protocol):
    """Argo CD's own checks of AppProjects and of what they permit."""

    def permit(
        self,
        projects: Sequence[dict[str, Any]],
        questions: Sequence[PermitQuestion],
        definitions: Sequence[dict[str, Any]] = (),
        clusters: Sequence[KnownCluster] = (),
    ) -> list[tuple[PermitProblem, ...]]:
        """Return the problems of each question, in order. Raises EngineError.

        `definitions` are CustomResourceDefinitions: they say which custom resources are namespaced.
        `clusters` say which name and which server belong together.
        """
        ...

    def validate(self, projects: Sequence[dict[str, Any]]) -> list[tuple[PermitProblem, ...]]:
        """Return what Argo CD refuses of each project, in order. Raises EngineError."""
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


class History(Protocol):
    """Says what files were in earlier commits of the branch that is checked out."""

    def head(self) -> str | None:
        """Return the commit that is checked out; None outside of Git and before the first commit.

        Raises Undecided.
        """
        ...

    def of(self, files: Sequence[str], most: int) -> FileHistory:
        """Return the versions of `files`, from no more than the `most` newest commits that changed any.

        Raises Undecided.
        """
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


class EntryQuestion(msgspec.Struct, frozen=True):
    """Whether an entry of a kustomization selects anything.

    The kustomization is `overlay`, or the last of the components `through` which it is reached from
    there. `field` is `images`, `patches` or `patchesJson6902`. `inputs` is a digest of all that decides the
    answer; empty where there is none.
    """

    overlay: str
    through: tuple[str, ...]
    field: str
    index: int
    inputs: str = ""


class EntryAnswer(msgspec.Struct, frozen=True):
    """What kustomize makes of an entry; `invalid` is why its name is no regular expression.

    `failure` says why there is no answer.
    """

    matches: bool = False
    invalid: str = ""
    failure: RenderFailure | None = None


class EntryMatcher(Protocol):
    """Says what entries of kustomizations select, by kustomize's own code."""

    def ask(self, questions: Sequence[EntryQuestion]) -> list[EntryAnswer]:
        """Return one answer for each question, in order. Raises EngineError."""
        ...


class Rehearsal(Protocol):
    """Renders as if some files had other texts."""

    def render(self, overlays: Sequence[str], files: Mapping[str, str]) -> list[str | RenderFailure]:
        """Return what `kustomize build` prints for each overlay, or why it fails. Raises EngineError."""
        ...


class GeneratedApplication(msgspec.Struct, frozen=True):
    """An Application, the field path of the ApplicationSet's generator, and what a templatePatch set.

    `patched` are paths of keys: `("spec", "source", "path")`.
    """

    manifest: dict[str, Any]
    generator: str
    patched: tuple[tuple[str, ...], ...] = ()


class UnknownGenerator(msgspec.Struct, frozen=True):
    """A generator that asks what is not known here, by its field path (empty: all), and what it asks."""

    path: str
    reason: str


class ExpansionProblem(msgspec.Struct, frozen=True):
    """Why Argo CD would not create an Application, or any, in its words; `path` is the field at fault."""

    path: str
    message: str


class Expansion(msgspec.Struct, frozen=True):
    """What one ApplicationSet makes, sorted by name; `read` are the files that decided it."""

    applications: tuple[GeneratedApplication, ...] = ()
    undecided: tuple[UnknownGenerator, ...] = ()
    problems: tuple[ExpansionProblem, ...] = ()
    read: tuple[str, ...] = ()


class ExpansionFacts(msgspec.Struct, frozen=True):
    """What generators may ask: the repository's files, its URLs, the branches it stands for, clusters.

    `namespace` is Argo CD's own, where ApplicationSets live that name none.
    """

    files: tuple[str, ...]
    repository_urls: tuple[str, ...] = ()
    revisions: tuple[str, ...] = ()
    clusters: tuple[KnownCluster, ...] = ()
    namespace: str = "argocd"


class ApplicationSets(Protocol):
    """Generates the Applications of ApplicationSets as Argo CD does."""

    def expand(self, sets: Sequence[dict[str, Any]], facts: ExpansionFacts) -> list[Expansion]:
        """Return one expansion for each ApplicationSet, in order.

        One for which there is no answer is undecided. Raises EngineError when none can be had at all.
        """
        ...


class Branches(Protocol):
    """Knows which branches the checked files stand for."""

    def checked(self) -> frozenset[str]:
        """Return the branch that is checked out, and those that a change is made for."""
        ...


class PolicyPlace(msgspec.Struct, frozen=True):
    """What organisation rules know of where an object is rendered; empty outside an overlay."""

    overlay: str = ""
    environment: str = ""
    production: bool = False


class PolicyCase(msgspec.Struct, frozen=True):
    """An object to be judged, with what it replaces if anything.

    `namespace` is where an object goes that does not say so itself. `rule` is the only organisation
    rule to ask, and no admission policy; empty asks all.
    """

    object: dict[str, Any]
    old: dict[str, Any] | None = None
    namespace: str = ""
    rule: str = ""
    variables: PolicyPlace = PolicyPlace()


class KnownNamespace(msgspec.Struct, frozen=True):
    """A namespace as the cluster has it."""

    name: str
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class PolicyQuestion(msgspec.Struct, frozen=True):
    """Admission policies and organisation rules, what they may ask, and the objects to judge.

    `policies` and `bindings` are ValidatingAdmissionPolicy manifests, `parameters` objects that may serve
    as theirs, `definitions` CustomResourceDefinitions.
    """

    cases: tuple[PolicyCase, ...]
    policies: tuple[dict[str, Any], ...] = ()
    bindings: tuple[dict[str, Any], ...] = ()
    parameters: tuple[dict[str, Any], ...] = ()
    namespaces: tuple[KnownNamespace, ...] = ()
    definitions: tuple[dict[str, Any], ...] = ()
    rules: tuple[CustomRule, ...] = ()


class PolicyVerdict(msgspec.Struct, frozen=True):
    """One thing that an object breaks: an admission `policy`, or an organisation `rule`.

    `id` is the policy's name or the rule's id. `path` is the field that the expression is about
    (`spec.template.spec.containers[0]`), empty where it is about several. `reason` is what the API
    server's answer would carry.
    """

    kind: Literal["policy", "rule"]
    id: str
    action: Literal["deny", "warn", "audit"]
    message: str
    binding: str = ""
    reason: str = ""
    expression: str = ""
    path: str = ""


class PolicyUndecided(msgspec.Struct, frozen=True):
    """A policy or rule without a verdict, and why; an empty `id` stands for all of them."""

    kind: Literal["policy", "rule"]
    id: str
    reason: str


class PolicyAnswer(msgspec.Struct, frozen=True):
    """What is said of one object."""

    verdicts: tuple[PolicyVerdict, ...] = ()
    undecided: tuple[PolicyUndecided, ...] = ()


class PolicyAnswers(msgspec.Struct, frozen=True):
    """The answers by case, and what is wrong with the policies and rules themselves.

    `unusable` are those that cannot be read or do not compile. `notes` say what is not enforced.
    """

    cases: tuple[PolicyAnswer, ...] = ()
    unusable: tuple[PolicyUndecided, ...] = ()
    notes: tuple[str, ...] = ()


class AdmissionPolicies(Protocol):
    """Evaluates ValidatingAdmissionPolicies and organisation rules with the API server's own code."""

    def judge(self, question: PolicyQuestion) -> PolicyAnswers:
        """Return one answer for each case, in order. A case without an answer is undecided.

        Raises EngineError when no answer can be had at all.
        """
        ...
