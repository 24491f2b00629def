"""What each RPC of the documents service does once it is permitted."""

from __future__ import annotations

from typing import Final

from dmp.documents.v1 import documents_pb2
from services.documents import lists, wire
from services.documents.cda import CdaError, CdaHeader, read_header
from services.runtime.access import Asking, Feature, Read
from services.runtime.call import Call
from services.runtime.errors import FieldFault, invalid
from services.runtime.messages import page_size
from services.runtime.obligations import ticket
from services.store.document import Deposit
from services.store.touched import Verb

MASKED: Final = "MASQUE_PS"
INVISIBLE: Final = "INVISIBLE_PATIENT"
INVISIBLE_TO_REPRESENTATIVES: Final = "INVISIBLE_REPRESENTANTS_LEGAUX"


def read_deposit(request: wire.Brings, asking: Asking) -> Read:
    """Read the header of the CDA, before anything is decided."""
    try:
        header = read_header(request.content, asking.at)
    except CdaError as error:
        raise invalid([FieldFault(error.field, error.reason, error.message)]) from None
    return wire.deposited(request, header, asking)


def deposit_document(
    call: Call, request: documents_pb2.DepositDocumentRequest
) -> documents_pb2.DepositDocumentResponse:
    """Keep the bytes as they came, under what was decided of them."""
    stored = call.stores.documents.deposit(_deposit(call), request.content, call.now)
    return documents_pb2.DepositDocumentResponse(document_id=stored.logical_id, entry_uuid=stored.entry_uuid)


def replace_document(
    call: Call, request: documents_pb2.ReplaceDocumentRequest
) -> documents_pb2.ReplaceDocumentResponse:
    """Keep the new version beside the one that it deprecates."""
    stored = call.stores.documents.replace(call.document, _deposit(call), request.content, call.now)
    return documents_pb2.ReplaceDocumentResponse(document_id=stored.logical_id, entry_uuid=stored.entry_uuid)


def _deposit(call: Call) -> Deposit:
    header = call.arrival.prepared
    if not isinstance(header, CdaHeader):
        raise TypeError("a deposit is decided on its header")
    return wire.deposit(call, header)


def list_documents(call: Call, request: documents_pb2.ListDocumentsRequest) -> documents_pb2.ListDocumentsResponse:
    """The documents that the rules' predicate lets through and the caller wants."""
    documents, wanted = call.stores.documents, lists.wanted(call, request)
    page = documents.visible(
        call.record,
        call.predicate,
        wanted,
        limit=page_size(request.page_size),
        order=lists.order(request),
        after=lists.after(call, request),
    )
    return documents_pb2.ListDocumentsResponse(
        documents=map(wire.listed, page.items),
        next_page_token=lists.token(call, request, page.items[-1].logical_id) if page.more else "",
        total=documents.count(call.record, call.predicate, wanted) if request.count else None,
    )


def get_document(call: Call, request: documents_pb2.GetDocumentRequest) -> documents_pb2.GetDocumentResponse:
    """The document and its bytes."""
    stored, content = call.stores.documents.content(call.record, call.document)
    return documents_pb2.GetDocumentResponse(document=wire.document(stored), content=content)


def mask_document(call: Call, request: documents_pb2.MaskDocumentRequest) -> documents_pb2.MaskDocumentResponse:
    """Hide it from professionals."""
    changed = call.stores.documents.relabel(call.record, call.document, add=[MASKED])
    return documents_pb2.MaskDocumentResponse(document=wire.document(changed.document))


def unmask_document(call: Call, request: documents_pb2.UnmaskDocumentRequest) -> documents_pb2.UnmaskDocumentResponse:
    """End the masking."""
    changed = call.stores.documents.relabel(call.record, call.document, remove=[MASKED])
    return documents_pb2.UnmaskDocumentResponse(document=wire.document(changed.document))


def reveal_to_patient(
    call: Call, request: documents_pb2.RevealToPatientRequest
) -> documents_pb2.RevealToPatientResponse:
    """Show it to the holder, for good."""
    changed = call.stores.documents.relabel(call.record, call.document, remove=[INVISIBLE])
    return documents_pb2.RevealToPatientResponse(document=wire.document(changed.document))


def reveal_to_representatives(
    call: Call, request: documents_pb2.RevealToRepresentativesRequest
) -> documents_pb2.RevealToRepresentativesResponse:
    """Show it to the legal representatives, for good."""
    changed = call.stores.documents.relabel(call.record, call.document, remove=[INVISIBLE_TO_REPRESENTATIVES])
    return documents_pb2.RevealToRepresentativesResponse(document=wire.document(changed.document))


def archive_document(
    call: Call, request: documents_pb2.ArchiveDocumentRequest
) -> documents_pb2.ArchiveDocumentResponse:
    """Approved becomes Archived."""
    changed = call.stores.documents.set_status(call.record, call.document, "Archived", Verb.ARCHIVED)
    return documents_pb2.ArchiveDocumentResponse(document=wire.document(changed))


def unarchive_document(
    call: Call, request: documents_pb2.UnarchiveDocumentRequest
) -> documents_pb2.UnarchiveDocumentResponse:
    """Archived becomes Approved."""
    changed = call.stores.documents.set_status(call.record, call.document, "Approved", Verb.UNARCHIVED)
    return documents_pb2.UnarchiveDocumentResponse(document=wire.document(changed))


def delete_document(call: Call, request: documents_pb2.DeleteDocumentRequest) -> documents_pb2.DeleteDocumentResponse:
    """It becomes Deleted; its bytes go to the host's archive as the permit's obligation."""
    call.stores.documents.set_status(call.record, call.document, "Deleted", Verb.DELETED)
    return documents_pb2.DeleteDocumentResponse()


def request_document_deletion(
    call: Call, request: documents_pb2.RequestDocumentDeletionRequest
) -> documents_pb2.RequestDocumentDeletionResponse:
    """The ticket is opened as the permit's obligation."""
    return documents_pb2.RequestDocumentDeletionResponse(ticket_id=ticket(call))


def request_document_destruction(
    call: Call, request: documents_pb2.RequestDocumentDestructionRequest
) -> documents_pb2.RequestDocumentDestructionResponse:
    """As above."""
    return documents_pb2.RequestDocumentDestructionResponse(ticket_id=ticket(call))


def destroy_document(
    call: Call, request: documents_pb2.DestroyDocumentRequest
) -> documents_pb2.DestroyDocumentResponse:
    """It becomes Destroyed; with its key goes all that could be read of it."""
    call.stores.documents.set_status(call.record, call.document, "Destroyed", Verb.DESTROYED)
    call.stores.erasures.destroy_document(call.record, call.document, call.arrival.decision_id, call.now)
    return documents_pb2.DestroyDocumentResponse()


FEATURE: Final = Feature(
    name="documents",
    services=(documents_pb2.DESCRIPTOR.services_by_name["DocumentsService"],),
    handlers={
        "DepositDocument": deposit_document,
        "ListDocuments": list_documents,
        "GetDocument": get_document,
        "MaskDocument": mask_document,
        "UnmaskDocument": unmask_document,
        "RevealToPatient": reveal_to_patient,
        "RevealToRepresentatives": reveal_to_representatives,
        "ArchiveDocument": archive_document,
        "UnarchiveDocument": unarchive_document,
        "DeleteDocument": delete_document,
        "ReplaceDocument": replace_document,
        "RequestDocumentDeletion": request_document_deletion,
        "RequestDocumentDestruction": request_document_destruction,
        "DestroyDocument": destroy_document,
    },
    readers={"DepositDocument": read_deposit, "ReplaceDocument": read_deposit},
)
