"""Every kind of bad input, in one table: what is sent, and what it gets. Never a permit, never INTERNAL or UNKNOWN."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from google.protobuf.message import Message

from dmp.access.v1 import access_pb2 as access
from dmp.authorization.v1 import authorization_pb2 as authorization
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import records_pb2 as records
from dmp.trace.v1 import trace_pb2 as trace
from services.runtime.identifiers import PROFESSIONAL
from tests.services.world import INS_OF_TESTS, Person, World, identified, of, raw, refusal

MIB = 1024 * 1024
CONSENT = access.Attestations(consent=True, informed=True)
DOCTYPE = b'<!DOCTYPE ClinicalDocument SYSTEM "http://example.org/cda.dtd">'
ENTITY = b'<!DOCTYPE c [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
LAUGHS = (
    b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;">]>'
)

Payload = Callable[[World, Person], bytes]


@dataclass(frozen=True)
class Row:
    """One thing that somebody sends, and the field that is at fault."""

    name: str
    rpc: tuple[str, str]
    payload: Payload
    reason: str
    field: str = ""
    code: str = "INVALID_ARGUMENT"
    traced: bool = True


def number(value: int) -> Any:
    return value


def sent(build: Callable[[World, Person], Message]) -> Payload:
    """The bytes of a typed request."""
    return lambda world, patient: build(world, patient).SerializeToString()


def status(system: str, value: str) -> Payload:
    record = access.Identifier(system=system, value=value)
    return sent(lambda _world, _patient: records.GetRecordStatusRequest(record=record))


def creation(birth: access.Date | None, **other: Any) -> Payload:
    return sent(
        lambda world, _patient: records.CreateRecordRequest(
            record=of(world.patient()), holder_birth_date=birth, attestations=CONSENT, **other
        )
    )


def on_record(message: Callable[..., Message], **fields: Any) -> Payload:
    """A request about an open record."""
    return sent(lambda _world, patient: message(record=of(patient), **fields))


def emergency(**attested: Any) -> Payload:
    return on_record(
        records.StartEmergencyAccessRequest,
        mode=records.EMERGENCY_MODE_BRIS_DE_GLACE,
        attestations=access.Attestations(**attested),
    )


def deposit(content: Callable[[World, Person], bytes], *labels: int) -> Payload:
    return sent(
        lambda world, patient: documents.DepositDocumentRequest(
            record=of(patient),
            content=content(world, patient),
            labels=[number(label) for label in labels or (1,)],
            attestations=access.Attestations(non_opposition=True),
        )
    )


def preceded(mark: bytes) -> Payload:
    """A good document with something before its root."""
    return deposit(
        lambda world, patient: world.cda(patient).replace(b"<ClinicalDocument", mark + b"<ClinicalDocument", 1)
    )


STATUS = ("records", "RecordsService/GetRecordStatus")
CREATE = ("records", "RecordsService/CreateRecord")
OPPOSE = ("records", "RecordsService/SetOpposition")
START = ("records", "RecordsService/StartEmergencyAccess")
BLOCK = ("records", "RecordsService/BlockProfessional")
DEPOSIT = ("documents", "DocumentsService/DepositDocument")
LIST = ("documents", "DocumentsService/ListDocuments")
READ = ("documents", "DocumentsService/GetDocument")
REPLACE = ("documents", "DocumentsService/ReplaceDocument")
CHECK = ("authorization", "AuthorizationService/Check")
TRACES = ("trace", "TraceService/ListTraces")
SETTING = "content.documentationOf.serviceEvent.performer.assignedEntity.representedOrganization"
GLASS = records.OPPOSITION_BRIS_DE_GLACE
INS = "284037599900117"
BORN = access.Date(year=1984, month=3, day=1)
NO_DAY = access.Date(year=2023, month=2, day=30)
SET_OPPOSITION, GET, LISTED = records.SetOppositionRequest, documents.GetDocumentRequest, documents.ListDocumentsRequest


def unparsed(payload: bytes) -> Payload:
    return lambda _world, _patient: payload


# fmt: off
# ruff: disable[E501] - one row, one line
ROWS = (
    Row("random bytes", STATUS, unparsed(b"\xff\xfe\xfd"), "MALFORMED", traced=False),
    Row("a truncated message", STATUS, lambda _, patient: sent_status(patient)[:-3], "MALFORMED", traced=False),
    Row("a text that is not UTF-8", READ, unparsed(b"\x1a\x02\xc3\x28"), "MALFORMED", traced=False),
    Row("5 MiB", DEPOSIT, lambda *_: b"\x1a" + varint(5 * MIB) + b"x" * 5 * MIB, "MESSAGE_TOO_LARGE", "", "RESOURCE_EXHAUSTED", traced=False),
    Row("nothing", STATUS, unparsed(b""), "REQUIRED", "record"),
    Row("a question about nothing", CHECK, unparsed(b""), "REQUIRED", "question"),
    Row("an INS with a wrong key", STATUS, status(INS_OF_TESTS, INS[:-2] + "18"), "INVALID_IDENTIFIER", "record"),
    Row("an INS of 14 digits", STATUS, status(INS_OF_TESTS, INS[:-1]), "INVALID_IDENTIFIER", "record"),
    Row("an INS in Arabic digits", STATUS, status(INS_OF_TESTS, "٢٨٤٠٣٧٥٩٩٩٠٠١١٧"), "INVALID_IDENTIFIER", "record"),
    Row("an INS and a NUL", STATUS, status(INS_OF_TESTS, INS + "\0"), "INVALID_IDENTIFIER", "record"),
    Row("a system and a separator", STATUS, status(INS_OF_TESTS + "|", INS), "INVALID_IDENTIFIER", "record"),
    Row("an unknown code system", STATUS, status("1.2.3", INS), "INVALID_IDENTIFIER", "record"),
    Row("a doctor for a record", STATUS, status(PROFESSIONAL, "899700000011"), "INVALID_IDENTIFIER", "record"),
    Row("no birth date", CREATE, creation(None), "REQUIRED", "holder_birth_date"),
    Row("a 30th of February", CREATE, creation(NO_DAY), "OUT_OF_RANGE", "holder_birth_date"),
    Row("the year 0", CREATE, creation(access.Date()), "OUT_OF_RANGE", "holder_birth_date"),
    Row("the year 999999", CREATE, creation(access.Date(year=999_999, month=1, day=1)), "OUT_OF_RANGE", "holder_birth_date"),
    Row("a negative month", CREATE, creation(access.Date(year=1984, month=-1, day=1)), "OUT_OF_RANGE", "holder_birth_date"),
    Row("an unknown protection", CREATE, creation(BORN, protection=number(99)), "UNKNOWN_CODE", "protection"),
    Row("an opposition to nothing", OPPOSE, on_record(SET_OPPOSITION, opposed=False), "REQUIRED", "opposition"),
    Row("an opposition neither set nor lifted", OPPOSE, on_record(SET_OPPOSITION, opposition=GLASS), "REQUIRED", "opposed"),
    Row("no mode", START, on_record(records.StartEmergencyAccessRequest), "REQUIRED", "mode"),
    Row("an unknown mode", START, on_record(records.StartEmergencyAccessRequest, mode=number(7)), "UNKNOWN_CODE", "mode"),
    Row("a reason of 2000 characters", START, emergency(reason="é" * 2000), "TOO_LONG", "attestations.reason"),
    Row("a reason that turns around", START, emergency(reason="a\u202eb"), "CONTROL_CHARACTER", "attestations.reason"),
    Row("an unknown purpose", START, emergency(purpose=number(42)), "UNKNOWN_CODE", "attestations.purpose"),
    Row("nobody to block", BLOCK, on_record(records.BlockProfessionalRequest), "REQUIRED", "professional"),
    Row("a patient to block", BLOCK, sent(lambda _, p: records.BlockProfessionalRequest(record=of(p), professional=of(p))), "INVALID_IDENTIFIER", "professional"),
    Row("no document", READ, on_record(GET), "REQUIRED", "document_id"),
    Row("a document of 65 characters", READ, on_record(GET, document_id="x" * 65), "TOO_LONG", "document_id"),
    Row("a document with a NUL", READ, on_record(GET, document_id="a\0b"), "CONTROL_CHARACTER", "document_id"),
    Row("a page of -1", LIST, on_record(LISTED, page_size=-1), "OUT_OF_RANGE", "page_size"),
    Row("a page of 501", TRACES, on_record(trace.ListTracesRequest, page_size=501), "OUT_OF_RANGE", "page_size"),
    Row("a status that is none", LIST, on_record(LISTED, statuses=[number(0)]), "UNKNOWN_CODE", "statuses"),
    Row("a hundred statuses", LIST, on_record(LISTED, statuses=[number(1)] * 100), "OUT_OF_RANGE", "statuses"),
    Row("an action of no vocabulary", CHECK, sent(lambda _, p: question(p, "rm -rf")), "INVALID_FACT", "question.action"),
    Row("no content", DEPOSIT, deposit(unparsed(b"")), "REQUIRED", "content"),
    Row("too much content", DEPOSIT, deposit(unparsed(b"x" * 4_130_000)), "TOO_LONG", "content"),
    Row("a label that is none", DEPOSIT, deposit(World.cda, 0), "UNKNOWN_CODE", "labels"),
    Row("an unknown label", DEPOSIT, deposit(World.cda, 1, 17), "UNKNOWN_CODE", "labels"),
    Row("a CDA that is not XML", DEPOSIT, deposit(unparsed(b"%PDF-1.7")), "CDA_NOT_XML", "content"),
    Row("a CDA that is cut off", DEPOSIT, deposit(lambda world, patient: world.cda(patient)[:-20]), "CDA_NOT_XML", "content"),
    Row("a CDA with a DOCTYPE", DEPOSIT, preceded(DOCTYPE), "CDA_DOCTYPE", "content"),
    Row("a CDA with an entity", DEPOSIT, preceded(ENTITY), "CDA_DOCTYPE", "content"),
    Row("a CDA with a billion laughs", DEPOSIT, preceded(LAUGHS), "CDA_DOCTYPE", "content"),
    Row("an XML that is no CDA", DEPOSIT, deposit(unparsed(b"<html/>")), "CDA_NOT_CDA", "content"),
    Row("a CDA without a title", DEPOSIT, deposit(lambda world, patient: world.cda(patient, title="")), "CDA_MISSING", "content.title"),
    Row("a CDA of the year 3000", DEPOSIT, deposit(lambda world, patient: world.cda(patient, effective_time="30000101120000+0100")), "CDA_DATE", "content.effectiveTime"),
    Row("a CDA with a wrong key", DEPOSIT, deposit(lambda world, patient: wrong_key(world.cda(patient), patient)), "CDA_VALUE", "content.recordTarget.patientRole.id"),
    Row("a CDA of no practice setting", DEPOSIT, deposit(lambda world, patient: world.cda(patient, practice_setting="SORCELLERIE")), "UNKNOWN_CODE", SETTING),
    Row("a replacement without content", REPLACE, on_record(documents.ReplaceDocumentRequest, document_id="x", labels=[number(1)]), "REQUIRED", "content"),
    Row("a CDA about another patient", DEPOSIT, deposit(lambda world, _: world.cda(world.patient())), "ACCESS_DENIED", "content.recordTarget.patientRole.id", "PERMISSION_DENIED"),
    Row("a CDA by another author", DEPOSIT, deposit(lambda world, patient: world.cda(patient, "colleague")), "ACCESS_DENIED", "content.author.assignedAuthor.id", "PERMISSION_DENIED"),
)
# ruff: enable[E501]
# fmt: on


def question(patient: Person, action: str) -> authorization.CheckRequest:
    return authorization.CheckRequest(question=authorization.Question(record=of(patient), action=action))


def wrong_key(content: bytes, patient: Person) -> bytes:
    value = of(patient).value
    return content.replace(value.encode(), f"{value[:-2]}{int(value[-2:]) % 97 + 1:02d}".encode())


def sent_status(patient: Person) -> bytes:
    return records.GetRecordStatusRequest(record=of(patient)).SerializeToString()


def varint(number: int) -> bytes:
    """As protobuf writes a length."""
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    return bytes([*written, number])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_bad_input_is_refused(world: World, row: Row) -> None:
    """With the code, reason and field of its row; nothing is written but its trace, or its line in the security log."""
    patient = world.opened("author")
    payload, token = row.payload(world, patient), identified(world, "author")
    before, traces, lines = world.state(), world.traces(), len(world.security_log.getvalue().splitlines())
    refused = refusal(raw, world, *row.rpc, payload, token)
    assert (refused.code, refused.reason) == (row.code, row.reason)
    if row.code == "PERMISSION_DENIED":
        assert row.field in refused.metadata["fields"].split(",")
    else:
        assert refused.fields == ({row.field: row.reason} if row.field else {})
    assert world.state() == before
    assert world.traces() - traces == (1 if row.traced else 0)
    logged = world.security_log.getvalue().splitlines()[lines:]
    assert [json.loads(line)["reason"] for line in logged] == ([] if row.traced else [row.reason])
    if row.traced:
        entry = world.trace(refused.decision_id)
        assert (entry["effect"], entry["outcome"]) == ("DENY", "REFUSED")
        assert entry["items"] == [] or row.rpc in (READ, REPLACE)


def test_every_fault_is_told_at_once(world: World) -> None:
    """Of fields at any depth, each by its path."""
    request = records.StartEmergencyAccessRequest(
        record=access.Identifier(system=INS_OF_TESTS, value="1"),
        attestations=access.Attestations(reason="x" * 1001, call_ref="\x07"),
    )
    refused = refusal(world.as_("author").StartEmergencyAccess, request)
    assert (refused.code, refused.reason) == ("INVALID_ARGUMENT", "INVALID_REQUEST")
    assert refused.fields == {
        "record": "INVALID_IDENTIFIER",
        "attestations.reason": "TOO_LONG",
        "attestations.call_ref": "CONTROL_CHARACTER",
        "mode": "REQUIRED",
    }


def test_a_fault_refuses_what_the_rules_would_permit(world: World) -> None:
    """One faulty field of no importance is enough, and the trace says which."""
    patient = world.opened("author")
    request = documents.ListDocumentsRequest(record=of(patient), page_size=-5)
    refused = refusal(world.as_("author").ListDocuments, request)
    entry = world.trace(refused.decision_id)
    assert (entry["effect"], entry["rules"]["determining"]) == ("DENY", ["ENV-01"])
    assert entry["outcomes"][0]["faults"] == ["page_size: must be from 0 to 500"]


def test_unknown_fields_are_passed_over(world: World) -> None:
    """A newer client's request is understood as far as it goes."""
    patient = world.opened("author")
    answered = raw(world, *STATUS, sent_status(patient) + b"\xfa\x3f\x03new", identified(world, "author"))
    assert records.GetRecordStatusResponse.FromString(answered).state == records.RECORD_STATE_ACTIVE


def test_over_the_transport_limit_is_refused_as_well(world: World) -> None:
    """By gRPC itself, before the gate sees it."""
    assert refusal(raw, world, *STATUS, b"x" * 9 * MIB).code == "RESOURCE_EXHAUSTED"


def test_the_security_log_holds_nothing_that_was_sent(world: World) -> None:
    """No identifier, no token, no payload."""
    patient = world.opened("author")
    refusal(raw, world, *STATUS, sent_status(patient)[:-3], identified(world, "author"))
    line = json.loads(world.security_log.getvalue().splitlines()[-1])
    assert line.keys() == {"event", "level", "log", "method", "code", "reason", "timestamp"}
    assert line["method"] == "/dmp.records.v1.RecordsService/GetRecordStatus"
