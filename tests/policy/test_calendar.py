"""Dates as the law counts them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.calendar import add_months, due, elapsed, microseconds, started_long_ago

moments = st.datetimes(datetime(1995, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis adds it


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2023, 1, 31), 1, date(2023, 2, 28)),
        (date(2000, 2, 29), 120, date(2010, 2, 28)),
        (date(2000, 2, 29), 216, date(2018, 2, 28)),
        (date(2023, 12, 15), 1, date(2024, 1, 15)),
        (date(2024, 3, 31), -1, date(2024, 2, 29)),
    ],
)
def test_months_clamp_to_their_end(day: date, months: int, expected: date) -> None:
    """A day that the month does not have becomes its last; 29 February counts as 28."""
    assert expected == add_months(day, months)


def test_a_birthday_starts_at_midnight_in_paris() -> None:
    """Somebody born on 1 June is of age at 00:00 in Paris, 22:00 UTC of the day before."""
    birthday = date(2000, 6, 1)
    assert elapsed(birthday, 18, "years", datetime(2018, 5, 31, 22, 0, tzinfo=UTC))
    assert not elapsed(birthday, 18, "years", datetime(2018, 5, 31, 21, 59, 59, tzinfo=UTC))


def test_ten_years_end_at_the_same_hour() -> None:
    """A closure holds until the second before its tenth anniversary."""
    closed = datetime(2001, 7, 1, 12, 0, tzinfo=UTC)
    assert elapsed(closed, 10, "years", datetime(2011, 7, 1, 12, 0, tzinfo=UTC))
    assert not elapsed(closed, 10, "years", datetime(2011, 7, 1, 11, 59, 59, tzinfo=UTC))


def test_no_date_is_too_far() -> None:
    """A limit beyond the calendar is never reached, and raises nothing."""
    assert due(datetime(9989, 1, 1, tzinfo=UTC), 10, "years") is None
    assert due(date(2000, 1, 1), 100_000, "years") is None


@given(moments, st.integers(0, 40), st.sampled_from(("days", "months", "years")), st.integers(-70 * 86400, 3 * 86400))
def test_the_intervals_of_a_list_are_the_times_that_have_elapsed(
    now: datetime, amount: int, unit: str, offset: int
) -> None:
    """A database asked by intervals answers as the engine does, time by time, clamped month ends included."""
    rough = timedelta(days=amount * {"days": 1, "months": 30.5, "years": 365.25}[unit])
    start = now - rough + timedelta(seconds=offset)
    inside = any(
        (low is None or low <= microseconds(start)) and (high is None or microseconds(start) < high)
        for low, high in started_long_ago(amount, unit, now)  # type: ignore[arg-type]  # one of the three units
    )
    assert elapsed(start, amount, unit, now) is inside  # type: ignore[arg-type]  # as above
