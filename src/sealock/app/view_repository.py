"""Puts together what rules see: every judge is asked here, and nothing is worded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec.structs import replace

from sealock.app import find_manifests, image_history, judge_objects, judge_policies
from sealock.app.entry_matches import unmatched
from sealock.app.policy_question import Declared
from sealock.domain.late import Late
from sealock.domain.manifest_folder import options_of, path_of
from sealock.domain.overlays import KUSTOMIZATION_NAMES, Overlay, environment_of
from sealock.domain.source_map import SourceMap
from sealock.errors import EngineError, Undecided
from sealock.ports import PermitQuestion
from sealock.rules.promotion import HISTORIC, RECORDED
from sealock.rules.view import (
    ApplicationView,
    JudgedObject,
    OverlayView,
    OwedHotfix,
    RepositoryView,
    Unreadable,
    is_production,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sealock.app.base_objects import BaseObjects
    from sealock.app.check import Judges, Question
    from sealock.app.check_scope import Scope
    from sealock.app.find_manifests import Manifests
    from sealock.app.follow_applications import Followed
    from sealock.app.renders import Renders
    from sealock.domain.image_history import ImageHistory
    from sealock.domain.rendered import Rendered, RenderedObject
    from sealock.ports import SchemaProblem, SignedFiles
    from sealock.rules.meta import Version

_DEFAULT_PROJECT = "default"
_DEFINITION = "CustomResourceDefinition"


class Looked(NamedTuple):
    """What was found in the repository, before anybody judged it.

    `chosen` are the overlays in scope, `base` what they were before.
    """

    files: Sequence[str]
    manifests: Manifests
    renders: Renders
    overlays: Mapping[str, Overlay]
    followed: Followed
    scope: Scope
    chosen: Collection[str]
    base: BaseObjects | None


class ViewRepository:
    """Asks the judges about what was found in one repository."""

    def __init__(self, tree: SignedFiles, judges: Judges, question: Question, looked: Looked) -> None:
        """Ask `judges` about what was `looked` at in `tree`."""
        self._tree = tree
        self._judges = judges
        self._question = question
        self._settings = question.settings
        self._looked = looked
        self._defined = self._definitions()
        self._namespaces = _destinations(looked.followed.views)
        self._schemas = judges.schemas.with_definitions(self._defined)

    def run(self) -> RepositoryView:
        """Return what rules may look at. Raises EngineError, ConfigurationError."""
        looked = self._looked
        standing = self._standing()
        plain = [self._overlay(path, path in looked.chosen) for path in sorted(looked.renders)]
        world = judge_objects.World(plain, standing, self._settings, self._defined)
        admitted = judge_objects.judge(plain, world, looked.base, self._judges.admitter)
        overlays = judge_objects.count(admitted, self._judges.quotas)
        judged = judge_policies.judge(overlays, self._settings, standing, self._judges.policies)
        views = judge_objects.judge_views(looked.followed.views, world, self._judges.admitter)
        views = [self._validated_view(each) for each in views]
        projects = self._refused([each for each in views if each.kind == "AppProject"])
        applications = [each for each in views if each.kind == "Application"]
        everything, changed = looked.scope.everything, looked.scope.changed
        whole = everything or bool(changed)
        unparsed = [each for each in looked.manifests.unparsed if everything or each.where.file in changed]
        sources = SourceMap(self._tree.read_text)
        return RepositoryView(
            overlays=tuple(judged.overlays),
            applications=tuple(self._permitted(applications, projects)),
            projects=tuple(projects),
            sets=tuple(each for each in views if each.kind == "ApplicationSet"),
            unreadable=tuple(Unreadable(each.where, each.message, each.hint) for each in unparsed),
            sources=sources,
            settings=self._settings,
            versions=self._schemas.describe(),
            files=tuple(looked.files),
            kubernetes=_version(self._question.versions.kubernetes),
            argocd=_version(self._question.versions.argocd),
            everything=everything,
            whole=whole,
            unknown_sets=tuple(looked.followed.unknown),
            refused_sets=tuple(looked.followed.refused),
            broken_policies=judged.broken,
            policy_notes=judged.notes,
            failed_tests=judged.failed,
            history=self._history(overlays),
            debts=self._debts(overlays),
            unmatched=unmatched(
                overlays,
                looked.renders,
                sources,
                self._judges.matcher,
                complete=whole,
            ),
        )

    def _definitions(self) -> list[dict[str, Any]]:
        looked = self._looked
        rendered = [
            each.manifest
            for path in sorted(looked.renders)
            for each in looked.renders[path].of_kinds({_DEFINITION})
        ]
        named = find_manifests.named(
            self._settings.definitions, looked.files, self._tree, self._judges.memory
        )
        standing = [each.manifest for each in (*looked.manifests.definitions, *named)]
        found = [each for each in (*standing, *rendered) if each.get("kind") == _DEFINITION]
        return list({msgspec.json.encode(each): each for each in found}.values())

    def _standing(self) -> list[Declared]:
        """Return what files declare of policies, their parameters, namespaces and definitions."""
        looked = self._looked
        patterns = self._settings.admission_policies
        named = find_manifests.named(patterns, looked.files, self._tree, self._judges.memory)
        found = {(each.file, each.document): each for each in (*looked.manifests.judging, *named)}
        standing = [
            Declared(each.manifest, each.file, environment_of(each.file.rpartition("/")[0]))
            for each in found.values()
        ]
        return standing + [Declared(each, "") for each in self._defined]

    def _overlay(self, path: str, in_scope: bool) -> OverlayView:  # noqa: FBT001 - private
        rendered = self._looked.renders[path]
        overlay = self._looked.overlays.get(path) or _overlay(path, self._looked.files)
        return OverlayView(
            path=path,
            file=overlay.file,
            environment=overlay.environment,
            production=is_production(self._settings, overlay.environment),
            in_scope=in_scope,
            objects=tuple(self._judge(path, each) for each in rendered.objects)
            if in_scope
            else _unjudged(rendered),
            failure=rendered.failure,
            read=frozenset(entry.path for entry in rendered.trace if entry.kind == "file"),
            namespace=self._namespaces.get(path, ""),
            unbuilt=in_scope and self._is_unbuilt(path),
        )

    def _is_unbuilt(self, path: str) -> bool:
        """Say whether a folder of plain manifests was an overlay before the change."""
        options, base = options_of(path), self._looked.base
        return bool(options and not options.explicit and base and base.built(path))

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

    def _validated_view(self, each: ApplicationView) -> ApplicationView:
        return replace(each, schema=self._validated(each.manifest)[0]) if each.in_scope else each

    def _refused(self, projects: Sequence[ApplicationView]) -> list[ApplicationView]:
        """Ask Argo CD about each AppProject in scope; one that violates its schema cannot be read."""
        asked = [each for each in projects if each.in_scope and not each.schema]
        answers = self._judges.policy.validate([each.manifest for each in asked]) if asked else []
        problems = dict(zip(map(id, asked), answers, strict=True))
        return [
            replace(each, problems=problems[id(each)]) if problems.get(id(each)) else each
            for each in projects
        ]

    def _permitted(
        self, applications: Sequence[ApplicationView], projects: Sequence[ApplicationView]
    ) -> Iterator[ApplicationView]:
        """Ask about each Application in scope whose project is known here.

        Argo CD cannot read what violates its schema, Application or project, so there is nothing to ask
        about that.
        """
        wrong = {id(each) for each in projects if self._validated(each.manifest)[0]}
        readable = [each for each in projects if id(each) not in wrong]
        unreadable = {each.name for each in projects if id(each) in wrong}
        asked = [
            each
            for each in applications
            if each.in_scope
            and not each.schema
            and has_project(each, projects)
            and project_of(each) not in unreadable
        ]
        questions = [PermitQuestion(each.manifest, tuple(self._deployed(each))) for each in asked]
        manifests = [each.manifest for each in readable]
        known = self._settings.clusters
        answers = self._judges.policy.permit(manifests, questions, self._defined, known) if asked else []
        problems = dict(zip(map(id, asked), answers, strict=True))
        for each in applications:
            yield replace(each, problems=problems[id(each)]) if problems.get(id(each)) else each

    def _deployed(self, application: ApplicationView) -> Iterator[dict[str, Any]]:
        for source in application.sources:
            rendered = self._looked.renders.get(source.path) if source.state == "fine" else None
            yield from (each.manifest for each in (rendered.objects if rendered else ()))

    def _history(self, overlays: Sequence[OverlayView]) -> ImageHistory | None:
        judges = self._judges
        if judges.history is None or not self._question.rules & HISTORIC:
            return None
        return image_history.gather(
            overlays, self._settings, self._tree.read_text, judges.history, judges.memory
        )

    def _debts(self, overlays: Sequence[OverlayView]) -> tuple[OwedHotfix, ...]:
        """Return the hotfixes that owe the normal order, where an overlay in scope could have one."""
        judges, environments = self._judges, self._settings.environments
        if judges.recorded is None or RECORDED not in self._question.rules:
            return ()
        later = {environment_of(name) or name for name, each in environments.items() if each.after}
        if not any(each.in_scope and each.environment in later for each in overlays):
            return ()
        from sealock.app import hotfix_debts  # noqa: PLC0415 - most hooks check dev alone

        files, read_text = self._looked.files, self._tree.read_text
        return hotfix_debts.gather(files, self._settings, read_text, judges.recorded, judges.memory)


def _destinations(views: Sequence[ApplicationView]) -> dict[str, str]:
    """Return the namespace that each overlay's Applications agree on."""
    found: dict[str, set[str]] = {}
    for view in views:
        for source in view.sources:
            if source.state == "fine":
                namespace = text_of(view.manifest, "spec", "destination", "namespace")
                found.setdefault(source.path, set()).add(namespace)
    return {path: next(iter(names)) for path, names in found.items() if len(names) == 1}


def has_project(application: ApplicationView, projects: Sequence[ApplicationView]) -> bool:
    """Say whether the projects at hand tell what an Application may do.

    One that names a project that is not among them may do nothing, where there are any at all.
    """
    name = project_of(application)
    if any(each.name == name for each in projects):
        return True
    return bool(projects) and name != _DEFAULT_PROJECT


def project_of(application: ApplicationView) -> str:
    """Return the name of an Application's project."""
    return text_of(application.manifest, "spec", "project") or _DEFAULT_PROJECT


def _version(text: str) -> Version:
    major, minor = text.split(".")
    return int(major), int(minor)


def _overlay(path: str, known: Collection[str]) -> Overlay:
    names = (name if path == "." else f"{path}/{name}" for name in KUSTOMIZATION_NAMES)
    return Overlay(path, environment_of(path), next((file for file in names if file in known), path_of(path)))


def _unjudged(rendered: Rendered) -> Sequence[JudgedObject]:
    """Return the objects of an overlay that is only compared with: made when somebody looks at one."""
    objects = rendered.objects

    def made() -> tuple[JudgedObject, ...]:
        return tuple(JudgedObject(rendered.overlay, each.manifest, each.origin) for each in objects)

    return Late(objects.kinds, lambda: rendered.keys, made) if isinstance(objects, Late) else made()
