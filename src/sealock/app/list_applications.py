"""The use case behind `sealock render --applications`: every Application that the repository declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from sealock.app.application_sources import Here
from sealock.app.check_scope import Scope
from sealock.app.find_manifests import find
from sealock.app.follow_applications import FollowApplications, Followed, expander
from sealock.app.renders import Renders
from sealock.domain.location import Location
from sealock.domain.overlays import discover
from sealock.domain.rendered import RenderFailure
from sealock.domain.source_map import Field, SourceMap, show_path
from sealock.rules.view import ApplicationView, text_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

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

    def run(self) -> Listing:
        """Return the listing. Raises EngineError."""
        files = self._tree.files()
        manifests = find(files, self._tree, self._asked.memory)
        here = Here(files, self._urls)
        renders = Renders(self._asked.renderer, frozenset({"objects"}))
        renders.add(each.path for each in discover(files, self._tree.read_text))
        expanded = expander(self._asked.sets, self._asked.branches, here, self._clusters, files)
        found = FollowApplications(renders, here, Scope(), expanded).run(manifests.argocd)
        unparsed = [
            Complaint(each.where, each.message, each.hint, undecided=True) for each in manifests.unparsed
        ]
        return Listing(
            tuple(sorted(self._listed(found.views), key=_order)),
            (*unparsed, *self._complaints(found)),
            tuple((path, each.failure) for path, each in sorted(renders.items()) if each.failure),
        )

    def _urls(self) -> Collection[str]:
        return ({self._repository} - {""}) | self._asked.remotes.urls()

    def _listed(self, views: Sequence[ApplicationView]) -> Iterator[Listed]:
        for each in views:
            made = each.generated
            if made is not None:
                by, generator = made.by, made.generator
                place = self._where(by, generator)
                yield Listed(each.manifest, place, by.overlay, by.name, show_path(generator))
            elif each.kind == "Application":
                yield Listed(each.manifest, self._where(each, ()), each.overlay)

    def _complaints(self, found: Followed) -> Iterator[Complaint]:
        for each in found.unknown:
            field = show_path(each.path) or "spec"
            message = f"ApplicationSet {each.by.name} is undecided: {field} {each.reason}"
            yield Complaint(self._where(each.by, each.path), message, each.hint, undecided=True)
        for wrong in found.refused:
            yield Complaint(self._where(wrong.by, wrong.path), wrong.message)

    def _where(self, view: ApplicationView, path: Path) -> Location:
        if view.rendered is None:
            return self._sources.in_document(view.file, view.document, path)
        origin = view.rendered.origin
        return self._sources.locate(view.overlay, Field(view.manifest, path, origin))


def _order(each: Listed) -> tuple[str, str, Location, str]:
    metadata = (text_of(each.manifest, "metadata", "namespace"), text_of(each.manifest, "metadata", "name"))
    return (*metadata, each.where, each.overlay)
