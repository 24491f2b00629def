"""A predicate in SQL selects exactly the documents of which it holds, whatever is null."""

import os
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from policy.model import AllOf, Always, AnyOf, Contains, IsOneOf, Not, Predicate, Within
from services.store.clock import micros, moment
from services.store.errors import Untranslatable
from services.store.labels import CODES
from services.store.listing import Wanted
from services.store.predicate import expression
from services.store.tables import DOCUMENT_STATUSES
from tests.services.databases import Database
from tests.services.store.world import ALICE, deposit, within

VALUES: dict[str, tuple[str | None, ...]] = {
    "document.type": ("11488-4", "60568-3", ""),
    "document.class": ("10", "90", None),
    "document.status": DOCUMENT_STATUSES,
    "document.author": ("A", "a", "B"),
    "document.author_structure": ("H1", "H2", None),
    "document.patient": (ALICE, "other", None),
}
TIMES = (0, 1, 2, micros(datetime(2011, 6, 15, tzinfo=UTC)))

EXAMPLES = 5_000 if os.environ.get("DMP_TEST_DEEP") else 100

attributes = st.sampled_from(sorted(VALUES))
bounds = st.none() | st.sampled_from(TIMES)
leaves: st.SearchStrategy[Predicate] = st.one_of(
    st.booleans().map(Always),
    attributes.flatmap(
        lambda name: st.frozensets(st.sampled_from([*VALUES[name], None, "elsewhere"])).map(
            lambda values: IsOneOf(name, values)
        )
    ),
    st.sampled_from(CODES).map(lambda code: Contains("document.labels", code)),
    st.lists(st.tuples(bounds, bounds), max_size=3).map(
        lambda intervals: Within("document.deposited_at", tuple(intervals))
    ),
)
predicates: st.SearchStrategy[Predicate] = st.recursive(
    leaves,
    lambda parts: (
        parts.map(Not)
        | st.lists(parts, max_size=3).map(lambda some: AllOf(tuple(some)))
        | st.lists(parts, max_size=3).map(lambda some: AnyOf(tuple(some)))
    ),
    max_leaves=12,
)
items = st.fixed_dictionaries(
    {
        **{name: st.sampled_from(values) for name, values in VALUES.items()},
        "document.labels": st.frozensets(st.sampled_from(CODES)),
        "document.deposited_at": st.sampled_from(TIMES),
    }
)
Item = dict[str, Any]


def holds(predicate: Predicate, item: Item) -> bool:
    """What the model says that a predicate means, by the plainest reading."""
    match predicate:
        case Always(value):
            return value
        case IsOneOf(attribute, values):
            return item[attribute] in values
        case Contains(attribute, value):
            return value in item[attribute]
        case Within(attribute, intervals):
            at = item[attribute]
            return any((low is None or low <= at) and (high is None or at < high) for low, high in intervals)
        case Not(part):
            return not holds(part, item)
        case AllOf(parts):
            return all(holds(part, item) for part in parts)
        case AnyOf(parts):
            return any(holds(part, item) for part in parts)


def store(connection: Database, item: Item) -> str:
    """Deposit a document with these attributes, and give its logical id."""
    stored = within(
        connection,
        lambda scope: deposit(
            scope,
            type=item["document.type"],
            class_code=item["document.class"],
            labels=item["document.labels"],
            author=item["document.author"],
            author_structure=item["document.author_structure"],
            patient=item["document.patient"],
            at=moment(item["document.deposited_at"]),
        ),
    )
    connection.execute(
        "UPDATE documents SET status = ? WHERE logical_id = ?", (item["document.status"], stored.logical_id)
    )
    return str(stored.logical_id)


def visible(connection: Database, predicate: Predicate) -> list[str]:
    """The logical ids that a list shows, of every status."""
    page = within(
        connection,
        lambda scope: scope.documents.visible(ALICE, predicate, Wanted(statuses=DOCUMENT_STATUSES), limit=1000),
    )
    return [document.logical_id for document in page.items]


def among(connection: Database, predicate: Predicate, ids: list[str], status: str | None) -> frozenset[str]:
    """Which of some documents satisfy the predicate."""
    found: frozenset[str] = within(
        connection, lambda scope: scope.documents.visible_among(ALICE, predicate, ids, status=status)
    )
    return found


NULL_CLASS: Item = {
    "document.type": "",
    "document.class": None,
    "document.status": "Approved",
    "document.author": "A",
    "document.author_structure": None,
    "document.patient": None,
    "document.labels": frozenset(),
    "document.deposited_at": 0,
}


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(predicate=predicates, stored=st.lists(items, max_size=6))
@example(predicate=Not(IsOneOf("document.class", frozenset({"10"}))), stored=[NULL_CLASS])
@example(predicate=Not(Not(IsOneOf("document.class", frozenset({"10"})))), stored=[NULL_CLASS])
@example(predicate=IsOneOf("document.author_structure", frozenset()), stored=[NULL_CLASS])
@example(predicate=AnyOf(()), stored=[NULL_CLASS])
@example(predicate=AllOf(()), stored=[NULL_CLASS])
@example(predicate=Within("document.deposited_at", ()), stored=[NULL_CLASS])
def test_sql_selects_what_the_predicate_holds_of(
    connection: Database, predicate: Predicate, stored: list[Item]
) -> None:
    """The list, and the choice among given documents with or without another status, equal a plain evaluation."""
    connection.execute("DELETE FROM documents")
    by_id = {store(connection, item): item for item in stored}
    expected = {name for name, item in by_id.items() if holds(predicate, item)}
    assert set(visible(connection, predicate)) == expected
    assert among(connection, predicate, list(by_id), None) == expected
    approved = {name for name, item in by_id.items() if holds(predicate, {**item, "document.status": "Approved"})}
    assert among(connection, predicate, list(by_id), "Approved") == approved


NULLABLE = sorted(name for name, values in VALUES.items() if None in values)
CHOICES: tuple[frozenset[str | bool | None], ...] = (
    frozenset(),
    frozenset({None}),
    frozenset({"x"}),
    frozenset({"x", None}),
    frozenset({"y"}),
)


@pytest.mark.parametrize("attribute", NULLABLE)
def test_null_is_a_value_like_another(connection: Database, attribute: str) -> None:
    """Each choice of values, plain and negated, on a document with a value and one without."""
    items: list[Item] = [{**NULL_CLASS, attribute: value} for value in ("x", None)]
    by_id = {store(connection, item): item for item in items}
    for part in (IsOneOf(attribute, values) for values in CHOICES):
        for predicate in (part, Not(part), Not(Not(part)), AllOf((part, Not(part))), AnyOf((part, Not(part)))):
            expected = {name for name, item in by_id.items() if holds(predicate, item)}
            assert set(visible(connection, predicate)) == expected


@pytest.mark.parametrize(
    "predicate",
    [
        IsOneOf("document.maskd", frozenset({"x"})),
        IsOneOf("document.labels", frozenset({"N"})),
        IsOneOf("document.deposited_at", frozenset({None})),
        IsOneOf("document.type", frozenset({True})),
        IsOneOf("subject.kind", frozenset({"HOLDER"})),
        Contains("document.labels", "SECRET"),
        Contains("document.type", "N"),
        Within("document.type", ((None, None),)),
        Within("document.created_at", ((0, 1),)),
    ],
)
def test_what_no_column_answers_is_never_all_rows(connection: Database, predicate: Predicate) -> None:
    """An attribute, a value or a comparison that cannot be translated is refused, alone or inside another."""
    within(connection, deposit)
    for whole in (predicate, Not(predicate), AnyOf((Always(value=True), predicate))):
        with pytest.raises(Untranslatable):
            expression(whole)
        with pytest.raises(Untranslatable):
            visible(connection, whole)


def test_what_is_no_predicate_is_refused(connection: Database) -> None:
    """Nor is anything else that a mistake could pass."""
    for mistake in (None, True, "1 = 1"):
        with pytest.raises(Untranslatable):
            expression(mistake)  # type: ignore[arg-type]
        with pytest.raises(Untranslatable):
            visible(connection, mistake)  # type: ignore[arg-type]


def test_predicates_of_one_shape_keep_their_own_values(connection: Database) -> None:
    """A statement compiled for one doctor serves another with that one's identifier."""
    mine = within(connection, lambda scope: deposit(scope, author="mine")).logical_id
    yours = within(connection, lambda scope: deposit(scope, author="yours")).logical_id
    assert visible(connection, IsOneOf("document.author", frozenset({"mine"}))) == [mine]
    assert visible(connection, IsOneOf("document.author", frozenset({"yours"}))) == [yours]
    assert visible(connection, Not(IsOneOf("document.author", frozenset({"mine"})))) == [yours]


@pytest.mark.parametrize("odd", ["' OR 1=1 --", "\0", "A\0", "%", "\ud800"])
def test_a_value_is_never_a_statement(connection: Database, odd: str) -> None:
    """Whatever text a predicate compares with, it selects nothing else, or fails."""
    within(connection, lambda scope: deposit(scope, author="A"))
    try:
        assert visible(connection, IsOneOf("document.author", frozenset({odd}))) == []
    except Exception as error:  # noqa: BLE001 - a lone surrogate is refused by the driver
        assert type(error).__name__ == "StatementFailed"  # noqa: PT017 - as above


def test_unknown_documents_are_among_none(connection: Database) -> None:
    """An id that names nothing, or is cut by the database, is not visible."""
    stored = within(connection, deposit).logical_id
    asked = [stored, str(uuid4()), stored + "\0x", ""]
    assert among(connection, Always(value=True), asked, None) == {stored}
