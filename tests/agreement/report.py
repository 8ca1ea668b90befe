"""Writes what the comparison found to the reference.

python -m tests.agreement.report
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from testbed.build import kubernetes
from tests.agreement.cases import CORPORA
from tests.agreement.explained import EXPLAINED, explanation
from tests.agreement.manifests import ROOT
from tests.agreement.outcome import judge_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.agreement.comparing import Difference
    from tests.agreement.explained import Explanation
    from tests.agreement.outcome import Judged

PAGE = ROOT / "docs" / "reference" / "agreement.md"

_HEAD = """\
# Agreement with a real API server
Written by `python -m tests.agreement.report`, checked by `make agreement`; do not edit.

Every object below is put to kube-apiserver {version} (server-side dry run, `fieldValidation=Strict`) and to
the engine. They agree when both refuse or both accept, with the same fields at fault in the same words and
the same warnings. A change is asked twice of both: whether the new object is right, and whether it may
follow the old one, which is really created before. Where the server stops at the first fault, for
example at a field that it cannot decode, the engine may have more to say. Where the server refuses a
change of a whole field, the engine may name the parts that have changed; it leaves out long values and
comparisons inside a message.
"""


class Row(NamedTuple):
    """One corpus in figures."""

    objects: int
    refused: int
    accepted: int
    explained: int


def unexplained(judged: Sequence[Judged]) -> list[tuple[str, Difference]]:
    """Return the differences that nobody has a reason for, with their cases."""
    return [
        (each.case.name, difference)
        for each in judged
        for difference in each.differences
        if explanation(each.case.name, difference) is None
    ]


def reasons(judged: Sequence[Judged]) -> Counter[Explanation]:
    """Return how many cases each explanation is needed for."""
    return Counter(
        reason
        for each in judged
        for reason in {explanation(each.case.name, difference) for difference in each.differences}
        if reason is not None
    )


def row(judged: Sequence[Judged]) -> Row:
    """Return the figures of some cases."""
    agreed = [each for each in judged if not each.differences]
    refused = sum(each.engine.refused for each in agreed)
    return Row(len(judged), refused, len(agreed) - refused, len(judged) - len(agreed))


def page(judged: Sequence[Judged]) -> str:
    """Return the page."""
    lines = [_HEAD.format(version=kubernetes())]
    lines += [
        "| corpus | objects | both refuse | both accept | explained |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, what in CORPORA.items():
        figures = row([each for each in judged if each.case.corpus == name])
        lines.append(f"| {name}: {what} | " + " | ".join(map(str, figures)) + " |")
    lines.append("| all | " + " | ".join(map(str, row(judged))) + " |")
    lines += ["", "## Explained differences", "| cases | how many | reason |", "| --- | --- | --- |"]
    found = reasons(judged)
    lines += [f"| `{each.cases}` | {found[each]} | {each.reason} |" for each in EXPLAINED]
    lines += ["", "## Where server-side apply comes to another verdict"]
    lines.append(
        "Argo CD applies as `kubectl apply` does unless an Application has `ServerSideApply=true`, and"
    )
    lines.append("so does the engine. On these changes server-side apply comes to something else:")
    lines += [
        f"- {each.case.name.removeprefix('updates: ')}: {each.server}."
        for each in judged
        if each.by_kubectl is not None and each.by_kubectl.refused != each.server.refused
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page, unless there are differences without a reason."""
    judged = judge_all()
    if found := unexplained(judged):
        sys.exit("\n".join(f"{name}: {difference}" for name, difference in found))
    PAGE.write_text(page(judged))


if __name__ == "__main__":
    main()
