"""The compiled rules say what the written meaning of the language says, and never permit on what is unknown."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from policy.compile import evaluator
from policy.condition import (
    Among,
    Cell,
    Condition,
    Constant,
    Elapsed,
    Every,
    Exists,
    Has,
    Listed,
    Negation,
    OneOf,
    Period,
    SameAs,
    Some,
)
from policy.facts import UNKNOWN
from policy.logic import Ground
from policy.table import Table

WORDS = ("a", "b", "c")
NAMES = ("text.x", "text.y", "set.x", "set.y", "time.x", "context.now")
TABLE = Table("t", frozenset(WORDS), frozenset(WORDS), {("a", "b"): "yes", ("b", "b"): "no", ("a", "c"): "a"}, {})
GROUND = Ground({name: position for position, name in enumerate(NAMES)}, {"t": TABLE})

texts = st.sampled_from(("text.x", "text.y"))
sets = st.sampled_from(("set.x", "set.y"))
words = st.sampled_from(WORDS)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis adds it
days = st.dates(date(2010, 1, 1), date(2020, 1, 1))
tests: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Constant, st.booleans()),
    st.builds(Among, texts, st.frozensets(st.one_of(words, st.none()), min_size=1)),
    st.builds(SameAs, texts, texts),
    st.builds(OneOf, texts, sets),
    st.builds(Has, sets, words),
    st.builds(Exists, texts),
    st.builds(Elapsed, st.just("time.x"), st.integers(0, 40), st.sampled_from(("days", "months", "years"))),
    st.builds(Cell, texts, st.just("t"), words, st.just(False), st.frozensets(st.sampled_from(("yes", "no")))),
    st.builds(Cell, texts, st.just("t"), texts, st.just(True), st.frozensets(st.sampled_from(("yes", "no")))),
    st.builds(Cell, texts, st.just("t"), words, st.just(False), st.just(frozenset()), texts),
    st.builds(Listed, texts, st.just("t"), st.booleans()),
    st.builds(Period, st.none() | days, st.none() | days),
)
conditions = st.recursive(
    tests,
    lambda inner: st.one_of(
        st.builds(Negation, inner),
        st.builds(Every, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Some, st.lists(inner, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)
unknown = st.just(UNKNOWN)
word = st.one_of(words, st.just(" "), st.none(), unknown)
members = st.one_of(st.frozensets(words), st.none(), unknown)
values = st.tuples(
    word, word, members, members, st.one_of(moments, st.none(), unknown), st.one_of(moments, unknown)
).map(list)


def _compiled(condition: Condition, facts: list[Any], *, sure: bool) -> bool:
    return evaluator([(7, condition, sure)], GROUND)(facts) == (7,)


@given(conditions, values)
def test_compiled_and_written_meaning_agree(condition: Condition, facts: list[Any]) -> None:
    """A permit fires exactly where the condition is true, a denial exactly where it is not false."""
    answer = GROUND.ask(condition, facts)
    assert _compiled(condition, facts, sure=True) is (answer is True)
    assert _compiled(condition, facts, sure=False) is (answer is not False)


@given(conditions, values, st.integers(0, len(NAMES) - 1))
def test_forgetting_a_fact_never_opens(condition: Condition, facts: list[Any], position: int) -> None:
    """What was not true cannot become true, nor what may hold stop, when a fact becomes unknown."""
    less = [UNKNOWN if index == position else value for index, value in enumerate(facts)]
    assert not (_compiled(condition, less, sure=True) and not _compiled(condition, facts, sure=True))
    assert not (_compiled(condition, facts, sure=False) and not _compiled(condition, less, sure=False))
