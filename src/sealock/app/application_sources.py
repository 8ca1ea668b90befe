"""What the sources of an Application lead to in this repository."""

from __future__ import annotations

import posixpath
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sealock.domain.manifest_folder import FolderOptions, name_of
from sealock.domain.overlays import KUSTOMIZATION_NAMES
from sealock.domain.repository_url import same_form
from sealock.rules.view import ApplicationSource, Manifest, text_of, value_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from sealock.domain.yaml_document import Path


class Here:
    """The repository that is checked: as Argo CD names it, and its folders."""

    def __init__(self, files: Sequence[str], urls: Callable[[], Collection[str]]) -> None:
        """Take all files; `urls` gives those that are known to name this repository, once it is asked."""
        self._ask = urls
        self._learnt: set[str] = set()
        self.files = frozenset(files)
        self._names: dict[str, set[str]] = {".": set()}
        for file in files:
            folder, _, name = file.rpartition("/")
            self._names.setdefault(folder or ".", set()).add(name)
            while folder and (above := folder.rpartition("/")[0] or ".") not in self._names:
                self._names[above] = set()
                folder = "" if above == "." else above

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(map(same_form, self._ask()))

    @property
    def urls(self) -> frozenset[str]:
        """The URLs that name this repository, in the form of `same_form`."""
        return self._known or frozenset(self._learnt)

    def learn(self, applications: Sequence[Manifest]) -> None:
        """Where no URL is known, take those that some Application names with a path that exists here."""
        if not applications or self._known:
            return
        for manifest in applications:
            for _, source in _declared(manifest):
                path = text_of(source, "path")
                if path and posixpath.normpath(path) != "." and posixpath.normpath(path) in self._names:
                    self._learnt.add(same_form(text_of(source, "repoURL")))

    def sources(self, manifest: Manifest) -> tuple[ApplicationSource, ...]:
        """Return what each source of an Application leads to; sources that only lend values are left out."""
        return tuple(
            self._source(field, source, text_of(manifest, "metadata", "name"))
            for field, source in _declared(manifest)
            if not (source.get("ref") and not source.get("path") and not source.get("chart"))
        )

    def own(self, manifest: Manifest) -> frozenset[Path]:
        """Return the fields of the sources that are in this repository, those that only lend values too."""
        return frozenset(
            field
            for field, source in _declared(manifest)
            if not text_of(source, "chart") and same_form(text_of(source, "repoURL")) in self.urls
        )

    def _source(self, field: Path, source: dict[str, Any], application: str) -> ApplicationSource:
        place = (*field, "path")
        if text_of(source, "chart"):
            return ApplicationSource(field, "", "not-checked", "a Helm chart from a registry: not rendered")
        if same_form(text_of(source, "repoURL")) not in self.urls:
            return ApplicationSource(
                field, "", "elsewhere", "in another repository: its path is not looked at"
            )
        return self._local(place, source, application)

    def _local(self, place: Path, source: dict[str, Any], application: str) -> ApplicationSource:
        path = posixpath.normpath(text_of(source, "path") or ".")
        names = self._names.get(path)
        if names is None:
            return ApplicationSource(place, path, "missing")
        directory = source.get("directory")
        if names & set(KUSTOMIZATION_NAMES) and not isinstance(directory, dict):
            changed = isinstance(source.get("kustomize"), dict) and bool(source["kustomize"])
            reason = "rendered without the options under source.kustomize" if changed else ""
            return ApplicationSource(place, path, "fine", reason)
        if source.get("plugin"):
            return ApplicationSource(place, path, "not-checked", "made by a plugin: not rendered")
        if "Chart.yaml" in names and not isinstance(directory, dict):
            reason = "a Helm chart in this repository: not rendered"
            return ApplicationSource(place, path, "not-checked", reason)
        owner = application if f".argocd-source-{application}.yaml" in names else ""
        return ApplicationSource(place, name_of(path, _options(directory, owner)), "fine")


def _options(directory: object, application: str) -> FolderOptions:
    """Return what an Application says about a folder of plain manifests."""
    return FolderOptions(
        recurse=value_of(directory, "recurse") is True,
        include=text_of(directory, "include"),
        exclude=text_of(directory, "exclude"),
        explicit=isinstance(directory, dict),
        application=application,
    )


def _declared(manifest: Manifest) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the sources that count: a hydrator's before `sources`, and those before `source`."""
    dry = value_of(manifest, "spec", "sourceHydrator", "drySource")
    if isinstance(dry, dict):
        yield ("spec", "sourceHydrator", "drySource"), dry
        return
    several = value_of(manifest, "spec", "sources")
    if isinstance(several, list) and several:
        for index, each in enumerate(several):
            if isinstance(each, dict):
                yield ("spec", "sources", index), each
        return
    one = value_of(manifest, "spec", "source")
    if isinstance(one, dict):
        yield ("spec", "source"), one
