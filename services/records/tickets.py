"""What is asked of the host, and what becomes of it."""

from __future__ import annotations

from typing import Final

from dmp.records.v1 import records_pb2
from services.runtime import codes
from services.runtime.call import Call
from services.runtime.messages import identifier, page_size, text, timestamp
from services.runtime.obligations import ticket
from services.store.errors import UnknownCursor
from services.store.tickets import Ticket

MOST: Final = 1_000
"""Tickets of one record that are read: the newest."""


def request_record_destruction(
    call: Call, request: records_pb2.RequestRecordDestructionRequest
) -> records_pb2.RequestRecordDestructionResponse:
    """The ticket is opened as the permit's obligation."""
    return records_pb2.RequestRecordDestructionResponse(ticket_id=ticket(call))


def request_record_copy(
    call: Call, request: records_pb2.RequestRecordCopyRequest
) -> records_pb2.RequestRecordCopyResponse:
    """As above."""
    return records_pb2.RequestRecordCopyResponse(ticket_id=ticket(call))


def list_tickets(call: Call, request: records_pb2.ListTicketsRequest) -> records_pb2.ListTicketsResponse:
    """Those of the record, but for what was asked of a document that is hidden from the reader (VIS-18)."""
    found = call.stores.tickets.of_record(call.record, call.now, limit=MOST)
    named = {each.request.document for each in found if each.request.document}
    # A deleted document is told of as before its deletion: by its labels.
    shown = call.stores.documents.visible_among(call.record, call.not_hidden(), named, status="Approved")
    rest = [each for each in found if each.request.document is None or each.request.document in shown]
    start = _start([each.request.id for each in rest], request.page_token)
    page = rest[start : start + page_size(request.page_size)]
    more = start + len(page) < len(rest)
    return records_pb2.ListTicketsResponse(
        tickets=map(_ticket, page), next_page_token=page[-1].request.id if more else ""
    )


def list_open_tickets(call: Call, request: records_pb2.ListOpenTicketsRequest) -> records_pb2.ListOpenTicketsResponse:
    """Those that wait, of all records."""
    page = call.stores.tickets.queue(call.now, limit=page_size(request.page_size), after=request.page_token or None)
    return records_pb2.ListOpenTicketsResponse(
        tickets=map(_ticket, page.items), next_page_token=page.items[-1].request.id if page.more else ""
    )


def refuse_ticket(call: Call, request: records_pb2.RefuseTicketRequest) -> records_pb2.RefuseTicketResponse:
    """It will not be done."""
    call.stores.tickets.refuse(
        call.record, request.ticket_id, by=call.identity.id, at=call.now, why=call.fact("context.reason")
    )
    return records_pb2.RefuseTicketResponse()


def _start(ids: list[str], after: str) -> int:
    if not after:
        return 0
    if after not in ids:
        raise UnknownCursor("there is no such ticket to continue from")
    return ids.index(after) + 1


def _ticket(found: Ticket) -> records_pb2.Ticket:
    asked = found.request
    return records_pb2.Ticket(
        ticket_id=asked.id,
        record=identifier(asked.record),
        action=asked.kind,
        document_id=text(asked.document),
        beneficiary=identifier(asked.beneficiary),
        opener=identifier(asked.opener),
        opener_kind=asked.opener_kind,
        opened_at=timestamp(asked.opened_at),
        expires_at=timestamp(asked.expires_at),
        needs_review=found.needs_review,
        state=codes.number_of(records_pb2.TicketState, found.state),
        settled_at=timestamp(found.settled_at),
        refusal=found.refusal,
    )
