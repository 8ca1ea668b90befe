"""What a rule says about itself, and how it words a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sealock.domain.finding import Confidence, Finding, Fix, Severity

if TYPE_CHECKING:
    from sealock.domain.location import Location


class Meta(msgspec.Struct, frozen=True):
    """A rule's id (its file's name with dashes), one sentence, and how its findings count by default."""

    id: str
    summary: str
    severity: Severity
    confidence: Confidence = Confidence.HIGH

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
    ) -> Finding:
        """Return a finding of this rule; `fix` says what to do."""
        return Finding(
            rule=self.id,
            severity=severity or self.severity,
            confidence=confidence or self.confidence,
            location=location,
            message=message,
            resource=resource,
            fix=Fix(fix) if fix else None,
            overlays=(overlay,) if overlay else (),
        )
