"""Pages of trace lines: who had access, then who only asked; entries are read newest first until the page is full."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dmp.trace.v1 import trace_pb2
from services.authorization.lines import QUIET, documents_of, lines
from services.runtime.call import Call
from services.runtime.entry import SECRET_AUDIENCE
from services.runtime.errors import FieldFault, Kind, ServiceError, invalid
from services.runtime.messages import page_size
from services.store.trace_entry import TraceKind
from services.store.traces import StoredTrace, Wanted

ENTRIES: Final = 200
"""Entries read at a time."""


PARTS: Final = (TraceKind.ACCESS, TraceKind.QUESTION)
"""The order in which lines are told."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ends: in which part, after the last entry shown whole, and so many lines into the next one shown.

    INVARIANT: only entries that gave lines to this reader are named, by ids that count nothing.
    """

    part: TraceKind = PARTS[0]
    whole: str = ""
    begun: str = ""
    lines: int = 0

    def __str__(self) -> str:
        return f"{self.part}/{self.whole}/{self.begun}/{self.lines}"


def page(call: Call, request: trace_pb2.ListTracesRequest) -> trace_pb2.ListTracesResponse:
    """The lines after the page before, and where the next page begins if any line is left."""
    limit = page_size(request.page_size)
    cursor = _cursor(request.page_token)
    response = trace_pb2.ListTracesResponse()
    for part, begun, found in _shown(call, cursor):
        skipped = cursor.lines if (part, begun) == (cursor.part, cursor.begun) else 0
        room = limit - len(response.lines)
        if room == 0:
            response.next_page_token = str(cursor)
            return response
        response.lines.extend(found[skipped : skipped + room])
        if skipped + room < len(found):
            whole = cursor.whole if part is cursor.part else ""
            response.next_page_token = str(Cursor(part, whole, begun, skipped + room))
            return response
        cursor = Cursor(part, begun)
    return response


def _shown(call: Call, cursor: Cursor) -> Iterator[tuple[TraceKind, str, list[trace_pb2.Line]]]:
    """Part, decision and lines of the entries that have lines for this reader, from the one begun on, if one was."""
    yield from _of_part(call, cursor)
    for part in PARTS[PARTS.index(cursor.part) + 1 :]:
        yield from _of_part(call, Cursor(part))


def _of_part(call: Call, cursor: Cursor) -> Iterator[tuple[TraceKind, str, list[trace_pb2.Line]]]:
    predicate = call.not_hidden()
    waiting = bool(cursor.begun)
    for batch in _batches(call, cursor.part, cursor.whole or None):
        named = {document for stored in batch for document in documents_of(stored.entry)}
        # Judged by their labels as if Approved: a deleted document is told of, unless it was hidden (DOC-05).
        not_hidden = call.stores.documents.visible_among(call.record, predicate, named, status="Approved")
        for stored in batch:
            waiting = waiting and stored.entry.decision_id != cursor.begun
            found = [] if waiting else lines(call, stored, not_hidden, cursor.part)
            if found:
                yield cursor.part, stored.entry.decision_id, found
    if waiting:
        raise _unknown_page()


def _batches(call: Call, part: TraceKind, after: str | None) -> Iterator[tuple[StoredTrace, ...]]:
    actor, kept_from = _reader(call)
    wanted = Wanted(part, actor, kept_from, QUIET)
    while True:
        found = call.stores.traces.of_record(call.record, wanted, limit=ENTRIES, after=after)
        yield found.items
        if not found.more:
            return
        after = found.items[-1].entry.decision_id


def _reader(call: Call) -> tuple[str | None, str | None]:
    """Whose entries alone are read, and the audience whose restricted ones are left out."""
    match call.decision.scope:
        case "ALL":
            return None, None
        case "ALL_BUT_RESTRICTED":
            return None, SECRET_AUDIENCE
        case "OWN":
            return call.identity.id, None
        case _:
            # METADATA needs a stored mission or ticket, and none is stored: a scope that is not served is refused.
            raise ServiceError(Kind.FORBIDDEN)


def _cursor(token: str) -> Cursor:
    if not token:
        return Cursor()
    match token.split("/"):
        case [part, whole, begun, count] if part in PARTS and count.isascii() and count.isdigit() and (whole or begun):
            return Cursor(TraceKind(part), whole, begun, int(count))
    raise _unknown_page()


def _unknown_page() -> ServiceError:
    return invalid([FieldFault("page_token", "UNKNOWN_PAGE", "continues no list of this caller")])
