"""What a gate is asked, and how gates say times and durations."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from sealock.domain.promotion import Action, Car, Override

QUESTION_SCHEMA = "sealock.dev/gate-question/v1"


class GateQuestion(msgspec.Struct, frozen=True):
    """Whether these cars may go into `environment`.

    `sources` are the environments that come right before it; empty for an action that has none. `base` is
    the commit that the promotion builds on, `author` who promotes as `Name <mail>`, `now` is aware.
    """

    action: Action
    environment: str
    sources: tuple[str, ...]
    cars: tuple[Car, ...]
    base: str
    author: str
    now: datetime
    override: Override = Override()
    schema: str = QUESTION_SCHEMA


def rfc3339(moment: datetime) -> str:
    """Return an aware time in UTC, such as `2026-03-29T01:00:00Z`; parts of a second are dropped."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def spoken(seconds: float) -> str:
    """Return a duration in words of one or two units: `45s`, `2h 5m`, `3d`."""
    left = max(0, int(seconds))
    parts = []
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"
