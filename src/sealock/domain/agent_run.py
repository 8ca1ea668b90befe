"""One sealed run of the agent as values: what is asked, how it is started, what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

RUN_SCHEMA = "sealock.dev/agent-run/v1"

SandboxLevel = Literal["read-only", "workspace-write"]
BackendName = Literal["bwrap", "container", "none"]
ProxyMode = Literal["live", "record", "replay"]
EndedBy = Literal["itself", "wall", "idle", "turns", "tool-calls", "budget", "disk", "interrupt"]
ReplayLevel = Literal["transport", "behaviour", "tree"]


class CodexBinary(msgspec.Struct, frozen=True):
    """The Codex program: its path on this machine, its version, and the SHA-256 of its bytes (hex)."""

    path: str
    version: str
    sha256: str
    source: str = ""


class ModelEndpoint(msgspec.Struct, frozen=True):
    """Where the sealed agent finds its model: a loopback URL ending in `/v1`, and a throw-away bearer."""

    url: str
    token: str


class Limits(msgspec.Struct, frozen=True):
    """When a run ends at the latest, in seconds and counts; 0 is no limit, which only counts may have."""

    wall_seconds: float = 1800.0
    idle_seconds: float = 300.0
    turns: int = 0
    tool_calls: int = 0


class Price(msgspec.Struct, frozen=True):
    """US dollars for a million tokens of one model."""

    input: float
    cached_input: float
    output: float


class Usage(msgspec.Struct, frozen=True):
    """Tokens; `input` includes `cached_input`, `output` includes `reasoning`."""

    input: int = 0
    cached_input: int = 0
    output: int = 0
    reasoning: int = 0


class Setting(msgspec.Struct, frozen=True):
    """One thing that Sealock pins: the key as Codex names it, its value as TOML, and why."""

    key: str
    value: str
    reason: str


class Mount(msgspec.Struct, frozen=True):
    """One path inside the sandbox: bound from `source` on the host, or an empty one (`tmpfs`)."""

    target: str
    source: str = ""
    kind: Literal["read-only", "read-write", "tmpfs", "masked"] = "read-only"


class SandboxImage(msgspec.Struct, frozen=True):
    """The image that a container is made of: its name, and its engine's id of the content, `sha256:…`."""

    name: str
    id: Annotated[str, msgspec.Meta(pattern="^sha256:[0-9a-f]{64}$")]


class SealedCommand(msgspec.Struct, frozen=True):
    """Exactly what is started: nothing is inherited. `files` are written before, by path in the sandbox.

    `environment` is the whole of it. `unset` names what of the host was kept out, for people. `relay` is
    the URL on the host that the port of loopback named in the settings leads to; empty where the command
    reaches it itself. `image` is what a container is made of: None for what its name stands for at the start.
    `network` is what its tools may connect to, and `gate` the host's socket that leads there; both empty for
    none.
    """

    argv: tuple[str, ...]
    environment: dict[str, str]
    mounts: tuple[Mount, ...]
    files: dict[str, str]
    settings: tuple[Setting, ...]
    workdir: str = "/workspace"
    stdin: bytes = b""
    unset: tuple[str, ...] = ()
    relay: str = ""
    image: SandboxImage | None = None
    network: tuple[str, ...] = ()
    gate: str = ""


class AgentExit(msgspec.Struct, frozen=True):
    """How the process ended: status (negative: the signal), and why if Sealock ended it."""

    status: int
    ended_by: EndedBy = "itself"
    stderr_tail: str = ""


class ChangedPath(msgspec.Struct, frozen=True, order=True):
    """A path that differs from the base: Git mode and blob after; both empty where it is gone."""

    path: str
    mode: str = ""
    blob: str = ""


class RefusedPath(msgspec.Struct, frozen=True, order=True):
    """A path that the agent changed and may not, and why."""

    path: str
    reason: str


class TreeResult(msgspec.Struct, frozen=True):
    """What the agent left: the root tree's id, what differs from the base, and what is refused of it.

    `restored` are tests that the agent changed; the tree has them as the base does.
    """

    base_tree: str
    tree: str
    changed: tuple[ChangedPath, ...] = ()
    refused: tuple[RefusedPath, ...] = ()
    restored: tuple[ChangedPath, ...] = ()


class Exchange(msgspec.Struct, frozen=True):
    """One request to the model: its place, the hash of its normalised form, what was answered and spent.

    `request` and `response` name blobs by SHA-256, empty where nothing is recorded; `status` and `headers`
    are those of the answer as the agent got it.
    """

    lane: str
    index: int
    request_hash: str
    request: str
    response: str
    status: int
    usage: Usage
    cost_usd: float
    started: datetime
    seconds: float
    headers: dict[str, str] = {}


class ProxyReport(msgspec.Struct, frozen=True):
    """What the model proxy saw of one run, in the order in which answers ended.

    `refusals` are what it answered itself, in words. `ended_by` says what made it refuse everything from
    then on: a limit, the budget, a request that differs from the record, or a secret that would have been
    sent or recorded; empty where nothing did. `mismatch` is the first differing request as text, and
    `unserved` counts what the record holds and nobody asked for. `cost_usd` is an upper bound where the
    provider did not say what it used.
    """

    exchanges: tuple[Exchange, ...] = ()
    usage: Usage = Usage()
    cost_usd: float = 0.0
    refusals: tuple[str, ...] = ()
    ended_by: Literal["", "turns", "tool-calls", "budget", "replay", "secret", "record"] = ""
    turns: int = 0
    tool_calls: int = 0
    mismatch: tuple[str, ...] = ()
    unserved: int = 0


class RunManifest(msgspec.Struct, frozen=True):
    """The record of one run. `action` is the digest of everything that decided it (see hermetic.md).

    `outcome`: `done`; `refused` by policy, schema, tests or budget; `failed` where it could not run.
    `image` is the one that it ran in, None where the backend has none.
    """

    id: str
    task: str
    action: str
    codex: CodexBinary
    model: str
    effort: str
    backend: BackendName
    sealed: bool
    base_commit: str
    base_tree: str
    prompt_sha256: str
    started: datetime
    seconds: float
    outcome: Literal["done", "refused", "failed", "incomplete"]
    reason: str
    exit: AgentExit
    usage: Usage
    cost_usd: float
    result: TreeResult | None
    final_message: str
    normalisation: int
    image: SandboxImage | None = None
    services: tuple[str, ...] = ()
    details: dict[str, Any] = {}
    schema: str = RUN_SCHEMA
