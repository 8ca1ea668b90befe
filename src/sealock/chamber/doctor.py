"""Looks at this machine for `sealock doctor`: implements the Patient port. Nothing is changed."""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sealock.adapters import process
from sealock.chamber import backends, codex_binary, codex_versions, host_layers
from sealock.chamber.backends import container
from sealock.domain.agent_run import CodexBinary, Limits, Mount, SealedCommand
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sealock.domain.agent_layers import HostInput
    from sealock.domain.settings import CodexChoice

_SECONDS = 20.0
_WORKS = "nested sandbox works, no network but loopback"
# In the sandbox: another one as Codex makes it for its tools, and a look at the network.
_NEST = (
    "test $(tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' | tr '\\n' ' ') = lo; "
    "bwrap=/opt/codex/codex-resources/bwrap; test -x $bwrap || bwrap=bwrap; "
    "$bwrap --ro-bind / / --dev /dev --unshare-user --unshare-pid --unshare-ipc --unshare-net "
    "/bin/sh -c 'echo nested'"
)
_TRY = f"set -e; test $(id -u) = 1000; {_NEST}"
_TRY_CONTAINER = f"set -e; test $(id -u) != 0; {_NEST}"
_FORBIDDEN = (
    "User namespaces are not permitted. On Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0; "
    "elsewhere: sysctl user.max_user_namespaces; in a container: --security-opt seccomp=unconfined "
    "--security-opt systempaths=unconfined. Or take another backend: --backend container, or --unsealed."
)


_NO_NAMESPACES = re.compile(r"permitted|denied|namespace|RTM_NEWADDR|uid map|No space left")
_ENGINE = "See what the engine says; only the container backend needs it."
_OTHER = "Take another backend: --backend container; or --unsealed, which seals nothing and says so."


class Machine:
    """The machine that this runs on, and the repository at `root` on it."""

    def __init__(self, root: str, choice: CodexChoice, variables: Mapping[str, str]) -> None:
        """Look with the caller's environment `variables`, which no program gets but PATH and HOME of it."""
        self._root = root
        self._choice = choice
        self._variables = variables

    def said(self, program: str, arguments: Sequence[str]) -> str | None:
        """Return what a program prints, None when there is none. Raises Undecided when it does not answer."""
        path = shutil.which(program, path=self._variables.get("PATH"))
        if path is None:
            return None
        kept = {name: self._variables[name] for name in ("PATH", "HOME") if name in self._variables}
        try:
            done = process.run([path, *arguments], environment=kept, timeout_seconds=_SECONDS)
        except (process.TimedOut, OSError) as wrong:
            why = wrong.strerror if isinstance(wrong, OSError) else f"not in {_SECONDS:g} s"
            message = f"{program} does not answer: {why}"
            raise Undecided(message, hint=f"Run it by hand: {program} {' '.join(arguments)}.") from None
        return (done.stdout + done.stderr).decode("utf-8", "replace")

    def codex(self) -> CodexBinary:
        """Return the program that would run. Raises UsageError, Refused, Undecided."""
        return codex_binary.find(self._choice)

    def accepts(self, binary: CodexBinary) -> None:
        """Raise UsageError for a version that would be refused."""
        codex_versions.release(binary.version, allow_untested=self._choice.allow_untested)

    def sandbox(self, binary: CodexBinary) -> str:
        """Try the sandbox for real, another one nested in it, and say what works. Raises Undecided."""
        package, program = codex_binary.places_of(binary.path)
        target = "/opt/codex" if package != binary.path else f"/opt/codex/{program}"
        system = tuple(Mount(each, each) for each in ("/usr", "/bin", "/sbin", "/lib", "/lib64"))
        command = SealedCommand(
            argv=("/bin/sh", "-c", _TRY),
            environment={"PATH": "/usr/bin:/bin"},
            mounts=(*system, Mount("/tmp", kind="tmpfs"), Mount(target, package)),  # noqa: S108 - in it
            files={},
            settings=(),
            workdir="/",
            relay="http://127.0.0.1:1/v1",
        )
        limits = Limits(wall_seconds=_SECONDS, idle_seconds=_SECONDS)
        with _mended(), backends.start(command, "bwrap", limits) as agent:
            lines = [line.content for line in agent]
            ended = agent.wait()
        if ended.status or lines != [b"nested"]:
            words = ended.stderr_tail.strip().rpartition("\n")[2] or f"status {ended.status}"
            message = f"the sandbox does not work: {words}"
            raise Undecided(message, hint=_hint(words))
        return _WORKS

    def container(self) -> str:
        """Try a container for real, a sandbox nested in it, and say what works. Raises Undecided."""
        client = Path(container.named().client).name
        command = SealedCommand(
            argv=("/bin/sh", "-c", _TRY_CONTAINER),
            environment={"PATH": "/usr/bin:/bin"},
            mounts=(Mount("/tmp", kind="tmpfs"),),  # noqa: S108 - in it
            files={},
            settings=(),
            workdir="/",
        )
        limits = Limits(wall_seconds=_SECONDS, idle_seconds=_SECONDS)
        with backends.start(command, "container", limits) as agent:
            lines = [line.content for line in agent]
            ended = agent.wait()
        if ended.status or lines != [b"nested"]:
            # After the reason engines name their own help.
            said = [each for each in ended.stderr_tail.splitlines() if each.strip() and "--help" not in each]
            words = said[-1] if said else f"status {ended.status}"
            message = f"{client} runs no sealed container: {words}"
            raise Undecided(message, hint=_ENGINE)
        return f"{client}: {_WORKS}"

    def leaks(self) -> Sequence[HostInput]:
        """Return what Codex may read of this machine."""
        home = self._variables.get("HOME", "/nonexistent")
        return host_layers.inputs(
            host_layers.Machine(
                home=home,
                codex_home=self._variables.get("CODEX_HOME") or str(Path(home, ".codex")),
                repository=self._root,
                environment=self._variables,
                committed=self._committed(),
                sandboxed=True,
            )
        )

    def _committed(self) -> frozenset[str]:
        said = None
        with suppress(Undecided):
            said = self.said("git", ["-C", self._root, "ls-tree", "-r", "-z", "--name-only", "HEAD"])
        return frozenset((said or "").split("\0"))


class _mended:  # noqa: N801 - reads as a verb where it is used
    """Says how to mend what keeps a sandbox from starting."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, wrong: object, _trace: object) -> None:
        if isinstance(wrong, Undecided) and "doctor" in wrong.hint:
            raise Undecided(wrong.message, hint=_hint(wrong.message)) from None


def _hint(words: str) -> str:
    return _FORBIDDEN if _NO_NAMESPACES.search(words) else _OTHER
