"""The same faults, through `sealock promote`."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from pytest_socket import enable_socket
from tests.fakes.git_repositories import git, publish, push_as_stranger, state_of
from tests.promotion.faults.git_server import serving
from tests.promotion.faults.starting import PROJECT, sound, stale_locks, subjects
from tests.promotion.faults.test_kills import SHIM

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PLATFORM = PROJECT / "examples" / "platform"
SETTINGS = "environments:\n  dev: {}\n  staging: {after: dev}\n  production: {after: staging}\n"
SERVICES = ("ledger", "mailer", "payment-service", "search", "storefront")
MANY = 20
A = f"sha256:{'a' * 64}"
SUBJECT = "promote(ledger): dev → staging [sha256:aaaaa]"
PUSH = "POST /remote.git/git-receive-pack"
DEADLINE_SECONDS = 300


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Make a folder with `clone`, of the example platform, and its remote `remote.git`."""
    world = tmp_path / "world"
    shutil.copytree(PLATFORM, world / "clone")
    (world / "clone" / "sealock.yaml").write_text(SETTINGS)
    git(world / "clone", "init", "-q", "-b", "main")
    git(world / "clone", "add", "-A")
    git(world / "clone", "commit", "-q", "-m", "start")
    publish(world / "clone", world / "remote.git")
    return world


def start(clone: Path, service: str, digest: str, **variables: str) -> subprocess.Popen[str]:
    """Start a promotion to staging; PROMOTER is its process, for who is to kill it."""
    command = ["promote", service, "--to", "staging", "--digest", digest, "--apply", "--yes"]
    known = {"PYTHONPATH": str(PROJECT / "src"), "SEALOCK_CACHE_DIR": str(clone.parent.parent / "cache")}
    return subprocess.Popen(
        ["/bin/sh", "-c", 'PROMOTER=$$ exec "$@"', "sh", sys.executable, "-m", "sealock", *command],
        cwd=clone,
        env={**os.environ, **known, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def promote(clone: Path, digest: str = A, **variables: str) -> tuple[int, str]:
    with start(clone, "ledger", digest, **variables) as process:
        said, _ = process.communicate(timeout=DEADLINE_SECONDS)
        return process.returncode, said


def test_a_kill_around_every_git_program(world: Path, tmp_path: Path) -> None:
    clone, bare = world / "clone", world / "remote.git"
    shim = tmp_path / "shim"
    shim.mkdir()
    (shim / "git").write_text(SHIM)
    (shim / "git").chmod(0o755)
    count = shim / "count"
    real = shutil.which("git") or ""
    variables = {"PATH": f"{shim}:{os.environ['PATH']}", "REAL": real, "COUNT": str(count), "ONLY": "none"}
    promote(clone, **variables)
    steps = int(count.read_text())
    assert subjects(bare) == [SUBJECT]
    killed = 0
    before = state_of(clone)
    start_of = git(bare, "rev-parse", "main~")
    for step in range(1, steps + 1):
        count.unlink()
        # What is remembered is not asked of Git again.
        shutil.rmtree(tmp_path / "cache")
        git(bare, "update-ref", "refs/heads/main", start_of)
        status, said = promote(clone, **variables, STEP=str(step), STOP="after" if step % 2 else "before")
        killed += status == -signal.SIGKILL
        assert status in {0, -signal.SIGKILL}, said
        assert subjects(bare) in ([], [SUBJECT])
        assert sound(bare)
        assert before == state_of(clone) | {"leftovers": ""}
        assert not stale_locks(bare)
        status, said = promote(clone)
        assert status == 0, said
        assert subjects(bare) == [SUBJECT]
        assert before == state_of(clone) | {"leftovers": ""}
    assert killed >= steps - 2 >= 12


@pytest.mark.parametrize(
    ("fault", "status", "arrived"),
    [("cut after", 0, True), ("cut answer", 0, True), ("403", 1, False), ("always cut before", 3, False)],
)
@pytest.mark.enable_socket
def test_a_remote_that_breaks_off(world: Path, fault: str, status: int, *, arrived: bool) -> None:
    enable_socket()
    clone, bare = world / "clone", world / "remote.git"
    git(bare, "config", "http.receivepack", "true")
    with serving(world) as server:
        git(clone, "remote", "set-url", "origin", server.url())
        before = state_of(clone)
        server.fault = lambda request: (
            fault.removeprefix("always ")
            if request == PUSH and ("always" in fault or PUSH not in server.served[:-1])
            else ""
        )
        found, said = promote(clone)
        assert (status, [SUBJECT] * arrived) == (found, subjects(bare)), said
        server.fault = lambda _: ""
        found, said = promote(clone)
        assert (found, subjects(bare)) == (0, [SUBJECT]), said
        assert before == state_of(clone)


def test_a_hook_that_declines(world: Path) -> None:
    hook = world / "remote.git" / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'main is protected' >&2\nexit 1\n")
    hook.chmod(0o755)
    status, said = promote(world / "clone")
    assert (status, "main is protected" in said) == (1, True), said
    assert subjects(world / "remote.git") == []


def test_twenty_at_once_with_strangers_between(world: Path) -> None:
    clone, bare = world / "clone", world / "remote.git"
    before = state_of(clone)
    digests = [f"sha256:{at:064x}" for at in range(1, MANY + 1)]
    promote(clone)
    begun = time.monotonic()
    running = [start(clone, SERVICES[at % len(SERVICES)], each) for at, each in enumerate(digests)]
    try:
        for at in range(5):
            _push_patiently(bare, {"notes.txt": f"{at}\n"})
            time.sleep(1)
        said = [each.communicate(timeout=DEADLINE_SECONDS)[0] for each in running]
    finally:
        for each in running:
            each.kill()
    seconds = time.monotonic() - begun
    assert [each.returncode for each in running] == [0] * MANY, said
    print(f"\n{MANY} promotions at once: {MANY / seconds:.2f} accepted per second")  # noqa: T201 - a figure
    assert_each_once_on_what_was_there(bare, digests)
    assert before == state_of(clone)
    assert git(bare, "show", "main:notes.txt") == "4"
    assert sound(bare)


def _push_patiently(bare: Path, files: dict[str, str]) -> None:
    for _ in range(100):
        try:
            push_as_stranger(bare, files)
        except AssertionError:
            continue
        return
    pytest.fail("the stranger was never first")


def assert_each_once_on_what_was_there(bare: Path, digests: Sequence[str]) -> None:
    """Every digest arrived by one commit, which says of the one before what its parent has."""
    arrived = []
    for commit in git(bare, "rev-list", "main", "--grep=^promote(").split():
        message = git(bare, "log", "-1", "--format=%B", commit)
        moved = re.search(r"^Promotion-Image: (\S+) staging: (\S+) → \S+@(\S+)", message, re.MULTILINE)
        assert moved is not None, message
        service, before, after = moved.groups()
        path = f"services/{service}/overlays/staging/kustomization.yaml"
        assert after in git(bare, "show", f"{commit}:{path}")
        assert before.rpartition("@")[2].rpartition(":")[2] in git(bare, "show", f"{commit}~:{path}")
        arrived.append(after)
    assert sorted([A, *digests]) == sorted(arrived)
