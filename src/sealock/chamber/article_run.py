"""Codex as the article starts it, on this machine as it is, but where nothing can be changed or reached.

The machine's files are bound read-only, what Codex would read of CODEX_HOME is a copy without the login, and
the only network is the canary's port. The environment is inherited whole: that is what is looked at.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sealock.chamber.codex_binary import places_of
from sealock.chamber.codex_versions import LAST_FULL_AUTO, parse
from sealock.chamber.seal import PORT, PROVIDER
from sealock.chamber.toml_value import toml
from sealock.domain.agent_layers import LayerValue
from sealock.domain.agent_run import Mount, SealedCommand
from sealock.errors import Undecided

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealock.chamber.host_layers import Machine
    from sealock.domain.agent_run import CodexBinary, ModelEndpoint

_FLAGS = ("--json", "--ignore-user-config", "--ignore-rules", "--ephemeral")
_READ = ("config.toml", "AGENTS.md", "AGENTS.override.md", "hooks.json", ".env", "rules", "skills", "prompts")
_LARGEST = 1 << 26
_PROGRAMS = "/opt/codex"
# Made anew: devices and processes by the sandbox, the others because sockets of the machine are in them.
_FRESH = ("tmp", "run")
_NOT_BOUND = frozenset({"dev", "proc", "opt", "lost+found", *_FRESH})


class ArticleRun(NamedTuple):
    """The run; `copy` is a folder that `copy_codex_home` filled."""

    settings: tuple[LayerValue, ...]
    binary: CodexBinary
    prompt: str
    machine: Machine
    copy: str

    def command(self, model: ModelEndpoint) -> SealedCommand:
        """Return what is started. Raises UsageError for a version that is none."""
        provider = {"name": PROVIDER, "base_url": f"http://127.0.0.1:{PORT}/v1", "wire_api": "responses"}
        said = [f"{each.key}={each.value}" for each in self.settings]
        said += [f"model_providers.{PROVIDER}={toml(provider)}", f"model_provider={toml(PROVIDER)}"]
        folder, program = places_of(self.binary.path)
        # The article takes it for tasks that write; later versions refuse it.
        writes = LayerValue("sandbox_mode", '"workspace-write"') in self.settings
        full_auto = ("--full-auto",) if writes and parse(self.binary.version) <= LAST_FULL_AUTO else ()
        target = _PROGRAMS if folder != self.binary.path else f"{_PROGRAMS}/{program}"
        return SealedCommand(
            argv=(
                f"{_PROGRAMS}/{program}",
                *("exec", *_FLAGS, *full_auto),
                *(part for each in said for part in ("-c", each)),
                self.prompt,
            ),
            environment=dict(self.machine.environment),
            mounts=(*_mounts(self.machine, self.copy), Mount(target, folder)),
            files={},
            settings=(),
            workdir=self.machine.repository,
            relay=model.url,
        )


def copy_codex_home(codex_home: str, copy: str) -> None:
    """Copy what Codex reads at its start, but no login. Raises Undecided when that cannot be done."""
    size = 0
    for name in (*_READ, *_profiles(codex_home)):
        source = Path(codex_home, name)
        size += sum(each.lstat().st_size for each in (source, *source.rglob("*")) if each.exists())
        if size > _LARGEST:
            message = f"{codex_home} holds more than {_LARGEST >> 20} MiB of instructions and skills"
            raise Undecided(message, hint="Look with --no-compare: the sealed run does not depend on it.")
        try:
            if source.is_dir():
                shutil.copytree(source, Path(copy, name), ignore_dangling_symlinks=True)
            elif source.is_file():
                shutil.copyfile(source, Path(copy, name))
        except (OSError, shutil.Error) as wrong:
            message = f"{source} cannot be copied: {wrong}"
            raise Undecided(message, hint="Let your user read it, or look with --no-compare.") from None


def _profiles(codex_home: str) -> list[str]:
    return sorted(each.name for each in Path(codex_home).glob("*.config.toml"))


def _mounts(machine: Machine, copy: str) -> Iterator[Mount]:
    for name in _readable("/"):
        if name not in _NOT_BOUND:
            yield Mount(f"/{name}", f"/{name}")
    for name in (*_FRESH, "opt"):
        yield Mount(f"/{name}", kind="tmpfs")
    for name in _readable("/opt"):
        if f"/opt/{name}" != _PROGRAMS:
            yield Mount(f"/opt/{name}", f"/opt/{name}")
    home = os.path.realpath(machine.home)
    if home != "/":
        # Codex's home may not be there yet, and no folder can be made in one that is bound.
        yield Mount(home, kind="tmpfs")
        for name in _readable(home):
            if f"{home}/{name}" != machine.codex_home:
                yield Mount(f"{home}/{name}", f"{home}/{name}")
    yield Mount(machine.repository, machine.repository)
    # Last: it may lie in the repository.
    yield Mount(machine.codex_home, copy, "read-write")


def _readable(folder: str) -> list[str]:
    try:
        return sorted(each.name for each in os.scandir(folder) if each.is_file() or each.is_dir())
    except OSError:
        return []
