import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.cli.main import run
from sealock.config import schema, services, settings
from sealock.domain.evidence import Evidence
from sealock.domain.yaml_document import parse_one, to_plain
from sealock.errors import ConfigurationError

DOCS = Path(__file__).parents[3] / "docs" / "reference"
DIGEST = "sha256:" + "0" * 64
SERVICES = f"""
repository: https://github.com/acme/platform-manifests.git
revision: main
defaults:
  namespace: shared
  production: {{cluster: prod-eu, sync: manual}}
services:
  ledger:
  payment-service:
    path: services/payment-service
    namespace: payments
    project: payments
    partOf: shop
    image: ghcr.io/acme/payment-service
    ports: {{http: 8080}}
    needs: [ledger]
    health: /healthz
    user: 1000
    disruptionBudget: true
    networkPolicy: false
    config: {{LOG_LEVEL: info, DEBUG: false}}
    autoscale: {{min: 2, max: 9}}
    dev: {{tag: 1.10, autoscale: null}}
    staging:
    production:
      cluster: https://10.0.0.1:6443
      replicas: 5
      digest: {DIGEST}
      finalizer: none
      resources: {{requests: {{cpu: 0.5, memory: 512Mi}}, limits: {{cpu: 2, memory: 2Gi}}}}
"""
CONFIG = """
versions: {kubernetes: "1.34", argocd: 3.5}
environments:
  dev:
  staging: {after: dev, gates: [healthy, {soak: 30m}, {smoke: ./smoke.sh}]}
  production:
    after: [staging]
    sync: manual
    finalizer: none
    gates:
      - healthy: {maxAge: 5m}
      - smoke: {run: ./smoke.sh, timeout: 2m}
      - approvals: 2
      - approvals: {count: 1, from: [a@example.com, b@example.com], by: notes, signers: keys/signers}
      - freeze: {from: "Fri 16:00", to: "Mon 08:00", zone: Europe/Berlin}
      - freeze: {from: "2026-12-20 00:00", to: "2027-01-02 08:00"}
      - freeze: {cron: "0 16 * * FRI", for: 64h, zone: Europe/Berlin}
      - signed: {key: keys/cosign.pub}
      - program: {run: gates/window, timeout: 60s}
    rollback: [{approvals: 1}]
policy:
  rules: {staging-replicas-differ: off}
  podSecurity: {enforce: baseline, warn: restricted, audit: restricted, version: v1.34}
  custom:
    - id: few-replicas
      kinds: [apps/v1/Deployment]
      expression: object.spec.replicas <= 5
      message: too many replicas
      messageExpression: "'too many: ' + string(object.spec.replicas)"
      severity: warning
      tests:
        - name: five are fine
          object: {apiVersion: apps/v1, spec: {replicas: 5}}
          old: {spec: null}
          overlay: a
          environment: dev
          production: true
          valid: true
definitions: [crds/*.yaml]
admissionPolicies: [policies/images.yaml]
namespaces: {payments: {labels: {team: shop}}}
clusters: [{name: eu, server: "https://10.0.0.1:6443", project: p, labels: {a: b}, annotations: {c: d}}]
healthOverrides: [argoproj.io/Application]
waivers: [{rule: unknown-kind, path: "**", reason: no schema yet, expires: 2027-03-31}]
kustomize: {helm: false, loadRestrictor: root-only}
promotion:
  remote: origin
  branch: main
  deliver: pull-request
  forge: {kind: forgejo, url: "https://git.example.com", repository: acme/platform, token: {env: TOKEN}}
  autoMerge: true
  tag: newTag
  evidence: [evidence, health.jsonl]
  trains: {onRefused: drop}
  helmValues: [{file: "**/values.yaml", repository: image.repository, tag: image.tag, digest: image.digest}]
  release: {tag: "{service}-{version}", sign: true}
agent:
  onboard:
    model: gpt-5.5
    effort: high
    sandbox: read-only
    budget: {usd: 0.5, tokens: 200000}
    mcpServers:
      cluster:
        command: /usr/bin/python3
        sha256: "0000000000000000000000000000000000000000000000000000000000000000"
        args: [server.py]
        env: {LEVEL: debug}
        files:
          - path: tools/server.py
            sha256: "0000000000000000000000000000000000000000000000000000000000000000"
        enabledTools: [pods_list]
        disabledTools: [pods_delete]
        startup: 5s
        timeout: 30s
"""


def plain(text: str) -> Any:  # noqa: ANN401 - whatever the file holds
    node = parse_one(text, "x.yaml")
    assert node is not None
    return to_plain(node)


VALIDATORS = {
    "services": jsonschema_rs.Draft202012Validator(schema.services()),
    "config": jsonschema_rs.Draft202012Validator(schema.config()),
}
EXAMPLES = {"services": plain(SERVICES), "config": plain(CONFIG)}


def decodes(name: str, value: object) -> bool:
    text = json.dumps(value, ensure_ascii=False)
    try:
        if name == "config":
            settings.load(text)
        else:
            services.load(text, "services.yaml", settings.load(""))
    except ConfigurationError:
        return False
    return True


@pytest.mark.parametrize("name", ["services", "config"])
def test_the_full_example_is_valid_for_schema_and_decoder(name: str) -> None:
    jsonschema_rs.meta.validate(schema.services() if name == "services" else schema.config())
    assert [str(each) for each in VALIDATORS[name].iter_errors(EXAMPLES[name])] == []
    assert decodes(name, EXAMPLES[name])


def paths(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    below: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        below = list(value.items())
    elif isinstance(value, list):
        below = list(enumerate(value))
    return [path, *(each for key, child in below for each in paths(child, (*path, key)))]


def put(value: Any, path: tuple[str | int, ...], new: object) -> Any:  # noqa: ANN401
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(value[path[0]], path[1:], new)  # type: ignore[index]
    return copy


def renamed(value: Any, path: tuple[str | int, ...], key: str) -> Any:  # noqa: ANN401
    parent: Any = value
    for step in path[:-1]:
        parent = parent[step]
    changed = {key if old == path[-1] else old: each for old, each in parent.items()}
    return put(value, path[:-1], changed)


WORDS = ("", "x", "A b", "../x", "a/b", "on", "sha256:0", "Fri 16:00")
WRONG = st.sampled_from((*WORDS, None, True, 0, -1, 1.5, 70000, [], [1], {}, {"q": 1}))


@pytest.mark.parametrize("name", ["services", "config"])
@given(st.data())
def test_what_the_schema_refuses_the_decoder_refuses(name: str, data: st.DataObject) -> None:
    example = EXAMPLES[name]
    # An empty settings file is fine for the decoder; a schema has no word for a file without a value.
    path = data.draw(st.sampled_from(paths(example)[1:]))
    changed = put(example, path, data.draw(WRONG))
    if not VALIDATORS[name].is_valid(changed):
        assert not decodes(name, changed)


@given(st.data())
def test_what_the_decoder_of_settings_refuses_the_schema_refuses_too(data: st.DataObject) -> None:
    example = EXAMPLES["config"]
    # Beyond a schema: what one environment says of another, the digits of a version that is a number, and
    # whether a freeze begins before it ends, in a zone that there is.
    other = {"after", "versions", "environment", "freeze"}
    told = [each for each in paths(example)[1:] if not other & set(each)]
    path = data.draw(st.sampled_from(told))
    changed = put(example, path, data.draw(WRONG))
    if VALIDATORS["config"].is_valid(changed):
        assert decodes("config", changed)


@pytest.mark.parametrize("name", ["services", "config"])
@given(st.data())
def test_a_misspelt_key_is_refused_by_both(name: str, data: st.DataObject) -> None:
    example = EXAMPLES[name]
    # Below a test's object and an annotation's key any key will do.
    open_ = {"object", "old", "annotations"}
    keys = [each for each in paths(example) if each and isinstance(each[-1], str)]
    path = data.draw(st.sampled_from([each for each in keys if not open_ & set(each[:-1])]))
    changed = renamed(example, path, f"{path[-1]} ")
    assert not VALIDATORS[name].is_valid(changed)
    assert not decodes(name, changed)


def test_environments_are_keys_of_a_service() -> None:
    validator = jsonschema_rs.Draft202012Validator(schema.services(("qa", "prod-eu")))
    assert validator.is_valid({"services": {"a": {"prod-eu": {"replicas": 1}, "qa": None}}})
    assert not validator.is_valid({"services": {"a": {"production": {"replicas": 1}}}})


@pytest.mark.parametrize(("name", "page"), [("services", "services-yaml.md"), ("config", "sealock-yaml.md")])
def test_the_reference_page_holds_the_generated_tables(name: str, page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    _, begin, rest = text.partition("<!-- generated: the tables of keys -->\n")
    tables, end, _ = rest.partition("<!-- end of generated tables -->")
    assert (bool(begin), bool(end)) == (True, True)
    assert tables.strip() == schema.reference(name).strip()


def test_the_page_on_evidence_holds_the_generated_table_and_a_valid_example() -> None:
    text = (DOCS / "evidence.md").read_text(encoding="utf-8")
    _, _, rest = text.partition("<!-- generated: the table of keys -->\n")
    assert (
        schema.reference("evidence").strip() == rest.partition("<!-- end of generated table -->")[0].strip()
    )
    example = json.loads(text.partition("```json\n")[2].partition("```")[0])
    validator = jsonschema_rs.Draft202012Validator(schema.evidence())
    assert [str(each) for each in validator.iter_errors(example)] == []
    assert msgspec.convert(example, Evidence).service == "ledger"


def test_the_command_prints_the_schema_of_evidence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", "evidence"]) == 0
    assert json.loads(capsys.readouterr().out) == schema.evidence()


@pytest.mark.parametrize("page", ["services-yaml.md", "sealock-yaml.md"])
def test_every_example_of_the_reference_pages_loads(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks = [each.split("\n```")[0] for each in text.split("```yaml\n")[1:]]
    name = "services" if page.startswith("services") else "config"
    loaded = [decodes(name, plain(each)) for each in blocks]
    assert loaded == [True] * len(blocks)
    assert blocks


def test_the_command_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", "config"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(schema.config()))


def test_the_command_writes_the_schema_for_the_repositorys_environments(tmp_path: Path) -> None:
    (tmp_path / "sealock.yaml").write_text("environments: {qa: {}}\n", encoding="utf-8")
    out = tmp_path / "services.schema.json"
    assert run(["schema", "services", "--repo", str(tmp_path), "--out", str(out)]) == 0
    assert json.loads(out.read_text(encoding="utf-8")) == json.loads(json.dumps(schema.services(("qa",))))


def test_the_command_says_where_it_cannot_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", "config", "--out", str(tmp_path / "no" / "x.json")]) == 2
    assert "cannot be written: No such file or directory" in capsys.readouterr().err
