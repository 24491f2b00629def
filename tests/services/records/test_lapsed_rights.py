"""What a right gave ends with it, and nobody gives himself one that others are kept from."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dmp.access.v1 import access_pb2 as access
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import records_pb2 as records
from services.store.relations import MOST
from tests.services.records.test_copies import asked, export, refused
from tests.services.records.test_representatives import (
    MANDATE,
    PARENT,
    SECRET,
    TITLE,
    TUTOR,
    minor,
    protect,
    register,
    registering,
    someone,
)
from tests.services.world import Person, World, of, refusal

TUTELLE = records.PROTECTION_TUTELLE


def ended(world: World, patient: Person, person: Person) -> None:
    """His representation is ended."""
    request = records.EndRepresentationRequest(record=of(patient), representative=of(person), attestations=TITLE)
    world.as_("operator").EndRepresentation(request)


def run_out(world: World, patient: Person, person: Person) -> None:
    """Its recorded end has passed."""
    world.alter("UPDATE relations SET starts_at = 1, ends_at = 2 WHERE record = ?", patient["sub"])


def of_age(world: World, patient: Person, person: Person) -> None:
    """The child has come of age."""
    birth = datetime.now(UTC).date() - timedelta(days=19 * 366)
    world.alter("UPDATE records SET holder_birth_date = ? WHERE ins = ?", birth.isoformat(), patient["sub"])


@pytest.mark.parametrize("end", [ended, run_out, of_age])
def test_a_parents_ticket_is_worth_no_more_than_his_power(world: World, end: Any) -> None:
    """He asked for a copy and for the destruction while he could, and neither is done once he no longer can."""
    child = minor(world, "author")
    world.deposit(child)
    father = register(world, child, PARENT)
    copy = asked(world, child, father)
    request = records.RequestRecordDestructionRequest(record=of(child))
    destruction = str(world.as_(father).RequestRecordDestruction(request).ticket_id)
    end(world, child, father)
    assert refused(world, child, copy).code == "PERMISSION_DENIED"
    destroying = records.DestroyRecordRequest(record=of(child), ticket_id=destruction)
    assert refusal(world.as_("host").DestroyRecord, destroying).code == "PERMISSION_DENIED"


def test_a_tutors_ticket_ends_with_the_measure_and_a_mandatarys_does_not(world: World) -> None:
    """The measure that ends takes its representative along; a power that lasts goes on."""
    patient = world.opened("author")
    protect(world, patient, TUTELLE)
    tutor = register(world, patient, TUTOR)
    ticket = asked(world, patient, tutor)
    protect(world, patient, records.PROTECTION_NONE)
    assert refused(world, patient, ticket).code == "PERMISSION_DENIED"
    mandatary = register(world, patient, MANDATE)
    assert export(world, patient, asked(world, patient, mandatary))[-1].HasField("end")


def test_a_parent_learns_no_more_as_a_successor(world: World) -> None:
    """What a dead minor kept secret is in no copy of his parents', in whatever quality they ask (DEC-04)."""
    child = minor(world, "author")
    for labels in ((), (documents.LABEL_NORMAL, SECRET)):
        world.deposit(child, *labels)
    father = register(world, child, PARENT)
    death = records.DeclareDeathRequest(record=of(child), deceased=True, attestations=TITLE)
    world.as_("operator").DeclareDeath(death)
    request = records.RequestRecordCopyRequest(record=of(child), motive=records.SUCCESSOR_MOTIVE_MEMORY)
    for kind in ("SUCCESSOR", "LEGAL_REP"):
        ticket = str(world.as_({**father, "kind": kind}).RequestRecordCopy(request).ticket_id)
        assert export(world, child, ticket)[0].heading.documents == 1


def test_a_secret_connection_is_told_to_no_parent(world: World) -> None:
    """Neither by the traces nor by a notification (MIN-04)."""
    child = minor(world, "author")
    mother = register(world, child, PARENT)
    request = records.StartEmergencyAccessRequest(
        record=of(child),
        mode=records.EMERGENCY_MODE_BRIS_DE_GLACE,
        attestations=access.Attestations(
            secret_connection=True, patient_unable=True, immediate_risk=True, reason="coma"
        ),
    )
    world.as_("emergency").StartEmergencyAccess(request)
    listed = world.as_(mother).ListNotifications(records.ListNotificationsRequest(record=of(child)))
    assert [told.mode for told in listed.notifications] == ["normal"]


def test_a_record_has_so_many_relations_and_no_more(world: World) -> None:
    """One caller could fill it until every call on it is slow."""
    patient = world.opened()
    register(world, patient, MANDATE)
    [row] = world.rows("SELECT * FROM relations WHERE record = ?", patient["sub"])
    places = ", ".join("?" for _ in row)
    for number in range(MOST - 1):
        given = {**row, "person": f"{row['person']}{number}"}.values()
        world.alter(f"INSERT INTO relations VALUES ({places})", *given)  # noqa: S608 - places
    told = refusal(world.as_("operator").RegisterRepresentative, registering(patient, someone(world), MANDATE))
    assert told.code == "FAILED_PRECONDITION"
