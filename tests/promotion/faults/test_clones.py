"""Clones in every state: what is not the promotion's stays byte for byte."""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.fakes.git_repositories import (
    ENVIRONMENT,
    commit,
    git,
    new_repository,
    publish,
    push_as_stranger,
    state_of,
)
from tests.promotion.faults.starting import PROJECT, sound, subjects

from sealock.adapters.commit_log import GitCommitLog
from sealock.adapters.deployed_branch import GitDeployedBranch
from sealock.adapters.git_revision import GitRevisions
from sealock.domain.plan import FileChange
from sealock.domain.promotion import Branch, Delivery
from sealock.errors import Conflict, Refused, Undecided, UsageError

if TYPE_CHECKING:
    from pathlib import Path

_CAPBSET_DROP, _CAP_DAC_OVERRIDE = 24, 1
CHANGE = FileChange("a.yaml", "one\n", "changed\n")
MESSAGE = "promote(a): dev → staging\n"


def promote(deployed: GitDeployedBranch, *changes: FileChange) -> Delivery:
    base = deployed.tip()
    made = deployed.commit(base, deployed.tree(base, changes or (CHANGE,)), MESSAGE)
    return deployed.deliver(base, made)


def assert_promotes(root: Path, bare: Path) -> None:
    before = state_of(root)
    assert promote(GitDeployedBranch(str(root))).status == "accepted"
    assert subjects(bare) == [MESSAGE.strip()]
    assert git(bare, "show", "main:a.yaml") == "changed"
    assert before == state_of(root)
    assert sound(bare)


# What a clone looks like


def test_a_diverged_clone(clone: Path, bare: Path) -> None:
    push_as_stranger(bare, {"b.yaml": "theirs\n"})
    commit(clone, {"b.yaml": "mine\n"})
    assert_promotes(clone, bare)


def test_a_detached_head(clone: Path, bare: Path) -> None:
    git(clone, "checkout", "-q", "--detach")
    assert_promotes(clone, bare)


def test_a_dirty_work_tree_and_index(clone: Path, bare: Path) -> None:
    (clone / "a.yaml").write_text("mine\n")
    (clone / "b.yaml").write_text("staged\n")
    git(clone, "add", "b.yaml")
    git(clone, "add", "-N", ".")
    (clone / "b.yaml").unlink()
    (clone / "new").write_text("x")
    assert_promotes(clone, bare)


def test_a_merge_that_stopped_at_conflicts(clone: Path, bare: Path) -> None:
    git(clone, "checkout", "-q", "-b", "other")
    commit(clone, {"a.yaml": "theirs\n"})
    git(clone, "checkout", "-q", "main")
    commit(clone, {"a.yaml": "ours\n"})
    subprocess.run(["git", "merge", "-q", "other"], cwd=clone, capture_output=True, check=False)
    assert_promotes(clone, bare)


@pytest.mark.parametrize("known", [True, False])
def test_a_shallow_clone_stays_as_shallow_as_it_is(bare: Path, tmp_path: Path, *, known: bool) -> None:
    for at in range(5):
        push_as_stranger(bare, {"b.yaml": f"{at}\n"})
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{bare}", str(shallow))
    if not known:
        for at in range(3):
            push_as_stranger(bare, {"c.yaml": f"{at}\n"})
    cut = (shallow / ".git" / "shallow").read_bytes()
    assert_promotes(shallow, bare)
    assert cut == (shallow / ".git" / "shallow").read_bytes()
    assert git(shallow, "rev-list", "--count", "origin/main") == ("2" if known else "5")


@pytest.mark.parametrize("kind", ["blob:none", "tree:0"])
def test_a_partial_clone_gets_what_it_lacks(bare: Path, tmp_path: Path, kind: str) -> None:
    git(bare, "config", "uploadpack.allowFilter", "true")
    git(bare, "config", "uploadpack.allowAnySHA1InWant", "true")
    partial = tmp_path / "partial"
    git(tmp_path, "clone", "-q", f"--filter={kind}", f"file://{bare}", str(partial))
    push_as_stranger(bare, {"folder/deep/new.yaml": "new\n"})
    deployed = GitDeployedBranch(str(partial))
    tip = deployed.tip()
    with GitRevisions(deployed.root).files(tip) as files:
        assert files.read_text("folder/deep/new.yaml") == "new\n"
    listed = git(partial, "rev-list", "--objects", "--missing=print", "--no-walk", tip.commit)
    assert not [line for line in listed.splitlines() if line.startswith("?")]
    assert_promotes(partial, bare)


def test_a_repository_with_longer_ids(tmp_path: Path) -> None:
    root = tmp_path / "root"
    new_repository(root, {"a.yaml": "one\n", "x/y": "z"}, "--object-format=sha256")
    assert promote(GitDeployedBranch(str(root))).status == "accepted"
    assert (root / "a.yaml").read_text() == "changed\n"
    assert sound(root)


def test_a_linked_work_tree(clone: Path, bare: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(clone, "worktree", "add", "-q", "--detach", str(linked))
    before = state_of(clone)
    assert promote(GitDeployedBranch(str(linked))).status == "accepted"
    assert (linked / "a.yaml").read_text() == "one\n"
    assert git(linked, "status", "--porcelain") == ""
    assert before == state_of(clone)
    assert git(bare, "show", "main:a.yaml") == "changed"


def test_a_root_that_is_a_folder_of_the_repository(clone: Path, bare: Path) -> None:
    deployed = GitDeployedBranch(str(clone / "folder"))
    base = deployed.tip()
    assert git(clone, "rev-parse", "main:folder") == base.tree
    tree = deployed.tree(base, [FileChange("c.yaml", "three\n", "3\n")])
    assert deployed.deliver(base, deployed.commit(base, tree, MESSAGE)).status == "accepted"
    assert git(bare, "show", "main:folder/c.yaml") == "3"
    assert git(bare, "show", "main:a.yaml") == "one"
    assert tree == git(bare, "rev-parse", "main^{tree}")
    assert git(bare, "rev-parse", "main:folder") == deployed.tip().tree
    assert tree == deployed.tree(deployed.tip(), ())


def test_a_clone_that_mirrors_keeps_its_own_branches(clone: Path, bare: Path) -> None:
    git(clone, "config", "remote.origin.fetch", "+refs/heads/*:refs/heads/*")
    git(clone, "checkout", "-q", "--detach")
    push_as_stranger(bare, {"b.yaml": "theirs\n"})
    assert_promotes(clone, bare)


def test_tags_are_neither_fetched_nor_pushed(clone: Path, bare: Path) -> None:
    git(clone, "config", "push.followTags", "true")
    git(clone, "tag", "-a", "-m", "mine", "mine")
    git(bare, "tag", "-a", "-m", "theirs", "theirs", push_as_stranger(bare, {"b.yaml": "x\n"}))
    assert_promotes(clone, bare)
    assert git(bare, "tag") == "theirs"


def test_history_with_times_to_come(clone: Path, bare: Path) -> None:
    git(clone, "commit", "-q", "--allow-empty", "-m", "later", GIT_COMMITTER_DATE="4000000000 +0000")
    git(clone, "push", "-q")
    assert_promotes(clone, bare)
    found = list(GitCommitLog(str(clone)).promotions("origin/main"))
    assert [each.message for each in found] == [MESSAGE]


def test_objects_that_this_machine_replaces_stay_out(clone: Path, bare: Path) -> None:
    other = commit(clone, {"a.yaml": "replaced\n"})
    git(clone, "reset", "-q", "--hard", "origin/main")
    git(clone, "replace", "origin/main", other)
    assert_promotes(clone, bare)


# Which branch it is


def test_the_remotes_own_head_decides(clone: Path, bare: Path) -> None:
    git(bare, "branch", "-q", "deploy", "main")
    git(bare, "symbolic-ref", "HEAD", "refs/heads/deploy")
    assert Branch("origin", "deploy") == GitDeployedBranch(str(clone)).branch()


def test_without_a_head_the_followed_branch_does(clone: Path, bare: Path) -> None:
    git(bare, "branch", "-q", "deploy", "main")
    git(bare, "symbolic-ref", "HEAD", "refs/heads/nowhere")
    git(clone, "config", "branch.main.merge", "refs/heads/deploy")
    deployed = GitDeployedBranch(str(clone))
    assert Branch("origin", "deploy") == deployed.branch()
    assert deployed.tip().commit == git(bare, "rev-parse", "deploy")


def test_else_a_usual_name_does(clone: Path, bare: Path) -> None:
    git(bare, "symbolic-ref", "HEAD", "refs/heads/nowhere")
    git(clone, "checkout", "-q", "-b", "work")
    assert Branch("origin", "main") == GitDeployedBranch(str(clone)).branch()


def test_else_it_is_to_be_named(clone: Path, bare: Path) -> None:
    git(bare, "branch", "-m", "main", "deploy")
    git(bare, "symbolic-ref", "HEAD", "refs/heads/nowhere")
    git(clone, "checkout", "-q", "--detach")
    with pytest.raises(UsageError, match="origin does not say which of its branches is the deployed one"):
        GitDeployedBranch(str(clone)).branch()
    assert GitDeployedBranch(str(clone), branch="deploy").tip().commit == git(bare, "rev-parse", "deploy")


def test_of_several_remotes_one_is_to_be_named(clone: Path) -> None:
    git(clone, "remote", "rename", "origin", "one")
    git(clone, "remote", "add", "two", "elsewhere")
    git(clone, "checkout", "-q", "--detach")
    with pytest.raises(UsageError, match="this clone has several remotes: one, two"):
        GitDeployedBranch(str(clone)).branch()
    assert Branch("one", "main") == GitDeployedBranch(str(clone), remote="one").branch()
    with pytest.raises(UsageError, match="there is no remote 'three': this clone has one, two"):
        GitDeployedBranch(str(clone), remote="three").branch()


def test_the_repository_itself_can_be_named_although_it_has_a_remote(clone: Path, bare: Path) -> None:
    deployed = GitDeployedBranch(str(clone), remote=".")
    assert Branch("", "main") == deployed.branch()
    assert promote(deployed).status == "accepted"
    assert git(bare, "show", "main:a.yaml") == "one"


def test_a_detached_head_without_a_remote_is_to_be_told_its_branch(alone: Path) -> None:
    git(alone, "checkout", "-q", "--detach")
    with pytest.raises(UsageError, match="HEAD is detached, so no branch says where to write"):
        GitDeployedBranch(str(alone)).branch()
    assert promote(GitDeployedBranch(str(alone), branch="main")).status == "accepted"
    assert git(alone, "show", "main:a.yaml") == "changed"
    assert (alone / "a.yaml").read_text() == "one\n"


@pytest.mark.parametrize("name", ["-x y", "a..b", "main:other", "x\ny", "a\x1b[31m", "@{u}"])
def test_a_name_that_no_branch_has_is_refused(clone: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is no name of a branch"):
        GitDeployedBranch(str(clone), branch=name).branch()


def test_a_branch_that_is_not_there(clone: Path) -> None:
    with pytest.raises(UsageError, match="there is no branch origin/gone"):
        GitDeployedBranch(str(clone), branch="gone").tip()


def test_a_folder_that_is_no_repository(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="this is no Git repository"):
        GitDeployedBranch(str(tmp_path)).branch()


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    deployed = GitDeployedBranch(str(tmp_path))
    assert Branch("", "main") == deployed.branch()
    with pytest.raises(UsageError, match="there is no branch main"):
        deployed.tip()


# Where remotes lead


@pytest.mark.parametrize("url", ["ext::sh -c 'touch {}'", "fd::17"])
def test_a_remote_that_is_a_command_is_not_run(clone: Path, tmp_path: Path, url: str) -> None:
    git(clone, "remote", "set-url", "origin", url.format(tmp_path / "ran"))
    with pytest.raises(UsageError, match="which Sealock does not run"):
        GitDeployedBranch(str(clone)).tip()
    assert not (tmp_path / "ran").exists()


def test_a_url_that_is_rewritten_to_a_command_is_not_run(clone: Path, tmp_path: Path) -> None:
    git(clone, "config", "url.ext::touch .insteadOf", "https://example.com")
    git(clone, "remote", "set-url", "origin", f"https://example.com{tmp_path}/ran")
    with pytest.raises(UsageError, match="which Sealock does not run"):
        GitDeployedBranch(str(clone)).tip()
    assert not (tmp_path / "ran").exists()


def test_a_url_is_rewritten_as_git_does(clone: Path, bare: Path) -> None:
    git(clone, "config", f"url.{bare.parent}/.insteadOf", "https://example.com/")
    git(clone, "remote", "set-url", "origin", "https://example.com/remote.git")
    assert_promotes(clone, bare)


def test_what_is_pushed_to_another_url_is_asked_there(clone: Path, bare: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(bare), str(tmp_path / "mirror.git"))
    pushed = push_as_stranger(bare, {"b.yaml": "newer\n"})
    git(clone, "remote", "set-url", "origin", str(tmp_path / "mirror.git"))
    git(clone, "remote", "set-url", "--push", "origin", str(bare))
    assert pushed == GitDeployedBranch(str(clone)).tip().commit
    assert_promotes(clone, bare)


def test_several_urls_to_push_to_are_no_single_move(clone: Path) -> None:
    git(clone, "remote", "set-url", "--add", "origin", "elsewhere")
    with pytest.raises(UsageError, match="origin pushes to 2 URLs"):
        GitDeployedBranch(str(clone)).tip()


# What a remote refuses


def test_a_branch_that_is_checked_out_over_there(clone: Path, alone: Path) -> None:
    git(clone, "remote", "set-url", "origin", str(alone))
    git(clone, "fetch", "-q")
    done = promote(GitDeployedBranch(str(clone)))
    assert done.status == "refused"
    assert "branch is currently checked out" in done.message


def test_a_remote_that_denies_what_is_no_fast_forward_takes_a_promotion(clone: Path, bare: Path) -> None:
    git(bare, "config", "receive.denyNonFastForwards", "true")
    assert_promotes(clone, bare)


def test_a_branch_that_was_rewound_has_moved(clone: Path, bare: Path) -> None:
    first = git(bare, "rev-parse", "main")
    push_as_stranger(bare, {"b.yaml": "theirs\n"})
    deployed = GitDeployedBranch(str(clone))
    base = deployed.tip()
    made = deployed.commit(base, deployed.tree(base, [CHANGE]), MESSAGE)
    git(bare, "update-ref", "refs/heads/main", first)
    assert deployed.deliver(base, made).status == "moved"
    assert first == git(bare, "rev-parse", "main")


def test_a_branch_that_is_gone_has_moved(clone: Path, bare: Path) -> None:
    deployed = GitDeployedBranch(str(clone), branch="main")
    base = deployed.tip()
    made = deployed.commit(base, deployed.tree(base, [CHANGE]), MESSAGE)
    git(bare, "update-ref", "-d", "refs/heads/main")
    assert deployed.deliver(base, made).status == "moved"
    assert git(bare, "for-each-ref") == ""


def test_a_lock_that_stays_on_the_remote_refuses_in_its_words(clone: Path, bare: Path) -> None:
    (bare / "refs" / "heads" / "main.lock").touch()
    done = promote(GitDeployedBranch(str(clone)))
    assert done.status == "refused"
    assert "main.lock': File exists" in done.message


def test_the_users_own_hook_before_a_push_can_refuse(clone: Path, bare: Path) -> None:
    hook = clone / ".git" / "hooks" / "pre-push"
    hook.write_text("#!/bin/sh\necho 'not from here' >&2\nexit 1\n")
    hook.chmod(0o755)
    done = promote(GitDeployedBranch(str(clone)))
    assert (done.status, done.message) == ("refused", "the pre-push hook: not from here")
    assert subjects(bare) == []


def test_hooks_for_commits_are_not_run(clone: Path, bare: Path) -> None:
    for name in ("pre-commit", "commit-msg", "prepare-commit-msg", "post-commit", "post-checkout"):
        hook = clone / ".git" / "hooks" / name
        hook.write_text("#!/bin/sh\ntouch ran\nexit 1\n")
        hook.chmod(0o755)
    assert_promotes(clone, bare)


# Who commits


def test_nobody_commits_without_a_name(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT:
        if "NAME" in name or "EMAIL" in name:
            monkeypatch.delenv(name)
    git(clone, "config", "user.useConfigOnly", "true")
    deployed = GitDeployedBranch(str(clone))
    for ask in (deployed.author, lambda: promote(deployed)):
        with pytest.raises(UsageError, match="Git does not know who you are"):
            ask()


@pytest.fixture
def signing(clone: Path, tmp_path: Path) -> Path:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, timeout=60)
    (tmp_path / "signers").write_text(f"ada@example.com {key.with_suffix('.pub').read_text()}")
    for name, value in {
        "commit.gpgSign": "yes",
        "gpg.format": "ssh",
        "user.signingKey": str(key),
        "gpg.ssh.allowedSignersFile": str(tmp_path / "signers"),
    }.items():
        git(clone, "config", name, value)
    return key


def test_commits_are_signed_as_git_is_set(clone: Path, bare: Path, signing: Path) -> None:
    assert signing.exists()
    assert_promotes(clone, bare)
    git(clone, "verify-commit", "origin/main")


def test_a_commit_that_cannot_be_signed_is_refused(clone: Path, bare: Path, signing: Path) -> None:
    signing.unlink()
    with pytest.raises(Refused, match="Git cannot sign the commit: "):
        promote(GitDeployedBranch(str(clone)))
    assert subjects(bare) == []


def test_a_message_is_written_as_it_is(clone: Path, bare: Path) -> None:
    git(clone, "config", "i18n.commitEncoding", "ISO-8859-1")
    deployed = GitDeployedBranch(str(clone))
    base = deployed.tip()
    message = "promote(ä): → \U0001f680\n\n# no comment\n  \n\n\nKey: v\n\n"
    made = deployed.commit(base, base.tree, message)
    raw = subprocess.run(
        ["git", "cat-file", "commit", made], cwd=clone, capture_output=True, check=True, timeout=60
    ).stdout
    head, _, body = raw.partition(b"\n\n")
    assert message.encode() == body
    assert b"encoding" not in head
    assert git(bare, "rev-parse", "main") == base.commit


# What trees hold


def test_modes_stay(clone: Path, bare: Path) -> None:
    (clone / "run.sh").write_text("a\n")
    (clone / "run.sh").chmod(0o755)
    commit(clone, {})
    git(clone, "push", "-q")
    promote(GitDeployedBranch(str(clone)), FileChange("run.sh", "a\n", "b\n"))
    assert git(bare, "ls-tree", "main", "run.sh").startswith("100755")


def test_a_submodule_beside_stays_and_inside_is_refused(clone: Path, bare: Path, alone: Path) -> None:
    git(clone, "submodule", "--quiet", "add", str(alone), "sub")
    commit(clone, {})
    git(clone, "push", "-q")
    assert_promotes(clone, bare)
    deployed = GitDeployedBranch(str(clone))
    tip = deployed.tip()
    with GitRevisions(deployed.root).files(tip) as files:
        assert files.blob("sub") == files.blob("sub/a.yaml") == ""
    for path in ("sub/a.yaml", "sub"):
        with pytest.raises(Refused, match="sub is a submodule"):
            deployed.tree(tip, [FileChange(path, None, "x")])


def test_a_link_and_what_lies_behind_one_are_refused(clone: Path) -> None:
    (clone / "link").symlink_to("folder")
    (clone / "file").symlink_to("a.yaml")
    commit(clone, {})
    git(clone, "push", "-q")
    deployed = GitDeployedBranch(str(clone))
    tip = deployed.tip()
    for path in ("link/c.yaml", "file", "link"):
        with pytest.raises(Refused, match="is a symbolic link"):
            deployed.tree(tip, [FileChange(path, "three\n", "x")])


def test_a_file_of_git_lfs_is_refused(clone: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n"
    commit(clone, {"large.yaml": pointer})
    git(clone, "push", "-q")
    deployed = GitDeployedBranch(str(clone))
    with pytest.raises(Refused, match="kept by Git LFS"):
        deployed.tree(deployed.tip(), [FileChange("large.yaml", pointer, "x")])


@pytest.mark.parametrize(
    "path",
    [
        ".git/hooks/x", ".GIT/x", "a/.Git/x", "git~1/x", "GIT~1", ".git /x", ".git./x", ".git::$INDEX/x",
        ".g\u200cit/x", "\ufeff.git/x", "/etc/passwd", "../x", "a/../../x", "a//b", "a/./b", "", "a/",
        "a\\..\\b", "a\nb", "a\0b", "a\x1b[31m", "\udcff",
    ],
)  # fmt: skip
def test_a_path_that_is_none_on_some_system_is_refused(clone: Path, path: str) -> None:
    deployed = GitDeployedBranch(str(clone))
    tip = deployed.tip()
    with pytest.raises(Refused):
        deployed.tree(tip, [FileChange(path, None, "x")])


@pytest.mark.parametrize("path", ["a.yaml/x", "folder"])
def test_a_file_and_a_folder_do_not_take_each_others_place(clone: Path, path: str) -> None:
    deployed = GitDeployedBranch(str(clone))
    with pytest.raises(Refused):
        deployed.tree(deployed.tip(), [FileChange(path, None, "x")])


def test_two_changes_of_one_file_are_refused(clone: Path) -> None:
    deployed = GitDeployedBranch(str(clone))
    with pytest.raises(Refused, match="do not agree"):
        deployed.tree(deployed.tip(), [CHANGE, FileChange("a.yaml", "one\n", "2\n")])


def test_trees_are_those_that_git_would_write(clone: Path) -> None:
    names = ["a", "a.b", "a-b", "a0", "ä", "z z", "*", "A"]
    files = {f"x/{name}{more}": name for name in names for more in ("/f", ".f", "")}
    del_ = [f"x/{name}" for name in names]
    changes = [FileChange(path, None, text) for path, text in files.items() if path not in del_]
    deployed = GitDeployedBranch(str(clone))
    made = deployed.tree(deployed.tip(), changes)
    commit(clone, {each.path: each.after or "" for each in changes})
    assert git(clone, "rev-parse", "HEAD^{tree}") == made
    git(clone, "push", "-q")
    gone = [FileChange(each.path, each.after, None) for each in changes]
    assert git(clone, "rev-parse", "HEAD~^{tree}") == deployed.tree(deployed.tip(), gone)


def test_contents_are_kept_byte_for_byte(clone: Path, bare: Path) -> None:
    git(clone, "config", "core.autocrlf", "true")
    commit(clone, {".gitattributes": "*.yaml text eol=lf\n"})
    git(clone, "push", "-q")
    text = "\ufeffone\r\ntwo\n\u2028three"
    promote(GitDeployedBranch(str(clone)), FileChange("new.yaml", None, text))
    raw = subprocess.run(
        ["git", "cat-file", "blob", "main:new.yaml"], cwd=bare, capture_output=True, check=True, timeout=60
    ).stdout
    assert text.encode() == raw


# A repository without a remote


def test_files_that_are_as_committed_go_along(alone: Path) -> None:
    (alone / "b.yaml").write_text("mine\n")
    changes = (CHANGE, FileChange("folder/c.yaml", "three\n", None), FileChange("x/new", None, "new"))
    assert Delivery("accepted", git(alone, "rev-parse", "HEAD"), "") != promote(
        GitDeployedBranch(str(alone)), *changes
    )
    assert git(alone, "status", "--porcelain") == " M b.yaml"
    assert (alone / "a.yaml").read_text() == "changed\n"
    assert not (alone / "folder").exists()
    assert (alone / "x" / "new").read_text() == "new"
    assert "sealock" in git(alone, "reflog", "-1")


def test_files_that_are_not_as_committed_are_left_alone_and_named(alone: Path) -> None:
    (alone / "a.yaml").write_text("mine\n")
    (alone / "b.yaml").write_text("staged\n")
    git(alone, "add", "b.yaml")
    (alone / "new").write_text("untracked")
    before = state_of(alone)
    done = promote(
        GitDeployedBranch(str(alone)),
        CHANGE,
        FileChange("b.yaml", "two\n", "2\n"),
        FileChange("new", None, "new"),
    )
    assert (
        done.status,
        done.message,
    ) == ("accepted", "left alone here, because they are not as committed: a.yaml, b.yaml, new")
    assert before | {"branches": ""} == state_of(alone) | {"branches": ""}


def test_what_a_link_leads_to_is_left_alone(alone: Path, tmp_path: Path) -> None:
    shutil.move(alone / "folder", tmp_path / "elsewhere")
    (alone / "folder").symlink_to(tmp_path / "elsewhere")
    done = promote(GitDeployedBranch(str(alone)), FileChange("folder/c.yaml", "three\n", "3\n"))
    assert "folder/c.yaml" in done.message
    assert (tmp_path / "elsewhere" / "c.yaml").read_text() == "three\n"


def test_permissions_and_line_ends_of_the_work_tree_stay(alone: Path) -> None:
    git(alone, "config", "core.autocrlf", "true")
    (alone / "a.yaml").write_bytes(b"one\r\n")
    (alone / "a.yaml").chmod(0o640)
    assert promote(GitDeployedBranch(str(alone))).message == ""
    assert (alone / "a.yaml").read_bytes() == b"changed\r\n"
    assert stat.S_IMODE((alone / "a.yaml").stat().st_mode) == 0o640
    assert git(alone, "status", "--porcelain") == ""


def test_another_work_tree_that_has_the_branch_goes_along(alone: Path, tmp_path: Path) -> None:
    git(alone, "checkout", "-q", "-b", "other")
    git(alone, "worktree", "add", "-q", str(tmp_path / "linked"), "main")
    before = state_of(alone)
    assert promote(GitDeployedBranch(str(alone), branch="main")).status == "accepted"
    assert (tmp_path / "linked" / "a.yaml").read_text() == "changed\n"
    assert git(tmp_path / "linked", "status", "--porcelain") == ""
    assert before | {"branches": ""} == state_of(alone) | {"branches": ""}


def test_a_lock_on_the_index_leaves_everything_as_it_was(alone: Path) -> None:
    (alone / ".git" / "index.lock").touch()
    before = state_of(alone)
    with pytest.raises(Undecided, match=r"index\.lock"):
        promote(GitDeployedBranch(str(alone)))
    assert before == state_of(alone)


def test_a_hook_that_aborts_leaves_everything_as_it_was(alone: Path) -> None:
    hook = alone / ".git" / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert promote(GitDeployedBranch(str(alone))).status == "refused"
    assert git(alone, "status", "--porcelain") == ""
    assert (alone / "a.yaml").read_text() == "one\n"


# Disks


def run_limited(root: Path, **options: object) -> tuple[int, str]:
    """Run a promoter under the limits of a process; return its exit status and what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.promotion.faults.promoter", str(root), "a.yaml", "v2", "3"],
        cwd=PROJECT,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": str(PROJECT / "src"), "HOME": str(root)},
        **options,  # type: ignore[call-overload]
    )
    return done.returncode, done.stdout + done.stderr


def test_a_disk_that_takes_nothing_more_leaves_everything_as_it_was(clone: Path, bare: Path) -> None:
    before = state_of(clone)

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8, 8))

    status, said = run_limited(clone, preexec_fn=full)
    assert (status, "Git cannot write to this repository" in said) == (3, True), said
    assert subjects(bare) == []
    assert before == state_of(clone)
    assert sound(clone)
    assert run_limited(clone) == (0, "accepted\n")


def test_a_full_disk_below_the_work_tree_leaves_everything_as_it_was(alone: Path) -> None:
    big = "x" * 100_000
    commit(alone, {"a.yaml": f"{big}\n"})
    before = state_of(alone)

    def full() -> None:
        # Objects are small once compressed; the file itself is not.
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    status, said = run_limited(alone, preexec_fn=full)
    assert (status, "the work tree cannot be written" in said) == (3, True), said
    assert before == state_of(alone)
    assert git(alone, "status", "--porcelain") == ""
    assert run_limited(alone) == (0, "accepted\n")


def without_privileges() -> None:
    """Let permissions count for root too: no longer may it write where nobody may (capabilities(7))."""
    if os.geteuid() == 0:
        ctypes.CDLL(None, use_errno=True).prctl(_CAPBSET_DROP, _CAP_DAC_OVERRIDE, 0, 0, 0)


def test_a_git_folder_that_is_read_only(clone: Path, bare: Path) -> None:
    folders = [clone / ".git", *(each for each in (clone / ".git").rglob("*") if each.is_dir())]
    before = state_of(clone)
    for each in folders:
        each.chmod(0o555)
    status, said = run_limited(clone, preexec_fn=without_privileges)
    for each in folders:
        each.chmod(0o755)
    assert (status, "Git cannot write to this repository" in said) == (3, True), said
    assert "permission" in said
    assert subjects(bare) == []
    assert before == state_of(clone)


# The log


def test_a_shallow_history_is_no_answer(clone: Path, bare: Path, tmp_path: Path) -> None:
    for at in range(3):
        push_as_stranger(bare, {"b.yaml": f"{at}\n"}, f"promote(b): dev → staging [{at}]\n")
    git(tmp_path, "clone", "-q", "--depth=2", f"file://{bare}", str(tmp_path / "shallow"))
    log = GitCommitLog(str(tmp_path / "shallow"))
    found = log.promotions("main")
    assert [next(found).message[-3] for _ in range(2)] == ["2", "1"]
    with pytest.raises(Undecided, match="its history ends at"):
        next(found)
    assert list(log.promotions("main~1..main"))
    newest = log.brought("main", ["b.yaml"], "2")
    assert newest is not None
    for text in ("one", "never"):
        with pytest.raises(Undecided, match="its history ends at"):
            log.brought("main", ["a.yaml"], text)
    assert clone.exists()


def test_who_stops_listening_stops_git(clone: Path) -> None:
    for at in range(30):
        git(clone, "commit", "-q", "--allow-empty", "-m", f"promote(a): {at}")
    found = GitCommitLog(str(clone)).promotions("main")
    assert next(found).message == "promote(a): 29\n"
    found.close()  # type: ignore[attr-defined]
    assert list(found) == []


def test_a_log_of_nothing_is_undecided(clone: Path) -> None:
    with pytest.raises(Undecided, match="git log failed"):
        list(GitCommitLog(str(clone)).promotions("gone"))


def test_a_merge_brings_what_neither_side_had(alone: Path) -> None:
    git(alone, "checkout", "-q", "-b", "other")
    commit(alone, {"b.yaml": "other\n"})
    git(alone, "checkout", "-q", "main")
    commit(alone, {"c.yaml": "main\n"})
    git(alone, "merge", "-q", "--no-commit", "other")
    made = commit(alone, {"a.yaml": "sha256:1\n"}, "merge")
    found = GitCommitLog(str(alone)).brought("main", ["a.yaml"], "sha256:1")
    assert found is not None
    assert (made, "merge") == (found.commit, found.message)
    inner = GitCommitLog(str(alone)).brought("main", ["b.yaml"], "other")
    assert inner is not None
    assert inner.message == "change"


def test_a_conflict_names_the_file(clone: Path) -> None:
    deployed = GitDeployedBranch(str(clone))
    with pytest.raises(Conflict) as caught:
        deployed.tree(deployed.tip(), [FileChange("folder/c.yaml", "3\n", "x")])
    assert caught.value.where is not None
    assert caught.value.where.file == "folder/c.yaml"


def test_a_publisher_is_followed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    new_repository(root, {"a.yaml": "one\n"})
    publish(root, tmp_path / "remote.git")
    assert_promotes(root, tmp_path / "remote.git")
