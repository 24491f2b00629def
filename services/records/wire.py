"""Records, between the contract's messages and the values used inside."""

from __future__ import annotations

from dmp.records.v1 import records_pb2
from services.runtime import codes
from services.runtime.call import Call
from services.runtime.messages import identifier, text, timestamp
from services.store.notifications import Notification
from services.store.records import Record

EXPIRED = "EXPIRE"


def record_status(call: Call, record: Record) -> records_pb2.GetRecordStatusResponse:
    """The state of the record and the caller's own authorisation, nothing else (AUT-01)."""
    return records_pb2.GetRecordStatusResponse(
        state=codes.number_of(records_pb2.RecordState, record.state),
        authorisation=codes.number_of(records_pb2.AuthorisationStatus, _authorisation(call)),
    )


def _authorisation(call: Call) -> str:
    """As stored, but for EXPIRE, which the date and the profile make (AUT-04); a role does not expire (AUT-09)."""
    status = str(call.relation.get("authorisation", "NON_EXISTE"))
    since = call.relation.get("authorisation_added_at")
    if status != "VALIDE" or since is None or call.relation.get("treating_physician"):
        return status
    return EXPIRED if call.elapsed(since, "authorisation_validity_days") else status


def notification(stored: Notification) -> records_pb2.Notification:
    """What the addressee is told."""
    news = stored.news
    return records_pb2.Notification(
        notification_id=stored.id,
        at=timestamp(news.at),
        code=news.code,
        actor=identifier(news.actor),
        actor_name=text(news.actor_name),
        profession=text(news.actor_profession),
        structure=identifier(news.actor_structure),
        mode=news.mode,
    )
