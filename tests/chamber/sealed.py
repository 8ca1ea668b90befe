"""Sealed commands for tests: a small repository, a task, the real Codex program, a scripted model."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sealock.chamber.codex_binary import places_of
from sealock.chamber.seal import compose
from sealock.domain.agent_run import Limits, ModelEndpoint, Mount, SealedCommand
from sealock.domain.settings import AgentTask

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chamber.scripted_model import ScriptedModel

    from sealock.domain.agent_run import CodexBinary, SandboxLevel

TOKEN = "throw-away-bearer-of-a-test"  # noqa: S105 - it opens nothing
QUICK = Limits(wall_seconds=60, idle_seconds=45)


def git(folder: Path, *arguments: str) -> str:
    """Run Git as a user would, with a name, and return what it prints."""
    named = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    done = subprocess.run(["git", *named, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def repository(folder: Path, files: dict[str, str] | None = None) -> Path:
    """Make a repository of one commit."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    for path, text in (files or {"base.yaml": "a: 1\n"}).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    git(folder, "add", "-A", ".")
    git(folder, "commit", "-qm", "base")
    return folder


def sealed(
    codex: CodexBinary, model: ScriptedModel, workspace: Path, sandbox: SandboxLevel = "workspace-write"
) -> SealedCommand:
    """Return the command of a run in a repository."""
    task = AgentTask("gpt-5.5", sandbox=sandbox)
    return compose(task, codex, ModelEndpoint(model.url, TOKEN), "Do it", None, workspace=str(workspace))


def plain(*argv: str, **environment: str) -> SealedCommand:
    """Return a command that is no agent, in the agent's sandbox."""
    import codex_binaries  # noqa: PLC0415 - the tools are no package

    package, _ = places_of(str(codex_binaries.program(codex_binaries.WHEEL)))
    system = tuple(Mount(each, each) for each in ("/usr", "/bin", "/lib", "/lib64"))
    mounts = (*system, Mount("/opt/codex", package))
    return SealedCommand(argv, {"PATH": "/usr/bin:/bin", **environment}, mounts, {}, (), workdir="/")


def running(marker: str) -> list[int]:
    """Return the processes with this text among their arguments."""
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdigit() and int(each.name) != os.getpid():
            try:
                arguments = (each / "cmdline").read_bytes()
            except OSError:
                continue
            if marker.encode() in arguments.split(b"\0"):
                found.append(int(each.name))
    return found


def outputs(model: ScriptedModel) -> str:
    """Return all that tools answered."""
    return "\n".join(str(each["output"]) for each in model.requests[-1].outputs)


def until(true: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Wait for something that other processes do; say whether it came true."""
    ends = time.monotonic() + seconds
    while not (came := true()) and time.monotonic() < ends:
        threading.Event().wait(0.02)
    return came
