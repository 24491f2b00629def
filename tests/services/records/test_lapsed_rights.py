"""What was asked for by a right ends with it: a ticket of a representative who is none any more permits nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dmp.records.v1 import records_pb2 as records
from tests.services.records.test_copies import asked, export, refused
from tests.services.records.test_representatives import MANDATE, PARENT, TITLE, TUTOR, minor, protect, register
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
