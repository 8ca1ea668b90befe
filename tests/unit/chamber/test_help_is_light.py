"""`sealock exec --help` loads nothing heavy, and neither do its neighbours."""

from __future__ import annotations

import subprocess
import sys

import pytest

_HEAVY = {
    "aiohttp",
    "asyncio",
    "httpx",
    "jsonschema_rs",
    "kubernetes_validate",
    "opentelemetry",
    "requests",
    "rfc8785",
    "rich",
    "yaml",
    "zstandard",
}


@pytest.mark.parametrize("command", ["exec", "replay", "usage", "runs"])
def test_the_help_of_a_command_loads_nothing_heavy(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "sealock", command, "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "sealock.cli.main" in loaded
    assert loaded & _HEAVY == set()
