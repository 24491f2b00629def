"""What a list of documents is asked for, and the cursors of its pages."""

from __future__ import annotations

from datetime import date, timedelta
from hashlib import sha256
from typing import Final

from dmp.access.v1 import access_pb2
from dmp.documents.v1 import documents_pb2
from policy.calendar import due
from services.runtime import codes, fields
from services.runtime.call import Call
from services.store import clock
from services.store.errors import UnknownCursor
from services.store.listing import EVER, Order, Span, Wanted

TYPES: Final = "document_types"
SPACE: Final = "space_no"
"""The column of the rules' table that puts a type into a space."""
ORDERS: Final = {
    "DEPOSITED_NEWEST": Order(),
    "DEPOSITED_OLDEST": Order(oldest_first=True),
    "CREATED_NEWEST": Order(by_creation=True),
    "CREATED_OLDEST": Order(by_creation=True, oldest_first=True),
}
MARK: Final = 16
"""Characters of a cursor that tell whose list it continues."""


def wanted(call: Call, request: documents_pb2.ListDocumentsRequest) -> Wanted:
    """The filter; types and spaces together let through only what is of both."""
    return Wanted(
        statuses=call.fact("context.status_filter"),
        types=_types(call, request),
        author=fields.value_at(request, "author"),
        created=_span(request.created),
        deposited=_span(request.deposited),
    )


def order(request: documents_pb2.ListDocumentsRequest) -> Order:
    """The order; the latest deposit first where none is given."""
    return ORDERS[fields.value_at(request, "order") or "DEPOSITED_NEWEST"]


def token(call: Call, request: documents_pb2.ListDocumentsRequest, last: str) -> str:
    """The cursor after a document that was shown. INVARIANT: it names nothing that was not."""
    return f"{last}.{_mark(call, request)}"


def after(call: Call, request: documents_pb2.ListDocumentsRequest) -> str | None:
    """The document after which the page begins; raises UnknownCursor for the cursor of another list or caller."""
    if not request.page_token:
        return None
    last, _, mark = request.page_token.rpartition(".")
    if not last or mark != _mark(call, request):
        raise UnknownCursor("it continues another list")
    return last


def _mark(call: Call, request: documents_pb2.ListDocumentsRequest) -> str:
    """Of the caller and of everything that decides which documents follow which."""
    asked = documents_pb2.ListDocumentsRequest()
    asked.CopyFrom(request)
    for name in ("attestations", "page_size", "page_token", "count"):
        asked.ClearField(name)
    told = f"{call.identity.id}\n".encode() + asked.SerializeToString(deterministic=True)
    return sha256(told).hexdigest()[:MARK]


def _types(call: Call, request: documents_pb2.ListDocumentsRequest) -> frozenset[str] | None:
    named = frozenset(request.type_codes) or None
    if not request.spaces:
        return named
    spaces = {codes.by_number(documents_pb2.Space.DESCRIPTOR)[space] for space in request.spaces}
    cells = call.rules.tables[TYPES].cells.items()
    within = frozenset(row for (row, column), cell in cells if column == SPACE and cell in spaces)
    return within if named is None else within & named


def _span(period: documents_pb2.Period) -> Span:
    """From the first day's beginning in Paris to the last day's end."""
    first = _start(period.first) if period.HasField("first") else None
    end = _start(period.last, days=1) if period.HasField("last") else None
    return Span(EVER.first if first is None else first, EVER.end if end is None else end)


def _start(day: access_pb2.Date, days: int = 0) -> int | None:
    start = due(date(day.year, day.month, day.day) + timedelta(days=days), 0, "days")
    return None if start is None else clock.micros(start)
