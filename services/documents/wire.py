"""Documents, between the contract's messages and the values used inside."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from dmp.documents.v1 import documents_pb2
from services.documents.cda import CdaHeader, Identifier
from services.runtime import codes, fields
from services.runtime.access import Asking, Read
from services.runtime.call import Call
from services.runtime.errors import FieldFault, invalid
from services.runtime.identifiers import canonical, ins_fault, parts
from services.runtime.judgement import NORMAL
from services.runtime.messages import in_seconds, text
from services.store.document import Deposit, Document

Brings = documents_pb2.DepositDocumentRequest | documents_pb2.ReplaceDocumentRequest
SETTINGS = "practice_settings"
SETTING_FIELD = "content.documentationOf.serviceEvent.performer.assignedEntity.representedOrganization"
FIELDS = {
    "document.type": "content.code",
    "document.labels": "labels",
    "document.author": "content.author.assignedAuthor.id",
    "document.patient": "content.recordTarget.patientRole.id",
}
"""Where each fact of a deposit is read."""


def deposited(request: Brings, header: CdaHeader, asking: Asking) -> Read:
    """The facts of a new document: what its header says, under the depositor's statement of who may see it (VIS-14)."""
    if wrong := ins_fault(header.patient.value):
        raise invalid([FieldFault("content.recordTarget.patientRole.id", "CDA_VALUE", wrong)])
    known_system = asking.cell("document_types", header.type_code, "codeSystem_oid")
    if known_system not in (None, header.type_system):
        raise invalid([FieldFault("content", "CDA_CODE_SYSTEM", "its type is not of the code system that it names")])
    if any(asking.cell(SETTINGS, code, "label_fr") is None for code in header.practice_settings):
        raise invalid([FieldFault(SETTING_FIELD, "UNKNOWN_CODE", "is not a practice setting of JDV_J04")])
    # The header's own confidentiality may only restrict: R and V have no rule and are refused (VIS-15).
    labels = {*(fields.value_at(request, "labels") or ()), header.confidentiality} - {NORMAL}
    stated = {NORMAL} if NORMAL in (fields.value_at(request, "labels") or ()) else set()
    attributes = {
        "document.type": header.type_code,
        "document.class": asking.cell("document_types", header.type_code, "classCode"),
        "document.labels": sorted(labels | stated),
        "document.status": "Approved",
        "document.author": _text(header.author),
        # From the verified token, as all that a caller is: in 2023 it opens masked documents to colleagues (VIS-02).
        "document.author_structure": asking.identity.structure,
        "document.deposited_at": asking.at,
        "document.patient": _text(header.patient),
    }
    return Read(attributes, header, FIELDS)


def deposit(call: Call, header: CdaHeader) -> Deposit:
    """The document as it is kept: as it was decided."""
    facts = call.brought
    return Deposit(
        record=call.record,
        unique_id=header.unique_id,
        type=facts["type"],
        class_code=facts["class"],
        title=header.title,
        labels=frozenset(facts["labels"]),
        author=facts["author"],
        author_name=call.identity.name if facts["author"] == call.identity.id else None,
        author_structure=facts["author_structure"],
        custodian=_text(header.custodian),
        patient=facts["patient"],
        created_at=header.effective_time,
    )


def document(stored: Document) -> documents_pb2.Document:
    """A document's metadata."""
    return documents_pb2.Document(**listed(stored))


def listed(stored: Document) -> Any:  # noqa: ANN401 - a mapping, which the message's type does not know of
    """A document's metadata as a part of another message."""
    stated = stored.deposit
    # As mappings, for a message would be made only to be copied: five of each document of a list.
    return {
        "document_id": stored.logical_id,
        "unique_id": stated.unique_id,
        "entry_uuid": stored.entry_uuid,
        "type_code": stated.type,
        "class_code": text(stated.class_code),
        "title": stated.title,
        "labels": _labels(stated.labels),
        "status": _status(stored.status),
        "author": _identifier(stated.author),
        "author_structure": _identifier(stated.author_structure),
        "created_at": _timestamp(stated.created_at),
        "deposited_at": _timestamp(stored.deposited_at),
    }


def _identifier(found: str | None) -> Any:  # noqa: ANN401 - as above
    if found is None:
        return None
    system, value = parts(found)
    return {"system": system, "value": value}


def _timestamp(at: datetime | None) -> Any:  # noqa: ANN401 - as above
    return None if at is None else in_seconds(at)


@cache
def _status(code: str) -> documents_pb2.DocumentStatus.ValueType:
    found: documents_pb2.DocumentStatus.ValueType = codes.number_of(documents_pb2.DocumentStatus, code)
    return found


@cache
def _labels(codes_of_it: frozenset[str]) -> tuple[documents_pb2.Label.ValueType, ...]:
    """There are few sets of them, and each of many documents has one."""
    return tuple(sorted(codes.number_of(documents_pb2.Label, label) for label in codes_of_it))


def _text(found: Identifier | None) -> str | None:
    return None if found is None else canonical(found.system, found.value)
