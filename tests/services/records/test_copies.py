"""A copy of a record, over the wire: asked for by the holder, made on a ticket by the host's doctor, whole or not."""

import errno
import hashlib
import io
import threading
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from pypdf import PdfReader

from dmp.access.v1 import access_pb2 as access
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import records_pb2 as records
from dmp.trace.v1 import trace_pb2 as trace
from services.records import copies
from services.runtime import downloads
from services.store.errors import KeysUnavailable, StatementFailed
from services.store.labels import BITS
from services.store.reading import Reading
from tests.services.copies import ecma119
from tests.services.copies.papers import body
from tests.services.notified import until
from tests.services.records.test_representatives import MANDATE, register
from tests.services.world import Person, World, of, refusal, told

HOST = "host"
DISC, PAPER = records.COPY_MEDIUM_DISC, records.COPY_MEDIUM_PAPER
MASKED, SENSITIVE = documents.LABEL_MASQUE_PS, documents.LABEL_INVISIBLE_PATIENT
NORMAL = documents.LABEL_NORMAL
PATIENCE = 60.0


def asked(world: World, patient: Person, by: Person | None = None) -> str:
    request = records.RequestRecordCopyRequest(record=of(patient))
    return str(world.as_(by or patient).RequestRecordCopy(request).ticket_id)


def exporting(patient: Person, ticket: str, medium: Any = DISC) -> records.ExportCopyRequest:
    return records.ExportCopyRequest(record=of(patient), ticket_id=ticket, medium=medium)


def export(world: World, patient: Person, ticket: str, medium: Any = DISC) -> list[records.ExportCopyResponse]:
    """All messages of a copy."""
    return list(world.as_(HOST).ExportCopy(exporting(patient, ticket, medium), timeout=PATIENCE))


def drained(messages: Iterator[Any]) -> None:
    for _ in messages:
        pass


def refused(world: World, patient: Person, ticket: str, by: str | Person = HOST) -> Any:
    return refusal(lambda: drained(world.as_(by).ExportCopy(exporting(patient, ticket), timeout=PATIENCE)))


def whole(messages: list[records.ExportCopyResponse]) -> bytes:
    """The file, checked as every client must."""
    kinds = [message.WhichOneof("part") for message in messages]
    assert kinds[0] == "heading"
    assert kinds[-1] == "end"
    assert [kind for place, kind in enumerate(kinds) if kind != kinds[place - 1]] == [
        *("heading", "progress", "file", "chunk", "end")
    ]
    assert all(len(message.chunk) <= 64 * 1024 for message in messages)
    assert messages[0].decided.decision_id
    assert not any(message.HasField("decided") for message in messages[1:])
    made = b"".join(message.chunk for message in messages)
    [file] = [message.file for message in messages if message.HasField("file")]
    assert (file.size, file.sha256) == (len(made), hashlib.sha256(made).hexdigest())
    return made


def on_disc(image: bytes) -> list[bytes]:
    return [content for name, content in ecma119.read(image).files.items() if "/DOC" in name]


def content(world: World, patient: Person, document: str, by: str | Person) -> bytes:
    request = documents.GetDocumentRequest(record=of(patient), document_id=document)
    return bytes(world.as_(by).GetDocument(request).content)


def state_of(world: World, ticket: str) -> str:
    [row] = world.rows("SELECT state FROM tickets WHERE id = ?", ticket)
    return str(row["state"])


def test_a_copy_holds_exactly_what_the_rules_let_into_it(world: World) -> None:
    """Masked and archived documents, but nothing that the patient cannot see yet, nor a deleted or replaced version."""
    patient = world.opened("author")
    plain, masked, archived, deleted, replaced = (world.deposit(patient) for _ in range(5))
    world.deposit(patient, NORMAL, SENSITIVE)
    author = world.as_("author")
    author.MaskDocument(
        documents.MaskDocumentRequest(
            record=of(patient), document_id=masked, attestations=access.Attestations(patient_request=True)
        )
    )
    author.ArchiveDocument(documents.ArchiveDocumentRequest(record=of(patient), document_id=archived))
    author.DeleteDocument(
        documents.DeleteDocumentRequest(
            record=of(patient), document_id=deleted, attestations=access.Attestations(reason="ERROR")
        )
    )
    successor = author.ReplaceDocument(
        documents.ReplaceDocumentRequest(
            record=of(patient),
            document_id=replaced,
            content=world.cda(patient),
            labels=[NORMAL],
            attestations=access.Attestations(non_opposition=True),
        )
    ).document_id
    kept = {plain, masked, archived, successor}
    messages = export(world, patient, asked(world, patient))
    assert sorted(on_disc(whole(messages))) == sorted(content(world, patient, one, "author") for one in kept)
    assert messages[0].heading.documents == len(kept)
    assert "IHE_XDM_OR_PAPER" in messages[0].decided.obligations
    entry = world.trace(messages[0].decided.decision_id)
    assert (entry["action"], entry["outcome"]) == ("record.export_copy", "DONE")
    assert {document for document, _ in entry["items"]} == kept
    assert {entry["outcomes"][place]["verb"] for _, place in entry["items"]} == {"COPIED"}


def test_a_copy_on_paper_is_one_pdf(world: World) -> None:
    """Of the same documents, each with its title and what its rules' table calls its type."""
    patient = world.opened("author")
    for title in ("Première consultation", "Ordonnance & suite"):
        world.deposit(patient, title=title)
    pdf = PdfReader(io.BytesIO(whole(export(world, patient, asked(world, patient), PAPER))), strict=True)
    text = "\n".join(page.extract_text() for page in pdf.pages)
    assert len(pdf.pages) == 4
    assert "1. Première consultation" in text
    assert "2. Ordonnance & suite" in text
    assert "Type\xa0: CR hospitalier" in text or "Type\xa0: CR" in text
    assert patient["sub"].partition("|")[2] in text


def test_the_patient_reads_that_a_copy_was_made(world: World) -> None:
    """Who, when, and which documents; and the request is settled."""
    patient = world.opened("author")
    document = world.deposit(patient)
    ticket = asked(world, patient)
    whole(export(world, patient, ticket))
    listed = world.as_(patient).ListTraces(trace.ListTracesRequest(record=of(patient), page_size=500))
    lines = [line for line in listed.lines if line.action == "record.export_copy"]
    assert document in [line.document_id for line in lines]
    assert {line.actor_kind for line in lines} == {"HOST_DOCTOR"}
    assert state_of(world, ticket) == "EXECUTED"


def test_what_the_patient_cannot_see_leaves_no_mark(world: World) -> None:
    """A record with nothing but a sensitive document is copied, and traced for the patient, as an empty one."""
    seen = []
    for sensitive in (False, True):
        patient = world.opened("author")
        if sensitive:
            world.deposit(patient, NORMAL, SENSITIVE)
        messages = export(world, patient, asked(world, patient))
        listed = world.as_(patient).ListTraces(trace.ListTracesRequest(record=of(patient), page_size=500))
        lines = [(line.kind, line.action, line.document_id) for line in listed.lines if "copy" in line.action]
        seen.append((messages[0].heading, set(ecma119.read(whole(messages)).files), lines))
    assert seen[0] == seen[1]
    assert seen[0][2]


def test_an_empty_record_is_copied(world: World) -> None:
    """As a disc without documents."""
    patient = world.opened("author")
    assert on_disc(whole(export(world, patient, asked(world, patient)))) == []


def test_a_closed_record_is_copied(world: World) -> None:
    """Its holder keeps the right (LIF-08)."""
    patient = world.opened("author")
    world.deposit(patient)
    world.as_(patient).CloseRecord(records.CloseRecordRequest(record=of(patient)))
    assert len(on_disc(whole(export(world, patient, asked(world, patient))))) == 1


def of_another_record(world: World, patient: Person) -> str:
    return asked(world, world.opened("author"))


def of_another_kind(world: World, patient: Person) -> str:
    request = records.RequestRecordDestructionRequest(record=of(patient))
    return str(world.as_(patient).RequestRecordDestruction(request).ticket_id)


def used(world: World, patient: Person) -> str:
    ticket = asked(world, patient)
    export(world, patient, ticket)
    return ticket


def out_of_time(world: World, patient: Person) -> str:
    ticket = asked(world, patient)
    world.alter("UPDATE tickets SET opened_at = 1, expires_at = 2 WHERE id = ?", ticket)
    return ticket


def made_up(world: World, patient: Person) -> str:
    return "00000000-0000-4000-8000-000000000000"


def none_at_all(world: World, patient: Person) -> str:
    return ""


@pytest.mark.parametrize("ticket", [of_another_record, of_another_kind, used, out_of_time, made_up, none_at_all])
def test_a_copy_that_nobody_asked_for_is_refused(world: World, ticket: Any) -> None:
    """Before the first message, and traced."""
    patient = world.opened("author")
    world.deposit(patient)
    answer = refused(world, patient, ticket(world, patient))
    assert (answer.code, answer.reason) == ("PERMISSION_DENIED", "ACCESS_DENIED")
    assert world.trace(answer.decision_id)["outcome"] == "REFUSED"


def test_only_the_hosts_doctor_makes_copies(world: World) -> None:
    """Nobody else does, the one who asked for it included; and the ticket waits for him."""
    patient = world.opened("author", treating="treating")
    ticket = asked(world, patient)
    for caller in (patient, "author", "treating", "support", "operator"):
        assert refused(world, patient, ticket, caller).code == "PERMISSION_DENIED"
    assert state_of(world, ticket) == "OPEN"


def test_a_representatives_copy_leaves_out_what_the_minor_keeps_secret(world: World) -> None:
    """By who asked, as the ticket says, and whatever the request says (PAT-13.representative)."""
    patient = world.opened("author")
    world.deposit(patient)
    secret = world.deposit(patient)
    world.alter(
        "UPDATE documents SET labels = labels + ? WHERE logical_id = ?", BITS["INVISIBLE_REPRESENTANTS_LEGAUX"], secret
    )
    assert len(on_disc(whole(export(world, patient, asked(world, patient))))) == 2
    messages = export(world, patient, asked(world, patient, register(world, patient, MANDATE)))
    assert len(on_disc(whole(messages))) == 1
    context = world.trace(messages[0].decided.decision_id)["facts"]["context"]
    assert context["copy_for_representative"] is True


def test_a_medium_is_asked_for(world: World) -> None:
    """None is a fault of the request, told before anything is made."""
    patient = world.opened("author")
    ticket = asked(world, patient)
    request = records.ExportCopyRequest(record=of(patient), ticket_id=ticket)
    answer = refusal(lambda: drained(world.as_(HOST).ExportCopy(request)))
    assert (answer.code, set(answer.fields)) == ("INVALID_ARGUMENT", {"medium"})
    assert state_of(world, ticket) == "OPEN"


def test_what_does_not_fit_on_a_disc_is_told_before_the_ticket_is_used(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the same ticket may still give a copy on paper."""
    patient = world.opened("author")
    world.deposit(patient)
    ticket = asked(world, patient)
    with monkeypatch.context() as small:
        small.setattr(copies, "DISC", 10)
        answer = refused(world, patient, ticket)
    assert (answer.code, answer.reason) == ("FAILED_PRECONDITION", "COPY_TOO_LARGE")
    assert state_of(world, ticket) == "OPEN"
    assert world.trace(answer.decision_id)["outcome"] == "FAILED"
    assert whole(export(world, patient, ticket, PAPER))


CHANGES = {
    "masked": "UPDATE documents SET labels = labels + 2 WHERE logical_id = ?",
    "deleted": "UPDATE documents SET status = 'Deleted' WHERE logical_id = ?",
    "destroyed": "DELETE FROM data_keys WHERE document = ?",
    "without its bytes": "DELETE FROM document_contents WHERE document = ?",
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_document_that_changes_meanwhile_ends_the_copy(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Masked, deleted or destroyed between the decision and the reading: an error, and never bytes that look whole."""
    patient = world.opened("author")
    document = world.deposit(patient)
    ticket = asked(world, patient)
    read = Reading.content

    def late(reading: Reading, known: Any) -> bytes:
        world.alter(CHANGES[name], document)
        return read(reading, known)

    monkeypatch.setattr(Reading, "content", late)
    seen: list[str] = []
    messages = world.as_(HOST).ExportCopy(exporting(patient, ticket), timeout=PATIENCE)
    with pytest.raises(grpc.RpcError) as failed:
        seen.extend(message.WhichOneof("part") for message in messages)
    answer = told(failed.value)
    assert (answer.code, answer.reason) == ("ABORTED", "CHANGED_MEANWHILE")
    assert "chunk" not in seen
    assert "end" not in seen
    assert world.trace(answer.decision_id)["outcome"] == "DONE"


def break_reading(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let the content of every document that is copied fail to be read."""

    def failing(_reading: Reading, _known: Any) -> bytes:
        raise error

    monkeypatch.setattr(Reading, "content", failing)


@pytest.mark.parametrize("error", [StatementFailed("gone"), OSError(errno.ENOSPC, "no room"), KeysUnavailable("away")])
def test_a_copy_that_cannot_be_made_to_its_end_breaks_off(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """The database goes, the disk is full: the caller is told that it is not whole, and why in no more than a word."""
    patient = world.opened("author")
    world.deposit(patient)
    ticket = asked(world, patient)
    break_reading(monkeypatch, error)
    answer = refused(world, patient, ticket)
    assert (answer.code, answer.reason) == ("UNAVAILABLE", "DOWNLOAD_BROKE_OFF")
    assert world.trace(answer.decision_id)["outcome"] == "DONE"


def attempts(world: World, patient: Person, action: str) -> list[tuple[str, list[str]]]:
    """Who acted, and the tickets that his act concerned, oldest first."""
    found = world.entries("record = ? AND action = ? AND outcome = 'DONE'", patient["sub"], action)
    told = (world.trace(entry["decision_id"]) for entry in found)
    return [(entry["subject_kind"], [one for one, _ in entry["outcomes"][0]["tickets"]]) for entry in told]


def test_a_copy_that_broke_off_is_made_again_by_who_began(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """By nobody else, and until one came to its end; every attempt is traced, and what was completed is told apart."""
    patient = world.opened("author")
    world.deposit(patient)
    ticket = asked(world, patient)
    with monkeypatch.context() as broken:
        break_reading(broken, StatementFailed("gone"))
        assert refused(world, patient, ticket).reason == "DOWNLOAD_BROKE_OFF"
    assert state_of(world, ticket) == "OPEN"
    another = {**world.people[HOST], "sub": world.people["operator"]["sub"]}
    assert refused(world, patient, ticket, another).code == "PERMISSION_DENIED"
    assert attempts(world, patient, "job.finish_copy") == []
    assert whole(export(world, patient, ticket))
    assert state_of(world, ticket) == "EXECUTED"
    assert refused(world, patient, ticket).code == "PERMISSION_DENIED"
    assert attempts(world, patient, "record.export_copy") == [("HOST_DOCTOR", [ticket])] * 2
    assert attempts(world, patient, "job.finish_copy") == [("SYSTEM", [ticket])]


@pytest.mark.parametrize("change", ["state = 'EXPIRED', settled_at = 1", "opened_at = 1, expires_at = 2"])
def test_a_copy_of_which_the_ticket_is_gone_meanwhile_has_no_end(
    world: World, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Of two downloads on one ticket, only one comes to its end; so of one that outlives its ticket."""
    patient = world.opened("author")
    world.deposit(patient)
    ticket = asked(world, patient)
    read = Reading.content

    def late(reading: Reading, known: Any) -> bytes:
        world.alter(f"UPDATE tickets SET {change} WHERE id = ?", ticket)  # noqa: S608 - our own words
        return read(reading, known)

    monkeypatch.setattr(Reading, "content", late)
    seen: list[str] = []
    messages = world.as_(HOST).ExportCopy(exporting(patient, ticket), timeout=PATIENCE)
    with pytest.raises(grpc.RpcError) as failed:
        seen.extend(message.WhichOneof("part") for message in messages)
    assert told(failed.value).reason == "CHANGED_MEANWHILE"
    assert "end" not in seen


def test_the_trace_is_durable_before_the_first_message(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever goes away after it has been let in stays in the trace, and what was begun for him ends."""
    patient = world.opened("author")
    for _ in range(3):
        world.deposit(patient)
    ticket = asked(world, patient)
    reading, going = threading.Event(), threading.Event()
    read = Reading.content

    def slow(self: Reading, known: Any) -> bytes:
        reading.set()
        assert going.wait(PATIENCE)
        return read(self, known)

    monkeypatch.setattr(Reading, "content", slow)
    call = world.as_(HOST).ExportCopy(exporting(patient, ticket), timeout=PATIENCE)
    first = next(call)
    # Another connection sees it while nothing has been read yet.
    entry = world.trace(first.decided.decision_id)
    assert (entry["outcome"], len(entry["items"])) == ("DONE", 3)
    assert reading.wait(PATIENCE)
    call.cancel()
    going.set()
    with pytest.raises(grpc.RpcError):
        drained(call)
    assert state_of(world, ticket) == "OPEN"
    for _ in range(downloads.MOST):
        # Every place is free again: not one is lost to who went away.
        assert downloads._free.acquire(timeout=PATIENCE)  # noqa: SLF001 - what nobody else can see
    for _ in range(downloads.MOST):
        downloads._free.release()  # noqa: SLF001 - as above


def test_more_copies_than_can_be_made_at_once_are_refused_and_their_tickets_wait(world: World) -> None:
    """Told to come back, before anything is changed."""
    patient = world.opened("author")
    ticket = asked(world, patient)
    for _ in range(downloads.MOST):
        assert downloads._free.acquire(timeout=PATIENCE)  # noqa: SLF001 - as if so many were under way
    try:
        answer = refused(world, patient, ticket)
    finally:
        for _ in range(downloads.MOST):
            downloads._free.release()  # noqa: SLF001 - as above
    assert (answer.code, answer.reason) == ("RESOURCE_EXHAUSTED", "ANSWERS_WAIT")
    assert state_of(world, ticket) == "OPEN"
    assert whole(export(world, patient, ticket))


def test_a_deadline_ends_a_copy(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an error, and its thread with it."""
    patient = world.opened("author")
    world.deposit(patient)
    ticket = asked(world, patient)
    monkeypatch.setattr(downloads, "LONGEST", -1.0)
    messages = world.as_(HOST).ExportCopy(exporting(patient, ticket), timeout=None)
    with pytest.raises(grpc.RpcError) as failed:
        drained(messages)
    assert told(failed.value).code == "DEADLINE_EXCEEDED"
    assert state_of(world, ticket) == "OPEN"


def test_who_reads_nothing_keeps_no_place_for_ever(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However far ahead his own deadline lies."""
    monkeypatch.setattr(downloads, "LONGEST", 6.0)
    patient = world.opened("author")
    for _ in range(8):
        world.deposit(patient, body=body("<br/>" + "x" * 3_900_000))
    held = downloads._free._value  # noqa: SLF001 - how many places are free
    reading = world.as_(HOST).ExportCopy(exporting(patient, asked(world, patient)), timeout=24 * 3600)
    while next(reading).WhichOneof("part") != "file":
        pass
    assert downloads._free._value == held - 1  # noqa: SLF001 - as above
    until(lambda: downloads._free._value == held)  # noqa: SLF001 - as above
    with pytest.raises(grpc.RpcError):
        drained(reading)
