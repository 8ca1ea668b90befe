from datetime import date

import pytest
from inline_snapshot import snapshot

from sealock.config import settings
from sealock.domain.catalog import SyncPolicy
from sealock.domain.settings import (
    AgentTask,
    Budget,
    CustomTest,
    Freeze,
    Gate,
    KnownCluster,
    Kustomize,
    PodSecurity,
    Settings,
    Versions,
    Waiver,
)
from sealock.errors import ConfigurationError

CASCADE = "resources-finalizer.argocd.argoproj.io"


def faults(text: str, known_rules: tuple[str, ...] = ()) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        settings.load(text, known_rules=known_rules)
    found = caught.value.problems or (caught.value,)
    return [f"{each.where}: {each.message} | {each.hint}" for each in found]


def load(text: str) -> Settings:
    return settings.load(text)


@pytest.mark.parametrize("text", ["", "{}\n", "# nothing yet\n", "---\n", "~\n"])
def test_without_words_there_are_three_environments(text: str) -> None:
    found = load(text)
    assert list(found.environments) == ["dev", "staging", "production"]
    assert [each.after for each in found.environments.values()] == [(), ("dev",), ("staging",)]
    assert [each.production for each in found.environments.values()] == [False, False, True]
    assert found.environments["staging"].mirrors == "production"


def test_the_default_sync_prunes_and_cascades_outside_production_only() -> None:
    found = load("").environments
    assert found["dev"].sync == SyncPolicy("automated", prune=True, self_heal=True, finalizer=CASCADE)
    assert found["production"].sync == SyncPolicy("automated", prune=False, self_heal=True, finalizer="")


def test_sync_is_the_users_choice() -> None:
    text = "environments:\n  production: {sync: manual, finalizer: foreground}\n"
    found = load(text).environments["production"]
    assert found.sync == SyncPolicy("manual", prune=False, self_heal=False, finalizer=f"{CASCADE}/foreground")
    assert found.origins["sync"] == "sealock.yaml:2:22"
    assert "prune" not in found.origins


def test_environments_stand_in_promotion_order() -> None:
    text = "environments:\n  prod: {after: [qa, perf]}\n  perf: {after: dev}\n  qa: {after: dev}\n  dev:\n"
    found = load(text).environments
    assert list(found) == ["dev", "perf", "qa", "prod"]
    assert found["prod"].after == ("qa", "perf")
    assert (found["qa"].mirrors, found["perf"].mirrors, found["dev"].mirrors) == ("prod", "prod", "")


def test_production_is_what_nothing_follows_and_is_called_so() -> None:
    text = "environments:\n  prod-a: {}\n  prod-b: {after: prod-a}\n  live: {after: prod-a}\n"
    text += "  prod: {production: false}\n"
    production = [name for name, each in load(text).environments.items() if each.production]
    assert production == ["prod-b"]


def test_any_environment_can_be_called_production() -> None:
    found = load("environments: {qa: {}, live: {after: qa, production: true}}\n").environments
    assert (found["live"].production, found["qa"].mirrors) == (True, "live")


def test_gates_are_typed() -> None:
    text = """
environments:
  dev: {}
  production:
    after: dev
    gates:
      - healthy
      - {soak: 2h}
      - {smoke: ./smoke.sh}
      - {approvals: 2}
      - {freeze: {from: "Fri 16:00", to: "Mon 08:00", zone: Europe/Berlin}}
"""
    assert load(text).environments["production"].gates == (
        Gate("healthy"),
        Gate("soak", soak_seconds=7200),
        Gate("smoke", path="smoke.sh", timeout_seconds=300),
        Gate("approvals", approvals=2),
        Gate("freeze", freeze=Freeze("Fri 16:00", "Mon 08:00", "Europe/Berlin")),
    )


def test_a_version_is_kept_as_it_is_written() -> None:
    assert load('versions: {kubernetes: "1.34", argocd: 3.10}\n').versions == Versions("1.34", "3.10")


def test_the_rest_of_the_file_is_typed_too() -> None:
    text = """
policy: {rules: {staging-replicas-differ: off, unknown-sync-option: error}}
waivers:
  - {rule: unknown-kind, path: "overlays/**", reason: no schema yet, expires: 2027-03-31}
kustomize: {helm: true, loadRestrictor: none}
agent:
  onboard: {model: gpt-5.5, effort: high, budget: {usd: 0.50, tokens: 200000}}
"""
    found = load(text)
    assert found.levels == {"staging-replicas-differ": "off", "unknown-sync-option": "error"}
    assert found.kustomize == Kustomize(helm=True, load_restrictor="none")
    assert found.agent == {"onboard": AgentTask("gpt-5.5", "high", "read-only", Budget(0.5, 200_000))}
    (waiver,) = found.waivers
    expected = Waiver("unknown-kind", "overlays/**", "no schema yet", date(2027, 3, 31), waiver.location)
    assert (waiver, str(waiver.location)) == (expected, "sealock.yaml:4:5")


def test_every_fault_of_the_file_is_reported_at_once() -> None:
    text = """versions: {kubernetes: newest}
environments:
  dev:
  staging: {after: dve, gates: [healty, {soak: 30m, approvals: 1}, {soak: soon}]}
  production: {after: staging, sync: manul, prune: yes, finaliser: none}
waivers:
- {rule: x, path: a, expires: 2026-12-31}
agent: {onboard: {model: m, budget: {usd: 0}}}
waiver: []
"""
    assert faults(text) == snapshot(
        [
            'sealock.yaml:1:24: expected a version such as 1.34, found "newest" | ',
            "sealock.yaml:4:20: unknown environment `dve` | Did you mean `dev`?",
            'sealock.yaml:4:33: expected healthy, found "healty" | Did you mean `healthy`?',
            "sealock.yaml:4:41: expected one gate, found 2 keys | Give each gate its own `- `.",
            'sealock.yaml:4:75: expected a duration such as 30m, 2h or 1d, found "soon" | ',
            'sealock.yaml:5:38: expected one of auto, manual, found "manul" | Did you mean `manual`?',
            'sealock.yaml:5:52: expected true or false, found "yes" | Write it plain: true or false.',
            "sealock.yaml:5:57: unknown key `finaliser` | Did you mean `finalizer`?",
            "sealock.yaml:7:3: `reason` is missing | ",
            "sealock.yaml:8:43: expected a number above 0, found the number 0 | ",
            "sealock.yaml:9:1: unknown key `waiver` | Did you mean `waivers`?",
        ]
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[]\n", "sealock.yaml:1:1: expected a mapping, found a list"),
        ("environments: {}\n", "sealock.yaml:1:15: expected a mapping that is not empty, found a mapping"),
        ("environments: {Dev: {}}\n", "sealock.yaml:1:16: expected a DNS-1123 label"),
        (
            "environments: {image: {}}\n",
            "sealock.yaml:1:16: no environment can be called `image`: services have that key",
        ),
        (
            "environments: {a: {after: c}, b: {after: a}, c: {after: b}}\n",
            "sealock.yaml:1:16: environments come after each other: a → c → b → a",
        ),
        ("environments: {dev: {sync: manual, prune: true}}\n", "sealock.yaml:1:36: `prune` has no effect"),
        (
            "waivers: [{rule: a, path: b, reason: c, expires: 2026-02-30}]\n",
            'sealock.yaml:1:50: there is no day "2026-02-30"',
        ),
        (
            "waivers: [{rule: a, path: b, reason: ' ', expires: 2026-02-28}]\n",
            "sealock.yaml:1:38: expected text",
        ),
        ("kustomize: {helm: 1}\n", "sealock.yaml:1:19: expected true or false, found the number 1"),
        ("agent: {a: {model: m, budget: {usd: .inf}}}\n", "sealock.yaml:1:37: expected a number above 0"),
    ],
)
def test_a_fault_names_its_place(text: str, fault: str) -> None:
    (found,) = faults(text)
    assert found.startswith(fault)


def test_unknown_rules_are_found_where_the_rules_are_known() -> None:
    text = """policy: {rules: {missing-digest: off}}
waivers: [{rule: unknown-knd, path: a, reason: b, expires: 2026-12-31}]
"""
    assert faults(text, ("missing-digest-in-production", "unknown-kind")) == snapshot(
        [
            "sealock.yaml:1:18: unknown rule `missing-digest` | Did you mean `missing-digest-in-production`?",
            "sealock.yaml:2:18: unknown rule `unknown-knd` | Did you mean `unknown-kind`?",
        ]
    )


CUSTOM = """
environments: {dev: {}, live: {after: dev, production: true}}
policy:
  custom:
    - id: few-replicas
      kinds: [apps/v1/Deployment, StatefulSet]
      expression: object.spec.replicas <= 5
      messageExpression: "'at most 5, not ' + string(object.spec.replicas)"
      severity: warning
      tests:
        - {name: five are fine, object: &five {kind: StatefulSet, spec: {replicas: 5}}, valid: true}
        - {name: in production too, object: *five, old: *five, overlay: ./a/, environment: live, valid: true}
    - {id: no-pods, kinds: ["*"], expression: object.kind != 'Pod', message: no bare Pods}
"""


def test_organisation_rules_are_typed_with_their_tests_and_places() -> None:
    first, second = load(CUSTOM).custom
    five = {"kind": "StatefulSet", "spec": {"replicas": 5}}
    plain, in_production = first.tests
    assert (first.id, first.kinds, first.severity) == (
        "few-replicas",
        ("apps/v1/Deployment", "StatefulSet"),
        "warning",
    )
    assert (first.message, first.message_expression) == (
        "",
        "'at most 5, not ' + string(object.spec.replicas)",
    )
    assert (str(first.location), str(first.expression_location)) == ("sealock.yaml:5:7", "sealock.yaml:7:19")
    assert plain == CustomTest("five are fine", five, valid=True, location=plain.location)
    assert str(in_production.location) == "sealock.yaml:12:11"
    expected = CustomTest(
        "in production too",
        five,
        valid=True,
        location=in_production.location,
        old=five,
        overlay="a",
        environment="live",
        production=True,
    )
    assert expected == in_production
    assert (second.severity, second.message, second.tests) == ("error", "no bare Pods", ())


def test_an_organisation_rule_can_be_named_in_levels_and_waivers() -> None:
    text = """policy:
  rules: {no-pods: off}
  custom: [{id: no-pods, kinds: ["*"], expression: 'true', message: m}]
waivers: [{rule: no-pods, path: a, reason: b, expires: 2026-12-31}]
"""
    found = settings.load(text, known_rules=("unknown-kind",))
    assert (found.levels, found.waivers[0].rule) == ({"no-pods": "off"}, "no-pods")


def test_what_the_clusters_know_is_typed() -> None:
    text = """
policy: {podSecurity: {enforce: baseline, warn: restricted, version: v1.34}}
definitions: ["./crds/*.yaml"]
admissionPolicies: [policies/**]
namespaces: {payments: {labels: {team: shop, "example.com/tier": ""}}, other: }
clusters:
  - {name: eu, server: "https://10.0.0.1:6443", project: shop, labels: {env: prod}, annotations: {a/b: c d}}
healthOverrides: [argoproj.io/Application, PersistentVolumeClaim, "*.crossplane.io/*"]
"""
    found = load(text)
    assert found.pod_security == PodSecurity("baseline", "restricted", "privileged", "v1.34")
    assert (found.definitions, found.admission_policies) == (("crds/*.yaml",), ("policies/**",))
    assert found.namespaces == {"payments": {"team": "shop", "example.com/tier": ""}, "other": {}}
    assert found.clusters == (
        KnownCluster("eu", "https://10.0.0.1:6443", "shop", {"env": "prod"}, {"a/b": "c d"}),
    )
    assert found.health_overrides == ("argoproj.io/Application", "PersistentVolumeClaim", "*.crossplane.io/*")


def test_every_fault_of_rules_and_clusters_names_its_place() -> None:
    text = """policy:
  podSecurity: {enforce: strict, version: 1.34}
  custom:
    - {id: unknown-kind, kinds: [Pod], expression: "true", message: m}
    - {id: a, kinds: [Pod], expression: "true"}
    - id: a
      kinds: [Pod]
      expression: "true"
      message: m
      tests: [{name: n, object: {}, valid: true, environment: stagin}]
clusters:
  - {name: a, server: "https://a"}
  - {name: b, server: "https://a/"}
"""
    lines = [line for each in faults(text, ("unknown-kind",)) for line in each.split(" | ") if line]
    assert lines == snapshot(
        [
            'sealock.yaml:2:26: expected one of baseline, privileged, restricted, found "strict"',
            "Did you mean `restricted`?",
            "sealock.yaml:2:43: expected latest or a version such as v1.34, found the number 1.34",
            "Quote it if it is text.",
            "sealock.yaml:4:12: `unknown-kind` is a rule of Sealock itself",
            "Choose another id.",
            "sealock.yaml:5:7: `message` or `messageExpression` is missing",
            "sealock.yaml:6:11: the id `a` is already taken at sealock.yaml:5:7",
            "Each needs its own.",
            "sealock.yaml:10:63: unknown environment `stagin`",
            "Did you mean `staging`?",
            "sealock.yaml:13:23: the server `https://a` is already taken at sealock.yaml:12:5",
            "Each needs its own.",
        ]
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "policy: {custom: [{id: a, kinds: [], expression: x, message: m}]}\n",
            "sealock.yaml:1:34: expected a list that is not empty",
        ),
        (
            "policy: {custom: [{id: a, kinds: [apps/Deployment], expression: x, message: m}]}\n",
            "sealock.yaml:1:35: expected a kind such as Deployment, apps/v1/Deployment or v1/Pod, or *",
        ),
        (
            "policy: {custom: [{id: a, kinds: [Pod], expression: x, message: m, severity: fatal}]}\n",
            "sealock.yaml:1:78: expected one of error, note, warning",
        ),
        (
            """policy: {custom: [{id: a, kinds: [P], expression: x, message: m, tests: [
{name: n, valid: true, object: {x: .nan}}]}]}
""",
            "sealock.yaml:2:36: expected what JSON can hold",
        ),
        ("definitions: [../crds.yaml]\n", "sealock.yaml:1:15: expected a path or glob inside the repository"),
        ("namespaces: {a: {labels: {team: a b}}}\n", "sealock.yaml:1:33: expected a label value"),
        (
            "healthOverrides: [argoproj.io.Application]\n",
            "sealock.yaml:1:19: expected a group and kind such as argoproj.io/Application",
        ),
        ("clusters: [{name: a, server: 10.0.0.1}]\n", "sealock.yaml:1:30: expected the URL of an API server"),
        ("clusters: [{name: a}]\n", "sealock.yaml:1:12: `server` is missing"),
    ],
)
def test_a_fault_of_rules_and_clusters_names_its_place(text: str, fault: str) -> None:
    (found,) = faults(text)
    assert found.startswith(fault)
