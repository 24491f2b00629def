"""A record is closed, kept for ten years, and opened again: what ends with it, and what comes back (LIF-06, LIF-09)."""

from datetime import UTC, datetime

from dmp.access.v1 import access_pb2 as access
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import records_pb2 as records
from dmp.trace.v1 import trace_pb2 as trace
from policy.calendar import due
from services.store.clock import moment
from tests.services.world import Person, World, of, refusal

CONSENT = access.Attestations(consent=True, informed=True)


def close(
    world: World, patient: Person, by: str | Person = "", attested: access.Attestations | None = None
) -> records.CloseRecordResponse:
    request = records.CloseRecordRequest(record=of(patient), attestations=attested)
    answered: records.CloseRecordResponse = world.as_(by or patient).CloseRecord(request)
    return answered


def reactivate(world: World, patient: Person, by: str | Person = "") -> None:
    request = records.ReactivateRecordRequest(record=of(patient), attestations=CONSENT)
    world.as_(by or patient).ReactivateRecord(request)


def stored(world: World, patient: Person) -> dict[str, object]:
    [row] = world.rows("SELECT * FROM records WHERE ins = ?", patient["sub"])
    return row


def test_a_closed_record_is_neither_read_nor_fed(world: World) -> None:
    """Not even by the holder; he still reads who came. It is kept for ten years, and the holder is told."""
    patient = world.opened("author", treating="treating")
    document = world.deposit(patient)
    answered = close(world, patient)
    row = stored(world, patient)
    assert (row["state"], row["closure_motive"]) == ("CLOSED", "FERMETURE_DEMANDE_PATIENT")
    closed_at = moment(int(str(row["closed_at"])))
    assert moment(int(str(row["retained_until"]))) == due(closed_at, 10, "years")
    assert abs((datetime.now(UTC) - closed_at).total_seconds()) < 60
    request = documents.GetDocumentRequest(record=of(patient), document_id=document)
    for reader in ("author", "treating", patient):
        assert refusal(world.as_(reader).GetDocument, request).code == "PERMISSION_DENIED"
    deposit = documents.DepositDocumentRequest(
        record=of(patient),
        content=world.cda(patient),
        labels=[documents.LABEL_NORMAL],
        attestations=access.Attestations(non_opposition=True),
    )
    assert refusal(world.as_("author").DepositDocument, deposit).code == "PERMISSION_DENIED"
    lines = world.as_(patient).ListTraces(trace.ListTracesRequest(record=of(patient))).lines
    assert "record.close" in [line.action for line in lines]
    assert world.rows("SELECT * FROM notifications WHERE decision_id = ?", answered.decided.decision_id)
    assert refusal(world.as_(patient).CloseRecord, records.CloseRecordRequest(record=of(patient))).code == (
        "FAILED_PRECONDITION"
    )


def test_a_professional_closes_at_the_patients_request_alone(world: World) -> None:
    """Attested (LIF-06)."""
    patient = world.opened("author")
    request = records.CloseRecordRequest(record=of(patient))
    assert refusal(world.as_("author").CloseRecord, request).code == "PERMISSION_DENIED"
    assert stored(world, patient)["state"] == "ACTIVE"
    close(world, patient, "author", access.Attestations(patient_request=True))
    assert stored(world, patient)["state"] == "CLOSED"


def test_what_was_given_ends_and_what_was_refused_stays(world: World) -> None:
    """Authorisations, treating physicians and emergencies end; blocks, documents, labels and oppositions come back."""
    patient = world.opened("author", treating="treating")
    document = world.deposit(patient, documents.LABEL_NORMAL, documents.LABEL_MASQUE_PS)
    holder = world.as_(patient)
    holder.BlockProfessional(
        records.BlockProfessionalRequest(record=of(patient), professional=of(world.people["blocked"]))
    )
    emergency = records.StartEmergencyAccessRequest(
        record=of(patient),
        mode=records.EMERGENCY_MODE_BRIS_DE_GLACE,
        attestations=access.Attestations(patient_unable=True, immediate_risk=True, reason="coma"),
    )
    world.as_("emergency").StartEmergencyAccess(emergency)
    holder.SetOpposition(
        records.SetOppositionRequest(record=of(patient), opposition=records.OPPOSITION_BRIS_DE_GLACE, opposed=True)
    )
    close(world, patient)
    reactivate(world, patient)
    row = stored(world, patient)
    assert (row["state"], row["closed_at"], row["closure_motive"], row["retained_until"]) == (
        "ACTIVE",
        None,
        None,
        None,
    )
    [block] = world.rows("SELECT target, status FROM authorisations WHERE record = ?", patient["sub"])
    assert (block["target"], block["status"]) == (world.people["blocked"]["sub"], "INTERDIT")
    assert not world.rows("SELECT * FROM roles WHERE record = ?", patient["sub"])
    listing = documents.ListDocumentsRequest(record=of(patient))
    for person in ("author", "treating", "emergency"):
        assert refusal(world.as_(person).ListDocuments, listing).code == "PERMISSION_DENIED"
    assert refusal(world.as_("emergency").StartEmergencyAccess, emergency).code == "PERMISSION_DENIED"
    [seen] = world.as_(patient).ListDocuments(listing).documents
    assert (seen.document_id, documents.LABEL_MASQUE_PS in seen.labels) == (document, True)


def test_opening_again_needs_a_consent_and_a_closed_record(world: World) -> None:
    """A new consent, which is kept (CNS-06)."""
    patient = world.opened("author")
    request = records.ReactivateRecordRequest(record=of(patient), attestations=CONSENT)
    assert refusal(world.as_(patient).ReactivateRecord, request).code == "FAILED_PRECONDITION"
    close(world, patient)
    bare = records.ReactivateRecordRequest(record=of(patient))
    assert refusal(world.as_(patient).ReactivateRecord, bare).code == "PERMISSION_DENIED"
    answered = world.as_("author").ReactivateRecord(request)
    assert list(answered.decided.obligations) == ["RECOLLECT_OPPOSITIONS"]
    [consent] = world.rows("SELECT code FROM consents WHERE decision_id = ?", answered.decided.decision_id)
    assert consent["code"] == "CONSENTEMENT_REACTIVATION_DMP"


def test_after_ten_years_nothing_is_opened_again(world: World) -> None:
    """The record counts as destroyed (LIF-10)."""
    patient = world.opened("author")
    close(world, patient)
    world.alter("UPDATE records SET closed_at = closed_at - 315705600000000 WHERE ins = ?", patient["sub"])
    request = records.ReactivateRecordRequest(record=of(patient), attestations=CONSENT)
    assert refusal(world.as_(patient).ReactivateRecord, request).code == "NOT_FOUND"
