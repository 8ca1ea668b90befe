"""Finds every Application: those in files, those that overlays render, and those of ApplicationSets.

What an Application deploys is rendered, and may hold Applications itself; so on until nothing is new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from sealock.app.expand_applications import Expanded, expand
from sealock.app.find_manifests import is_argocd
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
            found.views.extend(new)
            wanted = sorted(set(self._wanted(new)))
            self._renders.add(wanted)
            found.deployed.update(wanted)
            new = []

    def _standing(self, declared: Iterable[Declared]) -> Iterator[ApplicationView]:
        """Yield what stands in files that no overlay reads."""
        read = self._renders.files()
        for each in declared:
            if each.file not in read:
                view = ApplicationView(each.manifest, each.file, each.document, in_scope=False)
                yield self._placed(view, touched=each.file in self._scope.changed)

    def _rendered(self, path: str) -> Iterator[ApplicationView]:
        for each in self._renders[path].objects:
            if is_argocd(each.manifest):
                judged = JudgedObject(path, each.manifest, each.origin)
                view = ApplicationView(each.manifest, each.origin.file, 0, in_scope=False, rendered=judged)
                yield replace(self._placed(view), in_scope=path in self._chosen or self._scope.everything)

    def _generated(self, sets: Sequence[ApplicationView], found: Followed) -> Iterator[ApplicationView]:
        made = self._expanded(sets)
        found.unknown.extend(made.unknown)
        found.refused.extend(made.refused)
        for each in made.applications:
            by = each.by
            view = ApplicationView(
                each.manifest, by.file, by.document, in_scope=False, generated=each, rendered=None
            )
            touched = by.in_scope or not self._scope.changed.isdisjoint(each.read)
            yield self._placed(view, touched=touched)

    def _placed(self, view: ApplicationView, *, touched: bool = False) -> ApplicationView:
        """Return the view with what its sources lead to, and whether it is in scope."""
        sources = self._here.sources(view.manifest) if view.kind == "Application" else ()
        leads = any(source.state == "fine" and source.path in self._chosen for source in sources)
        return replace(view, sources=sources, in_scope=self._scope.everything or touched or leads)

    def _wanted(self, views: Iterable[ApplicationView]) -> Iterator[str]:
        for view in views:
            if view.in_scope:
                yield from (source.path for source in view.sources if source.state == "fine")
