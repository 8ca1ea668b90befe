"""The cache gives back what rendering anew would give, and renders no more than it must."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.fakes.engines import InProcessEngines

from sealock.adapters.engine import EngineRenderer
from sealock.adapters.render_cache import Entry, Look, RenderCache, cache_limit, storable
from sealock.adapters.stat_signature import Probes
from sealock.errors import UsageError
from sealock.ports import RenderRequest

if TYPE_CHECKING:
    from sealock.domain.rendered import Rendered

WANT = frozenset({"objects", "yaml"})
FAR_FUTURE_NS = 3600 * 1_000_000_000
"""Pretends that every file is an hour old when it is read, so that stats are trusted."""

Action = Callable[[Path, str], None]
OVERLAYS = ("a", "b", "c", "d", "gone")
ALL = RenderRequest(OVERLAYS, WANT)
INDEXED = RenderRequest((*OVERLAYS, "none", "nor", "neither", "nowhere"), frozenset({"objects"}))
"""Of so many overlays, and without their text, an index is kept."""
FILES = {
    "a/kustomization.yaml": "read: ../base/one\nread: ../base/two\n",
    "b/kustomization.yaml": "read: ../base/two\nread: ../link\nread: ../folder\n",
    "c/kustomization.yml": "read: ../linked/deep\nread: ../missing\n",
    "d/kustomization.yaml": "refuse: no such field\nread: ../base/one\n",
    "base/one": "one\n",
    "base/two": "two\n",
    "folder/x": "x",
    "real/deep": "deep\n",
}


def write_repository(root: Path) -> None:
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    (root / "link").symlink_to("base/one")
    (root / "linked").symlink_to("real")


class Repository:
    """A repository, a cache over it, and a count of what is rendered."""

    def __init__(self, folder: Path, *, ahead_ns: int = 0, request: RenderRequest = ALL) -> None:
        self.root = folder / "repository"
        self.engines = InProcessEngines()
        self.cache = RenderCache(folder / "cache", now_ns=lambda: time.time_ns() + ahead_ns)
        self.request = request
        write_repository(self.root)

    def warm(self) -> list[Rendered]:
        renderer = EngineRenderer(self.engines, str(self.root), cache=(self.cache, "f"))
        return self._by_name(renderer)

    def cold(self) -> list[Rendered]:
        return self._by_name(EngineRenderer(InProcessEngines(), str(self.root)))

    def rendered_again(self) -> list[str]:
        self.engines.rendered.clear()
        self.warm()
        return self.engines.rendered

    def _by_name(self, renderer: EngineRenderer) -> list[Rendered]:
        found = sorted(renderer.render(self.request), key=lambda each: each.overlay)
        # The stand-in engine prints whatever was asked.
        return found if "yaml" in self.request.want else [replace(each, yaml=None) for each in found]


def outcome(rendered: Rendered) -> tuple[object, ...]:
    return rendered.overlay, rendered.objects, rendered.yaml, rendered.failure


def facts(rendered: Rendered) -> set[tuple[str, str, str]]:
    """Return what a render saw, without the stats."""
    return {(entry.path, entry.kind, entry.digest) for entry in rendered.trace}


def until_the_clock_ticks(path: Path) -> None:
    """Touch the inode until its change time differs: a kernel stamps files by a coarse clock."""
    before = path.stat().st_ctime_ns
    while path.stat().st_ctime_ns == before:
        path.chmod(path.stat().st_mode)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


@pytest.fixture
def old_repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path, ahead_ns=FAR_FUTURE_NS)


def test_nothing_changed_renders_nothing(repository: Repository) -> None:
    first = repository.warm()
    assert len(repository.engines.rendered) == len(OVERLAYS)
    assert repository.rendered_again() == []
    assert list(map(outcome, repository.warm())) == list(map(outcome, first))


def test_a_failure_is_remembered_too(repository: Repository) -> None:
    repository.warm()
    failures = {each.overlay: each.failure.code for each in repository.warm() if each.failure}
    assert failures == {"d": "build-failed", "gone": "not-found"}
    assert repository.rendered_again() == []


def _rewrite(path: Path, text: str) -> None:
    until_the_clock_ticks(path)
    path.write_text(text)


def edit(root: Path, path: str) -> None:
    _rewrite(root / path, (root / path).read_text() + "more\n")


def edit_keeping_the_size(root: Path, path: str) -> None:
    _rewrite(root / path, (root / path).read_text().swapcase())


def edit_keeping_size_and_time(root: Path, path: str) -> None:
    before = (root / path).stat()
    edit_keeping_the_size(root, path)
    os.utime(root / path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace_keeping_size_and_time(root: Path, path: str) -> None:
    before = (root / path).stat()
    fresh = root / "fresh"
    fresh.write_text((root / path).read_text().swapcase())
    os.utime(fresh, ns=(before.st_atime_ns, before.st_mtime_ns))
    fresh.replace(root / path)


def delete(root: Path, path: str) -> None:
    (root / path).unlink()


def rename(root: Path, path: str) -> None:
    (root / path).rename(root / (path + ".moved"))


def touch(root: Path, path: str) -> None:
    until_the_clock_ticks(root / path)
    (root / path).touch()


def to_folder(root: Path, path: str) -> None:
    (root / path).unlink()
    (root / path).mkdir()


def to_link_with_the_same_content(root: Path, path: str) -> None:
    (root / path).rename(root / "elsewhere")
    (root / path).symlink_to(os.path.relpath(root / "elsewhere", (root / path).parent))


def folder_to_link_with_the_same_content(root: Path, path: str) -> None:
    folder = (root / path).parent
    folder.rename(root / "moved-folder")
    folder.symlink_to("moved-folder")


def add_beside(root: Path, path: str) -> None:
    (root / path).with_name("new").write_text("new")


def add_what_was_missing(root: Path, path: str) -> None:
    del path
    (root / "missing").write_text("found\n")


def add_another_kustomization(root: Path, path: str) -> None:
    del path
    (root / "c" / "kustomization.yaml").write_text("read: ../base/one\n")


def add_the_missing_overlay(root: Path, path: str) -> None:
    del path
    (root / "gone").mkdir(exist_ok=True)
    (root / "gone" / "kustomization.yaml").write_text("here: now\n")


def retarget_a_link(root: Path, path: str) -> None:
    del path
    (root / "link").unlink()
    (root / "link").symlink_to("base/two")


def remove_a_links_target_folder(root: Path, path: str) -> None:
    del path
    shutil.rmtree(root / "real", ignore_errors=True)


TO_A_FILE = [
    edit, edit_keeping_the_size, edit_keeping_size_and_time, replace_keeping_size_and_time, delete, rename,
    touch, to_folder, to_link_with_the_same_content, folder_to_link_with_the_same_content, add_beside,
]  # fmt: skip
ELSEWHERE = [
    add_what_was_missing, add_another_kustomization, add_the_missing_overlay, retarget_a_link,
    remove_a_links_target_folder,
]  # fmt: skip
PER_FILE = [(action, path) for action in TO_A_FILE for path in FILES]
CHANGES = [*PER_FILE, *((action, "") for action in ELSEWHERE)]


@pytest.mark.parametrize(
    ("ahead_ns", "request_"),
    [(0, ALL), (FAR_FUTURE_NS, ALL), (0, INDEXED), (FAR_FUTURE_NS, INDEXED)],
    ids=["by content", "by stat", "by content, many", "by index"],
)
@pytest.mark.parametrize(("action", "path"), CHANGES)
def test_after_any_change_warm_is_cold_and_only_what_is_affected_renders(
    tmp_path: Path, action: Action, path: str, ahead_ns: int, request_: RenderRequest
) -> None:
    repository = Repository(tmp_path, ahead_ns=ahead_ns, request=request_)
    before = repository.warm()
    action(repository.root, path)
    repository.engines.rendered.clear()
    warm, cold = repository.warm(), repository.cold()
    assert list(map(outcome, warm)) == list(map(outcome, cold))
    affected = {new.overlay for old, new in zip(before, cold, strict=True) if facts(old) != facts(new)}
    assert set(repository.engines.rendered) == affected
    assert repository.rendered_again() == []


@given(steps=st.lists(st.sampled_from(CHANGES), max_size=6), request_=st.sampled_from([ALL, INDEXED]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_after_any_changes_in_a_row_warm_is_cold(
    steps: list[tuple[Action, str]], request_: RenderRequest
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repository = Repository(Path(folder), ahead_ns=FAR_FUTURE_NS, request=request_)
        repository.warm()
        for action, path in steps:
            try:
                action(repository.root, path)
            except OSError:
                continue  # an earlier step took the file away
            try:
                cold = repository.cold()
            except OSError:
                return  # a chain of links that loops: the stand-in engine does not go there
            assert list(map(outcome, repository.warm())) == list(map(outcome, cold))


def test_settled_files_are_known_by_their_stat_alone(old_repository: Repository) -> None:
    old_repository.warm()
    probes = Probes(str(old_repository.root), old_repository.cache.now_ns())
    renderer = EngineRenderer(
        old_repository.engines, str(old_repository.root), cache=(old_repository.cache, "f")
    )
    assert old_repository.cache.find(renderer._key("a", WANT), probes) is not None
    assert probes._digests == {}


def test_fresh_files_are_known_by_content_until_they_have_settled(repository: Repository) -> None:
    repository.warm()
    key = EngineRenderer(repository.engines, str(repository.root), cache=(repository.cache, "f"))._key(
        "a", WANT
    )
    young = Probes(str(repository.root), time.time_ns())
    assert repository.cache.find(key, young) is not None
    assert {"a/kustomization.yaml", "base/one", "base/two"} == young._digests.keys()
    # Found valid later, the entry gets new stamps, and from then on its stats do.
    assert (
        repository.cache.find(key, Probes(str(repository.root), time.time_ns() + FAR_FUTURE_NS)) is not None
    )
    settled = Probes(str(repository.root), time.time_ns() + FAR_FUTURE_NS)
    assert repository.cache.find(key, settled) is not None
    assert settled._digests == {}


def test_a_file_written_again_in_the_tick_of_its_reading_is_noticed(tmp_path: Path) -> None:
    """The racy case: same inode, size and times, other content; only distrust of young stamps helps."""
    repository = Repository(tmp_path)
    repository.warm()
    target = repository.root / "base" / "one"
    probes = Probes(str(repository.root), time.time_ns())
    key = EngineRenderer(repository.engines, str(repository.root), cache=(repository.cache, "f"))._key(
        "a", WANT
    )
    stamped = repository.cache._read(repository.cache._path(key), 0)
    assert stamped
    target.write_text("ONE\n")
    now = target.lstat()
    signature = (now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)
    same_stat = tuple(
        Look(look.path, look.kind, look.digest, signature if look.path == "base/one" else look.signature)
        for look in stamped.trace
    )
    repository.cache.store(key, Entry("a", stamped.seen_ns, same_stat, stamped.objects, stamped.yaml))
    assert repository.cache.find(key, probes) is None


def entries(repository: Repository) -> list[Path]:
    return sorted((repository.cache.folder / "renders").glob("*/*"))


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "foreign", "folder"])
def test_a_damaged_entry_is_ignored_and_written_anew(repository: Repository, damage: str) -> None:
    expected = list(map(outcome, repository.warm()))
    for path in entries(repository):
        data = path.read_bytes()
        middle = len(data) // 2
        if damage == "folder":
            path.unlink()
            path.mkdir()
            continue
        path.write_bytes(
            {
                "truncate": data[:middle],
                "flip": data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :],
                "empty": b"",
                "foreign": b"sealock-render-0\n" + data[17:],
            }[damage]
        )
    assert list(map(outcome, repository.warm())) == expected
    assert repository.rendered_again() == ([] if damage != "folder" else list(OVERLAYS))


def test_another_engine_root_or_option_shares_nothing(repository: Repository, tmp_path: Path) -> None:
    repository.warm()
    other = EngineRenderer(repository.engines, str(repository.root), cache=(repository.cache, "newer"))
    repository.engines.rendered.clear()
    assert len(list(other.render(RenderRequest(OVERLAYS, WANT)))) == len(repository.engines.rendered)
    copy = tmp_path / "copy"
    shutil.copytree(repository.root, copy, symlinks=True)
    repository.engines.rendered.clear()
    list(
        EngineRenderer(repository.engines, str(copy), cache=(repository.cache, "f")).render(
            RenderRequest(("a",), WANT)
        )
    )
    assert repository.engines.rendered == ["a"]
    list(
        EngineRenderer(repository.engines, str(repository.root), cache=(repository.cache, "f")).render(
            RenderRequest(("a",))
        )
    )
    assert repository.engines.rendered == ["a", "a"]


def test_what_the_trace_cannot_tell_is_not_kept(repository: Repository) -> None:
    (repository.root / "a" / "kustomization.yaml").write_text("uncacheable: helm\n")
    repository.warm()
    assert len(entries(repository)) == len(OVERLAYS) - 1
    assert repository.rendered_again() == ["a"]


def test_a_render_that_reports_no_trace_is_not_kept() -> None:
    assert not storable(())


def test_writers_at_the_same_time_leave_whole_entries(repository: Repository) -> None:
    repository.warm()
    key = "ab" * 16
    texts = [letter * 200_000 for letter in "xyz"]
    done = threading.Event()

    def write(text: str) -> None:
        while not done.is_set():
            repository.cache.store(
                key, Entry(text[0], 0, (Look("a", "directory", "", (0, 0, 0, 0)),), yaml=text)
            )

    threads = [threading.Thread(target=write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    try:
        found = [repository.cache.find(key, Probes(str(repository.root), time.time_ns())) for _ in range(200)]
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert {entry.yaml for entry in found if entry} <= set(texts)
    assert repository.cache.find(key, Probes(str(repository.root), 0)) is not None


def test_the_cache_stays_below_its_limit_and_drops_the_longest_unused_first(tmp_path: Path) -> None:
    cache = RenderCache(tmp_path, limit_bytes=100_000)
    keys = [RenderCache.key(number) for number in range(20)]
    for age, key in enumerate(keys):
        cache.store(key, Entry("a", 0, (), yaml="x" * 10_000))
        os.utime(cache._path(key), (1_000_000 + age, 1_000_000 + age))
    cache.settle()
    left = [key for key in keys if Path(cache._path(key)).exists()]
    assert left == keys[-len(left) :]
    assert 50_000 < sum(Path(cache._path(key)).stat().st_size for key in left) <= 80_000


def test_many_small_runs_stay_below_the_limit_together(tmp_path: Path) -> None:
    for number in range(60):
        cache = RenderCache(tmp_path, limit_bytes=100_000)
        cache.store(RenderCache.key(number), Entry("a", 0, (), yaml="x" * 5_000))
        cache.settle()
    assert sum(path.stat().st_size for path in tmp_path.glob("renders/*/*")) <= 110_000


def test_use_keeps_an_entry_young(repository: Repository) -> None:
    repository.warm()
    for path in entries(repository):
        os.utime(path, (1_000_000, 1_000_000))
    repository.warm()
    assert min(path.stat().st_mtime for path in entries(repository)) > 1_000_000


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    repository = Repository(tmp_path)
    expected = list(map(outcome, repository.cold()))
    assert list(map(outcome, repository.warm())) == expected
    assert list(map(outcome, repository.warm())) == expected


def test_shared_files_are_looked_at_once(old_repository: Repository) -> None:
    probes = Probes(str(old_repository.root), 0)
    assert probes.look("base/one") is probes.look("base/one")


@pytest.mark.parametrize(
    ("text", "size"),
    [("1000", 1000), ("64M", 64 << 20), ("2 GiB", None), ("1g", 1 << 30), ("-1", None), ("x", None)],
)
def test_the_limit_can_be_set(monkeypatch: pytest.MonkeyPatch, text: str, size: int | None) -> None:
    monkeypatch.setenv("SEALOCK_CACHE_LIMIT", text)
    if size is not None:
        assert cache_limit() == size
        return
    with pytest.raises(UsageError, match="SEALOCK_CACHE_LIMIT"):
        cache_limit()
