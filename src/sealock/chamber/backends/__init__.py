"""Ways to start a sealed command: in bubblewrap, in a container, or, said to be unsealed, as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sealock.chamber.backends.running import RunningAgent
    from sealock.chamber.backends.supervisor import Supervisor
    from sealock.domain.agent_run import Limits, SealedCommand

# ruff: noqa: PLC0415 - a run loads the one that it uses


def start(
    command: SealedCommand, backend: str, limits: Limits, supervisor: Supervisor | None = None
) -> RunningAgent:
    """Start the agent; leaving the context, or the death of this process, ends all that it started.

    A `supervisor` that was started ahead is for bubblewrap alone.

    Raises Undecided where the backend cannot work on this machine.
    """
    if backend == "bwrap":
        from sealock.chamber.backends import bwrap

        return bwrap.start(command, limits, supervisor)
    if backend == "container":
        from sealock.chamber.backends import container

        return container.start(command, limits)
    from sealock.chamber.backends import none

    return none.start(command, limits)
