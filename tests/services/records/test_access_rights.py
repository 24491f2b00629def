"""Who has which right on a record, as the holder and the treating physician read it (AUT-13)."""

from datetime import timedelta
from typing import Any

import pytest

from dmp.access.v1 import access_pb2 as access
from dmp.records.v1 import records_pb2 as records
from policy.calendar import due
from services.store.authorisations import MOST
from services.store.clock import micros, utc_now
from tests.services.databases import fill
from tests.services.records.test_representatives import minor, protect, register, today
from tests.services.world import Person, World, of, refusal

VALID, BLOCKED = records.AUTHORISATION_STATUS_VALIDE, records.AUTHORISATION_STATUS_INTERDIT
EXPIRED = records.AUTHORISATION_STATUS_EXPIRE
AUTHORISATION, PHYSICIAN = records.ACCESS_RIGHT_KIND_AUTHORISATION, records.ACCESS_RIGHT_KIND_TREATING_PHYSICIAN
REPRESENTATIVE = records.ACCESS_RIGHT_KIND_REPRESENTATIVE


def asking(patient: Person, **others: Any) -> records.ListAccessRightsRequest:
    return records.ListAccessRightsRequest(record=of(patient), **others)


def rights(world: World, by: str | Person, patient: Person, **others: Any) -> list[records.AccessRight]:
    return list(world.as_(by).ListAccessRights(asking(patient, **others)).rights)


def told(found: list[records.AccessRight]) -> list[tuple[str, int, int]]:
    return [(right.person.value, right.kind, right.status) for right in found]


def block(world: World, patient: Person, name: str) -> None:
    world.as_(patient).BlockProfessional(
        records.BlockProfessionalRequest(record=of(patient), professional=of(world.people[name]))
    )


def filled(world: World, patient: Person, status: str) -> None:
    """As many as a record may have but one, of people who never call."""
    given = ((patient["sub"], f"1.2.250.1.71.4.2.1|{number}", status) for number in range(MOST - 1))
    statement = "INSERT INTO authorisations (record, target, status, collector, added_at) VALUES (?, ?, ?, '', 1)"
    fill(world.settings.database, statement, list(given))


def test_a_record_has_so_many_authorisations_and_no_more(world: World) -> None:
    """A renewal is none more, one that ends leaves its place, and a block is not refused for them."""
    patient = world.opened()
    filled(world, patient, "VALIDE")
    consent = access.Attestations(consent=True)
    request = records.GrantAccessRequest(record=of(patient), attestations=consent)
    for _ in range(2):
        world.as_("author").GrantAccess(request)
    treating = records.SetTreatingPhysicianRequest(record=of(patient), attestations=consent)
    for call, asked in (
        (world.as_("colleague").GrantAccess, request),
        (world.as_("treating").SetTreatingPhysician, treating),
    ):
        refused = refusal(call, asked)
        assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "STATE_CONFLICT")
        assert world.trace(refused.decision_id)["outcome"] == "FAILED"
    block(world, patient, "author")
    world.as_("colleague").GrantAccess(request)


def test_a_record_has_so_many_blocks_and_no_more(world: World) -> None:
    """To block again is none more, and to unblock leaves a place."""
    patient = world.opened("author")
    filled(world, patient, "INTERDIT")
    for name in ("nurse", "nurse"):
        block(world, patient, name)
    assert refusal(block, world, patient, "author").code == "FAILED_PRECONDITION"
    world.as_(patient).UnblockProfessional(
        records.UnblockProfessionalRequest(record=of(patient), professional=of(world.people["nurse"]))
    )
    block(world, patient, "author")


def test_the_holder_and_the_treating_physician_read_every_right(world: World) -> None:
    """Whose, of which kind, whether it holds, since when, until when and by whom; blocks too."""
    patient = world.opened("author", treating="treating")
    block(world, patient, "nurse")
    author, nurse, treating = (of(world.people[name]).value for name in ("author", "nurse", "treating"))
    found = rights(world, patient, patient)
    rest = sorted(((author, VALID), (nurse, BLOCKED), (treating, VALID)))
    assert told(found) == [*((person, AUTHORISATION, status) for person, status in rest), (treating, PHYSICIAN, VALID)]
    assert rights(world, "treating", patient) == found
    by_person = {(right.person.value, right.kind): right for right in found}
    own = by_person[author, AUTHORISATION]
    assert own.until.ToDatetime() == own.since.ToDatetime() + timedelta(days=365)
    assert not by_person[treating, AUTHORISATION].HasField("until")
    assert by_person[nurse, AUTHORISATION].recorded_by == of(patient)


def test_those_in_force_and_the_blocks_are_told_apart(world: World) -> None:
    """An authorisation of a year ago is neither (AUT-04)."""
    patient = world.opened("author", "colleague")
    block(world, patient, "nurse")
    long_ago = micros(utc_now() - timedelta(days=365))
    colleague = world.people["colleague"]["sub"]
    world.alter(
        "UPDATE authorisations SET added_at = ? WHERE record = ? AND target = ?", long_ago, patient["sub"], colleague
    )
    values = {name: of(world.people[name]).value for name in ("author", "colleague", "nurse")}
    active = rights(world, patient, patient, shown=records.ACCESS_RIGHTS_SHOWN_ACTIVE)
    blocks = rights(world, patient, patient, shown=records.ACCESS_RIGHTS_SHOWN_INTERDITE)
    assert told(active) == [(values["author"], AUTHORISATION, VALID)]
    assert told(blocks) == [(values["nurse"], AUTHORISATION, BLOCKED)]
    assert (values["colleague"], AUTHORISATION, EXPIRED) in told(rights(world, patient, patient))


def test_a_representation_is_told_as_the_rules_give_it_effect(world: World) -> None:
    """By which power, and expired once the holder is of age, whatever was recorded (MIN-08)."""
    child = minor(world, "author")
    mother = register(world, child, records.POWER_AUTORITE_PARENTALE)
    [right] = [found for found in rights(world, mother, child) if found.kind == REPRESENTATIVE]
    assert (right.person, right.status, right.power) == (of(mother), VALID, records.POWER_AUTORITE_PARENTALE)
    assert right.recorded_by == of(world.people["operator"])
    birth = today().replace(year=today().year - 18, day=1)
    world.alter("UPDATE records SET holder_birth_date = ? WHERE ins = ?", birth.isoformat(), child["sub"])
    [right] = [found for found in rights(world, child, child) if found.kind == REPRESENTATIVE]
    assert right.status == EXPIRED


def test_a_curator_is_told_with_what_is_entrusted(world: World) -> None:
    """And may read the list himself where he consults."""
    patient = world.opened("author")
    protect(world, patient, records.PROTECTION_CURATELLE)
    attested = access.Attestations(reason="jugement", consent=True)
    curator = register(
        world, patient, records.POWER_CURATELLE, attestations=attested, granted=records.EXTENT_CONSULTATION
    )
    [right] = [found for found in rights(world, curator, patient) if found.kind == REPRESENTATIVE]
    assert (right.status, right.granted) == (VALID, records.EXTENT_CONSULTATION)


def test_the_list_comes_in_pages(world: World) -> None:
    """Each right once; what continues none is refused by its field."""
    patient = world.opened("author", "colleague", "nurse", treating="treating")
    whole = rights(world, patient, patient)
    found, token = [], ""
    while True:
        page = world.as_(patient).ListAccessRights(asking(patient, page_size=2, page_token=token))
        found += page.rights
        token = page.next_page_token
        if not token:
            break
    assert (found, len(whole)) == (whole, 5)
    made_up = refusal(world.as_(patient).ListAccessRights, asking(patient, page_token="made up"))
    assert (made_up.code, made_up.fields) == ("INVALID_ARGUMENT", {"page_token": "UNKNOWN_PAGE"})


@pytest.mark.parametrize("caller", ["author", "nurse", "secretary", "hospital", "host", "operator", "support"])
def test_nobody_else_reads_it(world: World, caller: str) -> None:
    """It tells whom the holder has blocked."""
    patient = world.opened("author")
    assert refusal(world.as_(caller).ListAccessRights, asking(patient)).code == "PERMISSION_DENIED"


def test_an_authorisation_ends_when_the_rules_say(world: World) -> None:
    """The end that is told is the one that the decision keeps to, to the microsecond."""
    patient = world.opened("author")
    [right] = rights(world, patient, patient)
    since = right.since.ToDatetime(tzinfo=utc_now().tzinfo)
    assert right.until.ToDatetime(tzinfo=since.tzinfo) == due(since, 365, "days")
