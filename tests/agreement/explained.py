"""The differences that are known, each with its reason. One that no longer occurs fails the test."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tests.agreement.comparing import Difference


class Explanation(NamedTuple):
    """Which differences: a pattern of case names, and what is found in the words of each judge."""

    cases: str
    reason: str
    server: str = ""
    engine: str = ""

    def covers(self, case: str, difference: Difference) -> bool:
        """Say whether this is the reason for a difference."""
        return (
            fnmatchcase(case, self.cases)
            and re.search(self.server, difference.server) is not None
            and re.search(self.engine, difference.engine) is not None
        )


EXPLAINED: tuple[Explanation, ...] = (
    Explanation(
        "accepted: *",
        "The kind belongs to a feature that is off by default, so this server does not serve it. "
        "The engine judges it all the same and warns that clusters must enable it.",
        server="^refused$",
        engine="^accepted$",
    ),
    Explanation(
        "accepted: *",
        "The server is started with every alpha and beta version on; the engine warns that clusters are not.",
        server="^$",
        engine="only when its --runtime-config says so$",
    ),
    Explanation(
        "*",
        "The engine leaves a kind that it does not know undecided, never passed: a cluster may define it.",
        server="^refused$",
        engine="^undecided: no built-in kind ",
    ),
    Explanation(
        "custom: *",
        "The server adds a notice that the other errors kept rules from being checked; the engine does not.",
        server="^Invalid value: null: some validation rules were not checked",
        engine="^$",
    ),
    Explanation(
        "faults: Job *: the selector is given",
        "The server draws the identity that it puts into the selector; the engine's is always the same.",
        server="`selector` not auto-generated|^$",
        engine="`selector` not auto-generated|^$",
    ),
    Explanation(
        "faults: Pod *: the generated name is invalid",
        "The server draws the end of a generated name; the engine's is always the same.",
        server="Debug_|^$",
        engine="Debug_|^$",
    ),
    Explanation(
        "faults: Pod *: a priority is written",
        "An admission plugin looks the number up in the cluster's PriorityClasses.",
        server="priority admission controller",
        engine="^accepted$",
    ),
    Explanation(
        "faults: Service *: the cluster address is elsewhere",
        "Only the cluster knows the range of its Services' addresses.",
        server="not in the valid range",
        engine="^accepted$",
    ),
    Explanation(
        "updates: PersistentVolume *: the source changes",
        "The server names a field that no manifest has; the engine names the one that has changed.",
        server=r"^spec\.persistentvolumesource: |^$",
        engine=r"^spec\.nfs\.path: |^$",
    ),
    Explanation(
        "updates: Service storefront: it gets an address",
        "Only the cluster knows the address that it gave; writing that very address down is fine.",
        server="may not change once set",
        engine="^accepted$",
    ),
    Explanation(
        "updates: Service storefront-fixed: the family changes",
        "The server stops at the address that does not fit; the engine adds that the family is fixed.",
        server="^$",
        engine="may not change once set",
    ),
)


def explanation(case: str, difference: Difference) -> Explanation | None:
    """Return the first reason for a difference; None when there is none."""
    return next((each for each in EXPLAINED if each.covers(case, difference)), None)
