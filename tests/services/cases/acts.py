"""Which RPC does the action of a case."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import grpc

from dmp.access.v1 import access_pb2 as access
from dmp.authorization.v1 import authorization_pb2 as authorization
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import records_pb2 as records
from dmp.trace.v1 import trace_pb2 as trace
from services.runtime.codes import by_number, number_of
from tests.services.cases import papers
from tests.services.cases.casebook import CODES, day
from tests.services.cases.stage import Stage
from tests.services.world import Refusal, of, told

Fields = dict[str, Any]
ATTESTED = {
    **{name: name for name in ("consent", "informed", "non_opposition", "patient_request", "interview", "reason")},
    **{name: name for name in ("patient_unable", "immediate_risk", "call_ref")},
    "secret": "secret_connection",
}
"""The fields of the attestations, by the attributes of the context."""
ELSEWHERE = {"mode", "purpose", "holder_birth_date", "opposition_code", "target", "ticket", "motive"}
"""The attributes of the context that other fields of a request say."""


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
    "trace.list": Act("ListTraces", trace.ListTracesRequest),
}
MODES = {"bris_de_glace": records.EMERGENCY_MODE_BRIS_DE_GLACE, "centre_15": records.EMERGENCY_MODE_CENTRE_15}


def asking(record: access.Identifier, attestations: access.Attestations, document_id: str) -> Any:
    """No RPC does it, and it may be asked about."""
    question = authorization.Question(record=record, action="doc.hide_patient", document_id=document_id)
    return authorization.CheckRequest(question=question, attestations=attestations)


ACTS["doc.hide_patient"] = Act("Check", asking, named)


@dataclass(frozen=True)
class Heard:
    """What the caller of a case was answered."""

    code: str
    decision_id: str
    obligations: frozenset[str] = frozenset()
    said: tuple[Any, ...] = ()
    """The response, or all messages of a copy."""


def play(stage: Stage) -> Heard:
    """Do what the case is about, in its mode: one that may not be begun is the answer."""
    if stage.context["mode"] != "normal" and not stage.begun:
        heard = begin(stage)
        if heard.code != "OK":
            return heard
    act = ACTS[stage.case["action"]]
    return hear(stage, act.rpc, act.request(record=stage.record, attestations=attestations(stage), **act.fields(stage)))


def begin(stage: Stage) -> Heard:
    """Begin the emergency access of the case."""
    mode = MODES[stage.context["mode"]]
    request = records.StartEmergencyAccessRequest(record=stage.record, mode=mode, attestations=attestations(stage))
    heard = hear(stage, "StartEmergencyAccess", request)
    stage.begun = heard.code == "OK"
    return heard


def attestations(stage: Stage) -> access.Attestations:
    said = {ATTESTED[name]: value for name, value in stage.context.items() if name not in ELSEWHERE}
    return access.Attestations(purpose=number_of(access.Purpose, stage.context["purpose"]), **said)


def hear(stage: Stage, rpc: str, request: Any) -> Heard:
    """Call as the subject of the case, and take the answer as it comes."""
    call = getattr(stage.as_(stage.subject), rpc)
    try:
        answered = call(request)
        said = tuple(answered) if isinstance(answered, Iterator) else (answered,)
    except grpc.RpcError as error:
        refused: Refusal = told(error)
        return Heard(refused.code, refused.decision_id)
    decided = said[0].decided
    return Heard(outward(said[0]), decided.decision_id, frozenset(decided.obligations), said)


def outward(response: Any) -> str:
    """How it was answered: a question is always answered, and says how the action would be."""
    if isinstance(response, authorization.CheckResponse):
        return CODES[by_number(authorization.Answer.DESCRIPTOR)[response.answer]]
    return "OK"
