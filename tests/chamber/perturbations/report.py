"""Runs every change of the host with the article's flags and sealed, and writes the table of what came of it.

    python -m tests.chamber.perturbations.report [--check]

About ten minutes on two busy cores. With --check nothing is written, and the exit code is 1 when the page is
stale. It is 1 too when anything reached a sealed run, and 3 when a run to compare with did not work at all.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tools"))

import codex_binaries
from tests.chamber.perturbations.catalogue import PERTURBATIONS, Perturbation
from tests.chamber.perturbations.judge import Effect, effects
from tests.chamber.perturbations.observe import Arrangement, Observation, observe

from sealock.chamber.codex_binary import bundled_bwrap
from sealock.domain.agent_run import CodexBinary

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "perturbations.md"
VERSIONS = ("0.130.0", "0.169.0")
NOTHING = Perturbation("nothing", "outcome")
_ARRANGEMENTS: tuple[Arrangement, ...] = ("article", "sealed")
_CALLS = 2
_UNCHANGED = 8

Table = dict[tuple[str, Arrangement, str], tuple[Effect, ...]]

_INTRODUCTION = """# Changes of the host that must not matter

Written by `python -m tests.chamber.perturbations.report`; do not edit.

Each row changes one thing on a machine, runs the real Codex there against a scripted model, and compares with
the same run on the machine without the change. The model asks for one command that lists the environment,
reads well-known files with secrets and asks Git. What differs:

- **prompt**: the first request, normalised;
- **headers**: its headers, ids and times left out;
- **tools**: what the command printed, or how the run ended (also where it never asked the model);
- **secret**: a planted secret stands in a request or in the program's output.

With the article's flags Codex differs from itself now and then: a command may run before the shell's settings
are read. So there an effect counts only where it differs from each of eight unchanged runs, twice in a row.
Sealed, one run is made, and any difference counts. What Git says of the checkout is sent in a header when it
is known in time; that is left out of the comparison, but not of the search for secrets.

With the article's flags means: `--ignore-user-config --ignore-rules --ephemeral`, model, effort, summary,
sandbox and network by `-c`, `workspace-write`. Sealed means as `sealock exec` starts it, in bubblewrap.
Files that are planted in the checkout are not committed: what is committed is part of the task.
"""


def usual(
    bwrap: str, binary: CodexBinary, arrangement: Arrangement, count: int = 1
) -> tuple[Observation, ...]:
    """Return the runs to compare with. Raises RuntimeError where one does not work: then nothing is shown."""
    found = tuple(observe(bwrap, binary, NOTHING, arrangement) for _ in range(count))
    for each in found:
        if each.status != 0 or len(each.requests) != _CALLS:
            message = f"Codex {binary.version} ({arrangement}) does not work unchanged: {each.said[-1000:]}"
            raise RuntimeError(message)
    return found


def measure(version: str, table: Table) -> None:
    """Fill in one version's results."""
    binary = CodexBinary(str(codex_binaries.program(version)), version, "")
    bwrap = bundled_bwrap(CodexBinary(str(codex_binaries.program(VERSIONS[-1])), VERSIONS[-1], ""))
    for arrangement in _ARRANGEMENTS:
        compared = usual(bwrap, binary, arrangement, _UNCHANGED if arrangement == "article" else 1)
        for change in (NOTHING, *PERTURBATIONS):
            found = effects(compared, observe(bwrap, binary, change, arrangement))
            if found and arrangement == "article":
                again = effects(compared, observe(bwrap, binary, change, arrangement))
                found = tuple(each for each in found if each in again)
            if found and change is NOTHING:
                message = f"Codex {version} ({arrangement}) differs from itself on an unchanged machine"
                raise RuntimeError(message)
            table[version, arrangement, change.name] = found
            _say(f"{version} {arrangement}: {change.name}: {_cell(found)}")


def page(table: Table) -> str:
    """Return the page."""
    columns: list[tuple[Arrangement, str]] = [
        (each, version) for each in _ARRANGEMENTS for version in VERSIONS
    ]
    parts = [_INTRODUCTION, *_counts(table), "", _row("planted or changed", *_columns()), _row(*["---"] * 5)]
    for change in PERTURBATIONS:
        cells = (_cell(table[version, each, change.name]) for each, version in columns)
        parts.append(_row(change.name, *cells))
    return "\n".join(parts) + "\n"


def _columns() -> list[str]:
    names = {"article": "article's flags", "sealed": "sealed"}
    return [f"{names[each]}, {version}" for each in _ARRANGEMENTS for version in VERSIONS]


def _counts(table: Table) -> list[str]:
    total = len(PERTURBATIONS)
    found = [f"{total} changes, two versions of Codex:", ""]
    names: dict[Arrangement, str] = {"article": "with the article's flags", "sealed": "sealed"}
    for arrangement, name in names.items():
        for version in VERSIONS:
            rows = [table[version, arrangement, each.name] for each in PERTURBATIONS]
            told = sum(bool({"prompt", "headers"} & set(each)) for each in rows)
            leaks = sum("secret" in each for each in rows)
            matter = sum(bool(each) for each in rows)
            found.append(
                f"- {name}, {version}: {matter} of {total} matter; {told} change the first request,"
                f" {leaks} leak a planted secret"
            )
    return found


def _cell(found: tuple[Effect, ...]) -> str:
    return ", ".join("tools" if each == "outcome" else each for each in found) or "–"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main() -> int:
    """Measure, and write the page or compare it."""
    table: Table = {}
    try:
        for version in VERSIONS:
            measure(version, table)
    except (RuntimeError, codex_binaries.Missing) as wrong:
        _say(str(wrong))
        return 3
    text = page(table)
    reached = [key for key, found in table.items() if key[1] == "sealed" and found]
    for version, _, name in reached:
        _say(f"{version}: {name} reached the sealed run")
    if "--check" in sys.argv[1:]:
        return int(bool(reached) or not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text)
    PAGE.write_text(text, encoding="utf-8")
    return int(bool(reached))


if __name__ == "__main__":
    sys.exit(main())
