"""Every rule on a small bad and a small good repository, judged by the real engine."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sealock.cli.main import run
from sealock.rules.registry import DOCUMENTED, RULE_IDS, Documented, documentation

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
EXPECT = re.compile(r"# expect: ([a-z-]+)")
HEADINGS = ["## What it does", "## Why is this bad", "## Bad", "## Good", "## How to fix"]


TOPICS = {rule.META.id: getattr(rule, "__name__", "").split(".")[-2] for rule in DOCUMENTED}


def folder_of(rule: str) -> Path:
    return HERE / TOPICS[rule] / rule.replace("-", "_")


def checked(
    side: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> list[dict[str, Any]]:
    """Check a copy of a fixture; return all that was found or left undecided.

    With a folder `base` beside it, the fixture is what a change makes of that, and the change is checked.
    With folders `history/SIDE/01 SUBJECT` and so on, each is a commit that comes before; a file
    `01 SUBJECT.message` beside one holds its whole message.
    """
    copy = tmp_path / "repository"
    since = committed(side.parent / "base", copy) if (side.parent / "base").exists() else []
    remember(side.parent / "history" / side.name, copy)
    shutil.copytree(side, copy, dirs_exist_ok=True)
    monkeypatch.setenv("SEALOCK_CACHE_DIR", str(tmp_path / "cache"))
    run(["check", "--repo", str(copy), "--format", "json", *since])
    document = json.loads(capfdbinary.readouterr().out)
    return [*document["findings"], *document["undecided"]]


def git(folder: Path, *arguments: str) -> None:
    names = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    subprocess.run(["git", *names, *arguments], cwd=folder, check=True, timeout=60)


def remember(history: Path, copy: Path) -> None:
    """Commit each step of a fixture's history, a folder with the files that it changes."""
    for step in sorted(each for each in history.iterdir() if each.is_dir()) if history.exists() else ():
        # Times of their own: Git takes a file of the same size and time for unchanged.
        shutil.copytree(step, copy, dirs_exist_ok=True, copy_function=shutil.copyfile)
        git(copy, "init", "-q")
        git(copy, "add", ".")
        message = step.with_name(f"{step.name}.message")
        text = message.read_text() if message.exists() else step.name.partition(" ")[2]
        git(copy, "commit", "-qm", text)


def committed(base: Path, copy: Path) -> list[str]:
    """Make `copy` a Git repository whose commit is `base`; return the options that compare with it."""
    shutil.copytree(base, copy)
    git(copy, "init", "-q")
    git(copy, "add", ".")
    git(copy, "commit", "-qm", "base")
    for each in copy.iterdir():
        if each.name != ".git":
            shutil.rmtree(each) if each.is_dir() else each.unlink()
    return ["--since", "HEAD"]


def marked(side: Path) -> set[tuple[str, int, str]]:
    return {
        (path.relative_to(side).as_posix(), number, found[1])
        for path in side.rglob("*.yaml")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        for found in EXPECT.finditer(line)
    }


@pytest.mark.engine
@pytest.mark.parametrize("rule", RULE_IDS)
def test_a_bad_repository_gets_exactly_the_findings_that_its_lines_expect(
    rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    side = folder_of(rule) / "bad"
    found = checked(side, tmp_path, monkeypatch, capfdbinary)
    assert {(each["file"], each["line"], each["rule"]) for each in found} == marked(side), found
    # The organisation's own rules have ids of their own.
    assert {rule, "has-owner"} & {each["rule"] for each in found}


@pytest.mark.engine
@pytest.mark.parametrize("rule", RULE_IDS)
def test_a_good_repository_gets_no_finding_of_any_rule(
    rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert checked(folder_of(rule) / "good", tmp_path, monkeypatch, capfdbinary) == []


def test_no_two_rules_share_an_id() -> None:
    assert len(set(RULE_IDS)) == len(DOCUMENTED)


@pytest.mark.parametrize("rule", DOCUMENTED, ids=RULE_IDS)
def test_a_rule_is_named_after_its_file(rule: Documented) -> None:
    assert getattr(rule, "__name__", "").endswith(f".{rule.META.id.replace('-', '_')}")


@pytest.mark.parametrize("rule", DOCUMENTED, ids=RULE_IDS)
def test_a_rules_page_has_every_heading_in_order(rule: Documented) -> None:
    assert re.findall(r"^## .*$", documentation(rule), re.MULTILINE) == HEADINGS


def test_every_fixture_belongs_to_a_rule() -> None:
    folders = {each for each in HERE.glob("*/*") if each.is_dir() and "__pycache__" not in each.parts}
    assert folders == set(map(folder_of, RULE_IDS))


def test_no_rule_page_is_stale() -> None:
    command = [sys.executable, "tools/write_rule_pages.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_explain_prints_the_page(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--explain", "unknown-kind"]) == 0
    page = ROOT / "docs" / "reference" / "rules" / "unknown-kind.md"
    assert capfd.readouterr().out == page.read_text()
