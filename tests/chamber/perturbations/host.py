"""A host of our own making around one program: its home, its /etc/codex, its checkout and its environment.

Made with bubblewrap, so that nothing of this machine's home shows in it and nothing here is changed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tests.chamber.perturbations.catalogue import HOME, SYSTEM, Perturbation

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENVIRONMENT = {
    "HOME": HOME,
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "TERM": "xterm",
    "SHELL": "/bin/bash",
    "USER": "dev",
    "PYTHONDONTWRITEBYTECODE": "1",
}
_GIT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "Dev",
    "GIT_AUTHOR_EMAIL": "dev@example.org",
    "GIT_COMMITTER_NAME": "Dev",
    "GIT_COMMITTER_EMAIL": "dev@example.org",
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
}
KEPT = Path("/var/tmp/sealock-tests")  # noqa: S108
"""Where programs are copied that a checkout in /tmp would hide."""
_ROOT = str(Path(__file__).resolve().parents[3])
_SYSTEM = ("bin", "sbin", "usr", "lib", "lib32", "lib64", "libx32", "opt")


def plant(folder: Path, change: Perturbation) -> None:
    """Write a host with a checkout below `folder`, and what the change plants in it."""
    checkout = folder / change.repository.lstrip("/")
    checkout.mkdir(parents=True)
    for each in (SYSTEM, HOME):
        (folder / each.lstrip("/")).mkdir(parents=True, exist_ok=True)
    (checkout / "README.md").write_text("A platform.\n")
    for argv in (
        ("init", "-q", "-b", "main"),
        ("add", "README.md"),
        ("commit", "-qm", "First"),
        *change.git,
    ):
        subprocess.run(["git", *argv], cwd=checkout, env=_GIT, check=True, capture_output=True)
    for path, text in change.files.items():
        target = folder / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        if change.executable:
            target.chmod(0o755)


def argv(bwrap: str, folder: Path, change: Perturbation, program: list[str]) -> list[str]:
    """Return what runs a program on the planted host, started in its checkout."""
    environment = {**_ENVIRONMENT, **change.environment}
    return [
        bwrap,
        *("--die-with-parent", "--clearenv", "--tmpfs", "/"),
        *_machine(),
        # A fresh /proc would be covered in part, and then no sandbox inside may have one of its own.
        *("--dev-bind", "/proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/run"),  # noqa: S108
        *_covered(),
        *("--bind", str(folder / HOME.lstrip("/")), HOME, "--bind", str(folder / SYSTEM.lstrip("/")), SYSTEM),
        *("--chdir", change.repository),
        *(
            part
            for name, value in environment.items()
            if value is not None
            for part in ("--setenv", name, value)
        ),
        *("sh", "-c", f'umask {change.umask}; exec "$@"', "sh", *program),
    ]


def _covered() -> Iterator[str]:
    """Yield what runs this, where it lies in a folder that is emptied: a checkout in /tmp."""
    for each in dict.fromkeys((_ROOT, sys.prefix, sys.base_prefix)):
        if each.startswith("/tmp/"):  # noqa: S108
            yield from ("--ro-bind", each, each)
    if KEPT.exists():
        yield from ("--ro-bind", str(KEPT), str(KEPT))


def _machine() -> Iterator[str]:
    """Yield what the host has of this machine: the system, its /etc but for Codex's, and what runs this."""
    shown = [Path("/", name) for name in _SYSTEM]
    shown += [each for each in sorted(Path("/etc").iterdir()) if str(each) != SYSTEM]
    for each in shown:
        if each.is_symlink():
            yield from ("--symlink", str(each.readlink()), str(each))
        elif each.exists():
            yield from ("--ro-bind", str(each), str(each))
    for folder in dict.fromkeys((sys.base_prefix, _ROOT)):
        yield from ("--ro-bind", folder, folder)


@contextmanager
def standard_input(change: Perturbation) -> Iterator[int | IO[bytes]]:
    """Give what the program's standard input is."""
    if change.stdin == "closed":
        yield subprocess.DEVNULL
        return
    reading, writing = os.pipe()
    if change.stdin == "text":
        os.write(writing, b"canary-7f3a9d51c2e8b604\n")
        os.close(writing)
    try:
        yield reading
    finally:
        os.close(reading)
        if change.stdin != "text":
            os.close(writing)
