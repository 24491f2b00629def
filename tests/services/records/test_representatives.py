"""Who represents a holder: recorded on a title, for a power and a period, and worth what the rules give it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from dmp.access.v1 import access_pb2 as access
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import records_pb2 as records
from tests.services.world import Person, Refusal, World, answered_or_refused, of, refusal

OPERATOR = "operator"
TITLE = access.Attestations(reason="livret de famille")
AGREED = access.Attestations(reason="jugement", consent=True)
PARENT, TUTOR, CURATOR = records.POWER_AUTORITE_PARENTALE, records.POWER_TUTELLE, records.POWER_CURATELLE
MANDATE = records.POWER_MANDAT
SECRET = documents.LABEL_INVISIBLE_REPRESENTANTS_LEGAUX
FORBIDDEN, CONFLICT = "PERMISSION_DENIED", "FAILED_PRECONDITION"


def day(at: date) -> access.Date:
    return access.Date(year=at.year, month=at.month, day=at.day)


def today() -> date:
    return datetime.now(UTC).date()


def minor(world: World, *authorised: str) -> Person:
    """A child of six, with a record."""
    return world.opened(*authorised, birth=access.Date(year=today().year - 6, month=1, day=2))


def someone(world: World, kind: str = "LEGAL_REP") -> Person:
    """A person who calls as a representative."""
    return {**world.patient(), "kind": kind}


def registering(
    patient: Person, person: Person, power: records.Power.ValueType, **others: Any
) -> records.RegisterRepresentativeRequest:
    given: dict[str, Any] = {"attestations": TITLE, **others}
    return records.RegisterRepresentativeRequest(record=of(patient), representative=of(person), power=power, **given)


def register(
    world: World, patient: Person, power: records.Power.ValueType, by: str | Person = OPERATOR, **others: Any
) -> Person:
    """Somebody who was recorded as a representative."""
    person = someone(world)
    world.as_(by).RegisterRepresentative(registering(patient, person, power, **others))
    return person


def protect(world: World, patient: Person, measure: records.Protection.ValueType, by: str = OPERATOR) -> None:
    request = records.SetProtectionRequest(record=of(patient), protection=measure, attestations=TITLE)
    world.as_(by).SetProtection(request)


def listing(patient: Person) -> documents.ListDocumentsRequest:
    return documents.ListDocumentsRequest(record=of(patient))


def lists(world: World, person: str | Person, patient: Person) -> set[str]:
    """What somebody sees in the list of a record."""
    return {found.document_id for found in world.as_(person).ListDocuments(listing(patient)).documents}


def rules(world: World, person: str | Person, patient: Person) -> str:
    """The rules by which somebody is refused the list."""
    return refusal(world.as_(person).ListDocuments, listing(patient)).metadata["rules"]


def rules_or_none(world: World, person: Person, patient: Person) -> str:
    """The rules by which somebody is refused the list, if he is."""
    answer = answered_or_refused(world.as_(person).ListDocuments, listing(patient))
    return answer.metadata["rules"] if isinstance(answer, Refusal) else ""


def test_a_parent_acts_for_a_minor(world: World) -> None:
    """Reads all but what is kept from him, reads the traces and the notifications, and manages the rights (MIN-01)."""
    child = minor(world, "author")
    visible, hidden = world.deposit(child), world.deposit(child, documents.LABEL_NORMAL, SECRET)
    stranger = someone(world)
    assert rules(world, stranger, child) == "ACT-02"
    for mother in (register(world, child, PARENT), register(world, child, PARENT, by="author")):
        assert lists(world, mother, child) == {visible}
        reading = documents.GetDocumentRequest(record=of(child), document_id=hidden)
        assert refusal(world.as_(mother).GetDocument, reading).code == "NOT_FOUND"
        world.as_(mother).BlockProfessional(
            records.BlockProfessionalRequest(record=of(child), professional=of(world.people["nurse"]))
        )
        assert world.as_(mother).ListNotifications(records.ListNotificationsRequest(record=of(child))).notifications
    assert rules(world, child, child) == "MIN-05"
    assert rules(world, stranger, child) == "ACT-02"


def test_a_document_is_revealed_to_the_parents_with_the_minors_consent(world: World) -> None:
    """Once, for good (VIS-13)."""
    child = minor(world, "author")
    hidden = world.deposit(child, documents.LABEL_NORMAL, SECRET)
    mother = register(world, child, PARENT)
    attested = access.Attestations(minor_consent=True, confirmed=True)
    reveal = documents.RevealToRepresentativesRequest(record=of(child), document_id=hidden, attestations=attested)
    assert refusal(world.as_(mother).RevealToRepresentatives, reveal).code == "NOT_FOUND"
    world.as_("author").RevealToRepresentatives(reveal)
    assert lists(world, mother, child) == {hidden}


def test_a_secret_connection_leaves_the_parents_nothing(world: World) -> None:
    """Neither the document, nor the trace of its deposit (MIN-04, TRC-05)."""
    child = minor(world, "author")
    mother = register(world, child, PARENT)
    attested = access.Attestations(secret_connection=True, non_opposition=True)
    request = documents.DepositDocumentRequest(
        record=of(child), content=world.cda(child), labels=[documents.LABEL_NORMAL], attestations=attested
    )
    assert "MIN-04" in refusal(world.as_("author").DepositDocument, request).metadata["rules"]
    request.labels.append(SECRET)
    answered = world.as_("author").DepositDocument(request)
    assert world.trace(answered.decided.decision_id)["audience"] == "INVISIBLE_REPRESENTANTS_LEGAUX"
    assert lists(world, mother, child) == set()


def test_at_eighteen_the_parents_power_is_worth_nothing(world: World) -> None:
    """From the birth date alone, whatever was recorded; the holder then acts himself (MIN-08)."""
    child = minor(world, "author")
    document = world.deposit(child)
    mother = register(world, child, PARENT)
    assert lists(world, mother, child) == {document}
    birth = today().replace(year=today().year - 18, day=1)
    world.alter("UPDATE records SET holder_birth_date = ? WHERE ins = ?", birth.isoformat(), child["sub"])
    assert rules(world, mother, child) == "MIN-08"
    assert lists(world, child, child) == {document}


def test_a_power_holds_in_its_period(world: World) -> None:
    """From the first day named, and not on the last."""
    child = minor(world, "author")
    begins = register(world, child, PARENT, starts_on=day(today() + timedelta(days=2)))
    ended = register(
        world, child, PARENT, starts_on=day(today() - timedelta(days=9)), ends_on=day(today() - timedelta(days=1))
    )
    holds = register(
        world, child, PARENT, starts_on=day(today() - timedelta(days=9)), ends_on=day(today() + timedelta(days=2))
    )
    assert (rules(world, begins, child), rules(world, ended, child)) == ("ACT-02", "ACT-02")
    assert lists(world, holds, child) == set()
    backwards = registering(child, ended, PARENT, ends_on=day(today() - timedelta(days=1)))
    before = world.state()
    told = refusal(world.as_(OPERATOR).RegisterRepresentative, backwards)
    assert (told.code, told.fields, world.state()) == ("INVALID_ARGUMENT", {"ends_on": "OUT_OF_RANGE"}, before)


def test_a_tutor_acts_while_the_measure_lasts(world: World) -> None:
    """Recorded with the measure, gone with it, and not back with the next (MIN-09)."""
    patient = world.opened("author")
    document = world.deposit(patient)
    early = refusal(world.as_(OPERATOR).RegisterRepresentative, registering(patient, someone(world), TUTOR))
    assert (early.code, early.metadata["rules"]) == (CONFLICT, "MIN-09.recorded")
    protect(world, patient, records.PROTECTION_TUTELLE)
    tutor = register(world, patient, TUTOR)
    assert lists(world, tutor, patient) == lists(world, patient, patient) == {document}
    protect(world, patient, records.PROTECTION_NONE)
    assert rules(world, tutor, patient) == "ACT-02"
    protect(world, patient, records.PROTECTION_TUTELLE)
    assert rules(world, tutor, patient) == "ACT-02"
    again = records.SetProtectionRequest(record=of(patient), protection=records.PROTECTION_TUTELLE, attestations=TITLE)
    assert refusal(world.as_(OPERATOR).SetProtection, again).metadata["rules"] == "ENV-08.protection"


def test_a_curator_has_what_is_entrusted_to_him(world: World) -> None:
    """With the assisted person's express consent; she takes it back (ACT-03)."""
    patient = world.opened("author")
    document = world.deposit(patient)
    protect(world, patient, records.PROTECTION_CURATELLE)
    for attested, granted in ((TITLE, records.EXTENT_GESTION), (AGREED, records.EXTENT_UNSPECIFIED)):
        wrong = registering(patient, someone(world), CURATOR, attestations=attested, granted=granted)
        assert refusal(world.as_(OPERATOR).RegisterRepresentative, wrong).metadata["rules"] == "ACT-03.consent"
    curator = register(world, patient, CURATOR, attestations=AGREED, granted=records.EXTENT_CONSULTATION)
    assert lists(world, curator, patient) == {document}
    close = records.CloseRecordRequest(record=of(patient))
    assert refusal(world.as_(curator).CloseRecord, close).metadata["rules"] == "ACT-03"
    end = records.EndRepresentationRequest(record=of(patient), representative=of(curator))
    world.as_(patient).EndRepresentation(end)
    assert rules(world, curator, patient) == "ACT-02"
    entrusted = register(world, patient, CURATOR, attestations=AGREED, granted=records.EXTENT_GESTION)
    world.as_(entrusted).CloseRecord(close)


def test_a_representation_ends_at_once_and_once(world: World) -> None:
    """By the representative himself without a reason, by others with one."""
    child = minor(world, "author")
    mother, father = register(world, child, PARENT), register(world, child, PARENT)
    end = records.EndRepresentationRequest(record=of(child), representative=of(father))
    assert refusal(world.as_(mother).EndRepresentation, end).code == FORBIDDEN
    world.as_(father).EndRepresentation(end)
    assert rules(world, father, child) == "ACT-02"
    end.attestations.reason = "jugement"
    world.as_(OPERATOR).EndRepresentation(end)
    end.representative.CopyFrom(of(mother))
    end.attestations.reason = ""
    assert refusal(world.as_(OPERATOR).EndRepresentation, end).metadata["rules"] == "MIN-01.source"


@pytest.mark.parametrize("caller", [OPERATOR, "author", "support", "patient", "father"])
@pytest.mark.parametrize("reason", ["", "jugement"])
def test_to_end_a_representation_tells_nobody_whether_there_is_one(world: World, caller: str, reason: str) -> None:
    """Neither who may end it, nor who may not: the same answer, but for ids, for a mother and for a stranger."""
    child = minor(world, "author")
    mother, father = register(world, child, PARENT), register(world, child, PARENT)
    by = {"patient": child, "father": father}.get(caller, caller)
    seen = []
    for person in (someone(world), mother, mother):
        end = records.EndRepresentationRequest(record=of(child), representative=of(person))
        end.attestations.reason = reason
        answer = answered_or_refused(world.as_(by).EndRepresentation, end)
        if isinstance(answer, Refusal):
            told = {name: value for name, value in answer.metadata.items() if name != "decision_id"}
            seen.append(str((answer.code, answer.reason, answer.message, answer.fields, told)))
        else:
            answer.decided.ClearField("decision_id")
            seen.append(str(answer.SerializeToString()))
    assert seen == seen[:1] * 3
    assert (rules_or_none(world, mother, child) == "ACT-02") is (caller == OPERATOR and bool(reason))
    assert rules_or_none(world, father, child) == ""


def test_an_authorised_doctor_hands_no_record_over(world: World) -> None:
    """Neither an adult's, to an accomplice or to herself as a patient, nor a child's to herself (MIN-01.self)."""
    patient = world.opened("author")
    for power in (TUTOR, CURATOR, records.POWER_MANDAT):
        request = registering(patient, someone(world), power, granted=records.EXTENT_GESTION, attestations=AGREED)
        assert refusal(world.as_("author").RegisterRepresentative, request).code == FORBIDDEN
    protection = records.SetProtectionRequest(
        record=of(patient), protection=records.PROTECTION_TUTELLE, attestations=TITLE
    )
    assert refusal(world.as_("author").SetProtection, protection).code == FORBIDDEN
    child, herself = minor(world, "author"), someone(world)
    doctor = {**world.people["author"], "own_ins": herself["sub"]}
    refused = refusal(world.as_(doctor).RegisterRepresentative, registering(child, herself, PARENT))
    assert refused.metadata["rules"] == "MIN-01.self"


@pytest.mark.parametrize("caller", ["colleague", "secretary", "hospital", "host", "support", "patient", "stranger"])
def test_nobody_else_records_a_representative(world: World, caller: str) -> None:
    """It would open the record to whom he names; nothing is written."""
    child = minor(world, "author")
    by = {"patient": child, "stranger": someone(world)}.get(caller, caller)
    before = world.state()
    told = refusal(world.as_(by).RegisterRepresentative, registering(child, someone(world), PARENT))
    measure = records.SetProtectionRequest(record=of(child), protection=records.PROTECTION_TUTELLE, attestations=TITLE)
    assert (told.code, refusal(world.as_(by).SetProtection, measure).code) == (FORBIDDEN, FORBIDDEN)
    assert world.state() == before


def test_a_power_survives_the_closure_and_not_the_destruction(world: World) -> None:
    """Whoever represents a minor has his record reactivated (LIF-09); nothing tells of him once it is destroyed."""
    child = minor(world, "author")
    mother = register(world, child, PARENT)
    world.as_(mother).CloseRecord(records.CloseRecordRequest(record=of(child)))
    attested = access.Attestations(consent=True)
    world.as_(mother).ReactivateRecord(records.ReactivateRecordRequest(record=of(child), attestations=attested))
    assert lists(world, mother, child) == set()
    asked = world.as_(mother).RequestRecordDestruction(records.RequestRecordDestructionRequest(record=of(child)))
    world.as_("host").DestroyRecord(records.DestroyRecordRequest(record=of(child), ticket_id=asked.ticket_id))
    assert refusal(world.as_(mother).ListDocuments, listing(child)).code == "NOT_FOUND"
    assert world.rows("SELECT * FROM relations WHERE record = ?", child["sub"]) == []


def test_a_doctor_who_represents_the_patient_is_treated_as_his_side(world: World) -> None:
    """By the INS of his identity: he sees no more than a parent would, and opens no emergency (ACT-05, MOD-17)."""
    child = minor(world, "author", "colleague")
    hidden = world.deposit(child, documents.LABEL_NORMAL, SECRET)
    mother = register(world, child, PARENT)
    doctor = {**world.people["colleague"], "own_ins": mother["sub"]}
    assert (lists(world, "colleague", child), lists(world, doctor, child)) == ({hidden}, set())
    start = records.StartEmergencyAccessRequest(
        record=of(child),
        mode=records.EMERGENCY_MODE_BRIS_DE_GLACE,
        attestations=access.Attestations(patient_unable=True, immediate_risk=True, reason="coma"),
    )
    other = {**world.people["emergency"], "own_ins": mother["sub"]}
    assert "MOD-17" in refusal(world.as_(other).StartEmergencyAccess, start).metadata["rules"]
