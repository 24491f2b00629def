"""What is asked of the host, and what becomes of it."""

from __future__ import annotations

from dmp.records.v1 import records_pb2
from services.runtime import codes
from services.runtime.call import Call
from services.runtime.messages import identifier, page_size, text, timestamp
from services.runtime.obligations import ticket
from services.store.tickets import Ticket


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
    page = call.stores.tickets.of_record(
        call.record,
        call.not_hidden(),
        call.now,
        limit=page_size(request.page_size),
        after=request.page_token or None,
    )
    return records_pb2.ListTicketsResponse(
        tickets=map(_ticket, page.items), next_page_token=page.items[-1].request.id if page.more else ""
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
