"""What is taken of what an agent left: tests restored, patches applied to a clean copy."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sealock.chamber.workspace import Workspace, open_workspace
from sealock.domain.path_policy import PathPolicy
from sealock.errors import Undecided

POLICY = PathPolicy(tests=("tests/**",))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One commit: a program, a library, and a test of it."""
    root = tmp_path / "repository"
    (root / "tests").mkdir(parents=True)
    (root / "sum.py").write_text("def add(a, b):\n    return a - b\n")
    (root / "tests/test_sum.py").write_text("import sum\nassert sum.add(2, 2) == 4\n")
    (root / "tests/run.sh").write_text("#!/bin/sh\npython3 tests/test_sum.py\n")
    (root / "tests/run.sh").chmod(0o755)
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "one")
    return root


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", root, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def changed(work: Workspace) -> list[str]:
    return [each.path for each in work.tree(POLICY).changed]


def test_a_changed_test_is_as_the_base_has_it_and_is_told(repository: Path) -> None:
    with open_workspace(str(repository)) as work:
        (Path(work.path) / "tests/test_sum.py").write_text("assert True\n")
        (Path(work.path) / "sum.py").write_text("fixed\n")
        found = work.tree(POLICY)
        patch = work.patch(found.tree)
    assert [each.path for each in found.changed] == ["sum.py"]
    assert [each.path for each in found.restored] == ["tests/test_sum.py"]
    assert found.refused == ()
    assert b"tests" not in patch


def test_tests_that_were_added_removed_or_lost_a_mode_come_back(repository: Path) -> None:
    with open_workspace(str(repository)) as work:
        (Path(work.path) / "tests/conftest.py").write_text("skip = True\n")
        (Path(work.path) / "tests/test_sum.py").unlink()
        (Path(work.path) / "tests/run.sh").chmod(0o644)
        found = work.tree(POLICY)
    assert found.tree == found.base_tree
    assert [each.path for each in found.restored] == [
        "tests/conftest.py",
        "tests/run.sh",
        "tests/test_sum.py",
    ]


def test_a_file_in_the_place_of_the_folder_of_tests_goes(repository: Path) -> None:
    with open_workspace(str(repository)) as work:
        for each in sorted(Path(work.path, "tests").iterdir()):
            each.unlink()
        Path(work.path, "tests").rmdir()
        Path(work.path, "tests").write_text("nothing to test\n")
        found = work.tree(POLICY)
    assert found.tree == found.base_tree
    assert found.changed == ()


def test_a_patch_makes_the_same_tree_of_a_clean_copy(repository: Path) -> None:
    with open_workspace(str(repository)) as work:
        Path(work.path, "sum.py").unlink()
        Path(work.path, "bin").write_bytes(b"\0\1\2" * 100)
        Path(work.path, "bin").chmod(0o755)
        Path(work.path, "with space\u00e9").write_text("no newline at the end")
        found = work.tree(POLICY)
        patch = work.patch(found.tree)
    with open_workspace(str(repository)) as clean:
        assert found.tree == clean.apply(patch)
        assert found.tree == clean.tree(POLICY).tree
        assert Path(clean.path, "bin").stat().st_mode & 0o111


def test_no_patch_is_the_base(repository: Path) -> None:
    with open_workspace(str(repository)) as clean:
        assert clean.base_tree == clean.apply(b"")


def test_a_patch_that_does_not_fit_is_refused(repository: Path) -> None:
    with open_workspace(str(repository)) as work:
        Path(work.path, "sum.py").write_text("other\n")
        patch = work.patch(work.tree(POLICY).tree)
    (repository / "sum.py").write_text("moved on\n")
    git(repository, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qam", "two")
    with open_workspace(str(repository)) as clean, pytest.raises(Undecided, match="git apply failed"):
        clean.apply(patch)
