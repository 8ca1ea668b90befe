"""What overlays ran before: from Git, as far as a rule could doubt what they run now."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.adapters.git_history import GitHistory
from sealock.app.image_history import gather
from sealock.config import settings as configuration
from sealock.domain.finding import Finding, NotDecided
from sealock.domain.image_history import FileHistory, FileVersion, ImageEntry, ImageHistory, images_of
from sealock.domain.location import Location
from sealock.domain.overlays import environment_of
from sealock.domain.rendered import Origin
from sealock.domain.source_map import SourceMap
from sealock.errors import Undecided
from sealock.rules.promotion import digest_not_proven, environment_skipped, image_downgrade
from sealock.rules.promotion.chain import Chain
from sealock.rules.promotion.image_downgrade import precedence
from sealock.rules.view import JudgedObject, OverlayView, RepositoryView

if TYPE_CHECKING:
    from pathlib import Path

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")
DIAMOND = """\
environments:
  dev: {}
  qa: {after: dev}
  load: {after: dev}
  production: {after: [qa, load]}
"""


def git(root: Path, *arguments: str) -> str:
    names = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    done = subprocess.run(["git", *names, *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(root: Path, subject: str, **files: str) -> str:
    if not (root / ".git").exists():
        git(root, "init", "-q", "-b", "main")
    for name, text in files.items():
        (root / name).write_text(text)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", subject)
    return git(root, "rev-parse", "HEAD")


def texts(root: Path, *files: str, most: int = 100) -> dict[str, list[tuple[str, str]]]:
    found = GitHistory(str(root)).of(files, most).versions
    return {path: [(each.subject, each.text) for each in versions] for path, versions in found.items()}


def test_a_files_versions_come_newest_first(tmp_path: Path) -> None:
    first = commit(tmp_path, "one", a="1", b="x")
    commit(tmp_path, "unrelated", b="y")
    commit(tmp_path, "two: (\x02) ü", a="2")
    assert texts(tmp_path, "a") == {"a": [("two: (\x02) ü", "2"), ("one", "1")]}
    assert GitHistory(str(tmp_path)).of(["a"], 9).versions["a"][-1].commit == first


def test_a_removed_file_is_an_empty_version(tmp_path: Path) -> None:
    commit(tmp_path, "one", a="1")
    git(tmp_path, "rm", "-q", "a")
    commit(tmp_path, "gone")
    assert texts(tmp_path, "a") == {"a": [("gone", ""), ("one", "1")]}


def test_commits_of_merged_branches_count(tmp_path: Path) -> None:
    commit(tmp_path, "one", a="1")
    git(tmp_path, "switch", "-q", "-c", "side")
    commit(tmp_path, "on the side", a="2")
    git(tmp_path, "switch", "-q", "main")
    commit(tmp_path, "on main", b="x")
    git(tmp_path, "merge", "-q", "--no-edit", "side")
    assert texts(tmp_path, "a") == {"a": [("on the side", "2"), ("one", "1")]}


def test_names_are_no_patterns_and_are_relative_to_the_root(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    commit(tmp_path, "one", **{"folder/a*": "1", "folder/ab": "2", "folder/:(top)": "3"})
    assert texts(tmp_path / "folder", "a*", ":(top)") == {
        "a*": [("one", "1")],
        ":(top)": [("one", "3")],
    }


def test_a_bound_says_that_it_cut(tmp_path: Path) -> None:
    for number in range(3):
        commit(tmp_path, f"{number}", a=f"{number}")
    history = GitHistory(str(tmp_path))
    assert history.of(["a"], 2).why == "only the newest 2 commits were looked at"
    assert history.of(["a"], 4).complete


def test_a_shallow_clone_says_so(tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    origin.mkdir()
    commit(origin, "one", a="1")
    commit(origin, "two", a="2")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{origin}", "clone")
    assert GitHistory(str(tmp_path / "clone")).of(["a"], 9).why == "this is a shallow clone"


def test_outside_of_git_and_before_the_first_commit_there_is_no_head(tmp_path: Path) -> None:
    assert GitHistory(str(tmp_path)).head() is None
    git(tmp_path, "init", "-q")
    assert GitHistory(str(tmp_path)).head() is None


def test_a_configured_signature_check_starts_no_program(tmp_path: Path) -> None:
    commit(tmp_path, "one", a="1")
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    for key, value in {
        "log.showSignature": "true",
        "gpg.program": str(trap),
        "core.pager": str(trap),
    }.items():
        git(tmp_path, "config", key, value)
    assert texts(tmp_path, "a")
    assert not (tmp_path / "sprung").exists()


def test_entries_are_read_as_text_with_their_place() -> None:
    text = f"images:\n- name: a\n  newTag: 1.10\n- just text\n- {{name: b, newName: c, digest: {A}}}\n"
    assert images_of(text) == (ImageEntry(0, "a", tag="1.10"), ImageEntry(2, "b", "c", digest=A))


@pytest.mark.parametrize("text", ["", "images:", "images: x", "images: [", "- images", "images: {a: b}"])
def test_what_has_no_entries_gives_none(text: str) -> None:
    assert images_of(text) == ()


class Versions:
    """A history that is given; `asked` are the questions."""

    def __init__(self, versions: dict[str, list[str]], *, whole: bool = True, shallow: bool = False) -> None:
        self._versions = versions
        self._whole = whole
        self._shallow = shallow
        self.asked: list[int] = []

    def head(self) -> str | None:
        return "f" * 40

    def of(self, files: object, most: int) -> FileHistory:
        del files
        self.asked.append(most)
        if self._shallow:
            return FileHistory({}, "this is a shallow clone")
        shown = most if self._whole or most > 1000 else 1
        why = "" if shown == most else "only the newest 1 commits were looked at"
        return FileHistory(
            {file: _versions(file, each)[:shown] for file, each in self._versions.items()}, why
        )


def _versions(file: str, written: list[str]) -> tuple[FileVersion, ...]:
    """Return `SUBJECT|TEXT`, the oldest first, as versions; the oldest of every file are one commit."""
    parts = [each.partition("|") for each in written]
    return tuple(
        FileVersion(f"{number} {file if number else ''}", number, subject, text)
        for number, (subject, _, text) in reversed(list(enumerate(parts)))
    )


class NoHistory(Versions):
    def of(self, files: object, most: int) -> FileHistory:
        del files, most
        message = "git log failed"
        raise Undecided(message)


class Memory(dict[bytes, bytes]):
    def put(self, key: bytes, value: bytes) -> None:
        self[key] = value


def entry(value: str) -> str:
    field = "digest" if value.startswith("sha256:") else "newTag"
    return f"images:\n- name: app\n  {field}: {value}\n" if value else "resources: []\n"


def overlay(environment: str, value: str, service: str = "app") -> OverlayView:
    path = f"{service}/overlays/{environment}"
    image = f"app@{value}" if value.startswith("sha256:") else f"app:{value}"
    spec = {"containers": [{"image": image}]}
    manifest = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p"}, "spec": spec}
    return OverlayView(
        path=path,
        file=f"{path}/kustomization.yaml",
        environment=environment_of(path),
        production=environment == "production",
        in_scope=True,
        objects=(JudgedObject(path, manifest, Origin("x")),),
    )


def judged(
    now: dict[str, str],
    before: dict[str, list[str]],
    config: str = "",
    history: Versions | None = None,
    memory: Memory | None = None,
) -> list[Finding | NotDecided]:
    """Say what the rules say; `before` are `SUBJECT|VALUE`, the oldest first."""
    overlays = [overlay(environment, value) for environment, value in now.items()]
    text = {each.file: entry(value) for each, value in zip(overlays, now.values(), strict=True)}
    then = {
        f"app/overlays/{environment}/kustomization.yaml": [
            f"{value.partition('|')[0]}|{entry(value.partition('|')[2])}" for value in values
        ]
        for environment, values in before.items()
    }
    settings = configuration.load(config, "sealock.yaml", ())
    given = history or Versions(then)
    given._versions = then
    found = gather(overlays, settings, text.__getitem__, given, memory if memory is not None else Memory())
    view = RepositoryView(
        tuple(overlays), (), (), (), (), SourceMap(text.__getitem__), settings, "", history=found
    )
    rules = (digest_not_proven, environment_skipped, image_downgrade)
    return [each for rule in rules for each in rule.check(view)]


def said(found: list[Finding | NotDecided]) -> list[tuple[str, str]]:
    return [
        (
            each.rule if isinstance(each, Finding) else f"undecided {each.check}",
            each.location.file.split("/")[2],
        )
        for each in found
    ]


def test_a_digest_that_runs_everywhere_needs_no_history() -> None:
    history = Versions({})
    assert judged({"dev": A, "staging": A, "production": A}, {}, history=history) == []
    assert history.asked == []


def test_a_digest_that_staging_never_had_is_found_at_its_line() -> None:
    (found,) = judged(
        {"dev": A, "staging": A, "production": B},
        {each: [f"|{A}"] for each in ("dev", "staging", "production")},
    )
    assert isinstance(found, Finding)
    assert found.rule == "digest-not-proven"
    assert found.location == Location("app/overlays/production/kustomization.yaml", 3, 11, 3, 82)
    assert found.message == "production runs a digest of app that staging never ran"


def test_a_digest_that_staging_had_once_is_fine() -> None:
    before = {"dev": [f"|{B}", f"|{A}"], "staging": [f"|{B}", f"|{A}"], "production": [f"|{A}"]}
    assert judged({"dev": A, "staging": A, "production": B}, before) == []


def test_a_skipped_environment_is_reported_once_where_it_was_skipped() -> None:
    before = {each: [f"|{A}"] for each in ("dev", "staging", "production")}
    found = judged({"dev": A, "staging": B, "production": B}, before)
    assert said(found) == [("environment-skipped", "staging")]


def test_of_two_ways_to_production_each_must_have_run_the_digest() -> None:
    before = {each: [f"|{A}"] for each in ("dev", "qa", "load", "production")}
    (found,) = judged({"dev": B, "qa": B, "load": A, "production": B}, before, DIAMOND)
    assert isinstance(found, Finding)
    assert found.message == "production runs a digest of app that load never ran"


def test_an_environment_that_the_service_has_not_is_passed_through() -> None:
    before = {each: [f"|{A}"] for each in ("dev", "production")}
    assert said(judged({"dev": A, "production": B}, before)) == [("digest-not-proven", "production")]
    assert judged({"dev": B, "production": B}, before) == []


@pytest.mark.parametrize("tag", ["2.7.1", "latest"])
def test_an_environment_that_pins_no_digest_cannot_be_compared(tag: str) -> None:
    before = {"dev": [f"|{tag}"], "staging": [f"|{tag}"], "production": [f"|{A}", f"|{B}"]}
    assert judged({"dev": tag, "staging": tag, "production": B}, before) == []


def test_what_came_into_git_together_is_taken_as_it_is() -> None:
    before = {"dev": [f"|{A}"], "staging": [f"|{B}"], "production": [f"|{C}"]}
    assert judged({"dev": A, "staging": B, "production": C}, before) == []


def test_in_a_shallow_clone_what_is_not_found_is_undecided() -> None:
    found = judged({"dev": A, "staging": A, "production": B}, {}, history=Versions({}, shallow=True))
    assert said(found) == [("undecided digest-not-proven", "production")]
    (only,) = found
    assert isinstance(only, NotDecided)
    assert only.reason.endswith("staging never ran, but this is a shallow clone")


def test_a_history_that_cannot_be_had_is_undecided() -> None:
    found = judged({"dev": A, "staging": A, "production": B}, {}, history=NoHistory({}))
    assert said(found) == [("undecided digest-not-proven", "production")]


def test_what_a_little_of_the_history_leaves_open_all_of_it_settles() -> None:
    history = Versions({}, whole=False)
    before = {"dev": [f"|{B}", f"|{A}"], "staging": [f"|{B}", f"|{A}"], "production": [f"|{A}"]}
    assert judged({"dev": A, "staging": A, "production": B}, before, history=history) == []
    assert len(history.asked) == 2


def test_what_was_seen_is_remembered_for_the_commit() -> None:
    memory, history = Memory(), Versions({})
    before = {each: [f"|{A}"] for each in ("dev", "staging", "production")}
    first = judged({"dev": A, "staging": A, "production": B}, before, history=history, memory=memory)
    again = judged({"dev": A, "staging": A, "production": B}, before, history=history, memory=memory)
    assert (first, len(history.asked)) == (again, 1)


@pytest.mark.parametrize(
    ("now", "before", "found"),
    [
        ("2.6.0", ["import|2.7.1"], True),
        ("2.6.0", ["import|2.7.1", "bump|2.6.0"], True),
        ("2.6.0", ["import|2.7.1", 'Revert "bump"|2.6.0'], False),
        ("2.6.0", ["import|2.7.1", "rollback(ledger): 2.6.0|2.6.0"], False),
        ("2.6.0", ["import|2.7.1", "fix(app): roll back|2.6.0"], False),
        ("2.6.0", ["import|2.7.1", "revertible|2.6.0"], True),
        ("2.6.0", ["import|2.7.1", "Revert|2.6.0", "touch|2.6.0"], False),
        ("2.10.0", ["import|2.9.0"], False),
        ("2.7.1-rc.1", ["import|2.7.1"], True),
        ("2.6.0", ["import|main"], False),
        ("2.6.0", ["import|"], False),
        ("2.6.0", ["import|2.7.1", "|", "|2.6.0"], True),
        ("2.6.0", ["import|2.7.1", f"pinned|{A}", "|2.6.0"], True),
        ("3.0.0", ["import|2.7.1"], False),
    ],
)  # fmt: skip
def test_a_lower_version_is_found_unless_it_is_meant(now: str, before: list[str], found: bool) -> None:  # noqa: FBT001
    said_of = said(judged({"dev": "latest", "staging": now}, {"staging": before, "dev": ["|latest"]}))
    assert said_of == ([("image-downgrade", "staging")] if found else [])


def test_a_lower_version_that_the_environment_before_runs_is_fine() -> None:
    before = {"dev": ["|2.7.1"], "staging": ["|2.7.1"]}
    assert judged({"dev": "2.6.0", "staging": "2.6.0"}, before) == []


def test_versions_are_ordered_as_semver_org_says() -> None:
    # https://semver.org/#spec-item-11
    ordered = [
        "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
        "1.0.0-rc.1", "v1.0.0", "1.2", "1.10.0", "2",
    ]  # fmt: skip
    places = [precedence(each) or () for each in ordered]
    assert places == sorted(places)
    assert len(set(places)) == len(ordered)


@given(st.text(max_size=12))
def test_any_tag_has_an_order_or_none(tag: str) -> None:
    found = precedence(tag)
    assert found is None or (tag.isascii() and found < (precedence("999999999.9.9") or ()))


def test_regions_of_one_environment_stand_for_each_other() -> None:
    views = [overlay("dev", A), overlay("staging-eu", A), overlay("staging-us", A), overlay("production", A)]
    ((name, stage),) = Chain(views, configuration.load("", "sealock.yaml", ())).before(views[-1])
    assert (name, [each.path for each in stage]) == (
        "staging",
        ["app/overlays/staging-eu", "app/overlays/staging-us"],
    )


def test_a_history_of_nothing_has_no_digests() -> None:
    assert ImageHistory({}, {}).digests("x", "app") == frozenset()
