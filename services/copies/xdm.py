"""Writes METADATA.XML: what a portable medium says of its documents (IHE ITI TF-2 3.32, TF-3 4.2; ebRIM 3.0)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Final
from uuid import UUID, uuid5

from lxml import etree

from services.copies.model import Author, Coded, Copy, Document, Identifier

LCM: Final = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
RIM: Final = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
_TYPES: Final = "urn:oasis:names:tc:ebxml-regrep"
_STABLE: Final = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"
_SUBMISSION_SET: Final = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
# Classification schemes and identification schemes of document entries (TF-3, table 4.2.5.1-1 and following).
_AUTHOR: Final = "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d"
_CLASS: Final = "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a"
_CONFIDENTIALITY: Final = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"
_FORMAT: Final = "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d"
_TYPE: Final = "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983"
_ENTRY_PATIENT: Final = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"
_ENTRY_UNIQUE: Final = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"
# … and of submission sets.
_SET_CONTENT: Final = "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500"
_SET_PATIENT: Final = "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446"
_SET_SOURCE: Final = "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832"
_SET_UNIQUE: Final = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8"
FORMAT: Final = Coded(system="1.3.6.1.4.1.19376.1.2.3", code="urn:ihe:iti:xds:2017:mimeTypeSufficient", label="CDA R2")
"""Nothing more is known of the format than that it is XML (IHE Format Codes)."""
ARCHIVED: Final = "urn:asip:ci-sis:2010:StatusType:Archived"
"""The status that the record has and XDS has not (JDV_J52)."""
CONTENT: Final = Coded(system="2.16.840.1.113883.6.1", code="11503-0", label="Copie du dossier médical")
"""LOINC: medical records."""


@dataclass(frozen=True, slots=True)
class Filed:
    """A document in its place on the disc."""

    document: Document
    name: str
    """Of its file, beside METADATA.XML."""
    sha1: str
    """In hexadecimal; IHE asks for this one (TF-3, 4.2.3.2.10)."""


def write(copy: Copy, filed: Sequence[Filed], target: IO[bytes]) -> None:
    """Write the submission set, its document entries and what joins them, one after the other."""
    # One entry in memory at a time: a tree of 500 would take as much as their documents.
    with etree.xmlfile(target, encoding="UTF-8") as xml:
        xml.write_declaration()
        request = xml.element(f"{{{LCM}}}SubmitObjectsRequest", nsmap={"lcm": LCM, "rim": RIM})
        with request, xml.element(f"{{{RIM}}}RegistryObjectList"):
            for element in _objects(copy, filed):
                xml.write(element, pretty_print=True)


def _objects(copy: Copy, filed: Sequence[Filed]) -> Iterator[etree._Element]:
    for one in filed:
        yield _entry(copy, one)
    yield _submission_set(copy)
    yield _element(
        "Classification",
        classifiedObject="submission-set",
        classificationNode=_SUBMISSION_SET,
        id=_urn(uuid5(copy.id, "submission set")),
        objectType=f"{_TYPES}:ObjectType:RegistryObject:Classification",
    )
    for one in filed:
        yield _member(copy, one.document)


def _entry(copy: Copy, filed: Filed) -> etree._Element:
    """A document entry (TF-3, 4.2.3.2)."""
    document = filed.document
    id_, patient = _urn(document.entry_uuid), copy.holder.ins
    entry = _element(
        "ExtrinsicObject",
        id=id_,
        mimeType="text/xml",
        objectType=_STABLE,
        status=ARCHIVED if document.archived else f"{_TYPES}:StatusType:Approved",
    )
    entry.extend([
        _slot("creationTime", time(document.created_at or document.deposited_at)),
        _slot("hash", filed.sha1),
        _slot("languageCode", document.language),
        _slot("size", str(document.size)),
        _slot("sourcePatientId", cx(patient)),
        _slot("URI", filed.name),
        _text("Name", document.title),
    ])  # fmt: skip
    entry.append(_author(id_, document.author))
    coded = [(_CLASS, document.kind or document.type), *((_CONFIDENTIALITY, code) for code in document.confidentiality)]
    for number, (scheme, code) in enumerate([*coded, (_FORMAT, FORMAT), (_TYPE, document.type)]):
        entry.append(_classification(id_, scheme, code, uuid5(document.entry_uuid, f"code {number}")))
    entry.append(_identified(id_, _ENTRY_PATIENT, cx(patient), "XDSDocumentEntry.patientId"))
    entry.append(_identified(id_, _ENTRY_UNIQUE, document.unique_id, "XDSDocumentEntry.uniqueId"))
    return entry


def _submission_set(copy: Copy) -> etree._Element:
    """The copy as a whole (TF-3, 4.2.3.3)."""
    id_ = "submission-set"
    package = _element(
        "RegistryPackage", id=id_, objectType=f"{_TYPES}:ObjectType:RegistryObject:RegistryPackage",
        status=f"{_TYPES}:StatusType:Approved",
    )  # fmt: skip
    package.append(_slot("submissionTime", time(copy.made_at)))
    package.append(_text("Name", "Copie du dossier médical partagé"))
    package.append(_classification(id_, _SET_CONTENT, CONTENT, uuid5(copy.id, "content type")))
    # An OID made of a UUID (ITU-T X.667, 8): unique, and the same for the same copy.
    package.append(_identified(id_, _SET_UNIQUE, f"2.25.{copy.id.int}", "XDSSubmissionSet.uniqueId"))
    package.append(_identified(id_, _SET_SOURCE, copy.source, "XDSSubmissionSet.sourceId"))
    package.append(_identified(id_, _SET_PATIENT, cx(copy.holder.ins), "XDSSubmissionSet.patientId"))
    return package


def _member(copy: Copy, document: Document) -> etree._Element:
    association = _element(
        "Association",
        associationType=f"{_TYPES}:AssociationType:HasMember",
        id=_urn(uuid5(copy.id, str(document.entry_uuid))),
        objectType=f"{_TYPES}:ObjectType:RegistryObject:Association",
        sourceObject="submission-set",
        targetObject=_urn(document.entry_uuid),
    )
    association.append(_slot("SubmissionSetStatus", "Original"))
    return association


def _author(entry: str, author: Author) -> etree._Element:
    """The author: a person as XCN, where he works as XON (TF-3, table 4.2.3.1.7-2)."""
    found = _element(
        "Classification",
        classificationScheme=_AUTHOR,
        classifiedObject=entry,
        id=_urn(uuid5(UUID(entry.removeprefix("urn:uuid:")), "author")),
        nodeRepresentation="",
        objectType=f"{_TYPES}:ObjectType:RegistryObject:Classification",
    )
    name = escaped(author.name or "")
    found.append(_slot("authorPerson", f"{escaped(author.id.value)}^{name}^^^^^^^&{author.id.system}&ISO"))
    if author.institution is not None:
        place = author.institution
        shown = escaped(place.name or place.id.value)
        found.append(_slot("authorInstitution", f"{shown}^^^^^&{place.id.system}&ISO^^^^{escaped(place.id.value)}"))
    return found


def _classification(entry: str, scheme: str, code: Coded, id_: UUID) -> etree._Element:
    found = _element(
        "Classification",
        classificationScheme=scheme,
        classifiedObject=entry,
        id=_urn(id_),
        nodeRepresentation=code.code,
        objectType=f"{_TYPES}:ObjectType:RegistryObject:Classification",
    )
    found.append(_slot("codingScheme", code.system))
    found.append(_text("Name", code.label))
    return found


def _identified(entry: str, scheme: str, value: str, name: str) -> etree._Element:
    found = _element(
        "ExternalIdentifier",
        id=f"{entry}.{name}" if entry == "submission-set" else _urn(uuid5(UUID(entry.removeprefix("urn:uuid:")), name)),
        identificationScheme=scheme,
        objectType=f"{_TYPES}:ObjectType:RegistryObject:ExternalIdentifier",
        registryObject=entry,
        value=value,
    )
    found.append(_text("Name", name))
    return found


def _slot(name: str, *values: str) -> etree._Element:
    slot = _element("Slot", name=name)
    listed = etree.SubElement(slot, f"{{{RIM}}}ValueList")
    for value in values:
        etree.SubElement(listed, f"{{{RIM}}}Value").text = value
    return slot


def _text(name: str, value: str) -> etree._Element:
    found = _element(name)
    etree.SubElement(found, f"{{{RIM}}}LocalizedString", {"value": value})
    return found


def _element(name: str, /, **attributes: str) -> etree._Element:
    return etree.Element(f"{{{RIM}}}{name}", attributes, nsmap={"rim": RIM})


def cx(identifier: Identifier) -> str:
    """An identifier as HL7 v2 CX, by the OID of its domain."""
    return f"{escaped(identifier.value)}^^^&{identifier.system}&ISO"


def escaped(text: str) -> str:
    r"""A text in a component of HL7 v2: its five separators escaped (v2.5, 2.7.1)."""
    written = text.replace("\\", "\\E\\")
    for mark, escape in (("|", "\\F\\"), ("^", "\\S\\"), ("&", "\\T\\"), ("~", "\\R\\")):
        written = written.replace(mark, escape)
    return " ".join(written.split())


def time(moment: datetime) -> str:
    """A moment as DTM, in UTC as IHE asks."""
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S")


def _urn(uuid: UUID) -> str:
    return f"urn:uuid:{uuid}"
