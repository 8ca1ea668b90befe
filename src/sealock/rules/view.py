"""What rules see of a repository: overlays with their rendered and judged objects, and Applications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from sealock.domain.location import Location
from sealock.domain.overlays import environment_of
from sealock.domain.rendered import Admission, ObjectKey, Origin, RenderFailure
from sealock.domain.settings import Settings
from sealock.domain.source_map import Field, SourceMap
from sealock.domain.yaml_document import Path
from sealock.ports import PermitProblem, SchemaProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

Manifest = dict[str, Any]


class JudgedObject(msgspec.Struct, frozen=True):
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

    @property
    def key(self) -> ObjectKey:
        """Return what identifies the object."""
        return ObjectKey.of(self.manifest)


class OverlayView(msgspec.Struct, frozen=True):
    """One overlay. Those not `in_scope` are there to compare with, not to be reported."""

    path: str
    file: str
    environment: str | None
    production: bool
    in_scope: bool
    objects: tuple[JudgedObject, ...] = ()
    failure: RenderFailure | None = None


SourceState = Literal["fine", "missing", "empty", "elsewhere", "not-checked"]


class ApplicationSource(msgspec.Struct, frozen=True):
    """One source of an Application: the `field` that holds its `path`, and what is there.

    `missing`: there is nothing at the path; `empty`: nothing there that Argo CD could deploy;
    `elsewhere`: in another repository; `not-checked`: a chart, or plain manifests.
    """

    field: Path
    path: str
    state: SourceState
    reason: str = ""


class ApplicationView(msgspec.Struct, frozen=True):
    """An Application, AppProject or ApplicationSet, from a file's document or from an overlay's render.

    `rendered` is None for one from a file. `problems` are what its AppProject does not permit.
    """

    manifest: Manifest
    file: str
    document: int
    in_scope: bool
    rendered: JudgedObject | None = None
    schema: tuple[SchemaProblem, ...] | None = ()
    sources: tuple[ApplicationSource, ...] = ()
    problems: tuple[PermitProblem, ...] = ()

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


class Unreadable(msgspec.Struct, frozen=True):
    """A file that looks like an Application and cannot be read, and why."""

    location: Location
    message: str
    hint: str = ""


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

    def where(self, thing: JudgedObject | ApplicationView, path: Path) -> Location:
        """Return where a field of an object is set, in the file that a person would edit."""
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


_TEMPLATED = frozenset(
    {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "Rollout"}
)
_POD_SPEC: dict[str, Path] = {
    **dict.fromkeys(_TEMPLATED, ("spec", "template", "spec")),
    "Pod": ("spec",),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


def images(manifest: Manifest) -> Iterator[tuple[Path, str]]:
    """Yield the path and text of every container image of a workload."""
    path = _POD_SPEC.get(str(manifest.get("kind")), ())
    if not path:
        return
    spec = value_of(manifest, *map(str, path))
    for name in _CONTAINERS:
        containers = value_of(spec, name)
        for index, container in enumerate(containers if isinstance(containers, list) else ()):
            image = value_of(container, "image")
            if isinstance(image, str):
                yield (*path, name, index, "image"), image
