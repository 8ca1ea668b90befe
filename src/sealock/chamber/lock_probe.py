"""Looks at what a task's run would be, for its lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.app.explain import Arrangement
from sealock.app.lock import Observed
from sealock.chamber import normalise
from sealock.chamber.codex_versions import TESTED
from sealock.chamber.explain import MachineProbe, committed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealock.app.lock import Locked
    from sealock.chamber.sealed_chamber import SealedChamber
    from sealock.chamber.workspace import Workspace

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
        run = Arrangement(
            locked.name,
            locked.task,
            binary,
            locked.backend,
            binary.version in TESTED,
            locked.prompt,
            locked.schema,
        )
        probe = MachineProbe(self._chamber, run, self._workspace, self._variables, compare=False)
        request = probe.sealed().fingerprint
        return Observed(binary, probe.command(), request, files_read(self._workspace), normalise.VERSION)


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
