"""Time as rules test it: which answers to `elapsed` go together, and moments that have them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from itertools import pairwise

from policy.calendar import PARIS, add_months, elapsed
from policy.chronology import NOW, Pair, broken
from policy.condition import Elapsed, Period, Unit
from policy.vocabulary import Kind

Amount = tuple[int, Unit]
USUAL_DAY = date(2025, 6, 16)
"""The clock of a request whose day does not matter."""
_DAYS_OF_A_CYCLE = 1461
_CYCLES = (date(1996, 1, 1), date(2096, 1, 1))
"""Four years with a leap day, and four of which the century takes it away."""
_MORE_CLOCKS = 31
"""Clocks that are tried for times in their order before others will do."""
_LONG_AGO: Amount = (40, "years")
"""Before all that examples tell: a grown-up's birth."""
_FIRST, _LAST = date(1, 1, 3), date(9990, 12, 29)


@dataclass(frozen=True, slots=True)
class Span:
    """Days of Paris that no period of a rule tells apart: from `first`, up to and without `end`."""

    first: date
    end: date


def spans(periods: Iterable[Period]) -> tuple[Span, ...]:
    """All days, cut wherever a rule begins or ends."""
    cuts = {_FIRST, _LAST}
    for period in periods:
        if period.since is not None:
            cuts.add(min(max(period.since, _FIRST), _LAST))
        if period.until is not None:
            cuts.add(min(max(period.until, _FIRST), _LAST - timedelta(days=1)) + timedelta(days=1))
    return tuple(Span(first, end) for first, end in pairwise(sorted(cuts)))


def within(span: Span, period: Period) -> bool:
    """Whether the days of a span lie in a period that was one of those that cut them."""
    return (period.since is None or period.since <= span.first) and (
        period.until is None or span.end > span.first <= period.until
    )


def implied(longer: Amount, shorter: Amount) -> bool:
    """Whether the first cannot have elapsed without the second.

    Sound, and exact but for a day or two where months meet days: what is let through there, no request can show.
    """
    if longer[1] == "days" and shorter[1] == "days":
        return longer[0] >= shorter[0]
    if "days" not in (longer[1], shorter[1]):
        return _months(longer) >= _months(shorter)
    return _days(longer)[0] >= _days(shorter)[1]


def _months(amount: Amount) -> int:
    return amount[0] * (12 if amount[1] == "years" else 1)


@cache
def _days(amount: Amount) -> tuple[int, int]:
    """Numbers of days that so much time never falls short of, and never exceeds, an hour of summer time included."""
    if amount[1] == "days":
        return amount[0], amount[0]
    starts = [first + timedelta(days=offset) for first in _CYCLES for offset in range(_DAYS_OF_A_CYCLE)]
    lengths = [(add_months(start, _months(amount)) - start).days for start in starts]
    return min(lengths) - 1, max(lengths) + 1


Times = dict[str, date | datetime]
"""A time for each attribute that is given one."""


def moments(
    span: Span,
    wanted: Mapping[str, Mapping[Amount, bool]],
    kinds: Mapping[str, Kind],
    pairs: Sequence[Pair] = (),
) -> tuple[datetime, Times] | None:
    """A clock within the span and a time for each attribute, so that each amount has elapsed or not as wanted.

    No first of `pairs` is later than its second, unless no clock of a month or so has such times.
    """
    # Thousands of classes of requests want the same few times, and a search that finds none goes through four years.
    asked = tuple((name, tuple(amounts.items()), kinds[name]) for name, amounts in wanted.items())
    found = _moments(span, asked, tuple(pairs))
    return found and (found[0], dict(found[1]))


@lru_cache(maxsize=4096)
def _moments(
    span: Span, asked: tuple[tuple[str, tuple[tuple[Amount, bool], ...], Kind], ...], pairs: tuple[Pair, ...]
) -> tuple[datetime, Times] | None:
    second_best: tuple[datetime, Times] | None = None
    for number, now in enumerate(_clocks(span)):
        fitting = {name: _fitting(dict(amounts), kind, now) for name, amounts, kind in asked}
        firsts = {name: next(times, None) for name, times in fitting.items()}
        if None not in firsts.values():
            starts = {name: [first, *fitting[name]] for name, first in firsts.items() if first is not None}
            found = _in_order(starts, now, pairs)
            if not any(broken({**found, NOW: now}, pairs)):
                return now, found
            second_best = second_best or (now, found)
        if second_best and number > _MORE_CLOCKS:
            break
    return second_best


def _in_order(starts: Mapping[str, list[date | datetime]], now: datetime, pairs: Sequence[Pair]) -> Times:
    """One of the times of each attribute: the oldest of what others come after, and then the youngest of the rest."""
    found: Times = {}
    firsts = {first for first, second in pairs if second in starts}
    waiting = sorted(starts, key=lambda name: (name not in firsts, sum(second == name for _, second in pairs)))
    for name in waiting:
        times = _oldest_first(starts[name]) if name in firsts else starts[name]
        fits = (t for t in times if not any(broken({**found, name: t, NOW: now}, pairs)))
        found[name] = next(fits, starts[name][0])
    return found


def _oldest_first(times: list[date | datetime]) -> list[date | datetime]:
    """The first day of all last: it comes before everything, and is nobody's birthday."""
    oldest = times[::-1]
    return [*(t for t in oldest if t.year != _FIRST.year), *(t for t in oldest if t.year == _FIRST.year)]


def _clocks(span: Span) -> Iterator[datetime]:
    """Noon of the usual day or the nearest to it, then of every day for four years, then a late one."""
    first = min(max(USUAL_DAY, span.first), span.end - timedelta(days=1))
    for offset in range(_DAYS_OF_A_CYCLE):
        day = first + timedelta(days=offset)
        if day < span.end:
            yield _noon(day)
    for offset in range(1, _DAYS_OF_A_CYCLE):
        day = first - timedelta(days=offset)
        if day >= span.first:
            yield _noon(day)
    yield _noon(span.end - timedelta(days=1))


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), PARIS).astimezone(UTC)


def _fitting(wanted: Mapping[Amount, bool], kind: Kind, now: datetime) -> Iterator[date | datetime]:
    """The times of which the amounts have elapsed or not as wanted."""
    for start in _starts(wanted, kind, now):
        if all(elapsed(start, *amount, now) is answer for amount, answer in wanted.items()):
            yield start


def _starts(wanted: Iterable[Amount], kind: Kind, now: datetime) -> Iterator[date | datetime]:
    """Times near the limits of every amount, the youngest first, and then the oldest that there is."""
    days = {now.date() + timedelta(days=1), now.date() - timedelta(days=1), _FIRST, _limit(now.date(), _LONG_AGO)}
    for amount in wanted:
        limit = _limit(now.date(), amount)
        days |= {
            limit + timedelta(days=offset) for offset in (-3, -2, -1, 0, 1, 2, 3) if limit > _FIRST + timedelta(days=3)
        }
    for day in sorted(days, reverse=True):
        yield day if kind is Kind.DATE else datetime.combine(day, now.time(), UTC)


def _limit(today: date, amount: Amount) -> date:
    """About so long before today, or the first day of all."""
    if amount[1] == "days":
        return today - timedelta(days=amount[0]) if amount[0] < (today - _FIRST).days else _FIRST
    return add_months(today, -_months(amount)) if _months(amount) < (today.year - 2) * 12 else _FIRST


def impossible(amount: Amount) -> bool:
    """Whether so much time has never elapsed within the calendar."""
    return amount[0] * {"days": 1 / 365, "months": 1 / 12, "years": 1}[amount[1]] > _LAST.year - 2


def amount_of(test: Elapsed) -> Amount:
    """How much time a test asks for."""
    return test.amount, test.unit
