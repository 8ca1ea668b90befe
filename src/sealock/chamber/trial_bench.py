"""Runs tests on an agent's patch: a clean copy of the base, a sandbox without agent, model or network."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sealock.chamber import backends
from sealock.chamber.backends.running import Order, RunningAgent
from sealock.chamber.seal import ETC, FILES, INSIDE, SYSTEM
from sealock.chamber.workspace import open_workspace
from sealock.domain.agent_run import BackendName, Limits, Mount, SealedCommand
from sealock.domain.printable import printable
from sealock.domain.trial import TrialRun
from sealock.errors import Undecided, UsageError

if TYPE_CHECKING:
    from sealock.domain.agent_run import AgentExit, SandboxImage
    from sealock.domain.trial import TrialRequest

SECONDS = 900.0
KEPT_BYTES = 256 << 10

# What is said before the tests begin tells a sandbox that does not work from tests that fail.
_SHELL = 'echo "$1"; exec 2>&1; exec /bin/sh -c "$2"'


class BenchOptions(msgspec.Struct, frozen=True):
    """How tests are run: the sandbox, the deadline in seconds, what of the output is kept.

    `programs` is the folder of the Codex package, for the bubblewrap in it, which tests do not see.
    `readable` are folders of the host that tests may read at the same place: toolchains, caches.
    """

    backend: BackendName = "bwrap"
    seconds: float = SECONDS
    kept_bytes: int = KEPT_BYTES
    programs: str = ""
    readable: tuple[str, ...] = ()


class SealedBench:
    """Implements the TrialBench port for one repository."""

    def __init__(self, root: str, options: BenchOptions) -> None:
        """Try patches on the repository at `root`. Raises UsageError for a folder that is not there."""
        for each in options.readable:
            if not Path(each).is_absolute() or not Path(each).is_dir():
                message = f"{printable(each, 200)} is no folder that tests could read"
                raise UsageError(message, hint="Name it from the root: --test-reads /opt/toolchain.")
        self._root = root
        self._options = options

    def run(self, request: TrialRequest) -> TrialRun:
        """Run the tests once, in a copy of their own. Raises Undecided where that cannot be done."""
        with open_workspace(self._root, request.revision) as work:
            tree = work.apply(request.patch)
            if tree != request.tree:
                message = f"the patch makes the tree {tree} of the base, not {request.tree}"
                raise Undecided(message, hint="The base has moved: run the agent again.")
            return self._run(request, work.path)

    def _run(self, request: TrialRequest, folder: str) -> TrialRun:
        token = secrets.token_hex(16)
        began = time.monotonic()
        seconds = self._options.seconds
        limits = Limits(wall_seconds=seconds, idle_seconds=seconds)
        output = bytearray()
        cut = 0
        begun = False
        argv = ("/bin/sh", "-c", _SHELL, "sh", token, request.command)
        with self._start(argv, folder, limits, request.image) as running:
            for line in running:
                if not begun:
                    begun = line.content == token.encode()
                    continue
                output += line.content + b"\n"
                if len(output) > 2 * self._options.kept_bytes:
                    cut += len(output) - self._options.kept_bytes
                    del output[: -self._options.kept_bytes]
            ended = running.wait()
        if not begun:
            raise _no_sandbox(ended)
        cut += max(0, len(output) - self._options.kept_bytes)
        text = bytes(output[-self._options.kept_bytes :]).decode("utf-8", "replace")
        status = ended.status if ended.ended_by == "itself" else None
        return TrialRun(status, round(time.monotonic() - began, 3), text, cut)

    def _start(
        self, argv: tuple[str, ...], folder: str, limits: Limits, image: SandboxImage | None
    ) -> RunningAgent:
        if self._options.backend == "none":
            from contextlib import ExitStack  # noqa: PLC0415 - only without a sandbox

            order = Order(program=argv[0], argv=argv, environment=_environment(folder), folder=folder)
            command = SealedCommand(argv, _environment(folder), (), {}, (), workdir=folder)
            return RunningAgent(order, limits, command, ExitStack())
        command = msgspec.structs.replace(self._sealed(argv, folder), image=image)
        return backends.start(command, self._options.backend, limits)

    def _sealed(self, argv: tuple[str, ...], folder: str) -> SealedCommand:
        options = self._options
        mounts = (
            *(Mount(each, each) for each in SYSTEM),
            Mount("/etc", kind="tmpfs"),
            *(Mount(each, each) for each in ETC),
            Mount(INSIDE.temporary, kind="tmpfs"),
            Mount(INSIDE.home, kind="tmpfs"),
            Mount(INSIDE.programs, options.programs, "masked"),
            *(Mount(each, each) for each in options.readable),
            Mount(INSIDE.workspace, folder, "read-write"),
        )
        return SealedCommand(argv, _environment(INSIDE.home), mounts, FILES, (), INSIDE.workspace)


def _environment(home: str) -> dict[str, str]:
    return {
        "CI": "true",
        "HOME": home,
        "LANG": "C.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TERM": "dumb",
        "TZ": "UTC",
    }


def _no_sandbox(ended: AgentExit) -> Undecided:
    words = printable(ended.stderr_tail.strip() or f"it ended with {ended.status}", 300)
    message = f"the sandbox for the tests does not work: {words}"
    return Undecided(message, hint="Run `sealock doctor`: it tries the sandbox and says how to mend it.")
