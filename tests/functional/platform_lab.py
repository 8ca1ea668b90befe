"""A bare repository with the example platform, and a clone of it to run `sealock` in."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sealock.cli.main import run

if TYPE_CHECKING:
    import pytest

PLATFORM = Path(__file__).parents[2] / "examples" / "platform"
ENVIRONMENTS = (
    "environments:\n  dev: {}\n  staging: {after: dev}\n  production: {after: staging, selfHeal: true}\n"
)


def digest(letter: str) -> str:
    """Return a digest that is easy to tell from others."""
    return f"sha256:{letter * 64}"


class PlatformLab:
    """`origin` is bare; `clone` is where the command runs; others push through `stranger`."""

    def __init__(self, folder: Path, captured: pytest.CaptureFixture[bytes], settings: str | None) -> None:
        self._captured = captured
        self.origin = folder / "origin.git"
        self.clone = folder / "clone"
        self.stranger = folder / "stranger"
        git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(self.origin))
        shutil.copytree(PLATFORM, self.clone)
        settings_file = self.clone / "sealock.yaml"
        if settings is None:
            settings_file.unlink()
        else:
            settings_file.write_text(settings)
        git(self.clone, "init", "--quiet", "--initial-branch=main")
        git(self.clone, "config", "user.name", "Ada")
        git(self.clone, "config", "user.email", "ada@acme.dev")
        git(self.clone, "remote", "add", "origin", str(self.origin))
        self.commit("start")
        git(self.clone, "push", "--quiet", "--set-upstream", "origin", "main")

    def commit(self, message: str) -> None:
        """Commit everything in the clone."""
        git(self.clone, "add", "--all")
        git(self.clone, "commit", "--quiet", "--allow-empty", "--message", message)

    def push(self, message: str) -> None:
        """Commit everything in the clone, and push it."""
        self.commit(message)
        git(self.clone, "push", "--quiet", "origin", "main")

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace text in a file of the clone."""
        path = self.clone / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def overlay(self, service: str, environment: str) -> str:
        """Return an overlay's kustomization as the origin has it."""
        return self.show(f"services/{service}/overlays/{environment}/kustomization.yaml")

    def show(self, file: str) -> str:
        """Return a file as the origin's main has it."""
        return git(self.origin, "show", f"main:{file}")

    def log(self, *arguments: str) -> list[str]:
        """Return the subjects of the origin's main, newest first."""
        return git(self.origin, "log", "--format=%s", *arguments, "main").splitlines()

    def message(self) -> str:
        """Return the newest commit message of the origin's main."""
        return git(self.origin, "log", "-1", "--format=%B", "main")

    def strange_push(self, file: str, text: str) -> None:
        """Have somebody else push a file."""
        if not self.stranger.exists():
            git(self.origin.parent, "clone", "--quiet", str(self.origin), str(self.stranger))
            git(self.stranger, "config", "user.name", "Mallory")
            git(self.stranger, "config", "user.email", "mallory@acme.dev")
        git(self.stranger, "pull", "--quiet", "--ff-only")
        path = self.stranger / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        git(self.stranger, "add", "--all")
        git(self.stranger, "commit", "--quiet", "--message", "something else")
        git(self.stranger, "push", "--quiet")

    def sealock(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command in the clone; return exit code, standard output and standard error."""
        self._captured.readouterr()
        code = run([arguments[0], "--repo", str(self.clone), *arguments[1:]])
        printed = self._captured.readouterr()
        return code, printed.out.decode(), printed.err.decode()

    def json(self, *arguments: str) -> tuple[int, Any]:
        """Run a command with `--format json`; return exit code and document."""
        code, out, err = self.sealock(*arguments, "--format", "json")
        assert out, err
        return code, json.loads(out)


def git(folder: Path, *arguments: str) -> str:
    """Run Git and return what it prints."""
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)
    return done.stdout.decode()
