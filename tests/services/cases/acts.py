"""Which RPC does the action of a case."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from dmp.access.v1 import access_pb2 as access
from dmp.authorization.v1 import authorization_pb2 as authorization
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import records_pb2 as records
from dmp.trace.v1 import trace_pb2 as trace
from services.runtime.codes import number_of
from tests.services.cases import papers
from tests.services.cases.casebook import day
from tests.services.cases.stage import Stage
from tests.services.world import of

Fields = dict[str, Any]


@dataclass(frozen=True)
class Act:
    """An RPC, its request, and the fields of it beside the record and what is attested."""

    rpc: str
    request: Callable[..., Any]
    fields: Callable[[Stage], Fields] = lambda _: {}


def named(stage: Stage) -> Fields:
    """The document of the case, or one that never was."""
    return {"document_id": stage.documents.get("") or str(uuid4())}


def brought(stage: Stage) -> Fields:
    document = stage.case["document"]
    return {
        "content": papers.content(stage, document, document["author"], stage.at),
        "labels": papers.labels(document),
    }


def new_version(stage: Stage) -> Fields:
    document = stage.case["document"]
    content = papers.content(stage, document, stage.case["subject"]["id"], stage.at)
    return {**named(stage), "content": content, "labels": papers.labels(document)}


def target(stage: Stage) -> Fields:
    name = stage.context.get("target")
    return {"professional": of(stage.cast[name])} if name else {}


def born(stage: Stage) -> Fields:
    return {"holder_birth_date": day(stage.context["holder_birth_date"])}


def opposed(stage: Stage) -> Fields:
    """Opposed or not, as the action says."""
    opposition = number_of(records.Opposition, stage.context["opposition_code"])
    return {"opposition": opposition, "opposed": stage.case["action"] == "opposition.set"}


def motive(stage: Stage) -> Fields:
    return {"motive": number_of(records.SuccessorMotive, stage.context["motive"])}


def on_ticket(stage: Stage) -> Fields:
    return {"ticket_id": stage.ticket}


def on_disc(stage: Stage) -> Fields:
    return {**on_ticket(stage), "medium": records.COPY_MEDIUM_DISC}


def asking(record: access.Identifier, attestations: access.Attestations, document_id: str) -> Any:
    """No RPC does it, and it may be asked about."""
    question = authorization.Question(record=record, action="doc.hide_patient", document_id=document_id)
    return authorization.CheckRequest(question=question, attestations=attestations)


ACTS = {
    "record.create": Act("CreateRecord", records.CreateRecordRequest, born),
    "record.close": Act("CloseRecord", records.CloseRecordRequest),
    "record.reactivate": Act("ReactivateRecord", records.ReactivateRecordRequest),
    "record.destroy": Act("DestroyRecord", records.DestroyRecordRequest, on_ticket),
    "record.request_copy": Act("RequestRecordCopy", records.RequestRecordCopyRequest, motive),
    "record.export_copy": Act("ExportCopy", records.ExportCopyRequest, on_disc),
    "authz.add": Act("GrantAccess", records.GrantAccessRequest, target),
    "authz.block": Act("BlockProfessional", records.BlockProfessionalRequest, target),
    "opposition.set": Act("SetOpposition", records.SetOppositionRequest, opposed),
    "opposition.unset": Act("SetOpposition", records.SetOppositionRequest, opposed),
    "doc.list": Act("ListDocuments", documents.ListDocumentsRequest),
    "doc.read": Act("GetDocument", documents.GetDocumentRequest, named),
    "doc.create": Act("DepositDocument", documents.DepositDocumentRequest, brought),
    "doc.replace": Act("ReplaceDocument", documents.ReplaceDocumentRequest, new_version),
    "doc.delete": Act("DeleteDocument", documents.DeleteDocumentRequest, named),
    "doc.request_delete": Act("RequestDocumentDeletion", documents.RequestDocumentDeletionRequest, named),
    "doc.request_destroy": Act("RequestDocumentDestruction", documents.RequestDocumentDestructionRequest, named),
    "doc.mask": Act("MaskDocument", documents.MaskDocumentRequest, named),
    "doc.unmask": Act("UnmaskDocument", documents.UnmaskDocumentRequest, named),
    "doc.reveal_patient": Act("RevealToPatient", documents.RevealToPatientRequest, named),
    "doc.hide_patient": Act("Check", asking, named),
    "trace.list": Act("ListTraces", trace.ListTracesRequest),
}
