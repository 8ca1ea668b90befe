"""The agent in a container of podman or docker, for machines that have an engine and no bubblewrap.

The container has no network at all: a Unix socket that is bound into it leads to the model, through the
image's own forwarder (see docker/). Its root is read-only, it has no capabilities and cannot gain any. Codex
nests its own sandbox in it, for which the engine must let user namespaces be made: hence `seccomp` and
`systempaths` are unconfined, as both engines want it for nesting.

The container is named, and removed by name at the end, because the engine's daemon, not this process, is
its parent: after kill -9 of Sealock it is the supervisor that ends the client, and `--rm` with the client's
end of standard input that ends the container.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sealock.adapters import process
from sealock.chamber.backends.relay import Relay
from sealock.chamber.backends.running import Order, RunningAgent
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.domain.agent_run import Limits, Mount, SealedCommand

IMAGE = "sealock-agent"
ENGINES = ("podman", "docker")
SOCKET = "/run/sealock/model.sock"

_ASK_SECONDS = 20.0
_TMPFS = "rw,nosuid,nodev,size=1g,mode=0700,uid=1000,gid=1000"
# The image brings the system; the command's own folders of it stay outside.
_OF_THE_IMAGE = ("/usr", "/bin", "/sbin", "/lib", "/etc")


def engine() -> str:
    """Return an engine that answers. Raises Undecided, with what each one said."""
    said = []
    for name in ENGINES:
        path = shutil.which(name)
        if path is None:
            said.append(f"{name} is not installed")
            continue
        try:
            done = process.run([path, "info"], environment=_environment(), timeout_seconds=_ASK_SECONDS)
        except process.TimedOut:
            said.append(f"{name} does not answer")
            continue
        if done.status == 0:
            return path
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        said.append(f"{name}: {last[:200]}")
    message = f"there is no container engine: {'; '.join(said)}"
    raise Undecided(message, hint="Start one, or take the bwrap backend: --backend bwrap.")


def start(command: SealedCommand, limits: Limits, image: str = IMAGE) -> RunningAgent:
    """Start the agent in a container. Raises Undecided without an engine that answers."""
    client = engine()
    name = f"sealock-{secrets.token_hex(8)}"
    with ExitStack() as owned:
        folder = owned.enter_context(tempfile.TemporaryDirectory(prefix="sealock-files-"))
        listening = owned.enter_context(socket.socket(socket.AF_UNIX))
        path = Path(folder, "model.sock")
        listening.bind(str(path))
        path.chmod(0o666)
        listening.listen()
        order = Order(
            program=client,
            argv=tuple(arguments(command, name, str(path), image)),
            environment=command.environment | _environment(),
            folder="/",
        )
        owned.callback(_remove, client, name)
        agent = RunningAgent(order, limits, command, owned.pop_all())
        agent.own(Relay(listening, command.relay, agent.alive).close)
        return agent


def arguments(command: SealedCommand, name: str, model: str, image: str) -> Iterator[str]:
    """Return the engine's command line; its first word is the program's name."""
    yield from ("engine", "run", "--rm", "--interactive", "--init", "--name", name)
    yield from ("--network", "none", "--read-only", "--cap-drop", "ALL", "--user", "1000:1000")
    yield from ("--security-opt", "no-new-privileges", "--security-opt", "seccomp=unconfined")
    yield from ("--security-opt", "systempaths=unconfined", "--hostname", "sealock")
    yield from ("--workdir", command.workdir, "--volume", f"{model}:{SOCKET}")
    for mount in command.mounts:
        yield from _mount(mount)
    for variable, value in command.environment.items():
        # The client's own are said; the others, a token among them, it takes from its environment.
        yield from ("--env", f"{variable}={value}" if variable in _environment() else variable)
    yield from (image, *command.argv)


def _mount(mount: Mount) -> tuple[str, ...]:
    if mount.target.startswith(_OF_THE_IMAGE):
        return ()
    if mount.kind in {"tmpfs", "masked"}:
        return ("--tmpfs", f"{mount.target}:{_TMPFS}")
    mode = "rw" if mount.kind == "read-write" else "ro"
    return ("--volume", f"{mount.source}:{mount.target}:{mode}")


def _environment() -> dict[str, str]:
    """Return what an engine's client needs to find its daemon and its user's containers."""
    wanted = ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONTEXT", "XDG_RUNTIME_DIR", "CONTAINER_HOST")
    return {name: os.environ[name] for name in wanted if name in os.environ}  # noqa: TID251 - the edge


def _remove(client: str, name: str) -> None:
    with suppress(process.TimedOut, OSError):
        process.run([client, "rm", "--force", name], environment=_environment(), timeout_seconds=_ASK_SECONDS)
