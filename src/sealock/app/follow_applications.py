"""Finds every Application: those in files, those that overlays render, and those of ApplicationSets.

What an Application deploys is rendered, and may hold Applications itself; so on until nothing is new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from sealock.app.expand_applications import Expanded, expand
from sealock.app.find_manifests import KINDS, is_argocd
from sealock.domain.manifest_folder import is_folder
from sealock.domain.repository_url import spellings
from sealock.ports import ExpansionFacts
from sealock.rules.view import ApplicationView, JudgedObject, SetRefusal, UnknownSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sealock.app.application_sources import Here
    from sealock.app.check_scope import Scope
    from sealock.app.find_manifests import Declared
    from sealock.app.renders import Renders
    from sealock.domain.settings import KnownCluster
    from sealock.ports import ApplicationSets, Branches

    Expand = Callable[[Sequence[ApplicationView]], Expanded]


class Followed(NamedTuple):
    """What is declared, generated Applications included, and what ApplicationSets do not tell.

    `deployed` are the overlays that Applications in scope lead to.
    """

    views: list[ApplicationView]
    unknown: list[UnknownSet]
    refused: list[SetRefusal]
    deployed: set[str]


def expander(
    sets: ApplicationSets,
    branches: Branches,
    here: Here,
    clusters: Sequence[KnownCluster],
    files: Sequence[str],
) -> Expand:
    """Return what expands ApplicationSets of this repository; nothing is asked before there is one."""

    def expanded(views: Sequence[ApplicationView]) -> Expanded:
        if not views:
            return Expanded()
        urls = tuple(url for known in sorted(here.urls) for url in spellings(known))
        facts = ExpansionFacts(tuple(files), urls, tuple(sorted(branches.checked())), tuple(clusters))
        return expand(views, sets, facts)

    return expanded


class FollowApplications:
    """Follows the Applications of one repository."""

    def __init__(self, renders: Renders, here: Here, scope: Scope, expanded: Expand) -> None:
        """Add to `renders` what Applications in `scope` lead to."""
        self._renders = renders
        self._here = here
        self._scope = scope
        self._expanded = expanded
        self._stood: set[str] = set()
        self._chosen = {path for path, each in renders.items() if scope.touches(each)}

    def run(self, declared: Sequence[Declared]) -> Followed:
        """Return what `declared` and the overlays lead to. Raises EngineError."""
        self._here.learn([each.manifest for each in declared])
        found = Followed([], [], [], set())
        new = list(self._standing(declared))
        seen: set[str] = set()
        while True:
            fresh = [path for path in self._renders if path not in seen]
            seen.update(fresh)
            new += [view for path in fresh for view in self._rendered(path)]
            if not new:
                return found
            new += self._generated([each for each in new if each.kind == "ApplicationSet"], found)
            new = self._led(new)
            found.views.extend(new)
            wanted = sorted({path for each in new if each.in_scope for path in _paths(each)})
            self._renders.add(wanted)
            found.deployed.update(wanted)
            new = []

    def _standing(self, declared: Iterable[Declared]) -> Iterator[ApplicationView]:
        """Yield what stands in files that no overlay reads."""
        read = self._renders.files()
        for each in declared:
            if each.file not in read:
                self._stood.add(each.file)
                view = ApplicationView(each.manifest, each.file, each.document, in_scope=False)
                yield self._placed(view, touched=each.file in self._scope.changed)

    def _rendered(self, path: str) -> Iterator[ApplicationView]:
        for each in self._renders[path].of_kinds(KINDS):
            # What stands in a folder of plain manifests is followed from its file.
            followed = is_folder(path) and each.origin.file in self._stood
            if is_argocd(each.manifest) and not followed:
                judged = JudgedObject(path, each.manifest, each.origin)
                view = ApplicationView(each.manifest, each.origin.file, 0, in_scope=False, rendered=judged)
                yield self._placed(view, touched=path in self._chosen)

    def _generated(self, sets: Sequence[ApplicationView], found: Followed) -> Iterator[ApplicationView]:
        made = self._expanded(sets)
        found.unknown.extend(replace(each, by=self._asked(each.by, each.read)) for each in made.unknown)
        found.refused.extend(replace(each, by=self._asked(each.by, each.read)) for each in made.refused)
        for each in made.applications:
            by = each.by
            view = ApplicationView(
                each.manifest, by.file, by.document, in_scope=False, generated=each, rendered=None
            )
            yield self._placed(view, touched=self._asked(by, each.read).in_scope)

    def _asked(self, by: ApplicationView, read: Iterable[str]) -> ApplicationView:
        """Return the set, in scope where a file that its generators read has changed."""
        return replace(by, in_scope=by.in_scope or not self._scope.changed.isdisjoint(read))

    def _placed(self, view: ApplicationView, *, touched: bool = False) -> ApplicationView:
        """Return the view with its sources, and whether it is in scope itself."""
        is_one = view.kind == "Application"
        sources = self._here.sources(view.manifest) if is_one else ()
        own = self._here.own(view.manifest) if is_one else frozenset()
        return replace(view, sources=sources, own=own, in_scope=self._scope.everything or touched)

    def _led(self, views: list[ApplicationView]) -> list[ApplicationView]:
        """Return the views, those in scope that deploy something that is."""
        if self._scope.changed:
            # A base may be deployed as it is: no overlay by itself, so nobody has rendered it yet.
            deployed = sorted({path for each in views for path in _paths(each)})
            self._renders.add(deployed)
            self._chosen.update(path for path in deployed if self._scope.touches(self._renders[path]))
        return [
            replace(each, in_scope=each.in_scope or not self._chosen.isdisjoint(_paths(each)))
            for each in views
        ]


def _paths(view: ApplicationView) -> list[str]:
    """Return the folders that an Application deploys from this repository."""
    return [source.path for source in view.sources if source.state == "fine"]
