"""What becomes of a document after its deposit: archived, replaced, revealed to the representatives, deleted."""

from typing import Any

import pytest

from dmp.access.v1 import access_pb2 as access
from dmp.documents.v1 import documents_pb2 as documents
from tests.services.world import Person, World, of, refusal

NORMAL, MASKED = documents.LABEL_NORMAL, documents.LABEL_MASQUE_PS
INVISIBLE = documents.LABEL_INVISIBLE_PATIENT
SECRET = documents.LABEL_INVISIBLE_REPRESENTANTS_LEGAUX
APPROVED, ARCHIVED = documents.DOCUMENT_STATUS_APPROVED, documents.DOCUMENT_STATUS_ARCHIVED
DEPRECATED, DELETED = documents.DOCUMENT_STATUS_DEPRECATED, documents.DOCUMENT_STATUS_DELETED
AT_REQUEST = access.Attestations(patient_request=True)
NO_OPPOSITION = access.Attestations(non_opposition=True)


def listed(world: World, patient: Person, by: str | Person, *statuses: documents.DocumentStatus.ValueType) -> list[str]:
    request = documents.ListDocumentsRequest(record=of(patient), statuses=statuses)
    return [found.document_id for found in world.as_(by).ListDocuments(request).documents]


def archive(patient: Person, document: str) -> documents.ArchiveDocumentRequest:
    return documents.ArchiveDocumentRequest(record=of(patient), document_id=document)


def delete(
    patient: Person, document: str, attested: access.Attestations = AT_REQUEST
) -> documents.DeleteDocumentRequest:
    return documents.DeleteDocumentRequest(record=of(patient), document_id=document, attestations=attested)


def replacement(
    world: World,
    patient: Person,
    document: str,
    *labels: documents.Label.ValueType,
    **cda: Any,
) -> documents.ReplaceDocumentRequest:
    return documents.ReplaceDocumentRequest(
        record=of(patient),
        document_id=document,
        content=world.cda(patient, **cda),
        labels=labels or [NORMAL],
        attestations=NO_OPPOSITION,
    )


def read(world: World, patient: Person, document: str, by: str | Person) -> documents.Document:
    request = documents.GetDocumentRequest(record=of(patient), document_id=document)
    found: documents.Document = world.as_(by).GetDocument(request).document
    return found


def hidden(world: World, patient: Person, document: str, by: str | Person) -> bool:
    request = documents.GetDocumentRequest(record=of(patient), document_id=document)
    return refusal(world.as_(by).GetDocument, request).code == "NOT_FOUND"


def test_the_author_archives_and_unarchives(world: World) -> None:
    """Archived, it is listed where that is asked for, and read as before (DOC-03, DOC-09)."""
    patient = world.opened("author", "colleague")
    document = world.deposit(patient)
    author = world.as_("author")
    assert author.ArchiveDocument(archive(patient, document)).document.status == ARCHIVED
    assert (listed(world, patient, "colleague"), listed(world, patient, "colleague", ARCHIVED)) == ([], [document])
    assert read(world, patient, document, "colleague").status == ARCHIVED
    assert refusal(author.ArchiveDocument, archive(patient, document)).code == "FAILED_PRECONDITION"
    back = documents.UnarchiveDocumentRequest(record=of(patient), document_id=document)
    assert author.UnarchiveDocument(back).document.status == APPROVED
    assert listed(world, patient, "colleague") == [document]
    assert refusal(author.UnarchiveDocument, back).code == "FAILED_PRECONDITION"


def test_nobody_else_does_it(world: World) -> None:
    """Who sees the document is refused; from whom it is hidden learns nothing; nothing changes (DOC-08)."""
    patient = world.opened("author", "colleague")
    seen, masked = world.deposit(patient), world.deposit(patient, NORMAL, MASKED)
    before = world.state()
    for document, code in ((seen, "PERMISSION_DENIED"), (masked, "NOT_FOUND"), ("never was", "NOT_FOUND")):
        caller = world.as_("colleague")
        assert refusal(caller.ArchiveDocument, archive(patient, document)).code == code
        assert refusal(caller.DeleteDocument, delete(patient, document)).code == code
        brought = replacement(world, patient, document, by="colleague")
        assert refusal(caller.ReplaceDocument, brought).code == code
    assert world.state() == before


def test_a_deleted_document_is_hidden_from_all(world: World) -> None:
    """Even from its author; its bytes go to the host's archive (DOC-05, DOC-10)."""
    patient = world.opened("author", "colleague", treating="treating")
    document = world.deposit(patient)
    [stored] = world.rows("SELECT content FROM document_contents WHERE document = ?", document)
    answered = world.as_("author").DeleteDocument(delete(patient, document))
    for reader in ("author", "colleague", "treating", patient):
        assert hidden(world, patient, document, reader)
        assert listed(world, patient, reader, APPROVED, ARCHIVED, DEPRECATED, DELETED) == []
    assert world.rows("SELECT * FROM document_contents WHERE document = ?", document) == []
    [kept] = world.rows("SELECT * FROM archived_contents WHERE document = ?", document)
    assert (bytes(kept["content"]), kept["decision_id"]) == (bytes(stored["content"]), answered.decided.decision_id)
    assert refusal(world.as_("author").DeleteDocument, delete(patient, document)).code == "NOT_FOUND"
    assert world.trace(answered.decided.decision_id)["outcomes"][-1]["verb"] == "DELETED"


@pytest.mark.parametrize(
    ("attested", "code"),
    [
        (access.Attestations(), "PERMISSION_DENIED"),
        (access.Attestations(reason="I dislike it"), "PERMISSION_DENIED"),
        (access.Attestations(reason="ERROR"), None),
        (access.Attestations(reason="PATIENT_REQUEST"), None),
    ],
)
def test_a_deletion_has_a_reason(world: World, attested: access.Attestations, code: str | None) -> None:
    """The patient's request, or an error (DOC-10)."""
    patient = world.opened("author")
    document = world.deposit(patient)
    if code is None:
        world.as_("author").DeleteDocument(delete(patient, document, attested))
        assert hidden(world, patient, document, "author")
    else:
        assert refusal(world.as_("author").DeleteDocument, delete(patient, document, attested)).code == code
        assert not world.rows("SELECT * FROM archived_contents WHERE document = ?", document)


def test_a_new_version_replaces_the_old_one(world: World) -> None:
    """Which is deprecated, and found by who asks for deprecated ones (DOC-04, DOC-08)."""
    patient = world.opened("author", "colleague")
    old = world.deposit(patient)
    answered = world.as_("author").ReplaceDocument(replacement(world, patient, old))
    new = answered.document_id
    assert (listed(world, patient, "colleague"), listed(world, patient, "colleague", DEPRECATED)) == ([new], [old])
    assert read(world, patient, new, "colleague").entry_uuid == answered.entry_uuid
    [row] = world.rows("SELECT replaces FROM documents WHERE logical_id = ?", new)
    assert row["replaces"] == old
    trace = world.trace(answered.decided.decision_id)
    assert (trace["action"], [document for document, _ in trace["items"]]) == ("doc.replace", [old, new])
    assert {"DOC-08", "DOC-07"} <= {rule.partition(".")[0] for rule in trace["rules"]["determining"]}
    assert trace["facts"]["brought"]["type"] == "34112-3"
    again = refusal(world.as_("author").ReplaceDocument, replacement(world, patient, old))
    assert again.code == "FAILED_PRECONDITION"


def test_a_new_version_is_as_restricted_as_the_old(world: World) -> None:
    """It has the labels of both, and what restricts it later restricts the versions before it (VIS-16)."""
    patient = world.opened("author", "colleague")
    first = world.deposit(patient, NORMAL, SECRET)
    author = world.as_("author")
    second = author.ReplaceDocument(replacement(world, patient, first)).document_id
    assert list(read(world, patient, second, "author").labels) == [NORMAL, SECRET]
    third = author.ReplaceDocument(replacement(world, patient, second)).document_id
    world.as_(patient).MaskDocument(documents.MaskDocumentRequest(record=of(patient), document_id=third))
    for version in (first, second, third):
        assert hidden(world, patient, version, "colleague")
        assert MASKED in read(world, patient, version, patient).labels
    world.as_(patient).UnmaskDocument(documents.UnmaskDocumentRequest(record=of(patient), document_id=third))
    assert [hidden(world, patient, version, "colleague") for version in (first, second)] == [True, True]
    assert read(world, patient, third, "colleague").document_id == third


@pytest.mark.parametrize(
    ("labels", "cda", "rule"),
    [
        ((MASKED,), {}, "VIS-14"),
        ((NORMAL, documents.LABEL_RESTRICTED), {}, "VIS-15"),
        ((NORMAL,), {"type_code": "EXPPAT_1", "type_system": "1.2.250.1.213.1.1.4.12"}, "HAB-08.patient_types"),
    ],
)
def test_a_new_version_is_decided_as_a_deposit(
    world: World, labels: tuple[documents.Label.ValueType, ...], cda: dict[str, Any], rule: str
) -> None:
    """What could not be deposited replaces nothing."""
    patient = world.opened("author")
    old = world.deposit(patient)
    before = world.state()
    refused = refusal(world.as_("author").ReplaceDocument, replacement(world, patient, old, *labels, **cda))
    assert (refused.code, rule in refused.metadata["rules"].split(",")) == ("PERMISSION_DENIED", True)
    assert world.state() == before
    assert world.trace(refused.decision_id)["action"] == "doc.replace"


def test_a_document_is_revealed_to_the_representatives_for_good(world: World) -> None:
    """With the minor's consent, confirmed (VIS-13); twice is a conflict."""
    patient = world.opened("author")
    document = world.deposit(patient, NORMAL, SECRET)
    request = documents.RevealToRepresentativesRequest(record=of(patient), document_id=document)
    assert refusal(world.as_("author").RevealToRepresentatives, request).code == "PERMISSION_DENIED"
    request.attestations.CopyFrom(access.Attestations(minor_consent=True, confirmed=True))
    answered = world.as_("author").RevealToRepresentatives(request)
    assert (list(answered.document.labels), list(answered.decided.obligations)) == ([NORMAL], ["IRREVERSIBLE"])
    assert refusal(world.as_("author").RevealToRepresentatives, request).code == "FAILED_PRECONDITION"
