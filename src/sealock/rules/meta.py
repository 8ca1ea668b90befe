"""What a rule says about itself, and how it words a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from sealock.domain.finding import Confidence, FileEdit, Finding, Fix, Severity

if TYPE_CHECKING:
    from sealock.domain.location import Location

Version = tuple[int, int]


class Range(msgspec.Struct, frozen=True):
    """The versions, major and minor, for which a rule holds: from `since` to before `until`."""

    since: Version | None = None
    until: Version | None = None

    def __contains__(self, version: Version) -> bool:
        return (self.since is None or version >= self.since) and (self.until is None or version < self.until)

    def __str__(self) -> str:
        since = f"from {self.since[0]}.{self.since[1]}" if self.since else ""
        until = f"before {self.until[0]}.{self.until[1]}" if self.until else ""
        return " ".join(filter(None, (since, until))) or "every version"


ANY = Range()


class Meta(msgspec.Struct, frozen=True):
    """A rule's id (its file's name with dashes), one sentence, and how its findings count.

    A rule that is not `on` by default runs when `policy.rules` in sealock.yaml gives it a level, or
    `--select` names it. `fix` says what `--fix` does about its findings. `argocd` and `kubernetes` are
    the configured versions for which the rule holds.
    """

    id: str
    summary: str
    severity: Severity
    confidence: Confidence = Confidence.HIGH
    on: bool = True
    fix: Literal["none", "safe", "unsafe"] = "none"
    argocd: Range = ANY
    kubernetes: Range = ANY

    def finding(  # noqa: PLR0913 - a finding has that many sides, and each is named
        self,
        location: Location,
        message: str,
        *,
        fix: str = "",
        resource: str = "",
        overlay: str = "",
        severity: Severity | None = None,
        confidence: Confidence | None = None,
        edits: tuple[FileEdit, ...] = (),
    ) -> Finding:
        """Return a finding of this rule; `fix` says what to do, and `edits` do it, as safely as META says."""
        return Finding(
            rule=self.id,
            severity=severity or self.severity,
            confidence=confidence or self.confidence,
            location=location,
            message=message,
            resource=resource,
            fix=Fix(fix, bool(edits) and self.fix == "safe", edits) if fix else None,
            overlays=(overlay,) if overlay else (),
        )
