"""The use case behind `sealock render --applications`: every Application that the repository declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from sealock.app.application_sources import Here
from sealock.app.expand_applications import Expanded, Generated, expand
from sealock.app.find_manifests import find, is_argocd
from sealock.domain.location import Location
from sealock.domain.overlays import discover
from sealock.domain.rendered import RenderFailure
from sealock.domain.repository_url import spellings
from sealock.domain.source_map import Field, SourceMap, show_path
from sealock.ports import ExpansionFacts, RenderRequest
from sealock.rules.view import ApplicationView, JudgedObject, text_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from sealock.domain.rendered import Rendered
    from sealock.domain.settings import KnownCluster
    from sealock.domain.yaml_document import Path
    from sealock.ports import ApplicationSets, Branches, Memory, Remotes, Renderer, SignedFiles


class Asked(NamedTuple):
    """The ports that a listing asks."""

    renderer: Renderer
    sets: ApplicationSets
    remotes: Remotes
    branches: Branches
    memory: Memory


class Listed(msgspec.Struct, frozen=True):
    """An Application and where it came from.

    `where` is its place in a file, or that of the ApplicationSet's `generator`; `overlay` is the one that
    renders it, or the ApplicationSet.
    """

    manifest: dict[str, Any]
    where: Location
    overlay: str = ""
    applicationset: str = ""
    generator: str = ""


class Complaint(msgspec.Struct, frozen=True):
    """Why Applications are missing; unless `undecided`, Argo CD would refuse them too."""

    where: Location
    message: str
    hint: str = ""
    undecided: bool = False


class Listing(msgspec.Struct, frozen=True):
    """Applications sorted by namespace, name and place, what is missing, and overlays that did not render."""

    applications: tuple[Listed, ...]
    complaints: tuple[Complaint, ...]
    failures: tuple[tuple[str, RenderFailure], ...]


class ListApplications:
    """Lists the Applications of one repository: from files, rendered, and generated."""

    def __init__(
        self, tree: SignedFiles, asked: Asked, clusters: Sequence[KnownCluster] = (), repository: str = ""
    ) -> None:
        """List what is in `tree`; `repository` is the URL that services.yaml says, or empty."""
        self._tree = tree
        self._asked = asked
        self._clusters = tuple(clusters)
        self._repository = repository
        self._sources = SourceMap(tree.read_text)
        self._renders: dict[str, Rendered] = {}

    def run(self) -> Listing:
        """Return the listing. Raises EngineError."""
        files = self._tree.files()
        manifests = find(files, self._tree, self._asked.memory)
        here = Here(files, self._urls)
        self._render([each.path for each in discover(files, self._tree.read_text)])
        read = {entry.path for each in self._renders.values() for entry in each.trace if entry.kind == "file"}
        here.learn([each.manifest for each in manifests.argocd])
        views = [
            ApplicationView(each.manifest, each.file, each.document, in_scope=True)
            for each in manifests.argocd
            if each.file not in read
        ]
        declared, expanded = self._follow(views, here)
        unparsed = [
            Complaint(each.where, each.message, each.hint, undecided=True) for each in manifests.unparsed
        ]
        return Listing(
            tuple(sorted(self._listed(declared, expanded), key=_order)),
            (*unparsed, *self._complaints(expanded)),
            tuple((path, each.failure) for path, each in sorted(self._renders.items()) if each.failure),
        )

    def _urls(self) -> Collection[str]:
        return ({self._repository} - {""}) | self._asked.remotes.urls()

    def _render(self, paths: Sequence[str]) -> None:
        missing = tuple(path for path in dict.fromkeys(paths) if path not in self._renders)
        if missing:
            for rendered in self._asked.renderer.render(RenderRequest(missing, frozenset({"objects"}))):
                self._renders[rendered.overlay] = rendered

    def _follow(
        self, views: Sequence[ApplicationView], here: Here
    ) -> tuple[list[ApplicationView], list[Expanded]]:
        """Return what is declared, and what is expanded, until Applications lead to nothing new."""
        declared: list[ApplicationView] = []
        expanded: list[Expanded] = []
        seen: set[str] = set()
        new = list(views)
        while True:
            fresh = [path for path in sorted(self._renders) if path not in seen]
            seen.update(fresh)
            new += [view for path in fresh for view in self._rendered(path)]
            if not new:
                return declared, expanded
            declared += new
            sets = [each for each in new if each.kind == "ApplicationSet"]
            made = expand(sets, self._asked.sets, self._facts(here)) if sets else Expanded()
            expanded.append(made)
            manifests = [each.manifest for each in new if each.kind == "Application"]
            manifests += [each.manifest for each in made.applications]
            self._render([path for each in manifests for path in _led_to(each, here)])
            new = []

    def _rendered(self, path: str) -> Iterator[ApplicationView]:
        for each in self._renders[path].objects:
            if is_argocd(each.manifest):
                judged = JudgedObject(path, each.manifest, each.origin)
                yield ApplicationView(each.manifest, each.origin.file, 0, in_scope=True, rendered=judged)

    def _facts(self, here: Here) -> ExpansionFacts:
        return ExpansionFacts(
            files=tuple(self._tree.files()),
            repository_urls=tuple(url for known in sorted(here.urls) for url in spellings(known)),
            revisions=tuple(sorted(self._asked.branches.checked())),
            clusters=self._clusters,
        )

    def _listed(self, declared: Sequence[ApplicationView], expanded: Sequence[Expanded]) -> Iterator[Listed]:
        for each in declared:
            if each.kind == "Application":
                yield Listed(each.manifest, self._where(each, ()), each.overlay)
        for made in (each for one in expanded for each in one.applications):
            yield self._generated(made)

    def _generated(self, made: Generated) -> Listed:
        return Listed(
            made.manifest,
            self._where(made.origin, made.generator),
            made.origin.overlay,
            made.origin.name,
            show_path(made.generator),
        )

    def _complaints(self, expanded: Sequence[Expanded]) -> Iterator[Complaint]:
        for one in expanded:
            for each in one.unknown:
                field = show_path(each.path) or "spec"
                message = f"ApplicationSet {each.origin.name} is undecided: {field} {each.reason}"
                yield Complaint(self._where(each.origin, each.path), message, each.hint, undecided=True)
            for wrong in one.refused:
                yield Complaint(self._where(wrong.origin, wrong.path), wrong.message)

    def _where(self, view: ApplicationView, path: Path) -> Location:
        if view.rendered is None:
            return self._sources.in_document(view.file, view.document, path)
        origin = view.rendered.origin
        return self._sources.locate(view.overlay, Field(view.manifest, path, origin))


def _led_to(manifest: dict[str, Any], here: Here) -> Iterator[str]:
    """Yield the overlays of this repository that an Application deploys."""
    for source in here.sources(manifest):
        if source.state == "fine":
            yield source.path


def _order(each: Listed) -> tuple[str, str, Location, str]:
    metadata = (text_of(each.manifest, "metadata", "namespace"), text_of(each.manifest, "metadata", "name"))
    return (*metadata, each.where, each.overlay)
