"""What on a machine can shape an agent's run, by layer, and which value of a setting counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from sealock.domain.agent_run import BackendName, CodexBinary, SandboxImage, SandboxLevel
from sealock.domain.mcp_server import ServerSeen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sealock.domain.agent_run import Setting

Layer = Literal[
    "managed", "requirements", "arguments", "project", "profile", "user", "system",
    "environment", "variables file", "instructions", "skills", "hooks", "rules", "login",
]  # fmt: skip
Without = Literal["read", "ignored"]
Sealed = Literal["kept out", "copied, not read", "part of the revision", "read"]

SEALOCK = "Sealock"
ARTICLE = "the article's command line"
_SERVERS = "mcp_servers."
DEFAULT = "default"


class LayerValue(msgspec.Struct, frozen=True):
    """One setting of a file: its key with dots, and its value as JSON; secrets are not shown."""

    key: str
    value: str


class HostInput(msgspec.Struct, frozen=True):
    """One thing on the machine that Codex may read: with the article's flags, and sealed; and why so."""

    layer: Layer
    place: str
    without: Without
    sealed: Sealed
    why: str
    values: tuple[LayerValue, ...] = ()


class Effective(msgspec.Struct, frozen=True):
    """A setting's value and the layer and place it comes from; `default` is the program's own."""

    value: str
    layer: str
    place: str


class EffectiveSetting(msgspec.Struct, frozen=True):
    """A setting sealed, with the reason if Sealock pins it, and with the article's flags."""

    key: str
    sealed: Effective
    without: Effective
    reason: str


class PartDifference(msgspec.Struct, frozen=True):
    """A part of the first request that is not the same with the article's flags.

    `lines` begin with `+` where only the article's run tells them and `-` where only the sealed one does;
    `more` counts what is left out.
    """

    part: str
    where: Literal["only without the seal", "only sealed", "both, and they differ"]
    lines: tuple[str, ...]
    more: int


class Told(msgspec.Struct, frozen=True):
    """What a model would be told first: the normalised request and its hash."""

    fingerprint: str
    request: Any


class Explanation(msgspec.Struct, frozen=True):
    """Where everything that shapes a run comes from, and whether the run is sealed.

    `without_fingerprint` is empty where `without_fault` says why the article's run could not be looked at.
    `image` is None where the backend has none. A run with a `network` is not hermetic: what its tools are
    answered from there is on no record.
    """

    verdict: Literal["sealed", "not sealed"]
    reasons: tuple[str, ...]
    fingerprint: str
    commit: str
    task: str
    codex: CodexBinary
    model: str
    effort: str
    sandbox: SandboxLevel
    backend: BackendName
    settings: tuple[EffectiveSetting, ...]
    inputs: tuple[HostInput, ...]
    masked: tuple[str, ...]
    without_fingerprint: str
    without_fault: str
    leaks: tuple[PartDifference, ...]
    servers: tuple[ServerSeen, ...] = ()
    image: SandboxImage | None = None
    network: tuple[str, ...] = ()


def servers_of(inputs: Iterable[HostInput]) -> tuple[ServerSeen, ...]:
    """Return the MCP servers that files of this machine name, and whether they are kept out."""
    return tuple(
        ServerSeen(name, each.layer, each.place, "read" if each.sealed == "read" else "kept out")
        for each in inputs
        for name in sorted(
            {value.key.split(".")[1] for value in each.values if value.key.startswith(_SERVERS)}
        )
    )


def effective(
    pinned: Sequence[Setting], article: Sequence[LayerValue], inputs: Sequence[HostInput]
) -> tuple[EffectiveSetting, ...]:
    """Return every setting that Sealock, the article's flags or a file of this machine says, by key.

    Managed configuration beats arguments, and arguments beat the project's and the system's files; the
    user's own file and profiles are ignored by both.
    """
    reasons = {each.key: each.reason for each in pinned}
    ours = [Candidate("arguments", SEALOCK, each.key, each.value) for each in pinned]
    theirs = [Candidate("arguments", ARTICLE, each.key, each.value) for each in article]
    sealed = _by_key([*_said(inputs, sealed=True), *ours])
    without = _by_key([*_said(inputs, sealed=False), *theirs])
    mentioned = {value.key for each in inputs if each.layer in _FILES for value in each.values}
    return tuple(
        EffectiveSetting(key, sealed.get(key, _NONE), without.get(key, _NONE), reasons.get(key, ""))
        for key in sorted({*sealed, *without, *mentioned})
    )


class Candidate(msgspec.Struct, frozen=True):
    """A value that a layer has for a key."""

    layer: Layer
    place: str
    key: str
    value: str


_NONE = Effective("", DEFAULT, "")
_FILES = frozenset({"managed", "project", "profile", "user", "system"})
_STRENGTH: dict[str, int] = {"managed": 3, "arguments": 2, "project": 1, "system": 0}


def _said(inputs: Iterable[HostInput], *, sealed: bool) -> list[Candidate]:
    return [
        Candidate(each.layer, each.place, value.key, value.value)
        for each in inputs
        if each.layer in _STRENGTH and (each.sealed if sealed else each.without) == "read"
        for value in each.values
    ]


def _by_key(candidates: Iterable[Candidate]) -> dict[str, Effective]:
    ordered = sorted(candidates, key=lambda each: _STRENGTH[each.layer])
    return {each.key: Effective(each.value, each.layer, each.place) for each in ordered}
