"""Entries are read back as they were given, newest first, by those who may, and an unfit one is never half kept."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.model import Answer, Effect
from services.store import trace_row
from services.store.errors import Unavailable, UnfitValue, UnknownCursor
from services.store.traces import StoredTrace, Wanted
from services.store.unit_of_work import Done, TraceEntry, TraceKind, TraceOutcome
from tests.services.databases import Database
from tests.services.store.world import (
    ALICE,
    AT,
    BOB,
    COLLEAGUE,
    DOCTOR,
    Verdict,
    answered,
    change,
    count,
    create,
    entry,
    key,
    outcome,
    unit,
    within,
)

SECRET = "INVISIBLE_REPRESENTANTS_LEGAUX"
DONE = Done(TraceOutcome.DONE, None, None, late=False, touched=(), recorded_at=AT)
PERMITTED = Verdict(permitted=True, facts={"record": {"exists": True}, "relation": {}, "document": None})


def traced(connection: Database, **others: Any) -> str:
    """Trace one call with these fields, and give its decision id."""
    written = outcome(connection, unit(entry=lambda verdict, done: entry(verdict, done, **others)))
    return written.entries[0].decision_id


def read(connection: Database, record: str = ALICE, **how: Any) -> list[StoredTrace]:
    """A record's entries as a handler reads them; the fixture's own is left out."""
    paged = {name: how.pop(name) for name in ("limit", "after") if name in how}
    page = within(connection, lambda scope: scope.traces.of_record(record, Wanted(**how), **{"limit": 100, **paged}))
    return [stored for stored in page.items if stored.entry.client == "test"]


def ids(stored: list[StoredTrace]) -> list[str]:
    """The decisions of some entries."""
    return [one.entry.decision_id for one in stored]


def test_an_entry_is_read_back_as_given(connection: Database) -> None:
    """Every field, with sets as sorted lists and times in JSON as text."""
    given_facts = {"at": AT, "labels": frozenset({"b", "a"}), "nothing": None, "record": MappingProxyType({"é": 1})}
    decision = traced(
        connection,
        client="test",
        kind=TraceKind.QUESTION,
        effect=Effect.DENY,
        answer=Answer.NOT_FOUND,
        outcome=TraceOutcome.REFUSED,
        audience=SECRET,
        reason="l'été'\"",
        scope="ALL",
        facts=given_facts,
        outcomes=[{"effect": "PERMIT", "labels": {"N"}}],
        items=[("d1", 0), ("d2", 0)],
    )
    (stored,) = read(connection)
    found = stored.entry
    assert found.decision_id == decision
    assert (found.kind, found.effect, found.answer, found.outcome) == (
        TraceKind.QUESTION,
        Effect.DENY,
        Answer.NOT_FOUND,
        TraceOutcome.REFUSED,
    )
    assert (found.at, found.recorded_at, found.audience, found.reason) == (AT, AT, SECRET, "l'été'\"")
    assert found.facts == {
        "at": "2011-06-15T12:00:00.123456Z",
        "labels": ["a", "b"],
        "nothing": None,
        "record": {"é": 1},
    }
    assert (found.outcomes, found.items) == ([{"effect": "PERMIT", "labels": ["N"]}], (("d1", 0), ("d2", 0)))
    assert (found.rules, found.obligations) == ({"determining": ["AUT-02"], "matched": []}, ["TRACE"])


@pytest.mark.parametrize("limit", [1, 2, 5, 9])
def test_entries_come_newest_first_in_pages(connection: Database, limit: int) -> None:
    """Continued from a decision, each once, whatever the size of a page."""
    decisions = [traced(connection, client="test") for _ in range(5)][::-1]
    seen = ids(read(connection, limit=limit))
    while len(seen) < 5:
        seen += ids(read(connection, limit=limit, after=seen[-1]))
    assert seen == decisions


def test_entries_are_their_records_own(connection: Database) -> None:
    """Another record's are not shown, nor continued from, nor those of no record."""
    within(connection, lambda scope: create(scope, BOB))
    other = traced(connection, client="test", record=BOB)
    traced(connection, client="test", record=None)
    assert read(connection) == []
    assert ids(read(connection, BOB)) == [other]
    for unknown in (other, "none"):
        with pytest.raises(UnknownCursor):
            read(connection, after=unknown)


def test_a_professional_reads_his_own(connection: Database) -> None:
    """Scope OWN: neither shown nor continued from another's entry."""
    mine, yours = (traced(connection, client="test", subject_id=who) for who in (DOCTOR, COLLEAGUE))
    assert ids(read(connection, actor=DOCTOR)) == [mine]
    with pytest.raises(UnknownCursor):
        read(connection, actor=DOCTOR, after=yours)


def test_a_secret_access_is_kept_from_the_representatives(connection: Database) -> None:
    """Scope ALL_BUT_RESTRICTED; the others are shown (TRC-05)."""
    plain = traced(connection, client="test")
    secret = traced(connection, client="test", audience=SECRET)
    assert ids(read(connection, kept_from=SECRET)) == [plain]
    assert ids(read(connection)) == [secret, plain]
    with pytest.raises(UnknownCursor):
        read(connection, kept_from=SECRET, after=secret)


def test_the_first_entry_of_a_session_says_so(connection: Database) -> None:
    """TRC-12: one access line per actor and session, whichever page it is on."""
    calls = [(DOCTOR, "s1"), (DOCTOR, "s1"), (COLLEAGUE, "s1"), (DOCTOR, "s2"), (DOCTOR, None), (DOCTOR, "s1")]
    for who, session in calls:
        traced(connection, client="test", subject_id=who, session=session)
    assert [stored.opens_session for stored in read(connection)] == [False, True, True, True, False, True]
    assert [stored.opens_session for stored in read(connection, actor=DOCTOR)][-1] is True


def test_quiet_entries_are_read_only_where_they_open_a_session(connection: Database) -> None:
    """Those of the quiet action that open none are passed over, in the pages and in whether there are more."""
    actions = ["record.status", "record.status", "doc.read", "record.status"]
    decisions = [traced(connection, client="test", session="s", action=action) for action in actions]
    assert ids(read(connection, quiet="record.status")) == [decisions[2], decisions[0]]
    assert ids(read(connection)) == decisions[::-1]


def test_an_entry_is_not_read_by_the_group_that_writes_it(connection: Database) -> None:
    """A list of traces shows what was committed before it."""
    asked = unit(lambda scope, _: len(scope.traces.of_record(ALICE, Wanted(), limit=9).items))
    first, second = answered(connection, asked, asked)
    assert (first.result().result, second.result().result) == (1, 1)
    assert outcome(connection, asked).result == 3


UNFIT: dict[str, Any] = {
    "reason": "\ud800",
    "subject_name": 7,
    "decision_id": None,
    "kind": "OTHER",
    "effect": "ALLOW",
    "outcome": "GONE",
    "at": AT.replace(tzinfo=None),
    "facts": {"at": AT.replace(tzinfo=None)},
    "attested": {"score": float("nan")},
    "rules": {"determining": object()},
    "items": ((b"bytes", 0),),
}


@pytest.mark.parametrize("field", UNFIT)
def test_an_unfit_entry_spoils_no_other(connection: Database, field: str) -> None:
    """Its unit is unavailable and leaves nothing behind; the units beside it are answered and traced."""
    before = count(connection, "traces")

    def spoilt(verdict: Verdict, done: Done) -> TraceEntry:
        return entry(verdict, done, **{field: UNFIT[field]})

    grant = change(lambda scope, _: scope.authorisations.grant(ALICE, DOCTOR, collector=ALICE, at=AT), entry=spoilt)
    first, unfit, last = answered(connection, unit(), grant, unit())
    assert isinstance(unfit.exception(), Unavailable)
    assert first.result().entries[0].outcome is last.result().entries[0].outcome is TraceOutcome.DONE
    assert count(connection, "traces") == before + 2
    assert count(connection, "authorisations") == 0


def test_a_loop_in_the_facts_is_unfit() -> None:
    """A value without end is refused, not followed."""
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(UnfitValue):
        trace_row.canonical(loop)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text(), parts, max_size=3),
    max_leaves=8,
)


@given(value=json_values)
def test_canonical_json_is_json(value: Any) -> None:
    """What is kept reads back as what was given, unpaired surrogates included, and is plain ASCII."""
    kept = trace_row.canonical(value)
    assert json.loads(kept) == value
    assert kept.isascii()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_none_is_unfit_wherever_it_stands(number: float) -> None:
    """The faster writer would keep it as null, beside a null that was meant."""
    for value in (number, [None, number], {"a": {"b": (None, {number})}}, {"a": frozenset({number})}):
        with pytest.raises(UnfitValue):
            trace_row.canonical(value)
    assert trace_row.canonical({"a": [None, 1.5]}) == '{"a":[null,1.5]}'


@given(value=json_values)
def test_both_writers_write_the_same(value: Any) -> None:
    """The exact one writes what the faster one refuses, and entries must not differ by which it was."""
    assert trace_row.canonical(value) == json.dumps(value, sort_keys=True, separators=(",", ":"))


@given(codes=st.frozensets(st.text() | st.none()))
def test_a_set_has_one_text(codes: frozenset[str | None]) -> None:
    """However it was built, so that equal facts are equal text."""
    assert trace_row.canonical(codes) == trace_row.canonical(set(codes))


def test_times_are_told_in_utc() -> None:
    """An offset is converted, and a day stays a day."""
    local = datetime(2011, 6, 15, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    assert trace_row.canonical([local, date(2011, 6, 15)]) == '["2011-06-15T12:00:00Z","2011-06-15"]'
    assert trace_row.values(entry(PERMITTED, DONE, key(at=local)))["at"] == 1308139200000000
    assert local.astimezone(UTC).hour == 12
