"""Asks the API server's code what it could not say when the overlays were rendered.

That is whatever depends on more than the object: custom resources by their definitions, Pod Security by the
namespace, changes by what was there before, quotas by what else is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from sealock.app.base_objects import ObjectIdentity
from sealock.domain.settings import PodSecurity
from sealock.ports import ClusterFacts, NamespaceContents, States
from sealock.rules.view import QuotaProblem, pod_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealock.app.base_objects import BaseObjects
    from sealock.app.policy_question import Declared
    from sealock.domain.rendered import Admission, ObjectKey
    from sealock.domain.settings import Settings
    from sealock.ports import Admitter, QuotaAnswer, Quotas
    from sealock.rules.view import ApplicationView, JudgedObject, Manifest, OverlayView

_LABEL = "pod-security.kubernetes.io/"
_COUNTING = frozenset({"LimitRange", "ResourceQuota"})
_NO_SECURITY = PodSecurity()


def judge(
    overlays: Sequence[OverlayView], world: World, base: BaseObjects | None, admitter: Admitter
) -> list[OverlayView]:
    """Return the overlays with their objects' verdicts completed. Raises EngineError."""
    asked: list[tuple[int, int, States, ClusterFacts]] = []
    completed = {number: list(each.objects) for number, each in enumerate(overlays) if each.in_scope}
    removed: dict[int, tuple[Manifest, ...]] = {}
    for number, overlay in enumerate(overlays):
        if not overlay.in_scope:
            continue
        before = base.of(overlay.path) if base else None
        there: set[ObjectIdentity] = set()
        for index, each in enumerate(overlay.objects):
            facts = world.facts(overlay, each.manifest)
            if facts is not None:
                asked.append((number, index, States(None, each.manifest, overlay.namespace), facts))
            if before is None:
                continue
            identity = ObjectIdentity.of(each.manifest)
            there.add(identity)
            old = before.get(identity)
            if old is not None:
                completed[number][index] = replace(each, before=old)
                if old != each.manifest:
                    facts = world.definitions(each.manifest)
                    asked.append((number, index, States(old, each.manifest, overlay.namespace), facts))
        if before is not None:
            removed[number] = tuple(old for identity, old in before.items() if identity not in there)
    for (number, index, states, _), verdict in zip(asked, _answers(asked, admitter), strict=True):
        completed[number][index] = _with(completed[number][index], states, verdict)
    return [
        replace(overlay, objects=tuple(completed[number]), removed=removed.get(number))
        if overlay.in_scope
        else overlay
        for number, overlay in enumerate(overlays)
    ]


def _with(each: JudgedObject, states: States, verdict: Admission) -> JudgedObject:
    if states.before is not None:
        return replace(each, update=verdict)
    return replace(each, admission=verdict if each.schema is None else served(verdict))


def served(verdict: Admission) -> Admission:
    """Return a verdict on an object whose version the linked release has dropped, as before it did.

    The configured release still serves it, for it has a schema.
    """
    errors = tuple(error for error in verdict.errors if not _is_retired(error))
    return verdict if errors == verdict.errors else replace(verdict, errors=errors)


def _is_retired(error: tuple[str, str]) -> bool:
    return error[0] == "apiVersion" and "does not serve" in error[1]


def _answers(
    asked: Sequence[tuple[int, int, States, ClusterFacts]], admitter: Admitter
) -> Iterator[Admission]:
    """Yield the answers in order, those about the same facts asked for in one go."""
    groups: dict[int, tuple[ClusterFacts, list[States]]] = {}
    for _, _, states, facts in asked:
        groups.setdefault(id(facts), (facts, []))[1].append(states)
    answers = {key: iter(admitter.admit(states, facts)) for key, (facts, states) in groups.items()}
    for _, _, _, facts in asked:
        yield next(answers[id(facts)])


class World:
    """What is known of the clusters, for each overlay; equal facts are one value."""

    def __init__(
        self,
        overlays: Sequence[OverlayView],
        standing: Sequence[Declared],
        settings: Settings,
        definitions: Sequence[Manifest],
    ) -> None:
        """Take the namespaces that `overlays` render, and those that stand in files."""
        known = {_defined(each) for each in definitions}
        self._definitions = (*definitions, *(each for each in _ARGOCD if _defined(each) not in known))
        self._defined = {_defined(each) for each in self._definitions}
        self._levels = settings.pod_security if settings.pod_security != _NO_SECURITY else None
        self._assumed = settings.namespaces
        self._rendered: dict[str | None, dict[str, dict[str, str]]] = {}
        for each in standing:
            self._learn(each.environment, each.manifest)
        for overlay in overlays:
            for rendered in overlay.of_kinds("Namespace"):
                self._learn(overlay.environment, rendered.manifest)
        labelled = [labels for names in self._rendered.values() for labels in names.values()]
        labelled += self._assumed.values()
        self._secured = self._levels is not None or any(map(_secures, labelled))
        self._facts: dict[str | None, ClusterFacts] = {}
        self.plain = ClusterFacts(self._definitions)

    def _learn(self, environment: str | None, manifest: Manifest) -> None:
        if manifest.get("kind") == "Namespace" and manifest.get("apiVersion") == "v1":
            metadata = manifest.get("metadata") or {}
            self._rendered.setdefault(environment, {})[str(metadata.get("name"))] = (
                metadata.get("labels") or {}
            )

    def facts(self, overlay: OverlayView, manifest: Manifest) -> ClusterFacts | None:
        """Return what the verdict on a new object depends on; None where the render's verdict is complete."""
        if self._secured and pod_path(manifest):
            return self._of(overlay.environment)
        if _group_and_kind(manifest) in self._defined:
            return self.plain
        return None

    def definitions(self, manifest: Manifest) -> ClusterFacts:
        """Return what the verdict on a change depends on."""
        return self.plain if _group_and_kind(manifest) in self._defined else _NOTHING

    def _of(self, environment: str | None) -> ClusterFacts:
        """Return the namespaces of one environment, else of overlays without one, else as assumed."""
        found = self._facts.get(environment)
        if found is None:
            namespaces = self._assumed | self._rendered.get(None, {}) | self._rendered.get(environment, {})
            found = self._facts[environment] = ClusterFacts(self._definitions, namespaces, self._levels)
        return found


def judge_views(views: Sequence[ApplicationView], world: World, admitter: Admitter) -> list[ApplicationView]:
    """Return the views with the API server's verdict on those in scope that stand in files."""
    asked = [index for index, each in enumerate(views) if each.in_scope and _stands(each)]
    states = [States(None, views[index].manifest) for index in asked]
    verdicts = admitter.admit(states, world.plain) if states else []
    judged = list(views)
    for index, verdict in zip(asked, verdicts, strict=True):
        judged[index] = replace(views[index], admission=verdict)
    return judged


def _stands(view: ApplicationView) -> bool:
    return view.rendered is None and view.generated is None


_NOTHING = ClusterFacts()


def _argocd(kind: str) -> Manifest:
    """Return a definition by which the API server judges the metadata of one of Argo CD's kinds.

    What the rest must be like, the schemas of the configured Argo CD say.
    """
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1alpha1", "served": True, "storage": True, "schema": {"openAPIV3Schema": anything}}
    plural = f"{kind.lower()}s"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.argoproj.io"},
        "spec": {
            "group": "argoproj.io",
            "names": {"kind": kind, "plural": plural},
            "scope": "Namespaced",
            "versions": [version],
        },
    }


_ARGOCD = tuple(map(_argocd, ("Application", "AppProject", "ApplicationSet")))


def _secures(labels: dict[str, str]) -> bool:
    return any(label.startswith(_LABEL) for label in labels)


def _defined(definition: Manifest) -> tuple[str, str]:
    spec = definition.get("spec") or {}
    return str(spec.get("group")), str((spec.get("names") or {}).get("kind"))


def _group_and_kind(manifest: Manifest) -> tuple[str, str]:
    return str(manifest.get("apiVersion")).rpartition("/")[0], str(manifest.get("kind"))


class _Place(NamedTuple):
    overlay: int
    object: int


def count(overlays: Sequence[OverlayView], quotas: Quotas) -> list[OverlayView]:
    """Return the overlays with what LimitRanges and ResourceQuotas of the repository refuse.

    Objects count together that share a namespace and an environment. Raises EngineError.
    """
    counted = [(namespace, places) for (_, namespace), places in _counted(overlays).items()]
    if not counted:
        return list(overlays)
    contents = [
        NamespaceContents(tuple(_at(overlays, place).manifest for place in places), namespace)
        for namespace, places in counted
    ]
    problems: dict[int, list[QuotaProblem]] = {}
    for (_, places), answer in zip(counted, quotas.count(contents), strict=True):
        for number, problem in _problems(places, answer):
            problems.setdefault(number, []).append(problem)
    return [
        replace(overlay, quota=tuple(problems[number])) if number in problems else overlay
        for number, overlay in enumerate(overlays)
    ]


def _counted(overlays: Sequence[OverlayView]) -> dict[tuple[str | None, str], list[_Place]]:
    """Return the objects of each environment and namespace where something counts, and is to be judged."""
    counting = (each for each in overlays if each.may_have(_COUNTING))
    wanted = {where for each in counting for where, key in _where(each) if where[1] and key.kind in _COUNTING}
    wanted &= {where for each in overlays if wanted and each.in_scope for where, _ in _where(each)}
    groups: dict[tuple[str | None, str], list[_Place]] = {}
    environments = {environment for environment, _ in wanted}
    for number, overlay in enumerate(overlays):
        for index, (where, _) in enumerate(_where(overlay) if overlay.environment in environments else ()):
            if where in wanted:
                groups.setdefault(where, []).append(_Place(number, index))
    return groups


def _where(overlay: OverlayView) -> Iterator[tuple[tuple[str | None, str], ObjectKey]]:
    """Yield the environment and namespace of each object, and its key."""
    for key in overlay.keys:
        yield (overlay.environment, key.namespace or overlay.namespace), key


def _problems(places: Sequence[_Place], answer: QuotaAnswer) -> Iterator[tuple[int, QuotaProblem]]:
    for each in answer.problems:
        place = places[each.index]
        yield place.overlay, QuotaProblem(place.object, each.path, each.message)
    if answer.undecided:
        yield places[0].overlay, QuotaProblem(-1, "", answer.undecided)


def _at(overlays: Sequence[OverlayView], place: _Place) -> JudgedObject:
    return overlays[place.overlay].objects[place.object]
