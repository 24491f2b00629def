"""What is asked of the host: opened by a permit, done once by its doctor, refused with a reason, or run out of time."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import grpc
import pytest

from dmp.access.v1 import access_pb2 as access
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import jobs_pb2 as jobs
from dmp.records.v1 import records_pb2 as records
from dmp.trace.v1 import trace_pb2 as trace
from services.store.labels import BITS
from tests.services.databases import fill
from tests.services.world import Person, World, of, refusal

HOST = "host"
REASON = access.Attestations(reason="identité non vérifiée")
OPEN, EXECUTED = records.TICKET_STATE_OPEN, records.TICKET_STATE_EXECUTED
REFUSED, EXPIRED = records.TICKET_STATE_REFUSED, records.TICKET_STATE_EXPIRED


def ask_deletion(world: World, patient: Person, document: str) -> str:
    request = documents.RequestDocumentDeletionRequest(record=of(patient), document_id=document)
    return str(world.as_(patient).RequestDocumentDeletion(request).ticket_id)


def delete(patient: Person, document: str, ticket: str = "") -> documents.DeleteDocumentRequest:
    return documents.DeleteDocumentRequest(record=of(patient), document_id=document, ticket_id=ticket)


def refuse(patient: Person, ticket: str, why: access.Attestations | None = REASON) -> records.RefuseTicketRequest:
    return records.RefuseTicketRequest(record=of(patient), ticket_id=ticket, attestations=why)


def tickets(world: World, patient: Person, **page: Any) -> list[records.Ticket]:
    return list(world.as_(patient).ListTickets(records.ListTicketsRequest(record=of(patient), **page)).tickets)


def waiting(world: World) -> list[str]:
    """Every ticket of the queue, page by page."""
    found, token = [], ""
    while True:
        request = records.ListOpenTicketsRequest(page_size=500, page_token=token)
        page = world.as_(HOST).ListOpenTickets(request)
        found += [ticket.ticket_id for ticket in page.tickets]
        token = page.next_page_token
        if not token:
            return found


def readable(world: World, patient: Person, document: str, by: str | Person) -> bool:
    request = documents.GetDocumentRequest(record=of(patient), document_id=document)
    try:
        world.as_(by).GetDocument(request)
    except grpc.RpcError:
        return False
    return True


def run_out(world: World, ticket: str) -> None:
    """Let the ticket's time pass."""
    world.alter("UPDATE tickets SET opened_at = 1, expires_at = 2 WHERE id = ?", ticket)


@pytest.fixture
def asked(world: World) -> tuple[Person, str, str]:
    """A patient, a document of hers, and her request to have it deleted."""
    patient = world.opened("author", "colleague")
    document = world.deposit(patient)
    return patient, document, ask_deletion(world, patient, document)


def test_a_deletion_is_asked_and_done(world: World, asked: tuple[Person, str, str]) -> None:
    """The host's doctor finds the ticket, does what it says, and the patient reads that it is done (PAT-07, DOC-11)."""
    patient, document, ticket = asked
    [told] = tickets(world, patient)
    assert (told.ticket_id, told.action, told.document_id) == (ticket, "doc.delete", document)
    assert (told.opener, told.opener_kind, told.beneficiary) == (of(patient), "HOLDER", of(patient))
    assert (told.state, told.record, told.needs_review) == (OPEN, of(patient), False)
    assert told.expires_at.seconds - told.opened_at.seconds == pytest.approx(30 * 86400, abs=3601)
    assert ticket in waiting(world)
    # The ticket is named by the decision that opened it, so that its trace is found.
    assert world.trace(ticket)["action"] == "doc.request_delete"
    answered = world.as_(HOST).DeleteDocument(delete(patient, document, ticket))
    assert not readable(world, patient, document, patient)
    [done] = tickets(world, patient)
    assert (done.state, done.refusal) == (EXECUTED, "")
    assert ticket not in waiting(world)
    assert world.trace(answered.decided.decision_id)["facts"]["context"]["ticket"] == ticket


def test_without_a_ticket_the_host_does_nothing(world: World, asked: tuple[Person, str, str]) -> None:
    """Not even what somebody asked for, if he does not say on which ticket (ACT-13)."""
    patient, document, _ = asked
    assert refusal(world.as_(HOST).DeleteDocument, delete(patient, document)).code == "PERMISSION_DENIED"
    assert readable(world, patient, document, patient)


def test_a_ticket_is_for_the_host_alone(world: World, asked: tuple[Person, str, str]) -> None:
    """Who finds its id may do no more with it than without."""
    patient, document, ticket = asked
    assert refusal(world.as_("colleague").DeleteDocument, delete(patient, document, ticket)).code == "PERMISSION_DENIED"
    assert readable(world, patient, document, patient)
    assert [told.state for told in tickets(world, patient)] == [OPEN]


def another_record(world: World, patient: Person, document: str) -> str:
    other = world.opened("author")
    return ask_deletion(world, other, world.deposit(other))


def another_document(world: World, patient: Person, document: str) -> str:
    return ask_deletion(world, patient, world.deposit(patient))


def another_kind(world: World, patient: Person, document: str) -> str:
    request = documents.RequestDocumentDestructionRequest(record=of(patient), document_id=document)
    return str(world.as_(patient).RequestDocumentDestruction(request).ticket_id)


def the_whole_record(world: World, patient: Person, document: str) -> str:
    request = records.RequestRecordDestructionRequest(record=of(patient))
    return str(world.as_(patient).RequestRecordDestruction(request).ticket_id)


def out_of_time(world: World, patient: Person, document: str) -> str:
    ticket = ask_deletion(world, patient, document)
    run_out(world, ticket)
    return ticket


def refused(world: World, patient: Person, document: str) -> str:
    ticket = ask_deletion(world, patient, document)
    world.as_(HOST).RefuseTicket(refuse(patient, ticket))
    return ticket


def done_before(world: World, patient: Person, document: str) -> str:
    other = world.deposit(patient)
    ticket = ask_deletion(world, patient, other)
    world.as_(HOST).DeleteDocument(delete(patient, other, ticket))
    return ticket


def made_up(world: World, patient: Person, document: str) -> str:
    return "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    "ticket",
    [
        another_record,
        another_document,
        another_kind,
        the_whole_record,
        out_of_time,
        refused,
        done_before,
        made_up,
    ],
)
def test_a_ticket_of_something_else_is_no_ticket(world: World, ticket: Any) -> None:
    """It is as if none were named: refused alike, traced without it, and nothing is done."""
    patient = world.opened("author")
    document = world.deposit(patient)
    found = ticket(world, patient, document)
    told = refusal(world.as_(HOST).DeleteDocument, delete(patient, document, found))
    without = refusal(world.as_(HOST).DeleteDocument, delete(patient, document))
    assert (told.code, told.reason, told.message) == (without.code, without.reason, without.message)
    assert told.metadata["rules"] == without.metadata["rules"]
    assert "ticket" not in world.trace(told.decision_id)["facts"]["context"]
    assert readable(world, patient, document, patient)


def test_one_ticket_is_done_once(world: World) -> None:
    """However many try at the same moment: the ticket of a document that others still hold is executed by one."""
    patient = world.opened("author")
    document = world.deposit(patient)
    ticket = ask_deletion(world, patient, document)

    def attempt(_: int) -> str:
        try:
            world.as_(HOST).DeleteDocument(delete(patient, document, ticket))
        except grpc.RpcError as error:
            return str(error.code().name)
        return "OK"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(attempt, range(8)))
    assert answers.count("OK") == 1
    assert set(answers) - {"OK"} <= {"PERMISSION_DENIED", "NOT_FOUND", "FAILED_PRECONDITION"}


def test_a_refusal_has_a_reason_that_the_patient_reads(world: World, asked: tuple[Person, str, str]) -> None:
    """Without one nothing is refused; once refused, it is neither refused nor done again."""
    patient, document, ticket = asked
    host = world.as_(HOST)
    told = refusal(host.RefuseTicket, refuse(patient, ticket, None))
    assert (told.code, told.metadata["rules"], told.metadata["fields"]) == (
        "PERMISSION_DENIED",
        "SVC-07.reason",
        "attestations.reason",
    )
    assert [each.state for each in tickets(world, patient)] == [OPEN]
    host.RefuseTicket(refuse(patient, ticket))
    [found] = tickets(world, patient)
    assert (found.state, found.refusal) == (REFUSED, REASON.reason)
    assert refusal(host.RefuseTicket, refuse(patient, ticket)).code == "NOT_FOUND"
    assert readable(world, patient, document, patient)


@pytest.mark.parametrize("by", ["colleague", "author", "support"])
def test_nobody_else_sees_or_refuses_tickets(world: World, asked: tuple[Person, str, str], by: str) -> None:
    """The queue and the refusal are the host doctor's; the list is the patient's."""
    patient, _, ticket = asked
    caller = world.as_(by)
    assert refusal(caller.ListOpenTickets, records.ListOpenTicketsRequest()).code == "PERMISSION_DENIED"
    assert refusal(caller.RefuseTicket, refuse(patient, ticket)).code == "PERMISSION_DENIED"
    assert refusal(caller.ListTickets, records.ListTicketsRequest(record=of(patient))).code == "PERMISSION_DENIED"


def test_a_ticket_runs_out_of_time(world: World, asked: tuple[Person, str, str]) -> None:
    """It is told as expired, waits no more, and is neither done nor refused."""
    patient, document, ticket = asked
    run_out(world, ticket)
    assert [told.state for told in tickets(world, patient)] == [EXPIRED]
    assert ticket not in waiting(world)
    host = world.as_(HOST)
    assert refusal(host.DeleteDocument, delete(patient, document, ticket)).code == "PERMISSION_DENIED"
    assert refusal(host.RefuseTicket, refuse(patient, ticket)).code == "NOT_FOUND"


def test_a_hidden_document_cannot_be_asked_about(world: World) -> None:
    """What the patient cannot see yet is as missing as what never was, and no ticket is opened (VIS-18)."""
    patient = world.opened("author")
    sensitive = world.deposit(patient, documents.LABEL_NORMAL, documents.LABEL_INVISIBLE_PATIENT)
    asked = [
        refusal(
            world.as_(patient).RequestDocumentDeletion,
            documents.RequestDocumentDeletionRequest(record=of(patient), document_id=document),
        )
        for document in (sensitive, "00000000-0000-4000-8000-000000000000")
    ]
    assert {(told.code, told.reason, told.message) for told in asked} == {("NOT_FOUND", "NOT_FOUND", asked[0].message)}
    assert tickets(world, patient) == []


def test_what_is_asked_of_a_whole_record(world: World) -> None:
    """Its destruction and a copy, by the holder (PAT-09, PAT-13); newest first, page by page."""
    patient = world.opened("author")
    caller = world.as_(patient)
    destruction = caller.RequestRecordDestruction(records.RequestRecordDestructionRequest(record=of(patient)))
    copy = caller.RequestRecordCopy(records.RequestRecordCopyRequest(record=of(patient)))
    found = tickets(world, patient)
    assert [(told.ticket_id, told.action, told.document_id) for told in found] == [
        (copy.ticket_id, "record.export_copy", ""),
        (destruction.ticket_id, "record.destroy", ""),
    ]
    first = caller.ListTickets(records.ListTicketsRequest(record=of(patient), page_size=1))
    rest = tickets(world, patient, page_token=first.next_page_token)
    assert [told.ticket_id for told in (*first.tickets, *rest)] == [told.ticket_id for told in found]


def test_a_successor_asks_for_a_copy_that_a_person_reviews(world: World) -> None:
    """Of a dead holder's record, for one of the law's motives, and for himself (DEC-03)."""
    patient = world.opened("author")
    heir = world.patient() | {"kind": "SUCCESSOR", "name": "Paul Héritier"}
    request = records.RequestRecordCopyRequest(record=of(patient), motive=records.SUCCESSOR_MOTIVE_MEMORY)
    assert refusal(world.as_(heir).RequestRecordCopy, request).code == "PERMISSION_DENIED"
    world.alter("UPDATE records SET deceased = ? WHERE ins = ?", True, patient["sub"])
    without = records.RequestRecordCopyRequest(record=of(patient))
    assert refusal(world.as_(heir).RequestRecordCopy, without).metadata["rules"] == "DEC-03.motive"
    opened = world.as_(heir).RequestRecordCopy(request).ticket_id
    [row] = world.rows("SELECT * FROM tickets WHERE id = ?", opened)
    assert (row["beneficiary"], row["opener"], bool(row["needs_review"])) == (heir["sub"], heir["sub"], True)


@pytest.mark.parametrize("token", ["nothing", "00000000-0000-4000-8000-000000000000"])
def test_a_page_of_nothing_is_refused(world: World, asked: tuple[Person, str, str], token: str) -> None:
    """A cursor that no list gave, or the list of another record."""
    patient, _, ticket = asked
    other = world.opened("author")
    for made in (token, ticket):
        told = refusal(world.as_(other).ListTickets, records.ListTicketsRequest(record=of(other), page_token=made))
        assert (told.code, set(told.fields)) == ("INVALID_ARGUMENT", {"page_token"})
    told = refusal(world.as_(HOST).ListOpenTickets, records.ListOpenTicketsRequest(page_token=token))
    assert (told.code, set(told.fields)) == ("INVALID_ARGUMENT", {"page_token"})
    assert [each.ticket_id for each in tickets(world, patient)] == [ticket]


def test_tickets_of_hidden_documents_push_nothing_out(world: World) -> None:
    """However many were opened since: no page, no cursor and no number tells of them (VIS-18)."""
    patient = world.opened("author")
    shown = [ask_deletion(world, patient, world.deposit(patient)) for _ in range(3)]
    hidden = world.deposit(patient, documents.LABEL_NORMAL, documents.LABEL_INVISIBLE_PATIENT)
    ids = [str(uuid4()) for _ in range(1_200)]
    row = world.rows("SELECT * FROM tickets WHERE id = ?", shown[0])[0]
    columns = [name for name in row if name != "number"]
    marks = ", ".join("?" for _ in columns)
    fill(
        world.settings.database,
        f"INSERT INTO tickets ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 - our names
        [[{**row, "id": each, "document": hidden}[name] for name in columns] for each in ids],
    )
    found, token = [], ""
    for size in (1, 2):
        request = records.ListTicketsRequest(record=of(patient), page_size=size, page_token=token)
        page = world.as_(patient).ListTickets(request)
        found += [each.ticket_id for each in page.tickets]
        token = page.next_page_token
        assert token in ("", found[-1])
    assert (found, token) == (shown[::-1], "")
    made = records.ListTicketsRequest(record=of(patient), page_token=ids[0])
    assert refusal(world.as_(patient).ListTickets, made).fields == {"page_token": "UNKNOWN_PAGE"}


def lines(world: World, reader: Person, patient: Person, action: str) -> list[list[str]]:
    """The tickets that each line of an action names, the latest first."""
    shown = world.as_(reader).ListTraces(trace.ListTracesRequest(record=of(patient))).lines
    return [list(line.ticket_ids) for line in shown if line.action == action and line.kind == trace.LINE_KIND_ACTION]


def expire(world: World) -> None:
    world.as_("operator").RunJob(jobs.RunJobRequest(job=jobs.JOB_EXPIRE_TICKETS, page_size=500))


def test_the_traces_say_which_ticket(world: World, asked: tuple[Person, str, str]) -> None:
    """Which was opened, refused, done or left to expire: in the entry, and in the lines that the patient reads."""
    patient, document, first = asked
    second, third, fourth = (ask_deletion(world, patient, world.deposit(patient)) for _ in range(3))
    assert lines(world, patient, patient, "doc.request_delete") == [[fourth], [third], [second], [first]]
    refused = world.as_(HOST).RefuseTicket(refuse(patient, second)).decided.decision_id
    assert world.trace(refused)["facts"]["context"]["refused_ticket"] == second
    assert lines(world, patient, patient, "ticket.refuse") == [[second]]
    world.as_(HOST).DeleteDocument(delete(patient, document, first))
    assert lines(world, patient, patient, "doc.delete") == [[first]]
    run_out(world, third)
    run_out(world, fourth)
    expire(world)
    assert lines(world, patient, patient, "job.expire_tickets") == [[third, fourth]]
    again = refusal(world.as_(HOST).RefuseTicket, refuse(patient, second))
    assert world.trace(again.decision_id)["facts"]["context"]["refused_ticket"] == second
    # What was not done names none: the id is only what somebody wrote.
    assert lines(world, patient, patient, "ticket.refuse") == [[], [second]]


def test_a_ticket_of_a_hidden_document_is_told_of_by_no_line(world: World) -> None:
    """Neither its refusal nor its end; beside another that ran out, that one alone is named (VIS-18)."""
    patient = world.opened("author")
    shown, alone, beside, refused = (ask_deletion(world, patient, world.deposit(patient)) for _ in range(4))
    for hidden in (alone, beside, refused):
        hide = "UPDATE documents SET labels = labels | ? WHERE logical_id = (SELECT document FROM tickets WHERE id = ?)"
        world.alter(hide, BITS["INVISIBLE_PATIENT"], hidden)
    world.as_(HOST).RefuseTicket(refuse(patient, refused))
    run_out(world, alone)
    expire(world)
    assert lines(world, patient, patient, "ticket.refuse") == []
    assert lines(world, patient, patient, "job.expire_tickets") == []
    for ticket in (beside, shown):
        run_out(world, ticket)
    expire(world)
    assert lines(world, patient, patient, "job.expire_tickets") == [[shown]]
    assert [each.ticket_id for each in tickets(world, patient)] == [shown]


def test_the_same_is_not_asked_twice_while_it_waits(world: World, asked: tuple[Person, str, str]) -> None:
    """Nobody fills the queue of the host's doctor; what was refused, or ran out of time, may be asked again."""
    patient, document, first = asked
    again = documents.RequestDocumentDeletionRequest(record=of(patient), document_id=document)
    told = refusal(world.as_(patient).RequestDocumentDeletion, again)
    assert (told.code, world.trace(told.decision_id)["outcome"]) == ("FAILED_PRECONDITION", "FAILED")
    assert [each.ticket_id for each in tickets(world, patient)] == [first]
    assert ask_deletion(world, patient, world.deposit(patient))
    copy = records.RequestRecordCopyRequest(record=of(patient))
    world.as_(patient).RequestRecordCopy(copy)
    assert refusal(world.as_(patient).RequestRecordCopy, copy).code == "FAILED_PRECONDITION"
    world.as_(HOST).RefuseTicket(refuse(patient, first))
    second = ask_deletion(world, patient, document)
    run_out(world, second)
    assert ask_deletion(world, patient, document)
