"""What use cases need from outside, as protocols. Adapters implement them; wiring connects them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from sealock.domain.promotion import EvidenceRef
from sealock.domain.rendered import RenderFailure
from sealock.domain.revision import Revision
from sealock.domain.settings import CustomRule, KnownCluster, PodSecurity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from sealock.domain.agent_layers import HostInput
    from sealock.domain.agent_run import (
        AgentExit,
        BackendName,
        CodexBinary,
        EndedBy,
        Limits,
        ModelEndpoint,
        ProxyReport,
        RunManifest,
        SandboxImage,
        SealedCommand,
        TreeResult,
    )
    from sealock.domain.approval import SignedStatement, Statement
    from sealock.domain.egress import EgressReport
    from sealock.domain.evidence import Evidence
    from sealock.domain.image_history import FileHistory
    from sealock.domain.object_diff import Comparison
    from sealock.domain.path_policy import PathPolicy
    from sealock.domain.plan import FileChange
    from sealock.domain.promotion import Authored, Branch, Delivery
    from sealock.domain.rendered import Admission, Rendered
    from sealock.domain.sealed_run import SealedRun
    from sealock.domain.settings import AgentTask
    from sealock.domain.trial import TrialRequest, TrialRun


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
    """Says what files were in earlier commits of one revision: the one that is checked out, or another."""

    def head(self) -> str | None:
        """Return the revision's commit; None outside of Git and before the first commit.

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

    `patched` are paths of keys: `("spec", "source", "path")`; `ignored` those that Argo CD drops of it.
    """

    manifest: dict[str, Any]
    generator: str
    patched: tuple[tuple[str, ...], ...] = ()
    ignored: tuple[tuple[str | int, ...], ...] = ()


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


class Proposed(msgspec.Struct, frozen=True):
    """What another branch would add to the deployed one: one commit, on a commit that is deployed."""

    revision: Revision
    parent: Revision
    message: str


class DeployedBranch(Protocol):
    """The branch that Argo CD deploys from: its newest commit, and the one way to add to it."""

    def branch(self) -> Branch:
        """Return which branch of which remote it is. Raises UsageError where that is not clear."""
        ...

    def tip(self) -> Revision:
        """Return its newest commit, asked of the remote, with its objects here.

        Raises Undecided when the remote cannot be asked, UsageError for no such branch.
        """
        ...

    def tree(self, base: Revision, changes: Sequence[FileChange]) -> str:
        """Write the objects of the tree with `changes` made, and return the id of the repository's root tree.

        Paths are below the root, which may be a folder of the repository. Modes stay. Raises Refused for a
        path that is a link, a submodule, outside or in `.git`, Conflict when a file is not as `before` says,
        Undecided.
        """
        ...

    def commit(self, base: Revision, tree: str, message: str) -> str:
        """Write the commit of the root tree `tree` on `base` and return its id; signed as Git is set to sign.

        Neither index nor work tree are touched. Raises Refused when it cannot be signed, UsageError
        without an author, Undecided.
        """
        ...

    def deliver(self, base: Revision, commit: str) -> Delivery:
        """Put `commit` on the branch if that still is at `base`.

        When the connection broke, the branch is read again, so that an answer is never a guess.
        Raises Undecided where that fails too.
        """
        ...

    def deliver_as(self, branch: str, commit: str) -> Delivery:
        """Put `commit` on another branch of the same remote, in place of what it had."""
        ...

    def proposed(self, base: Revision, branch: str) -> Proposed | None:
        """Return what another branch of the same remote would add to `base`.

        None where there is no such branch, or it is anything but one commit on top of `base` or of an
        ancestor of it. Raises Undecided.
        """
        ...

    def author(self) -> str:
        """Return who commits, as `Name <mail>`. Raises UsageError when Git does not know."""
        ...


class CommitLog(Protocol):
    """The commits of the deployed branch, newest first."""

    def promotions(self, tip: str) -> Iterator[Authored]:
        """Yield the commits up to `tip` whose subject says promote, rollback or hotfix.

        `tip` is a commit, or a range `old..new`. Raises Undecided, also where the history is cut off: after
        all that is there.
        """
        ...

    def brought(self, tip: str, paths: Sequence[str], text: str) -> Authored | None:
        """Return the newest commit that changed how often `text` stands in `paths`; None for none.

        Raises Undecided.
        """
        ...


class TouchedFile(msgspec.Struct, frozen=True):
    """A file that a commit changed; `before` is its text until then, empty where it was not there.

    `time` is when the commit was made, in seconds since 1970.
    """

    commit: str
    time: int
    path: str
    before: str


class Touched(msgspec.Struct, frozen=True):
    """What some commits changed, newest first; `oldest` is the time of the last one looked at, 0 for none.

    `ended` says that there are no commits before these; `why` what cut them off.
    """

    files: tuple[TouchedFile, ...]
    oldest: int
    ended: bool
    why: str = ""


class BranchChanges(Protocol):
    """What the commits of the deployed branch changed, as they came to it: merges count, not their parts."""

    def touched(self, tip: str, files: Collection[str], commits: slice, since: str = "") -> Touched:
        """Return what the commits up to `tip` changed of `files`; `commits` says which, newest first.

        With `since`, an ancestor of `tip`, only what came after it. Raises Undecided.
        """
        ...

    def is_ancestor(self, one: str, other: str) -> bool:
        """Say whether `other` has the commit `one` in its history; no for one that is not here."""
        ...


class ReleaseTags(Protocol):
    """The tags of the repository."""

    def commits(self) -> dict[str, str]:
        """Return the commit of each tag by the tag's name. Raises Undecided."""
        ...


class KnownTag(msgspec.Struct, frozen=True):
    """A tag: the commit it is on, and whether this clone and the remote have it."""

    commit: str
    here: bool
    there: bool


class TagBook(Protocol):
    """The tags of this clone and of its remote, and the way to add one."""

    def known(self) -> dict[str, KnownTag]:
        """Return all tags by name; where clone and remote differ, the remote's. Raises Undecided."""
        ...

    def messages(self, since: str, until: str, paths: Sequence[str]) -> Sequence[str]:
        """Return the messages of the commits that changed `paths`, newest first; an empty `since` is all.

        Raises Undecided.
        """
        ...

    def is_ancestor(self, one: str, other: str) -> bool:
        """Say whether `other` has the commit `one` in its history, or is it."""
        ...

    def create(self, name: str, commit: str, message: str, *, sign: bool) -> None:
        """Make a tag in this clone. Raises Conflict where there is one, UsageError, Refused, Undecided."""
        ...

    def push(self, name: str) -> None:
        """Give the remote a tag that it does not have.

        Raises Conflict where it has another one of that name, Refused, Undecided.
        """
        ...

    def forget(self, name: str) -> None:
        """Take a tag of this clone back. Raises Undecided."""
        ...


class Resolved(msgspec.Struct, frozen=True):
    """What a registry has under a name: the digest of the manifest or of the multi-platform index."""

    digest: str
    media_type: str = ""
    platforms: tuple[str, ...] = ()


class SignatureAnswer(msgspec.Struct, frozen=True):
    """Whether an image is signed by a key; `evidence` names what was verified."""

    verdict: Literal["pass", "refuse", "unknown"]
    message: str
    evidence: tuple[EvidenceRef, ...] = ()


class Registry(Protocol):
    """Container registries, with the credentials that Docker is configured with."""

    def resolve(self, image: str) -> Resolved:
        """Return what `repository:tag` or `repository@digest` is.

        Raises UsageError for no such image, Undecided when the registry cannot be asked.
        """
        ...

    def signed(self, image: str, key: str) -> SignatureAnswer:
        """Say whether `repository@digest` has a cosign signature by `key`, a PEM public key."""
        ...


class EvidenceStore(Protocol):
    """Where evidence is found, and where what a gate saw is kept."""

    def of(self, service: str, environment: str) -> Sequence[tuple[EvidenceRef, Evidence]]:
        """Return the evidence about a service in an environment, newest observation first.

        Raises Undecided for a file that cannot be read or is no evidence, with its place.
        """
        ...

    def keep(self, evidence: Evidence) -> EvidenceRef:
        """Keep a piece, and return its reference. Raises Undecided."""
        ...


class Approval(msgspec.Struct, frozen=True):
    """One person's signed word for digests of a service in an environment.

    `who` is the mail address that the signature proves; `evidence` refers to the signed text.
    """

    who: str
    approved: datetime
    evidence: EvidenceRef


class ApprovalQuestion(msgspec.Struct, frozen=True):
    """What is to be approved. `signers` is the text of the allowed signers file of the base revision."""

    service: str
    environment: str
    digests: tuple[str, ...]
    signers: str = ""


class NotCounted(msgspec.Struct, frozen=True):
    """Somebody's word that is no valid approval, and why; `who` is what it says of itself."""

    who: str
    reason: str


class Heard(msgspec.Struct, frozen=True):
    """The valid approvals, one for each person, and what came near to being one."""

    approvals: tuple[Approval, ...] = ()
    others: tuple[NotCounted, ...] = ()


class Approvals(Protocol):
    """Who approved what."""

    def of(self, question: ApprovalQuestion) -> Heard:
        """Return who approved exactly this. Raises Undecided when that cannot be verified."""
        ...


class ApprovalBook(Protocol):
    """Where approvals are signed and published."""

    def sign(self, statement: Statement) -> SignedStatement:
        """Sign as the user is set up to sign. Raises UsageError without a key, Refused, Undecided."""
        ...

    def verify(self, signed: SignedStatement, signers: str) -> str:
        """Return why it would not count by a signers file's text; empty where it does. Raises Undecided."""
        ...

    def keep(self, signed: SignedStatement) -> bool:
        """Publish it; False where it is known already. Raises Refused, Conflict, Undecided."""
        ...


class ProgramAnswer(msgspec.Struct, frozen=True):
    """How a program of the repository ended: exit status, what it printed, how long it took in seconds.

    A negative `status` is the signal that ended it. Of more output than is kept `stdout` and `stderr` are
    the end, and `dropped` says how many bytes came before. `timed_out` says that it was killed at its
    deadline; `missing` that it could not be started, and why.
    """

    status: int
    stdout: bytes
    stderr: bytes
    seconds: float
    timed_out: bool = False
    missing: str = ""
    dropped: int = 0


class GatePrograms(Protocol):
    """Runs smoke tests and custom gates: programs of the base revision, never of the change."""

    def run(self, path: str, facts: Mapping[str, str], stdin: bytes, timeout_seconds: float) -> ProgramAnswer:
        """Run the file `path` of the base revision to its end or its deadline.

        `facts` become variables of its environment, which has little else. Raises Undecided.
        """
        ...


class PullRequestDraft(msgspec.Struct, frozen=True):
    """A pull or merge request to be: from `head` into `base`, both branch names."""

    head: str
    base: str
    title: str
    body: str


class PullRequest(msgspec.Struct, frozen=True):
    """A pull or merge request as the forge has it; `head_commit` is the newest commit of its branch."""

    number: int
    url: str
    state: Literal["open", "merged", "closed"]
    head: str
    base: str
    head_commit: str
    author: str
    title: str = ""
    body: str = ""


class Review(msgspec.Struct, frozen=True):
    """Somebody's newest word on a pull request; `commit` is what it was said of."""

    who: str
    state: Literal["approved", "refused", "commented"]
    commit: str
    submitted: datetime


class Forge(Protocol):
    """A Git forge's pull or merge requests.

    Every method raises Undecided when the forge cannot be asked, Refused when it says no.
    """

    def find(self, head: str, base: str) -> PullRequest | None:
        """Return the newest request from `head` into `base`, whatever its state; None for none."""
        ...

    def open(self, draft: PullRequestDraft) -> PullRequest:
        """Open a request."""
        ...

    def update(self, request: PullRequest, draft: PullRequestDraft) -> PullRequest:
        """Give an open request another title and body."""
        ...

    def merge_when_ready(self, request: PullRequest) -> None:
        """Ask the forge to merge the request's head commit as soon as its own conditions hold."""
        ...

    def reviews(self, request: PullRequest) -> Sequence[Review]:
        """Return the newest word of each reviewer."""
        ...

    def opened(self, base: str, prefix: str) -> Sequence[PullRequest]:
        """Return the open requests into `base` from branches that begin with `prefix`."""
        ...


class AnswerSchema(Protocol):
    """The JSON Schema that an agent's answer must fit, as it was written."""

    @property
    def schema(self) -> dict[str, Any]:
        """The schema, plain JSON."""
        ...

    def problems(self, answer: object) -> Sequence[str]:
        """Return what is wrong with an answer, each with its place; nothing when it fits."""
        ...


class AgentWorkspace(Protocol):
    """A clean copy of one commit in which an agent works."""

    path: str
    commit: str
    base_tree: str

    def tree(self, policy: PathPolicy) -> TreeResult:
        """Return what the agent left, judged by the policy. Raises Refused, Undecided."""
        ...

    def patch(self, tree: str) -> bytes:
        """Return the difference between the base and a tree, as `git apply` takes it. Raises Undecided."""
        ...

    def keep(self, tree: str) -> None:
        """Put a tree's objects into the repository, where nothing names them. Raises Undecided."""
        ...


class RunningAgent(Protocol):
    """A started agent: iterating yields (seconds since the start, a line of its output) until it ended."""

    def __iter__(self) -> Iterator[tuple[float, bytes]]:
        """Yield its lines. Raises Undecided when it could not be started."""
        ...

    def kill(self, reason: EndedBy) -> None:
        """End it and all that it started."""
        ...

    def wait(self) -> AgentExit:
        """Let it end, and return how it did. Raises Undecided when it could not be started."""
        ...


class AgentModel(Protocol):
    """The model as one run sees it, while it serves."""

    @property
    def endpoint(self) -> ModelEndpoint:
        """Where the agent finds it."""
        ...

    def report(self) -> ProxyReport:
        """Return what it saw so far; all of it once it no longer serves."""
        ...


class AgentGate(Protocol):
    """The way of one run's tools to the network, while it is open."""

    @property
    def socket(self) -> str:
        """The socket of the host that leads to it."""
        ...

    def report(self) -> EgressReport:
        """Return what was asked so far; all of it once it is closed."""
        ...


class RunRecord(Protocol):
    """The record of a run while it is made."""

    def finish(self, manifest: RunManifest) -> RunManifest:
        """Write the last word, and return it as it stands in the record. Raises Refused, Undecided."""
        ...


class Chamber(Protocol):
    """What a sealed run is made of."""

    def binary(self) -> CodexBinary:
        """Return the agent's program, verified. Raises UsageError, Refused, Undecided."""
        ...

    def image(self, backend: BackendName, wanted: SandboxImage | None = None) -> SandboxImage | None:
        """Return the image that a run is in: the `wanted` one, else what its name stands for now.

        None for a backend without images. Raises Undecided where it is not there.
        """
        ...

    def workspace(self, revision: str) -> AbstractContextManager[AgentWorkspace]:
        """Give a clean copy of a revision. Raises UsageError, Undecided."""
        ...

    def record(self, manifest: RunManifest) -> RunRecord | None:
        """Begin a record with what is known before the run; None for a replay.

        What the run spent is written down at its end, also where no more than that is kept.
        Raises UsageError, Refused, Undecided.
        """
        ...

    def run_id(self) -> str:
        """Return the id of a run that begins now."""
        ...

    def model(self, task: AgentTask, record: RunRecord | None) -> AbstractContextManager[AgentModel]:
        """Serve the model to one run. Raises UsageError, Undecided."""
        ...

    def gate(self, task: AgentTask) -> AbstractContextManager[AgentGate | None]:
        """Open the way to the network for one run; None for a task that has none. Raises Undecided."""
        ...

    def seal(self, run: SealedRun, model: ModelEndpoint) -> SealedCommand:
        """Return exactly what is started; nothing is. Raises UsageError."""
        ...

    def start(
        self, command: SealedCommand, backend: BackendName, limits: Limits
    ) -> AbstractContextManager[RunningAgent]:
        """Start it; all of it ends with the context. Raises Undecided."""
        ...


class TrialBench(Protocol):
    """Where an agent's patch is tested: a clean copy of the base, a sandbox without the agent."""

    def run(self, request: TrialRequest) -> TrialRun:
        """Run the tests once, in a copy of their own. Raises Undecided where that cannot be done."""
        ...


class Patient(Protocol):
    """A machine that `doctor` looks at; nothing of it is changed."""

    def said(self, program: str, arguments: Sequence[str]) -> str | None:
        """Return what a program prints, None when there is none. Raises Undecided when it does not answer."""
        ...

    def codex(self) -> CodexBinary:
        """Return the agent's program, verified. Raises UsageError, Refused, Undecided."""
        ...

    def accepts(self, binary: CodexBinary) -> None:
        """Raise UsageError for a version that would be refused."""
        ...

    def sandbox(self, binary: CodexBinary) -> str:
        """Try the sandbox for real, and say what works. Raises Undecided with how to mend it."""
        ...

    def container(self) -> str:
        """Say which container engine answers. Raises Undecided."""
        ...

    def leaks(self) -> Sequence[HostInput]:
        """Return what the agent may read of the machine."""
        ...
