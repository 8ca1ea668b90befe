"""A supervisor that was started ahead of its order: it waits, takes one order, and never stays behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.chamber.sealed import QUICK, plain, until

from sealock.chamber import backends
from sealock.chamber.backends.supervisor import Supervisor

_KILLED = """
import os
from sealock.chamber.backends.supervisor import Supervisor
print(Supervisor().process.pid, flush=True)
os.kill(os.getpid(), 9)
"""


def _runs(pid: int) -> bool:
    try:
        return b"supervise.py" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def test_one_that_was_started_ahead_runs_the_agent() -> None:
    supervisor = Supervisor()
    with backends.start(plain("/bin/echo", "hello"), "bwrap", QUICK, supervisor) as agent:
        lines = [each.content for each in agent]
        ended = agent.wait()

    assert (lines, ended.status, ended.ended_by) == ([b"hello"], 0, "itself")
    assert supervisor.process.returncode == 0


def test_one_that_gets_no_order_ends_when_it_is_closed() -> None:
    supervisor = Supervisor()
    assert until(lambda: _runs(supervisor.process.pid))
    supervisor.close()
    supervisor.close()

    assert supervisor.process.returncode == 0
    assert not _runs(supervisor.process.pid)


def test_one_that_gets_no_order_ends_with_sealock() -> None:
    killed = subprocess.run([sys.executable, "-c", _KILLED], capture_output=True, check=False)

    assert killed.returncode == -9
    assert until(lambda: not _runs(int(killed.stdout)))
