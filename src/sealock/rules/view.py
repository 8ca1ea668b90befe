"""What rules see of a repository: overlays with their rendered and judged objects, and Applications."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import msgspec

from sealock.domain.hotfix_debt import HotfixDebt
from sealock.domain.image_history import ImageHistory
from sealock.domain.late import Late
from sealock.domain.location import Location
from sealock.domain.manifest_folder import is_folder
from sealock.domain.overlays import KUSTOMIZATION_NAMES, environment_of
from sealock.domain.rendered import Admission, ObjectKey, Origin, RenderFailure
from sealock.domain.settings import CustomTest, Settings, Waiver
from sealock.domain.source_map import Field, SourceMap
from sealock.domain.yaml_document import Path
from sealock.errors import SealockError
from sealock.ports import PermitProblem, PolicyAnswer, SchemaProblem
from sealock.rules.meta import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Manifest = dict[str, Any]
_T = TypeVar("_T")


class JudgedObject(msgspec.Struct, frozen=True, dict=True):
    """One object that `overlay` renders, with what the schemas and the API server say about it.

    `schema` is None where no schema is known; `no_schema` says why if that is not all there is to say.
    Both verdicts are empty for objects of an overlay that is not in scope.
    """

    overlay: str
    manifest: Manifest
    origin: Origin
    schema: tuple[SchemaProblem, ...] | None = ()
    admission: Admission | None = None
    no_schema: str = ""
    before: Manifest | None = None
    """The same object as the base revision renders it; None without a base, and for a new object."""
    update: Admission | None = None
    """What the API server says about changing `before` into `manifest`; None where nothing changed."""
    policies: PolicyAnswer = PolicyAnswer()

    @cached_property
    def key(self) -> ObjectKey:
        """Return what identifies the object; every rule asks."""
        return ObjectKey.of(self.manifest)


class BrokenPolicy(msgspec.Struct, frozen=True):
    """An admission policy, or with `rule` one of the organisation, that cannot judge anything, and why.

    `source` is the file or overlay that holds a policy, or empty.
    """

    name: str
    source: str
    reason: str
    rule: bool = False


class FailedTest(msgspec.Struct, frozen=True):
    """A test of an organisation rule that does not hold: what the rule said, or why it said nothing."""

    rule: str
    test: CustomTest
    said: str
    undecided: bool = False


class QuotaProblem(msgspec.Struct, frozen=True):
    """What a LimitRange or ResourceQuota of the overlay refuses; `index` is the object's in the overlay.

    `index` is -1 for what could not be decided.
    """

    index: int
    path: str
    message: str


class OverlayView(msgspec.Struct, frozen=True, dict=True):
    """One overlay, or a folder of plain manifests (see domain.manifest_folder) that an Application deploys.

    Those not `in_scope` are there to compare with, not to be reported.
    `read` are the files that its render read. `namespace` is where the Applications that deploy it send what
    names none; empty where they disagree, or there is none. `removed` are the objects that the base revision
    renders and this one no longer does; None without a base. `unbuilt`: a kustomization made it before
    the change, and now the files in it count as they are.
    """

    path: str
    file: str
    environment: str | None
    production: bool
    in_scope: bool
    objects: Sequence[JudgedObject] = ()
    failure: RenderFailure | None = None
    read: frozenset[str] = frozenset()
    namespace: str = ""
    quota: tuple[QuotaProblem, ...] = ()
    removed: tuple[Manifest, ...] | None = None
    unbuilt: bool = False

    def once(self, gather: Callable[[OverlayView], _T]) -> _T:
        """Return what `gather` makes of the overlay, made once for all rules that ask for it."""
        name = f"{gather.__module__}.{gather.__qualname__}"
        if name not in self.__dict__:
            self.__dict__[name] = gather(self)
        return cast("_T", self.__dict__[name])

    @property
    def keys(self) -> Iterable[ObjectKey]:
        """Return the key of each object, in order, without looking at objects that nobody has looked at."""
        return self.objects.keys if isinstance(self.objects, Late) else (each.key for each in self.objects)

    def may_have(self, kinds: Iterable[str]) -> bool:
        """Say whether there may be an object of some kinds: no is certain."""
        return not isinstance(self.objects, Late) or not self.objects.kinds.isdisjoint(kinds)

    def of_kinds(self, *kinds: str) -> Iterator[JudgedObject]:
        """Yield the objects of some kinds; where it has none, it is not looked at."""
        if self.may_have(kinds):
            yield from (each for each in self.objects if each.manifest.get("kind") in kinds)

    @property
    def kustomizations(self) -> list[str]:
        """Return the kustomization files that its render read."""
        if is_folder(self.path):
            return []
        return [file for file in self.read if file.rpartition("/")[2] in KUSTOMIZATION_NAMES]


SourceState = Literal["fine", "missing", "elsewhere", "not-checked"]


class ApplicationSource(msgspec.Struct, frozen=True):
    """One source of an Application: the `field` that holds its `path`, and what is there.

    `missing`: there is nothing at the path; `elsewhere`: in another repository; `not-checked`: a chart, or
    made by a plugin. `path` of one that is `fine` is that of its OverlayView.
    """

    field: Path
    path: str
    state: SourceState
    reason: str = ""


class Generated(msgspec.Struct, frozen=True):
    """An Application that the ApplicationSet `by` makes; `generator` is the path of its generator.

    `patched` are the fields that the templatePatch set, `ignored` those that it set and Argo CD dropped;
    `read` are the files that the generators read.
    """

    manifest: Manifest
    by: ApplicationView
    generator: Path
    patched: tuple[Path, ...] = ()
    read: tuple[str, ...] = ()
    ignored: tuple[Path, ...] = ()

    def field(self, path: Path) -> Path:
        """Return the field of the ApplicationSet that sets a field of the Application.

        That is `spec.templatePatch`, the generator's own template, or `spec.template`.
        """
        if any(path[: len(each)] == each for each in self.patched):
            return ("spec", "templatePatch")
        if path[:2] == ("metadata", "namespace"):
            return path
        own = (*self.generator, "template", *path)
        # An empty value of a generator's template leaves the field to spec.template.
        return own if _at(self.by.manifest, own) else ("spec", "template", *path)


def _at(node: Any, path: Path) -> Any:  # noqa: ANN401 - JSON
    for step in path:
        if isinstance(node, dict):
            node = node.get(step)
        elif isinstance(node, list) and isinstance(step, int) and step < len(node):
            node = node[step]
        else:
            return None
    return node


class UnknownSet(msgspec.Struct, frozen=True):
    """A generator of the ApplicationSet `by` whose Applications nobody can tell here, and why.

    `read` are the files that the set's generators read.
    """

    by: ApplicationView
    path: Path
    reason: str
    hint: str
    read: tuple[str, ...] = ()


class SetRefusal(msgspec.Struct, frozen=True):
    """Why Argo CD would not create Applications of `by`, in its words; `path` is the field at fault.

    `read` are the files that the set's generators read.
    """

    by: ApplicationView
    path: Path
    message: str
    read: tuple[str, ...] = ()


class ApplicationView(msgspec.Struct, frozen=True):
    """An Application, AppProject or ApplicationSet, from a file's document or from an overlay's render.

    `rendered` is None for one from a file. `problems` are what its AppProject does not permit.
    `admission` is what the API server says of one that stands in a file. `generated` is set for one that an
    ApplicationSet of the repository generates. `own` are the fields of the sources that are in this
    repository, those that only lend values included.
    """

    manifest: Manifest
    file: str
    document: int
    in_scope: bool
    rendered: JudgedObject | None = None
    schema: tuple[SchemaProblem, ...] | None = ()
    sources: tuple[ApplicationSource, ...] = ()
    problems: tuple[PermitProblem, ...] = ()
    admission: Admission | None = None
    generated: Generated | None = None
    own: frozenset[Path] = frozenset()

    @property
    def kind(self) -> str:
        """Return the kind."""
        return str(self.manifest.get("kind", ""))

    @property
    def name(self) -> str:
        """Return the name."""
        return text_of(self.manifest, "metadata", "name")

    @property
    def overlay(self) -> str:
        """Return the overlay that renders it; empty for one from a file."""
        return self.rendered.overlay if self.rendered else ""


class UnmatchedEntry(msgspec.Struct, frozen=True):
    """An entry of a kustomization that selects nothing, by kustomize's own code, wherever the file is used.

    `field` is `images`, `patches` or `patchesJson6902`. `invalid` is why an image's name is no regular
    expression; `undecided` why nobody knows what the entry selects. `overlays` are those that reach it.
    """

    file: str
    field: str
    index: int
    overlays: tuple[str, ...]
    invalid: str = ""
    undecided: str = ""


class Unreadable(msgspec.Struct, frozen=True):
    """A file that looks like an Application and cannot be read, and why."""

    location: Location
    message: str
    hint: str = ""


class OwedHotfix(msgspec.Struct, frozen=True):
    """A place of an overlay that has a hotfix which still owes the normal order.

    `index` is that of the entry in the `images` of `file`, a kustomization; -1 for another place.
    """

    overlay: str
    file: str
    index: int
    debt: HotfixDebt


class RepositoryView(msgspec.Struct, frozen=True):
    """Everything that rules may look at. Lists are in a fixed order."""

    overlays: tuple[OverlayView, ...]
    applications: tuple[ApplicationView, ...]
    projects: tuple[ApplicationView, ...]
    sets: tuple[ApplicationView, ...]
    unreadable: tuple[Unreadable, ...]
    sources: SourceMap
    settings: Settings
    versions: str
    files: tuple[str, ...] = ()
    kubernetes: Version = (0, 0)
    argocd: Version = (0, 0)
    unknown_sets: tuple[UnknownSet, ...] = ()
    refused_sets: tuple[SetRefusal, ...] = ()
    broken_policies: tuple[BrokenPolicy, ...] = ()
    policy_notes: tuple[str, ...] = ()
    failed_tests: tuple[FailedTest, ...] = ()
    everything: bool = True
    """Whether the whole repository is in scope; rules about what nothing uses have no say otherwise."""
    whole: bool = True
    """Whether every overlay is in `overlays`, in scope or not; rules about what is missing need that."""
    unmatched: tuple[UnmatchedEntry, ...] = ()
    history: ImageHistory | None = None
    """What overlays ran before; None outside of Git."""
    debts: tuple[OwedHotfix, ...] = ()
    """The hotfixes that still owe the normal order."""

    def where(self, thing: JudgedObject | ApplicationView, path: Path) -> Location:
        """Return where a field of an object is set, in the file that a person would edit."""
        if isinstance(thing, ApplicationView) and thing.generated is not None:
            return self.where(thing.generated.by, thing.generated.field(path))
        judged = thing.rendered if isinstance(thing, ApplicationView) else thing
        if judged is not None:
            return self.sources.locate(judged.overlay, Field(judged.manifest, path, judged.origin))
        assert isinstance(thing, ApplicationView)  # noqa: S101 - what is not rendered is one
        return self.sources.in_document(thing.file, thing.document, path)

    def in_scope(self) -> Iterator[tuple[OverlayView, JudgedObject]]:
        """Yield every object that is to be judged, with its overlay."""
        for overlay in self.overlays:
            if overlay.in_scope:
                for each in overlay.objects:
                    yield overlay, each

    def kustomization_texts(self) -> Iterator[tuple[str, str]]:
        """Yield file and text of each kustomization that a render in scope read, by file.

        A look at the text is far cheaper than parsing it.
        """
        chosen = [each for each in self.overlays if each.in_scope]
        files = {file for each in chosen for file in each.kustomizations}
        # A render that failed may not have read everything.
        files |= {root.file for each in chosen if each.failure for root in self.sources.reached(each.path)}
        for file in sorted(files):
            try:
                yield file, self.sources.text(file)
            except (FileNotFoundError, SealockError):
                continue

    def scoped(self, *lists: tuple[ApplicationView, ...]) -> Iterator[ApplicationView]:
        """Yield what is to be judged of some of the lists."""
        return (each for some in lists for each in some if each.in_scope)

    def is_production(self, environment: str | None) -> bool:
        """Say whether an environment's name stands for production."""
        return is_production(self.settings, environment)

    def deploys_to_production(self, application: ApplicationView) -> bool:
        """Say whether an Application's folders, else its name, are those of production."""
        paths = [each.path for each in application.sources if each.path]
        environments = [environment_of(path) for path in paths]
        if not any(environments):
            environments = [environment_of(application.name)]
        return any(map(self.is_production, environments))


class WaiverUse(msgspec.Struct, frozen=True):
    """What the rules about waivers see: every waiver, those that silenced something, and those that are new.

    `malformed` are place, fault and hint of comments that begin like a waiver. `judged` are the rules that
    had their say on the whole repository; empty where only a part was in scope. `added` are the waivers
    that the base revision does not have.
    """

    today: date
    waivers: tuple[Waiver, ...] = ()
    used: frozenset[Waiver] = frozenset()
    malformed: tuple[tuple[Location, str, str], ...] = ()
    judged: frozenset[str] = frozenset()
    added: tuple[Waiver, ...] = ()


def is_production(settings: Settings, environment: str | None) -> bool:
    """Say whether an environment's name stands for production, by its folder or by the settings."""
    if environment is None:
        return False
    declared = settings.environments.get(environment)
    return environment == "production" or (declared is not None and declared.production)


def text_of(manifest: object, *path: str) -> str:
    """Return the text at a path of mappings, or an empty one."""
    found = value_of(manifest, *path)
    return found if isinstance(found, str) else ""


def value_of(manifest: object, *path: str) -> Any:  # noqa: ANN401 - JSON
    """Return the value at a path of mappings, or None."""
    for step in path:
        if not isinstance(manifest, dict):
            return None
        manifest = manifest.get(step)
    return manifest


# Kinds whose Pods are made from a template, and where in the object the Pod's own spec is.
_TEMPLATED = frozenset(
    {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "Rollout"}
)
_POD_SPEC: dict[str, Path] = {
    **dict.fromkeys(_TEMPLATED, ("spec", "template", "spec")),
    "Pod": ("spec",),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


def pod_path(manifest: Manifest) -> Path:
    """Return the path of a workload's Pod spec; empty for what is no workload."""
    return _POD_SPEC.get(str(manifest.get("kind")), ())


def containers(manifest: Manifest) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the path and value of every container of a workload, init and ephemeral ones included."""
    path = pod_path(manifest)
    spec = value_of(manifest, *map(str, path)) if path else None
    for name in _CONTAINERS:
        found = value_of(spec, name)
        for index, container in enumerate(found if isinstance(found, list) else ()):
            if isinstance(container, dict):
                yield (*path, name, index), container


def images(manifest: Manifest) -> Iterator[tuple[Path, str]]:
    """Yield the path and text of every container image of a workload."""
    for path, container in containers(manifest):
        image = container.get("image")
        if isinstance(image, str):
            yield (*path, "image"), image
