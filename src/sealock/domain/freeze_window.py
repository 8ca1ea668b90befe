"""Whether a freeze holds, and until when; right on the days when clocks change.

A window begins the first time its clock shows the beginning, and ends the last time it shows the end, so
that an hour that comes twice never ends it early. A time that the clock skips is the moment it skips it.

A cron expression with fixed hours and minutes begins a window once a day and time, as Debian's cron(8)
starts jobs; one with `*` in either begins one each time the clock shows it. Its length is elapsed time.
"""

from __future__ import annotations

import functools
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from cronsim import CronSim

    from sealock.domain.settings import Freeze

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEK = timedelta(days=7)
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)

HORIZON_DAYS = 400
"""How far ahead the end of a freeze by cron is looked for."""
_MOST_WINDOWS = 50_000
"""How many windows in a row are looked at: one a minute for a month, and some."""
_EVER_DAYS = 50 * 366
"""How far ahead the first time of a cron expression is looked for: 29 February on a Monday is 28 years."""
_SAMPLE = date(2026, 1, 1)


class Frozen(msgspec.Struct, frozen=True):
    """A freeze that holds `until` a moment in UTC; None when no end of it is in sight."""

    until: datetime | None


class FreezeFault(msgspec.Struct, frozen=True):
    """What is wrong with a freeze: the key of sealock.yaml at fault, what, and what to do."""

    key: str
    message: str
    hint: str = ""


class _Span(NamedTuple):
    start: datetime
    end: datetime


def frozen(freeze: Freeze, now: datetime) -> Frozen | None:
    """Return until when `freeze` holds at `now`, which is aware; None when it does not.

    Windows that overlap or touch are one. The freeze has no `fault`.
    """
    until: datetime | None = None
    for number, (start, end) in enumerate(_spans(freeze, now)):
        if until is None:
            if start > now:
                return None
            until = end if end > now else None
        elif start > until:
            return Frozen(until)
        else:
            until = max(until, end)
            if freeze.cron and (until - now > timedelta(days=HORIZON_DAYS) or number > _MOST_WINDOWS):
                return Frozen(None)
    return None if until is None else Frozen(until)


def fault(freeze: Freeze) -> FreezeFault | None:
    """Return the first thing that makes `freeze` nonsense; None when it is fine."""
    if not _has_zone(freeze.zone):
        return FreezeFault("zone", f"unknown time zone `{freeze.zone}`", _zone_hint(freeze.zone))
    return _cron_fault(freeze) if freeze.cron else _times_fault(freeze)


def _times_fault(freeze: Freeze) -> FreezeFault | None:
    weekly = [each[:3] in WEEKDAYS for each in (freeze.start, freeze.end)]
    if weekly[0] != weekly[1]:
        hint = 'Both are weekly, such as "Fri 16:00", or both are dates.'
        return FreezeFault("to", "`from` and `to` are of two kinds", hint)
    if freeze.start == freeze.end:
        return FreezeFault(
            "to", "`from` and `to` are the same", "A freeze needs a beginning and another end."
        )
    if weekly[0]:
        return None
    for key, text in (("from", freeze.start), ("to", freeze.end)):
        if _local(text) is None:
            return FreezeFault(key, f'there is no day "{text[:10]}"')
    if freeze.end < freeze.start:
        return FreezeFault("to", "`to` is before `from`", "Swap them.")
    return None


def _cron_fault(freeze: Freeze) -> FreezeFault | None:
    from cronsim import CronSimError  # noqa: PLC0415 - few repositories freeze by cron

    try:
        cron = _cron(freeze.cron)
    except CronSimError as wrong:
        words = str(wrong).replace("Bad ", "")
        return FreezeFault("cron", f"this is no cron expression: its {words} is wrong", _CRON_HINT)
    zone = _zone(freeze.zone)
    first = next((day for day in _days(cron, _SAMPLE, _EVER_DAYS) if _starts(cron, day, zone)), None)
    if first is None:
        return FreezeFault("cron", "no time ever matches this", _CRON_HINT)
    found = frozen(freeze, _starts(cron, first, zone)[0])
    if found is None or found.until is None:
        hint = "Take a shorter `for`, or fewer times."
        return FreezeFault("for", f"this freeze does not end within {HORIZON_DAYS} days", hint)
    return None


_CRON_HINT = "Five fields: minute, hour, day of the month, month, day of the week."


def _spans(freeze: Freeze, now: datetime) -> Iterator[_Span]:
    """Yield the windows that can matter at `now` and those after it, by their beginning."""
    zone = _zone(freeze.zone)
    if freeze.cron:
        return _by_cron(freeze, zone, now)
    return _weekly(freeze, zone, now) if freeze.start[:3] in WEEKDAYS else _once(freeze, zone)


def _once(freeze: Freeze, zone: ZoneInfo) -> Iterator[_Span]:
    start, end = _local(freeze.start), _local(freeze.end)
    if start and end:
        yield _Span(_first(start, zone), _last(end, zone))


def _weekly(freeze: Freeze, zone: ZoneInfo, now: datetime) -> Iterator[_Span]:
    today = now.astimezone(zone).date()
    monday = datetime.combine(today - timedelta(days=today.weekday()), time())
    length = (_of_week(freeze.end) - _of_week(freeze.start)) % _WEEK
    for week in range(-2, HORIZON_DAYS // 7):
        start = monday + week * _WEEK + _of_week(freeze.start)
        yield _Span(_first(start, zone), _last(start + length, zone))


def _by_cron(freeze: Freeze, zone: ZoneInfo, now: datetime) -> Iterator[_Span]:
    cron, length = _cron(freeze.cron), timedelta(seconds=freeze.seconds)
    first = (now - length).astimezone(zone).date() - _DAY
    for day in _days(cron, first, 2 * length.days + HORIZON_DAYS + 4):
        for start in _starts(cron, day, zone):
            yield _Span(start, start + length)


def _days(cron: CronSim, first: date, most: int) -> Iterator[date]:
    """Yield the days from `first` on that the expression names, among the next `most`."""
    for number in range(most):
        day = first + number * _DAY
        if day.month in cron.months and cron.match_day(day):
            yield day


def _starts(cron: CronSim, day: date, zone: ZoneInfo) -> list[datetime]:
    """Return the moments in UTC of a day that the expression names."""
    times = [timedelta(hours=hour, minutes=minute) for hour in cron.hours for minute in cron.minutes]
    midnight = datetime.combine(day, time())
    begin, end = _first(midnight, zone), _first(midnight + _DAY, zone)
    if end - begin == _DAY and begin.astimezone(zone).utcoffset() == end.astimezone(zone).utcoffset():
        return sorted(begin + each for each in times)
    return sorted({moment for each in times for moment in _moments(cron, midnight + each, zone)})


def _moments(cron: CronSim, local: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Return when an expression that names `local` begins a window on a day when the clocks change."""
    minute, hour = cron.parts[1:3]
    if not minute.startswith("*") and not hour.startswith("*"):
        return (_first(local, zone),)
    return (_first(local, zone), _last(local, zone)) if _exists(local, zone) else ()


def _first(local: datetime, zone: ZoneInfo) -> datetime:
    """Return in UTC when the clocks of `zone` first show `local`, or skip it."""
    while not _exists(local, zone):
        local += _MINUTE
    return local.replace(tzinfo=zone).astimezone(UTC)


def _last(local: datetime, zone: ZoneInfo) -> datetime:
    """Return in UTC when the clocks of `zone` last show `local`, or skip it."""
    if not _exists(local, zone):
        return _first(local, zone)
    return local.replace(tzinfo=zone, fold=1).astimezone(UTC)


def _exists(local: datetime, zone: ZoneInfo) -> bool:
    back = local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    return back.replace(tzinfo=None, fold=0) == local


def _of_week(text: str) -> timedelta:
    """Return how far into the week `Fri 16:00` is."""
    day, _, clock = text.partition(" ")
    return timedelta(days=WEEKDAYS.index(day), hours=int(clock[:2]), minutes=int(clock[3:]))


def _local(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


@functools.cache
def _cron(expression: str) -> CronSim:
    """Return the parsed expression, for what it matches. Raises CronSimError."""
    from cronsim import CronSim  # noqa: PLC0415 - few repositories freeze by cron

    return CronSim(expression, datetime.combine(_SAMPLE, time()))


@functools.cache
def _zone(name: str) -> ZoneInfo:
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - only a freeze needs it

    return ZoneInfo(name)


def _has_zone(name: str) -> bool:
    # What a machine calls its own time, and copies of the database that count leap seconds, differ.
    if name in {"localtime", "posixrules", "Factory"} or name.startswith(("right/", "posix/")):
        return False
    try:
        _zone(name)
    except (OSError, ValueError, LookupError):
        return False
    return True


def _zone_hint(name: str) -> str:
    from zoneinfo import available_timezones  # noqa: PLC0415 - as above

    from sealock.domain.suggest import closest  # noqa: PLC0415

    near = closest(name, available_timezones())
    return f"Did you mean `{near}`?" if near else "Take a name of the IANA database such as Europe/Berlin."
