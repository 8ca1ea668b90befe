"""Reading a Git revision: what its files are, what a name means, what differs."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealock.adapters import git_program
from sealock.adapters.engine import EngineRenderer, Engines, open_pool
from sealock.adapters.file_tree import RepositoryFiles
from sealock.adapters.git_objects import GitObjects
from sealock.adapters.git_revision import GitRevisions, RevisionFiles
from sealock.adapters.render_cache import RenderCache
from sealock.adapters.stat_signature import Probes
from sealock.domain.revision import PathChange, Revision
from sealock.errors import ConfigurationError, Refused, Undecided, UsageError
from sealock.ports import RenderRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sealock.adapters.engine_pool import Answer, EnginePool

FILES = {
    "a.yaml": "one\r\n",
    "folder/b.yaml": "two",
    "folder/grün\nzwei.yaml": "three",
    "base/kustomization.yaml": "resources: []\n",
    ".hidden/c": "",
}
LINKS = {
    "link": "folder",
    "folder/other": "b.yaml",
    "folder/up": "../a.yaml",
    "circle": "circle",
    "dangling": "nowhere",
    "out": "../secret",
    "outdir": "..",
    "etc": "/etc",
}


def git(root: Path, *arguments: str) -> str:
    names = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "protocol.file.allow=always")
    done = subprocess.run(["git", *names, *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(root: Path, message: str = "state") -> str:
    if not (root / ".git").exists():
        git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A", "-f")
    git(root, "commit", "-q", "--allow-empty", "-m", message)
    return git(root, "rev-parse", "HEAD")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    write(root, FILES)
    for path, target in LINKS.items():
        (root / path).symlink_to(target)
    (root / "own").symlink_to(root / "folder")
    return root


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode())


def at(root: Path, revision: str = "HEAD", role: str = "base") -> RevisionFiles:
    revisions = GitRevisions(str(root))
    return revisions.files(revisions.resolve(revision), role)


def said(read: Callable[[str], str], path: str) -> str:
    try:
        return read(path)
    except (FileNotFoundError, NotADirectoryError):
        return "absent"
    except Refused as wrong:
        return wrong.message


PATHS = [
    *FILES, *LINKS, "own/b.yaml", "link/b.yaml", "link/up", "link/../a.yaml", "outdir/secret", "../secret",
    "folder", "nowhere", "folder/nowhere", "a.yaml/below", "folder//b.yaml", "./a.yaml", "etc/passwd",
]  # fmt: skip


@pytest.mark.parametrize("path", [each for each in PATHS if each != "circle"])
def test_a_revision_reads_as_its_checkout_does(root: Path, path: str) -> None:
    (root.parent / "secret").write_text("s")
    commit(root)
    expected = said(RepositoryFiles(str(root)).read_text, path)
    with at(root) as files:
        assert said(files.read_text, path) == expected


def test_links_in_a_circle_lead_nowhere(root: Path) -> None:
    commit(root)
    with at(root) as files, pytest.raises(FileNotFoundError):
        files.read_text("circle")


def test_what_the_disk_has_since_does_not_matter(root: Path) -> None:
    first = commit(root)
    (root / "a.yaml").write_text("later")
    (root / "new.yaml").write_text("new")
    (root / "folder" / "b.yaml").unlink()
    with at(root, first) as files:
        assert files.read_text("a.yaml") == "one\r\n"
        assert files.read_text("folder/b.yaml") == "two"
        assert list(files.files()) == sorted([*FILES, *LINKS, "own"])


def test_a_signature_is_the_contents_and_a_link_has_none(root: Path) -> None:
    commit(root)
    with at(root) as files:
        assert files.signature("folder/b.yaml").hex() == git(root, "hash-object", "folder/b.yaml")
        assert files.signature("link") == b""
        assert files.signature("nowhere") == b""


def test_text_that_is_no_utf_8_is_refused_with_its_place(root: Path) -> None:
    (root / "a.yaml").write_bytes(b"a\n\xff")
    commit(root)
    with at(root) as files, pytest.raises(ConfigurationError, match="0xff"):
        files.read_text("a.yaml")


def test_a_submodule_is_undecided(root: Path, tmp_path: Path) -> None:
    write(tmp_path / "module", {"x": "x"})
    commit(tmp_path / "module")
    commit(root)
    git(root, "submodule", "add", "-q", str(tmp_path / "module"), "vendored")
    commit(root)
    with at(root) as files, pytest.raises(Undecided, match="submodule"):
        files.read_text("vendored")


def test_a_folder_of_a_work_tree_is_a_root_too(root: Path) -> None:
    commit(root)
    with at(root / "folder") as files:
        assert files.read_text("b.yaml") == "two"
        assert files.revision.tree == git(root, "rev-parse", "HEAD:folder")
        assert said(files.read_text, "up") == "this leads out of the repository"


def test_a_folder_that_was_not_there_yet_is_empty(root: Path) -> None:
    first = commit(root)
    write(root, {"later/x": "x"})
    commit(root)
    with at(root / "later", first) as files:
        assert files.files() == ()


def test_a_worktree_is_a_repository(root: Path, tmp_path: Path) -> None:
    commit(root)
    git(root, "worktree", "add", "-q", str(tmp_path / "worktree"))
    with at(tmp_path / "worktree") as files:
        assert files.read_text("a.yaml") == "one\r\n"
        assert files.git_dir == str(root / ".git" / "worktrees" / "worktree")


@pytest.mark.parametrize("name", ["nope", "HEAD:a.yaml", "--help", "", "x\0y", "HEAD~9"])
def test_a_name_of_no_commit_is_a_usage_error(root: Path, name: str) -> None:
    commit(root)
    with pytest.raises(UsageError, match="is no commit of this repository"):
        GitRevisions(str(root)).resolve(name)


def test_a_tag_and_a_short_id_name_their_commit(root: Path) -> None:
    first = commit(root)
    git(root, "tag", "-a", "-m", "x", "v1")
    expected = Revision(first, git(root, "rev-parse", "HEAD^{tree}"))
    assert GitRevisions(str(root)).resolve("v1") == expected
    assert GitRevisions(str(root)).resolve(first[:9]) == expected


def test_outside_of_git_there_is_no_commit(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no commit of this repository"):
        GitRevisions(str(tmp_path)).resolve("HEAD")


def test_the_merge_base_is_where_branches_parted(root: Path) -> None:
    first = commit(root)
    git(root, "switch", "-q", "-c", "side")
    commit(root, "on the side")
    git(root, "switch", "-q", "main")
    commit(root, "on main")
    revisions = GitRevisions(str(root))
    found = revisions.merge_base(revisions.resolve("side"), revisions.resolve("main"))
    assert found == revisions.resolve(first)


def test_histories_without_a_common_commit_have_no_merge_base(root: Path) -> None:
    commit(root)
    git(root, "switch", "-q", "--orphan", "other")
    commit(root)
    revisions = GitRevisions(str(root))
    with pytest.raises(UsageError, match="no commit in common"):
        revisions.merge_base(revisions.resolve("main"), revisions.resolve("other"))


def test_in_a_shallow_clone_a_missing_merge_base_is_undecided(root: Path, tmp_path: Path) -> None:
    commit(root)
    git(root, "switch", "-q", "-c", "side")
    commit(root, "on the side")
    git(root, "switch", "-q", "main")
    commit(root, "on main")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=1", "--no-single-branch", f"file://{root}", str(clone))
    revisions = GitRevisions(str(clone))
    with pytest.raises(Undecided, match="shallow"):
        revisions.merge_base(revisions.resolve("origin/side"), revisions.resolve("origin/main"))


def change_everything(root: Path) -> tuple[PathChange, ...]:
    (root / "a.yaml").write_text("other")
    (root / "folder" / "b.yaml").rename(root / "folder" / "moved.yaml")
    (root / "dangling").unlink()
    (root / "dangling").symlink_to("elsewhere")
    (root / "circle").unlink()
    (root / "circle").write_text("a file now")
    return (
        PathChange("a.yaml", "changed"),
        PathChange("circle", "changed"),
        PathChange("dangling", "changed"),
        PathChange("folder/b.yaml", "removed"),
        PathChange("folder/moved.yaml", "added"),
    )


def test_what_differs_between_two_revisions(root: Path) -> None:
    base = commit(root)
    expected = change_everything(root)
    head = commit(root)
    revisions = GitRevisions(str(root))
    assert revisions.changed(revisions.resolve(base), revisions.resolve(head)) == expected


def test_what_differs_on_the_disk_counts_new_files_and_no_ignored_ones(root: Path) -> None:
    (root / ".gitignore").write_text("ignored\n")
    base = commit(root)
    expected = change_everything(root)
    (root / "ignored").write_text("x")
    git(root, "add", "a.yaml")
    git(root, "rm", "-q", "--cached", ".hidden/c")
    (root / ".hidden" / "c").write_text("again")
    revisions = GitRevisions(str(root))
    found = revisions.changed(revisions.resolve(base))
    assert found == tuple(sorted([*expected, PathChange(".hidden/c", "changed")]))
    listed = RepositoryFiles(str(root)).files
    assert revisions.changed(revisions.resolve(base), present=listed) == found


def test_in_a_folder_only_its_own_differences_count(root: Path) -> None:
    base = commit(root)
    change_everything(root)
    here = GitRevisions(str(root / "folder"))
    on_disk = here.changed(here.resolve(base))
    head = commit(root)
    assert on_disk == (PathChange("b.yaml", "removed"), PathChange("moved.yaml", "added"))
    assert here.changed(here.resolve(base), here.resolve(head)) == on_disk


def test_a_hostile_configuration_starts_nothing(root: Path, tmp_path: Path) -> None:
    base = commit(root)
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\nexit 1\n")
    trap.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "diff.external",
        "core.sshCommand",
        "core.pager",
        "pager.diff",
        "core.editor",
    ):
        git(root, "config", key, str(trap))
    git(root, "config", "diff.orderFile", "/nowhere")
    git(root, "config", "diff.trap.textconv", str(trap))
    git(root, "config", "diff.trap.command", str(trap))
    (root / ".git" / "info" / "attributes").write_text("* diff=trap\n")
    change_everything(root)
    revisions = GitRevisions(str(root))
    first = revisions.resolve(base)
    with revisions.files(first) as files:
        files.read_text("a.yaml")
    assert revisions.changed(first)
    revisions.merge_base(first, first)
    assert not (tmp_path / "sprung").exists()


def test_what_a_partial_clone_lacks_is_undecided_and_not_fetched(root: Path, tmp_path: Path) -> None:
    commit(root)
    git(root, "config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{root}", str(clone))
    with at(clone) as files:
        assert "a.yaml" in files.files()
        with pytest.raises(Undecided, match="could not fetch"):
            files.read_text("a.yaml")


def test_what_replaces_an_object_here_alone_does_not_count(root: Path) -> None:
    commit(root)
    git(root, "replace", git(root, "hash-object", "a.yaml"), git(root, "hash-object", "folder/b.yaml"))
    with at(root) as files:
        assert files.read_text("a.yaml") == "one\r\n"


def test_a_repository_with_sha_256_names_reads_as_any(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    git(tmp_path, "init", "-q", "--object-format=sha256")
    commit(tmp_path)
    with at(tmp_path) as files:
        assert files.read_text("a.yaml") == "one\r\n"


def test_many_objects_come_in_order_for_one_process(tmp_path: Path) -> None:
    files = {f"f{number}": f"{number}" * number for number in range(1500)}
    write(tmp_path, files)
    commit(tmp_path)
    with at(tmp_path) as revision, GitObjects(str(tmp_path)) as objects:
        names = [revision.signature(path).hex() for path in files]
        assert [content.decode() for _, content in objects.read_all(names)] == list(files.values())


@pytest.mark.parametrize("step", [1, -1, 7])
def test_kustomizations_read_in_any_order_are_as_they_were_written(tmp_path: Path, step: int) -> None:
    texts = {f"o{number:03}/kustomization.yaml": f"# {number % 90}\n" for number in range(100)}
    write(tmp_path, texts)
    commit(tmp_path)
    order = [sorted(texts)[number * step % 100] for number in range(100)]
    with at(tmp_path) as files:
        assert {path: files.read_text(path) for path in order} == texts


def test_a_kustomization_that_is_not_there_spoils_no_other(root: Path) -> None:
    texts = {f"o{number}/kustomization.yaml": f"# {number}\n" for number in range(9)}
    write(root, texts)
    commit(root)
    with at(root) as files:
        name = files.file_id("o4/kustomization.yaml")
        (root / ".git" / "objects" / name[:2] / name[2:]).unlink()
        for path, text in texts.items():
            if path == "o4/kustomization.yaml":
                with pytest.raises(Undecided):
                    files.read_text(path)
            else:
                assert files.read_text(path) == text


def test_after_an_object_that_is_not_there_the_next_is_read(root: Path) -> None:
    commit(root)
    with GitObjects(str(root)) as objects:
        with pytest.raises(Undecided):
            objects.read("ab" * 20)
        assert objects.read(git(root, "hash-object", "a.yaml")) == b"one\r\n"


def probed(root: Path, files: RevisionFiles) -> Iterator[tuple[str, object, object]]:
    """Yield what the disk's probes see at every path, without stats, beside what those of a commit see."""
    disk, tree = Probes(str(root), 0), files.probes(0)
    paths = [*PATHS, "link", "folder", "circle/x", "dangling/x", "a.yaml/x", "nowhere/x", "link/b.yaml"]
    for path in {os.path.normpath(each) for each in paths if not each.startswith("..")}:
        expected, actual = disk.look(path), tree.look(path)
        yield path, expected.real, actual.real
        # What is reached through a link is never taken for what a render saw.
        if expected.real:
            yield path, expected.kind, actual.kind
        if expected.kind != "absent" and expected.real:
            yield path, disk.digest(path), tree.digest(path)


def test_the_probes_of_a_commit_see_what_those_of_its_checkout_see(root: Path) -> None:
    commit(root)
    with at(root) as files:
        for path, expected, actual in probed(root, files):
            assert expected == actual, path


def test_an_object_that_is_not_there_spoils_no_other_probe(root: Path) -> None:
    commit(root)
    gone = git(root, "hash-object", "folder/grün\nzwei.yaml")
    (root / ".git" / "objects" / gone[:2] / gone[2:]).unlink()
    with at(root) as files:
        probes = files.probes(0)
        assert probes.digest("folder/b.yaml") == hashlib.sha256(b"two").hexdigest()
        assert probes.digest("folder/grün\nzwei.yaml") == ""


OVERLAYS = ("a", "b", "c")
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"
TREE = {
    "a/kustomization.yaml": "resources: [../base]\nnamePrefix: a-\n",
    "b/kustomization.yaml": "resources: [own.yaml]\n",
    "b/own.yaml": MAP % "own",
    "c/kustomization.yaml": "resources: [../base, missing.yaml]\n",
    "base/kustomization.yaml": "resources: [map.yaml]\n",
    "base/map.yaml": MAP % "shared",
}


class Counted:
    """The engines of a pool; `rendered` lists the overlays that were asked of them."""

    def __init__(self, pool: EnginePool) -> None:
        self._pool = pool
        self.rendered: list[str] = []

    def call(
        self,
        op: str,
        params: Mapping[str, Any],
        items: Sequence[Any],
        *,
        deadline_seconds: float | None = None,
    ) -> Iterator[tuple[int, Answer]]:
        self.rendered += [item["overlay"] for item in items]
        return self._pool.call(op, params, items, deadline_seconds=deadline_seconds)


class Repository:
    """A repository with a cache, and renders of its revisions and of its disk."""

    def __init__(self, folder: Path, pool: EnginePool) -> None:
        self.root = folder / "repository"
        self.engines = Counted(pool)
        self._pool = pool
        self._cache = RenderCache(folder / "cache"), "f"
        write(self.root, TREE)

    def cached(self, revision: str = "", role: str = "base") -> list[tuple[object, ...]]:
        """Render a revision, or the disk, as far as the cache does not know it."""
        self.engines.rendered.clear()
        return self._outcomes(self.engines, revision, self._cache, role)

    def anew(self, revision: str) -> list[tuple[object, ...]]:
        return self._outcomes(self._pool, revision, None)

    def _outcomes(
        self, engines: Engines, revision: str, cache: tuple[RenderCache, str] | None, role: str = "base"
    ) -> list[tuple[object, ...]]:
        with at(self.root, revision or "HEAD", role) as files:
            renderer = EngineRenderer(
                engines, str(self.root), cache=cache, revision=files if revision else None
            )
            found = list(renderer.render(RenderRequest(OVERLAYS)))
        return sorted((each.overlay, str(each.objects), str(each.failure)) for each in found)


@pytest.fixture(scope="module")
def pool() -> Iterator[EnginePool]:
    with open_pool() as opened:
        yield opened


@pytest.mark.engine
def test_what_the_disk_rendered_serves_a_revision_where_it_is_the_same(
    tmp_path: Path, pool: EnginePool
) -> None:
    repository = Repository(tmp_path, pool)
    base = commit(repository.root)
    write(repository.root, {"b/own.yaml": MAP % "renamed"})
    repository.cached()
    assert repository.cached(base) == repository.anew(base)
    assert repository.engines.rendered == ["b"]
    repository.cached(base)
    assert repository.engines.rendered == []


@pytest.mark.engine
def test_what_one_revision_rendered_serves_another_where_it_is_the_same(
    tmp_path: Path, pool: EnginePool
) -> None:
    repository = Repository(tmp_path, pool)
    first = commit(repository.root)
    repository.cached(first)
    write(repository.root, {"c/missing.yaml": MAP % "here-now", "unrelated": "x"})
    second = commit(repository.root)
    assert repository.cached(second) == repository.anew(second)
    assert repository.engines.rendered == ["c"]


@pytest.mark.engine
def test_two_revisions_that_are_compared_again_and_again_are_both_remembered(
    tmp_path: Path, pool: EnginePool
) -> None:
    repository = Repository(tmp_path, pool)
    before = commit(repository.root)
    write(repository.root, {"b/own.yaml": MAP % "renamed"})
    after = commit(repository.root)
    repository.cached(before)
    repository.cached(after, "head")
    repository.cached(before)
    assert repository.engines.rendered == []
    repository.cached(after, "head")
    assert repository.engines.rendered == []


@pytest.mark.engine
def test_a_revision_leaves_what_the_disk_remembers_alone(tmp_path: Path, pool: EnginePool) -> None:
    repository = Repository(tmp_path, pool)
    base = commit(repository.root)
    write(repository.root, {"base/map.yaml": MAP % "renamed"})
    on_disk = repository.cached()
    repository.cached(base)
    assert repository.cached() == on_disk
    assert repository.engines.rendered == []


PLACES = (*TREE, "c/missing.yaml", "b/kustomization.yml", "base", "b/own.yaml/x")
EDITS = st.sampled_from(["rename", "break", "remove", "link", "folder", "same"])


def edit(root: Path, path: str, how: str, number: int) -> None:
    """Change what is at `path` in one of many ways, or leave it where that cannot be done."""
    full = root / path
    above = [root / each for each in Path(path).parents]
    if full.is_dir() or any(each.is_file() or each.is_symlink() for each in above):
        return
    if how == "same" or (how == "remove" and not os.path.lexists(full)):
        return
    full.unlink(missing_ok=True)
    if how == "remove":
        return
    if how == "folder":
        write(root, {f"{path}/kustomization.yaml": "resources: []\n"})
    elif how == "link":
        full.symlink_to(f"../base/{['map.yaml', 'nowhere', 'kustomization.yaml'][number % 3]}")
    else:
        text = MAP % f"n{number}" if how == "rename" else f"broken: [{number}"
        write(
            root,
            {path: text if "kustomization" not in path else f"namePrefix: p{number}-\n" + TREE.get(path, "")},
        )


@pytest.mark.engine
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.tuples(st.sampled_from(PLACES), EDITS), min_size=1, max_size=3), max_size=3))
def test_a_remembered_revision_is_what_rendering_it_anew_gives(
    tmp_path_factory: pytest.TempPathFactory, pool: EnginePool, steps: list[list[tuple[str, str]]]
) -> None:
    repository = Repository(tmp_path_factory.mktemp("history"), pool)
    history = [commit(repository.root)]
    for number, step in enumerate(steps):
        repository.cached()
        for path, how in step:
            edit(repository.root, path, how, number)
        history.append(commit(repository.root))
    for revision in (*history, history[0]):
        assert repository.cached(revision) == repository.anew(revision)


def test_what_was_listed_once_is_not_listed_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(root)
    cache = root.parent / "cache"
    head = GitRevisions(str(root)).resolve("HEAD")
    with GitRevisions(str(root), cache).files(head) as files:
        first = files.files()
    with monkeypatch.context() as patch, GitRevisions(str(root), cache).files(head) as files:
        patch.setattr(git_program, "output", lambda *_: pytest.fail("it is listed again"))
        assert files.files() == first
    write(root, {"later.yaml": "later\n"})
    commit(root)
    with GitRevisions(str(root), cache).files(GitRevisions(str(root)).resolve("HEAD")) as files:
        assert set(files.files()) == {*first, "later.yaml"}


def test_one_file_is_read_by_who_reads_others_anyway(root: Path) -> None:
    commit(root)
    with GitObjects(str(root)) as objects:
        there = GitRevisions(str(root)).one_file("HEAD", objects)
        assert there.read_text("a.yaml") == GitRevisions(str(root)).one_file("HEAD").read_text("a.yaml")
        for name in ("absent.yaml", "folder"):
            with pytest.raises(FileNotFoundError):
                there.read_text(name)
