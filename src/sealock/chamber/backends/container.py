"""The agent in a container of podman or docker, for machines that have an engine and no bubblewrap.

The container has no network at all: a Unix socket that is bound into it leads to the model, through the
image's first process (see docker/), and for a task with a network another one leads to Sealock's gate. Its
root is read-only, it has no capabilities and cannot gain any. Codex nests its own sandbox in it, for which
the engine must let user namespaces be made: hence `seccomp`, `systempaths` and `apparmor` are unconfined, as
both engines want it for nesting; so nothing in it is root.

An image is started by its id: whoever gives its name to another one meanwhile changes nothing of a run.

The engine, not this process, is a container's parent. So the container is named, and removed by name at the
end; and its first process holds a second socket, whose end, also after kill -9 of Sealock, ends everything.
"""

from __future__ import annotations

import json
import os
import re
import resource
import secrets
import shutil
import socket
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sealock.adapters import process
from sealock.chamber.backends.relay import Relay
from sealock.chamber.backends.running import LARGEST_FILE, Order, RunningAgent
from sealock.domain.agent_run import SandboxImage
from sealock.domain.printable import printable
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sealock.domain.agent_run import Limits, Mount, SealedCommand

IMAGE = "sealock-agent"
ENGINES = ("podman", "docker")
SOCKETS = "/run/sealock"

_ASK_SECONDS = 20.0
_LOOK = "{{.Id}} {{json .Config.Entrypoint}}"
_ID = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
# What `docker/` makes an image's first process; without it nothing leads to the model or ends with Sealock.
_FIRST = ["/usr/bin/python3", "-I", "-S", "-B", "/usr/local/lib/sealock/enter.py"]
_AGENT = 1000
_TMPFS = "rw,exec,nosuid,nodev,size=1g,mode=1777"
_MASKED = "ro,noexec,nosuid,nodev,size=4k,mode=0555"
# The image brings the system; the command's own folders of it stay outside.
_OF_THE_IMAGE = ("/usr", "/bin", "/sbin", "/lib", "/etc")
_SEALS = (
    *("--rm", "--interactive", "--pull", "never", "--network", "none", "--hostname", "sealock"),
    *("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--security-opt", "seccomp=unconfined", "--security-opt", "systempaths=unconfined"),
    *("--security-opt", "apparmor=unconfined", "--security-opt", "label=disable"),
    # What the agent says is for Sealock, and not for the machine's journal.
    *("--log-driver", "none", "--stop-signal", "SIGKILL"),
    *("--ulimit", f"fsize={LARGEST_FILE}:{LARGEST_FILE}", "--ulimit", "core=0:0"),
)
_MOST_FILES = 65_536
_MOST_PROCESSES = 4096
_CLIENT = (
    *("PATH", "HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "DBUS_SESSION_BUS_ADDRESS"),
    *("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"),
    *("CONTAINER_HOST", "CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF", "CONTAINERS_REGISTRIES_CONF"),
)
"""What an engine's client needs of the environment to find its daemon, and its user's containers."""


class Sockets(NamedTuple):
    """Sockets of the host: to the model and to the network, empty for none, and one that Sealock lives by."""

    model: str
    life: str
    egress: str = ""


class Found(NamedTuple):
    """An image, and the client of the engine that has it."""

    client: str
    image: SandboxImage


def named(name: str = "") -> Found:
    """Return what a name stands for now, `IMAGE` by default.

    Raises Undecided, with what each engine said, where none has it, and where it is not one of Sealock's.
    """
    wanted = name or IMAGE
    found = _found(wanted)
    if isinstance(found, str):
        message = f"no container engine has the image {wanted}: {found}"
        hint = f"Build it: podman build -t {wanted} docker/. Or take the bwrap backend: --backend bwrap."
        raise Undecided(message, hint=hint)
    return Found(found[0], SandboxImage(wanted, found[1]))


def known(image: SandboxImage) -> Found:
    """Return where an image is that was seen before, by its id and whatever it is called now.

    Raises Undecided, with what each engine said, where none has it any more.
    """
    found = _found(image.id)
    if isinstance(found, str):
        words = f"{printable(image.name, 200)} {image.id}{_now()}"
        message = f"no container engine has the image {words}: {found}"
        hint = "Bring it here: podman save and podman load keep its id; building it again makes another one."
        raise Undecided(message, hint=f"{hint} Or take the one that is here: sealock replay --other-image.")
    return Found(found[0], image)


def _now() -> str:
    """Return in words what the name stands for now; empty for nothing."""
    with suppress(Undecided):
        return f", and {IMAGE} is {named().image.id} now"
    return ""


def _found(reference: str) -> tuple[str, str] | str:
    """Return the client and the id of an image by its name or id, or what every engine said instead."""
    said = []
    for name in ENGINES:
        path = shutil.which(name)
        if path is None:
            said.append(f"{name} is not installed")
            continue
        try:
            done = _asked(path, "image", "inspect", "--format", _LOOK, reference)
        except process.TimedOut:
            said.append(f"{name} does not answer")
            continue
        if done.status == 0:
            return path, _id(name, reference, done.stdout.decode("utf-8", "replace"))
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        said.append(f"{name}: {last[:200]}")
    return "; ".join(said)


def _id(name: str, reference: str, said: str) -> str:
    """Return the id in an engine's answer; podman leaves the algorithm away. Raises Undecided."""
    digest, _, first = said.strip().partition(" ")
    digest = digest if digest.startswith("sha256:") else f"sha256:{digest}"
    if not _ID.fullmatch(digest) or (_ID.fullmatch(reference) and reference != digest):
        message = f"{name} does not say which image {reference} is: {printable(said.strip(), 200)}"
        raise Undecided(message, hint=f"Ask it by hand: {name} image inspect {reference}.")
    if first != json.dumps(_FIRST, separators=(",", ":")):
        message = f"the image {reference} is none of Sealock's: it starts {printable(first, 200)}"
        raise Undecided(
            message, hint="Build it from docker/, or from an image of that; keep its entry point."
        )
    return digest


def start(command: SealedCommand, limits: Limits) -> RunningAgent:
    """Start the agent in a container of the command's image, by its id. Raises Undecided without one."""
    client, image = known(command.image) if command.image else named()
    name = f"sealock-{secrets.token_hex(8)}"
    with ExitStack() as owned:
        folder = Path(owned.enter_context(tempfile.TemporaryDirectory(prefix="sealock-files-")))
        life = _socket(folder / "life.sock", owned)
        to_model = str(folder / "model.sock") if command.relay else ""
        sockets = Sockets(to_model, str(folder / "life.sock"), command.gate)
        model = _socket(folder / "model.sock", owned) if command.relay else None
        files = _written(command.files, folder)
        _give_away(command)
        order = Order(
            program=client,
            argv=(client, *arguments(command, name, sockets, (*_user(client), *files, image.id))),
            environment=command.environment | _environment(),
            folder="/",
            largest=0,  # the engine's own files are not the agent's
        )
        owned.callback(_remove, client, name)
        agent = RunningAgent(order, limits, command, owned.pop_all())
        agent.own(_held(life))
        if model:
            agent.own(Relay(model, command.relay, agent.alive).close)
        return agent


def arguments(command: SealedCommand, name: str, sockets: Sockets, rest: tuple[str, ...]) -> Iterator[str]:
    """Return what the engine's client is told; `rest` are more options, and the image last."""
    yield from ("run", "--name", name, *_SEALS, *_bounds(), "--workdir", command.workdir)
    yield from ("--volume", f"{sockets.life}:{SOCKETS}/life.sock")
    if sockets.model:
        yield from ("--volume", f"{sockets.model}:{SOCKETS}/model.sock")
    if sockets.egress:
        yield from ("--volume", f"{sockets.egress}:{SOCKETS}/egress.sock")
    for mount in command.mounts:
        yield from _mount(mount)
    client = _environment()
    for variable, value in command.environment.items():
        # The client's own are said; the others, a token among them, it takes from its environment.
        yield from ("--env", f"{variable}={value}" if variable in client else variable)
    yield from ("--env", f"SEALOCK_KEPT={' '.join(command.environment)}")
    yield from (*rest, *command.argv)


def _mount(mount: Mount) -> tuple[str, ...]:
    if mount.target.startswith(_OF_THE_IMAGE):
        return ()
    if mount.kind in {"tmpfs", "masked"}:
        return ("--tmpfs", f"{mount.target}:{_TMPFS if mount.kind == 'tmpfs' else _MASKED}")
    mode = "rw" if mount.kind == "read-write" else "ro"
    return ("--volume", f"{mount.source}:{mount.target}:{mode}")


def _bounds() -> Iterator[str]:
    """Yield bounds that this process may give; an engine's own may be more than its machine lets it."""
    for name, kind, most in (
        ("nofile", resource.RLIMIT_NOFILE, _MOST_FILES),
        ("nproc", resource.RLIMIT_NPROC, _MOST_PROCESSES),
    ):
        _, hard = resource.getrlimit(kind)
        bound = most if hard == resource.RLIM_INFINITY else min(hard, most)
        yield from ("--ulimit", f"{name}={bound}:{bound}")


def _user(client: str) -> tuple[str, ...]:
    """Return who the agent is: never root, and whoever may write what its user may."""
    if os.getuid() == 0:
        return ("--user", f"{_AGENT}:{_AGENT}")
    if Path(client).name == "podman":
        return ("--userns", f"keep-id:uid={_AGENT},gid={_AGENT}", "--user", f"{_AGENT}:{_AGENT}")
    return ("--user", f"{os.getuid()}:{os.getgid()}")


def _give_away(command: SealedCommand) -> None:
    """Give the workspace to the agent where root started it; its `.git` too, or Git there would refuse it."""
    if os.getuid():
        return
    for mount in command.mounts:
        if mount.source and (mount.kind == "read-write" or mount.target == command.workdir):
            for folder, _, names in os.walk(mount.source):
                for each in (folder, *(os.path.join(folder, name) for name in names)):  # noqa: PTH118
                    os.chown(each, _AGENT, _AGENT, follow_symlinks=False)


def _written(files: dict[str, str], folder: Path) -> tuple[str, ...]:
    """Write the command's files, and an empty list of name servers, and return how they are mounted."""
    options: list[str] = []
    for count, (target, content) in enumerate({**files, "/etc/resolv.conf": ""}.items()):
        file = folder / str(count)
        file.write_text(content, encoding="utf-8")
        file.chmod(0o644)
        options += ("--volume", f"{file}:{target}:ro")
    return tuple(options)


def _socket(path: Path, owned: ExitStack) -> socket.socket:
    listening = owned.enter_context(socket.socket(socket.AF_UNIX))
    listening.bind(str(path))
    # The folder that it is in opens to nobody else.
    path.chmod(0o666)
    listening.listen()
    return listening


def _held(life: socket.socket) -> Callable[[], None]:
    """Return what ends a container whose first process has connected to `life`, or is about to."""

    def end() -> None:
        with suppress(OSError):
            life.shutdown(socket.SHUT_RDWR)
        life.close()

    return end


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _CLIENT if name in os.environ}  # noqa: TID251 - the edge


def _asked(client: str, *arguments: str) -> process.Completed:
    return process.run([client, *arguments], environment=_environment(), timeout_seconds=_ASK_SECONDS)


def _remove(client: str, name: str) -> None:
    with suppress(process.TimedOut, OSError):
        _asked(client, "rm", "--force", name)
