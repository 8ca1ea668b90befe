"""The shape of `sealock.yaml`: what may stand where, and what each key means."""

# No `from __future__ import annotations`: msgspec would compile each annotation again (7 ms).

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from sealock.config.vocabulary import (
    ApiUrl,
    Argument,
    BranchName,
    Cluster,
    CodexVersion,
    Cron,
    Date,
    Duration,
    EgressEntry,
    FilePath,
    ForgeRepository,
    GroupKind,
    HeaderName,
    HeaderText,
    KindPattern,
    Label,
    LabelKey,
    LabelText,
    McpServerName,
    MinorVersion,
    NamedFilePath,
    PathGlob,
    Person,
    PodSecurityLevel,
    PodSecurityVersion,
    PriceUsd,
    RelativePath,
    ReleaseTag,
    RemoteName,
    RuleId,
    Sentence,
    ServerUrl,
    Sha256,
    ToolName,
    ValuesPath,
    VariableName,
    WindowTime,
    Zone,
)
from sealock.domain.agent_run import SandboxLevel
from sealock.domain.settings import ForgeKind, Level

_STRICT: dict[str, Any] = {"frozen": True, "forbid_unknown_fields": True, "rename": "camel"}


class VersionsSection(msgspec.Struct, **_STRICT):
    """The versions to check against."""

    kubernetes: Annotated[
        MinorVersion | float | UnsetType,
        Meta(description="Kubernetes version of the clusters. Default: the newest that is packaged."),
    ] = UNSET
    argocd: Annotated[
        MinorVersion | float | UnsetType,
        Meta(description="Argo CD version. Default: the newest that is packaged."),
    ] = UNSET


class HealthySection(msgspec.Struct, **_STRICT):
    """Whether the environments before are healthy with what is to be promoted."""

    max_age: Annotated[
        Duration | UnsetType, Meta(description="How old what was seen may be. Default: 15m.")
    ] = UNSET


class SmokeSection(msgspec.Struct, **_STRICT):
    """A smoke test."""

    run: Annotated[RelativePath, Meta(description="The program in the repository.")]
    timeout: Annotated[
        Duration | UnsetType, Meta(description="When it is ended, undecided; at most 1d. Default: 5m.")
    ] = UNSET


class ApprovalsSection(msgspec.Struct, **_STRICT):
    """Who must approve. The author of a promotion does not count."""

    count: Annotated[Annotated[int, Meta(ge=1, le=100)], Meta(description="How many people must approve.")]
    from_: Annotated[
        Annotated[list[Person], Meta(min_length=1)] | UnsetType,
        Meta(description="Whose approval counts. Default: that of all signers, or of all reviewers."),
    ] = msgspec.field(name="from", default=UNSET)
    by: Annotated[
        Literal["notes", "forge"],
        Meta(description="Signed Git notes, or reviews of the pull request. Default: notes."),
    ] = "notes"
    signers: Annotated[
        RelativePath | UnsetType,
        Meta(
            description="The file that says whose signatures on notes count. "
            "Default: .sealock/allowed_signers."
        ),
    ] = UNSET


class FreezeSection(msgspec.Struct, **_STRICT):
    """A window without promotions: `from` and `to`, both weekly or both dates, or `cron` and `for`."""

    from_: Annotated[WindowTime | UnsetType, Meta(description="When it begins.")] = msgspec.field(
        name="from", default=UNSET
    )
    to: Annotated[WindowTime | UnsetType, Meta(description="When it ends.")] = UNSET
    cron: Annotated[Cron | UnsetType, Meta(description="When it begins, again and again.")] = UNSET
    for_: Annotated[
        Duration | UnsetType,
        Meta(description="How long it lasts from a time of `cron`, by a stopwatch; at most 366d."),
    ] = msgspec.field(name="for", default=UNSET)
    zone: Annotated[Zone, Meta(description="Time zone of all of these. Default: UTC.")] = "UTC"


class SignedSection(msgspec.Struct, **_STRICT):
    """A signature that images must have."""

    key: Annotated[
        RelativePath, Meta(description="File in the repository with the public key, PEM as cosign writes it.")
    ]


class ProgramSection(msgspec.Struct, **_STRICT):
    """A gate of your own."""

    run: Annotated[RelativePath, Meta(description="The program in the repository.")]
    timeout: Annotated[
        Duration | UnsetType, Meta(description="When it is ended, undecided; at most 1d. Default: 60s.")
    ] = UNSET


class GateSection(msgspec.Struct, **_STRICT):
    """One gate: exactly one of these keys."""

    healthy: Annotated[
        HealthySection | UnsetType,
        Meta(description="The environments before must be healthy. `- healthy` does without settings."),
    ] = UNSET
    soak: Annotated[
        Duration | UnsetType, Meta(description="How long they must have been healthy without a break.")
    ] = UNSET
    smoke: Annotated[
        RelativePath | SmokeSection | UnsetType,
        Meta(description="A program in the repository that must exit 0."),
    ] = UNSET
    approvals: Annotated[
        Annotated[int, Meta(ge=1, le=100)] | ApprovalsSection | UnsetType,
        Meta(description="How many people must approve, or who."),
    ] = UNSET
    freeze: Annotated[FreezeSection | UnsetType, Meta(description="When nothing is promoted.")] = UNSET
    signed: Annotated[SignedSection | UnsetType, Meta(description="Images must be signed.")] = UNSET
    program: Annotated[
        ProgramSection | UnsetType, Meta(description="A program in the repository must say yes.")
    ] = UNSET


GateEntry = Literal["healthy"] | GateSection


class EnvironmentSection(msgspec.Struct, **_STRICT):
    """One environment."""

    after: Annotated[
        Label | list[Label] | UnsetType, Meta(description="The environments that a promotion comes from.")
    ] = UNSET
    production: Annotated[
        bool | UnsetType,
        Meta(
            description="Whether production rules hold. Default: true when nothing comes after it "
            "and its name starts with `prod`."
        ),
    ] = UNSET
    cluster: Annotated[
        Cluster | UnsetType, Meta(description="Where its services run, unless a service says otherwise.")
    ] = UNSET
    sync: Annotated[
        Literal["auto", "manual"] | UnsetType,
        Meta(description="Whether Argo CD syncs by itself. Default: auto."),
    ] = UNSET
    prune: Annotated[
        bool | UnsetType,
        Meta(description="Whether a sync deletes what left Git. Default: false in production, else true."),
    ] = UNSET
    self_heal: Annotated[
        bool | UnsetType, Meta(description="Whether Argo CD undoes changes on the cluster. Default: true.")
    ] = UNSET
    finalizer: Annotated[
        Literal["none", "cascade", "foreground", "background"] | UnsetType,
        Meta(
            description="Whether deleting an Application deletes its workloads, and how. "
            "Default: none in production, else cascade."
        ),
    ] = UNSET
    gates: Annotated[
        list[GateEntry],
        Meta(description="What must hold before a promotion into it; a hotfix goes past all but `signed`."),
    ] = msgspec.field(default_factory=list)
    rollback: Annotated[
        list[GateEntry], Meta(description="What must hold before a rollback in it. Default: nothing.")
    ] = msgspec.field(default_factory=list)


class CustomTestSection(msgspec.Struct, **_STRICT):
    """An object on which an organisation rule must give a known verdict."""

    name: Annotated[Sentence, Meta(description="What the test shows.")]
    object: Annotated[dict[str, Any], Meta(description="The object, as it would be rendered.")]
    valid: Annotated[bool, Meta(description="Whether the rule must be content with it.")]
    old: Annotated[
        dict[str, Any] | UnsetType, Meta(description="The object as it was before the change, if it was.")
    ] = UNSET
    overlay: Annotated[
        RelativePath | UnsetType, Meta(description="The overlay that renders it. Default: none.")
    ] = UNSET
    environment: Annotated[
        Label | UnsetType, Meta(description="The environment it is rendered for. Default: none.")
    ] = UNSET
    production: Annotated[
        bool | UnsetType,
        Meta(description="Whether that environment is production. Default: as `environments` says."),
    ] = UNSET


class CustomRuleSection(msgspec.Struct, **_STRICT):
    """An organisation rule: a CEL expression that is true for every object as it should be."""

    id: Annotated[RuleId, Meta(description="The rule's id, for findings, severities and waivers.")]
    kinds: Annotated[
        Annotated[list[KindPattern], Meta(min_length=1)], Meta(description="The kinds it is asked about.")
    ]
    expression: Annotated[
        Sentence,
        Meta(
            description="CEL over `object`, `oldObject` (null unless it was there before), `overlay`, "
            "`environment` (both empty outside an overlay) and `production`."
        ),
    ]
    message: Annotated[
        Sentence | UnsetType, Meta(description="What a finding says. Required without `messageExpression`.")
    ] = UNSET
    message_expression: Annotated[
        Sentence | UnsetType, Meta(description="CEL that makes the message; `message` is used when it fails.")
    ] = UNSET
    severity: Annotated[
        Literal["error", "warning", "note"], Meta(description="How bad a finding is. Default: error.")
    ] = "error"
    tests: Annotated[
        list[CustomTestSection], Meta(description="Objects with the verdict that the rule must give.")
    ] = msgspec.field(default_factory=list)


class PodSecuritySection(msgspec.Struct, **_STRICT):
    """The Pod Security level of namespaces whose labels say none, as the clusters' defaults are."""

    enforce: Annotated[
        PodSecurityLevel | UnsetType, Meta(description="What is refused. Default: privileged.")
    ] = UNSET
    warn: Annotated[
        PodSecurityLevel | UnsetType, Meta(description="What is warned of. Default: privileged.")
    ] = UNSET
    audit: Annotated[
        PodSecurityLevel | UnsetType, Meta(description="What is noted. Default: privileged.")
    ] = UNSET
    version: Annotated[
        PodSecurityVersion, Meta(description="Kubernetes version of the levels. Default: latest.")
    ] = "latest"


class PolicySection(msgspec.Struct, **_STRICT):
    """How bad each rule's findings are, and what else must hold."""

    rules: Annotated[
        dict[RuleId, Level], Meta(description="Severity by rule id; `off` switches a rule off.")
    ] = msgspec.field(default_factory=dict)
    custom: Annotated[list[CustomRuleSection], Meta(description="Organisation rules in CEL.")] = (
        msgspec.field(default_factory=list)
    )
    pod_security: Annotated[
        PodSecuritySection | UnsetType, Meta(description="Pod Security where no label says otherwise.")
    ] = UNSET


class NamespaceSection(msgspec.Struct, **_STRICT):
    """What the clusters say of a namespace that is not in the repository."""

    labels: Annotated[dict[LabelKey, LabelText], Meta(description="Its labels.")] = msgspec.field(
        default_factory=dict
    )


class ClusterSection(msgspec.Struct, **_STRICT):
    """A cluster as Argo CD knows it: what its cluster secret says."""

    name: Annotated[Sentence, Meta(description="Its name in Argo CD.")]
    server: Annotated[ServerUrl, Meta(description="The URL of its API server.")]
    project: Annotated[
        Label | UnsetType, Meta(description="The AppProject it belongs to. Default: none.")
    ] = UNSET
    labels: Annotated[
        dict[LabelKey, LabelText], Meta(description="Labels of its secret, for generators to select by.")
    ] = msgspec.field(default_factory=dict)
    annotations: Annotated[
        dict[LabelKey, str], Meta(description="Annotations of its secret, for templates to use.")
    ] = msgspec.field(default_factory=dict)


class WaiverSection(msgspec.Struct, **_STRICT):
    """One accepted finding or undecided check."""

    rule: Annotated[RuleId, Meta(description="The rule, or `unknown-kind` for kinds without a schema.")]
    path: Annotated[Sentence, Meta(description="Glob of the files it holds for.")]
    reason: Annotated[Sentence, Meta(description="Why this is right, for the next reader.")]
    expires: Annotated[Date, Meta(description="The last day on which it holds.")]


class KustomizeSection(msgspec.Struct, **_STRICT):
    """How Argo CD runs Kustomize here."""

    helm: Annotated[
        bool, Meta(description="Run `helm` for helmCharts, as `--enable-helm` does. Default: false.")
    ] = False
    load_restrictor: Annotated[
        Literal["root-only", "none"],
        Meta(description="Which files an overlay may load. Default: root-only."),
    ] = "root-only"


class BudgetSection(msgspec.Struct, **_STRICT):
    """The most that one agent run may spend."""

    usd: Annotated[Annotated[float, Meta(gt=0)] | UnsetType, Meta(description="US dollars.")] = UNSET
    tokens: Annotated[Annotated[int, Meta(ge=1)] | UnsetType, Meta(description="Tokens in and out.")] = UNSET


class PinnedFileSection(msgspec.Struct, **_STRICT):
    """A file of an MCP server; it lies beside the program, under its own name."""

    path: Annotated[NamedFilePath, Meta(description="Absolute, or relative to the repository's root.")]
    sha256: Annotated[Sha256, Meta(description="The SHA-256 of the file.")]


class McpServerSection(msgspec.Struct, **_STRICT):
    """A server of tools, which speaks MCP over its standard input and output, in a sandbox of its own."""

    command: Annotated[
        NamedFilePath,
        Meta(description="The program, one file: absolute, or relative to the repository's root."),
    ]
    sha256: Annotated[Sha256, Meta(description="The SHA-256 of the program.")]
    args: Annotated[
        list[Argument], Meta(description="Its arguments. It starts in the folder with its files.")
    ] = msgspec.field(default_factory=list)
    env: Annotated[
        dict[VariableName, Argument],
        Meta(description="Its variables, written out; none is inherited, and a secret has no place here."),
    ] = msgspec.field(default_factory=dict)
    files: Annotated[list[PinnedFileSection], Meta(description="What else it needs.")] = msgspec.field(
        default_factory=list
    )
    enabled_tools: Annotated[
        Annotated[list[ToolName], Meta(min_length=1)] | UnsetType,
        Meta(description="The tools that the model gets. Default: all."),
    ] = UNSET
    disabled_tools: Annotated[list[ToolName], Meta(description="Tools that it does not get.")] = (
        msgspec.field(default_factory=list)
    )
    startup: Annotated[
        Duration | UnsetType, Meta(description="How long it may take to start; at most 1h. Default: 10s.")
    ] = UNSET
    timeout: Annotated[
        Duration | UnsetType, Meta(description="How long a call may take; at most 1h. Default: 60s.")
    ] = UNSET


class NetworkSection(msgspec.Struct, **_STRICT):
    """What the tools of a task may reach; only in a container, and with `sandbox: workspace-write`."""

    allow: Annotated[
        list[EgressEntry],
        Meta(
            min_length=1,
            max_length=100,
            description="Hosts and ports, such as pypi.org:443; *.example.com stands for all names below it; "
            "an address of no public network only where it is named itself. Default port: 443.",
        ),
    ]


class AgentSection(msgspec.Struct, **_STRICT):
    """How the agent runs one task."""

    model: Annotated[Sentence, Meta(description="The model's name.")]
    effort: Annotated[
        Literal["minimal", "low", "medium", "high", "xhigh"],
        Meta(description="Reasoning effort. Default: medium."),
    ] = "medium"
    sandbox: Annotated[SandboxLevel, Meta(description="What the agent may write. Default: read-only.")] = (
        "read-only"
    )
    budget: Annotated[BudgetSection | UnsetType, Meta(description="Default: no limit.")] = UNSET
    summary: Annotated[
        Literal["auto", "concise", "detailed", "none"],
        Meta(description="How the model sums up its reasoning. Default: auto."),
    ] = "auto"
    deadline: Annotated[
        Duration | UnsetType, Meta(description="When a run is ended; at most 1d. Default: 30m.")
    ] = UNSET
    idle: Annotated[
        Duration | UnsetType,
        Meta(description="When a run is ended in which nothing happens; at most 1d. Default: 5m."),
    ] = UNSET
    turns: Annotated[
        Annotated[int, Meta(ge=1)] | UnsetType, Meta(description="Requests to the model. Default: no limit.")
    ] = UNSET
    tool_calls: Annotated[
        Annotated[int, Meta(ge=1)] | UnsetType, Meta(description="Calls of tools. Default: no limit.")
    ] = UNSET
    paths: Annotated[
        list[PathGlob], Meta(description="What the agent may change. Default: all that is not protected.")
    ] = msgspec.field(default_factory=list)
    protect: Annotated[
        list[PathGlob],
        Meta(description="What it may not change, such as the tests that judge it, besides the defaults."),
    ] = msgspec.field(default_factory=list)
    unprotect: Annotated[
        list[PathGlob], Meta(description="What it may change although it is protected by default.")
    ] = msgspec.field(default_factory=list)
    prompt: Annotated[RelativePath | UnsetType, Meta(description="A file with what is asked.")] = UNSET
    schema: Annotated[
        RelativePath | UnsetType, Meta(description="A file with the JSON Schema of the answer.")
    ] = UNSET
    mcp_servers: Annotated[
        dict[McpServerName, McpServerSection],
        Meta(description="MCP servers whose tools the model may call, by name."),
    ] = msgspec.field(default_factory=dict)
    network: Annotated[NetworkSection | UnsetType, Meta(description="Default: none but the model.")] = UNSET


class TokenSection(msgspec.Struct, **_STRICT):
    """Where a token or key is had from: exactly one of these keys. The token itself stands nowhere."""

    env: Annotated[VariableName | UnsetType, Meta(description="A variable of the environment.")] = UNSET
    file: Annotated[FilePath | UnsetType, Meta(description="A file, such as a mounted secret.")] = UNSET
    command: Annotated[
        Annotated[list[Argument], Meta(min_length=1)] | UnsetType,
        Meta(description="A program and its arguments; it prints the token."),
    ] = UNSET


class CodexSection(msgspec.Struct, **_STRICT):
    """Which Codex program runs: one by path and hash, else the one of the extra `sealock[codex]`."""

    version: Annotated[CodexVersion | UnsetType, Meta(description="The version that it must be.")] = UNSET
    path: Annotated[FilePath | UnsetType, Meta(description="The program; needs `sha256`.")] = UNSET
    sha256: Annotated[Sha256 | UnsetType, Meta(description="The SHA-256 of the program.")] = UNSET
    allow_untested: Annotated[
        bool, Meta(description="Take a version that Sealock's tests never ran. Default: false.")
    ] = False


class UpstreamSection(msgspec.Struct, **_STRICT):
    """The provider of models."""

    url: Annotated[
        ApiUrl | UnsetType,
        Meta(description="The base URL of its Responses API. Default: https://api.openai.com/v1."),
    ] = UNSET
    key: Annotated[
        TokenSection | UnsetType | None,
        Meta(description="Its key; null sends none. Default: {env: OPENAI_API_KEY}."),
    ] = UNSET
    headers: Annotated[
        dict[HeaderName, HeaderText], Meta(description="More headers, such as of a gateway; no secrets.")
    ] = msgspec.field(default_factory=dict)
    ca_file: Annotated[
        FilePath | UnsetType,
        Meta(
            description="Certificates to trust, as PEM, instead of the system's and those of SSL_CERT_FILE."
        ),
    ] = UNSET
    timeout: Annotated[
        Duration | UnsetType, Meta(description="How long it may be silent; at most 1h. Default: 120s.")
    ] = UNSET


class PriceSection(msgspec.Struct, **_STRICT):
    """US dollars for a million tokens of one model."""

    input: Annotated[PriceUsd, Meta(description="Tokens in.")]
    output: Annotated[PriceUsd, Meta(description="Tokens out, reasoning among them.")]
    cached_input: Annotated[
        PriceUsd | UnsetType, Meta(description="Tokens in that the provider still had. Default: as `input`.")
    ] = UNSET


class PeriodBudgetSection(msgspec.Struct, **_STRICT):
    """The most that all runs may spend in a period."""

    per: Annotated[Literal["day", "week", "month"], Meta(description="The period, in UTC.")]
    usd: Annotated[Annotated[float, Meta(gt=0)] | UnsetType, Meta(description="US dollars.")] = UNSET
    tokens: Annotated[Annotated[int, Meta(ge=1)] | UnsetType, Meta(description="Tokens in and out.")] = UNSET
    alert_at: Annotated[
        list[Annotated[int, Meta(ge=1, le=100)]],
        Meta(description="Percentages of it at which Sealock says so. Default: [80]."),
    ] = msgspec.field(default_factory=lambda: [80])


class ChamberSection(msgspec.Struct, **_STRICT):
    """What holds for every run of the agent."""

    codex: Annotated[CodexSection | UnsetType, Meta(description="The Codex program.")] = UNSET
    upstream: Annotated[UpstreamSection | UnsetType, Meta(description="The provider of models.")] = UNSET
    prices: Annotated[
        dict[Sentence, PriceSection], Meta(description="Prices by model, for costs and budgets in dollars.")
    ] = msgspec.field(default_factory=dict)
    budgets: Annotated[list[PeriodBudgetSection], Meta(description="Budgets of all runs together.")] = (
        msgspec.field(default_factory=list)
    )


class ForgeSection(msgspec.Struct, **_STRICT):
    """The forge that pull requests go to. What is left out follows from the remote's URL."""

    kind: Annotated[ForgeKind | UnsetType, Meta(description="Which forge it is.")] = UNSET
    url: Annotated[ApiUrl | UnsetType, Meta(description="The URL of its API; needs `kind`.")] = UNSET
    repository: Annotated[ForgeRepository | UnsetType, Meta(description="The repository there.")] = UNSET
    token: Annotated[TokenSection | UnsetType, Meta(description="The token for its API.")] = UNSET


class TrainsSection(msgspec.Struct, **_STRICT):
    """Promotions of several services in one commit."""

    on_refused: Annotated[
        Literal["hold", "drop"],
        Meta(
            description="What happens when a gate refuses one service: all wait, or the others leave "
            "without it. Default: hold."
        ),
    ] = "hold"


class HelmValuesSection(msgspec.Struct, **_STRICT):
    """Where Helm values name an image; at least `tag` or `digest`."""

    file: Annotated[PathGlob, Meta(description="The values files.")]
    repository: Annotated[ValuesPath | UnsetType, Meta(description="Where the image's name stands.")] = UNSET
    tag: Annotated[ValuesPath | UnsetType, Meta(description="Where its tag stands.")] = UNSET
    digest: Annotated[ValuesPath | UnsetType, Meta(description="Where its digest stands.")] = UNSET


class ReleaseSection(msgspec.Struct, **_STRICT):
    """The Git tags of releases."""

    tag: Annotated[ReleaseTag, Meta(description="What they are called. Default: {service}/v{version}.")] = (
        "{service}/v{version}"
    )
    sign: Annotated[bool, Meta(description="Whether they are signed. Default: false.")] = False


class PromotionSection(msgspec.Struct, **_STRICT):
    """How promotions reach the branch that Argo CD deploys from."""

    remote: Annotated[
        RemoteName | UnsetType,
        Meta(description="The remote. Default: that of the branch checked out, `origin`, or the only one."),
    ] = UNSET
    branch: Annotated[
        BranchName | UnsetType, Meta(description="The branch. Default: the remote's main one.")
    ] = UNSET
    deliver: Annotated[
        Literal["push", "pull-request"],
        Meta(description="Whether a promotion is pushed or becomes a pull request. Default: push."),
    ] = "push"
    forge: Annotated[ForgeSection | UnsetType, Meta(description="The forge of pull requests.")] = UNSET
    auto_merge: Annotated[
        bool, Meta(description="Whether the forge merges a pull request by itself. Default: false.")
    ] = False
    tag: Annotated[
        Literal["comment", "newTag", "drop"],
        Meta(description="How the tag is kept beside the digest. Default: comment."),
    ] = "comment"
    evidence: Annotated[
        list[RelativePath],
        Meta(description="Files and folders with evidence. Default: .sealock/evidence."),
    ] = msgspec.field(default_factory=lambda: [".sealock/evidence"])
    trains: Annotated[TrainsSection | UnsetType, Meta(description="Several services at once.")] = UNSET
    helm_values: Annotated[list[HelmValuesSection], Meta(description="Helm values that name images.")] = (
        msgspec.field(default_factory=list)
    )
    release: Annotated[ReleaseSection | UnsetType, Meta(description="Tags of releases.")] = UNSET


class SettingsFile(msgspec.Struct, **_STRICT):
    """Sealock's settings. Every key may be left out, and so may the file."""

    versions: Annotated[VersionsSection | UnsetType, Meta(description="Versions to check against.")] = UNSET
    environments: Annotated[
        Annotated[dict[Label, EnvironmentSection | None], Meta(min_length=1)] | UnsetType,
        Meta(description="Environments by name. Default: dev, staging after dev, production after staging."),
    ] = UNSET
    policy: Annotated[
        PolicySection | UnsetType, Meta(description="Severities, organisation rules, Pod Security.")
    ] = UNSET
    definitions: Annotated[
        list[PathGlob],
        Meta(description="Files with CustomResourceDefinitions, besides those that are found by themselves."),
    ] = msgspec.field(default_factory=list)
    admission_policies: Annotated[
        list[PathGlob],
        Meta(
            description="Files with ValidatingAdmissionPolicies, their bindings and parameters, "
            "besides those that are found by themselves."
        ),
    ] = msgspec.field(default_factory=list)
    namespaces: Annotated[
        dict[Label, NamespaceSection | None],
        Meta(description="What the clusters say of namespaces that are not in the repository, by name."),
    ] = msgspec.field(default_factory=dict)
    clusters: Annotated[
        list[ClusterSection],
        Meta(description="The clusters that Argo CD knows, as an ApplicationSet's generator sees them."),
    ] = msgspec.field(default_factory=list)
    health_overrides: Annotated[
        list[GroupKind],
        Meta(
            description="Kinds for which `argocd-cm` holds a health check in Lua, "
            "such as `argoproj.io/Application`; `*` stands for any text."
        ),
    ] = msgspec.field(default_factory=list)
    waivers: Annotated[
        list[WaiverSection], Meta(description="Accepted findings, each with a reason and an end.")
    ] = msgspec.field(default_factory=list)
    kustomize: Annotated[KustomizeSection | UnsetType, Meta(description="Kustomize options.")] = UNSET
    promotion: Annotated[
        PromotionSection | UnsetType, Meta(description="How promotions reach the deployed branch.")
    ] = UNSET
    agent: Annotated[dict[Label, AgentSection], Meta(description="Agent settings by task.")] = msgspec.field(
        default_factory=dict
    )
    chamber: Annotated[
        ChamberSection | UnsetType, Meta(description="What holds for every run of the agent.")
    ] = UNSET
