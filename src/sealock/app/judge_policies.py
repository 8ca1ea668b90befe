"""Asks what admission policies, and the organisation's own rules, say about rendered objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from sealock.app.policy_question import Declared, Subject, questions, rule_tests
from sealock.domain.manifest_folder import path_of
from sealock.rules.view import BrokenPolicy, FailedTest, text_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sealock.app.policy_question import Questions
    from sealock.domain.settings import Settings
    from sealock.ports import AdmissionPolicies, PolicyUndecided
    from sealock.rules.view import JudgedObject, OverlayView

_KINDS = frozenset({"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"})
_FACTS = frozenset({"CustomResourceDefinition", "Namespace"})


class Judged(NamedTuple):
    """The overlays with what was said of their objects, and what is wrong with those who should say it."""

    overlays: list[OverlayView]
    broken: tuple[BrokenPolicy, ...] = ()
    notes: tuple[str, ...] = ()
    failed: tuple[FailedTest, ...] = ()


class _Place(NamedTuple):
    overlay: int
    object: int


def judge(
    overlays: Sequence[OverlayView],
    settings: Settings,
    standing: Sequence[Declared],
    policies: AdmissionPolicies,
) -> Judged:
    """Judge the objects in scope by what `standing` and the overlays declare. Raises EngineError."""
    admitting = [*standing, *_rendered(overlays, _KINDS)]
    if not settings.custom and not any(each.manifest.get("kind") in _KINDS for each in admitting):
        return Judged(list(overlays))
    declared = [*standing, *_rendered(overlays, _KINDS | _FACTS), *_parameters(overlays, admitting)]
    places = [
        _Place(number, index)
        for number, overlay in enumerate(overlays)
        if overlay.in_scope
        for index in range(len(overlay.objects))
    ]
    subjects = [_subject(overlays[place.overlay], _at(overlays, place)) for place in places]
    asked = questions(settings, declared, subjects)
    broken: dict[BrokenPolicy, None] = dict.fromkeys(_clashes(asked))
    notes: dict[str, None] = {}
    said = [list(overlay.objects) if overlay.in_scope else [] for overlay in overlays]
    for each in asked.asked:
        answers = policies.judge(each.question)
        broken |= dict.fromkeys(_broken(answers.unusable, declared))
        notes |= dict.fromkeys(answers.notes)
        for index, answer in zip(each.subjects, answers.cases, strict=True):
            place = places[index]
            said[place.overlay][place.object] = replace(_at(overlays, place), policies=answer)
    found = [
        replace(overlay, objects=tuple(said[number])) if overlay.in_scope else overlay
        for number, overlay in enumerate(overlays)
    ]
    return Judged(found, tuple(broken), tuple(notes), tuple(_failed(settings, policies)))


def _at(overlays: Sequence[OverlayView], place: _Place) -> JudgedObject:
    return overlays[place.overlay].objects[place.object]


def _rendered(overlays: Iterable[OverlayView], kinds: frozenset[str]) -> Iterator[Declared]:
    for overlay in overlays:
        for each in overlay.of_kinds(*kinds):
            yield Declared(each.manifest, path_of(overlay.path), overlay.environment)


def _parameters(overlays: Iterable[OverlayView], admitting: Sequence[Declared]) -> Iterator[Declared]:
    """Yield what overlays render of the objects that bindings name as parameters."""
    kinds = {text_of(each.manifest, "spec", "paramKind", "kind") for each in admitting}
    kinds -= {"", *_KINDS, *_FACTS}
    references = (value_of(each.manifest, "spec", "paramRef") for each in admitting)
    names = {text_of(each, "name") for each in references if isinstance(each, dict)}
    for overlay in overlays if names else ():
        # A binding without a name chooses by labels: it may be about any.
        if overlay.may_have(kinds) and any(
            key.kind in kinds and not names.isdisjoint((key.name, "")) for key in overlay.keys
        ):
            for each in overlay.of_kinds(*kinds):
                if not names.isdisjoint((each.key.name, "")):
                    yield Declared(each.manifest, overlay.path, overlay.environment)


def _subject(overlay: OverlayView, each: JudgedObject) -> Subject:
    return Subject(
        each.manifest,
        path_of(overlay.path),
        overlay.environment,
        overlay.production,
        overlay.namespace,
        each.before,
    )


def _clashes(asked: Questions) -> Iterator[BrokenPolicy]:
    for each in asked.clashes:
        reason = f"{' and '.join(each.sources)} declare it with different contents, so none is used"
        yield BrokenPolicy(f"{each.kind} {each.name}", each.sources[0], reason)


def _broken(unusable: Iterable[PolicyUndecided], declared: Sequence[Declared]) -> Iterator[BrokenPolicy]:
    for each in unusable:
        if each.kind == "rule":
            yield BrokenPolicy(each.id, "", each.reason, rule=True)
            continue
        named = (one for one in declared if _is_named(one, each.id))
        source = next(named, None)
        yield BrokenPolicy(
            f"ValidatingAdmissionPolicy {each.id}".strip(), source.source if source else "", each.reason
        )


def _is_named(declared: Declared, name: str) -> bool:
    manifest = declared.manifest
    return manifest.get("kind") in _KINDS and (manifest.get("metadata") or {}).get("name") == name


def _failed(settings: Settings, policies: AdmissionPolicies) -> Iterator[FailedTest]:
    """Yield the tests of organisation rules that do not hold, or that could not be run."""
    question, tests = rule_tests(settings)
    if not tests:
        return
    for (rule, test), answer in zip(tests, policies.judge(question).cases, strict=True):
        if answer.undecided:
            yield FailedTest(rule.id, test, answer.undecided[0].reason, undecided=True)
        elif bool(answer.verdicts) == test.valid:
            said = answer.verdicts[0].message if answer.verdicts else "nothing"
            yield FailedTest(rule.id, test, said)
