from datetime import date

import pytest
from inline_snapshot import snapshot

from sealock.config import settings
from sealock.domain.catalog import SyncPolicy
from sealock.domain.settings import AgentTask, Budget, Freeze, Gate, Kustomize, Settings, Versions, Waiver
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
        Gate("smoke", path="smoke.sh"),
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
        ("promotion: {}\n", "sealock.yaml:1:1: unknown key `promotion`"),
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
