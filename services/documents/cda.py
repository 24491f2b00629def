"""Reads the header of a French clinical document (HL7 CDA R2; CI-SIS, Structuration minimale): facts, no judgement."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.cda.error import CdaError, Reason
from services.cda.xml import MAX_BYTES, Node, with_document
from services.documents import hl7
from services.documents.hl7 import Identifier

__all__ = ["MAX_BYTES", "CdaError", "CdaHeader", "Identifier", "Reason", "read_header"]

LOINC: Final = "2.16.840.1.113883.6.1"
TRE_A05: Final = "1.2.250.1.213.1.1.4.12"
CONFIDENTIALITY: Final = "2.16.840.1.113883.5.25"
PRACTICE_SETTINGS: Final = "1.2.250.1.213.1.1.4.9"
PS_ID_NAT: Final = "1.2.250.1.71.4.2.1"
STRUCT_ID_NAT: Final = "1.2.250.1.71.4.2.2"
# INS-A and INS-C of 2011, NIR, NIA, NIR of tests, NIR of demonstrations (catalogue 3.1).
INS: Final = tuple(f"1.2.250.1.213.1.4.{number}" for number in (1, 2, 8, 9, 10, 11))
PERSON: Final = (PS_ID_NAT, *INS)
AUTHOR: Final = (*PERSON, STRUCT_ID_NAT)


@dataclass(frozen=True, slots=True)
class CdaHeader:
    """What a document says of itself; that it says so proves nothing about who deposits it."""

    unique_id: str
    type_code: str
    type_system: str
    title: str
    effective_time: datetime
    confidentiality: str
    language: str
    set_id: str | None
    version: int | None
    patient: Identifier
    author: Identifier
    author_structure: Identifier | None
    custodian: Identifier
    legal_authenticator: Identifier | None
    practice_settings: tuple[str, ...]
    """Where those worked who performed the act, by codes of the French system."""


def read_header(content: bytes, now: datetime) -> CdaHeader:
    """Read the header of a whole, well-formed document; `now` (aware) bounds its date. Raises only `CdaError`."""
    return with_document(content, lambda document: _header(document, now))


def _header(document: Node, now: datetime) -> CdaHeader:
    kind = hl7.code(document.one("code"), (LOINC, TRE_A05))
    writer = _first_author(document)
    set_id, version = document.optional("setId"), document.optional("versionNumber")
    return CdaHeader(
        unique_id=hl7.unique(document.one("id")),
        type_code=kind.value,
        type_system=kind.system,
        title=hl7.text(document.one("title")),
        effective_time=hl7.time(document.one("effectiveTime"), now),
        confidentiality=hl7.code(document.one("confidentialityCode"), (CONFIDENTIALITY,)).value,
        language=hl7.token(document.one("languageCode"), "code"),
        set_id=hl7.unique(set_id) if set_id else None,
        version=hl7.version(version) if version else None,
        patient=_patient(document),
        author=_author(writer),
        author_structure=_structure(writer),
        custodian=_custodian(document),
        legal_authenticator=_legal_authenticator(document),
        practice_settings=tuple(_practice_settings(document)),
    )


def _patient(document: Node) -> Identifier:
    """Read the INS; CDA allows several patients in one document (4.2.2.11), a record does not."""
    return hl7.identifier(document.down("recordTarget", "patientRole"), INS)


def _first_author(document: Node) -> Node:
    """Find the first author who is an identified person, else an identified structure; others are passed over."""
    authors = document.children("author") or [document.one("author")]
    assigned = [author.one("assignedAuthor") for author in authors]
    identified = (node for roots in (PERSON, AUTHOR) for node in assigned if hl7.find_identifier(node, roots))
    stated = (node for node in assigned if hl7.stated(node))
    return next(identified, None) or next(stated, assigned[0])


def _author(assigned: Node) -> Identifier:
    """Read who wrote it: a person, or the structure whose system did (catalogue HAB-08, DOC-16)."""
    return hl7.find_identifier(assigned, PERSON) or hl7.identifier(assigned, AUTHOR)


def _structure(assigned: Node) -> Identifier | None:
    organization = assigned.optional("representedOrganization")
    return hl7.find_identifier(organization, (STRUCT_ID_NAT,)) if organization else None


def _custodian(document: Node) -> Identifier:
    """Read who keeps the original: its national identifier if it has one, else its first."""
    organization = document.down("custodian", "assignedCustodian", "representedCustodianOrganization")
    return hl7.find_identifier(organization, (STRUCT_ID_NAT,)) or hl7.any_identifier(organization)


def _practice_settings(document: Node) -> Iterator[str]:
    """Read the setting of each performer's organisation (CI-SIS: documentationOf, framework of exercise)."""
    events = filter(None, (of.optional("serviceEvent") for of in document.children("documentationOf")))
    for performer in (performer for event in events for performer in event.children("performer")):
        entity = performer.optional("assignedEntity")
        organization = entity.optional("representedOrganization") if entity else None
        setting = organization.optional("standardIndustryClassCode") if organization else None
        if setting and setting.attribute("codeSystem") == PRACTICE_SETTINGS:
            yield hl7.token(setting, "code")


def _legal_authenticator(document: Node) -> Identifier | None:
    """Read who answers for the document: for the trace only, it never widens a right (catalogue 3.2)."""
    found = document.optional("legalAuthenticator")
    return hl7.find_identifier(found.one("assignedEntity"), PERSON) if found else None
