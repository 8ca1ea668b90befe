"""Puts together what the engine is asked about admission policies and organisation rules.

Clusters differ by environment: what an overlay of one environment declares holds for the objects of that
environment, what stands outside of environments for all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sealock.ports import KnownNamespace, PolicyCase, PolicyPlace, PolicyQuestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sealock.domain.settings import CustomRule, CustomTest, Settings

Manifest = dict[str, Any]

_GROUP = "admissionregistration.k8s.io"
_POLICY = "ValidatingAdmissionPolicy"
_BINDING = "ValidatingAdmissionPolicyBinding"
_DEFINITION = "CustomResourceDefinition"


class Declared(msgspec.Struct, frozen=True):
    """A manifest, the file or overlay that holds it, and its environment; None outside of any."""

    manifest: Manifest
    source: str
    environment: str | None = None


class Subject(msgspec.Struct, frozen=True):
    """A rendered object to be judged; `environment` is None outside of any.

    `namespace` is where it goes when it does not say so itself, `old` what it replaces.
    """

    manifest: Manifest
    overlay: str = ""
    environment: str | None = None
    production: bool = False
    namespace: str = ""
    old: Manifest | None = None


class Clash(msgspec.Struct, frozen=True):
    """Two manifests of one name that say different things in one environment: neither is used."""

    kind: str
    name: str
    sources: tuple[str, ...]


class Asked(msgspec.Struct, frozen=True):
    """A question about the subjects with these indices, in the order of its cases."""

    question: PolicyQuestion
    subjects: tuple[int, ...]


class Questions(msgspec.Struct, frozen=True):
    """All that is to be asked, a question for each environment; what nothing is about is in none."""

    asked: tuple[Asked, ...]
    clashes: tuple[Clash, ...]


def questions(settings: Settings, declared: Sequence[Declared], subjects: Sequence[Subject]) -> Questions:
    """Return what to ask about `subjects`, with the policies, parameters and namespaces among `declared`."""
    rules = active_rules(settings)
    asked: list[Asked] = []
    clashes: dict[Clash, None] = {}
    by_environment: dict[str | None, list[int]] = {}
    for index, subject in enumerate(subjects):
        by_environment.setdefault(subject.environment, []).append(index)
    for environment, indices in by_environment.items():
        world = _World(environment, settings, declared)
        clashes |= dict.fromkeys(world.clashes)
        concerned = tuple(
            index for index in indices if world.concerns(subjects[index]) or _is_asked(rules, subjects[index])
        )
        if concerned:
            cases = tuple(_case(subjects[index]) for index in concerned)
            asked.append(Asked(world.question(cases, rules), concerned))
    return Questions(tuple(asked), tuple(clashes))


def active_rules(settings: Settings) -> tuple[CustomRule, ...]:
    """Return the organisation rules that are not switched off."""
    return tuple(each for each in settings.custom if settings.levels.get(each.id) != "off")


def rule_tests(settings: Settings) -> tuple[PolicyQuestion, tuple[tuple[CustomRule, CustomTest], ...]]:
    """Return the question that runs the rules' tests, and the rule and test of each of its cases.

    A test holds when its case has a verdict exactly if the test says that the object is not valid.
    """
    rules = active_rules(settings)
    tests = tuple((rule, test) for rule in rules for test in rule.tests)
    cases = tuple(
        PolicyCase(
            test.object,
            old=test.old,
            rule=rule.id,
            variables=PolicyPlace(test.overlay, test.environment, test.production),
        )
        for rule, test in tests
    )
    return PolicyQuestion(cases, rules=rules), tests


def _case(subject: Subject) -> PolicyCase:
    place = PolicyPlace(subject.overlay, subject.environment or "", subject.production)
    return PolicyCase(subject.manifest, old=subject.old, namespace=subject.namespace, variables=place)


def _is_asked(rules: Iterable[CustomRule], subject: Subject) -> bool:
    kind = str(subject.manifest.get("kind"))
    names = {"*", kind, f"{subject.manifest.get('apiVersion')}/{kind}"}
    return any(not names.isdisjoint(rule.kinds) for rule in rules)


class _World:
    """What is declared for one environment."""

    def __init__(self, environment: str | None, settings: Settings, declared: Sequence[Declared]) -> None:
        self._here = [each for each in declared if each.environment in (None, environment)]
        self.clashes: list[Clash] = []
        self._policies = self._only(each for each in self._here if _is_admission(each.manifest, _POLICY))
        self._bindings = self._only(each for each in self._here if _is_admission(each.manifest, _BINDING))
        wanted = {_parameter_kind(each) for each in self._policies} - {("", "")}
        self._parameters = self._only(each for each in self._here if _kind(each.manifest) in wanted)
        self._namespaces = _namespaces(self._here, settings)
        # A policy that cannot be understood here may be about anything; the engine says what is wrong.
        self._groups = {group for each in self._policies for group in _groups(each)}

    def concerns(self, subject: Subject) -> bool:
        """Say whether a policy may be about the object; in doubt it is."""
        group = str(subject.manifest.get("apiVersion")).rpartition("/")[0]
        # Events are of two groups, and a policy on one is about both.
        return not self._groups.isdisjoint({"*", group}) or bool(
            self._groups and subject.manifest.get("kind") == "Event"
        )

    def question(self, cases: tuple[PolicyCase, ...], rules: tuple[CustomRule, ...]) -> PolicyQuestion:
        kinds = {_group_kind(each.object) for each in cases} | {
            _group_kind(each) for each in self._parameters
        }
        kinds |= {(api.rpartition("/")[0], kind) for api, kind in map(_parameter_kind, self._policies)}
        definitions = (
            each.manifest
            for each in self._here
            if each.manifest.get("kind") == _DEFINITION and _defined(each.manifest) in kinds
        )
        return PolicyQuestion(
            cases=cases,
            policies=self._policies,
            bindings=self._bindings,
            parameters=self._parameters,
            namespaces=self._namespaces,
            definitions=tuple({msgspec.json.encode(each): each for each in definitions}.values()),
            rules=rules,
        )

    def _only(self, found: Iterable[Declared]) -> tuple[Manifest, ...]:
        """Return each manifest once; those that clash are left out and noted."""
        named: dict[tuple[str, ...], list[Declared]] = {}
        for each in found:
            named.setdefault(_identity(each.manifest), []).append(each)
        kept = []
        for same in named.values():
            first = same[0].manifest
            if all(each.manifest == first for each in same):
                kept.append(first)
            else:
                sources = tuple(dict.fromkeys(each.source for each in same))
                self.clashes.append(Clash(_kind(first)[1], _metadata(first, "name"), sources))
        return tuple(kept)


def _namespaces(here: Sequence[Declared], settings: Settings) -> tuple[KnownNamespace, ...]:
    """Return the namespaces of the repository, and of the settings where it has none or disagrees."""
    found: dict[str, list[KnownNamespace]] = {}
    for each in here:
        if _kind(each.manifest) == ("v1", "Namespace"):
            name = _metadata(each.manifest, "name")
            labels, annotations = _texts(each.manifest, "labels"), _texts(each.manifest, "annotations")
            found.setdefault(name, []).append(KnownNamespace(name, labels, annotations))
    known = {name: KnownNamespace(name, labels) for name, labels in settings.namespaces.items()}
    known |= {name: same[0] for name, same in found.items() if all(each == same[0] for each in same)}
    return tuple(known[name] for name in sorted(known))


def _kind(manifest: Manifest) -> tuple[str, str]:
    return str(manifest.get("apiVersion")), str(manifest.get("kind"))


def _group_kind(manifest: Manifest) -> tuple[str, str]:
    version, kind = _kind(manifest)
    return version.rpartition("/")[0], kind


def _is_admission(manifest: Manifest, kind: str) -> bool:
    return _group_kind(manifest) == (_GROUP, kind)


def _metadata(manifest: Manifest, key: str) -> str:
    value = _mapping(manifest.get("metadata")).get(key)
    return value if isinstance(value, str) else ""


def _texts(manifest: Manifest, key: str) -> dict[str, str]:
    found = _mapping(_mapping(manifest.get("metadata")).get(key))
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _identity(manifest: Manifest) -> tuple[str, ...]:
    return (*_group_kind(manifest), _metadata(manifest, "namespace"), _metadata(manifest, "name"))


def _parameter_kind(policy: Manifest) -> tuple[str, str]:
    wanted = _mapping(_mapping(policy.get("spec")).get("paramKind"))
    return str(wanted.get("apiVersion", "")), str(wanted.get("kind", ""))


def _groups(policy: Manifest) -> set[str]:
    """Return the API groups that a policy names; `*` where it names none."""
    constraints = _mapping(_mapping(policy.get("spec")).get("matchConstraints"))
    rules = _items(constraints.get("resourceRules"))
    groups = {str(group) for rule in rules for group in _items(_mapping(rule).get("apiGroups"))}
    return groups or {"*"}


def _defined(definition: Manifest) -> tuple[str, str]:
    spec = _mapping(definition.get("spec"))
    return str(spec.get("group")), str(_mapping(spec.get("names")).get("kind"))
