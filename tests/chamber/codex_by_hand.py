"""Runs the real Codex as the facts about it say, with nothing of this machine, and without the seal."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from sealock.domain.agent_run import CodexBinary, ModelEndpoint

_SECONDS = 90


class Ran(NamedTuple):
    """How a run ended; `tree` is the id of what it left in the work tree."""

    status: int
    output: str
    tree: str


def ran(codex: CodexBinary, model: ModelEndpoint, folder: Path, prompt: str = "do it") -> Ran:
    """Run Codex in the fresh repository `folder/workspace`, with a home of its own beside it."""
    workspace, home = folder / "workspace", folder / "home"
    for each in (workspace, home):
        each.mkdir(parents=True, exist_ok=True)
    git = ["git", "-C", str(workspace), "-c", "init.defaultBranch=main"]
    subprocess.run([*git, "init", "-q"], check=True)
    environment = {
        "CODEX_HOME": str(home),
        "HOME": str(home),
        "LOCAL_KEY": model.token,
        "PATH": "/usr/bin:/bin",
        "TZ": "UTC",
    }
    provider = f'{{name="local",base_url="{model.url}",wire_api="responses",env_key="LOCAL_KEY"}}'
    settings = [
        f"model_providers.local={provider}",
        "model_provider=local",
        "model=gpt-5.5",
        "analytics.enabled=false",
        "skills.bundled.enabled=false",
        "skills.include_instructions=false",
        "include_environment_context_time=false",
        "allow_login_shell=false",
        "sandbox_workspace_write.exclude_slash_tmp=true",
        "sandbox_workspace_write.exclude_tmpdir_env_var=true",
    ]
    flags = ["--json", "--ignore-user-config", "--ignore-rules", "--ephemeral", "-s", "workspace-write"]
    argv = [codex.path, "exec", *flags, "--disable", "plugins", "--disable", "apps"]
    argv += [part for each in settings for part in ("-c", each)]
    done = subprocess.run(
        [*argv, prompt],
        cwd=workspace,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_SECONDS,
        check=False,
    )
    subprocess.run([*git, "add", "-A"], check=True)
    tree = subprocess.run([*git, "write-tree"], check=True, capture_output=True).stdout.decode().strip()
    return Ran(done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace"), tree)
