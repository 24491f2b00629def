"""How people are linked to a record: recorded, given, and ended."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dmp.access.v1 import access_pb2
from dmp.records.v1 import records_pb2
from services.runtime.call import Call
from services.runtime.errors import FieldFault, invalid
from services.runtime.messages import midnight
from services.store.errors import StateConflict
from services.store.relations import CARE_TEAM, DELEGATE, MT_EQUIVALENT, REPRESENTATIVE, Relation


def register_representative(
    call: Call, request: records_pb2.RegisterRepresentativeRequest
) -> records_pb2.RegisterRepresentativeResponse:
    """Keep the power and its period; the rules say what they are worth at each call."""
    starts_at = midnight(request.starts_on) if request.HasField("starts_on") else call.now
    _put(
        call,
        REPRESENTATIVE,
        starts_at,
        _end(call, request, starts_at),
        power=call.fact("context.power"),
        granted=call.fact("context.granted"),
    )
    return records_pb2.RegisterRepresentativeResponse()


def end_representation(
    call: Call, request: records_pb2.EndRepresentationRequest
) -> records_pb2.EndRepresentationResponse:
    """At once."""
    # INVARIANT: answered alike where there is none, for the host's operator may not know who represents whom (AUT-13).
    call.stores.relations.end(call.record, call.target, REPRESENTATIVE)
    return records_pb2.EndRepresentationResponse()


def set_protection(call: Call, request: records_pb2.SetProtectionRequest) -> records_pb2.SetProtectionResponse:
    """A measure, or its end, takes the representatives before it along."""
    call.stores.records.set_protection(call.record, call.fact("context.protection"))
    call.stores.relations.end_representatives(call.record)
    return records_pb2.SetProtectionResponse()


def set_delegate(call: Call, request: records_pb2.SetDelegateRequest) -> records_pb2.SetDelegateResponse:
    """Designate, or remove."""
    _set(call, request, DELEGATE, held=request.designated)
    return records_pb2.SetDelegateResponse()


def set_care_team_member(
    call: Call, request: records_pb2.SetCareTeamMemberRequest
) -> records_pb2.SetCareTeamMemberResponse:
    """Declare, or end."""
    _set(call, request, CARE_TEAM, held=request.member)
    return records_pb2.SetCareTeamMemberResponse()


def set_equivalent(call: Call, request: records_pb2.SetEquivalentRequest) -> records_pb2.SetEquivalentResponse:
    """Give, or take back."""
    _set(call, request, MT_EQUIVALENT, held=request.equivalent)
    return records_pb2.SetEquivalentResponse()


def _set(call: Call, request: Any, kind: str, *, held: bool) -> None:  # noqa: ANN401 - any of the requests above
    if held:
        _put(call, kind, call.now, _end(call, request, call.now))
    elif not call.stores.relations.end(call.record, call.target, kind):
        raise StateConflict("there is no such relation")


def _put(call: Call, kind: str, starts_at: datetime, ends_at: datetime | None, **others: Any) -> None:  # noqa: ANN401
    relation = Relation(
        record=call.record,
        person=call.target,
        kind=kind,
        starts_at=starts_at,
        ends_at=ends_at,
        collector=call.identity.id,
        added_at=call.now,
        **others,
    )
    call.stores.relations.put(relation)


def _end(call: Call, request: Any, starts_at: datetime) -> datetime | None:  # noqa: ANN401 - as above
    """The end that a request names; raises ServiceError of kind INVALID where it does not lie after the start."""
    ends_on: access_pb2.Date = request.ends_on
    if not request.HasField("ends_on"):
        return None
    ends_at = midnight(ends_on)
    if ends_at <= starts_at:
        told = FieldFault("ends_on", "OUT_OF_RANGE", "must lie after the start")
        raise invalid([told], call.arrival.decision_id)
    return ends_at
