"""What the proofs take for granted of time is so, and every way in which delays can have passed is shown by a clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest

from policy.analyze.clock import USUAL_DAY, Amount, Span, implied, impossible, moments, spans, within
from policy.calendar import due, elapsed
from policy.condition import Period
from policy.vocabulary import Kind

AMOUNTS: list[Amount] = [
    (0, "days"), (28, "days"), (30, "days"), (31, "days"), (32, "days"), (365, "days"), (366, "days"), (367, "days"),
    (1, "months"), (11, "months"), (12, "months"), (13, "months"), (1, "years"), (10, "years"), (18, "years"),
]  # fmt: skip


@pytest.mark.parametrize("kind", [Kind.DATE, Kind.TIME])
@pytest.mark.parametrize("longer", AMOUNTS)
def test_what_is_implied_is_so(longer: Amount, kind: Kind) -> None:
    """Whatever the day of the start, the longer amount has never passed before the one that it is said to imply."""
    shorter_ones = [shorter for shorter in AMOUNTS if implied(longer, shorter)]
    assert longer in shorter_ones
    for offset in range(0, 4 * 366, 2):
        start = datetime(2023, 1, 1, 1, 30, tzinfo=UTC) + timedelta(days=offset)
        begun = start.date() if kind is Kind.DATE else start
        passed = due(begun, *longer)
        assert passed is not None
        for shorter in shorter_ones:
            assert elapsed(begun, *shorter, passed), (begun, shorter)


@pytest.mark.parametrize("kind", [Kind.DATE, Kind.TIME])
@pytest.mark.parametrize(
    "second", [(0, "days"), (30, "days"), (400, "days"), (2, "months"), (12, "months"), (18, "years")]
)
@pytest.mark.parametrize("first", [(1, "months"), (10, "years")])
def test_every_way_is_shown_unless_a_law_forbids_it(first: Amount, second: Amount, kind: Kind) -> None:
    """For two amounts, each of the four ways that the laws let through has a clock and a time."""
    (span,) = spans([])
    for answers in product([True, False], repeat=2):
        wanted = dict(zip((first, second), answers, strict=True))
        contradicted = any(implied(a, b) and wanted[a] and not wanted[b] for a in wanted for b in wanted)
        found = None if contradicted else moments(span, {"a": wanted}, {"a": kind})
        if found is None:
            # A day or two where months meet days may be let through and never shown: then no proof rests on it.
            assert contradicted or {first[1], second[1]} > {"days"} or len(wanted) < len(answers)
            continue
        now, times = found
        assert {amount: elapsed(times["a"], *amount, now) for amount in wanted} == wanted


def test_the_usual_clock_serves_where_it_can() -> None:
    """A single delay asks for no other day than the usual one."""
    now, _ = moments(
        spans([])[0], {"a": {(10, "years"): True}, "b": {(1, "months"): False}}, {"a": Kind.TIME, "b": Kind.DATE}
    ) or (None, {})
    assert now is not None
    assert now.date() == USUAL_DAY


def test_days_are_cut_where_rules_begin_and_end() -> None:
    """Each span lies in a period with all of its days or with none."""
    periods = [
        Period(date(2024, 2, 1), date(2024, 2, 29)),
        Period(None, date(2024, 2, 10)),
        Period(date(2030, 1, 1), None),
    ]
    found = spans(periods)
    assert [span.first for span in found[1:]] == [
        date(2024, 2, 1),
        date(2024, 2, 11),
        date(2024, 3, 1),
        date(2030, 1, 1),
    ]
    assert [[within(span, period) for span in found] for period in periods] == [
        [False, True, True, False, False],
        [True, True, False, False, False],
        [False, False, False, False, True],
    ]


def test_a_clock_lies_within_its_span() -> None:
    """A span of one day, far from the usual one, has its clock on that day in Paris."""
    span = Span(date(1999, 12, 31), date(2000, 1, 1))
    now, _ = moments(span, {}, {}) or (None, {})
    assert now == datetime(1999, 12, 31, 11, tzinfo=UTC)


def test_what_no_calendar_holds_has_never_passed() -> None:
    """Ten thousand years have not passed, a thousand may have."""
    assert impossible((10_000, "years"))
    assert not impossible((1_000, "years"))
    assert moments(spans([])[0], {"a": {(5_000, "years"): True}}, {"a": Kind.TIME})


@pytest.mark.parametrize(("minor", "old"), list(product([True, False], repeat=2)))
def test_dates_come_in_the_order_that_is_asked_for(minor: bool, old: bool) -> None:
    """Whoever is born of age or not, and however old the deposit, it comes between birth and clock."""
    wanted: dict[str, dict[Amount, bool]] = {"born": {(18, "years"): not minor}, "deposited": {(10, "years"): old}}
    kinds, pairs = {"born": Kind.DATE, "deposited": Kind.TIME}, (("born", "deposited"), ("deposited", "context.now"))
    now, times = moments(spans([])[0], wanted, kinds, pairs) or (None, {})
    deposited = times["deposited"]
    assert isinstance(deposited, datetime)
    assert now is not None
    assert date(1900, 1, 1) < times["born"] <= deposited.date() <= now.date()


def test_an_order_that_cannot_be_had_is_left() -> None:
    """A deposit of ten years ago for one who is not yet five: the delays come before the order."""
    wanted: dict[str, dict[Amount, bool]] = {"born": {(5, "years"): False}, "deposited": {(10, "years"): True}}
    kinds = {"born": Kind.DATE, "deposited": Kind.DATE}
    now, times = moments(spans([])[0], wanted, kinds, (("born", "deposited"),)) or (None, {})
    assert now is not None
    assert {name: elapsed(times[name], *amount, now) for name in wanted for amount in wanted[name]} == {
        "born": False,
        "deposited": True,
    }
