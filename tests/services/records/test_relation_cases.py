"""The catalogue's worked cases of people linked to a record, played through the services: the world is built by RPC."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dmp.access.v1 import access_pb2 as access
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import records_pb2 as records
from services.runtime.identifiers import parts
from tests.services.records.test_delegates_and_team import CONSENT, MASKED, delegate, equivalent, law, member
from tests.services.records.test_representatives import SECRET, minor, protect, register, someone
from tests.services.world import Person, World, of, refusal

__all__ = ["law"]

CASES = {
    case["id"]: case
    for line in (Path(__file__).parents[2] / "rules/cases.jsonl").read_text("utf-8").splitlines()
    if (case := json.loads(line))
}
CODES = {"OK": "OK", "FORBIDDEN": "PERMISSION_DENIED", "NOT_FOUND": "NOT_FOUND", "CONFLICT": "FAILED_PRECONDITION"}
NORMAL = documents.LABEL_NORMAL
UNABLE = access.Attestations(patient_unable=True, immediate_risk=True, reason="coma, admission aux urgences")

Asked = tuple[Callable[..., Any], Any]
"""The call that a case is about, and its request."""


def reading(world: World, by: str | Person, patient: Person, document: str, **others: Any) -> Asked:
    request = documents.GetDocumentRequest(record=of(patient), document_id=document, **others)
    return world.as_(by).GetDocument, request


def parent_reads(world: World, *labels: documents.Label.ValueType) -> Asked:
    child = minor(world, "author")
    document = world.deposit(child, NORMAL, *labels)
    return reading(world, register(world, child, records.POWER_AUTORITE_PARENTALE), child, document)


def equivalent_reads(world: World) -> Asked:
    patient = world.opened("author", "emergency")
    document = world.deposit(patient, NORMAL, MASKED)
    world.as_(patient).SetEquivalent(equivalent(world, patient, "emergency"))
    return reading(world, "emergency", patient, document, attestations=CONSENT)


def delegate_of_2011_reads(world: World) -> Asked:
    patient, helper = world.opened("author"), someone(world, "DELEGATE")
    # He cannot be designated, and calls all the same.
    refusal(world.as_(patient).SetDelegate, delegate(patient, helper))
    return reading(world, helper, patient, world.deposit(patient))


def team_reads(world: World) -> Asked:
    patient = world.opened("author")
    world.as_(patient).SetCareTeamMember(member(world, patient, "colleague"))
    return reading(world, "colleague", patient, world.deposit(patient))


def team_breaks_the_glass(world: World) -> Asked:
    patient = world.opened("author")
    world.as_(patient).SetCareTeamMember(member(world, patient, "colleague"))
    mode = records.EMERGENCY_MODE_BRIS_DE_GLACE
    request = records.StartEmergencyAccessRequest(record=of(patient), mode=mode, attestations=UNABLE)
    return world.as_("colleague").StartEmergencyAccess, request


def delegate_reads_a_secret(world: World) -> Asked:
    child = minor(world, "author")
    document = world.deposit(child, NORMAL, SECRET)
    world.alter("UPDATE records SET holder_birth_date = '1984-03-01' WHERE ins = ?", child["sub"])
    helper = someone(world, "DELEGATE")
    world.as_(child).SetDelegate(delegate(child, helper))
    return reading(world, helper, child, document)


def tutor_writes_directives(world: World) -> Asked:
    patient = world.opened("author")
    protect(world, patient, records.PROTECTION_TUTELLE)
    tutor = register(world, patient, records.POWER_TUTELLE)
    author: dict[str, Any] = {"author": parts(tutor["sub"]), "structure": None}
    content = world.cda(patient, **author, type_code="EXPPAT_3", type_system="1.2.250.1.213.1.1.4.12")
    request = documents.DepositDocumentRequest(
        record=of(patient), content=content, labels=[NORMAL], attestations=access.Attestations(non_opposition=True)
    )
    return world.as_(tutor).DepositDocument, request


PLAYED: dict[str, Callable[[World], Asked]] = {
    "T036": equivalent_reads,
    "T102": parent_reads,
    "T103": lambda world: parent_reads(world, SECRET),
    "T123": delegate_of_2011_reads,
    "T126": team_reads,
    "T132": team_breaks_the_glass,
    "T168": delegate_reads_a_secret,
    "T170": tutor_writes_directives,
}


def test_every_case_of_a_linked_person_is_played() -> None:
    """Those who represent, help, are of the team, or are equivalents."""
    linked = ("representative", "delegate", "mt_equivalent", "care_team")
    assert {name for name, case in CASES.items() if any(map(case.get("relation", {}).get, linked))} == set(PLAYED)


def of_profile(profile: str) -> list[str]:
    return [name for name in PLAYED if CASES[name]["profile"] == profile]


@pytest.mark.parametrize("name", of_profile("seed-2011"))
def test_a_worked_case_of_2011_is_answered_as_the_catalogue_says(world: World, name: str) -> None:
    """By the service, for who is linked by an RPC."""
    answered_as_expected(world, name)


@pytest.mark.parametrize("name", of_profile("law-2023"))
def test_a_worked_case_of_2023_is_answered_as_the_catalogue_says(law: World, name: str) -> None:
    """As above."""
    answered_as_expected(law, name)


def answered_as_expected(world: World, name: str) -> None:
    expected = CASES[name]["expected"]
    call, request = PLAYED[name](world)
    if expected["effect"] == "PERMIT":
        assert call(request).decided.decision_id
        return
    told = refusal(call, request)
    assert told.code == CODES[expected["external"]], told
    matched = world.trace(told.decision_id)["rules"]
    assert {*expected["rules"]} & {*matched["matched"], *matched["determining"]}
