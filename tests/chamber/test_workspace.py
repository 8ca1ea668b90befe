"""The copy that an agent works in is clean, and what it left is read without believing it."""

from __future__ import annotations

import os
import tempfile
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.chamber.sealed import git, repository

from sealock.chamber import workspace as module
from sealock.chamber.workspace import open_workspace
from sealock.domain.agent_run import ChangedPath
from sealock.domain.path_policy import PathPolicy
from sealock.errors import Refused, Undecided, UsageError

ANY = PathPolicy(protected=())


def test_an_untouched_copy_is_the_base(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"a/b.yaml": "x\n", "c": "y\n"})
    with open_workspace(str(root)) as work:
        assert (git(root, "rev-parse", "HEAD"), git(root, "rev-parse", "HEAD^{tree}")) == (
            work.commit,
            work.base_tree,
        )
        assert (work.base_tree, (), ()) == ((left := work.tree()).tree, left.changed, left.refused)
        assert git(Path(work.path), "status", "--porcelain") == ""
    assert not Path(work.path).exists()


def test_a_repository_of_sha_256_is_one_as_any(tmp_path: Path) -> None:
    root = tmp_path / "r"
    root.mkdir()
    git(root, "init", "-q", "--object-format=sha256")
    (root / "a").write_text("1\n")
    git(root, "add", "a")
    git(root, "commit", "-qm", "first")
    with open_workspace(str(root)) as work:
        Path(work.path, "b").write_text("2\n")
        found = work.tree()
        work.keep(found.tree)
        assert git(Path(work.path), "fsck", "--strict") == ""
    assert git(root, "ls-tree", "--name-only", found.tree).split() == ["a", "b"]


@pytest.mark.parametrize("files", [1, 150])
def test_the_copy_may_lie_on_another_disk(
    files: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository(tmp_path / "r", {f"{each}.yaml": f"a: {each}\n" for each in range(files)})
    memory = Path("/dev/shm")  # noqa: S108 - a disk that is another one
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is one disk here")
    with tempfile.TemporaryDirectory(dir=memory) as elsewhere:
        monkeypatch.setattr(tempfile, "tempdir", elsewhere)
        with open_workspace(str(root)) as work:
            assert Path(work.path).is_relative_to(elsewhere)
            assert len(list(Path(work.path).glob("*.yaml"))) == files
            assert (work.tree().tree, git(Path(work.path), "fsck", "--strict")) == (work.base_tree, "")


def test_the_copy_has_no_remotes_branches_history_or_settings(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"a": "1\n"})
    (root / "a").write_text("2\n")
    git(root, "commit", "-qam", "second")
    git(root, "remote", "add", "origin", "https://secret@example.com/x.git")
    git(root, "branch", "other")
    git(root, "tag", "v1")
    git(root, "config", "user.signingkey", "planted")
    with open_workspace(str(root), "v1") as work:
        own = Path(work.path)
        assert [
            git(own, "remote"),
            git(own, "for-each-ref"),
            git(own, "rev-list", "--count", "HEAD"),
            git(own, "stash", "list"),
        ] == ["", "", "1", ""]
        assert "planted" not in (own / ".git" / "config").read_text()
        assert list((own / ".git").glob("hooks/*")) == []


def test_what_is_not_committed_is_not_there(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    (root / "base.yaml").write_text("dirty\n")
    (root / "AGENTS.md").write_text("planted\n")
    with open_workspace(str(root)) as work:
        assert Path(work.path, "base.yaml").read_text() == "a: 1\n"
        assert not Path(work.path, "AGENTS.md").exists()


def test_hostile_settings_and_hooks_of_the_repository_run_nothing(tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    root = repository(tmp_path / "r", {".gitattributes": "* filter=evil text eol=crlf\n", "a": "x\n"})
    evil = f"touch {planted}; cat"
    for key in ("filter.evil.smudge", "filter.evil.clean", "core.fsmonitor", "uploadpack.packObjectsHook"):
        git(root, "config", key, evil)
    hooks = root / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "reference-transaction", "post-index-change"):
        (hooks / name).write_text(f"#!/bin/sh\n{evil}\n")
        (hooks / name).chmod(0o755)
    planted.unlink(missing_ok=True)
    with open_workspace(str(root)) as work:
        Path(work.path, "a").write_text("y\n")
        work.tree()
        work.keep(work.tree().tree)
    assert not planted.exists()


def test_files_are_the_blobs_own_bytes_both_ways(tmp_path: Path) -> None:
    root = tmp_path / "r"
    repository(root, {"plain": "x\n"})
    (root / ".gitattributes").write_text("* text=auto eol=lf\n*.u working-tree-encoding=UTF-16\n")
    (root / "crlf").write_bytes(b"a\r\nb\r\n")
    blob = git(root, "hash-object", "-w", "--no-filters", "crlf")
    git(root, "update-index", "--add", "--cacheinfo", f"100644,{blob},crlf")
    git(root, "add", ".gitattributes")
    git(root, "commit", "-qm", "attributes")
    with open_workspace(str(root)) as work:
        assert Path(work.path, "crlf").read_bytes() == b"a\r\nb\r\n"
        assert work.tree().changed == ()
        Path(work.path, "crlf").write_bytes(b"a\r\nB\r\n")
        (changed,) = work.tree().changed
        work.keep(work.tree().tree)
    assert _blob(root, changed.blob) == b"a\r\nB\r\n"


def _blob(root: Path, blob: str) -> bytes:
    import subprocess  # noqa: PLC0415 - bytes, not text

    return subprocess.run(["git", "cat-file", "blob", blob], cwd=root, check=True, capture_output=True).stdout


def test_every_kind_of_change_is_told_with_mode_and_blob(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"gone": "1\n", "edited": "2\n", "mode": "3\n", "same": "4\n"})
    with open_workspace(str(root)) as work:
        here = Path(work.path)
        (here / "gone").unlink()
        (here / "edited").write_text("two\n")
        (here / "mode").chmod(0o755)
        (here / "new").write_text("5\n")
        left = work.tree(ANY)
    assert (
        ChangedPath("edited", "100644", "f719efd430d52bcfc8566a43b2eb655688d38871"),
        ChangedPath("gone"),
        ChangedPath("mode", "100755", "00750edc07d6415dcc07ae0351e9397b0222b7ba"),
        ChangedPath("new", "100644", "7ed6ff82de6bcc2a78243fc9c54d3ef5ac14da69"),
    ) == left.changed
    assert left.refused == ()


def test_links_submodules_and_protected_files_are_refused(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    with open_workspace(str(root)) as work:
        here = Path(work.path)
        (here / "link").symlink_to("/etc/passwd")
        repository(here / "sub")
        (here / ".github").mkdir()
        (here / ".github" / "x.yml").write_text("x")
        (here / "fine.yaml").write_text("x")
        left = work.tree()
    assert sorted(each.path for each in left.refused) == [".github/x.yml", "link", "sub"]


def test_the_agents_own_git_folder_tells_us_nothing(tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    root = repository(tmp_path / "r")
    with open_workspace(str(root)) as work:
        own = Path(work.path, ".git")
        with (own / "config").open("a") as config:
            config.write(f"[core]\n\tfsmonitor = touch {planted}\n\tworktree = /\n")
        (own / "info").mkdir(exist_ok=True)
        (own / "info" / "exclude").write_text("*\n")
        Path(work.path, "new").write_text("x")
        assert [each.path for each in work.tree().changed] == ["new"]
    assert not planted.exists()


def test_an_empty_repository_in_it_is_refused_and_not_lost(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    with open_workspace(str(root)) as work:
        (Path(work.path) / "sub").mkdir()
        git(Path(work.path) / "sub", "init", "-q")
        (refused,) = work.tree().refused
    assert refused.reason.startswith("not all of it can be read: ")


def test_a_kept_tree_is_in_the_repository_and_its_patch_applies(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"a": "1\n"})
    with open_workspace(str(root)) as work:
        Path(work.path, "a").write_text("2\n")
        Path(work.path, "bin").write_bytes(bytes(range(256)))
        left = work.tree()
        work.keep(left.tree)
        patch = work.patch(left.tree)
    assert git(root, "cat-file", "-t", left.tree) == "tree"
    (tmp_path / "p").write_bytes(patch)
    git(root, "apply", "--index", str(tmp_path / "p"))
    assert left.tree == git(root, "write-tree")


def test_too_much_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = repository(tmp_path / "r")
    monkeypatch.setattr(module, "MOST_BYTES", 1 << 20)
    with open_workspace(str(root)) as work:
        os.truncate(Path(work.path, "base.yaml"), 2 << 20)
        with pytest.raises(Refused, match="the agent left more than 1 MiB or 500000 files"):
            work.tree()


@pytest.mark.parametrize("revision", ["nowhere", "--upload-pack=x", "HEAD^{tree}", ""])
def test_a_revision_that_is_none_is_said(tmp_path: Path, revision: str) -> None:
    root = repository(tmp_path / "r")
    with pytest.raises(UsageError, match="names no commit"), open_workspace(str(root), revision):
        pass


def test_a_folder_without_git_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="names no commit"), open_workspace(str(tmp_path)):
        pass


def test_a_missing_object_is_said(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    blob = git(root, "rev-parse", "HEAD:base.yaml")
    (root / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(Undecided, match="git pack-objects failed"), open_workspace(str(root)):
        pass


def test_an_object_that_is_not_what_its_name_says_is_not_taken(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    blob = git(root, "rev-parse", "HEAD:base.yaml")
    forged = root / ".git" / "objects" / blob[:2] / blob[2:]
    forged.chmod(0o644)
    forged.write_bytes(zlib.compress(b"blob 7\0forged\n"))
    with pytest.raises(Undecided, match="git read-tree failed"), open_workspace(str(root)):
        pass


@pytest.mark.parametrize("count", [3, 300])
def test_few_files_and_many_come_with_their_history_cut(tmp_path: Path, count: int) -> None:
    root = repository(
        tmp_path / "r", {f"{number % 7}/{number}.txt": f"{number}\n" for number in range(count)}
    )
    (root / "0" / "0.txt").write_text("changed\n")
    git(root, "commit", "-qam", "second")
    with open_workspace(str(root)) as work:
        inside = Path(work.path)
        assert git(inside, "rev-parse", "HEAD^{tree}") == git(root, "rev-parse", "HEAD^{tree}")
        assert git(inside, "rev-list", "--count", "HEAD") == "1"
        assert git(inside, "fsck", "--full", "--strict") == ""
        assert work.tree().tree == work.base_tree


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.text("abc.", min_size=1, max_size=5).filter(lambda t: t.strip(".")), st.binary(), max_size=5
    )
)
def test_whatever_bytes_it_leaves_are_taken_as_they_are(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    root = repository(tmp_path_factory.mktemp("r"))
    with open_workspace(str(root)) as work:
        for name, content in files.items():
            Path(work.path, name).write_bytes(content)
        left = work.tree(ANY)
        work.keep(left.tree)
    found = {each.path: _blob(root, each.blob) for each in left.changed}
    assert files == found
