"""The agent in bubblewrap: namespaces of its own for users, processes, network, files, host name and IPC.

Codex puts its tools into a second sandbox inside of this one, so user namespaces must nest. What this
sandbox does not do: it bounds neither memory nor processor time (a job's cgroup does), and the kernel is
shared. Started by root the agent is still not root inside, but what it writes belongs to root outside.
"""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from sealock.chamber import scratch
from sealock.chamber.backends.running import INFORMATION, Order, RunningAgent
from sealock.chamber.seal import PORT
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.chamber.backends.supervisor import Supervisor
    from sealock.domain.agent_run import Limits, Mount, SealedCommand

BWRAP = "bwrap"
_USER = "1000"
_NAMESPACES = (
    *("--unshare-user", "--uid", _USER, "--gid", _USER),
    *("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
    *("--hostname", "sealock", "--die-with-parent", "--new-session"),
    *("--info-fd", INFORMATION),
    *("--dev", "/dev", "--proc", "/proc"),
)
_TMPFS_BYTES = str(1 << 30)
# Folders of the system that a machine may not have.
_MAY_LACK = ("/bin", "/sbin", "/lib", "/etc/", "/usr")


def program(command: SealedCommand) -> str:
    """Return the bubblewrap to take: the one that came with Codex, else the machine's. Raises Undecided."""
    for mount in command.mounts:
        bundled = Path(mount.source, "codex-resources", BWRAP)
        if mount.source and mount.target.startswith("/opt/") and os.access(bundled, os.X_OK):
            return str(bundled)
    found = shutil.which(BWRAP)
    if found is None:
        message = "there is no bubblewrap"
        raise Undecided(message, hint="Install it (bubblewrap), or take sealock[codex], which brings one.")
    return found


def start(command: SealedCommand, limits: Limits, supervisor: Supervisor | None = None) -> RunningAgent:
    """Start the agent, with a supervisor that may be there already. Raises Undecided where it cannot."""
    with ExitStack() as owned:
        folder = owned.enter_context(scratch.folder())
        order = Order(
            program=program(command),
            argv=(BWRAP, "--args", "{arguments}", "--", *command.argv),
            environment=command.environment,
            folder="/",
            arguments=tuple(arguments(command, folder)),
            port=PORT if command.relay else 0,
        )
        return RunningAgent(order, limits, command, owned.pop_all(), supervisor)


def arguments(command: SealedCommand, folder: str) -> Iterator[str]:
    """Return what bubblewrap is told, after writing the command's files into `folder` of the host."""
    yield from _NAMESPACES
    if not command.relay:
        yield "--unshare-net"
    for mount in command.mounts:
        yield from _mount(mount)
    for count, (target, content) in enumerate(command.files.items()):
        file = Path(folder, str(count))
        file.write_text(content, encoding="utf-8")
        yield from ("--ro-bind", str(file), target)
    yield from ("--chdir", command.workdir)


def _mount(mount: Mount) -> tuple[str, ...]:
    if mount.kind == "tmpfs":
        return ("--size", _TMPFS_BYTES, "--perms", "0700", "--tmpfs", mount.target)
    if mount.kind == "masked":
        return ("--perms", "0555", "--tmpfs", mount.target, "--remount-ro", mount.target)
    how = "--bind" if mount.kind == "read-write" else "--ro-bind"
    optional = mount.target == mount.source and mount.target.startswith(_MAY_LACK)
    return (f"{how}-try" if optional else how, mount.source, mount.target)
