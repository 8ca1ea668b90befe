"""The agent without a sandbox around it, for machines that allow none: said to be unsealed in the record.

Codex still puts its tools into its own sandbox. What is missing: the agent itself and its hooks and servers
see the host's files and network, `/etc/codex` counts, and paths of the host reach the model.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from sealock.chamber.backends.running import Order, RunningAgent

if TYPE_CHECKING:
    from sealock.domain.agent_run import Limits, SealedCommand


def start(command: SealedCommand, limits: Limits) -> RunningAgent:
    """Start the agent with the command's environment and nothing else. Raises Undecided."""
    Path(command.environment["CODEX_HOME"]).mkdir(parents=True, exist_ok=True)
    order = Order(
        program=command.argv[0],
        argv=command.argv,
        environment=command.environment,
        folder=command.workdir,
    )
    return RunningAgent(order, limits, command, ExitStack())
