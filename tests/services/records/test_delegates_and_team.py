"""The law of 2023 lets a holder give rights: to delegates, the care team, equivalents; that of 2011 does not."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from dmp.access.v1 import access_pb2 as access
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import records_pb2 as records
from tests.services.databases import STORES, Databases
from tests.services.records.test_representatives import day, listing, lists, protect, register, rules, someone, today
from tests.services.world import Person, World, of, refusal, running

CONSENT = access.Attestations(consent=True)
MASKED = documents.LABEL_MASQUE_PS


@pytest.fixture(scope="module", params=STORES)
def law(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """A suite under the law of 2023."""
    folder = tmp_path_factory.mktemp("law")
    address = databases.new(request.param, folder)
    with running(folder, DMP_DATABASE_URL=address, DMP_PROFILE="law-2023") as world:
        yield world


def delegate(patient: Person, person: Person, *, designated: bool = True, **others: Any) -> records.SetDelegateRequest:
    return records.SetDelegateRequest(record=of(patient), delegate=of(person), designated=designated, **others)


def member(world: World, patient: Person, name: str, *, of_it: bool = True, **others: Any) -> Any:
    professional = of(world.people[name])
    return records.SetCareTeamMemberRequest(record=of(patient), professional=professional, member=of_it, **others)


def equivalent(world: World, patient: Person, name: str, *, held: bool = True) -> records.SetEquivalentRequest:
    return records.SetEquivalentRequest(record=of(patient), professional=of(world.people[name]), equivalent=held)


def consulted(world: World, name: str, patient: Person, attested: access.Attestations | None = None) -> set[str]:
    request = listing(patient)
    request.attestations.CopyFrom(attested or access.Attestations())
    return {found.document_id for found in world.as_(name).ListDocuments(request).documents}


def test_a_delegate_reads_and_does_nothing_else(law: World) -> None:
    """As a representative does, while he is designated; he may step back himself (ACT-04)."""
    patient = law.opened("author")
    document = law.deposit(patient)
    law.deposit(patient, documents.LABEL_NORMAL, documents.LABEL_INVISIBLE_PATIENT)
    helper = someone(law, "DELEGATE")
    assert rules(law, helper, patient) == "ACT-02"
    law.as_(patient).SetDelegate(delegate(patient, helper))
    assert lists(law, helper, patient) == {document}
    for call, request in (
        (law.as_(helper).CloseRecord, records.CloseRecordRequest(record=of(patient))),
        (law.as_(helper).ListNotifications, records.ListNotificationsRequest(record=of(patient))),
        (law.as_(helper).ListAccessRights, records.ListAccessRightsRequest(record=of(patient))),
        (law.as_(helper).SetDelegate, delegate(patient, someone(law))),
        (law.as_(helper).SetDelegate, delegate(patient, someone(law), designated=False)),
    ):
        assert refusal(call, request).code == "PERMISSION_DENIED"
    law.as_(helper).SetDelegate(delegate(patient, helper, designated=False))
    assert rules(law, helper, patient) == "ACT-02"
    again = refusal(law.as_(patient).SetDelegate, delegate(patient, helper, designated=False))
    assert again.code == "FAILED_PRECONDITION"


def test_a_delegate_has_no_effect_under_a_measure_recorded_since(law: World) -> None:
    """But under curatelle; the list of rights says so, and the tutor removes him for good (ACT-04.measure)."""
    patient = law.opened("author")
    document = law.deposit(patient)
    helper = someone(law, "DELEGATE")
    law.as_(patient).SetDelegate(delegate(patient, helper))
    protect(law, patient, records.PROTECTION_CURATELLE)
    assert lists(law, helper, patient) == {document}
    for measure in (records.PROTECTION_HABILITATION, records.PROTECTION_TUTELLE):
        protect(law, patient, measure)
        assert rules(law, helper, patient) == "ACT-04.measure"
    tutor = register(law, patient, records.POWER_TUTELLE)
    shown = law.as_(tutor).ListAccessRights(records.ListAccessRightsRequest(record=of(patient))).rights
    kinds = {right.kind: right.status for right in shown}
    assert kinds[records.ACCESS_RIGHT_KIND_DELEGATE] == records.AUTHORISATION_STATUS_EXPIRE
    law.as_(tutor).SetDelegate(delegate(patient, helper, designated=False))
    protect(law, patient, records.PROTECTION_NONE)
    assert rules(law, helper, patient) == "ACT-02"


def test_the_holder_alone_designates(law: World) -> None:
    """And nobody himself; his choice is stored as a consent."""
    patient = law.opened("author", treating="treating")
    helper = someone(law, "DELEGATE")
    for by in ("treating", "secretary", helper, "operator"):
        assert refusal(law.as_(by).SetDelegate, delegate(patient, helper)).code == "PERMISSION_DENIED"
    assert refusal(law.as_(patient).SetDelegate, delegate(patient, patient)).code == "FAILED_PRECONDITION"
    law.as_(patient).SetDelegate(delegate(patient, helper))
    codes = law.rows("SELECT code, target FROM consents WHERE record = ?", patient["sub"])
    assert {"code": "DELEGATION", "target": helper["sub"]} in codes


def test_the_care_team_consults_without_another_consent(law: World) -> None:
    """Declared by the treating physician, then by a member; nobody declares himself; a block is stronger (AUT-11)."""
    patient = law.opened("author", treating="treating")
    document = law.deposit(patient)
    assert refusal(law.as_("nurse").ListDocuments, listing(patient)).code == "PERMISSION_DENIED"
    for by, whom in (("nurse", "nurse"), ("author", "nurse"), ("secretary", "nurse")):
        assert refusal(law.as_(by).SetCareTeamMember, member(law, patient, whom)).code == "PERMISSION_DENIED"
    law.as_("treating").SetCareTeamMember(member(law, patient, "nurse"))
    assert consulted(law, "nurse", patient) == {document}
    assert refusal(law.as_("nurse").SetCareTeamMember, member(law, patient, "nurse")).metadata["rules"] == "AUT-11.self"
    law.as_("nurse").SetCareTeamMember(member(law, patient, "colleague"))
    assert consulted(law, "colleague", patient) == {document}
    told = law.as_(patient).ListNotifications(records.ListNotificationsRequest(record=of(patient))).notifications
    assert {(one.code, one.actor.value) for one in told} >= {
        ("NOTIFY_HOLDER", of(law.people[by]).value) for by in ("treating", "nurse")
    }
    law.as_(patient).BlockProfessional(
        records.BlockProfessionalRequest(record=of(patient), professional=of(law.people["nurse"]))
    )
    assert refusal(law.as_("nurse").ListDocuments, listing(patient)).code == "PERMISSION_DENIED"
    blocked = refusal(law.as_(patient).SetCareTeamMember, member(law, patient, "nurse"))
    assert (blocked.code, blocked.metadata["rules"]) == ("FAILED_PRECONDITION", "AUT-06.target")
    law.as_("colleague").SetCareTeamMember(member(law, patient, "colleague", of_it=False))
    assert refusal(law.as_("colleague").ListDocuments, listing(patient)).code == "PERMISSION_DENIED"


def without_id(answer: Any) -> bytes:
    """A response, but for the id of its decision."""
    answer.decided.ClearField("decision_id")
    return bytes(answer.SerializeToString())


def told_of_a_declaration(world: World, by: str, *, blocked: bool) -> tuple[Person, list[bytes]]:
    """A new patient, and what somebody is answered who declares a nurse of her team, again, no more, and again."""
    patient = world.opened("author", treating="treating")
    if by != "treating":
        world.as_("treating").SetCareTeamMember(member(world, patient, by))
    if blocked:
        nurse = of(world.people["nurse"])
        world.as_(patient).BlockProfessional(records.BlockProfessionalRequest(record=of(patient), professional=nurse))
    requests = (member(world, patient, "nurse", of_it=of_it) for of_it in (True, True, False, True))
    return patient, [without_id(world.as_(by).SetCareTeamMember(request)) for request in requests]


@pytest.mark.parametrize("by", ["treating", "colleague"])
def test_who_declares_a_member_is_not_told_that_he_is_blocked(law: World, by: str) -> None:
    """The same bytes but for ids; the block prevails, before and after it is declared (AUT-06.target)."""
    _, free = told_of_a_declaration(law, by, blocked=False)
    patient, blocked = told_of_a_declaration(law, by, blocked=True)
    assert blocked == free
    refused = refusal(law.as_("nurse").ListDocuments, listing(patient))
    assert (refused.code, refused.metadata["rules"]) == ("PERMISSION_DENIED", "AUT-06")
    for whom in ("emergency", "nurse"):
        assert refusal(law.as_("nurse").SetCareTeamMember, member(law, patient, whom)).code == "PERMISSION_DENIED"
    assert refusal(law.as_(patient).SetCareTeamMember, member(law, patient, "nurse")).code == "FAILED_PRECONDITION"


def test_a_membership_may_have_an_end(law: World) -> None:
    """A stay's, for one; it is over at 00:00 of the day named, which lies ahead."""
    patient = law.opened("author")
    document = law.deposit(patient)
    past = member(law, patient, "nurse", ends_on=day(today()))
    assert refusal(law.as_(patient).SetCareTeamMember, past).fields == {"ends_on": "OUT_OF_RANGE"}
    law.as_(patient).SetCareTeamMember(member(law, patient, "nurse", ends_on=day(today() + timedelta(days=2))))
    assert consulted(law, "nurse", patient) == {document}
    law.alter("UPDATE relations SET starts_at = 0, ends_at = 1 WHERE record = ?", patient["sub"])
    assert refusal(law.as_("nurse").ListDocuments, listing(patient)).code == "PERMISSION_DENIED"


def test_an_equivalent_sees_what_is_masked(law: World) -> None:
    """As the treating physician does, once he consults with consent; he gives it to nobody (VIS-02, AUT-12)."""
    patient = law.opened("author", "emergency", treating="treating")
    masked = law.deposit(patient, documents.LABEL_NORMAL, MASKED)
    assert consulted(law, "emergency", patient, CONSENT) == set()
    for by in ("emergency", "treating", "operator"):
        assert refusal(law.as_(by).SetEquivalent, equivalent(law, patient, "emergency")).code == "PERMISSION_DENIED"
    law.as_(patient).SetEquivalent(equivalent(law, patient, "emergency"))
    assert consulted(law, "emergency", patient, CONSENT) == {masked}
    assert refusal(law.as_("emergency").ListDocuments, listing(patient)).metadata["rules"] == "AUT-12"
    law.as_("emergency").SetEquivalent(equivalent(law, patient, "emergency", held=False))
    assert consulted(law, "emergency", patient, CONSENT) == set()


def test_what_was_given_is_reset_by_a_closure(law: World) -> None:
    """Delegates, team and equivalents with the authorisations; the block stays (LIF-09, catalogue 8.3)."""
    patient = law.opened("author")
    helper = someone(law, "DELEGATE")
    law.as_(patient).SetDelegate(delegate(patient, helper))
    law.as_(patient).SetCareTeamMember(member(law, patient, "nurse"))
    law.as_(patient).SetEquivalent(equivalent(law, patient, "colleague"))
    law.as_(patient).BlockProfessional(
        records.BlockProfessionalRequest(record=of(patient), professional=of(law.people["blocked"]))
    )
    law.as_(patient).CloseRecord(records.CloseRecordRequest(record=of(patient)))
    law.as_(patient).ReactivateRecord(records.ReactivateRecordRequest(record=of(patient), attestations=CONSENT))
    found = law.as_(patient).ListAccessRights(records.ListAccessRightsRequest(record=of(patient))).rights
    assert [(right.person.value, right.status) for right in found] == [
        (of(law.people["blocked"]).value, records.AUTHORISATION_STATUS_INTERDIT)
    ]
    assert rules(law, helper, patient) == "ACT-02"


def test_a_parent_gives_rights_for_a_minor_and_designates_no_delegate(law: World) -> None:
    """Whoever acts as the holder recognises the team; a delegate is the holder's own choice."""
    child = law.opened("author", birth=access.Date(year=today().year - 6, month=1, day=2))
    document = law.deposit(child)
    mother = register(law, child, records.POWER_AUTORITE_PARENTALE)
    law.as_(mother).SetCareTeamMember(member(law, child, "nurse"))
    assert consulted(law, "nurse", child) == {document}
    assert refusal(law.as_(mother).SetDelegate, delegate(child, someone(law))).code == "PERMISSION_DENIED"


def test_in_2011_there_are_none(world: World) -> None:
    """Whoever asks; nothing is written."""
    patient = world.opened("author", treating="treating")
    before = world.state()
    for call, request in (
        (world.as_(patient).SetDelegate, delegate(patient, someone(world))),
        (world.as_(patient).SetCareTeamMember, member(world, patient, "nurse")),
        (world.as_("treating").SetCareTeamMember, member(world, patient, "nurse")),
        (world.as_(patient).SetEquivalent, equivalent(world, patient, "nurse")),
    ):
        assert refusal(call, request).metadata["rules"] == "ENV-02"
    assert world.state() == before
