"""Reading a repository: what is listed, and what is refused."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from sealock.adapters.file_tree import RepositoryFiles
from sealock.errors import ConfigurationError, Refused

if TYPE_CHECKING:
    from pathlib import Path

FILES = ("a.yaml", "folder/b.yaml", "folder/.hidden", ".hidden/c.yaml")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    for file in FILES:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text("x\n")
    return root


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)


def test_without_git_every_file_outside_hidden_folders_is_listed(root: Path) -> None:
    assert RepositoryFiles(str(root)).files() == ("a.yaml", "folder/.hidden", "folder/b.yaml")


def test_with_git_untracked_files_count_and_ignored_and_deleted_ones_do_not(root: Path) -> None:
    git(root, "init", "-q")
    (root / ".gitignore").write_text("ignored*\n")
    (root / "deleted.yaml").write_text("x")
    git(root, "add", "a.yaml", "deleted.yaml")
    (root / "deleted.yaml").unlink()
    (root / "ignored.yaml").write_text("x")
    (root / "grün\nzwei.yaml").write_text("x")
    expected = sorted([*FILES, ".gitignore", "grün\nzwei.yaml"])
    assert list(RepositoryFiles(str(root)).files()) == expected


def test_a_folder_of_a_git_repository_lists_its_own_files(root: Path) -> None:
    git(root, "init", "-q")
    assert RepositoryFiles(str(root / "folder")).files() == (".hidden", "b.yaml")


def test_what_a_git_hook_sets_in_the_environment_changes_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(root, "init", "-q")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere")
    assert RepositoryFiles(str(root)).files() == tuple(sorted(FILES))


def test_line_endings_are_kept(root: Path) -> None:
    (root / "crlf").write_bytes(b"a\r\nb\r\n")
    assert RepositoryFiles(str(root)).read_text("crlf") == "a\r\nb\r\n"


def test_a_large_file_is_read_whole(root: Path) -> None:
    (root / "large").write_bytes(b"x" * 5_000_000)
    assert len(RepositoryFiles(str(root)).read_bytes("large")) == 5_000_000


def test_a_missing_file_is_a_missing_file(root: Path) -> None:
    with pytest.raises(FileNotFoundError):
        RepositoryFiles(str(root)).read_text("folder/nothing")


def test_a_link_inside_is_followed(root: Path) -> None:
    (root / "link").symlink_to("folder")
    (root / "folder" / "other").symlink_to("b.yaml")
    assert RepositoryFiles(str(root)).read_text("link/other") == "x\n"


@pytest.mark.parametrize("path", ["out", "outdir/secret", "../secret", "folder/../../secret"])
def test_what_lies_outside_is_refused(root: Path, path: str) -> None:
    (root.parent / "secret").write_text("s")
    (root / "out").symlink_to("../secret")
    (root / "outdir").symlink_to("..")
    with pytest.raises(Refused, match="leads out of the repository"):
        RepositoryFiles(str(root)).read_text(path)


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_regular_file_is_refused_without_waiting(root: Path, kind: str) -> None:
    if kind == "pipe":
        os.mkfifo(root / "pipe")
    with pytest.raises(Refused, match="no regular file"):
        RepositoryFiles(str(root)).read_text(kind)


def test_what_is_no_text_is_named_with_its_place(root: Path) -> None:
    (root / "binary").write_bytes(b"ok\n\xff")
    with pytest.raises(ConfigurationError, match="no UTF-8") as failure:
        RepositoryFiles(str(root)).read_text("binary")
    assert str(failure.value.where) == "binary:2:1"


def test_a_link_to_itself_is_refused(root: Path) -> None:
    (root / "loop.yaml").symlink_to("loop.yaml")
    with pytest.raises(Refused, match="cannot be read: Too many levels"):
        RepositoryFiles(str(root)).read_text("loop.yaml")


def test_a_file_below_a_file_is_a_missing_file(root: Path) -> None:
    (root / "plain").write_text("a: 1\n")
    with pytest.raises(FileNotFoundError):
        RepositoryFiles(str(root)).read_text("plain/below.yaml")
