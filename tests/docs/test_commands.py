"""Runs every command block of the README and the docs, and compares what the block shows.

A ```console block holds `$ command` lines, each followed by the output it must print; a line `…`
stands for any lines. A ```sh block only has to succeed. A page's blocks run in order in a scratch
copy of the example repository. `<!-- run by .ci/run -->` before a block leaves it to .ci/run, which
must then hold each of its commands.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(
    r"^(?P<mark><!-- run by \.ci/run -->\n)?```(?P<kind>console|sh|shell|bash)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
END = "\x1e"


class Step(NamedTuple):
    command: str
    expected: list[str] | None


def steps_of(kind: str, body: str) -> list[Step]:
    if kind != "console":
        return [Step(body, None)]
    steps: list[Step] = []
    for line in body.splitlines():
        if line.startswith("$ "):
            steps.append(Step(line[2:], []))
        elif line.startswith("> ") and steps and not steps[-1].expected:
            steps[-1] = Step(f"{steps[-1].command}\n{line[2:]}", [])
        else:
            expected = steps[-1].expected
            assert expected is not None
            expected.append(line.rstrip())
    return steps


def matches(expected: list[str], printed: list[str]) -> bool:
    if not expected:
        return not printed
    if expected[0] == "…":
        return any(matches(expected[1:], printed[skip:]) for skip in range(len(printed) + 1))
    return bool(printed) and expected[0] == printed[0] and matches(expected[1:], printed[1:])


def run(steps: list[Step], folder: Path, *, strict: bool) -> list[str]:
    script = "".join(f"{step.command}\n__code=$?; printf '{END}'; (exit $__code)\n" for step in steps)
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder.parent),
        "SEALOCK_CACHE_DIR": str(folder.parent / "cache"),
        "NO_COLOR": "1",
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "user.name",
        "GIT_CONFIG_VALUE_0": "Reader",
        "GIT_CONFIG_KEY_1": "user.email",
        "GIT_CONFIG_VALUE_1": "reader@example.com",
    }
    done = subprocess.run(
        ["bash", *(["-e"] if strict else []), "-c", script],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    if strict:
        assert done.returncode == 0, done.stdout
    return done.stdout.split(END)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "platform"
    shutil.copytree(ROOT / "examples" / "platform", folder, symlinks=True)
    git = ["git", "-c", "user.name=Reader", "-c", "user.email=reader@example.com"]
    subprocess.run([*git, "init", "-q", "-b", "main"], cwd=folder, check=True)
    subprocess.run([*git, "add", "-A"], cwd=folder, check=True)
    subprocess.run([*git, "commit", "-qm", "example"], cwd=folder, check=True)
    return folder


def test_an_ellipsis_stands_for_any_lines_and_nothing_else_does() -> None:
    assert matches(["a", "…", "d"], ["a", "b", "c", "d"])
    assert matches(["…"], [])
    assert not matches(["a", "…", "d"], ["a", "b"])
    assert not matches(["a"], ["a", "b"])


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_the_page_prints_what_the_page_shows(page: Path, repository: Path) -> None:
    ci = (ROOT / ".ci" / "run").read_text()
    for block in BLOCK.finditer(page.read_text()):
        steps = steps_of(block["kind"], block["body"])
        if block["mark"]:
            for line in "".join(step.command for step in steps).splitlines():
                assert line.split("#")[0].strip() in ci, f"{line!r} is not in .ci/run"
            continue
        printed = run(steps, repository, strict=block["kind"] != "console")
        for step, text in zip(steps, printed, strict=False):
            if step.expected is not None:
                expected = "\n".join(step.expected).rstrip().splitlines()
                lines = [line.rstrip() for line in text.rstrip().splitlines()]
                assert matches(expected, lines), (
                    f"{page.relative_to(ROOT)}: $ {step.command}\nexpected:\n"
                    + "\n".join(expected)
                    + f"\nprinted:\n{text}"
                )
