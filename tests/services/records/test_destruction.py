"""Destruction for good, over the wire: asked for by the holder, done on a ticket by the host's doctor, or by a job."""

from typing import Any

import pytest

from dmp.access.v1 import access_pb2 as access
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import jobs_pb2 as jobs
from dmp.records.v1 import records_pb2 as records
from dmp.trace.v1 import trace_pb2 as trace
from services.store.clock import micros, utc_now
from services.store.local_keys import LocalKeys
from tests.services.world import Person, World, of, refusal

HOST, OPERATOR = "host", "operator"
DESTROY, ROTATE = jobs.JOB_DESTROY_RETAINED, jobs.JOB_ROTATE_KEYS
DAY = 86_400_000_000


def document_ticket(world: World, patient: Person, document: str) -> str:
    request = documents.RequestDocumentDestructionRequest(record=of(patient), document_id=document)
    return str(world.as_(patient).RequestDocumentDestruction(request).ticket_id)


def record_ticket(world: World, patient: Person) -> str:
    request = records.RequestRecordDestructionRequest(record=of(patient))
    return str(world.as_(patient).RequestRecordDestruction(request).ticket_id)


def destroying(patient: Person, document: str, ticket: str) -> documents.DestroyDocumentRequest:
    return documents.DestroyDocumentRequest(record=of(patient), document_id=document, ticket_id=ticket)


def reading(patient: Person, document: str) -> documents.GetDocumentRequest:
    return documents.GetDocumentRequest(record=of(patient), document_id=document)


def run(world: World, job: jobs.Job.ValueType, **others: Any) -> jobs.RunJobResponse:
    answered: jobs.RunJobResponse = world.as_(OPERATOR).RunJob(jobs.RunJobRequest(job=job, page_size=500, **others))
    return answered


@pytest.mark.parametrize("deleted", [False, True])
def test_a_document_is_destroyed_for_good(world: World, deleted: bool) -> None:
    """Even one that was deleted before (DOC-05, DOC-12): nobody reads it, and nothing else is touched."""
    patient = world.opened("author", "colleague")
    gone, kept = world.deposit(patient), world.deposit(patient)
    if deleted:
        why = access.Attestations(reason="ERROR")
        request = documents.DeleteDocumentRequest(record=of(patient), document_id=gone, attestations=why)
        world.as_("author").DeleteDocument(request)
    ticket = document_ticket(world, patient, gone)
    done = world.as_(HOST).DestroyDocument(destroying(patient, gone, ticket))
    assert "IRREVERSIBLE" in done.decided.obligations
    for reader in (patient, "author", "colleague"):
        assert refusal(world.as_(reader).GetDocument, reading(patient, gone)).code == "NOT_FOUND"
        assert world.as_(reader).GetDocument(reading(patient, kept)).content
    assert world.rows("SELECT * FROM data_keys WHERE document = ?", gone) == []
    assert refusal(world.as_(HOST).DestroyDocument, destroying(patient, gone, ticket)).code == "PERMISSION_DENIED"
    listed = world.as_(patient).ListTraces(trace.ListTracesRequest(record=of(patient), page_size=500))
    assert any(line.action == "doc.destroy" for line in listed.lines)


def test_a_document_is_not_destroyed_without_its_ticket(world: World) -> None:
    """Nor on another's, nor by somebody else."""
    patient = world.opened("author")
    document, other = world.deposit(patient), world.deposit(patient)
    ticket = document_ticket(world, patient, other)
    for caller in (HOST, "author", patient):
        for named in ("", ticket):
            told = refusal(world.as_(caller).DestroyDocument, destroying(patient, document, named))
            assert told.code == "PERMISSION_DENIED"
    assert world.as_("author").GetDocument(reading(patient, document)).content


def test_a_record_is_destroyed_for_good(world: World) -> None:
    """Nothing in it is found any more, by anybody; its place is free for a new one without link (LIF-11, LIF-12)."""
    patient = world.opened("author")
    document = world.deposit(patient)
    ticket = record_ticket(world, patient)
    done = world.as_(HOST).DestroyRecord(records.DestroyRecordRequest(record=of(patient), ticket_id=ticket))
    for caller in (patient, "author", HOST):
        assert refusal(world.as_(caller).GetDocument, reading(patient, document)).code in (
            "NOT_FOUND",
            "PERMISSION_DENIED",
        )
        status = records.GetRecordStatusRequest(record=of(patient))
        assert refusal(world.as_(caller).GetRecordStatus, status).code == "NOT_FOUND"
    assert world.rows("SELECT * FROM record_keys WHERE record = ?", patient["sub"]) == []
    [tombstone] = world.rows("SELECT * FROM traces WHERE decision_id = ?", done.decided.decision_id)
    assert (tombstone["action"], tombstone["outcome"], tombstone["subject_id"]) == (
        "record.destroy",
        "DONE",
        world.people[HOST]["sub"],
    )
    again, other = world.opened("author", patient=patient), world.opened("author")
    told = [
        [
            line.action
            for line in world.as_(who).ListTraces(trace.ListTracesRequest(record=of(who), page_size=500)).lines
        ]
        for who in (again, other)
    ]
    assert told[0] == told[1]


def test_nothing_waits_on_a_record_that_is_gone(world: World) -> None:
    """Its other tickets and its emergency accesses end with it, so that no job is due on it for ever."""
    patient = world.opened("author")
    document_ticket(world, patient, world.deposit(patient))
    attested = access.Attestations(patient_unable=True, immediate_risk=True, reason="coma")
    start = records.StartEmergencyAccessRequest(
        record=of(patient), mode=records.EMERGENCY_MODE_BRIS_DE_GLACE, attestations=attested
    )
    world.as_("colleague").StartEmergencyAccess(start)
    ticket = record_ticket(world, patient)
    world.as_(HOST).DestroyRecord(records.DestroyRecordRequest(record=of(patient), ticket_id=ticket))
    states = world.rows("SELECT state FROM tickets WHERE record = ? ORDER BY number", patient["sub"])
    assert [row["state"] for row in states] == ["EXPIRED", "EXECUTED"]
    assert not world.rows("SELECT id FROM emergency_accesses WHERE record = ? AND ended_at IS NULL", patient["sub"])
    waiting = world.as_(HOST).ListOpenTickets(records.ListOpenTicketsRequest(page_size=500)).tickets
    assert of(patient) not in [found.record for found in waiting]


def test_ten_years_after_its_closure_a_record_is_destroyed(world: World) -> None:
    """By the job, and not a day before (LIF-10)."""
    gone, kept = world.opened("author"), world.opened("author")
    for patient in (gone, kept):
        world.as_(patient).CloseRecord(records.CloseRecordRequest(record=of(patient)))
    for patient, days in ((gone, 3_653), (kept, 3_651)):
        closed = micros(utc_now()) - days * DAY
        change = "UPDATE records SET closed_at = ?, retained_until = ? WHERE ins = ?"
        world.alter(change, closed, closed + 3_652 * DAY, patient["sub"])
    assert run(world, DESTROY, dry_run=True).due == 1
    done = run(world, DESTROY)
    assert (done.due, done.done, len(done.failures)) == (1, 1, 0)
    states = {row["ins"]: row["state"] for row in world.rows("SELECT ins, state FROM records")}
    assert (states[gone["sub"]], states[kept["sub"]]) == ("DESTROYED", "CLOSED")
    assert run(world, DESTROY).due == 0


def test_the_master_key_changes_every_night(world: World) -> None:
    """All that is stored stays readable, and the master key before is destroyed when the run has ended."""
    patient = world.opened("author")
    document = world.deposit(patient)
    [before] = world.rows("SELECT number FROM key_epochs WHERE current")
    every = len(world.rows("SELECT record FROM record_keys"))
    assert run(world, ROTATE, dry_run=True).due == every
    assert world.rows("SELECT number FROM key_epochs WHERE current") == [before]
    first = run(world, ROTATE)
    assert (first.due, first.done) == (every, every)
    assert run(world, ROTATE, continues=True).done == 0
    [now] = world.rows("SELECT number FROM key_epochs WHERE current")
    assert LocalKeys(world.settings.keys).epochs() == {now["number"]} != {before["number"]}
    assert world.as_("author").GetDocument(reading(patient, document)).content
    assert world.as_(patient).ListTraces(trace.ListTracesRequest(record=of(patient))).lines
