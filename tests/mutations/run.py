"""Runs every mutation, and writes what was said of each.

python -m tests.mutations.run RESULTS.json [ID]...

With ids only those are run, and all that was said of them is printed.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from tests.mutations.checked import Checked, verdict
from tests.mutations.corpus import FAULTS
from tests.mutations.mutation import Stale

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.mutations.mutation import Mutation

_WORKERS = 2


class Result(msgspec.Struct, frozen=True):
    """What a check said of one mutation; `how` is the finding's severity, `undecided` or `refused`."""

    id: str
    caught: bool
    how: str
    place: str
    message: str
    seconds: float
    said: tuple[str, ...] = ()


def run_all(faults: Sequence[Mutation]) -> list[Result]:
    """Return the results in the order of `faults`, each repository in turn on every worker."""
    shares = [faults[start::_WORKERS] for start in range(_WORKERS)]
    with ProcessPoolExecutor(_WORKERS) as pool:
        found = {each.id: each for share in pool.map(_share, shares) for each in share}
    return [found[each.id] for each in faults]


def _share(faults: Sequence[Mutation]) -> list[Result]:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        os.environ |= {"SEALOCK_CACHE_DIR": f"{folder}/cache", "SEALOCK_ENGINES": "1"}
        copies: dict[str, Checked] = {}
        for name in sorted({each.repository for each in faults}):
            copies[name] = stack.enter_context(Checked(name, Path(folder, name.replace("/", "-"))))
            copies[name].check()
        return [_result(copies[each.repository], each) for each in faults]


def _result(copy: Checked, mutation: Mutation) -> Result:
    began = time.perf_counter()
    try:
        found = verdict(mutation, copy.mutated(mutation))
    except Stale as stale:
        return Result(mutation.id, caught=False, how="stale", place="", message=str(stale), seconds=0)
    seconds = round(time.perf_counter() - began, 3)
    return Result(mutation.id, found.caught, found.how, found.place, found.message, seconds, found.said)


def main(arguments: Sequence[str]) -> int:
    """Run and write; return 1 when something that should be caught is not, or the other way round."""
    file, wanted = Path(arguments[0]), set(arguments[1:])
    faults = [each for each in FAULTS if not wanted or each.id in wanted]
    began = time.perf_counter()
    results = run_all(faults)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(results)) + b"\n")
    wrong = [each for each, fault in zip(results, faults, strict=True) if each.caught == bool(fault.gap)]
    for each in results if wanted else wrong:
        print("caught" if each.caught else "NOT CAUGHT", each.id, each.how, each.place, each.message)  # noqa: T201
        for line in each.said:
            print(f"    {line}")  # noqa: T201
    caught = sum(each.caught for each in results)
    print(f"{caught} of {len(results)} caught in {time.perf_counter() - began:.1f} s")  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
