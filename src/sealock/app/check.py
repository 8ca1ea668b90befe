"""The use case behind `sealock check`: gathers facts from every judge, and lets the rules word them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from sealock.app import find_waivers, widen_scope
from sealock.app.added_waivers import added
from sealock.app.application_sources import Here
from sealock.app.base_objects import BaseObjects
from sealock.app.check_scope import Scope, named, since
from sealock.app.find_manifests import find
from sealock.app.follow_applications import FollowApplications, expander
from sealock.app.read_kustomizations import remembered
from sealock.app.renders import Renders
from sealock.app.settle_findings import by_place, settle
from sealock.app.view_repository import Looked, ViewRepository, has_project
from sealock.domain.check_report import CheckReport, Skipped, Summary, Used
from sealock.domain.manifest_folder import is_folder
from sealock.domain.overlays import KUSTOMIZATION_NAMES, Overlay, environment_of
from sealock.domain.repository_url import declared_in
from sealock.rules.promotion.staging_replicas_differ import place
from sealock.rules.registry import ALL_RULES, RULE_IDS, WAIVER_RULES
from sealock.rules.view import JudgedObject, RepositoryView, WaiverUse, text_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import date

    from sealock.app.find_manifests import Manifests
    from sealock.app.find_waivers import Comments
    from sealock.app.follow_applications import Followed
    from sealock.app.hotfix_debts import Recorded
    from sealock.domain.finding import Finding, NotDecided
    from sealock.domain.settings import Settings, Waiver
    from sealock.ports import (
        AdmissionPolicies,
        Admitter,
        ApplicationSets,
        Base,
        Branches,
        Clock,
        EntryMatcher,
        History,
        Memory,
        ProjectPolicy,
        Quotas,
        Rehearsal,
        Remotes,
        Renderer,
        Schemas,
        SignedFiles,
    )
    from sealock.rules.view import ApplicationView

_WANT = frozenset({"objects", "admission"})
_DEFAULT_PROJECT = "default"
_CATALOG = "services.yaml"


class Judges(NamedTuple):
    """The ports that a check asks; `base` is the revision that the change under review began at."""

    renderer: Renderer
    policy: ProjectPolicy
    schemas: Schemas
    remotes: Remotes
    memory: Memory
    clock: Clock
    matcher: EntryMatcher
    admitter: Admitter
    quotas: Quotas
    policies: AdmissionPolicies
    sets: ApplicationSets
    branches: Branches
    base: Base | None = None
    rehearsal: Rehearsal | None = None
    history: History | None = None
    recorded: Recorded | None = None


class Question(NamedTuple):
    """What to check: `paths` relative to the repository, what `changed`, or what differs from the base.

    Without any of them it is everything.

    `rules` are those that count. `repository` is the URL that services.yaml says, or empty.
    """

    settings: Settings
    versions: Used
    rules: frozenset[str] = frozenset(RULE_IDS)
    paths: tuple[str, ...] = ()
    repository: str = ""
    changed: frozenset[str] = frozenset()


class CheckRepository:
    """Checks one repository once."""

    def __init__(self, tree: SignedFiles, judges: Judges, question: Question) -> None:
        """Check what is in `tree`."""
        self._tree = tree
        self._judges = judges
        self._question = question
        self._settings = question.settings
        self.viewed: RepositoryView | None = None
        self._rules = (*RULE_IDS, *(rule.id for rule in question.settings.custom))

    def run(self) -> CheckReport:
        """Return the report. Raises EngineError, UsageError, ConfigurationError."""
        looked = self._look()
        self.viewed = view = ViewRepository(self._tree, self._judges, self._question, looked).run()
        return self._settled(view, list(self._found(view)), looked.manifests.ignored)

    def _look(self) -> Looked:
        """Find and render what is in scope, and what it is compared with."""
        judges, files = self._judges, self._tree.files()
        scope = self._scope(files)
        manifests = find(files, self._tree, judges.memory)
        if scope.changed and self._is_wide(scope, files, manifests):
            scope = Scope()
        overlays = {each.path: each for each in self._discovered(files, scope)}
        renders = Renders(judges.renderer, _WANT)
        renders.add(overlays)
        base = self._base(scope, renders)
        if base is not None and widen_scope.by_objects(_touched(scope, renders), renders, base, manifests):
            scope = Scope()
            base = self._base(scope, renders)
        followed = self._followed(files, manifests, renders, scope)
        later = [path for path in _touched(scope, renders) if is_folder(path)]
        wide = widen_scope.by_lost_folders(scope.changed, followed.views)
        if base is not None and later and not scope.everything:
            # Folders of plain manifests are known by the Applications that deploy them.
            base.add(later)
            wide = wide or widen_scope.by_objects(later, renders, base, manifests)
        if wide:
            scope = Scope()
            base = self._base(scope, renders)
            followed = self._followed(files, manifests, renders, scope)
        chosen = set(_touched(scope, renders))
        # What an Application deploys must build, whoever changed it; what is no overlay is one through it.
        chosen |= {path for path in followed.deployed if renders[path].failure or path not in overlays}
        if base is not None:
            base.add(chosen)
        return Looked(files, manifests, renders, overlays, followed, scope, chosen, base)

    def _followed(
        self, files: Sequence[str], manifests: Manifests, renders: Renders, scope: Scope
    ) -> Followed:
        """Return what the Applications lead to, and render that."""
        here = Here(files, self._urls)
        judges = self._judges
        expanded = expander(judges.sets, judges.branches, here, self._settings.clusters, files)
        return FollowApplications(renders, here, scope, expanded).run(manifests.argocd)

    def _is_wide(self, scope: Scope, files: Sequence[str], manifests: Manifests) -> bool:
        """Say whether a changed file judges what did not change."""
        if widen_scope.by_files(scope.changed, files, manifests, self._settings):
            return True
        base = self._judges.base
        if base is None or _CATALOG not in scope.changed:
            return _CATALOG in scope.changed
        try:
            return declared_in(base.files.read_text(_CATALOG)) != self._question.repository
        except FileNotFoundError:
            return bool(self._question.repository)

    def _base(self, scope: Scope, renders: Renders) -> BaseObjects | None:
        """Return what the overlays in scope were before; None without a base."""
        return BaseObjects(self._judges.base, _touched(scope, renders)) if self._judges.base else None

    def _settled(
        self, view: RepositoryView, found: Sequence[Finding | NotDecided], ignored: tuple[str, ...]
    ) -> CheckReport:
        today = self._judges.clock.now().date()
        comments = self._comments(view, found)
        settled = settle(found, self._settings, today, comments.waivers)
        waivers = settle(self._about_waivers(view, comments, settled.used, today), self._settings, today)
        return CheckReport(
            tuple(sorted((*settled.findings, *waivers.findings), key=by_place)),
            settled.undecided,
            self._summary(view, ignored),
            settled.waived,
        )

    def _comments(self, view: RepositoryView, found: Sequence[Finding | NotDecided]) -> Comments:
        """Return the waivers in comments: all of them, or those beside what was found and in what changed."""
        rules = self._rules
        if view.everything:
            return find_waivers.find(view.files, self._tree, self._judges.memory, rules)
        changed = self._judges.base.changed if self._judges.base else frozenset()
        files = {each.location.file for each in found} | changed
        return find_waivers.within(files, self._tree, rules)

    def _about_waivers(
        self, view: RepositoryView, comments: Comments, used: frozenset[Waiver], today: date
    ) -> Iterator[Finding]:
        rules = self._question.rules
        use = WaiverUse(
            today,
            (*self._settings.waivers, *comments.waivers),
            used,
            tuple((each.location, each.message, each.hint) for each in comments.malformed),
            rules | set(self._rules[len(RULE_IDS) :]) if view.everything else frozenset(),
            added=self._added(comments),
        )
        for rule in WAIVER_RULES:
            if rule.META.id in rules:
                yield from rule.judge(use)

    def _added(self, comments: Comments) -> tuple[Waiver, ...]:
        """Return the waivers that the base revision does not have; none where there is no base."""
        base = self._judges.base
        if base is None:
            return ()
        waivers = (*self._settings.waivers, *comments.waivers)
        return added(waivers, base.files, base.changed, self._rules)

    def _scope(self, files: Sequence[str]) -> Scope:
        question = self._question
        if self._judges.base is not None:
            return since(self._judges.base.changed)
        if question.changed:
            return since(question.changed)
        if question.paths:
            return named(question.paths, files, self._tree.read_text)
        return Scope()

    def _discovered(self, files: Sequence[str], scope: Scope) -> tuple[Overlay, ...]:
        """Return the overlays; where only overlays were named, them and what they are compared with."""
        if scope.everything or scope.changed:
            return remembered(files, self._tree, self._judges.memory)
        places = {place(path) for path in scope.overlays}
        return tuple(
            overlay
            for overlay in _folders(files)
            if overlay.path in scope.overlays or _compares(overlay, places)
        )

    def _urls(self) -> Collection[str]:
        known = {self._question.repository} - {""}
        return known | self._judges.remotes.urls()

    def _found(self, view: RepositoryView) -> Iterator[Finding | NotDecided]:
        for rule in ALL_RULES:
            meta = rule.META
            applies = view.argocd in meta.argocd and view.kubernetes in meta.kubernetes
            if applies and meta.id in self._question.rules:
                yield from rule.check(view)

    def _summary(self, view: RepositoryView, ignored: tuple[str, ...]) -> Summary:
        objects = [each for _, each in view.in_scope()]
        applications = list(view.scoped(view.applications))
        return Summary(
            overlays=sum(each.in_scope for each in view.overlays),
            objects=len(objects),
            valid=sum(map(_is_valid, objects)),
            applications=len(applications),
            versions=self._question.versions,
            skipped=_skipped(view, applications),
            ignored_files=ignored,
        )


def _touched(scope: Scope, renders: Renders) -> list[str]:
    """Return the overlays in scope."""
    return [path for path, rendered in renders.items() if scope.touches(rendered)]


def _folders(files: Iterable[str]) -> Iterator[Overlay]:
    """Yield every folder with a kustomization, read or not."""
    for file in files:
        folder, _, name = file.rpartition("/")
        if name in KUSTOMIZATION_NAMES:
            yield Overlay(folder or ".", environment_of(folder), file)


def _compares(overlay: Overlay, places: Collection[str]) -> bool:
    return overlay.environment is not None and place(overlay.path) in places


def _is_valid(each: JudgedObject) -> bool:
    admission = each.admission
    decided = each.schema is not None or (admission is not None and not admission.undecided)
    return decided and not each.schema and not (admission and admission.errors)


def _skipped(view: RepositoryView, applications: Sequence[ApplicationView]) -> tuple[Skipped, ...]:
    reasons: Counter[str] = Counter()
    for application in applications:
        reasons.update(source.reason for source in application.sources if source.reason)
        if not has_project(application, view.projects):
            name = text_of(application.manifest, "spec", "project") or _DEFAULT_PROJECT
            reasons[
                "project default: taken to permit everything" if name == _DEFAULT_PROJECT else _NO_PROJECT
            ] += 1
    reasons.update(view.policy_notes)
    return tuple(Skipped(reason, count) for reason, count in sorted(reasons.items()) if count)


_NO_PROJECT = "no AppProject in this repository: permissions are not checked"
