"""Writing many files at once: all or none, whatever happens and whenever."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from sealock.adapters.work_tree import DiskWorkTree
from sealock.domain.plan import FileChange
from sealock.errors import Conflict, Refused

if TYPE_CHECKING:
    from pathlib import Path

OLD = {"a/keep.yaml": "keep\n", "a/change.yaml": "old\n", "b/c/gone.yaml": "gone\n"}
CHANGES = (
    FileChange("a/change.yaml", "old\n", "new\n"),
    FileChange("b/c/gone.yaml", "gone\n", None),
    FileChange("d/e/made.yaml", None, "made\n"),
    FileChange(".sealock/generated/x.json", None, "{}\n"),
)
NEW = {
    "a/keep.yaml": "keep\n",
    "a/change.yaml": "new\n",
    "d/e/made.yaml": "made\n",
    ".sealock/generated/x.json": "{}\n",
}


def _write(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, newline="")
    return root


def _read(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


def _steps(root: Path) -> list[str]:
    """Return every step of a whole run."""
    steps: list[str] = []
    DiskWorkTree(str(_write(root, OLD)), steps.append).write(CHANGES)
    return steps


def _die_at(root: Path, number: int) -> None:
    """Run the write in a child process that kills itself with SIGKILL before the step."""
    child = os.fork()
    if child == 0:
        left = [number]

        def step(_: str) -> None:
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1

        DiskWorkTree(str(root), step).write(CHANGES)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)


def test_all_changes_are_made(tmp_path: Path) -> None:
    DiskWorkTree(str(_write(tmp_path, OLD))).write(CHANGES)

    assert _read(tmp_path) == NEW


def test_a_kill_at_any_step_leaves_the_old_tree_or_the_new_one_after_the_next_run(tmp_path: Path) -> None:
    steps = _steps(tmp_path / "whole")
    outcomes = []
    for number in range(len(steps)):
        root = _write(tmp_path / str(number), OLD)
        _die_at(root, number)
        DiskWorkTree(str(root)).recover()
        outcomes.append(_read(root))

    # A step is announced before it is taken: the commit counts from the step after it.
    commit = steps.index("commit")
    assert outcomes[: commit + 1] == [OLD] * (commit + 1)
    assert outcomes[commit + 1 :] == [NEW] * (len(steps) - commit - 1)


def test_a_kill_during_the_recovery_is_recovered_too(tmp_path: Path) -> None:
    steps = _steps(tmp_path / "whole")
    first_put = steps.index("commit") + 1
    for number in range(len(steps) - first_put):
        root = _write(tmp_path / str(number), OLD)
        _die_at(root, first_put)
        child = os.fork()
        if child == 0:
            left = [number]

            def step(_: str, left: list[int] = left) -> None:
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left[0] -= 1

            DiskWorkTree(str(root), step).recover()
            os._exit(0)
        os.waitpid(child, 0)
        DiskWorkTree(str(root)).recover()
        assert _read(root) == NEW


def test_before_the_commit_nothing_but_the_transaction_has_changed(tmp_path: Path) -> None:
    steps = _steps(tmp_path / "whole")
    root = _write(tmp_path / "killed", OLD)

    _die_at(root, steps.index("commit"))

    assert {path: text for path, text in _read(root).items() if "transaction-" not in path} == OLD


def test_a_file_that_changed_since_the_plan_stops_everything(tmp_path: Path) -> None:
    _write(tmp_path, OLD | {"b/c/gone.yaml": "edited\n"})

    with pytest.raises(Conflict) as moved:
        DiskWorkTree(str(tmp_path)).write(CHANGES)

    assert (str(moved.value.where), moved.value.exit_code) == ("b/c/gone.yaml", 4)
    assert _read(tmp_path) == OLD | {"b/c/gone.yaml": "edited\n"}


def test_a_file_that_appeared_since_the_plan_stops_everything(tmp_path: Path) -> None:
    _write(tmp_path, OLD | {"d/e/made.yaml": "mine\n"})

    with pytest.raises(Conflict):
        DiskWorkTree(str(tmp_path)).write(CHANGES)

    assert _read(tmp_path) == OLD | {"d/e/made.yaml": "mine\n"}


def test_a_file_edited_after_an_interrupted_run_is_not_overwritten(tmp_path: Path) -> None:
    steps = _steps(tmp_path / "whole")
    root = _write(tmp_path / "killed", OLD)
    _die_at(root, steps.index("commit") + 1)
    (root / "a/change.yaml").write_text("edited since\n")

    with pytest.raises(Conflict) as moved:
        DiskWorkTree(str(root)).recover()

    assert str(moved.value.where) == "a/change.yaml"
    assert (root / "a/change.yaml").read_text() == "edited since\n"


def test_the_next_write_recovers_first(tmp_path: Path) -> None:
    steps = _steps(tmp_path / "whole")
    root = _write(tmp_path / "killed", OLD)
    _die_at(root, steps.index("commit") + 1)

    DiskWorkTree(str(root)).write([FileChange("a/keep.yaml", "keep\n", "kept\n")])

    assert _read(root) == NEW | {"a/keep.yaml": "kept\n"}


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, OLD)
    refused: list[str] = []

    def step(_: str) -> None:
        if not refused:
            with pytest.raises(Conflict) as busy:
                DiskWorkTree(str(tmp_path)).write([FileChange("z.yaml", None, "z\n")])
            refused.append(busy.value.message)

    DiskWorkTree(str(tmp_path), step).write(CHANGES)

    assert refused == ["another sealock is writing to this repository"]
    assert _read(tmp_path) == NEW


def test_a_file_keeps_its_mode(tmp_path: Path) -> None:
    _write(tmp_path, OLD)
    (tmp_path / "a/change.yaml").chmod(0o640)

    DiskWorkTree(str(tmp_path)).write(CHANGES)

    assert (tmp_path / "a/change.yaml").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("link", ["a/change.yaml", "d", "d/e", ".sealock"])
def test_nothing_is_written_through_a_symbolic_link(tmp_path: Path, link: str) -> None:
    outside = _write(tmp_path / "outside", {"x": "x\n"})
    root = _write(tmp_path / "root", OLD)
    (root / link).parent.mkdir(parents=True, exist_ok=True)
    (root / link).unlink(missing_ok=True)
    (root / link).symlink_to(outside)

    with pytest.raises(Refused) as refused:
        DiskWorkTree(str(root)).write(CHANGES)

    assert (refused.value.message, str(refused.value.where)) == (
        "this is a symbolic link; nothing was written",
        link,
    )
    assert _read(outside) == {"x": "x\n"}


@pytest.mark.parametrize(
    "path", ["../x", "/etc/x", "a/../../x", "a//b", "./a", ".git/hooks/x", "a/.git/x", ""]
)
def test_a_path_out_of_the_repository_is_refused(tmp_path: Path, path: str) -> None:
    root = _write(tmp_path / "root", OLD)

    with pytest.raises(Refused):
        DiskWorkTree(str(root)).write([FileChange(path, None, "x")])

    assert _read(tmp_path) == {f"root/{name}": text for name, text in OLD.items()}


def test_a_full_disk_leaves_the_old_tree(tmp_path: Path) -> None:
    _write(tmp_path, OLD)

    def step(description: str) -> None:
        if description == "commit":
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        DiskWorkTree(str(tmp_path), step).write(CHANGES)

    assert _read(tmp_path) == OLD


def test_folders_that_become_empty_go(tmp_path: Path) -> None:
    DiskWorkTree(str(_write(tmp_path, OLD))).write(CHANGES)

    assert not (tmp_path / "b").exists()
