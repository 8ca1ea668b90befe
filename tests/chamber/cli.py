"""The command line of sealed runs, with the real Codex program and a scripted model."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from typing import TYPE_CHECKING, NamedTuple

from tests.chamber.sealed import repository

from sealock.cli.main import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.chamber.scripted_model import ScriptedModel

    from sealock.domain.agent_run import CodexBinary

KEY = "sk-planted-key-of-the-provider-0123456789"


class Ran(NamedTuple):
    """How a command ended, and what it wrote."""

    status: int
    out: str
    err: str


def platform(
    folder: Path, codex: CodexBinary, model: ScriptedModel, files: dict[str, str] | None = None
) -> Path:
    """Make a repository whose agent is `codex` with the scripted model; the key is in a file beside it."""
    (folder / "key").write_text(KEY)
    settings = {
        "chamber": {
            "codex": {"path": codex.path, "sha256": codex.sha256},
            "upstream": {"url": model.url, "key": {"file": str(folder / "key")}, "timeout": "5s"},
        },
        "agent": {
            "fix": {
                "model": "gpt-5.5",
                "sandbox": "workspace-write",
                "protect": ["tests/**"],
                "deadline": "1m",
                "idle": "30s",
            },
            "review": {"model": "gpt-5.5", "deadline": "1m", "idle": "30s"},
        },
    }
    return repository(
        folder / "repository", {"sealock.yaml": json.dumps(settings, indent=2), **(files or {})}
    )


def sealock(*arguments: str | Path) -> Ran:
    """Run the command line in this process."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = run([str(each) for each in arguments])
    sys.stdout.flush()
    out.seek(0)
    return Ran(status, out.read(), err.getvalue())
