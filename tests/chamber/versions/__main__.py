"""Proves releases of Codex one after another, and writes what they showed: data, and the page made of it.

    python -m tests.chamber.versions [VERSION…] [--missing]

Without versions every pinned one is proven, half a minute each: its package is fetched, checked, run and
removed. With --missing only those that no proof is kept of. The exit code is 1 when one has faults, 3 when
one cannot be had.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tools"))

import codex_binaries
from tests.chamber.versions import kept
from tests.chamber.versions.proof import prove

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from tests.chamber.versions.kept import Proof


def main(arguments: Sequence[str] | None = None) -> int:
    """Prove what was asked for, and say of each how it went."""
    parser = argparse.ArgumentParser(prog="python -m tests.chamber.versions", description="Prove releases")
    parser.add_argument("versions", nargs="*", metavar="VERSION")
    parser.add_argument("--missing", action="store_true", help="only those that no proof is kept of")
    asked = parser.parse_args(arguments)
    known = kept.proofs()
    status = 0
    for version in asked.versions or codex_binaries.PACKAGES:
        if asked.missing and version in known:
            continue
        try:
            with _program(version) as path:
                found = prove(path, version)
        except codex_binaries.Missing as wrong:
            status = 3
            _say(f"{version}: {wrong}")
            continue
        # Read again: others may be proven beside these.
        kept.write({**kept.proofs(), version: found})
        status = status or int(bool(found.faults))
        _say(f"{version}: {_summary(found)}")
    kept.write(kept.proofs())
    return status


def _program(version: str) -> AbstractContextManager[Path]:
    """Return the kept program of the versions that all tests run, else one that is removed afterwards."""
    if version in codex_binaries.VERSIONS and version != codex_binaries.WHEEL:
        return nullcontext(codex_binaries.program(version))
    return codex_binaries.borrowed(version)


def _summary(found: Proof) -> str:
    refuses = f"; refuses {', '.join(found.refuses)}" if found.refuses else ""
    return "; ".join(found.faults) or f"{found.fingerprint[:19]}{refuses}"


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
