"""Dates as the law counts them: days of Europe/Paris, months that clamp to their end."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from policy.condition import Unit

PARIS = ZoneInfo("Europe/Paris")
_LAST_YEAR = 9990
_LONGEST_MONTH = 31


def add_months(day: date, months: int) -> date:
    """The same day so many months later; the month's last day where it has no such day (29 February counts as 28)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def due(start: date | datetime, amount: int, unit: Unit) -> datetime | None:
    """When `amount` has elapsed since `start`, in UTC; nothing when that lies beyond the calendar.

    A date starts at 00:00 in Paris. A day is 24 hours; months and years keep the hour that the clocks of Paris showed.
    """
    local = start.astimezone(PARIS) if isinstance(start, datetime) else datetime.combine(start, time(), PARIS)
    if local.year + amount * {"days": 1 / 365, "months": 1 / 12, "years": 1}[unit] > _LAST_YEAR:
        return None
    if unit == "days":
        return local.astimezone(UTC) + timedelta(days=amount)
    day = add_months(local.date(), amount * (12 if unit == "years" else 1))
    return datetime.combine(day, local.time(), PARIS).astimezone(UTC)


def elapsed(start: date | datetime, amount: int, unit: Unit, now: datetime) -> bool:
    """Whether `amount` has elapsed since `start`."""
    when = due(start, amount, unit)
    return when is not None and when <= now


def microseconds(moment: datetime) -> int:
    """UTC microseconds since 1970."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def started_long_ago(amount: int, unit: Unit, now: datetime) -> tuple[tuple[int | None, int | None], ...]:
    """The times whose `amount` has elapsed by `now`, as half-open intervals of UTC microseconds.

    Not one interval: 30 January 10:00 and 29 January 14:00 both fall due on 28 February, the later one earlier.
    """
    if unit == "days":
        return ((None, microseconds(now - timedelta(days=amount)) + 1),)
    local = now.astimezone(PARIS)
    months = amount * (12 if unit == "years" else 1)
    first = add_months(local.date(), -months) - timedelta(days=_LONGEST_MONTH)
    days = [first + timedelta(days=offset) for offset in range(2 * _LONGEST_MONTH + 1)]
    on_the_day = [day for day in days if add_months(day, months) == local.date()]
    later = [day for day in days if add_months(day, months) > local.date()]
    start_of_rest = on_the_day[0] if on_the_day else later[0]
    return ((None, _start(start_of_rest)), *(_until(day, local) for day in on_the_day))


def _start(day: date) -> int:
    return microseconds(datetime.combine(day, time(), PARIS).astimezone(UTC))


def _until(day: date, local: datetime) -> tuple[int, int]:
    """The part of `day` up to and with the hour that `local` shows."""
    end = microseconds(datetime.combine(day, local.time(), PARIS).astimezone(UTC)) + 1
    return _start(day), end
