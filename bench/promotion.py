"""Measures plan, apply, status and history beside the size of the repository, and writes the page.

    python -m bench.promotion [--rounds 5] [--out docs/reference/benchmarks-promotion.md]

Every figure is of a whole process, start to exit, in a clone whose remote is a bare repository on the same
disk, after one run that filled the caches. Machines are noisy: read the growth, not the milliseconds.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench.promotion_corpus import write_promotions
from bench.run import SEALOCK, Bench, table

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIZES = ((34, 1_000), (100, 1_000), (334, 4_000), (334, 10_000), (1_000, 10_000))
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Platform:
    """A clone with its bare remote, and a supply of services whose dev is ahead of staging."""

    def __init__(self, folder: Path, services: int, commits: int) -> None:
        """Write `services` × 3 overlays and a history of `commits` into `folder`."""
        self.clone = folder / "clone"
        write_promotions(self.clone, services, commits)
        origin = folder / "origin.git"
        _git(folder, "clone", "--quiet", "--bare", str(self.clone), str(origin))
        for arguments in (
            ("remote", "add", "origin", str(origin)),
            ("config", "user.name", "Ada"),
            ("config", "user.email", "ada@example.com"),
            ("fetch", "--quiet"),
            ("remote", "set-head", "origin", "main"),
        ):
            _git(self.clone, *arguments)

    def ready(self) -> Iterator[list[str]]:
        """Yield what can be promoted, as arguments: a service with its source and target."""
        for source, target in (("dev", "staging"), ("staging", "production")):
            for folder in sorted((self.clone / "services").iterdir()):
                before, after = (
                    _DIGEST.findall((folder / "overlays" / each / "kustomization.yaml").read_text())
                    for each in (source, target)
                )
                if before != after:
                    yield [folder.name, "--from", source, "--to", target]


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, timeout=600)


def _measured(bench: Bench, platform: Platform, rounds: int) -> list[str]:
    waiting = platform.ready()
    first = next(waiting)
    plan = [SEALOCK, "promote", *first]
    status = [SEALOCK, "status"]
    history = [SEALOCK, "history", first[0]]
    for command in (plan, status, history):
        bench.run(command, folder=platform.clone)
    taken: dict[str, list[float]] = {"plan": [], "apply": [], "status": [], "history": []}
    for _ in range(rounds):
        taken["plan"].append(bench.run(plan, folder=platform.clone))
        taken["status"].append(bench.run(status, folder=platform.clone))
        taken["history"].append(bench.run(history, folder=platform.clone))
    for _ in range(rounds):
        apply = [SEALOCK, "promote", *next(waiting), "--apply", "--yes"]
        taken["apply"].append(bench.run(apply, folder=platform.clone))
    return [f"{statistics.median(values) * 1000:.0f} ms ({min(values) * 1000:.0f}–{max(values) * 1000:.0f})"
            for values in taken.values()]  # fmt: skip


def page(rounds: int) -> str:
    """Return the page."""
    rows = []
    for services, commits in _SIZES:
        with tempfile.TemporaryDirectory(prefix="sealock-bench-") as scratch:
            bench = Bench(Path(scratch))
            platform = Platform(Path(scratch), services, commits)
            rows.append([f"{services * 3}", f"{commits}", *_measured(bench, platform, rounds)])
            print(rows[-1], file=sys.stderr, flush=True)
    header = ["overlays", "commits", "plan", "apply", "status", "history of one service"]
    return (
        "# Benchmarks of promotion\n"
        "Written by `make bench`; do not edit.\n"
        f"{os.uname().sysname} {os.uname().machine}, {os.cpu_count()} cores. "
        f"Whole processes, {rounds} rounds, one run: the median, with the lowest and the highest.\n"
        "The remote is a bare repository on the same disk, Git is warm, each command has run once before.\n"
        "A plan has its proof by re-render and its check; an apply is a plan, a commit and a push.\n\n"
        f"{table(header, rows)}\n"
    )


def main() -> None:
    """Measure, and write or print the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    text = page(options.rounds)
    if options.out:
        options.out.write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
