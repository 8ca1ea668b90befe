"""Freezes beside a clock that is walked minute by minute, and beside cases worked out by hand."""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sealock.domain.freeze_window import WEEKDAYS, FreezeFault, Frozen, fault, frozen
from sealock.domain.settings import Freeze

MINUTE = timedelta(minutes=1)
# Berlin: 2026-03-29 01:00Z forward, 2026-10-25 01:00Z back. New York: 2026-03-08 07:00Z, 2026-11-01 06:00Z.
# Lord Howe moves by half an hour: 2026-04-04 15:00Z back, 2026-10-03 15:30Z forward.
# Santiago moves at midnight: 2026-04-05 03:00Z back, 2026-09-06 04:00Z forward.
CHANGES = {
    "Europe/Berlin": ("2026-03-29T01:00Z", "2026-10-25T01:00Z"),
    "America/New_York": ("2026-03-08T07:00Z", "2026-11-01T06:00Z"),
    "Australia/Lord_Howe": ("2026-04-04T15:00Z", "2026-10-03T15:30Z"),
    "America/Santiago": ("2026-04-05T03:00Z", "2026-09-06T04:00Z"),
    "Asia/Kolkata": ("2026-06-01T00:00Z",),
    "UTC": ("2026-06-01T00:00Z",),
}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def weekly(start: str, end: str, zone: str = "Europe/Berlin") -> Freeze:
    return Freeze(start, end, zone)


def cron(expression: str, hours: float, zone: str = "Europe/Berlin") -> Freeze:
    return Freeze(zone=zone, cron=expression, seconds=int(hours * 3600))


WEEKEND = weekly("Fri 16:00", "Mon 08:00")
NIGHT = weekly("Sun 02:30", "Sun 12:00")
UNTIL_NIGHT = weekly("Sat 12:00", "Sun 02:30")
HOLIDAYS = Freeze("2026-12-20 00:00", "2027-01-02 08:00", "Europe/Berlin")


@pytest.mark.parametrize(
    ("freeze", "now", "until"),
    [
        # An ordinary weekend, in winter (+01:00) and summer (+02:00); both ends are sharp.
        (WEEKEND, "2026-01-16T14:59:59Z", None),
        (WEEKEND, "2026-01-16T15:00:00Z", "2026-01-19T07:00Z"),
        (WEEKEND, "2026-01-19T06:59:59Z", "2026-01-19T07:00Z"),
        (WEEKEND, "2026-01-19T07:00:00Z", None),
        (WEEKEND, "2026-07-17T14:00:00Z", "2026-07-20T06:00Z"),
        # Clocks change in it: 63 and 65 hours.
        (WEEKEND, "2026-03-27T15:00:00Z", "2026-03-30T06:00Z"),
        (WEEKEND, "2026-10-23T14:00:00Z", "2026-10-26T07:00Z"),
        # It begins at 02:30 of the night without one: when clocks jump from 02:00 to 03:00.
        (NIGHT, "2026-03-29T00:59:59Z", None),
        (NIGHT, "2026-03-29T01:00:00Z", "2026-03-29T10:00Z"),
        # It begins at 02:30 of the night with two: at the first, and holds through the second.
        (NIGHT, "2026-10-25T00:29:59Z", None),
        (NIGHT, "2026-10-25T00:30:00Z", "2026-10-25T11:00Z"),
        (NIGHT, "2026-10-25T01:10:00Z", "2026-10-25T11:00Z"),
        # It ends at 02:30 of the night without one, and of the night with two: at the second.
        (UNTIL_NIGHT, "2026-03-29T00:59:59Z", "2026-03-29T01:00Z"),
        (UNTIL_NIGHT, "2026-03-29T01:00:00Z", None),
        (UNTIL_NIGHT, "2026-10-25T00:45:00Z", "2026-10-25T01:30Z"),
        (UNTIL_NIGHT, "2026-10-25T01:29:59Z", "2026-10-25T01:30Z"),
        (UNTIL_NIGHT, "2026-10-25T01:30:00Z", None),
        # It ends as the hour begins that comes twice: when that begins again.
        (weekly("Sat 22:00", "Sun 01:00", "America/New_York"), "2026-11-01T05:30Z", "2026-11-01T06:00Z"),
        # Around the end of the week, and nearly all of it.
        (weekly("Sun 23:00", "Mon 01:00", "UTC"), "2026-01-18T23:30Z", "2026-01-19T01:00Z"),
        (weekly("Sun 23:00", "Mon 01:00", "UTC"), "2026-01-19T00:30Z", "2026-01-19T01:00Z"),
        (weekly("Mon 08:01", "Mon 08:00", "UTC"), "2026-01-19T08:00Z", None),
        (weekly("Mon 08:01", "Mon 08:00", "UTC"), "2026-01-19T07:59Z", "2026-01-19T08:00Z"),
        (weekly("Mon 08:01", "Mon 08:00", "UTC"), "2026-01-19T08:01Z", "2026-01-26T08:00Z"),
        # Its only pause lies in the hour that is skipped: two windows touch.
        (weekly("Sun 02:40", "Sun 02:20"), "2026-03-28T12:00Z", "2026-04-05T00:20Z"),
        # Midnight itself is skipped in Santiago, and the hour before it comes twice.
        (weekly("Sun 00:30", "Sun 05:00", "America/Santiago"), "2026-09-06T03:59Z", None),
        (weekly("Sun 00:30", "Sun 05:00", "America/Santiago"), "2026-09-06T04:00Z", "2026-09-06T08:00Z"),
        (weekly("Sat 20:00", "Sat 23:30", "America/Santiago"), "2026-04-05T03:00Z", "2026-04-05T03:30Z"),
        # Half an hour, in Lord Howe.
        (weekly("Sun 01:45", "Sun 06:00", "Australia/Lord_Howe"), "2026-04-04T14:45Z", "2026-04-04T19:30Z"),
        (weekly("Sun 02:15", "Sun 06:00", "Australia/Lord_Howe"), "2026-10-03T15:29Z", None),
        (weekly("Sun 02:15", "Sun 06:00", "Australia/Lord_Howe"), "2026-10-03T15:30Z", "2026-10-03T19:00Z"),
        # From one date to another.
        (HOLIDAYS, "2026-12-19T22:59:59Z", None),
        (HOLIDAYS, "2026-12-19T23:00:00Z", "2027-01-02T07:00Z"),
        (HOLIDAYS, "2027-01-02T07:00:00Z", None),
        (
            Freeze("2026-10-25 02:30", "2026-10-25 02:45", "Europe/Berlin"),
            "2026-10-25T01:00Z",
            "2026-10-25T01:45Z",
        ),
        (Freeze("2026-03-29 02:10", "2026-03-29 02:50", "Europe/Berlin"), "2026-03-29T01:00Z", None),
        (Freeze("2020-01-01 00:00", "2040-01-01 00:00"), "2026-03-29T01:00Z", "2040-01-01T00:00Z"),
        # By cron: the length is elapsed time, so that these end an hour later and earlier by the clock.
        (cron("0 16 * * FRI", 64), "2026-01-18T12:00Z", "2026-01-19T07:00Z"),
        (cron("0 16 * * FRI", 64), "2026-03-29T12:00Z", "2026-03-30T07:00Z"),
        (cron("0 16 * * FRI", 64), "2026-10-26T05:59Z", "2026-10-26T06:00Z"),
        (cron("0 16 * * FRI", 64), "2026-10-26T06:00Z", None),
        # 02:30 is skipped, and comes twice; with a star each of them counts.
        (cron("30 2 * * *", 0.5), "2026-03-29T01:00Z", "2026-03-29T01:30Z"),
        (cron("30 2 * * *", 0.5), "2026-10-25T00:30Z", "2026-10-25T01:00Z"),
        (cron("30 2 * * *", 0.5), "2026-10-25T01:30Z", None),
        (cron("30 * * * *", 0.25), "2026-10-25T00:30Z", "2026-10-25T00:45Z"),
        (cron("30 * * * *", 0.25), "2026-10-25T01:30Z", "2026-10-25T01:45Z"),
        (cron("30 * * * *", 0.25), "2026-03-29T01:00Z", None),
        # Windows that overlap or touch are one.
        (cron("0 8-12 * * *", 2, "UTC"), "2026-01-19T08:00Z", "2026-01-19T14:00Z"),
        (cron("0 8-12 * * *", 1, "UTC"), "2026-01-19T12:59Z", "2026-01-19T13:00Z"),
        (cron("* * 24 12 *", 1, "UTC"), "2026-12-24T00:00Z", "2026-12-25T00:59Z"),
        # Rare ones: the last day of a month, a leap day, a long one.
        (cron("0 0 L * *", 24, "UTC"), "2028-02-29T23:59Z", "2028-03-01T00:00Z"),
        (cron("0 0 29 2 *", 24, "UTC"), "2027-02-28T12:00Z", None),
        (cron("0 0 1 1 *", 24 * 200, "UTC"), "2026-07-01T12:00Z", "2026-07-20T00:00Z"),
    ],
)
def test_a_freeze_holds_until_its_end(freeze: Freeze, now: str, until: str | None) -> None:
    assert fault(freeze) is None
    expected = None if until is None else Frozen(at(until))
    assert expected == frozen(freeze, at(now))


@functools.cache
def walked(zone: str, first: datetime, minutes: int) -> list[datetime]:
    """Return what the clock on the wall shows, each minute."""
    place = ZoneInfo(zone)
    return [(first + number * MINUTE).astimezone(place).replace(tzinfo=None) for number in range(minutes)]


def of_week(local: datetime) -> int:
    return local.weekday() * 1440 + local.hour * 60 + local.minute


def to_the_last_end(shown: list[bool], ends: list[bool], most: int) -> list[bool]:
    """Return states in which a pause of at most so many minutes is filled, before more or another end."""
    out = list(shown)
    last = None
    for number, state in enumerate(shown):
        if (state or ends[number]) and last is not None and number - last <= most:
            out[last:number] = [True] * (number - last)
        if state:
            last = number
    return out


zones = st.sampled_from(sorted(CHANGES))
minutes_of_week = st.integers(0, 7 * 1440 - 1)


def week_text(minute: int) -> str:
    return f"{WEEKDAYS[minute // 1440]} {minute // 60 % 24:02}:{minute % 60:02}"


@settings(deadline=None, max_examples=60)
@given(zones, st.data())
def test_a_weekly_freeze_agrees_with_a_clock_that_is_walked(zone: str, data: st.DataObject) -> None:
    change = at(data.draw(st.sampled_from(CHANGES[zone])))
    near = of_week(change.astimezone(ZoneInfo(zone)).replace(tzinfo=None))
    # Near the change often, and with windows and pauses longer than a change, which the walk can tell apart.
    start = (
        (near + data.draw(st.integers(-150, 150))) % 10080
        if data.draw(st.booleans())
        else data.draw(minutes_of_week)
    )
    length = data.draw(st.one_of(st.integers(180, 300), st.integers(180, 10080 - 180)))
    if data.draw(st.booleans()):
        start = (start - length) % 10080
    freeze = weekly(week_text(start), week_text((start + length) % 10080), zone)
    first = change - timedelta(days=8)
    clock = walked(zone, first, 16 * 1440)
    shown = [(of_week(local) - start) % 10080 < length for local in clock]
    ends = [(of_week(local) - start) % 10080 == length for local in clock]
    expected = to_the_last_end(shown, ends, 61)
    for number in data.draw(st.lists(st.integers(-200, 200), min_size=30, max_size=30)):
        index = 8 * 1440 + number
        found = frozen(freeze, first + index * MINUTE)
        assert expected[index] is (found is not None), (freeze, first + index * MINUTE)
        if found is not None and found.until is not None and False in expected[index:]:
            assert first + (expected.index(False, index)) * MINUTE == found.until


crons = st.builds(
    lambda minute, hour, day, weekday: f"{minute} {hour} {day} * {weekday}",
    st.sampled_from(("0", "30", "15,45", "*/20", "*", "5-10")),
    st.sampled_from(("0", "1", "2", "3", "1-3", "*", "*/2", "23", "0,12")),
    st.sampled_from(("*", "*", "*", "1", "L", "25")),
    st.sampled_from(("*", "*", "SUN", "SAT,SUN", "SUN#1", "5L")),
)


@settings(deadline=None, max_examples=60)
@given(zones, crons, st.sampled_from((60, 600, 3600, 7200, 86_400, 200_000)), st.data())
def test_a_freeze_by_cron_agrees_with_the_times_that_the_library_lists(
    zone: str, expression: str, seconds: int, data: st.DataObject
) -> None:
    # Where clocks go back by half an hour the library misses the times of that half hour.
    assume(zone != "Australia/Lord_Howe")
    change = at(data.draw(st.sampled_from(CHANGES[zone])))
    place = ZoneInfo(zone)
    first, last = change - timedelta(days=6), change + timedelta(days=5)
    starts = set()
    for found in CronSim(expression, first.astimezone(place)):
        if found.astimezone(UTC) > last:
            break
        starts.add(found.astimezone(UTC))
    freeze = Freeze(zone=zone, cron=expression, seconds=seconds)
    length = timedelta(seconds=seconds)
    for number in data.draw(st.lists(st.integers(-300, 300), min_size=20, max_size=20)):
        now = change + number * MINUTE
        covering = [each for each in starts if each <= now < each + length]
        assert bool(covering) is (frozen(freeze, now) is not None), (freeze, now)


@settings(deadline=None, max_examples=30)
@given(zones, crons, st.sampled_from((60, 1800, 5400)), st.integers(-300, 300), st.data())
def test_the_end_of_a_freeze_is_where_it_first_no_longer_holds(
    zone: str, expression: str, seconds: int, minutes: int, data: st.DataObject
) -> None:
    now = at(data.draw(st.sampled_from(CHANGES[zone]))) + minutes * MINUTE
    freeze = Freeze(zone=zone, cron=expression, seconds=seconds)
    found = frozen(freeze, now)
    if found is None or found.until is None:
        return
    assert frozen(freeze, found.until) is None
    for number in data.draw(st.lists(st.integers(0, 10**6), max_size=4)):
        between = now + (found.until - now) * (number / (10**6 + 1))
        assert frozen(freeze, between) == found


def test_a_freeze_without_an_end_in_sight_says_so() -> None:
    assert Frozen(None) == frozen(cron("0 0 * * *", 24, "UTC"), at("2026-01-19T08:00Z"))


ZONES = "Take a name of the IANA database such as Europe/Berlin."
FIELDS = "Five fields: minute, hour, day of the month, month, day of the week."


@pytest.mark.parametrize(
    ("freeze", "expected"),
    [
        (
            weekly("Fri 16:00", "Mon 08:00", "Europe/Berlni"),
            FreezeFault("zone", "unknown time zone `Europe/Berlni`", "Did you mean `Europe/Berlin`?"),
        ),
        (
            weekly("Fri 16:00", "Mon 08:00", "Xqzw/Jjjjj"),
            FreezeFault("zone", "unknown time zone `Xqzw/Jjjjj`", ZONES),
        ),
        (
            weekly("Fri 16:00", "Fri 16:00"),
            FreezeFault("to", "`from` and `to` are the same", "A freeze needs a beginning and another end."),
        ),
        (
            weekly("Fri 16:00", "2026-01-01 00:00"),
            FreezeFault(
                "to",
                "`from` and `to` are of two kinds",
                'Both are weekly, such as "Fri 16:00", or both are dates.',
            ),
        ),
        (Freeze("2026-02-01 00:00", "2026-02-30 00:00"), FreezeFault("to", 'there is no day "2026-02-30"')),
        (Freeze("2026-13-01 00:00", "2027-02-01 00:00"), FreezeFault("from", 'there is no day "2026-13-01"')),
        (
            Freeze("2027-01-02 08:00", "2026-12-20 00:00"),
            FreezeFault("to", "`to` is before `from`", "Swap them."),
        ),
        (cron("0 25 * * *", 1), FreezeFault("cron", "this is no cron expression: its hour is wrong", FIELDS)),
        (
            cron("0 0 30 2 *", 1),
            FreezeFault("cron", "this is no cron expression: its day-of-month is wrong", FIELDS),
        ),
        # Once in 28 years, and with one hour of a year in between.
        (cron("0 0 * 2 MON#5", 1), None),
        (cron("0 0 * * *", 24), None),
        (
            cron("0 0 * * *", 25),
            FreezeFault(
                "for", "this freeze does not end within 400 days", "Take a shorter `for`, or fewer times."
            ),
        ),
        (
            cron("* * * * *", 1),
            FreezeFault(
                "for", "this freeze does not end within 400 days", "Take a shorter `for`, or fewer times."
            ),
        ),
    ],
)
def test_nonsense_is_a_fault(freeze: Freeze, expected: FreezeFault | None) -> None:
    assert expected == fault(freeze)


@pytest.mark.parametrize(
    "zone", ["Europe", "../etc/passwd", "/etc/localtime", "localtime", "right/Europe/Berlin", ""]
)
def test_what_is_no_time_zone_is_a_fault(zone: str) -> None:
    found = fault(weekly("Fri 16:00", "Mon 08:00", zone))
    assert found is not None
    assert (found.key, found.message) == ("zone", f"unknown time zone `{zone}`")
