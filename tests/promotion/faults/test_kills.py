"""kill -9 at every step that writes: what is there is as before or complete, and a second run ends it."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.fakes.git_repositories import git, state_of
from tests.promotion.faults.starting import promote, sound, stale_locks, subjects

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

pytestmark = pytest.mark.timeout(600)

SUBJECT = "promote(v2): dev → staging"
OLD, NEW = "one\n", "one\nv2\n"
_MOST_STEPS = 60

# Counts the Git programs that a promoter starts, and at the chosen one does what STOP says. The command
# ONLY, and whatever it starts, is killed at the system call CALL, of those that write.
SHIM = """#!/bin/sh
n=$(flock "$COUNT.lock" sh -c 'n=$(cat "$COUNT" 2>/dev/null || echo 0); echo $((n + 1)) | tee "$COUNT"')
case " $* " in
  *" $ONLY "*) exec strace -f -qq -o "$COUNT.trace" -e trace="$CALLS" \\
         -e inject="$CALLS:signal=KILL:when=$CALL" "$REAL" "$@" ;;
esac
if [ "$n" = "$STEP" ]; then
  case "$STOP" in
    before) kill -9 "$PROMOTER"; exit 1 ;;
    after) "$REAL" "$@"; kill -9 "$PROMOTER"; exit 1 ;;
  esac
fi
exec "$REAL" "$@"
"""
CALLS = "write,pwrite64,rename,renameat2,link,linkat,mkdir,unlink,unlinkat,fsync,fdatasync,ftruncate"


class Place:
    """A repository to promote in, `store` being where the branch is; put back before every kill."""

    def __init__(self, folder: Path, root: Path, store: Path) -> None:
        self._folder = folder
        self._kept = folder.parent / f"{folder.name}-kept"
        shutil.copytree(folder, self._kept, symlinks=True)
        self.root = root
        self.store = store
        self.tip = git(store, "rev-parse", "main")

    def put_back(self) -> None:
        shutil.rmtree(self._folder)
        shutil.copytree(self._kept, self._folder, symlinks=True)

    @property
    def remote(self) -> bool:
        return self.store != self.root


@pytest.fixture(params=["remote", "no remote"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    found: Path = request.getfixturevalue("clone" if request.param == "remote" else "alone")
    world = tmp_path / "world"
    world.mkdir()
    root = found.rename(world / found.name)
    if request.param == "no remote":
        return Place(world, root, root)
    store = (tmp_path / "remote.git").rename(world / "remote.git")
    git(root, "remote", "set-url", "origin", str(store))
    return Place(world, root, store)


@pytest.fixture
def shim(tmp_path: Path) -> dict[str, str]:
    """Return the environment in which `git` is the counting one."""
    folder = tmp_path / "shim"
    folder.mkdir()
    real = shutil.which("git")
    assert real is not None
    (folder / "git").write_text(SHIM)
    (folder / "git").chmod(0o755)
    count = folder / "count"
    path = f"{folder}:{os.environ['PATH']}"
    return {"PATH": path, "REAL": real, "COUNT": str(count), "CALLS": CALLS, "ONLY": "none"}


def assert_as_before_or_complete(place: Place, before: dict[str, str]) -> None:
    assert sound(place.store)
    assert subjects(place.store) in ([], [SUBJECT])
    if place.remote:
        assert before == state_of(place.root) | {"leftovers": ""}
        return
    assert (place.root / "a.yaml").read_text() in {OLD, NEW}
    assert git(place.root, "show", ":a.yaml") in {OLD.rstrip("\n"), NEW.rstrip("\n")}
    if subjects(place.store):
        assert git(place.root, "status", "--porcelain") == ""


def assert_ends(place: Place, before: dict[str, str]) -> None:
    """Run it again, as a person would: where Git says that a lock is left, the lock is removed first."""
    status, said = promote(place.root, "a.yaml", "v2")
    locks = [*stale_locks(place.root), *stale_locks(place.store)]
    if status:
        assert locks, said
        assert status in {1, 3}
        assert ".lock" in said
        for each in locks:
            each.unlink(missing_ok=True)
        status, said = promote(place.root, "a.yaml", "v2")
    assert (status, said in {"accepted", "nothing to do"}) == (0, True), said
    assert subjects(place.store) == [SUBJECT]
    assert git(place.store, "show", "main:a.yaml") == "one\nv2"
    assert sound(place.store)
    assert sound(place.root)
    if place.remote:
        assert before == state_of(place.root) | {"leftovers": ""}
    else:
        assert git(place.root, "status", "--porcelain") == ""
        assert (place.root / "a.yaml").read_text() == NEW


def kills(place: Place, variables: dict[str, str], name: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Kill at step 1, 2, 3 … until a run is done before its turn; yield each time after the kill."""
    for step in range(1, _MOST_STEPS):
        place.put_back()
        if "COUNT" in variables:
            Path(variables["COUNT"]).unlink(missing_ok=True)
        before = state_of(place.root)
        status, said = promote(place.root, "a.yaml", "v2", **variables, **{name: str(step)})
        if status == 0:
            assert said == "accepted"
            # A Git that is stopped once it has answered does not live to see its turn.
            if _started(variables) >= step:
                continue
            return
        assert status == -signal.SIGKILL, said
        yield step, before
    pytest.fail("there are more steps than this test takes")


def _started(variables: dict[str, str]) -> int:
    """Return how many Git programs the last run started; 0 where nobody counts."""
    return int(Path(variables["COUNT"]).read_text()) if "COUNT" in variables else 0


@pytest.mark.parametrize("stop", ["before", "after"])
def test_a_kill_around_every_git_program(place: Place, shim: dict[str, str], stop: str) -> None:
    killed = 0
    for killed, before in kills(place, {**shim, "STOP": stop}, "STEP"):  # noqa: B007 - the last one counts
        assert_as_before_or_complete(place, before)
        assert_ends(place, before)
    assert killed >= 10


def test_a_kill_before_every_write_of_sealocks_own(place: Place) -> None:
    killed = 0
    for killed, before in kills(place, {}, "KILL_AT"):  # noqa: B007 - the last one counts
        assert_as_before_or_complete(place, before)
        assert_ends(place, before)
    assert killed >= 8


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
@pytest.mark.parametrize(
    ("command", "calls"),
    [
        ("unpack-objects", range(1, 14, 2)),
        ("commit-tree", range(1, 7)),
        ("push", [*range(1, 16), *range(17, 60, 6)]),
        ("update-index", range(1, 8)),
        ("update-ref", range(1, 12)),
    ],
)
def test_a_kill_of_git_itself_at_every_system_call_that_writes(
    place: Place, shim: dict[str, str], command: str, calls: Sequence[int]
) -> None:
    if (place.remote and command.startswith("update-")) or (not place.remote and command == "push"):
        pytest.skip("this command is not run here")
    failed = 0
    for call in calls:
        place.put_back()
        before = state_of(place.root)
        status, said = promote(place.root, "a.yaml", "v2", **shim | {"ONLY": command, "CALL": str(call)})
        failed += status != 0
        assert said == "accepted" or status in {1, 3}, said
        if status:
            assert_as_before_or_complete(place, before)
        assert_ends(place, before)
    assert failed
