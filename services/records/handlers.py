"""What each RPC of the records service does once it is permitted."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from dmp.records.v1 import jobs_pb2, records_pb2
from services.records import (
    copies,
    delivery,
    jobs,
    notifications,
    relations,
    rights,
    rotation,
    sensitive,
    tickets,
    wire,
)
from services.runtime.access import Feature
from services.runtime.call import Call
from services.runtime.messages import timestamp
from services.store.emergencies import EmergencyStart
from services.store.errors import NotStored

EMERGENCY: Final = timedelta(hours=3)
"""How long an emergency access lasts unless it is ended before (catalogue section 11, no 22: the project's cap)."""


def create_record(call: Call, request: records_pb2.CreateRecordRequest) -> records_pb2.CreateRecordResponse:
    """Open the record; the consent is kept as the permit's obligation."""
    call.stores.records.create(
        call.record,
        holder_birth_date=call.fact("context.holder_birth_date"),
        protection=call.fact("context.protection"),
        at=call.now,
    )
    return records_pb2.CreateRecordResponse()


def get_record_status(call: Call, request: records_pb2.GetRecordStatusRequest) -> records_pb2.GetRecordStatusResponse:
    """Tell the state and the caller's own authorisation."""
    record = call.stores.records.status(call.record)
    if record is None:
        raise NotStored("there is no such record")
    return wire.record_status(call, record)


def grant_access(call: Call, request: records_pb2.GrantAccessRequest) -> records_pb2.GrantAccessResponse:
    """AJOUT."""
    call.stores.authorisations.grant(call.record, call.target, collector=call.identity.id, at=call.now)
    return records_pb2.GrantAccessResponse()


def revoke_access(call: Call, request: records_pb2.RevokeAccessRequest) -> records_pb2.RevokeAccessResponse:
    """SUPPRESSION, of the role where one is named."""
    if call.fact("context.role"):
        call.stores.authorisations.remove_treating_physician(call.record, call.target)
    else:
        call.stores.authorisations.revoke(call.record, call.target)
    return records_pb2.RevokeAccessResponse()


def block_professional(
    call: Call, request: records_pb2.BlockProfessionalRequest
) -> records_pb2.BlockProfessionalResponse:
    """INTERDIT."""
    call.stores.authorisations.block(call.record, call.target, collector=call.identity.id, at=call.now)
    return records_pb2.BlockProfessionalResponse()


def unblock_professional(
    call: Call, request: records_pb2.UnblockProfessionalRequest
) -> records_pb2.UnblockProfessionalResponse:
    """INTERDIT ends."""
    call.stores.authorisations.unblock(call.record, call.target)
    return records_pb2.UnblockProfessionalResponse()


def set_treating_physician(
    call: Call, request: records_pb2.SetTreatingPhysicianRequest
) -> records_pb2.SetTreatingPhysicianResponse:
    """AJOUT with the role."""
    call.stores.authorisations.set_treating_physician(call.record, call.target, collector=call.identity.id, at=call.now)
    return records_pb2.SetTreatingPhysicianResponse()


def close_record(call: Call, request: records_pb2.CloseRecordRequest) -> records_pb2.CloseRecordResponse:
    """Close it; every right that was given on it ends, and blocks stay (catalogue 8.3)."""
    _close(call)
    return records_pb2.CloseRecordResponse()


def _close(call: Call) -> None:
    call.stores.records.close(call.record, call.now)
    call.stores.authorisations.lapse(call.record)
    call.stores.relations.lapse(call.record)
    call.stores.emergencies.end_all(call.record, call.now)


def reactivate_record(call: Call, request: records_pb2.ReactivateRecordRequest) -> records_pb2.ReactivateRecordResponse:
    """Open it again; the oppositions hold until they are collected anew, so that nobody enters meanwhile."""
    call.stores.records.reactivate(call.record)
    return records_pb2.ReactivateRecordResponse()


def declare_death(call: Call, request: records_pb2.DeclareDeathRequest) -> records_pb2.DeclareDeathResponse:
    """Close the record with its holder's life; of a death withdrawn, leave it closed."""
    found = call.stores.records.status(call.record)
    call.stores.records.set_deceased(call.record, deceased=request.deceased)
    if request.deceased and found is not None and found.state != "CLOSED":
        _close(call)
    return records_pb2.DeclareDeathResponse()


def destroy_record(call: Call, request: records_pb2.DestroyRecordRequest) -> records_pb2.DestroyRecordResponse:
    """With its keys goes all that could be read of it."""
    jobs.destroy(call)
    return records_pb2.DestroyRecordResponse()


def set_opposition(call: Call, request: records_pb2.SetOppositionRequest) -> records_pb2.SetOppositionResponse:
    """Oppose, or withdraw the opposition."""
    code = call.fact("context.opposition_code")
    if request.opposed:
        call.stores.records.set_opposition(call.record, code, collector=call.identity.id, at=call.now)
    else:
        call.stores.records.unset_opposition(call.record, code)
    return records_pb2.SetOppositionResponse()


def start_emergency_access(
    call: Call, request: records_pb2.StartEmergencyAccessRequest
) -> records_pb2.StartEmergencyAccessResponse:
    """Keep what was attested: it is what later calls are decided on."""
    start = EmergencyStart(
        record=call.record,
        person=call.identity.id,
        mode=call.fact("context.mode"),
        reason=call.fact("context.reason"),
        call_ref=call.fact("context.call_ref"),
        patient_unable=call.fact("context.patient_unable"),
        immediate_risk=call.fact("context.immediate_risk"),
        started_at=call.now,
        expires_at=call.now + EMERGENCY,
    )
    call.stores.emergencies.start(start)
    return records_pb2.StartEmergencyAccessResponse(expires_at=timestamp(start.expires_at))


def end_emergency_access(
    call: Call, request: records_pb2.EndEmergencyAccessRequest
) -> records_pb2.EndEmergencyAccessResponse:
    """End the caller's own."""
    call.stores.emergencies.end(call.emergency or "", call.identity.id, call.now)
    return records_pb2.EndEmergencyAccessResponse()


FEATURE: Final = Feature(
    name="records",
    services=(
        records_pb2.DESCRIPTOR.services_by_name["RecordsService"],
        jobs_pb2.DESCRIPTOR.services_by_name["JobsService"],
    ),
    handlers={
        "CreateRecord": create_record,
        "GetRecordStatus": get_record_status,
        "GrantAccess": grant_access,
        "RevokeAccess": revoke_access,
        "BlockProfessional": block_professional,
        "UnblockProfessional": unblock_professional,
        "SetTreatingPhysician": set_treating_physician,
        "CloseRecord": close_record,
        "ReactivateRecord": reactivate_record,
        "DeclareDeath": declare_death,
        "DestroyRecord": destroy_record,
        "SetOpposition": set_opposition,
        "StartEmergencyAccess": start_emergency_access,
        "EndEmergencyAccess": end_emergency_access,
        "RegisterRepresentative": relations.register_representative,
        "EndRepresentation": relations.end_representation,
        "SetProtection": relations.set_protection,
        "SetDelegate": relations.set_delegate,
        "SetCareTeamMember": relations.set_care_team_member,
        "SetEquivalent": relations.set_equivalent,
        "ListAccessRights": rights.list_access_rights,
        "ListNotifications": notifications.list_notifications,
        "SetDepositAlerts": notifications.set_deposit_alerts,
        "RequestRecordDestruction": tickets.request_record_destruction,
        "RequestRecordCopy": tickets.request_record_copy,
        "ExportCopy": copies.export_copy,
        "FinishCopy": copies.finish_copy,
        "ListTickets": tickets.list_tickets,
        "ListOpenTickets": tickets.list_open_tickets,
        "RefuseTicket": tickets.refuse_ticket,
        "RunJob": jobs.run_job,
        "ListDue": jobs.list_due,
        "DoJob": jobs.do_job,
        "DoDocumentJob": sensitive.do_document_job,
        "TakeNotifications": delivery.take_notifications,
        "SettleNotifications": delivery.settle_notifications,
        "RotateKeys": rotation.rotate_keys,
    },
    readers={},
    followups={"RunJob": jobs.go_on},
    internal=(jobs_pb2.DESCRIPTOR.services_by_name["SystemService"],),
    background=delivery.deliver,
)
