"""The holder's death closes the record for good, and one that was recorded by mistake is withdrawn (LIF-13, DEC-01)."""

import pytest

from dmp.access.v1 import access_pb2 as access
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import records_pb2 as records
from policy.calendar import due
from services.store.clock import moment
from tests.services.records.test_copies import asked, export, refused, state_of, whole
from tests.services.world import Person, World, of, refusal

OPERATOR = "operator"
CONSENT = access.Attestations(consent=True, informed=True)


def declaring(patient: Person, *, deceased: bool = True, reason: str = "RNIPP") -> records.DeclareDeathRequest:
    attested = access.Attestations(reason=reason)
    return records.DeclareDeathRequest(record=of(patient), deceased=deceased, attestations=attested)


def test_death_closes_the_record_in_every_mode(world: World) -> None:
    """For the treating physician, in an emergency, and with the dead person's own codes; it is kept for ten years."""
    patient = world.opened("author", "colleague", treating="treating")
    document = world.deposit(patient)
    world.as_(OPERATOR).DeclareDeath(declaring(patient))
    [row] = world.rows("SELECT * FROM records WHERE ins = ?", patient["sub"])
    assert (row["state"], bool(row["deceased"]), row["closure_motive"]) == ("CLOSED", True, None)
    assert moment(row["retained_until"]) == due(moment(row["closed_at"]), 10, "years")
    reading = documents.GetDocumentRequest(record=of(patient), document_id=document)
    for reader in ("author", "treating", patient):
        assert refusal(world.as_(reader).GetDocument, reading).code == "PERMISSION_DENIED"
    start = records.StartEmergencyAccessRequest(
        record=of(patient),
        mode=records.EMERGENCY_MODE_BRIS_DE_GLACE,
        attestations=access.Attestations(patient_unable=True, immediate_risk=True, reason="coma"),
    )
    assert refusal(world.as_("colleague").StartEmergencyAccess, start).code == "PERMISSION_DENIED"
    again = records.ReactivateRecordRequest(record=of(patient), attestations=CONSENT)
    assert refusal(world.as_("author").ReactivateRecord, again).code == "PERMISSION_DENIED"


def test_a_mistake_is_withdrawn(world: World) -> None:
    """The record stays closed until it is reactivated; its documents are there again."""
    patient = world.opened("author")
    document = world.deposit(patient)
    world.as_(OPERATOR).DeclareDeath(declaring(patient))
    world.as_(OPERATOR).DeclareDeath(declaring(patient, deceased=False, reason="homonyme"))
    reading = documents.GetDocumentRequest(record=of(patient), document_id=document)
    assert refusal(world.as_(patient).GetDocument, reading).code == "PERMISSION_DENIED"
    world.as_("author").ReactivateRecord(records.ReactivateRecordRequest(record=of(patient), attestations=CONSENT))
    assert world.as_(patient).GetDocument(reading).content


def test_a_death_after_the_closure_does_not_prolong_it(world: World) -> None:
    """The ten years run from the closure."""
    patient = world.opened("author")
    world.as_(patient).CloseRecord(records.CloseRecordRequest(record=of(patient)))
    [before] = world.rows("SELECT closed_at, retained_until FROM records WHERE ins = ?", patient["sub"])
    world.as_(OPERATOR).DeclareDeath(declaring(patient))
    [after] = world.rows("SELECT closed_at, retained_until FROM records WHERE ins = ?", patient["sub"])
    assert after == before


@pytest.mark.parametrize("caller", ["author", "host", "support", ""])
def test_nobody_else_declares_a_death(world: World, caller: str) -> None:
    """It would close the record to everybody."""
    patient = world.opened("author")
    before = world.state()
    told = refusal(world.as_(caller or patient).DeclareDeath, declaring(patient))
    assert (told.code, world.state()) == ("PERMISSION_DENIED", before)


def test_a_death_is_declared_once_and_with_its_source(world: World) -> None:
    """Nor is one withdrawn that was not declared."""
    patient = world.opened("author")
    operator = world.as_(OPERATOR)
    assert refusal(operator.DeclareDeath, declaring(patient, reason="")).code == "PERMISSION_DENIED"
    assert refusal(operator.DeclareDeath, declaring(patient, deceased=False)).code == "FAILED_PRECONDITION"
    operator.DeclareDeath(declaring(patient))
    assert refusal(operator.DeclareDeath, declaring(patient)).code == "FAILED_PRECONDITION"
    unsaid = records.DeclareDeathRequest(record=of(patient), attestations=access.Attestations(reason="RNIPP"))
    assert refusal(operator.DeclareDeath, unsaid).fields == {"deceased": "REQUIRED"}


def test_what_the_dead_had_asked_of_the_host_is_not_done(world: World) -> None:
    """Neither a copy nor the destruction; it waits, and is done where the death was a mistake (DEC-01.ticket)."""
    patient = world.opened("author")
    document = world.deposit(patient)
    asking = documents.RequestDocumentDestructionRequest(record=of(patient), document_id=document)
    tickets = {
        "copy": asked(world, patient),
        "record": world.as_(patient)
        .RequestRecordDestruction(records.RequestRecordDestructionRequest(record=of(patient)))
        .ticket_id,
        "document": world.as_(patient).RequestDocumentDestruction(asking).ticket_id,
    }
    host = world.as_("host")
    world.as_(OPERATOR).DeclareDeath(declaring(patient))
    before = world.state()
    destroying = records.DestroyRecordRequest(record=of(patient), ticket_id=tickets["record"])
    document_too = documents.DestroyDocumentRequest(
        record=of(patient), document_id=document, ticket_id=tickets["document"]
    )
    for told in (
        refused(world, patient, tickets["copy"]),
        refusal(host.DestroyRecord, destroying),
        refusal(host.DestroyDocument, document_too),
    ):
        assert (told.code, told.metadata["rules"]) == ("PERMISSION_DENIED", "DEC-01.ticket")
    assert world.state() == before
    assert {state_of(world, ticket) for ticket in tickets.values()} == {"OPEN"}
    world.as_(OPERATOR).DeclareDeath(declaring(patient, deceased=False, reason="homonyme"))
    assert whole(export(world, patient, tickets["copy"]))


def test_a_successor_is_given_a_copy_all_the_same(world: World) -> None:
    """Beside that which the dead had asked for (DEC-03)."""
    patient = world.opened("author")
    world.deposit(patient)
    own = asked(world, patient)
    world.as_(OPERATOR).DeclareDeath(declaring(patient))
    heir = world.patient() | {"kind": "SUCCESSOR", "name": "Paul Héritier"}
    request = records.RequestRecordCopyRequest(record=of(patient), motive=records.SUCCESSOR_MOTIVE_MEMORY)
    ticket = world.as_(heir).RequestRecordCopy(request).ticket_id
    assert refused(world, patient, own).code == "PERMISSION_DENIED"
    assert whole(export(world, patient, ticket))
