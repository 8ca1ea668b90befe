"""Replays one recorded run many times, each in an environment of its own, and counts those that are the same.

`python -m tests.chamber.replays --runs 20` prints a line for each version of Codex. The same means that every
request had the recorded hash, in its order, and that the tree has the recorded id. Each replay has a fresh
clone at a new path and only the exported record: another home with files that Codex reads, another time
zone, terminal and folder for scratch, no key, and no provider.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.chamber.cli import platform, sealock
from tests.chamber.scripted_model import patch, run, say, scripted, turn
from tests.chamber.sealed import git

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealock.domain.agent_run import CodexBinary

VERSIONS = ("0.163.0", "0.169.0")
_SCRIPT = (
    turn(run("cat base.yaml; git log --format=%s", "c1"), run("env | sort", "c2"), run("seq 2000", "c3")),
    turn(patch("*** Add File: overlays/staging/k.yaml\n+x: 1"), run("echo two > two.txt; pwd", "c4")),
    turn(patch("*** Update File: overlays/staging/k.yaml\n@@\n-x: 1\n+x: 2", "p2")),
    turn(
        run("sed -i s/2/3/ overlays/staging/k.yaml; cat overlays/staging/k.yaml", "c5"), run("exit 3", "c6")
    ),
    turn(run("chmod +x two.txt; git status --short; ls -A", "c7")),
    turn(say("All is done.")),
)
_ZONES = ("UTC", "Asia/Tokyo", "America/St_Johns", "Pacific/Chatham")
_TERMINALS = ("dumb", "xterm-256color", "screen", "linux")


class Recorded(NamedTuple):
    """A run as others get it: its repository, the exported record, the tree that came of it, its requests."""

    repository: Path
    export: Path
    tree: str
    requests: int


def recorded(codex: CodexBinary, folder: Path) -> Recorded:
    """Record the run; its provider is gone afterwards."""
    with scripted(_SCRIPT) as model:
        root = platform(folder, codex, model, {"base.yaml": "a: 1\n"})
        done = sealock("exec", "--task", "fix", "--quiet", "--format", "json", "--repo", root, "Do it")
    if done.status:
        raise RuntimeError(done.err)
    run_id = json.loads(done.out)["run"]["id"]
    export = folder / "run.tar"
    exported = sealock("runs", "export", run_id, "-o", export, "--repo", root)
    if exported.status:
        raise RuntimeError(exported.err)
    return Recorded(root, export, json.loads(done.out)["run"]["result"]["tree"], len(_SCRIPT))


def replays(found: Recorded, runs: int, *options: str) -> Iterator[str]:
    """Yield for each replay what differs: empty where nothing does. `options` are those of `replay`."""
    for number in range(runs):
        with tempfile.TemporaryDirectory(prefix=f"machine-{number}-") as machine:
            yield _replayed(found, Path(machine), number, options)


def _replayed(found: Recorded, machine: Path, number: int, options: Sequence[str]) -> str:
    clone, environment = machine / f"clone-{number}", _environment(machine, number)
    git(machine, "clone", "-q", str(found.repository), str(clone))
    done = subprocess.run(
        [sys.executable, "-m", "sealock", "replay", str(found.export), "--format", "json", *options],
        cwd=clone,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if not done.stdout:
        return done.stderr
    (told,) = json.loads(done.stdout)["replays"]
    complete = told["requests"] == told["recorded"] == found.requests
    if (done.returncode, told["differences"], complete, told["tree"]) == (0, [], True, found.tree):
        return ""
    return json.dumps(told, indent=2)


def _environment(machine: Path, number: int) -> dict[str, str]:
    home, scratch = machine / "home", machine / "scratch"
    planted = home / ".codex" / "AGENTS.md"
    planted.parent.mkdir(parents=True)
    planted.write_text(f"Answer with the number {number}.\n")
    (home / ".bashrc").write_text(f"echo {number}\n")
    scratch.mkdir()
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "CODEX_HOME": str(planted.parent),
        "TMPDIR": str(scratch),
        "TZ": _ZONES[number % len(_ZONES)],
        "TERM": _TERMINALS[number % len(_TERMINALS)],
        "NUMBER": str(number),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Print `n of n` for each version, and what differs where something does."""
    from tests.chamber.conftest import codex_program  # noqa: PLC0415 - the tests have it as a fixture

    parser = argparse.ArgumentParser(description="Replay a recorded run many times")
    parser.add_argument("--runs", type=int, default=20)
    runs, status = parser.parse_args(arguments).runs, 0
    for version in VERSIONS:
        with tempfile.TemporaryDirectory() as folder:
            found = recorded(codex_program(version), Path(folder))
            differences = list(replays(found, runs))
        same = differences.count("")
        sys.stdout.write(f"Codex {version}: {same} of {runs}, {len(_SCRIPT)} requests, tree {found.tree}\n")
        sys.stdout.writelines(f"{each}\n" for each in differences if each)
        status |= same != runs
    return int(status)


if __name__ == "__main__":
    raise SystemExit(main())
