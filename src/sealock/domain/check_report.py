"""What a check found, after levels and waivers, and what it looked at."""

from __future__ import annotations

import msgspec

from sealock.domain.finding import Finding, NotDecided, Severity
from sealock.domain.settings import Waiver


class Skipped(msgspec.Struct, frozen=True, order=True):
    """Something that was not looked at by its nature: why, and how many times."""

    reason: str
    count: int


class Waived(msgspec.Struct, frozen=True):
    """Something found, and the waiver that silences it."""

    found: Finding | NotDecided
    waiver: Waiver


class Used(msgspec.Struct, frozen=True):
    """The versions in use as `major.minor`; `assumed` where nobody configured them."""

    kubernetes: str
    argocd: str
    assumed: bool


class Summary(msgspec.Struct, frozen=True):
    """Counts of what was in scope; `valid` are the objects that passed."""

    overlays: int
    objects: int
    valid: int
    applications: int
    versions: Used
    skipped: tuple[Skipped, ...] = ()
    ignored_files: tuple[str, ...] = ()


class CheckReport(msgspec.Struct, frozen=True):
    """Findings and undecided checks by place, each once, what was waived, and the summary."""

    findings: tuple[Finding, ...]
    undecided: tuple[NotDecided, ...]
    summary: Summary
    waived: tuple[Waived, ...] = ()

    def count(self, severity: Severity) -> int:
        """Return how many findings there are of one severity."""
        return sum(each.severity is severity for each in self.findings)

    def files(self) -> set[str]:
        """Return the files that anything reported stands in."""
        findings = {each.location.file for each in self.findings}
        return findings | {each.location.file for each in self.undecided}

    def exit_code(self, fail_on: Severity) -> int:
        """Return 3 if anything is undecided, else 1 for a finding as bad as `fail_on`, else 0."""
        if self.undecided:
            return 3
        order = list(Severity)
        worst = order.index(fail_on)
        return 1 if any(order.index(each.severity) <= worst for each in self.findings) else 0
