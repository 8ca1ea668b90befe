"""`sealock.yaml` → Settings."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from sealock.config.chamber import chamber, task
from sealock.config.decode import FAILED, Problems, decode, items_of, pair_of, shown, text_list, value_of
from sealock.config.gates import gates
from sealock.config.order import CycleError, waves
from sealock.config.promotion import promotion
from sealock.config.service_types import field_names
from sealock.config.settings_types import (
    ChamberSection,
    ClusterSection,
    CustomRuleSection,
    CustomTestSection,
    EnvironmentSection,
    KustomizeSection,
    NamespaceSection,
    PodSecuritySection,
    PolicySection,
    PromotionSection,
    SettingsFile,
    VersionsSection,
)
from sealock.config.vocabulary import plain_path
from sealock.domain.catalog import SyncPolicy
from sealock.domain.settings import (
    AgentTask,
    CustomRule,
    CustomTest,
    Environment,
    KnownCluster,
    Kustomize,
    PodSecurity,
    Settings,
    Versions,
    Waiver,
)
from sealock.domain.suggest import did_you_mean
from sealock.domain.yaml_document import CONFIG, Mapping, Node, Sequence, parse_one, resolved

if TYPE_CHECKING:
    from collections.abc import Collection

FILE = "sealock.yaml"

FINALIZERS = {
    "none": "",
    "cascade": "resources-finalizer.argocd.argoproj.io",
    "foreground": "resources-finalizer.argocd.argoproj.io/foreground",
    "background": "resources-finalizer.argocd.argoproj.io/background",
}


def defaults() -> Settings:
    """Return the settings of a repository without `sealock.yaml`."""
    return load("", FILE)


def load(text: str, file: str = FILE, known_rules: Collection[str] = ()) -> Settings:
    """Return the settings in `text`; an empty text yields the defaults.

    `known_rules`, when given, are the rule ids that `policy` and `waivers` may name.
    Raises ConfigurationError with every fault of the file in `problems`.
    """
    problems = Problems(file)
    node = parse_one(text, file, CONFIG, problems.found)
    empty = node is None or (not isinstance(resolved(node), Mapping | Sequence) and _is_null(node))
    section = SettingsFile() if node is None or empty else decode(node, SettingsFile, problems)
    if section is FAILED:
        section = SettingsFile()
    settings = _settings(section, None if empty else node, problems)
    _check_rules(section, node, known_rules, problems)
    problems.raise_if_any()
    return settings


def _is_null(node: Node) -> bool:
    target = resolved(node)
    return not isinstance(target, Mapping | Sequence) and target.value() is None


def _settings(section: SettingsFile, node: Node | None, problems: Problems) -> Settings:
    versions = section.versions or VersionsSection()
    policy = section.policy or PolicySection()
    kustomize = section.kustomize or KustomizeSection()
    environments = _environments(section, node, problems)
    return Settings(
        versions=Versions(str(versions.kubernetes or ""), str(versions.argocd or "")),
        environments=environments,
        levels=dict(policy.rules),
        waivers=_waivers(section, node, problems),
        kustomize=Kustomize(kustomize.helm, kustomize.load_restrictor),
        agent=_agent(section, node, problems),
        custom=_custom(policy, node, environments, problems),
        pod_security=_pod_security(policy.pod_security or PodSecuritySection()),
        definitions=tuple(map(plain_path, section.definitions)),
        admission_policies=tuple(map(plain_path, section.admission_policies)),
        namespaces={name: (entry or NamespaceSection()).labels for name, entry in section.namespaces.items()},
        clusters=_clusters(section, node, problems),
        health_overrides=tuple(section.health_overrides),
        promotion=promotion(section.promotion or PromotionSection(), node, problems),
        chamber=chamber(section.chamber or ChamberSection(), node, problems),
    )


def _custom(
    policy: PolicySection, root: Node | None, environments: dict[str, Environment], problems: Problems
) -> tuple[CustomRule, ...]:
    nodes = items_of(root, ("policy", "custom"), len(policy.custom))
    rules = []
    for entry, node in zip(policy.custom, nodes, strict=False):
        if entry.message is UNSET and entry.message_expression is UNSET:
            problems.add(node, "`message` or `messageExpression` is missing")
        rules.append(_custom_rule(entry, node, environments, problems))
    _refuse_repeats([each.id for each in rules], nodes, "id", problems)
    return tuple(rules)


def _custom_rule(
    entry: CustomRuleSection, node: Node, environments: dict[str, Environment], problems: Problems
) -> CustomRule:
    nodes = items_of(node, ("tests",), len(entry.tests))
    return CustomRule(
        id=entry.id,
        kinds=tuple(entry.kinds),
        expression=entry.expression,
        message=entry.message or "",
        message_expression=entry.message_expression or "",
        severity=entry.severity,
        tests=tuple(
            _custom_test(test, place, environments, problems)
            for test, place in zip(entry.tests, nodes, strict=False)
        ),
        location=node.where,
        expression_location=value_of(node, "expression").where,
    )


def _custom_test(
    entry: CustomTestSection, node: Node, environments: dict[str, Environment], problems: Problems
) -> CustomTest:
    environment = entry.environment or ""
    if environment and environment not in environments:
        hint = did_you_mean(environment, environments)
        problems.add(value_of(node, "environment"), f"unknown environment `{environment}`", hint)
    declared = environments.get(environment)
    is_production = environment == "production" or (declared is not None and declared.production)
    return CustomTest(
        name=entry.name,
        object=entry.object,
        valid=entry.valid,
        location=node.where,
        old=entry.old or None,
        overlay=plain_path(entry.overlay or ""),
        environment=environment,
        production=is_production if entry.production is UNSET else bool(entry.production),
    )


def _pod_security(entry: PodSecuritySection) -> PodSecurity:
    default = PodSecurity()
    return PodSecurity(
        entry.enforce or default.enforce,
        entry.warn or default.warn,
        entry.audit or default.audit,
        entry.version,
    )


def _clusters(section: SettingsFile, root: Node | None, problems: Problems) -> tuple[KnownCluster, ...]:
    nodes = items_of(root, ("clusters",), len(section.clusters))
    _refuse_repeats([each.name for each in section.clusters], nodes, "name", problems)
    _refuse_repeats([each.server.rstrip("/") for each in section.clusters], nodes, "server", problems)
    return tuple(map(_cluster, section.clusters))


def _cluster(entry: ClusterSection) -> KnownCluster:
    return KnownCluster(entry.name, entry.server, entry.project or "", entry.labels, entry.annotations)


def _refuse_repeats(values: list[str], nodes: tuple[Node, ...], key: str, problems: Problems) -> None:
    seen: dict[str, Node] = {}
    for value, node in zip(values, nodes, strict=False):
        first = seen.setdefault(value, node)
        if first is not node:
            message = f"the {key} `{shown(value)}` is already taken at {first.where}"
            problems.add(value_of(node, key), message, "Each needs its own.")


def _agent(section: SettingsFile, root: Node | None, problems: Problems) -> dict[str, AgentTask]:
    pair = pair_of(root, "agent")
    node = pair.value if pair else None
    return {name: task(entry, _entry(node, name), problems) for name, entry in section.agent.items()}


_DEFAULT_ENVIRONMENTS = {
    "dev": EnvironmentSection(),
    "staging": EnvironmentSection(after="dev"),
    "production": EnvironmentSection(after="staging"),
}


def _environments(section: SettingsFile, root: Node | None, problems: Problems) -> dict[str, Environment]:
    declared = section.environments
    sections = (
        {name: entry or EnvironmentSection() for name, entry in declared.items()}
        if declared
        else _DEFAULT_ENVIRONMENTS
    )
    pair = pair_of(root, "environments")
    node = pair.value if pair else None
    for name in sorted(field_names() & set(sections)):
        problems.add(
            _key(node, name), f"no environment can be called `{name}`: services have that key", "Rename it."
        )
    after = {name: _after(name, entry, sections, node, problems) for name, entry in sections.items()}
    try:
        wave = waves(after)
    except CycleError as cycle:
        problems.add(
            _key(node, cycle.names[0]), f"environments come after each other: {cycle}", "Remove one `after`."
        )
        return {}
    ordered = sorted(sections, key=lambda name: wave[name])
    has_next = {name for names in after.values() for name in names}
    production = [name for name in ordered if _is_production(name, sections[name], last=name not in has_next)]
    mirrors = {name: each for each in reversed(production) for name in after[each] if name not in production}
    return {
        name: _environment(
            name,
            sections[name],
            _Place(after[name], name in production, mirrors.get(name, "")),
            _entry(node, name),
            problems,
        )
        for name in ordered
    }


class _Place(msgspec.Struct, frozen=True):
    after: tuple[str, ...]
    production: bool
    mirrors: str


def _entry(node: Node | None, name: str) -> Node | None:
    pair = pair_of(node, name)
    return pair.value if pair else None


def _key(node: Node | None, name: str) -> Node:
    pair = pair_of(node, name)
    assert pair is not None, "a fault in the defaults"  # noqa: S101 - only a declared name can be at fault
    return pair.key


def _after(
    name: str,
    entry: EnvironmentSection,
    known: Collection[str],
    node: Node | None,
    problems: Problems,
) -> tuple[str, ...]:
    names = text_list(entry.after)
    unknown = [each for each in names if each not in known]
    place = pair_of(_entry(node, name), "after")
    for each in unknown:
        if place is not None:
            problems.add(place.value, f"unknown environment `{each}`", did_you_mean(each, known))
    return tuple(each for each in names if each in known)


def _is_production(name: str, entry: EnvironmentSection, *, last: bool) -> bool:
    return entry.production if isinstance(entry.production, bool) else last and name.startswith("prod")


def _environment(
    name: str, entry: EnvironmentSection, place: _Place, node: Node | None, problems: Problems
) -> Environment:
    origins: dict[str, str] = {}

    def picked(key: str, given: Any, default: Any, rule: str) -> Any:  # noqa: ANN401 - any field's type
        pair = pair_of(node, key)
        origins[key] = f"default: {rule}" if given is UNSET or pair is None else str(pair.value.where)
        return default if given is UNSET else given

    kind = "production" if place.production else "not production"
    sync = picked("sync", entry.sync, "auto", "automated sync")
    automated = sync == "auto"
    for key, given in (("prune", entry.prune), ("selfHeal", entry.self_heal)):
        pair = pair_of(node, key)
        if not automated and given is True and pair is not None:
            problems.add(pair.key, f"`{key}` has no effect with `sync: manual`", "Remove one of the two.")
    default = sync_defaults(automated=automated, production=place.production)
    prune = default["prune"] if entry.prune is UNSET else entry.prune
    self_heal = default["selfHeal"] if entry.self_heal is UNSET else entry.self_heal
    for key in default:
        pair = pair_of(node, key)
        if pair is not None:
            origins[key] = str(pair.value.where)
    finalizer = picked("finalizer", entry.finalizer, "none" if place.production else "cascade", kind)
    policy = SyncPolicy("automated" if automated else "manual", prune, self_heal, FINALIZERS[finalizer])
    cluster = picked("cluster", entry.cluster, "", "the cluster that Argo CD runs in")
    alone = "" if place.after else f"no environment comes before `{name}`"
    return Environment(
        name,
        place.after,
        place.production,
        place.mirrors,
        cluster,
        policy,
        gates(entry.gates, node, "gates", problems, nothing_before=alone),
        origins,
        gates(entry.rollback, node, "rollback", problems, nothing_before="a rollback comes from none"),
    )


def sync_defaults(*, automated: bool, production: bool) -> dict[str, bool]:
    """Return `prune` and `selfHeal` where nothing is said about them."""
    return {"prune": automated and not production, "selfHeal": automated}


def _waivers(section: SettingsFile, root: Node | None, problems: Problems) -> tuple[Waiver, ...]:
    pair = pair_of(root, "waivers")
    listed = resolved(pair.value) if pair else None
    if problems.found or not isinstance(listed, Sequence):
        # With a fault in the list its items no longer line up with the nodes, and the file is refused anyway.
        return ()
    out = []
    for entry, node in zip(section.waivers, listed.items, strict=True):
        try:
            expires = date.fromisoformat(entry.expires)
        except ValueError:
            problems.add(value_of(node, "expires"), f'there is no day "{entry.expires}"')
            continue
        out.append(Waiver(entry.rule, entry.path, entry.reason, expires, node.where))
    return tuple(out)


def _check_rules(
    section: SettingsFile, root: Node | None, known: Collection[str], problems: Problems
) -> None:
    if not known:
        return
    policy = section.policy or PolicySection()
    listed = items_of(root, ("policy", "custom"), len(policy.custom))
    for entry, place in zip(policy.custom, listed, strict=False):
        if entry.id in known:
            message = f"`{entry.id}` is a rule of Sealock itself"
            problems.add(value_of(place, "id"), message, "Choose another id.")
    known = {*known, *(each.id for each in policy.custom)}
    rules = pair_of(root.at(("policy",)) if root else None, "rules")
    for rule in policy.rules:
        pair = pair_of(rules.value if rules else None, rule)
        if rule not in known and pair is not None:
            problems.add(pair.key, f"unknown rule `{rule}`", did_you_mean(rule, known))
    waivers = root.at(("waivers",)) if root else None
    for item in waivers.items if isinstance(waivers, Sequence) else ():
        node = item.at(("rule",))
        if node is not None and not isinstance(node, Mapping | Sequence | type(None)):
            rule = getattr(node, "text", "")
            if rule not in known:
                problems.add(node, f"unknown rule `{shown(rule)}`", did_you_mean(rule, known))
