"""Lists of documents: filtered, sorted, counted and cut into pages, never beyond what the reader may see."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dmp.access.v1 import access_pb2 as access
from dmp.documents.v1 import documents_pb2 as documents
from tests.services.world import As, Person, World, of, refusal

PARIS = ZoneInfo("Europe/Paris")
NORMAL, MASKED = documents.LABEL_NORMAL, documents.LABEL_MASQUE_PS
TYPES = ("34112-3", "68599-0", "11502-2", "75496-0", "18748-4")
STATUSES = (documents.DOCUMENT_STATUS_APPROVED, documents.DOCUMENT_STATUS_ARCHIVED)
WRITTEN = [datetime(2026, 3, day, 23, 30, tzinfo=UTC) for day in (1, 2, 3, 4)]
ORDERS = {
    documents.DOCUMENT_ORDER_UNSPECIFIED: ("deposited_at", True),
    documents.DOCUMENT_ORDER_DEPOSITED_NEWEST: ("deposited_at", True),
    documents.DOCUMENT_ORDER_DEPOSITED_OLDEST: ("deposited_at", False),
    documents.DOCUMENT_ORDER_CREATED_NEWEST: ("created_at", True),
    documents.DOCUMENT_ORDER_CREATED_OLDEST: ("created_at", False),
}


def spaces() -> dict[str, int]:
    """The space of each type, read from the officers' table."""
    with (Path(__file__).parents[3] / "rules/document_types.csv").open() as table:
        return {row["typeCode"]: int(row["space_no"]) for row in csv.DictReader(table)}


SPACES = spaces()


@pytest.fixture(scope="module")
def patient(world: World) -> Person:
    """A record with documents of every kind, some of them masked, two authors, four days."""
    made = world.opened("author", "colleague", treating="treating")
    kinds = itertools.product(TYPES, WRITTEN, ("author", "treating"))
    for place, (kind, written, by) in enumerate(kinds):
        labels = (NORMAL, MASKED) if place % 7 == 3 else (NORMAL,)
        named = world.deposit(made, *labels, by=by, type_code=kind, effective_time=written)
        day = 86_400_000_000 * (place % 5)
        world.alter("UPDATE documents SET deposited_at = deposited_at - ? WHERE logical_id = ?", day, named)
        if place % 6 == 5:
            request = documents.ArchiveDocumentRequest(record=of(made), document_id=named)
            world.as_(by).ArchiveDocument(request)
    return made


def pages(caller: As, request: documents.ListDocumentsRequest) -> list[documents.ListDocumentsResponse]:
    found = []
    while True:
        found.append(caller.ListDocuments(request))
        if not found[-1].next_page_token:
            return found
        request.page_token = found[-1].next_page_token


def everything(caller: As, patient: Person) -> list[documents.Document]:
    request = documents.ListDocumentsRequest(record=of(patient), statuses=STATUSES, page_size=500)
    return list(caller.ListDocuments(request).documents)


def day_of(at: Timestamp) -> date:
    return at.ToDatetime(UTC).astimezone(PARIS).date()


def within(period: documents.Period, at: Timestamp) -> bool:
    first, last = (date(day.year, day.month, day.day) if day.year else None for day in (period.first, period.last))
    return (first is None or first <= day_of(at)) and (last is None or day_of(at) <= last)


def wanted(request: documents.ListDocumentsRequest, document: documents.Document) -> bool:
    """What the filter says, in Python."""
    return (
        document.status in (request.statuses or STATUSES[:1])
        and (not request.type_codes or document.type_code in request.type_codes)
        and (not request.spaces or SPACES[document.type_code] in request.spaces)
        and (not request.HasField("author") or document.author == request.author)
        and within(request.created, document.created_at)
        and within(request.deposited, document.deposited_at)
    )


@st.composite
def periods(draw: Any, middle: date) -> documents.Period:
    period = documents.Period()
    for bound in (period.first, period.last):
        if draw(st.booleans()):
            day = middle + timedelta(days=draw(st.integers(-3, 3)))
            bound.CopyFrom(access.Date(year=day.year, month=day.month, day=day.day))
    return period


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_list_is_what_the_filter_leaves_of_all_that_is_visible(
    world: World, patient: Person, data: st.DataObject
) -> None:
    """In every order, on pages of any size; counted without what is hidden."""
    caller = world.as_(data.draw(st.sampled_from(("author", "colleague", "treating"))))

    def some(values: Sequence[Any]) -> list[Any]:
        return data.draw(st.lists(st.sampled_from(values), max_size=3))

    request = documents.ListDocumentsRequest(
        record=of(patient),
        statuses=some(STATUSES),
        type_codes=some(TYPES),
        spaces=some(range(1, 9)),
        created=data.draw(periods(WRITTEN[1].date())),
        deposited=data.draw(periods(datetime.now(PARIS).date() - timedelta(days=2))),
        order=data.draw(st.sampled_from(sorted(ORDERS))),
        page_size=data.draw(st.integers(1, 9)),
        count=data.draw(st.booleans()),
    )
    if data.draw(st.booleans()):
        request.author.CopyFrom(of(world.people[data.draw(st.sampled_from(("author", "treating")))]))
    visible = {found.document_id: found for found in everything(caller, patient)}
    expected = {name for name, found in visible.items() if wanted(request, found)}
    answered = pages(caller, request)
    shown = [found.document_id for page in answered for found in page.documents]
    assert (set(shown), len(shown)) == (expected, len(expected))
    assert {page.HasField("total") and page.total for page in answered} == {request.count and len(expected)}
    column, newest = ORDERS[request.order]
    times = [getattr(visible[name], column).ToMicroseconds() for name in shown]
    assert times == sorted(times, reverse=newest)


def test_a_count_counts_nothing_hidden(world: World, patient: Person) -> None:
    """The colleague counts fewer than the treating physician, and as many as he sees."""
    request = documents.ListDocumentsRequest(record=of(patient), statuses=STATUSES, page_size=1, count=True)
    totals = {name: world.as_(name).ListDocuments(request).total for name in ("colleague", "treating")}
    assert totals["colleague"] < totals["treating"] == len(TYPES) * len(WRITTEN) * 2
    assert totals["colleague"] == len(everything(world.as_("colleague"), patient))


def changes() -> Sequence[tuple[str, documents.ListDocumentsRequest]]:
    day = access.Date(year=2026, month=3, day=2)
    return [
        ("statuses", documents.ListDocumentsRequest(statuses=STATUSES)),
        ("types", documents.ListDocumentsRequest(type_codes=[TYPES[0]])),
        ("spaces", documents.ListDocumentsRequest(spaces=[documents.SPACE_REPORTS])),
        ("created", documents.ListDocumentsRequest(created=documents.Period(first=day))),
        ("order", documents.ListDocumentsRequest(order=documents.DOCUMENT_ORDER_CREATED_OLDEST)),
    ]


@pytest.mark.parametrize("other", [made for _, made in changes()], ids=[name for name, _ in changes()])
def test_a_cursor_continues_its_own_list_alone(
    world: World, patient: Person, other: documents.ListDocumentsRequest
) -> None:
    """Not another question's, another caller's, another record's, nor one that was made up."""
    request = documents.ListDocumentsRequest(record=of(patient), page_size=2)
    token = world.as_("author").ListDocuments(request).next_page_token
    request.page_token = token
    assert world.as_("author").ListDocuments(request).documents
    foreign = documents.ListDocumentsRequest()
    foreign.CopyFrom(request)
    foreign.MergeFrom(other)
    second = documents.ListDocumentsRequest(record=of(world.opened("author")), page_size=2, page_token=token)
    made_up = [documents.ListDocumentsRequest(record=of(patient), page_token=text) for text in (token[:-1], "x", ".")]
    asked = [("author", foreign), ("colleague", request), ("author", second), *(("author", each) for each in made_up)]
    for name, each in asked:
        refused = refusal(world.as_(name).ListDocuments, each)
        assert (refused.code, refused.fields) == ("INVALID_ARGUMENT", {"page_token": "UNKNOWN_PAGE"})


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (documents.ListDocumentsRequest(spaces=[9]), "spaces"),  # type: ignore[list-item]  # no value of the list
        (documents.ListDocumentsRequest(spaces=[documents.SPACE_UNSPECIFIED]), "spaces"),
        (documents.ListDocumentsRequest(order=9), "order"),  # type: ignore[arg-type]  # no value of the list
        (documents.ListDocumentsRequest(type_codes=["x" * 33]), "type_codes[0]"),
        (documents.ListDocumentsRequest(author=access.Identifier(system="1.2", value="x")), "author"),
        (
            documents.ListDocumentsRequest(created=documents.Period(last=access.Date(year=2026, month=2, day=30))),
            "created.last",
        ),
    ],
)
def test_a_filter_that_cannot_be_is_refused(
    world: World, patient: Person, request_: documents.ListDocumentsRequest, field: str
) -> None:
    """With its field."""
    request_.record.CopyFrom(of(patient))
    refused = refusal(world.as_("author").ListDocuments, request_)
    assert (refused.code, list(refused.fields)) == ("INVALID_ARGUMENT", [field])
