"""Looks at what a task's run would be, for its lock."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sealock.app.explain import Arrangement
from sealock.app.lock import Observed
from sealock.chamber import mcp_servers, normalise
from sealock.chamber.codex_versions import TESTED
from sealock.chamber.explain import MachineProbe, committed
from sealock.domain.canonical import digest_of
from sealock.domain.mcp_server import tools_told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealock.app.lock import Locked
    from sealock.chamber.sealed_chamber import SealedChamber
    from sealock.chamber.workspace import Workspace
    from sealock.domain.mcp_server import McpServer, McpTools

_INSTRUCTIONS = ("AGENTS.md", "AGENTS.override.md")
_FOLDERS = (".codex/", ".agents/")


class ChamberLockProbe:
    """Probes in one workspace, that of the base revision."""

    def __init__(self, chamber: SealedChamber, workspace: Workspace, variables: Mapping[str, str]) -> None:
        """Take the chamber and the environment of this process."""
        self._chamber = chamber
        self._workspace = workspace
        self._variables = variables

    def observe(self, locked: Locked) -> Observed:
        """Return what it would be. Raises UsageError, Refused, Undecided."""
        binary = self._chamber.binary()
        image = self._chamber.image(locked.backend)
        run = Arrangement(
            locked.name,
            locked.task,
            binary,
            locked.backend,
            binary.version in TESTED,
            locked.prompt,
            locked.schema,
            image,
        )
        probe = MachineProbe(self._chamber, run, self._workspace, self._variables, compare=False)
        told = probe.sealed()
        servers = {
            key: value
            for name, server in locked.task.mcp_servers.items()
            for key, value in _server(name, server, tools_told(told.request, name)).items()
        }
        files = files_read(self._workspace)
        return Observed(binary, probe.command(), told.fingerprint, files, normalise.VERSION, servers, image)


def _server(name: str, server: McpServer, tools: McpTools) -> dict[str, str]:
    """Return the inputs that a server is; where its files lie on this machine is none of them."""
    said = {
        "args": server.args,
        "env": server.env,
        "enabledTools": server.enabled_tools,
        "disabledTools": server.disabled_tools,
        "startup": server.startup_seconds,
        "timeout": server.call_seconds,
    }
    return {
        f"server {name}": json.dumps({key: each for key, each in said.items() if each}, sort_keys=True),
        f"server-program {name}": f"{server.program.name} sha256:{server.program.sha256}",
        **{f"server-file {name}/{each.name}": f"sha256:{each.sha256}" for each in server.files},
        f"server-sandbox {name}": digest_of(mcp_servers.sandbox_of(name)),
        f"server-tools {name}": ", ".join(tools.names) or "none",
        f"server-definitions {name}": digest_of(tools.definitions),
    }


def files_read(workspace: Workspace) -> dict[str, str]:
    """Return the revision's files that Codex looks for, by the input's name, with mode and object id."""
    found = {}
    for path, entry in committed(workspace).items():
        name = path.rpartition("/")[2]
        if name in _INSTRUCTIONS:
            found[f"instructions {path}"] = entry
        elif path.startswith(_FOLDERS):
            kind = "skill" if "/skills/" in path else "hook" if name == "hooks.json" else "project"
            found[f"{kind} {path}"] = entry
    return found
