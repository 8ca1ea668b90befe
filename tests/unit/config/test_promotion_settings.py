"""Gates and delivery in sealock.yaml: what is typed, and what is refused as nonsense."""

from __future__ import annotations

import pytest

from sealock.config import settings
from sealock.domain.settings import (
    ForgeSettings,
    Freeze,
    Gate,
    HelmValues,
    Promotion,
    TokenSource,
)
from sealock.errors import ConfigurationError


def gates(text: str, key: str = "gates") -> tuple[Gate, ...]:
    found = settings.load(f"environments: {{dev: {{}}, live: {{after: dev, {key}: [{text}]}}}}\n")
    return found.environments["live"].gates if key == "gates" else found.environments["live"].rollback


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        settings.load(text)
    found = caught.value.problems or (caught.value,)
    return [f"{each.where}: {each.message} | {each.hint}" for each in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("healthy", Gate("healthy", max_age_seconds=900)),
        ("healthy: {}", Gate("healthy", max_age_seconds=900)),
        ("healthy: {maxAge: 90s}", Gate("healthy", max_age_seconds=90)),
        ("soak: 2h", Gate("soak", soak_seconds=7200)),
        ("smoke: ./a/t.sh", Gate("smoke", path="a/t.sh", timeout_seconds=300)),
        ("smoke: {run: ./t.sh, timeout: 1h}", Gate("smoke", path="t.sh", timeout_seconds=3600)),
        ("approvals: 2", Gate("approvals", approvals=2, signers=".sealock/allowed_signers")),
        (
            "approvals: {count: 1, from: [a@x, b@x], signers: ./keys/signers}",
            Gate("approvals", approvals=1, from_=("a@x", "b@x"), signers="keys/signers"),
        ),
        ("approvals: {count: 1, by: forge}", Gate("approvals", approvals=1, by="forge")),
        (
            'freeze: {from: "Fri 16:00", to: "Mon 08:00"}',
            Gate("freeze", freeze=Freeze("Fri 16:00", "Mon 08:00")),
        ),
        (
            'freeze: {from: "2026-12-20 00:00", to: "2027-01-02 08:00", zone: Europe/Berlin}',
            Gate("freeze", freeze=Freeze("2026-12-20 00:00", "2027-01-02 08:00", "Europe/Berlin")),
        ),
        (
            'freeze: {cron: "0 16 * * FRI", for: 64h}',
            Gate("freeze", freeze=Freeze(cron="0 16 * * FRI", seconds=64 * 3600)),
        ),
        ("signed: {key: ./keys/cosign.pub}", Gate("signed", key="keys/cosign.pub")),
        ("program: {run: ./g}", Gate("program", path="g", timeout_seconds=60)),
        ("program: {run: ./g, timeout: 5s}", Gate("program", path="g", timeout_seconds=5)),
    ],
)
def test_a_gate_has_a_short_and_a_long_form(text: str, expected: Gate) -> None:
    assert (expected,) == gates(f"{{{text}}}" if ":" in text else text)


def test_a_soak_takes_from_the_healthy_beside_it_how_old_evidence_may_be() -> None:
    expected = (Gate("soak", max_age_seconds=60, soak_seconds=7200), Gate("healthy", max_age_seconds=60))
    assert expected == gates("{soak: 2h}, {healthy: {maxAge: 1m}}")


def test_rollbacks_have_gates_of_their_own() -> None:
    assert gates("{approvals: 1}", "rollback") == (Gate("approvals", approvals=1),)
    assert settings.load("").environments["production"].rollback == ()


WINDOW = "expected `from` and `to`, or `cron` and `for`, found"
INSIDE = "expected a path inside the repository (relative, with /, without .. or .git), found"


@pytest.mark.parametrize(
    ("gate", "fault"),
    [
        ("»{}", "expected one gate, found 0 keys | Give each gate its own `- `."),
        ("{soak: »0s}", 'expected a duration such as 30m, 2h or 1d, found "0s"'),
        ("{smoke: »/bin/sh}", f'{INSIDE} "/bin/sh"'),
        ("{smoke: {run: t, timeout: »2d}}", "expected at most 1d, found 2d"),
        ("{program: »{timeout: 2s}}", "`run` is missing"),
        ("{signed: {key: »../k}}", f'{INSIDE} "../k"'),
        ("{approvals: »0}", "expected a whole number from 1 to 100, found the number 0"),
        ("{approvals: {count: »3, from: [a@x, b@x]}}", "3 approvals of 2 people can never be had | Lower"),
        ("{approvals: {count: 1, from: »[a@x, A@x]}}", "somebody stands here twice"),
        ("{approvals: {count: 1, from: »[]}}", "expected a list that is not empty, found a list"),
        ("{approvals: {count: 1, by: forge, »signers: s}}", "`signers` has no effect with `by: forge`"),
        ("{freeze: »{}}", f"{WINDOW} neither | Such as"),
        ('{freeze: »{from: "Fri 16:00"}}', f"{WINDOW} `from`"),
        ('{freeze: »{from: "Fri 16:00", to: "Mon 08:00", for: 1h}}', f"{WINDOW} `from`, `to`, `for`"),
        ('{freeze: {from: "Fri 16:00", to: »"Fri 16:00"}}', "`from` and `to` are the same"),
        ('{freeze: {from: "Fri 16:00", to: »"2026-01-01 00:00"}}', "`from` and `to` are of two kinds"),
        ('{freeze: {from: "2027-01-01 00:00", to: »"2026-01-01 00:00"}}', "`to` is before `from` | Swap"),
        ('{freeze: {from: »"2027-02-29 00:00", to: "2027-03-01 00:00"}}', 'there is no day "2027-02-29"'),
        (
            '{freeze: {from: "Fri 16:00", to: "Mon 08:00", zone: »Europe/Berlni}}',
            "unknown time zone `Europe/Berlni` | Did you mean `Europe/Berlin`?",
        ),
        ('{freeze: {cron: »"0 0 30 2 *", for: 1h}}', "this is no cron expression: its day-of-month is wrong"),
        ('{freeze: {cron: »"0 0 0 * * *", for: 1h}}', "expected a cron expression of five fields"),
        ('{freeze: {cron: "0 0 * * *", for: »25h}}', "this freeze does not end within 400 days"),
        ('{freeze: {cron: "0 0 1 1 *", for: »999d}}', "expected at most 366d, found 999d"),
    ],
)
def test_a_gate_that_makes_no_sense_is_refused_at_its_place(gate: str, fault: str) -> None:
    text = f"environments: {{dev: {{}}, live: {{after: dev, gates: [{gate}]}}}}\n"
    (found,) = faults(text.replace("»", ""))
    assert found.startswith(f"sealock.yaml:1:{text.index('»') + 1}: {fault}")


def test_nothing_can_be_healthy_where_nothing_comes_before() -> None:
    text = "environments: {dev: {gates: [healthy]}, live: {after: dev, rollback: [{soak: 1h}]}}\n"
    assert faults(text) == [
        f"sealock.yaml:{where}: nothing can be {why} | Remove this gate."
        for where, why in (
            ("1:30", "`healthy` here: no environment comes before `dev`"),
            ("1:71", "`soak` here: a rollback comes from none"),
        )
    ]


def test_promotion_has_defaults() -> None:
    expected = Promotion(
        remote="",
        branch="",
        deliver="push",
        forge=None,
        auto_merge=False,
        tag_style="comment",
        evidence=(".sealock/evidence",),
        on_refused="hold",
        helm_values=(),
        release_tag="{service}/v{version}",
        release_sign=False,
    )
    assert [expected] * 2 == [settings.load(text).promotion for text in ("", "promotion: {}\n")]


def test_promotion_is_typed() -> None:
    text = """
promotion:
  remote: upstream
  branch: release/2.x
  deliver: pull-request
  forge:
    {kind: gitlab, url: "https://git.example.com/api/v4/", repository: a/b/c, token: {command: [pass, x]}}
  autoMerge: true
  tag: drop
  evidence: [./evidence/, health.jsonl]
  trains: {onRefused: drop}
  helmValues: [{file: "**/values.yaml", tag: image.tag}]
  release: {tag: "v{version}", sign: true}
"""
    expected = Promotion(
        remote="upstream",
        branch="release/2.x",
        deliver="pull-request",
        forge=ForgeSettings(
            "gitlab",
            "https://git.example.com/api/v4",
            "a/b/c",
            TokenSource(command=("pass", "x")),
        ),
        auto_merge=True,
        tag_style="drop",
        evidence=("evidence", "health.jsonl"),
        on_refused="drop",
        helm_values=(HelmValues("**/values.yaml", "", "image.tag", ""),),
        release_tag="v{version}",
        release_sign=True,
    )
    assert expected == settings.load(text).promotion


@pytest.mark.parametrize("token", [TokenSource(env="GITHUB_TOKEN"), TokenSource(file="/run/secrets/token")])
def test_a_token_has_one_source(token: TokenSource) -> None:
    key = f"env: {token.env}" if token.env else f"file: {token.file}"
    found = settings.load(f"promotion: {{forge: {{token: {{{key}}}}}}}\n").promotion.forge
    assert ForgeSettings(token=token) == found


@pytest.mark.parametrize(
    ("promotion", "fault"),
    [
        ("remote: --upload-pack=x", "expected the name of a Git remote such as origin"),
        ("branch: -f", "expected a branch such as main"),
        ("branch: a..b", "expected a branch such as main"),
        ("branch: a.lock", "expected a branch such as main"),
        ('branch: "a b"', "expected a branch such as main"),
        ("deliver: email", 'expected one of pull-request, push, found "email"'),
        ("forge: {kind: github, token: {}}", "expected one of `env`, `file`, `command`, found 0"),
        ("forge: {token: {env: A, file: b}}", "expected one of `env`, `file`, `command`, found 2"),
        ("forge: {token: ghp_x}", 'expected a mapping, found "ghp_x"'),
        ('forge: {url: "https://a.example"}', "`kind` is missing: a URL does not say which forge it is"),
        (
            'forge: {kind: github, url: "http://a.example"}',
            "expected an https URL such as https://api.github.com",
        ),
        ('forge: {kind: github, url: "https://u:p@a.example"}', "expected an https URL"),
        ("forge: {repository: ../x}", "expected a repository as the forge calls it, such as acme/platform"),
        ("evidence: [../other]", "expected a path inside the repository"),
        ('helmValues: [{file: "v.yaml", repository: a}]', "`tag` or `digest` is missing"),
        ('helmValues: [{file: "v.yaml", tag: "a..b"}]', "expected a dotted path such as image.tag"),
        ('release: {tag: "v1"}', "expected a tag with {version}"),
        ('release: {tag: "{version}/{branch}"}', "expected a tag with {version}"),
        ('release: {tag: "{version}.lock"}', "expected a tag with {version}"),
    ],
)
def test_a_delivery_that_cannot_be_is_refused(promotion: str, fault: str) -> None:
    (found,) = faults(f"promotion: {{{promotion}}}\n")
    assert found.partition(": ")[2].startswith(fault)


def test_a_token_in_the_file_is_not_repeated_in_the_message() -> None:
    (found,) = faults('promotion: {forge: {kind: github, url: "https://user:secret@a.example"}}\n')
    assert "secret" not in found
