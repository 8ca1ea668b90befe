"""The shape of `sealock.yaml`: what may stand where, and what each key means."""

# No `from __future__ import annotations`: msgspec would compile each annotation again (7 ms).

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from sealock.config.vocabulary import (
    Cluster,
    Date,
    Duration,
    Label,
    MinorVersion,
    RelativePath,
    RuleId,
    Sentence,
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


class PolicySection(msgspec.Struct, **_STRICT):
    """How bad each rule's findings are."""

    rules: Annotated[
        dict[RuleId, Level], Meta(description="Severity by rule id; `off` switches a rule off.")
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
    policy: Annotated[PolicySection | UnsetType, Meta(description="Severities.")] = UNSET
    waivers: Annotated[
        list[WaiverSection], Meta(description="Accepted findings, each with a reason and an end.")
    ] = msgspec.field(default_factory=list)
    kustomize: Annotated[KustomizeSection | UnsetType, Meta(description="Kustomize options.")] = UNSET
    agent: Annotated[
        dict[Label, AgentSection], Meta(description="Agent settings by task (for later releases).")
    ] = msgspec.field(default_factory=dict)
