"""The use case behind `sealock diff`: what a change does to the objects that overlays render."""

from __future__ import annotations

import re
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from sealock.app.affected import Affected
from sealock.app.application_sources import Here
from sealock.app.find_manifests import find, is_argocd
from sealock.domain import diff_danger
from sealock.domain.diff_danger import Changed, Deployer, Deployers
from sealock.domain.object_diff import Comparison, DiffReport, NotCompared, OverlayDiff
from sealock.domain.object_pairs import Folded, matched
from sealock.domain.overlays import KUSTOMIZATION_NAMES, discover, environment_of
from sealock.domain.printable import printable
from sealock.errors import UsageError
from sealock.ports import ClusterFacts, RenderRequest, States

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from sealock.app.find_manifests import Manifests
    from sealock.domain.object_diff import Danger, Manifest
    from sealock.domain.rendered import Rendered
    from sealock.ports import Admitter, Comparer, Memory, Renderer, SignedFiles

_LABELS = re.compile(r"metadata\.labels(?:[.\[]|$)")


class Side(NamedTuple):
    """One of the two trees: its name for people, its files, and how its overlays render."""

    label: str
    files: SignedFiles
    renderer: Renderer
    memory: Memory


class Change(NamedTuple):
    """What is compared: two sides and the paths that differ; `only` these overlays if there are any.

    `everything`: the overlays are rendered otherwise, so that each may differ. `urls` gives the URLs
    that are known to name this repository.
    """

    before: Side
    after: Side
    paths: Collection[str]
    urls: Callable[[], Collection[str]]
    only: tuple[str, ...] = ()
    everything: bool = False


class DiffRevisions:
    """Compares the renders of two trees."""

    def __init__(self, change: Change, comparer: Comparer, admitter: Admitter) -> None:
        """Compare with `comparer`; `admitter` knows which fields cannot be changed."""
        self._change = change
        self._comparer = comparer
        self._admitter = admitter
        self._known: list[Manifest] = []
        self._files = (sorted(change.before.files.files()), sorted(change.after.files.files()))
        self._rendered_applications: tuple[list[Manifest], list[Manifest]] = ([], [])

    def run(self) -> DiffReport:
        """Return what differs. Raises UsageError for an unknown overlay, EngineError."""
        overlays = self._overlays()
        after, read = self._after(overlays)
        before = self._before(overlays, after)
        undecided: list[NotCompared] = []
        folded: dict[str, Folded] = {}
        for overlay in sorted(before.keys() | after.keys()):
            old, new = before.get(overlay), after.get(overlay)
            problem = _problem(overlay, old, new)
            if problem:
                undecided.append(problem)
            else:
                folded[overlay] = Folded(matched(old.objects if old else (), new.objects if new else ()))
        compared = self._compared_pairs(folded)
        found = list(self._described(folded, compared, (before, after)))
        for each in before.values():
            read.update(entry.path for entry in each.trace)
        return DiffReport(
            self._change.before.label,
            self._change.after.label,
            tuple(found),
            tuple(sorted(self._dangers(found, folded, compared))),
            tuple(undecided),
            same=len(folded) - len(found),
            unread=() if self._change.only else self._unread(read),
        )

    # Overlays

    def _overlays(self) -> list[str]:
        """Return the overlays of both trees, or those that were asked for."""
        known = [*map(frozenset, self._files)]
        if self._change.only:
            for each in self._change.only:
                if not any(_kustomization(each, files) for files in known):
                    message = f"{printable(each)!r} is no overlay on either side"
                    raise UsageError(message, hint="Name a folder with a kustomization.")
            return sorted(set(self._change.only))
        overlays = {each.path for each in discover(self._files[1], self._change.after.files.read_text)}
        if any(path.rpartition("/")[2] in KUSTOMIZATION_NAMES for path in self._change.paths):
            overlays |= {each.path for each in discover(self._files[0], self._read_before)}
        return sorted(overlays)

    def _read_before(self, path: str) -> str:
        """Read from the tree that is quicker to read what both have."""
        same = path not in self._change.paths
        return (self._change.after if same else self._change.before).files.read_text(path)

    def _after(self, overlays: Sequence[str]) -> tuple[dict[str, Rendered], set[str]]:
        """Return the renders of the tree after the change that it can concern, and all that was read."""
        files = frozenset(self._files[1])
        there = [each for each in overlays if _kustomization(each, files)]
        affected = Affected(self._change.paths, *self._files)
        found: dict[str, Rendered] = {}
        read: set[str] = set()
        for rendered in self._change.after.renderer.render(RenderRequest(tuple(there))):
            read.update(entry.path for entry in rendered.trace)
            self._rendered_applications[1].extend(_applications(rendered))
            if self._change.everything or affected.concerns(rendered):
                found[rendered.overlay] = rendered
        return found, read

    def _before(self, overlays: Sequence[str], after: Collection[str]) -> dict[str, Rendered]:
        """Return the renders of the tree before the change: of what it concerns, and of what is gone."""
        before, now = map(frozenset, self._files)
        wanted = tuple(
            each
            for each in overlays
            if _kustomization(each, before) and (each in after or not _kustomization(each, now))
        )
        if not wanted:
            return {}
        renders = self._change.before.renderer.render(RenderRequest(wanted))
        found = {rendered.overlay: rendered for rendered in renders}
        self._rendered_applications[0].extend(each for one in found.values() for each in _applications(one))
        return found

    def _unread(self, read: Collection[str]) -> tuple[str, ...]:
        """Return changed files that no overlay looked at."""
        return tuple(sorted(path for path in self._change.paths if path not in read))

    # Objects

    def _compared_pairs(self, folded: Mapping[str, Folded]) -> dict[str, list[Comparison]]:
        """Return the comparisons of each overlay's pairs, in their order."""
        states = [States(pair.before, pair.after) for each in folded.values() for pair in each.pairs]
        comparisons = iter(self._compared(states))
        return {overlay: list(islice(comparisons, len(each.pairs))) for overlay, each in folded.items()}

    def _described(
        self,
        folded: Mapping[str, Folded],
        compared: Mapping[str, list[Comparison]],
        sides: tuple[Collection[str], Collection[str]],
    ) -> Iterator[OverlayDiff]:
        before, after = sides
        for overlay, each in folded.items():
            objects = each.describe(compared[overlay])
            if objects:
                state = _state(before=overlay in before, after=overlay in after)
                yield OverlayDiff(overlay, environment_of(overlay), state, objects)

    def _compared(self, states: Sequence[States]) -> list[Comparison]:
        """Compare what is on both sides; custom resources again once it is known how their lists merge."""
        both = [each for each in states if each.before is not None and each.after is not None]
        answers = self._comparer.compare(both) if both else []
        unknown = [index for index, each in enumerate(answers) if each.schema == "none"]
        if unknown:
            self._known = self._definitions([both[index] for index in unknown])
        if self._known:
            again = self._comparer.compare([both[index] for index in unknown], self._known)
            for index, answer in zip(unknown, again, strict=True):
                answers[index] = answer
        given = iter(answers)
        return [Comparison() if each.before is None or each.after is None else next(given) for each in states]

    def _definitions(self, states: Iterable[States]) -> list[dict[str, Any]]:
        """Return the repository's definitions of the kinds that are asked about."""
        kinds = {_group_kind(each.after or {}) for each in states}
        return [
            each.manifest for each in self._manifests_after.definitions if _defined(each.manifest) in kinds
        ]

    # Dangers

    def _dangers(
        self,
        found: Iterable[OverlayDiff],
        folded: Mapping[str, Folded],
        compared: Mapping[str, list[Comparison]],
    ) -> Iterator[Danger]:
        changed = [Changed(each.overlay, each.state, folded[each.overlay].pairs) for each in found]
        for each in changed:
            yield from diff_danger.of_replicas(each)
            if diff_danger.removed(each):
                deployers = Deployers(
                    self._deployers_after.get(each.overlay, ()), self._deployers_before.get(each.overlay, ())
                )
                yield from diff_danger.of_removals(each, deployers)
        yield from self._refused(changed, compared)

    def _refused(
        self, changed: Iterable[Changed], compared: Mapping[str, list[Comparison]]
    ) -> Iterator[Danger]:
        asked = [
            (each.overlay, States(pair.before, pair.after))
            for each in changed
            for pair, comparison in zip(each.pairs, compared[each.overlay], strict=True)
            if pair.before is not None
            and pair.after is not None
            and pair.suffixes is None
            and not _only_labels(comparison)
        ]
        states = [each for _, each in asked]
        verdicts = self._admitter.admit(states, ClusterFacts(tuple(self._known))) if states else []
        for (overlay, each), verdict in zip(asked, verdicts, strict=True):
            yield from diff_danger.of_update(overlay, each.after or {}, verdict.errors)

    @cached_property
    def _manifests_after(self) -> Manifests:
        return find(self._files[1], self._change.after.files, self._change.after.memory)

    @cached_property
    def _deployers_after(self) -> dict[str, tuple[Deployer, ...]]:
        return self._deployers(1, self._manifests_after)

    @cached_property
    def _deployers_before(self) -> dict[str, tuple[Deployer, ...]]:
        side = self._change.before
        return self._deployers(0, find(self._files[0], side.files, side.memory))

    def _deployers(self, side: int, manifests: Manifests) -> dict[str, tuple[Deployer, ...]]:
        """Return the Applications that deploy each folder: those in files, and those that were rendered."""
        here = Here(self._files[side], self._change.urls)
        applications = [each.manifest for each in manifests.argocd if each.manifest["kind"] == "Application"]
        applications += self._rendered_applications[side]
        here.learn(applications)
        found: dict[str, tuple[Deployer, ...]] = {}
        for manifest in applications:
            for source in here.sources(manifest):
                if source.path:
                    found[source.path] = (*found.get(source.path, ()), Deployer.of(manifest))
        return found


def _applications(rendered: Rendered) -> Iterator[Manifest]:
    return (
        each.manifest
        for each in rendered.objects
        if each.manifest.get("kind") == "Application" and is_argocd(each.manifest)
    )


def _kustomization(overlay: str, files: Collection[str]) -> bool:
    inside = "" if overlay == "." else f"{overlay}/"
    return any(inside + name in files for name in KUSTOMIZATION_NAMES)


def _state(*, before: bool, after: bool) -> Literal["added", "removed", "changed"]:
    if before and after:
        return "changed"
    return "added" if after else "removed"


def _only_labels(comparison: Comparison) -> bool:
    """Say whether nothing but labels differs, which the API server never refuses for what they were."""
    return all(_LABELS.match(each.path) for each in comparison.changes)


def _problem(overlay: str, old: Rendered | None, new: Rendered | None) -> NotCompared | None:
    """Return why two renders cannot be compared; None where they can."""
    before = old.failure if old else None
    after = new.failure if new else None
    if after:
        return NotCompared(overlay, "both" if before else "after", after)
    return NotCompared(overlay, "before", before) if before else None


def _group_kind(manifest: dict[str, Any]) -> tuple[str, str]:
    return str(manifest.get("apiVersion", "")).rpartition("/")[0], str(manifest.get("kind", ""))


def _defined(definition: dict[str, Any]) -> tuple[str, str]:
    spec = definition.get("spec") or {}
    return str(spec.get("group", "")), str((spec.get("names") or {}).get("kind", ""))
