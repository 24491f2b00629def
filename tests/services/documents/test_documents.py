"""Documents over a running suite: deposit, list, read and labels; what is hidden and what is missing look alike."""

import grpc
import pytest
from google.rpc import status_pb2

from dmp.access.v1 import access_pb2 as access
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import records_pb2 as records
from services.runtime.identifiers import canonical, ins_key, parts
from services.runtime.server import DETAILS
from tests.services.world import As, Person, World, of, refusal, trailing_of

NO_OPPOSITION = access.Attestations(non_opposition=True)
INTERVIEW = access.Attestations(interview=True)
REQUESTED = access.Attestations(patient_request=True)
NORMAL = documents.LABEL_NORMAL
MASKED = documents.LABEL_MASQUE_PS
INVISIBLE = documents.LABEL_INVISIBLE_PATIENT


def get(patient: Person, document: str) -> documents.GetDocumentRequest:
    return documents.GetDocumentRequest(record=of(patient), document_id=document)


def mask(patient: Person, document: str) -> documents.MaskDocumentRequest:
    return documents.MaskDocumentRequest(record=of(patient), document_id=document)


def listed(caller: As, patient: Person) -> list[str]:
    found = caller.ListDocuments(documents.ListDocumentsRequest(record=of(patient)))
    return [document.document_id for document in found.documents]


def deposit(patient: Person, content: bytes, *labels: documents.Label.ValueType) -> documents.DepositDocumentRequest:
    return documents.DepositDocumentRequest(
        record=of(patient), content=content, labels=labels, attestations=NO_OPPOSITION
    )


def test_a_document_comes_back_byte_for_byte(world: World) -> None:
    """Its metadata are those of its header, its bytes those that were deposited."""
    patient = world.opened("author")
    content = world.cda(patient, title="Compte rendu opératoire", type_code="34874-8")
    stored = world.as_("author").DepositDocument(deposit(patient, content, NORMAL))
    found = world.as_("author").GetDocument(get(patient, stored.document_id))
    assert found.content == content
    assert (found.document.title, found.document.type_code, found.document.class_code) == (
        "Compte rendu opératoire",
        "34874-8",
        "10",
    )
    assert found.document.author == of(world.people["author"])
    assert list(found.document.labels) == [NORMAL]
    trace = world.trace(stored.decided.decision_id)
    assert trace["items"] == [[stored.document_id, 1]]
    assert trace["facts"]["document"]["patient"] == patient["sub"]


def test_a_structures_document_is_deposited_by_its_own_people_alone(world: World) -> None:
    """By its system, reception staff and professionals; its system acts on it as its author (HAB-08, DOC-16)."""
    patient, hospital = world.opened("author"), world.people["hospital"]
    kept = []
    for name in ("hospital", "secretary", "nurse"):
        content = world.cda(patient, author=parts(hospital["sub"]))
        kept.append(world.as_(name).DepositDocument(deposit(patient, content, NORMAL)).document_id)
    found = world.as_(patient).GetDocument(get(patient, kept[0])).document
    assert found.author == of(hospital)
    stranger = deposit(patient, world.cda(patient, author=parts(hospital["sub"])), NORMAL)
    assert refusal(world.as_("emergency").DepositDocument, stranger).metadata["rules"] == "DOC-16"
    delete = documents.DeleteDocumentRequest(record=of(patient), document_id=kept[0], attestations=REQUESTED)
    assert refusal(world.as_("author").DeleteDocument, delete).metadata["rules"] == "DOC-08.author"
    world.as_("hospital").DeleteDocument(delete)
    assert {*listed(world.as_(patient), patient)} == {*kept[1:]}


def test_the_largest_document_fits_an_ordinary_client(world: World) -> None:
    """What may be deposited may be read, by a client with the limits that gRPC has by itself."""
    patient = world.opened("author")
    filler = b"<!--" + b"x" * (4_128_768 - len(world.cda(patient)) - 64) + b"-->"
    content = world.cda(patient).replace(b"<component>", filler + b"<component>", 1)
    stored = world.as_("author").DepositDocument(deposit(patient, content, NORMAL))
    port = next(found.port for found in world.suite.listening if found.name == "documents")
    with grpc.insecure_channel(f"127.0.0.1:{port}") as ordinary:
        caller = As({**world.channels, "documents": ordinary}, world.token("author"))
        assert caller.GetDocument(get(patient, stored.document_id)).content == content


def test_the_trace_of_a_reading_names_its_document(world: World) -> None:
    """With its type and labels at that time, and no clinical content (TRC-11)."""
    patient = world.opened("author")
    document = world.deposit(patient)
    found = world.as_("author").GetDocument(get(patient, document))
    trace = world.trace(found.decided.decision_id)
    [[name, index]] = trace["items"]
    assert name == document
    assert trace["outcomes"][index]["verb"] == "READ"
    assert "Compte rendu" not in str(trace)


@pytest.mark.parametrize(
    ("labels", "rule"),
    [
        ([documents.LABEL_MASQUE_PS], "VIS-14"),
        ([NORMAL, MASKED, INVISIBLE], "VIS-10"),
        ([NORMAL, documents.LABEL_RESTRICTED], "VIS-15"),
    ],
    ids=["without N", "masked and invisible", "restricted"],
)
def test_labels_that_no_deposit_may_carry(world: World, labels: list[documents.Label.ValueType], rule: str) -> None:
    """The depositor's statement is judged by the rules."""
    patient = world.opened("author")
    refused = refusal(lambda: world.as_("author").DepositDocument(deposit(patient, world.cda(patient), *labels)))
    assert (refused.code, refused.metadata["rules"].partition(".")[0]) == ("PERMISSION_DENIED", rule)
    assert world.rows("SELECT * FROM documents WHERE record = ?", patient["sub"]) == []


def test_the_header_may_only_restrict(world: World) -> None:
    """A document that calls itself restricted is refused, whatever its depositor states (VIS-15)."""
    patient = world.opened("author")
    content = world.cda(patient, confidentiality="R")
    refused = refusal(lambda: world.as_("author").DepositDocument(deposit(patient, content, NORMAL)))
    assert refused.metadata["rules"].startswith("VIS-15")


def test_no_deposit_against_the_patients_will(world: World) -> None:
    """Each deposit asks for her non-opposition (CNS-05)."""
    patient = world.opened("author")
    request = documents.DepositDocumentRequest(record=of(patient), content=world.cda(patient), labels=[NORMAL])
    assert refusal(lambda: world.as_("author").DepositDocument(request)).metadata["rules"] == "CNS-05"


def test_nobody_deposits_for_another(world: World) -> None:
    """The author is the one who is authenticated (DOC-16, HAB-08)."""
    patient = world.opened("author", "colleague")
    content = world.cda(patient, by="author")
    refused = refusal(lambda: world.as_("colleague").DepositDocument(deposit(patient, content, NORMAL)))
    assert refused.code == "PERMISSION_DENIED"


def test_a_document_about_another_patient_is_refused(world: World) -> None:
    """The INS of its header is the record's (DOC-16)."""
    patient, other = world.opened("author"), world.opened("author")
    refused = refusal(lambda: world.as_("author").DepositDocument(deposit(patient, world.cda(other), NORMAL)))
    assert (refused.code, refused.metadata["rules"].partition(".")[0]) == ("PERMISSION_DENIED", "DOC-16")


def test_the_same_document_is_deposited_once(world: World) -> None:
    """By its author; another's use of the same unique id tells him nothing of the first (VIS-18)."""
    patient = world.opened("author", "colleague")
    world.deposit(patient, NORMAL, MASKED, unique_id="1.2.3^same")
    again = world.cda(patient, unique_id="1.2.3^same")
    refused = refusal(lambda: world.as_("author").DepositDocument(deposit(patient, again, NORMAL)))
    assert refused.code == "FAILED_PRECONDITION"
    theirs = world.cda(patient, by="colleague", unique_id="1.2.3^same")
    world.as_("colleague").DepositDocument(deposit(patient, theirs, NORMAL))


def test_a_blocked_doctor_still_deposits(world: World) -> None:
    """The block is about consultation (AUT-08)."""
    patient = world.opened()
    world.as_(patient).BlockProfessional(
        records.BlockProfessionalRequest(record=of(patient), professional=of(world.people["blocked"]))
    )
    document = world.deposit(patient, by="blocked")
    assert refusal(lambda: world.as_("blocked").GetDocument(get(patient, document))).code == "PERMISSION_DENIED"


def test_a_mask_acknowledged_is_never_read_past(world: World) -> None:
    """From its answer on the colleague finds nothing; author, treating physician and holder still do (VIS-02)."""
    patient = world.opened("author", "colleague", treating="treating")
    document = world.deposit(patient)
    colleague = world.as_("colleague")
    assert listed(colleague, patient) == [document]
    entry = world.as_(patient).GetDocument(get(patient, document)).document.entry_uuid
    changed = world.as_(patient).MaskDocument(mask(patient, document))
    assert changed.document.entry_uuid != entry
    assert changed.document.document_id == document
    assert refusal(lambda: colleague.GetDocument(get(patient, document))).code == "NOT_FOUND"
    assert listed(colleague, patient) == []
    for who in ("author", "treating", patient):
        assert listed(world.as_(who), patient) == [document]
    trace = world.trace(changed.decided.decision_id)
    assert trace["outcomes"][1]["labels"] == ["N"]
    assert trace["outcomes"][1]["labels_after"] == ["MASQUE_PS", "N"]


def test_a_mask_is_taken_off(world: World) -> None:
    """By the holder, or at her request by one who sees the document (VIS-05)."""
    patient = world.opened("author", "colleague")
    document = world.deposit(patient, NORMAL, MASKED)
    unmask = documents.UnmaskDocumentRequest(record=of(patient), document_id=document)
    requested = documents.UnmaskDocumentRequest(record=of(patient), document_id=document, attestations=REQUESTED)
    assert refusal(lambda: world.as_("colleague").UnmaskDocument(requested)).code == "NOT_FOUND"
    assert refusal(lambda: world.as_("author").UnmaskDocument(unmask)).code == "PERMISSION_DENIED"
    world.as_("author").UnmaskDocument(requested)
    assert listed(world.as_("colleague"), patient) == [document]
    assert refusal(lambda: world.as_(patient).UnmaskDocument(unmask)).code == "FAILED_PRECONDITION"


def test_a_sensitive_document_waits_for_its_interview(world: World) -> None:
    """The holder finds nothing until a professional who held it reveals the document, and is then told (VIS-08)."""
    patient = world.opened("author", "colleague")
    document = world.deposit(patient, NORMAL, INVISIBLE)
    assert listed(world.as_(patient), patient) == []
    assert refusal(lambda: world.as_(patient).GetDocument(get(patient, document))).code == "NOT_FOUND"
    read = world.as_("colleague").GetDocument(get(patient, document))
    assert "ALERT_INVISIBLE_PATIENT" in read.decided.obligations
    reveal = documents.RevealToPatientRequest(record=of(patient), document_id=document)
    assert refusal(lambda: world.as_("colleague").RevealToPatient(reveal)).code == "PERMISSION_DENIED"
    assert refusal(lambda: world.as_(patient).RevealToPatient(reveal)).code in ("PERMISSION_DENIED", "NOT_FOUND")
    reveal.attestations.CopyFrom(INTERVIEW)
    answered = world.as_("colleague").RevealToPatient(reveal)
    assert list(answered.decided.obligations) == ["IRREVERSIBLE"]
    assert listed(world.as_(patient), patient) == [document]
    told = world.as_(patient).ListNotifications(records.ListNotificationsRequest(record=of(patient)))
    assert [news.code for news in told.notifications] == ["NOTIFY_HOLDER"]


def error_of(world: World, who: str | Person, request: documents.GetDocumentRequest) -> tuple[object, ...]:
    """Every byte of a refusal but the decision's id."""
    try:
        world.as_(who).GetDocument(request)
    except grpc.RpcError as error:
        status = status_pb2.Status.FromString(trailing_of(error)[DETAILS])
        details = [detail.value.replace(refusal_id(world, detail.value), b"ID") for detail in status.details]
        names = sorted(datum.key for datum in error.trailing_metadata() or ())
        return error.code(), error.details(), names, status.message, details
    raise AssertionError("answered")


def refusal_id(world: World, value: bytes) -> bytes:
    [row] = world.rows("SELECT decision_id FROM traces ORDER BY number DESC LIMIT 1")
    identifier = str(row["decision_id"]).encode()
    assert identifier in value
    return identifier


@pytest.mark.parametrize(
    ("labels", "who"),
    [((NORMAL, MASKED), "colleague"), ((NORMAL, INVISIBLE), "alice"), ((NORMAL, MASKED), "emergency")],
)
def test_hidden_and_missing_are_the_same_bytes(
    world: World, labels: tuple[documents.Label.ValueType, ...], who: str
) -> None:
    """No answer tells a hidden document from one that never was (ENV-03, VIS-18)."""
    patient = world.opened("author", "colleague")
    hidden = world.deposit(patient, *labels)
    caller = patient if who == "alice" else who
    missing = "00000000-0000-4000-8000-000000000000"
    assert error_of(world, caller, get(patient, hidden)) == error_of(world, caller, get(patient, missing))


def test_a_document_is_of_its_record(world: World) -> None:
    """A document of another record is missing, even to who may read it there."""
    patient, other = world.opened("author"), world.opened("author")
    document = world.deposit(patient)
    assert refusal(lambda: world.as_("author").GetDocument(get(other, document))).code == "NOT_FOUND"


def test_a_nurse_reads_what_the_matrix_opens(world: World) -> None:
    """A type that it closes to her profession is missing to her (HAB-05)."""
    patient = world.opened("author", "nurse")
    psychiatric = world.deposit(patient, type_code="68599-0")
    report = world.deposit(patient)
    assert listed(world.as_("nurse"), patient) == [report]
    assert refusal(lambda: world.as_("nurse").GetDocument(get(patient, psychiatric))).code == "NOT_FOUND"


def test_staff_and_structures_read_nothing(world: World) -> None:
    """They feed the record and do not consult it (ACT-10, ACT-11)."""
    patient = world.opened("author")
    for who in ("secretary", "hospital", "support"):
        request = documents.ListDocumentsRequest(record=of(patient))
        assert refusal(world.as_(who).ListDocuments, request).code == "PERMISSION_DENIED"


def test_a_list_of_nothing_visible_is_empty(world: World) -> None:
    """Not an error, which would tell of hidden documents."""
    patient = world.opened("author", "colleague")
    world.deposit(patient, NORMAL, MASKED)
    answered = world.as_("colleague").ListDocuments(documents.ListDocumentsRequest(record=of(patient)))
    assert (list(answered.documents), answered.next_page_token) == ([], "")


def test_pages_count_only_what_is_visible(world: World) -> None:
    """Hidden documents fill no page and leave no further one (VIS-18)."""
    patient = world.opened("author", "colleague")
    shown = [world.deposit(patient, *((NORMAL, MASKED) if number % 2 else (NORMAL,))) for number in range(9)][::2]
    found, token, pages = [], "", 0
    while True:
        request = documents.ListDocumentsRequest(record=of(patient), page_size=2, page_token=token)
        answered = world.as_("colleague").ListDocuments(request)
        found += [document.document_id for document in answered.documents]
        token, pages = answered.next_page_token, pages + 1
        if not token:
            break
    assert found == shown[::-1]
    assert pages == 3


@pytest.mark.parametrize("kind", ["made up", "hidden", "of another record"])
def test_a_page_continues_only_what_was_shown(world: World, kind: str) -> None:
    """A token that names a hidden document is as unknown as one that names none."""
    patient, other = world.opened("author", "colleague"), world.opened("author", "colleague")
    world.deposit(patient)
    tokens = {
        "made up": "00000000-0000-4000-8000-000000000000",
        "hidden": world.deposit(patient, NORMAL, MASKED),
        "of another record": world.deposit(other),
    }
    request = documents.ListDocumentsRequest(record=of(patient), page_token=tokens[kind])
    refused = refusal(lambda: world.as_("colleague").ListDocuments(request))
    assert (refused.code, refused.fields) == ("INVALID_ARGUMENT", {"page_token": "UNKNOWN_PAGE"})


def test_other_statuses_are_asked_for(world: World) -> None:
    """Approved alone by default; a filter without Approved finds no approved one (DOC-02)."""
    patient = world.opened("author")
    document = world.deposit(patient)
    archived = documents.ListDocumentsRequest(
        record=of(patient), statuses=[documents.DOCUMENT_STATUS_ARCHIVED, documents.DOCUMENT_STATUS_DELETED]
    )
    assert list(world.as_("author").ListDocuments(archived).documents) == []
    assert listed(world.as_("author"), patient) == [document]


def test_the_holder_deposits_in_his_own_space(world: World) -> None:
    """As the author of a patient's type (DOC-15)."""
    patient = world.opened("author")
    content = world.cda(
        patient,
        type_code="EXPPAT_2",
        type_system="1.2.250.1.213.1.1.4.12",
        author=tuple(patient["sub"].split("|")),
        structure=None,
    )
    stored = world.as_(patient).DepositDocument(deposit(patient, content, NORMAL))
    assert listed(world.as_("author"), patient) == [stored.document_id]


def test_a_type_is_of_its_code_system(world: World) -> None:
    """A code of one system does not pass for the same code of another."""
    patient = world.opened("author")
    content = world.cda(patient, type_code="34112-3", type_system="1.2.250.1.213.1.1.4.12")
    refused = refusal(lambda: world.as_("author").DepositDocument(deposit(patient, content, NORMAL)))
    assert refused.fields == {"content": "CDA_CODE_SYSTEM"}


def test_a_record_that_does_not_exist_is_not_found(world: World) -> None:
    """To everyone, before any question about the caller (S0)."""
    value = f"1230175999999{ins_key('1230175999999'):02d}"
    nobody = {"kind": "HOLDER", "sub": canonical("1.2.250.1.213.1.4.10", value), "authn_mode": "WEB_PATIENT"}
    for who in ("author", "support", nobody):
        request = documents.ListDocumentsRequest(record=of(nobody))
        assert refusal(world.as_(who).ListDocuments, request).code == "NOT_FOUND"
