"""What can be seen of a record by RPC, whoever looks."""

from dmp.access.v1 import access_pb2 as access
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import records_pb2 as records
from dmp.trace.v1 import trace_pb2 as trace
from services.runtime.codes import by_number
from tests.services.cases.facts import CONSENT
from tests.services.cases.stage import Stage
from tests.services.world import Person, Refusal, answered_or_refused

STRANGER = "READER"
STATUSES = (
    documents.DOCUMENT_STATUS_APPROVED,
    documents.DOCUMENT_STATUS_DEPRECATED,
    documents.DOCUMENT_STATUS_ARCHIVED,
)
COMA = access.Attestations(patient_unable=True, immediate_risk=True, reason="coma")


def state(stage: Stage) -> str:
    """The state of the record, as a stranger is told it."""
    request = records.GetRecordStatusRequest(record=stage.record)
    answered = answered_or_refused(stage.as_(STRANGER).GetRecordStatus, request)
    return answered.code if isinstance(answered, Refusal) else by_number(records.RecordState.DESCRIPTOR)[answered.state]


def status_of_the_target(stage: Stage) -> str:
    """The authorisation of whom the action names, else of the caller, as he is told it himself."""
    whom = stage.context.get("target") or stage.case["subject"]["id"]
    told = stage.as_(stage.cast[whom]).GetRecordStatus(records.GetRecordStatusRequest(record=stage.record))
    return by_number(records.AuthorisationStatus.DESCRIPTOR)[told.authorisation]


def listed(stage: Stage, who: str | Person) -> dict[str, int]:
    """The status of every document that somebody sees."""
    request = documents.ListDocumentsRequest(record=stage.record, statuses=STATUSES, attestations=CONSENT)
    return {found.document_id: found.status for found in stage.as_(who).ListDocuments(request).documents}


def shown_to_a_stranger(stage: Stage) -> dict[str, int]:
    """What a doctor sees who has but the right to consult."""
    grant = records.GrantAccessRequest(record=stage.record, attestations=CONSENT)
    stage.as_(STRANGER).GrantAccess(grant)
    return listed(stage, STRANGER)


def shown_to_the_holder(stage: Stage) -> dict[str, int]:
    return listed(stage, stage.holder)


def tickets(stage: Stage) -> list[tuple[str, str, str, str]]:
    """What was asked of the host, as the holder is told it: what, of which document, and what became of it."""
    found = stage.as_(stage.holder).ListTickets(records.ListTicketsRequest(record=stage.record)).tickets
    states = by_number(records.TicketState.DESCRIPTOR)
    return [(ticket.ticket_id, ticket.action, ticket.document_id, states[ticket.state]) for ticket in found]


def queue(stage: Stage) -> list[tuple[str, str, bool]]:
    """What waits for the host's doctor on this record, and whether a person must look at it."""
    found = stage.as_("HD1").ListOpenTickets(records.ListOpenTicketsRequest(page_size=500)).tickets
    own = (ticket for ticket in found if ticket.record == stage.record)
    return [(ticket.ticket_id, ticket.action, ticket.needs_review) for ticket in own]


def told(stage: Stage) -> set[tuple[str, str]]:
    """What the holder was notified of, and who did it."""
    listed = stage.as_(stage.holder).ListNotifications(records.ListNotificationsRequest(record=stage.record))
    return {(one.code, one.actor_name) for one in listed.notifications}


def glass(stage: Stage) -> str:
    """Whether a stranger may break the glass; he ends it at once."""
    mode = records.EMERGENCY_MODE_BRIS_DE_GLACE
    stranger = stage.as_(STRANGER)
    request = records.StartEmergencyAccessRequest(record=stage.record, mode=mode, attestations=COMA)
    answered = answered_or_refused(stranger.StartEmergencyAccess, request)
    if isinstance(answered, Refusal):
        return answered.code
    stranger.EndEmergencyAccess(records.EndEmergencyAccessRequest(record=stage.record))
    return "OK"


def readings(stage: Stage) -> list[str] | str:
    """The documents that the caller read, as the traces tell the holder, or who represents him."""
    by = stage.subject if stage.relation["representative"] else stage.holder
    answered = answered_or_refused(
        stage.as_(by).ListTraces, trace.ListTracesRequest(record=stage.record, page_size=500)
    )
    return (
        answered.code
        if isinstance(answered, Refusal)
        else [line.document_id for line in answered.lines if read(stage, line)]
    )


def read(stage: Stage, line: trace.Line) -> bool:
    of_a_document = line.kind == trace.LINE_KIND_DOCUMENT and line.action == "doc.read"
    return of_a_document and line.outcome == trace.OUTCOME_DONE and line.actor_name == stage.subject["name"]
