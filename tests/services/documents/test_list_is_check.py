"""What a list shows, what a reading opens and what a question answers are the same, document by document."""

import itertools
import random

import grpc
import pytest

from dmp.access.v1 import access_pb2 as access
from dmp.authorization.v1 import authorization_pb2 as authorization
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import records_pb2 as records
from tests.services.world import As, Person, World, of

NORMAL = documents.LABEL_NORMAL
LABELS = (
    (NORMAL,),
    (NORMAL, documents.LABEL_MASQUE_PS),
    (NORMAL, documents.LABEL_INVISIBLE_PATIENT),
    (NORMAL, documents.LABEL_INVISIBLE_REPRESENTANTS_LEGAUX),
    (NORMAL, documents.LABEL_MASQUE_PS, documents.LABEL_INVISIBLE_REPRESENTANTS_LEGAUX),
)
TYPES = ("34112-3", "68599-0", "11502-2", "75496-0", "18748-4")
READERS = ("author", "colleague", "treating", "nurse", "emergency", "patient", "blocked", "secretary")


@pytest.fixture(scope="module")
def record(world: World) -> tuple[Person, list[str]]:
    """A record with a document of each kind, by one of two authors; one professional is in an emergency access."""
    patient = world.opened("author", "colleague", "nurse", treating="treating")
    choice = random.Random(7)
    kinds = list(itertools.product(LABELS, TYPES))
    named = [
        world.deposit(patient, *labels, by=choice.choice(("author", "colleague")), type_code=kind)
        for labels, kind in kinds
    ]
    world.as_(patient).BlockProfessional(
        records.BlockProfessionalRequest(record=of(patient), professional=of(world.people["blocked"]))
    )
    attested = access.Attestations(patient_unable=True, immediate_risk=True, reason="coma")
    world.as_("emergency").StartEmergencyAccess(
        records.StartEmergencyAccessRequest(
            record=of(patient), mode=records.EMERGENCY_MODE_BRIS_DE_GLACE, attestations=attested
        )
    )
    return patient, named


def listed(caller: As, patient: Person) -> set[str]:
    found, token = set(), ""
    while True:
        request = documents.ListDocumentsRequest(record=of(patient), page_size=7, page_token=token)
        try:
            answered = caller.ListDocuments(request)
        except grpc.RpcError as error:
            return {str(error.code())} - {str(grpc.StatusCode.PERMISSION_DENIED)}
        found |= {document.document_id for document in answered.documents}
        token = answered.next_page_token
        if not token:
            return found


def opens(caller: As, patient: Person, document: str) -> bool:
    try:
        caller.GetDocument(documents.GetDocumentRequest(record=of(patient), document_id=document))
    except grpc.RpcError as error:
        return error.code() not in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.PERMISSION_DENIED)
    return True


def permitted(caller: As, patient: Person, document: str) -> bool:
    question = authorization.Question(record=of(patient), action="doc.read", document_id=document)
    answered = caller.Check(authorization.CheckRequest(question=question))
    return bool(answered.effect == authorization.EFFECT_PERMIT)


@pytest.mark.parametrize("reader", READERS)
def test_list_read_and_check_agree(world: World, record: tuple[Person, list[str]], reader: str) -> None:
    """For every reader and every kind of document."""
    patient, named = record
    caller = world.as_(patient if reader == "patient" else reader)
    shown = listed(caller, patient)
    assert shown == {document for document in named if opens(caller, patient, document)}
    assert shown == {document for document in named if permitted(caller, patient, document)}
    assert bool(shown) is (reader not in ("blocked", "secretary"))
