"""Looks at this machine for `sealock explain`: what is there, and what the real program would send."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Any

from sealock.adapters import git_program
from sealock.app.explain import article_settings
from sealock.chamber import canary, host_layers, likely_secrets
from sealock.chamber.article_run import ArticleRun, copy_codex_home
from sealock.domain.agent_layers import Told
from sealock.domain.agent_run import Limits, ModelEndpoint
from sealock.domain.sealed_run import SealedRun
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealock.app.explain import Arrangement
    from sealock.chamber.sealed_chamber import SealedChamber
    from sealock.chamber.workspace import Workspace
    from sealock.domain.agent_layers import HostInput
    from sealock.domain.agent_run import SealedCommand

_NOBODY = ModelEndpoint("http://127.0.0.1:1/v1", canary.TOKEN)
_SHORTEST_SECRET = 6
_SHORTEST_PLACE = 6


class MachineProbe:
    """Probes for one arrangement, in one workspace."""

    def __init__(
        self,
        chamber: SealedChamber,
        run: Arrangement,
        workspace: Workspace,
        environment: Mapping[str, str],
        *,
        compare: bool = True,
    ) -> None:
        """Take the environment of this process; without `compare` the article's run is not made."""
        self._chamber = chamber
        self._run = run
        self._sealed = SealedRun(
            run.task,
            run.binary,
            run.prompt or canary.PROMPT,
            workspace.path,
            run.backend,
            run.schema,
            run.image,
        )
        self._workspace = workspace
        self._compare = compare
        home = os.path.realpath(environment.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111
        codex_home = os.path.realpath(environment.get("CODEX_HOME") or f"{home}/.codex")
        self._machine = host_layers.Machine(
            home=home,
            codex_home=codex_home,
            repository=workspace.root,
            environment=dict(environment),
            committed=frozenset(committed(workspace)),
            sandboxed=run.backend != "none",
        )

    @property
    def commit(self) -> str:
        """The commit that the agent would work on."""
        return self._workspace.commit

    def inputs(self) -> tuple[HostInput, ...]:
        """Return what on this machine could shape the run."""
        return host_layers.inputs(self._machine)

    def command(self) -> SealedCommand:
        """Return what would be started. Raises UsageError."""
        return self._chamber.seal(self._sealed, _NOBODY)

    def sealed(self) -> Told:
        """Return what the model would be told by the sealed run. Raises Undecided."""
        slowest = max((each.startup_seconds for each in self._run.task.mcp_servers.values()), default=0)
        patience = canary.LIMITS.wall_seconds + slowest
        caught = canary.capture(
            lambda model: self._chamber.seal(self._sealed, model),
            self._run.backend,
            Limits(patience, patience),
        )
        return Told(caught.fingerprint, caught.normalised)

    def without(self) -> Told:
        """Return what the article's run here would tell it, likely secrets replaced. Raises Undecided."""
        if not self._compare:
            message = "it was not asked for"
            raise Undecided(message)
        if not self._machine.sandboxed:
            message = "it needs a sandbox, lest it change or reach something here"
            raise Undecided(message)
        with tempfile.TemporaryDirectory(prefix="sealock-canary-") as copy:
            copy_codex_home(self._machine.codex_home, copy)
            said = article_settings(self._run.task)
            article = ArticleRun(said, self._run.binary, self._sealed.prompt, self._machine, copy)
            caught = canary.capture(article.command, "bwrap")
        return Told(caught.fingerprint, self._redacted(caught.normalised))

    def traces(self, told: Told) -> tuple[str, ...]:
        """Return what of this machine stands in a request, in words."""
        text = str(told.request)
        machine = self._machine
        places = dict.fromkeys((machine.home, machine.codex_home, machine.repository, self._workspace.path))
        if self._run.backend == "none":
            return ()
        return tuple(
            f"the request names {each}, a folder of this machine"
            for each in places
            if len(each) >= _SHORTEST_PLACE and each != "/workspace" and each in text
        )

    def _redacted(self, found: Any) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(found, dict):
            return {key: self._redacted(each) for key, each in found.items()}
        if isinstance(found, list):
            return [self._redacted(each) for each in found]
        if not isinstance(found, str):
            return found
        for name, value in self._machine.environment.items():
            if len(value) >= _SHORTEST_SECRET and host_layers.SECRET_NAME.search(name):
                found = found.replace(value, f"[redacted:{name}]")
        return likely_secrets.replaced(found)


def committed(workspace: Workspace) -> dict[str, str]:
    """Return the files of the workspace's commit by path, with mode and object id. Raises Undecided."""
    asked = ["ls-tree", "-r", "-z", "--full-tree", workspace.commit]
    listed = os.fsdecode(git_program.output(workspace.root, asked)).split("\0")
    found = {}
    for entry, _, path in (each.partition("\t") for each in listed if each):
        mode, _, blob = entry.split(" ")
        found[path] = f"{mode} {blob}"
    return found
