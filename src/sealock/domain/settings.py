"""What `sealock.yaml` says, after defaults."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

import msgspec

from sealock.domain.catalog import SyncPolicy
from sealock.domain.location import Location


class Versions(msgspec.Struct, frozen=True):
    """The versions to check against, as `major.minor`; empty means the newest that is packaged."""

    kubernetes: str = ""
    argocd: str = ""


class Freeze(msgspec.Struct, frozen=True):
    """A weekly window without promotions: `Fri 16:00` to `Mon 08:00` in an IANA time zone."""

    start: str
    end: str
    zone: str


class Gate(msgspec.Struct, frozen=True):
    """One condition before a promotion into an environment. Read and checked now, used by promotion.

    By `kind` one field counts: `soak_seconds`, `path` (a smoke test in the repository),
    `approvals` or `freeze`; `healthy` has none.
    """

    kind: Literal["healthy", "soak", "smoke", "approvals", "freeze"]
    soak_seconds: int = 0
    path: str = ""
    approvals: int = 0
    freeze: Freeze | None = None


class Environment(msgspec.Struct, frozen=True):
    """One environment.

    `after` names the environments that a promotion comes from. `mirrors` is the production
    environment whose replicas this one takes when nothing else is said, or empty. `cluster` is
    empty where each service says its own. `origins` says where `cluster`, `sync` and
    `finalizer` come from (`sealock.yaml:4:9`, or `default: …`), and, where the user chose them,
    `prune` and `selfHeal`.
    """

    name: str
    after: tuple[str, ...]
    production: bool
    mirrors: str
    cluster: str
    sync: SyncPolicy
    gates: tuple[Gate, ...]
    origins: dict[str, str]


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
    """How the agent runs one task. Read and checked now, used by the agent's commands."""

    model: str
    effort: Literal["minimal", "low", "medium", "high", "xhigh"] = "medium"
    sandbox: Literal["read-only", "workspace-write"] = "read-only"
    budget: Budget = Budget()


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
