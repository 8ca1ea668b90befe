"""A history of promotions, made anew from its plans: the same tree ids, or it says where they part.

python -m bench.promotion_replay [--promotions 1000] [--services 40]

First the planner makes and applies every promotion in one repository, with the real engine; then the plan
files alone are applied to a second one that is as the first was at the start.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench.promotion_corpus import write_promotions

from sealock.app.promotion.apply import read_plan
from sealock.app.promotion.request import Request
from sealock.domain.promotion import Override
from sealock.report.promotion_json import document
from sealock.wiring import promotion

if TYPE_CHECKING:
    from collections.abc import Iterator

_ONWARD = 0.45


class Replayed(NamedTuple):
    """How many promotions were made, in how many seconds, and how many seconds their plans took again."""

    promotions: int
    made_seconds: float
    again_seconds: float


def replay(folder: Path, promotions: int, services: int, seed: int = 7) -> Replayed:
    """Make a history, and make it again from its plans. Raises AssertionError where a tree differs."""
    first, second = folder / "first", folder / "second"
    write_promotions(first, services, 1)
    _git(folder, "clone", "--quiet", str(first), str(second))
    _git(second, "remote", "remove", "origin")
    for each in (first, second):
        _git(each, "config", "user.name", "Ada")
        _git(each, "config", "user.email", "ada@example.com")
    begun = time.perf_counter()
    plans = list(_made(first, promotions, random.Random(seed)))  # noqa: S311 - the same each time
    made = time.perf_counter() - begun
    begun = time.perf_counter()
    with promotion.promotions(str(second), promotion.Choices()) as again:
        for number, (plan, tree) in enumerate(plans):
            again.apply_plan(read_plan(plan, f"plan {number}"), auto_merge=False)
            found = _git(second, "rev-parse", "HEAD^{tree}")
            if found != tree:
                message = f"promotion {number}: {found} instead of {tree}"
                raise AssertionError(message)
    return Replayed(len(plans), made, time.perf_counter() - begun)


def _made(root: Path, promotions: int, dice: random.Random) -> Iterator[tuple[bytes, str]]:
    """Yield each plan as its file holds it, and the tree that it made: new digests in, others onward."""
    services = sorted(each.name for each in (root / "services").iterdir())
    ahead: set[str] = set()
    done = 0
    with promotion.promotions(str(root), promotion.Choices()) as first:
        while done < promotions:
            onward = bool(ahead) and dice.random() < _ONWARD
            names = [dice.choice(sorted(ahead) if onward else services)]
            request = (
                Request("promote", tuple(names), "production", "staging")
                if onward
                else Request(
                    "promote",
                    tuple(names),
                    "staging",
                    "dev",
                    digest=f"sha256:{dice.randbytes(32).hex()}",
                    tag=f"1.{done}.0",
                    no_gates=True,
                    override=Override("a new build", "lin@example.com"),
                )
            )
            plan = first.plan(request)
            if not plan.changes:
                continue
            first.apply_plan(plan, auto_merge=False)
            (ahead.difference_update if onward else ahead.update)(names)
            done += 1
            yield document(plan), _git(root, "rev-parse", "HEAD^{tree}")


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)
    return done.stdout.decode().strip()


def main() -> None:
    """Replay, and print figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--promotions", type=int, default=1000)
    parser.add_argument("--services", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = replay(Path(folder), options.promotions, options.services)
    print(
        f"{found.promotions} promotions: planned and applied in {found.made_seconds:.1f} s, "
        f"made again from their plans in {found.again_seconds:.1f} s, every tree id the same"
    )


if __name__ == "__main__":
    main()
