"""Pages of trace lines: who had access, then who only asked; entries are read newest first until the page is full."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from dmp.trace.v1 import trace_pb2
from services.authorization.lines import QUIET, documents_of, lines
from services.runtime import sealed
from services.runtime.call import Call
from services.runtime.entry import SECRET_AUDIENCE
from services.runtime.errors import FieldFault, Kind, ServiceError, invalid
from services.runtime.messages import page_size
from services.store.trace_entry import TraceKind
from services.store.traces import StoredTrace, Wanted

ENTRIES: Final = 200
"""Entries read at a time."""
MILESTONE: Final = "00"
"""How the ids of one entry in 256 end: they are drawn by chance."""
MILESTONES: Final = 4
"""Milestones after which a page ends, full or not: about a thousand entries, in which all other calls wait.

INVARIANT: how many entries have no line is not counted, nor how many there are. Whoever adds entries of his own could
otherwise tell from where a page ends how many are hidden from him; so he learns at most of one in 256.
"""
PARTS: Final = (TraceKind.ACCESS, TraceKind.QUESTION)
"""The order in which lines are told."""
_FORM: Final = struct.Struct(">BB16sH")
_VERSION: Final = 1
_ALL: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ends: in which part, at which entry, and after how many of its lines.

    INVARIANT: the entry may be one without a line for this reader, so that a cursor is told him sealed.
    """

    part: TraceKind = PARTS[0]
    entry: str | None = None
    """Nothing for the beginning of the part."""
    lines: int = _ALL


def page(call: Call, request: trace_pb2.ListTracesRequest) -> trace_pb2.ListTracesResponse:
    """The lines after the page before, and where the next page begins if there may be more."""
    key, limit = call.stores.keys.cursors(), page_size(request.page_size)
    cursor = _opened(call, key, request.page_token)
    response = trace_pb2.ListTracesResponse()
    passed = 0
    for part, decision_id, found in _read(call, cursor):
        skipped = cursor.lines if (part, decision_id) == (cursor.part, cursor.entry) else 0
        until = skipped + limit - len(response.lines)
        response.lines.extend(found[skipped:until])
        passed += decision_id.endswith(MILESTONE)
        if until <= len(found) or passed == MILESTONES:
            end = Cursor(part, decision_id, until if until < len(found) else _ALL)
            response.next_page_token = _sealed(call, key, end)
            break
    return response


def _read(call: Call, cursor: Cursor) -> Iterator[tuple[TraceKind, str, list[trace_pb2.Line]]]:
    """Part, decision and lines of every entry from the cursor on, those without lines among them."""
    yield from _of_part(call, cursor)
    for part in PARTS[PARTS.index(cursor.part) + 1 :]:
        yield from _of_part(call, Cursor(part))


def _of_part(call: Call, cursor: Cursor) -> Iterator[tuple[TraceKind, str, list[trace_pb2.Line]]]:
    predicate = call.not_hidden()
    for batch in _batches(call, cursor):
        named = {document for stored in batch for document in documents_of(stored.entry)}
        # Judged by their labels as if Approved: a deleted document is told of, unless it was hidden (DOC-05).
        not_hidden = call.stores.documents.visible_among(call.record, predicate, named, status="Approved")
        for stored in batch:
            yield cursor.part, stored.entry.decision_id, lines(call, stored, not_hidden, cursor.part)


def _batches(call: Call, cursor: Cursor) -> Iterator[tuple[StoredTrace, ...]]:
    actor, kept_from = _reader(call)
    wanted = Wanted(cursor.part, actor, kept_from, QUIET)
    after, including = cursor.entry, cursor.lines != _ALL
    while True:
        found = call.stores.traces.of_record(call.record, wanted, limit=ENTRIES, after=after, including=including)
        yield found.items
        if not found.more:
            return
        after, including = found.items[-1].entry.decision_id, False


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


def _sealed(call: Call, key: bytes, cursor: Cursor) -> str:
    entry = UUID(cursor.entry).bytes
    said = _FORM.pack(_VERSION, PARTS.index(cursor.part), entry, cursor.lines)
    return sealed.seal(key, said, call.identity.id, call.record)


def _opened(call: Call, key: bytes, token: str) -> Cursor:
    if not token:
        return Cursor()
    said = sealed.opened(key, token, call.identity.id, call.record)
    if said is None:
        raise invalid([FieldFault("page_token", "UNKNOWN_PAGE", "continues no list of this caller")])
    _version, part, entry, told = _FORM.unpack(said)
    return Cursor(PARTS[part], str(UUID(bytes=entry)), told)
