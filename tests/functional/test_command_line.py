"""The root command: speed of help, exit codes, unknown commands."""

from __future__ import annotations

import subprocess
import sys

import pytest
from inline_snapshot import snapshot

from sealock.cli.main import run

HEAVY = {"rich", "jsonschema_rs", "yaml", "aiohttp", "pygit2", "asyncio", "subprocess", "msgspec"}


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; from sealock.cli.main import run; run(['--help']); print(*sys.modules, file=sys.stderr)"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert set() == HEAVY & set(done.stderr.split())


def test_an_unknown_command_is_a_usage_error_and_names_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["chekc"]) == 2
    assert capsys.readouterr().err == snapshot("""\
Usage: sealock [OPTIONS] COMMAND [ARGS]...
Try 'sealock --help' for help.

Error: there is no command 'chekc'. Did you mean 'check'?
""")


def test_an_unknown_option_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["render", "--al"]) == 2
    assert "--al" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "generate", "import", "render", "schema"])
def test_every_command_has_help_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    assert f"sealock {command}" in capsys.readouterr().out.split("Examples:")[1]
