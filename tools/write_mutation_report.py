"""Writes docs/reference/mutations.md from the corpus and the results of a run.

    python -m tests.mutations.run RESULTS.json
    python tools/write_mutation_report.py RESULTS.json
    python tools/write_mutation_report.py --check

With --check nothing is written; the exit code is 1 when the page lacks a mutation, or has another one.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.mutations.corpus import FAULTS  # noqa: E402 - found from here only
from tests.mutations.out_of_scope import OUT_OF_SCOPE  # noqa: E402
from tests.mutations.run import Result  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.mutations.mutation import Mutation

PAGE = ROOT / "docs" / "reference" / "mutations.md"
_ROW = re.compile(r"^\| `([a-z0-9-]+)` \| (.*?) \| `([a-z-]+)` \|")

_TABLE = ("| id | the fault | rule | found as | source |", "|---|---|---|---|---|")
_HEAD = """\
# Mutations
Written by `tools/write_mutation_report.py` from a run of `tests/mutations`; do not edit.

Each mutation is one realistic fault, put by code into a repository that gives no finding:
`examples/platform`, or `tests/mutations/repository` with the kinds that it lacks. They were collected from
the documentation of Argo CD, Kustomize and Kubernetes and from users' reports, which each names.

One counts as caught when `sealock check` ends with another code than 0 and the named rule points at the file
with the cause. *Found as* is the severity by default; a *note* is shown, and fails a check with
`--fail-on note` only. *Changes* are checked with `--since`. The rule `configuration` stands for a refusal of
`sealock.yaml` (exit code 2), and `owner-annotation` is a rule of the repository's own.
"""


def page(results: Sequence[Result]) -> str:
    """Return the page's text."""
    found = {each.id: each for each in results}
    topics = list(dict.fromkeys(each.topic for each in FAULTS))
    lines = [_HEAD, "| topic | caught | of |", "|---|---:|---:|"]
    for topic in topics:
        faults = [each for each in FAULTS if each.topic == topic]
        lines.append(f"| {topic} | {_caught(faults, found)} | {len(faults)} |")
    lines.append(f"| **all** | **{_caught(FAULTS, found)}** | **{len(FAULTS)}** |")
    for topic in topics:
        lines += [
            "",
            f"## {topic}",
            "",
            "| id | the fault | rule | found as | source |",
            "|---|---|---|---|---|",
        ]
        lines += [_row(each, found[each.id]) for each in FAULTS if each.topic == topic]
    gaps = [each for each in FAULTS if each.gap]
    if gaps:
        lines += ["", "## Not caught", "", "| id | why |", "|---|---|"]
        lines += [f"| {each.id} | {each.gap} |" for each in gaps]
    lines += ["", "## Out of scope", "", "Faults that nobody can tell from a repository alone.", ""]
    lines += ["| the fault | why not |", "|---|---|"]
    lines += [f"| {each.what} | {each.why} |" for each in OUT_OF_SCOPE]
    return "\n".join(lines) + "\n"


def _caught(faults: Sequence[Mutation], found: dict[str, Result]) -> int:
    return sum(found[each.id].caught for each in faults)


def _row(fault: Mutation, result: Result) -> str:
    return (
        f"| `{fault.id}` | {_cell(fault.what)} | `{fault.rule}` | {_how(result)} | [source]({fault.source}) |"
    )


def _how(result: Result) -> str:
    return result.how if result.caught else "**not found**"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def stale(text: str) -> list[str]:
    """Return the ids of mutations that the page's text lacks, has too many, or tells otherwise."""
    rows = {match[1]: match[0] for line in text.splitlines() if (match := _ROW.match(line))}
    wanted = {each.id: f"| `{each.id}` | {_cell(each.what)} | `{each.rule}` |" for each in FAULTS}
    return sorted(each for each in rows.keys() | wanted.keys() if rows.get(each) != wanted.get(each))


def main(arguments: Sequence[str]) -> int:
    """Write the page, or say what is stale."""
    if arguments == ["--check"]:
        for each in stale(PAGE.read_text(encoding="utf-8")):
            print(f"{PAGE.name} is stale about {each}", file=sys.stderr)
        return 1 if stale(PAGE.read_text(encoding="utf-8")) else 0
    results = msgspec.json.decode(Path(arguments[0]).read_bytes(), type=list[Result])
    PAGE.write_text(page(results), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
