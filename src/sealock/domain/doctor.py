"""What a machine needs for Sealock, what was found on it, and how to mend what is wrong."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

State = Literal["fine", "missing", "old", "broken", "leak", "unknown"]

_VERSION = re.compile(r"(?<![0-9.])([0-9]{1,6})\.([0-9]{1,6})(?:\.([0-9]{1,6}))?", re.ASCII)


class Tool(msgspec.Struct, frozen=True):
    """A program, how it is asked for its version, the lowest that will do, and what it is for."""

    name: str
    program: str
    arguments: tuple[str, ...]
    lowest: tuple[int, int]
    purpose: str
    mend: str
    needed: bool = False


TOOLS = (
    Tool(
        "Git",
        "git",
        ("--version",),
        (2, 31),
        "reads and writes the repository",
        "Install Git 2.31 or newer.",
        needed=True,
    ),
    Tool(
        "Argo CD",
        "argocd",
        ("version", "--client", "--short"),
        (3, 3),
        "only for people: Sealock's engine has its own",
        "Install the argocd client 3.3 or newer.",
    ),
    Tool(
        "Kustomize",
        "kustomize",
        ("version",),
        (5, 6),
        "only for people: Sealock's engine has its own",
        "Install kustomize 5.6 or newer.",
    ),
    Tool(
        "Kubernetes MCP server",
        "kubernetes-mcp-server",
        ("--version",),
        (0, 0),
        "lets an agent ask a cluster",
        "Install kubernetes-mcp-server, where agents are to ask a cluster.",
    ),
)


class Examined(msgspec.Struct, frozen=True):
    """One thing that was looked at: what was found, and, where something is wrong, how to mend it.

    `needed` says whether sealed runs need it; what is not needed never makes the answer a no.
    """

    name: str
    state: State
    found: str
    mend: str = ""
    needed: bool = False


class Diagnosis(msgspec.Struct, frozen=True):
    """All that was looked at, in a fixed order."""

    examined: tuple[Examined, ...]

    @property
    def exit_code(self) -> int:
        """3 where something needed could not be looked at, 1 where it is wrong, else 0."""
        states = {each.state for each in self.examined if each.needed}
        if "unknown" in states:
            return 3
        return 1 if states & {"missing", "old", "broken"} else 0


def version_in(text: str) -> tuple[int, ...]:
    """Return the first version in what a program printed, or nothing."""
    found = _VERSION.search(text)
    return tuple(int(part) for part in found.groups() if part) if found else ()


def dotted(version: tuple[int, ...]) -> str:
    """Return a version as it is written."""
    return ".".join(map(str, version))
