"""The shape of `sealock.yaml`: what may stand where, and what each key means."""

# No `from __future__ import annotations`: msgspec would compile each annotation again (7 ms).

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from sealock.config.vocabulary import (
    Cluster,
    Date,
    Duration,
    GroupKind,
    KindPattern,
    Label,
    LabelKey,
    LabelText,
    MinorVersion,
    PathGlob,
    PodSecurityLevel,
    PodSecurityVersion,
    RelativePath,
    RuleId,
    Sentence,
    ServerUrl,
    WeekTime,
    Zone,
)
from sealock.domain.settings import Level

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


class FreezeSection(msgspec.Struct, **_STRICT):
    """A weekly window without promotions."""

    from_: Annotated[WeekTime, Meta(description="When it starts.")] = msgspec.field(name="from")
    to: Annotated[WeekTime, Meta(description="When it ends.")]
    zone: Annotated[Zone, Meta(description="Time zone of both. Default: UTC.")] = "UTC"


class GateSection(msgspec.Struct, **_STRICT):
    """One gate: exactly one of these keys."""

    soak: Annotated[
        Duration | UnsetType, Meta(description="How long the source must have been healthy without a break.")
    ] = UNSET
    smoke: Annotated[
        RelativePath | UnsetType, Meta(description="A program in the repository that must exit 0.")
    ] = UNSET
    approvals: Annotated[
        Annotated[int, Meta(ge=1, le=100)] | UnsetType, Meta(description="How many people must approve.")
    ] = UNSET
    freeze: Annotated[FreezeSection | UnsetType, Meta(description="When nothing is promoted.")] = UNSET


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
        list[GateEntry], Meta(description="What must hold before a promotion into it (for later releases).")
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


class AgentSection(msgspec.Struct, **_STRICT):
    """How the agent runs one task (for later releases)."""

    model: Annotated[Sentence, Meta(description="The model's name.")]
    effort: Annotated[
        Literal["minimal", "low", "medium", "high", "xhigh"],
        Meta(description="Reasoning effort. Default: medium."),
    ] = "medium"
    sandbox: Annotated[
        Literal["read-only", "workspace-write"],
        Meta(description="What the agent may write. Default: read-only."),
    ] = "read-only"
    budget: Annotated[BudgetSection | UnsetType, Meta(description="Default: no limit.")] = UNSET


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
    agent: Annotated[
        dict[Label, AgentSection], Meta(description="Agent settings by task (for later releases).")
    ] = msgspec.field(default_factory=dict)
