"""What `sealock.yaml` says, after defaults."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

import msgspec

from sealock.domain.agent_run import Limits, Price, SandboxLevel
from sealock.domain.catalog import SyncPolicy
from sealock.domain.location import Location
from sealock.domain.mcp_server import McpServer


class Versions(msgspec.Struct, frozen=True):
    """The versions to check against, as `major.minor`; empty means the newest that is packaged."""

    kubernetes: str = ""
    argocd: str = ""


class Freeze(msgspec.Struct, frozen=True):
    """A window without promotions, in an IANA time zone.

    Weekly from `Fri 16:00` to `Mon 08:00`; once from `2026-12-20 00:00` to `2027-01-02 08:00`; or, where
    `cron` is not empty, `seconds` from every time that the cron expression names.
    """

    start: str = ""
    end: str = ""
    zone: str = "UTC"
    cron: str = ""
    seconds: int = 0


GateKind = Literal["healthy", "soak", "smoke", "approvals", "freeze", "signed", "program"]

HEALTH_MAX_AGE_SECONDS = 900
SMOKE_TIMEOUT_SECONDS = 300
PROGRAM_TIMEOUT_SECONDS = 60
SIGNERS = ".sealock/allowed_signers"


class Gate(msgspec.Struct, frozen=True):
    """One condition before a promotion into an environment. By `kind` some fields count.

    `healthy`: `max_age_seconds`, how old what was seen may be. `soak`: `soak_seconds`, and `max_age_seconds`
    too. `smoke` and `program`: `path`, a file in the repository, and `timeout_seconds`. `approvals`: how
    many of `from_` (of anybody, when empty), `by` signed notes or the forge's reviews; `signers` is the
    file of those whose signatures count. `freeze`: `freeze`. `signed`: `key`, a file with a public key.
    """

    kind: GateKind
    max_age_seconds: int = HEALTH_MAX_AGE_SECONDS
    soak_seconds: int = 0
    path: str = ""
    timeout_seconds: int = 0
    approvals: int = 0
    from_: tuple[str, ...] = ()
    by: Literal["notes", "forge"] = "notes"
    signers: str = SIGNERS
    freeze: Freeze | None = None
    key: str = ""


class Environment(msgspec.Struct, frozen=True):
    """One environment.

    `after` names the environments that a promotion comes from. `mirrors` is the production
    environment whose replicas this one takes when nothing else is said, or empty. `cluster` is
    empty where each service says its own. `origins` says where `cluster`, `sync` and
    `finalizer` come from (`sealock.yaml:4:9`, or `default: …`), and, where the user chose them,
    `prune` and `selfHeal`. `gates` are those of promotions into it, `rollback` those of rollbacks.
    """

    name: str
    after: tuple[str, ...]
    production: bool
    mirrors: str
    cluster: str
    sync: SyncPolicy
    gates: tuple[Gate, ...]
    origins: dict[str, str]
    rollback: tuple[Gate, ...] = ()


class Waiver(msgspec.Struct, frozen=True):
    """Silences `rule` for paths that match the glob `path` until the day `expires`, inclusive.

    One written as a comment holds for line `line` of the very file `path`; otherwise `line` is 0.
    """

    rule: str
    path: str
    reason: str
    expires: date
    location: Location
    line: int = 0


class Kustomize(msgspec.Struct, frozen=True):
    """How Argo CD runs Kustomize here: with Helm or not, and what files an overlay may load."""

    helm: bool = False
    load_restrictor: Literal["root-only", "none"] = "root-only"


class Budget(msgspec.Struct, frozen=True):
    """The most that one agent run may spend; None is without limit."""

    usd: float | None = None
    tokens: int | None = None


class AgentTask(msgspec.Struct, frozen=True):
    """How the agent runs one task.

    `paths` are globs of what it may change, all when empty; `protect` of what it may not, besides what
    nobody's agent may; `unprotect` of what of the latter it may. `prompt` and `schema` are files of the
    repository: what is asked where the command line asks nothing, and the JSON Schema of the answer.
    `mcp_servers` are those that it may use, by name. `network` is what its tools may connect to, as
    `host:port`; none when empty.
    """

    model: str
    effort: Literal["minimal", "low", "medium", "high", "xhigh"] = "medium"
    sandbox: SandboxLevel = "read-only"
    budget: Budget = Budget()
    summary: Literal["auto", "concise", "detailed", "none"] = "auto"
    limits: Limits = Limits()
    paths: tuple[str, ...] = ()
    protect: tuple[str, ...] = ()
    unprotect: tuple[str, ...] = ()
    prompt: str = ""
    schema: str = ""
    mcp_servers: dict[str, McpServer] = {}
    network: tuple[str, ...] = ()


class CodexChoice(msgspec.Struct, frozen=True):
    """Which Codex program runs: one at `path`, else the installed wheel's; what is empty is not pinned."""

    version: str = ""
    path: str = ""
    sha256: str = ""
    allow_untested: bool = False


Level = Literal["off", "note", "warning", "error"]


class CustomTest(msgspec.Struct, frozen=True):
    """An object on which an organisation rule must give a known verdict: content when `valid`.

    `old` is None unless the test is of a change; `overlay` and `environment` may be empty.
    """

    name: str
    object: dict[str, Any]
    valid: bool
    location: Location
    old: dict[str, Any] | None = None
    overlay: str = ""
    environment: str = ""
    production: bool = False


class CustomRule(msgspec.Struct, frozen=True):
    """An organisation rule: CEL `expression` is true for every object of `kinds` as it should be.

    A kind is `*`, `Deployment`, `apps/v1/Deployment` or `v1/Pod`. `message` may be empty only where
    `message_expression` is not. `location` is where the rule begins in the file.
    """

    id: str
    kinds: tuple[str, ...]
    expression: str
    message: str
    message_expression: str
    severity: Literal["error", "warning", "note"]
    tests: tuple[CustomTest, ...]
    location: Location
    expression_location: Location


PodSecurityLevel = Literal["privileged", "baseline", "restricted"]


class PodSecurity(msgspec.Struct, frozen=True):
    """The Pod Security level of namespaces whose labels say none; `version` is `latest` or `v1.34`."""

    enforce: PodSecurityLevel = "privileged"
    warn: PodSecurityLevel = "privileged"
    audit: PodSecurityLevel = "privileged"
    version: str = "latest"


class KnownCluster(msgspec.Struct, frozen=True):
    """A cluster as its secret in Argo CD describes it; `project` is empty for one that anybody may use."""

    name: str
    server: str
    project: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class TokenSource(msgspec.Struct, frozen=True):
    """Where a secret is had from: one of a variable of the environment, a file, a command's output."""

    env: str = ""
    file: str = ""
    command: tuple[str, ...] = ()


class UpstreamSettings(msgspec.Struct, frozen=True):
    """The provider of models: its Responses API's base URL, key, headers, and how long it may be silent.

    Without a `key` none is sent, as local providers want it. `ca_file` holds the certificates to trust, the
    system's where it is empty; a relative one is below the repository's root.
    """

    url: str = "https://api.openai.com/v1"
    key: TokenSource | None = TokenSource(env="OPENAI_API_KEY")
    headers: dict[str, str] = {}
    timeout_seconds: float = 120.0
    ca_file: str = ""


class PeriodBudget(msgspec.Struct, frozen=True):
    """The most that all runs spend in a period, and the percentages of it at which Sealock says so."""

    per: Literal["day", "week", "month"]
    usd: float | None = None
    tokens: int | None = None
    alert_at: tuple[int, ...] = (80,)


class Chamber(msgspec.Struct, frozen=True):
    """What holds for every run of the agent; `prices` by model."""

    codex: CodexChoice = CodexChoice()
    upstream: UpstreamSettings = UpstreamSettings()
    prices: dict[str, Price] = {}
    budgets: tuple[PeriodBudget, ...] = ()


ForgeKind = Literal["github", "gitlab", "forgejo"]


class ForgeSettings(msgspec.Struct, frozen=True):
    """The forge that pull requests go to; what is None or empty follows from the remote's URL.

    `url` is that of its API, `repository` what it calls the repository: `acme/platform`.
    """

    kind: ForgeKind | None = None
    url: str = ""
    repository: str = ""
    token: TokenSource | None = None


class HelmValues(msgspec.Struct, frozen=True):
    """Values files of Helm, by glob, in which dotted paths name an image; what is empty is not there."""

    file: str
    repository: str = ""
    tag: str = ""
    digest: str = ""


class Promotion(msgspec.Struct, frozen=True):
    """How promotions reach the deployed branch.

    An empty `remote` or `branch` follows from the clone. `tag_style` is how a tag is kept beside the
    digest. `evidence` are files and folders in the repository. `on_refused` says what a train does with a
    service whose gates refuse: wait with it, or leave without. `release_tag` holds `{version}`, and
    `{service}` where several services share the repository.
    """

    remote: str = ""
    branch: str = ""
    deliver: Literal["push", "pull-request"] = "push"
    forge: ForgeSettings | None = None
    auto_merge: bool = False
    tag_style: Literal["comment", "newTag", "drop"] = "comment"
    evidence: tuple[str, ...] = (".sealock/evidence",)
    on_refused: Literal["hold", "drop"] = "hold"
    helm_values: tuple[HelmValues, ...] = ()
    release_tag: str = "{service}/v{version}"
    release_sign: bool = False


class Settings(msgspec.Struct, frozen=True):
    """Everything in `sealock.yaml`; `environments` by name in promotion order.

    `levels` holds the rules whose severity the user set, by rule id. `definitions` and
    `admission_policies` are paths or globs of files in the repository that hold CRDs, and
    ValidatingAdmissionPolicies with their bindings and parameters. `namespaces` are the labels of
    namespaces that are not in the repository, by name. `clusters` are those of Argo CD, in the file's
    order. `health_overrides` are kinds (`group/Kind`, the core group's alone, `*` for any text) with a
    health check in argocd-cm.
    """

    versions: Versions
    environments: dict[str, Environment]
    levels: dict[str, Level]
    waivers: tuple[Waiver, ...]
    kustomize: Kustomize
    agent: dict[str, AgentTask]
    custom: tuple[CustomRule, ...] = ()
    pod_security: PodSecurity = PodSecurity()
    definitions: tuple[str, ...] = ()
    admission_policies: tuple[str, ...] = ()
    namespaces: dict[str, dict[str, str]] = {}
    clusters: tuple[KnownCluster, ...] = ()
    health_overrides: tuple[str, ...] = ()
    promotion: Promotion = Promotion()
    chamber: Chamber = Chamber()
