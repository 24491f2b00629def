"""What the holder or a professional is told of a record, and the alerts that he asks for."""

from __future__ import annotations

from dmp.records.v1 import records_pb2
from services.records import wire
from services.runtime.absence import HOLDER, reader_in
from services.runtime.call import Call
from services.runtime.messages import page_size
from services.store.notifications import Reader


def list_notifications(
    call: Call, request: records_pb2.ListNotificationsRequest
) -> records_pb2.ListNotificationsResponse:
    """What the holder was told, to whoever may read it for him; or what the caller himself was."""
    page = call.stores.notifications.list(
        call.record,
        call.identity.id if request.own else call.record,
        call.not_hidden(),
        limit=page_size(request.page_size),
        after=request.page_token or None,
    )
    return records_pb2.ListNotificationsResponse(
        notifications=map(wire.notification, page.items),
        next_page_token=page.items[-1].id if page.more else "",
    )


def set_deposit_alerts(
    call: Call, request: records_pb2.SetDepositAlertsRequest
) -> records_pb2.SetDepositAlertsResponse:
    """Alert of deposits from now on, or no more (NTF-03)."""
    reader = _caller(call) if request.own else reader_in(call.rules.absence, HOLDER, call.record)
    if request.alerted:
        call.stores.subscriptions.begin(call.record, reader, call.now)
    else:
        call.stores.subscriptions.end(call.record, reader.id)
    return records_pb2.SetDepositAlertsResponse()


def _caller(call: Call) -> Reader:
    """The caller as he is authenticated now: it is as such that the rules are asked about him when he is alerted."""
    who = call.identity
    return Reader(
        id=who.id,
        kind=who.kind,
        authn_mode=who.authn_mode,
        profession=who.profession,
        structure=who.structure,
        own=who.own_ins,
    )
