"""What each RPC of the documents service does once it is permitted."""

from __future__ import annotations

from typing import Final

from dmp.documents.v1 import documents_pb2
from services.documents import wire
from services.documents.cda import CdaError, CdaHeader, read_header
from services.runtime.access import Asking, Feature, Read
from services.runtime.call import Call
from services.runtime.errors import FieldFault, invalid
from services.runtime.messages import page_size

MASKED: Final = "MASQUE_PS"
INVISIBLE: Final = "INVISIBLE_PATIENT"


def read_deposit(request: documents_pb2.DepositDocumentRequest, asking: Asking) -> Read:
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
    header = call.arrival.prepared
    if not isinstance(header, CdaHeader):
        raise TypeError("a deposit is decided on its header")
    stored = call.stores.documents.deposit(wire.deposit(call, header), request.content, call.now)
    return documents_pb2.DepositDocumentResponse(document_id=stored.logical_id, entry_uuid=stored.entry_uuid)


def list_documents(call: Call, request: documents_pb2.ListDocumentsRequest) -> documents_pb2.ListDocumentsResponse:
    """The documents that the rules' predicate lets through; the last one shown is where the next page begins."""
    page = call.stores.documents.visible(
        call.record,
        call.predicate,
        statuses=call.fact("context.status_filter"),
        limit=page_size(request.page_size),
        after=request.page_token or None,
    )
    return documents_pb2.ListDocumentsResponse(
        documents=map(wire.document, page.items),
        next_page_token=page.items[-1].logical_id if page.more else "",
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
    },
    readers={"DepositDocument": read_deposit},
)
