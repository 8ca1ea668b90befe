"""MCP servers in the chamber: verified before anything starts, each in a sandbox inside of Codex's.

Codex starts a server beside its own process, not where it puts tools: without more a server could read the
model's bearer from Codex, ask the model, and write what the agent may not. So what Codex is told to start is
bubblewrap, and the server gets processes and a network of its own (with nobody in it), an empty home, and
everything else read-only.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sealock.chamber import likely_secrets
from sealock.chamber.toml_value import toml
from sealock.domain.agent_run import Mount, Setting
from sealock.domain.printable import printable
from sealock.errors import Refused, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sealock.domain.mcp_server import McpServer, PinnedFile

FOLDER = "/opt/mcp"
"""Below it each server has a folder of its name, in which it starts; its program and files lie there."""

HIDDEN = "/run/sealock"
"""What Sealock itself puts into the chamber; servers see it empty."""

_REASON = "said by the task; its program is pinned, its tools need no approval, and without it no run begins"
_LISTED = "the model is told the servers' tools at once; else it would have to search for them"
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8", "TZ": "UTC"}  # noqa: S108
# No /proc of its own: the kernel allows none in a sandbox whose own is covered in part.
_SANDBOX = (
    *("--unshare-all", "--die-with-parent", "--new-session", "--clearenv"),
    *("--ro-bind", "/", "/", "--dev", "/dev"),
    *("--tmpfs", "/tmp", "--tmpfs", "/home/agent", "--tmpfs", HIDDEN),  # noqa: S108 - the sandbox's own
)


def verified(servers: Mapping[str, McpServer], root: str) -> tuple[Mount, ...]:
    """Return where the files of servers appear, each proven to be what was pinned.

    Raises UsageError for a file that cannot be read and for a likely secret among what is said of a server,
    Refused for a file that is another.
    """
    for name, server in sorted(servers.items()):
        _refuse_secrets(name, server)
    return tuple(
        Mount(f"{FOLDER}/{name}/{each.name}", _proven(name, each, root))
        for name, server in sorted(servers.items())
        for each in (server.program, *server.files)
    )


def settings(servers: Mapping[str, McpServer], bwrap: str, *, lists_tools: bool) -> Iterator[Setting]:
    """Yield what Codex is told of the servers, `bwrap` being the program's path in the chamber.

    With `lists_tools` the version of Codex has to be told to list their tools in its first request.
    """
    for name, server in sorted(servers.items()):
        yield Setting(f"mcp_servers.{name}", toml(_entry(name, server, bwrap)), _REASON)
    if servers and lists_tools:
        spaces = [f"mcp__{name}" for name in sorted(servers)]
        value = toml({"enabled": False, "direct_only_tool_namespaces": spaces})
        yield Setting("features.code_mode", value, _LISTED)


def sandbox_of(name: str) -> tuple[str, ...]:
    """Return what bubblewrap is told for every server of that name, but for its own environment."""
    return (*_SANDBOX, "--chdir", f"{FOLDER}/{name}")


def _entry(name: str, server: McpServer, bwrap: str) -> dict[str, Any]:
    environment = _ENVIRONMENT | server.env
    variables = [part for key, value in environment.items() for part in ("--setenv", key, value)]
    program = f"{FOLDER}/{name}/{server.program.name}"
    return {
        "command": bwrap,
        "args": [*sandbox_of(name), *variables, "--", program, *server.args],
        "required": True,
        "startup_timeout_sec": server.startup_seconds,
        "tool_timeout_sec": server.call_seconds,
        # Otherwise calls are cancelled, because nobody is there to approve them.
        "default_tools_approval_mode": "approve",
        **({"enabled_tools": server.enabled_tools} if server.enabled_tools else {}),
        **({"disabled_tools": server.disabled_tools} if server.disabled_tools else {}),
    }


def _refuse_secrets(name: str, server: McpServer) -> None:
    """Refuse what would be shown by a dry run, and committed with agent.lock."""
    for text in (*server.args, *(f"{key}={value}" for key, value in server.env.items())):
        if likely_secrets.replaced(text) != text or any(likely_secrets.left_in(text)):
            what = printable(text.partition("=")[0], 40) if "=" in text else "an argument"
            message = f"{what} of the MCP server {name} looks like a secret"
            hint = (
                "A server has no network to use one on; what it would fetch, fetch before and pin as a file."
            )
            raise UsageError(message, hint=hint)


def _proven(name: str, file: PinnedFile, root: str) -> str:
    try:
        real = os.path.realpath(Path(root, file.path), strict=True)
        with Path(real).open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as wrong:
        message = f"the file {file.path} of the MCP server {name} cannot be read: {wrong.strerror}"
        raise UsageError(
            message, hint="Its path is absolute, or relative to the repository's root."
        ) from None
    if found != file.sha256:
        message = f"the file {file.path} of the MCP server {name} has the SHA-256 {found}, not {file.sha256}"
        raise Refused(message, hint="It is not the one that was pinned: reinstall it, or pin this one.")
    return real
