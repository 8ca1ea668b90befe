"""The use case behind `sealock check`: gathers facts from every judge, and lets the rules word them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec.structs import replace

from sealock.app import (
    find_manifests,
    find_waivers,
    image_history,
    judge_objects,
    judge_policies,
    policy_question,
)
from sealock.app.added_waivers import added
from sealock.app.application_sources import Here
from sealock.app.base_objects import BaseObjects
from sealock.app.check_scope import Scope, named, since
from sealock.app.entry_matches import unmatched
from sealock.app.find_manifests import Declared, find, is_argocd
from sealock.app.settle_findings import by_place, settle
from sealock.domain.check_report import CheckReport, Skipped, Summary, Used
from sealock.domain.overlays import KUSTOMIZATION_NAMES, Overlay, discover, environment_of
from sealock.domain.source_map import SourceMap
from sealock.errors import EngineError, Undecided
from sealock.ports import PermitQuestion, RenderRequest
from sealock.rules.promotion import HISTORIC
from sealock.rules.promotion.staging_replicas_differ import place
from sealock.rules.registry import ALL_RULES, RULE_IDS, WAIVER_RULES
from sealock.rules.view import (
    ApplicationView,
    JudgedObject,
    OverlayView,
    RepositoryView,
    Unreadable,
    WaiverUse,
    is_production,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import date

    from sealock.app.find_manifests import Manifests
    from sealock.app.find_waivers import Comments
    from sealock.domain.finding import Finding, NotDecided
    from sealock.domain.image_history import ImageHistory
    from sealock.domain.rendered import Rendered, RenderedObject
    from sealock.domain.settings import Settings, Waiver
    from sealock.ports import (
        AdmissionPolicies,
        Admitter,
        Base,
        Clock,
        EntryMatcher,
        History,
        Memory,
        ProjectPolicy,
        Quotas,
        Rehearsal,
        Remotes,
        Renderer,
        SchemaProblem,
        Schemas,
        SignedFiles,
    )
    from sealock.rules.meta import Version

_WANT = frozenset({"objects", "admission"})
_DEFAULT_PROJECT = "default"


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
    base: Base | None = None
    rehearsal: Rehearsal | None = None
    history: History | None = None


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
        self._renders: dict[str, Rendered] = {}
        self._overlays: dict[str, Overlay] = {}
        self._schemas = judges.schemas
        self._defined: list[dict[str, Any]] = []
        self.viewed: RepositoryView | None = None
        self._rules = (*RULE_IDS, *(rule.id for rule in question.settings.custom))

    def run(self) -> CheckReport:
        """Return the report. Raises EngineError, UsageError."""
        files = self._tree.files()
        scope = self._scope(files)
        self._discover(files, scope)
        manifests = find(files, self._tree, self._judges.memory)
        scope = _widened(scope, manifests)
        chosen = self._render_scope(scope)
        here = Here(files, self._urls)
        declared = self._render_applications(manifests, here, scope, chosen)
        self._defined = self._definitions(files, manifests)
        self._schemas = self._judges.schemas.with_definitions(self._defined)
        self.viewed = view = self._view(files, manifests, declared, scope, chosen)
        return self._settled(view, list(self._found(view)), manifests.ignored)

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

    def _discover(self, files: Sequence[str], scope: Scope) -> None:
        """Learn the overlays; where only overlays were named, them and what they are compared with."""
        if scope.everything or scope.changed:
            found = discover(files, self._tree.read_text)
        else:
            places = {place(path) for path in scope.overlays}
            found = tuple(
                overlay
                for overlay in _folders(files)
                if overlay.path in scope.overlays or _compares(overlay, places)
            )
        self._overlays = {overlay.path: overlay for overlay in found}

    def _render_scope(self, scope: Scope) -> set[str]:
        """Render what was discovered; return the overlays that are in scope."""
        self._render(self._overlays)
        return {path for path, rendered in self._renders.items() if scope.touches(rendered)}

    def _render(self, paths: Iterable[str]) -> None:
        missing = tuple(path for path in paths if path not in self._renders)
        if missing:
            for rendered in self._judges.renderer.render(RenderRequest(missing, _WANT)):
                self._renders[rendered.overlay] = rendered

    def _urls(self) -> Collection[str]:
        known = {self._question.repository} - {""}
        return known | self._judges.remotes.urls()

    def _render_applications(
        self, manifests: Manifests, here: Here, scope: Scope, chosen: set[str]
    ) -> list[ApplicationView]:
        """Return every Application and the like, after rendering what they deploy."""
        read = {
            entry.path
            for rendered in self._renders.values()
            for entry in rendered.trace
            if entry.kind == "file"
        }
        standing = [each for each in manifests.argocd if each.file not in read]
        here.learn([each.manifest for each in manifests.argocd])
        views = [_standing(each, here, scope, chosen) for each in standing]
        seen: set[str] = set()
        while True:
            new = [path for path in self._renders if path not in seen]
            seen.update(new)
            rendered = [each for path in new for each in self._rendered_argocd(path, here, chosen)]
            views += rendered
            wanted = {
                source.path
                for view in views
                for source in view.sources
                if source.state == "fine" and (view.in_scope or scope.everything)
            }
            self._overlays |= {
                path: _overlay(path, here.files) for path in wanted if path not in self._overlays
            }
            self._render(sorted(wanted))
            # What an Application deploys must build, whoever changed it.
            chosen |= {path for path in wanted if scope.everything or self._renders[path].failure}
            if not new:
                return views

    def _rendered_argocd(self, path: str, here: Here, chosen: Collection[str]) -> Iterator[ApplicationView]:
        for each in self._renders[path].objects:
            if is_argocd(each.manifest):
                judged = JudgedObject(path, each.manifest, each.origin)
                sources = here.sources(each.manifest) if each.manifest["kind"] == "Application" else ()
                yield ApplicationView(
                    each.manifest, each.origin.file, 0, path in chosen, rendered=judged, sources=sources
                )

    def _definitions(self, files: Sequence[str], manifests: Manifests) -> list[dict[str, Any]]:
        rendered = [
            each.manifest
            for path in sorted(self._renders)
            for each in self._renders[path].objects
            if each.manifest.get("kind") == "CustomResourceDefinition"
        ]
        named = find_manifests.named(self._settings.definitions, files, self._tree, self._judges.memory)
        standing = (each.manifest for each in (*manifests.definitions, *named))
        found = [*(each for each in standing if each.get("kind") == "CustomResourceDefinition"), *rendered]
        return list({msgspec.json.encode(each): each for each in found}.values())

    def _view(
        self,
        files: Sequence[str],
        manifests: Manifests,
        declared: Sequence[ApplicationView],
        scope: Scope,
        chosen: Collection[str],
    ) -> RepositoryView:
        standing = self._standing(files, manifests)
        overlays = self._completed(
            [self._overlay_view(path, path in chosen) for path in sorted(self._renders)], standing
        )
        judged = judge_policies.judge(overlays, self._settings, standing, self._judges.policies)
        projects = [each for each in declared if each.kind == "AppProject"]
        applications = [self._judged(each) for each in declared if each.kind == "Application"]
        unparsed = [
            each for each in manifests.unparsed if scope.everything or each.where.file in scope.changed
        ]
        sources = SourceMap(self._tree.read_text)
        return RepositoryView(
            overlays=tuple(judged.overlays),
            broken_policies=judged.broken,
            failed_tests=judged.failed,
            applications=tuple(self._permitted(applications, projects)),
            projects=tuple(map(self._judged, projects)),
            sets=tuple(self._judged(each) for each in declared if each.kind == "ApplicationSet"),
            unreadable=tuple(Unreadable(each.where, each.message, each.hint) for each in unparsed),
            sources=sources,
            settings=self._settings,
            versions=self._schemas.describe(),
            files=tuple(files),
            kubernetes=_version(self._question.versions.kubernetes),
            argocd=_version(self._question.versions.argocd),
            everything=scope.everything,
            history=self._history(overlays),
            unmatched=unmatched(
                overlays,
                self._renders,
                sources,
                self._judges.matcher,
                complete=scope.everything or bool(scope.changed),
            ),
        )

    def _completed(
        self, overlays: Sequence[OverlayView], standing: Sequence[policy_question.Declared]
    ) -> Sequence[OverlayView]:
        """Return the overlays with the verdicts that need more than the objects themselves."""
        judges = self._judges
        chosen = [each.path for each in overlays if each.in_scope]
        base = BaseObjects(judges.base, chosen) if judges.base else None
        facts = judge_objects.World(overlays, standing, self._settings, self._defined)
        judged = judge_objects.judge(overlays, facts, base, judges.admitter)
        return judge_objects.count(judged, judges.quotas)

    def _standing(self, files: Sequence[str], manifests: Manifests) -> list[policy_question.Declared]:
        """Return what files declare of policies, their parameters, namespaces and definitions."""
        patterns = self._settings.admission_policies
        named = find_manifests.named(patterns, files, self._tree, self._judges.memory)
        found = {(each.file, each.document): each for each in (*manifests.judging, *named)}
        standing = [
            policy_question.Declared(each.manifest, each.file, environment_of(each.file.rpartition("/")[0]))
            for each in found.values()
        ]
        return standing + [policy_question.Declared(each, "") for each in self._defined]

    def _history(self, overlays: Sequence[OverlayView]) -> ImageHistory | None:
        judges = self._judges
        if judges.history is None or not self._question.rules & HISTORIC:
            return None
        return image_history.gather(
            overlays, self._settings, self._tree.read_text, judges.history, judges.memory
        )

    def _overlay_view(self, path: str, in_scope: bool) -> OverlayView:  # noqa: FBT001 - private
        overlay, rendered = self._overlays[path], self._renders[path]
        judge = self._judge if in_scope else _unjudged
        return OverlayView(
            path=path,
            file=overlay.file,
            environment=overlay.environment,
            production=is_production(self._settings, overlay.environment),
            in_scope=in_scope,
            objects=tuple(judge(path, each) for each in rendered.objects),
            failure=rendered.failure,
            read=frozenset(entry.path for entry in rendered.trace if entry.kind == "file"),
        )

    def _judge(self, path: str, each: RenderedObject) -> JudgedObject:
        if each.admission is None:
            message = "the engine answered without the API server's verdict"
            raise EngineError(message, hint="The engine does not belong to this sealock: reinstall it.")
        schema, reason = self._validated(each.manifest)
        admission = each.admission
        if schema is not None:
            admission = judge_objects.served(admission)
        return JudgedObject(path, each.manifest, each.origin, schema, admission, reason)

    def _validated(self, manifest: dict[str, Any]) -> tuple[tuple[SchemaProblem, ...] | None, str]:
        """Return the schema's verdict, and why there is none where there should be one."""
        try:
            return self._schemas.validate(manifest), ""
        except Undecided as wrong:
            return None, wrong.message

    def _judged(self, each: ApplicationView) -> ApplicationView:
        if not each.in_scope:
            return each
        return replace(each, schema=self._validated(each.manifest)[0])

    def _permitted(
        self, applications: Sequence[ApplicationView], projects: Sequence[ApplicationView]
    ) -> Iterator[ApplicationView]:
        """Ask about each Application in scope whose project is known here.

        Argo CD cannot read one that violates its schema, so there is nothing to ask about that.
        """
        asked = [
            each
            for each in applications
            if each.in_scope and not each.schema and _has_project(each, projects)
        ]
        questions = [PermitQuestion(each.manifest, tuple(self._deployed(each))) for each in asked]
        manifests = [each.manifest for each in projects]
        answers = self._judges.policy.permit(manifests, questions, self._defined) if asked else []
        problems = dict(zip(map(id, asked), answers, strict=True))
        for each in applications:
            yield replace(each, problems=problems[id(each)]) if problems.get(id(each)) else each

    def _deployed(self, application: ApplicationView) -> Iterator[dict[str, Any]]:
        for source in application.sources:
            rendered = self._renders.get(source.path) if source.state == "fine" else None
            yield from (each.manifest for each in (rendered.objects if rendered else ()))

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


def _version(text: str) -> Version:
    major, minor = text.split(".")
    return int(major), int(minor)


def _widened(scope: Scope, manifests: Manifests) -> Scope:
    """Return everything where an AppProject or a CustomResourceDefinition changed: they judge the rest."""
    judging = {each.file for each in manifests.definitions}
    judging |= {each.file for each in manifests.argocd if each.manifest["kind"] == "AppProject"}
    return Scope() if scope.changed & judging else scope


def _standing(each: Declared, here: Here, scope: Scope, chosen: Collection[str]) -> ApplicationView:
    sources = here.sources(each.manifest) if each.manifest["kind"] == "Application" else ()
    in_scope = (
        scope.everything
        or each.file in scope.changed
        or any(source.state == "fine" and source.path in chosen for source in sources)
    )
    return ApplicationView(each.manifest, each.file, each.document, in_scope, sources=sources)


def _folders(files: Iterable[str]) -> Iterator[Overlay]:
    """Yield every folder with a kustomization, read or not."""
    for file in files:
        folder, _, name = file.rpartition("/")
        if name in KUSTOMIZATION_NAMES:
            yield Overlay(folder or ".", environment_of(folder), file)


def _overlay(path: str, known: Collection[str]) -> Overlay:
    names = (name if path == "." else f"{path}/{name}" for name in KUSTOMIZATION_NAMES)
    return Overlay(path, environment_of(path), next((file for file in names if file in known), path))


def _compares(overlay: Overlay, places: Collection[str]) -> bool:
    return overlay.environment is not None and place(overlay.path) in places


def _unjudged(path: str, each: RenderedObject) -> JudgedObject:
    return JudgedObject(path, each.manifest, each.origin)


def _has_project(application: ApplicationView, projects: Sequence[ApplicationView]) -> bool:
    name = text_of(application.manifest, "spec", "project") or _DEFAULT_PROJECT
    if any(each.name == name for each in projects):
        return True
    return bool(projects) and name != _DEFAULT_PROJECT


def _is_valid(each: JudgedObject) -> bool:
    admission = each.admission
    decided = each.schema is not None or (admission is not None and not admission.undecided)
    return decided and not each.schema and not (admission and admission.errors)


def _skipped(view: RepositoryView, applications: Sequence[ApplicationView]) -> tuple[Skipped, ...]:
    reasons: Counter[str] = Counter()
    for application in applications:
        reasons.update(source.reason for source in application.sources if source.reason)
        if not _has_project(application, view.projects):
            name = text_of(application.manifest, "spec", "project") or _DEFAULT_PROJECT
            reasons[
                "project default: taken to permit everything" if name == _DEFAULT_PROJECT else _NO_PROJECT
            ] += 1
    reasons["ApplicationSet: the Applications that it generates are not checked"] += sum(
        each.in_scope for each in view.sets
    )
    return tuple(Skipped(reason, count) for reason, count in sorted(reasons.items()) if count)


_NO_PROJECT = "no AppProject in this repository: permissions are not checked"
