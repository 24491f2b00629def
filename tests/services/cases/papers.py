"""Which RPC makes which fact of a document, and when."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

from dmp.access.v1 import access_pb2 as access
from dmp.documents.v1 import documents_pb2 as documents
from services.runtime.codes import number_of
from services.runtime.identifiers import parts
from tests.services.cases.casebook import moment
from tests.services.cases.cast import ES1
from tests.services.cases.stage import DAY, HOUR, Stage
from tests.services.cases.steps import Step
from tests.services.world import NORMAL

TRE_A05 = "1.2.250.1.213.1.1.4.12"
SECRET = "INVISIBLE_REPRESENTANTS_LEGAUX"
UNOPPOSED = access.Attestations(non_opposition=True)
ON_REQUEST = access.Attestations(patient_request=True)


def steps(stage: Stage) -> Iterator[Step]:
    """The deposits of a case's documents, and what made them what they are."""
    if stage.case["action"] == "doc.create":
        return
    known = stage.case.get("documents") or {"": stage.case.get("document")}
    for name, document in known.items():
        if document:
            at = deposited_at(stage, document)
            yield Step(at, partial(deposit, stage, name, document, at))
            if changed := CHANGED.get(document["status"]):
                yield Step(at + HOUR, partial(changed, stage, name, document, at))


def deposited_at(stage: Stage, document: dict[str, Any]) -> datetime:
    """When the case says; before the record was closed, and the holder of age if it is a minor's secret."""
    latest = [moment(document["deposited_at"])]
    if SECRET in document["labels"]:
        latest.append(stage.of_age - DAY)
    if stage.closed_at:
        latest.append(stage.closed_at - DAY)
    return min(latest)


def content(stage: Stage, document: dict[str, Any], author: str, at: datetime) -> bytes:
    """The CDA of a document."""
    structure = parts(ES1) if document["author_structure"] else None
    system = {} if document["type"][0].isdigit() else {"type_system": TRE_A05}
    return stage.world.cda(
        stage.holder,
        author=parts(stage.cast[author]["sub"]),
        structure=structure,
        type_code=document["type"],
        effective_time=at,
        **system,
    )


def labels(document: dict[str, Any]) -> list[Any]:
    return [number_of(documents.Label, code) for code in document["labels"]]


def writer(stage: Stage, document: dict[str, Any]) -> Any:
    """The author as he was when he deposited: of the structure that the document is of."""
    author = {**stage.cast[document["author"]], "structure": document["author_structure"] and ES1}
    return stage.as_({name: value for name, value in author.items() if value})


def deposit(stage: Stage, name: str, document: dict[str, Any], at: datetime) -> None:
    stage.contents[name] = content(stage, document, document["author"], at)
    request = documents.DepositDocumentRequest(
        record=stage.record, content=stage.contents[name], labels=labels(document), attestations=UNOPPOSED
    )
    stage.documents[name] = writer(stage, document).DepositDocument(request).document_id


def delete(stage: Stage, name: str, document: dict[str, Any], at: datetime) -> None:
    request = documents.DeleteDocumentRequest(
        record=stage.record, document_id=stage.documents[name], attestations=ON_REQUEST
    )
    writer(stage, document).DeleteDocument(request)


def archive(stage: Stage, name: str, document: dict[str, Any], at: datetime) -> None:
    request = documents.ArchiveDocumentRequest(record=stage.record, document_id=stage.documents[name])
    writer(stage, document).ArchiveDocument(request)


def replace(stage: Stage, name: str, document: dict[str, Any], at: datetime) -> None:
    """A new version takes its place, and is deleted in its turn: no case knows it."""
    author = writer(stage, document)
    successor = author.ReplaceDocument(
        documents.ReplaceDocumentRequest(
            record=stage.record,
            document_id=stage.documents[name],
            content=content(stage, document, document["author"], at),
            labels=[NORMAL],
            attestations=UNOPPOSED,
        )
    ).document_id
    author.DeleteDocument(
        documents.DeleteDocumentRequest(record=stage.record, document_id=successor, attestations=ON_REQUEST)
    )


CHANGED = {"Deleted": delete, "Archived": archive, "Deprecated": replace}
"""How a document comes by its status."""
