"""Twenty promoters at once, with strangers pushing between: every change arrives exactly once."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from tests.fakes.git_repositories import git, push_as_stranger, state_of
from tests.promotion.faults.starting import DEADLINE_SECONDS, sound, start, subjects

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.timeout(300)

MANY = 20
FILES = ("a.yaml", "b.yaml", "new.yaml", "folder/c.yaml")


def run_all(roots: list[Path], store: Path, *, strangers: int) -> float:
    """Let all promote at once; return how many changes were accepted in a second."""
    begun = time.monotonic()
    running = [start(root, FILES[at % len(FILES)], f"change-{at}", "400") for at, root in enumerate(roots)]
    try:
        for at in range(strangers):
            push_patiently(store, {f"stranger-{at}.yaml": "x\n", "strange.yaml": f"{at}\n"})
        said = [each.communicate(timeout=DEADLINE_SECONDS * 3)[0].strip() for each in running]
    finally:
        for each in running:
            each.kill()
    assert ["accepted"] * len(roots) == said
    return len(roots) / (time.monotonic() - begun)


def push_patiently(store: Path, files: dict[str, str]) -> None:
    """Push as somebody who is not always first."""
    for _ in range(200):
        try:
            push_as_stranger(store, files)
        except AssertionError:
            continue
        return
    pytest.fail("the stranger was never first")


def assert_each_once(store: Path, strangers: int) -> None:
    assert Counter(f"promote(change-{at}): dev → staging" for at in range(MANY)) == Counter(subjects(store))
    lines = Counter(line for name in FILES for line in git(store, "show", f"main:{name}").splitlines())
    assert {f"change-{at}": 1 for at in range(MANY)} == {
        line: count for line, count in lines.items() if line.startswith("change-")
    }
    for at in range(strangers):
        assert git(store, "show", f"main:stranger-{at}.yaml") == "x"
    assert git(store, "rev-list", "--merges", "main") == ""
    assert sound(store)


def test_from_clones_of_their_own(
    tmp_path: Path, bare: Path, record_property: Callable[[str, object], None]
) -> None:
    roots = [tmp_path / f"clone-{at}" for at in range(MANY)]
    for each in roots:
        git(tmp_path, "clone", "-q", str(bare), str(each))
    before = [state_of(each) for each in roots]
    rate = run_all(roots, bare, strangers=5)
    record_property("accepted per second", rate)
    print(f"\n{MANY} promoters, clones of their own: {rate:.1f} accepted per second")  # noqa: T201 - a figure
    assert_each_once(bare, 5)
    assert before == [state_of(each) for each in roots]


def test_from_one_clone(clone: Path, bare: Path) -> None:
    before = state_of(clone)
    rate = run_all([clone] * MANY, bare, strangers=3)
    print(f"\n{MANY} promoters, one clone: {rate:.1f} accepted per second")  # noqa: T201 - a figure
    assert_each_once(bare, 3)
    assert before == state_of(clone)


def test_in_one_repository_without_a_remote(alone: Path) -> None:
    rate = run_all([alone] * MANY, alone, strangers=0)
    print(f"\n{MANY} promoters, no remote: {rate:.1f} accepted per second")  # noqa: T201 - a figure
    assert_each_once(alone, 0)
    assert git(alone, "status", "--porcelain") == ""
