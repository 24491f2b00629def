"""What a caller with a valid token tried once, and must not get."""

from __future__ import annotations

import pytest

from dmp.access.v1 import access_pb2 as access
from dmp.authorization.v1 import authorization_pb2 as authorization
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import records_pb2 as records
from dmp.trace.v1 import trace_pb2 as trace
from services.runtime import gate
from services.runtime.errors import ServiceError
from tests.services.world import World, of, refusal

NORMAL, MASKED, SENSITIVE = documents.LABEL_NORMAL, documents.LABEL_MASQUE_PS, documents.LABEL_INVISIBLE_PATIENT
INTERVIEW = access.Attestations(interview=True)


@pytest.mark.parametrize("ask", ["Check", "Explain"])
def test_a_deposit_is_no_oracle_of_stored_documents(world: World, ask: str) -> None:
    """To ask whether one may deposit a document by its id tells hidden, missing and one's own alike: nothing."""
    patient = world.opened("author")
    hidden = world.deposit(patient, NORMAL, MASKED)
    request = {"Check": authorization.CheckRequest, "Explain": authorization.ExplainRequest}[ask]
    told = set()
    for caller in ("colleague", "author", "emergency"):
        for document in (hidden, "no-such-document"):
            question = authorization.Question(record=of(patient), action="doc.create", document_id=document)
            asked = request(question=question, attestations=access.Attestations(non_opposition=True))
            refused = refusal(lambda asked=asked, caller=caller: getattr(world.as_(caller), ask)(asked))
            told.add((refused.code, refused.message, *sorted(refused.fields.items())))
    assert told == {("INVALID_ARGUMENT", *next(iter(told))[1:])}


def _lines(world: World, reader: object) -> list[tuple[int, str]]:
    listed = world.as_(reader).ListTraces(trace.ListTracesRequest(record=of(reader)))  # type: ignore[arg-type]
    return [(line.kind, line.action) for line in listed.lines]


def test_a_slip_of_the_pen_does_not_betray_a_sensitive_document(world: World) -> None:
    """A reveal or a deposit whose document could not be read leaves the holder the line of the access alone."""
    patient = world.opened("author")
    world.deposit(patient, NORMAL, SENSITIVE)
    before = _lines(world, patient)
    author = world.as_("author")
    for document in ("\u200b", ""):
        slip = documents.RevealToPatientRequest(record=of(patient), document_id=document, attestations=INTERVIEW)
        assert refusal(lambda slip=slip: author.RevealToPatient(slip)).code == "INVALID_ARGUMENT"
    labels = documents.DepositDocumentRequest(record=of(patient), content=world.cda(patient), labels=[NORMAL])
    labels.labels.append(77)  # type: ignore[arg-type]  # no such label
    assert refusal(lambda: author.DepositDocument(labels)).code == "INVALID_ARGUMENT"
    asked = authorization.Question(record=of(patient), action="doc.reveal_patient")
    author.Check(authorization.CheckRequest(question=asked, attestations=INTERVIEW))
    new = [line for line in _lines(world, patient) if line not in before or line[0] == trace.LINE_KIND_ACCESS]
    assert {action for _, action in new} <= {"", "trace.list"}


def test_the_depositors_structure_is_his_tokens(world: World) -> None:
    """The structure that a CDA names does not become the document's: it opens masked documents in 2023 (VIS-02)."""
    patient = world.opened("author")
    document = world.deposit(patient, structure=("1.2.250.1.71.4.2.2", "10B0000099"))
    read = world.as_("author").GetDocument
    found = read(documents.GetDocumentRequest(record=of(patient), document_id=document)).document
    assert found.author_structure.value == "10B0000001"


def test_a_doctor_is_a_patient_of_her_own_record(world: World) -> None:
    """A doctor who is the holder neither reads what is hidden from the holder nor breaks her own glass (ACT-05)."""
    patient = world.opened("author", "emergency")
    hidden = world.deposit(patient, NORMAL, SENSITIVE)
    doctor = {**world.people["emergency"], "own_ins": patient["sub"]}
    request = documents.GetDocumentRequest(record=of(patient), document_id=hidden)
    assert world.as_("emergency").GetDocument(request).content
    assert refusal(lambda: world.as_(doctor).GetDocument(request)).code == "NOT_FOUND"
    glass = access.Attestations(patient_unable=True, immediate_risk=True, reason="coma")
    start = records.StartEmergencyAccessRequest(
        record=of(patient), mode=records.EMERGENCY_MODE_BRIS_DE_GLACE, attestations=glass
    )
    assert "MOD-17" in refusal(lambda: world.as_(doctor).StartEmergencyAccess(start)).metadata["rules"]


def test_a_stranger_does_not_learn_who_is_blocked(world: World) -> None:
    """To remove a blocked professional at the patient's request is answered as for any other, and the block holds."""
    patient = world.opened()
    blocked = of(world.people["blocked"])
    world.as_(patient).BlockProfessional(records.BlockProfessionalRequest(record=of(patient), professional=blocked))
    asked = access.Attestations(patient_request=True)
    for professional in (blocked, of(world.people["colleague"])):
        world.as_("nurse").RevokeAccess(
            records.RevokeAccessRequest(record=of(patient), professional=professional, attestations=asked)
        )
    status = world.as_("blocked").GetRecordStatus(records.GetRecordStatusRequest(record=of(patient)))
    assert status.authorisation == records.AUTHORISATION_STATUS_INTERDIT


def test_a_flood_is_refused_before_it_is_kept() -> None:
    """Calls and bytes under way are bounded, and what ends makes room."""
    flight = gate.Flight()
    flight.take(gate.MOST_BYTES)
    with pytest.raises(ServiceError, match="too much"):
        flight.take(1)
    flight.leave(gate.MOST_BYTES)
    flight.calls = gate.MOST_CALLS
    with pytest.raises(ServiceError, match="too much"):
        flight.take(0)
    assert flight.size == 0
