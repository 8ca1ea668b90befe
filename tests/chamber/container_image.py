"""The image of the container backend, built where this machine has an engine that runs containers at all."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

from sealock.chamber.backends import container

BASE = "debian:trixie-slim"
"""What the image is built on; without Docker Hub: mmdebstrap --variant=minbase trixie - | podman import."""

_SOURCES = Path(__file__).resolve().parents[2] / "docker"
_SECONDS = 900


@cache
def why_not() -> str:
    """Build the image, and return empty; or return why there can be none on this machine."""
    said = []
    for name in container.ENGINES:
        client = shutil.which(name)
        if client is None:
            said.append(f"{name} is not installed")
        elif why := _cannot(client):
            said.append(f"{name}: {why}")
        else:
            # From here on a failure is one of Sealock's own files.
            _asked(
                client, "build", "--network", "host", "--tag", container.IMAGE, str(_SOURCES)
            ).check_returncode()
            return ""
    return f"no container runs on this machine: {'; '.join(said)}"


def _cannot(client: str) -> str:
    """Return why an engine runs no container of the base image, or empty."""
    if _asked(client, "image", "inspect", BASE).returncode:
        pulled = _asked(client, "pull", BASE)
        if pulled.returncode:
            return _last(pulled)
    tried = _asked(client, "run", "--rm", "--network", "none", *container._bounds(), BASE, "/bin/true")
    return _last(tried) if tried.returncode else ""


def _asked(client: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([client, *arguments], check=False, capture_output=True, text=True, timeout=_SECONDS)


def _last(done: subprocess.CompletedProcess[str]) -> str:
    return done.stderr.strip().rpartition("\n")[2][:300] or f"status {done.returncode}"
