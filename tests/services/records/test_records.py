"""The life of a record over a running suite: each RPC, permitted and refused."""

from collections.abc import Callable

import grpc
import pytest

from dmp.access.v1 import access_pb2 as access
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import records_pb2 as records
from tests.services.world import BIRTH, Person, World, of, refusal

CONSENT = access.Attestations(consent=True, informed=True)
REQUESTED = access.Attestations(patient_request=True)
UNABLE = access.Attestations(patient_unable=True, immediate_risk=True, reason="coma")
GLASS = records.EMERGENCY_MODE_BRIS_DE_GLACE
CENTRE_15 = records.EMERGENCY_MODE_CENTRE_15


def creation(patient: Person, attestations: access.Attestations) -> records.CreateRecordRequest:
    return records.CreateRecordRequest(record=of(patient), holder_birth_date=BIRTH, attestations=attestations)


def status(world: World, who: str, patient: Person) -> records.GetRecordStatusResponse:
    found: records.GetRecordStatusResponse = world.as_(who).GetRecordStatus(
        records.GetRecordStatusRequest(record=of(patient))
    )
    return found


def can_list(world: World, who: str, patient: Person) -> bool:
    try:
        world.as_(who).ListDocuments(documents.ListDocumentsRequest(record=of(patient)))
    except grpc.RpcError as error:
        return error.code() is not grpc.StatusCode.PERMISSION_DENIED
    return True


def test_a_record_opens_with_an_informed_consent(world: World) -> None:
    """The consent is kept with who collected it, and the trace names the permit."""
    patient = world.patient()
    answered = world.as_("author").CreateRecord(creation(patient, CONSENT))
    [consent] = world.rows("SELECT * FROM consents WHERE record = ?", patient["sub"])
    assert consent["code"] == "CONSENTEMENT_OUVERTURE_DMP"
    assert consent["collector"] == world.people["author"]["sub"]
    assert consent["decision_id"] == answered.decided.decision_id
    trace = world.trace(answered.decided.decision_id)
    assert (trace["action"], trace["effect"], trace["outcome"]) == ("record.create", "PERMIT", "DONE")
    assert trace["attested"] == {"consent": True, "informed": True}


@pytest.mark.parametrize(
    "attested",
    [
        access.Attestations(),
        access.Attestations(consent=True),
        access.Attestations(informed=True),
        access.Attestations(consent=False, informed=True),
    ],
)
def test_no_record_without_informed_consent(world: World, attested: access.Attestations) -> None:
    """What is not attested, or attested false, refuses; the refusal is traced and nothing is stored."""
    patient = world.patient()
    refused = refusal(lambda: world.as_("author").CreateRecord(creation(patient, attested)))
    assert (refused.code, refused.reason, refused.metadata["rules"]) == ("PERMISSION_DENIED", "ACCESS_DENIED", "CNS-01")
    assert world.rows("SELECT * FROM records WHERE ins = ?", patient["sub"]) == []
    assert world.trace(refused.decision_id)["outcome"] == "REFUSED"


def test_a_holder_opens_no_record(world: World) -> None:
    """Creation is for professionals and structures (LIF-03)."""
    patient = world.patient()
    assert refusal(lambda: world.as_(patient).CreateRecord(creation(patient, CONSENT))).code == "PERMISSION_DENIED"


def test_a_record_exists_once(world: World) -> None:
    """A second creation is a conflict, told only to who might have created it (LIF-04)."""
    patient = world.opened()
    refused = refusal(lambda: world.as_("author").CreateRecord(creation(patient, CONSENT)))
    assert (refused.code, refused.reason, refused.metadata["rules"]) == (
        "FAILED_PRECONDITION",
        "STATE_CONFLICT",
        "LIF-04",
    )


def test_the_status_is_the_callers_own(world: World) -> None:
    """The state of the record and one's own authorisation, nothing else (AUT-01)."""
    patient = world.opened("author")
    assert status(world, "author", patient).authorisation == records.AUTHORISATION_STATUS_VALIDE
    assert status(world, "colleague", patient).authorisation == records.AUTHORISATION_STATUS_NON_EXISTE
    assert status(world, "support", patient).state == records.RECORD_STATE_ACTIVE


def test_the_status_of_a_missing_record_is_not_found(world: World) -> None:
    """And tells nothing but that."""
    patient = world.patient()
    refused = refusal(lambda: status(world, "author", patient))
    assert (refused.code, refused.reason, set(refused.metadata)) == ("NOT_FOUND", "NOT_FOUND", {"decision_id"})


def test_an_authorisation_expires_and_a_role_does_not(world: World) -> None:
    """After 365 days the plain right is EXPIRE and opens nothing; the treating physician's holds (AUT-04, AUT-09)."""
    patient = world.opened("author", treating="treating")
    year = 366 * 86_400 * 1_000_000
    world.alter("UPDATE authorisations SET added_at = added_at - ? WHERE record = ?", year, patient["sub"])
    assert status(world, "author", patient).authorisation == records.AUTHORISATION_STATUS_EXPIRE
    assert not can_list(world, "author", patient)
    assert status(world, "treating", patient).authorisation == records.AUTHORISATION_STATUS_VALIDE
    assert can_list(world, "treating", patient)


def test_access_is_granted_and_taken_back(world: World) -> None:
    """A right opens the record at once, and its removal closes it at once."""
    patient = world.opened()
    assert not can_list(world, "colleague", patient)
    grant = records.GrantAccessRequest(record=of(patient), attestations=CONSENT)
    world.as_("colleague").GrantAccess(grant)
    assert can_list(world, "colleague", patient)
    named = of(world.people["colleague"])
    world.as_(patient).RevokeAccess(records.RevokeAccessRequest(record=of(patient), professional=named))
    assert not can_list(world, "colleague", patient)


def test_a_right_for_another_needs_a_right(world: World) -> None:
    """Who has no valid right gives none (AUT-03)."""
    patient = world.opened("author")
    request = records.GrantAccessRequest(
        record=of(patient), attestations=CONSENT, professional=of(world.people["nurse"])
    )
    assert refusal(lambda: world.as_("colleague").GrantAccess(request)).code == "PERMISSION_DENIED"
    world.as_("author").GrantAccess(request)
    assert status(world, "nurse", patient).authorisation == records.AUTHORISATION_STATUS_VALIDE


def test_no_right_without_consent(world: World) -> None:
    """A grant asks for consent in the act itself (AUT-03)."""
    patient = world.opened()
    request = records.GrantAccessRequest(record=of(patient))
    assert refusal(lambda: world.as_("colleague").GrantAccess(request)).code == "PERMISSION_DENIED"


def test_a_block_holds_in_every_mode(world: World) -> None:
    """The blocked one neither consults, nor breaks the glass, nor gives himself a right; unblocked, he has none."""
    patient = world.opened("blocked")
    named = of(world.people["blocked"])
    world.as_(patient).BlockProfessional(records.BlockProfessionalRequest(record=of(patient), professional=named))
    assert not can_list(world, "blocked", patient)
    glass = records.StartEmergencyAccessRequest(record=of(patient), mode=GLASS, attestations=UNABLE)
    assert refusal(lambda: world.as_("blocked").StartEmergencyAccess(glass)).code == "PERMISSION_DENIED"
    grant = records.GrantAccessRequest(record=of(patient), attestations=CONSENT)
    assert refusal(lambda: world.as_("blocked").GrantAccess(grant)).code == "PERMISSION_DENIED"
    world.as_(patient).UnblockProfessional(records.UnblockProfessionalRequest(record=of(patient), professional=named))
    assert status(world, "blocked", patient).authorisation == records.AUTHORISATION_STATUS_NON_EXISTE


def test_only_the_holder_blocks(world: World) -> None:
    """No professional blocks or unblocks another (AUT-06)."""
    patient = world.opened("author")
    named = of(world.people["colleague"])
    block = records.BlockProfessionalRequest(record=of(patient), professional=named)
    unblock = records.UnblockProfessionalRequest(record=of(patient), professional=named)
    assert refusal(lambda: world.as_("author").BlockProfessional(block)).code == "PERMISSION_DENIED"
    assert refusal(lambda: world.as_("author").UnblockProfessional(unblock)).code == "PERMISSION_DENIED"


def test_the_treating_physician_is_blocked_only_without_his_role(world: World) -> None:
    """A conflict until the role is removed (ACT-08)."""
    patient = world.opened(treating="treating")
    named = of(world.people["treating"])
    block = records.BlockProfessionalRequest(record=of(patient), professional=named)
    refused = refusal(lambda: world.as_(patient).BlockProfessional(block))
    assert (refused.code, refused.metadata["rules"]) == ("FAILED_PRECONDITION", "ACT-08")
    role = records.RevokeAccessRequest(record=of(patient), professional=named, role=records.ROLE_MEDECIN_TRAITANT)
    world.as_(patient).RevokeAccess(role)
    world.as_(patient).BlockProfessional(block)
    assert not can_list(world, "treating", patient)


def test_a_nurse_is_no_treating_physician(world: World) -> None:
    """The role is for doctors (AUT-09)."""
    patient = world.opened()
    request = records.SetTreatingPhysicianRequest(record=of(patient), attestations=CONSENT)
    assert refusal(lambda: world.as_("nurse").SetTreatingPhysician(request)).code == "PERMISSION_DENIED"


def opposition(patient: Person, code: records.Opposition.ValueType, *, opposed: bool) -> records.SetOppositionRequest:
    return records.SetOppositionRequest(record=of(patient), opposition=code, opposed=opposed)


def test_each_opposition_closes_its_own_mode(world: World) -> None:
    """Bris de glace and centre 15 are opposed, and opened again, independently (MOD-16)."""
    patient = world.opened()
    call = access.Attestations(call_ref="SAMU-42")
    starts: dict[int, Callable[[], object]] = {
        records.OPPOSITION_BRIS_DE_GLACE: lambda: world.as_("emergency").StartEmergencyAccess(
            records.StartEmergencyAccessRequest(record=of(patient), mode=GLASS, attestations=UNABLE)
        ),
        records.OPPOSITION_ACCES_URGENCE: lambda: world.as_("regulator").StartEmergencyAccess(
            records.StartEmergencyAccessRequest(record=of(patient), mode=CENTRE_15, attestations=call)
        ),
    }
    for code in (records.OPPOSITION_BRIS_DE_GLACE, records.OPPOSITION_ACCES_URGENCE):
        world.as_(patient).SetOpposition(opposition(patient, code, opposed=True))
    assert [refusal(start).code for start in starts.values()] == ["PERMISSION_DENIED", "PERMISSION_DENIED"]
    world.as_(patient).SetOpposition(opposition(patient, records.OPPOSITION_ACCES_URGENCE, opposed=False))
    assert refusal(starts[records.OPPOSITION_BRIS_DE_GLACE]).code == "PERMISSION_DENIED"
    starts[records.OPPOSITION_ACCES_URGENCE]()
    codes = [row["code"] for row in world.rows("SELECT code FROM consents WHERE record = ?", patient["sub"])]
    assert codes.count("OPPOSITION_BRIS_DE_GLACE") == 1


def test_the_two_directions_of_an_opposition_are_two_actions(world: World) -> None:
    """The trace tells to oppose from to withdraw."""
    patient = world.opened()
    for opposed, action in ((True, "opposition.set"), (False, "opposition.unset")):
        asked = opposition(patient, records.OPPOSITION_BRIS_DE_GLACE, opposed=opposed)
        answered = world.as_(patient).SetOpposition(asked)
        assert world.trace(answered.decided.decision_id)["action"] == action


def test_no_stranger_withdraws_an_opposition(world: World) -> None:
    """Else he could open his own emergency access (CNS-04)."""
    patient = world.opened()
    world.as_(patient).SetOpposition(opposition(patient, records.OPPOSITION_BRIS_DE_GLACE, opposed=True))
    withdrawn = opposition(patient, records.OPPOSITION_BRIS_DE_GLACE, opposed=False)
    withdrawn.attestations.CopyFrom(REQUESTED)
    assert refusal(lambda: world.as_("emergency").SetOpposition(withdrawn)).code == "PERMISSION_DENIED"


def test_an_emergency_access_from_start_to_end(world: World) -> None:
    """It opens what is not masked, is told of once, is traced in its mode, and ends when its owner ends it."""
    patient = world.opened("author")
    open_document = world.deposit(patient)
    masked = world.deposit(patient, documents.LABEL_NORMAL, documents.LABEL_MASQUE_PS)
    doctor = world.as_("emergency")
    read = [documents.GetDocumentRequest(record=of(patient), document_id=name) for name in (open_document, masked)]
    assert refusal(lambda: doctor.GetDocument(read[0])).code == "PERMISSION_DENIED"
    started = doctor.StartEmergencyAccess(
        records.StartEmergencyAccessRequest(record=of(patient), mode=GLASS, attestations=UNABLE)
    )
    assert list(started.decided.obligations) == ["DISPLAY_EMERGENCY"]
    trace = world.trace(started.decided.decision_id)
    assert (trace["action"], trace["mode"], trace["reason"]) == ("emergency.start", "bris_de_glace", "coma")
    assert started.expires_at.ToMicroseconds() - trace["at"] == 3 * 3600 * 1_000_000
    answered = doctor.GetDocument(read[0])
    assert world.trace(answered.decided.decision_id)["mode"] == "bris_de_glace"
    assert refusal(lambda: doctor.GetDocument(read[1])).code == "NOT_FOUND"
    listed = world.as_(patient).ListNotifications(records.ListNotificationsRequest(record=of(patient)))
    assert [(told.code, told.actor_name, told.mode) for told in listed.notifications] == [
        ("NOTIFY_HOLDER", "Dr Damien Urgence", "bris_de_glace")
    ]
    doctor.EndEmergencyAccess(records.EndEmergencyAccessRequest(record=of(patient)))
    assert refusal(lambda: doctor.GetDocument(read[0])).code == "PERMISSION_DENIED"


@pytest.mark.parametrize("missing", ["patient_unable", "immediate_risk", "reason"], ids=lambda name: f"without {name}")
def test_the_glass_is_broken_for_a_reason_alone(world: World, missing: str) -> None:
    """Each of the three conditions is needed (MOD-03, MOD-04)."""
    patient = world.opened()
    attested = access.Attestations()
    attested.CopyFrom(UNABLE)
    attested.ClearField(missing)  # type: ignore[arg-type]  # the names are literals of the stub
    request = records.StartEmergencyAccessRequest(record=of(patient), mode=GLASS, attestations=attested)
    assert refusal(lambda: world.as_("emergency").StartEmergencyAccess(request)).code == "PERMISSION_DENIED"
    assert world.rows("SELECT * FROM emergency_accesses WHERE record = ?", patient["sub"]) == []


def test_who_has_the_right_uses_it(world: World) -> None:
    """A false emergency is a conflict: use the normal mode (MOD-18)."""
    patient = world.opened("author")
    request = records.StartEmergencyAccessRequest(record=of(patient), mode=GLASS, attestations=UNABLE)
    refused = refusal(lambda: world.as_("author").StartEmergencyAccess(request))
    assert (refused.code, refused.metadata["rules"]) == ("FAILED_PRECONDITION", "MOD-18")


def test_one_emergency_access_at_a_time(world: World) -> None:
    """A second start is a conflict, which changes and notifies nothing."""
    patient = world.opened()
    doctor = world.as_("emergency")
    request = records.StartEmergencyAccessRequest(record=of(patient), mode=GLASS, attestations=UNABLE)
    doctor.StartEmergencyAccess(request)
    before = world.state()
    refused = refusal(lambda: doctor.StartEmergencyAccess(request))
    assert (refused.code, world.trace(refused.decision_id)["outcome"]) == ("FAILED_PRECONDITION", "FAILED")
    assert world.state() == before


def test_nobody_ends_what_he_did_not_start(world: World) -> None:
    """An emergency access is its owner's (MOD-10)."""
    patient = world.opened()
    request = records.StartEmergencyAccessRequest(record=of(patient), mode=GLASS, attestations=UNABLE)
    world.as_("emergency").StartEmergencyAccess(request)
    end = records.EndEmergencyAccessRequest(record=of(patient))
    assert refusal(lambda: world.as_("colleague").EndEmergencyAccess(end)).code == "PERMISSION_DENIED"
    assert can_list(world, "emergency", patient)


def test_attestations_of_a_live_access_are_those_of_its_start(world: World) -> None:
    """A later call cannot change the reason under which it is decided and traced."""
    patient = world.opened()
    doctor = world.as_("emergency")
    request = records.StartEmergencyAccessRequest(record=of(patient), mode=GLASS, attestations=UNABLE)
    doctor.StartEmergencyAccess(request)
    other = access.Attestations(reason="curiosité", patient_unable=False)
    answered = doctor.ListDocuments(documents.ListDocumentsRequest(record=of(patient), attestations=other))
    trace = world.trace(answered.decided.decision_id)
    assert trace["reason"] == "coma"
    assert trace["facts"]["context"]["patient_unable"] is True


def test_notifications_are_the_patients(world: World) -> None:
    """No professional reads what the holder is told (SVC-04), and pages continue only his own list."""
    patient = world.opened()
    request = records.ListNotificationsRequest(record=of(patient))
    assert refusal(lambda: world.as_("author").ListNotifications(request)).code == "PERMISSION_DENIED"
    made_up = records.ListNotificationsRequest(record=of(patient), page_token="made up")
    refused = refusal(lambda: world.as_(patient).ListNotifications(made_up))
    assert (refused.code, refused.fields) == ("INVALID_ARGUMENT", {"page_token": "UNKNOWN_PAGE"})


def test_notifications_come_in_pages(world: World) -> None:
    """Newest first, and each once."""
    patient = world.opened()
    request = records.StartEmergencyAccessRequest(record=of(patient), mode=GLASS, attestations=UNABLE)
    end = records.EndEmergencyAccessRequest(record=of(patient))
    for _ in range(3):
        doctor = world.as_("emergency")
        doctor.StartEmergencyAccess(request)
        doctor.EndEmergencyAccess(end)
    first = world.as_(patient).ListNotifications(records.ListNotificationsRequest(record=of(patient), page_size=2))
    rest = world.as_(patient).ListNotifications(
        records.ListNotificationsRequest(record=of(patient), page_size=2, page_token=first.next_page_token)
    )
    shown = [*first.notifications, *rest.notifications]
    assert len({told.notification_id for told in shown}) == 3
    assert [told.at.ToMicroseconds() for told in shown] == sorted((t.at.ToMicroseconds() for t in shown), reverse=True)
    assert rest.next_page_token == ""
