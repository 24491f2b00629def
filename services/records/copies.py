"""Makes the copy of a record that somebody asked for (PAT-13)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from dmp.records.v1 import jobs_pb2, records_pb2
from services.copies.errors import CannotCopyError, Reason
from services.copies.model import (
    DISC,
    MOST_DOCUMENTS,
    Author,
    Coded,
    Content,
    Copy,
    Document,
    Holder,
    Identifier,
    Institution,
    Progress,
)
from services.runtime import downloads
from services.runtime.access import Download
from services.runtime.call import Call
from services.runtime.errors import Kind, ServiceError
from services.runtime.identifiers import SUITE, parts
from services.store import document
from services.store.unit_of_work import Reading

SOURCE: Final = f"2.25.{uuid5(NAMESPACE_URL, SUITE).int}"
"""Who makes the copies, as an OID (ITU-T X.667)."""
TYPES: Final = "document_types"
LABELS: Final = "1.2.250.1.213.1.1.4.13"
"""TRE_A07, of the labels (catalogue 3.1)."""
UNKNOWN: Final = "2.16.840.1.113883.5.1008"
"""HL7's NullFlavor, for a code that the table has lost: the document is copied all the same."""
CONFIDENTIALITY: Final = "2.16.840.1.113883.5.25"
"""HL7's own, of N, R and V."""
_HL7: Final = frozenset({"N", "R", "V"})


def export_copy(call: Call, request: records_pb2.ExportCopyRequest) -> Download:
    """Note every document that the rules let into the copy; it is made once that is committed."""
    downloads.check_room()
    statuses = call.rules.vocabulary.attributes["document.status"].values
    found = call.stores.documents.copied(call.record, call.predicate, statuses, limit=MOST_DOCUMENTS)
    if request.medium == records_pb2.COPY_MEDIUM_DISC and sum(one.size for one in found) > DISC:
        # Here, where nobody has begun on the ticket yet.
        raise ServiceError(Kind.CONFLICT, Reason.TOO_LARGE)
    heading = records_pb2.CopyHeading(medium=request.medium, documents=len(found))
    return Download(
        response=records_pb2.ExportCopyResponse(heading=heading),
        make=_Making(_copies(call, found), paper=request.medium == records_pb2.COPY_MEDIUM_PAPER),
        progress=_progress,
        file=_file,
        chunk=_chunk,
        finish=jobs_pb2.FinishCopyRequest(record=request.record, ticket_id=request.ticket_id),
        end=records_pb2.ExportCopyResponse(end=records_pb2.CopyEnd()),
    )


def finish_copy(call: Call, request: jobs_pb2.FinishCopyRequest) -> jobs_pb2.FinishCopyResponse:
    """It came to its end, and uses up its ticket."""
    call.stores.tickets.finish(call.record, request.ticket_id, call.now)
    return jobs_pb2.FinishCopyResponse()


class _Making:
    """What is left to do once the call is committed."""

    def __init__(self, copied: Copied, *, paper: bool) -> None:
        self._copied = copied
        self._paper = paper

    def __call__(self, reading: Reading, file: BinaryIO, progress: Progress) -> None:
        try:
            self._writer()(self._copied(reading), file, progress)
        except CannotCopyError as error:
            kind = Kind.CHANGED if error.reason is Reason.CHANGED else Kind.CONFLICT
            raise ServiceError(kind, error.reason) from None

    def _writer(self) -> Callable[[Copy, BinaryIO, Progress], None]:
        # Loaded with the first copy: their libraries take 15 MB, and half a second of the start.
        if self._paper:
            from services.copies.paper import write_paper  # noqa: PLC0415

            return write_paper
        from services.copies.disc import write_disc  # noqa: PLC0415

        return write_disc


Copied = Callable[[Reading], Copy]


def _copies(call: Call, found: tuple[document.Document, ...]) -> Copied:
    """The copy, for whoever reads its documents; nothing of the call is used after it."""
    announced = [(one, _document(call, one)) for one in found]
    system, value = parts(call.record)
    holder = Holder(
        ins=Identifier(system=system, value=value), birth_date=call.verdict.request["record"]["holder_birth_date"]
    )
    id_, at = UUID(call.arrival.decision_id), call.now

    def contents(reading: Reading) -> Iterator[Content]:
        for stored, told in announced:
            yield Content(document=told, content=reading.content(stored))

    return lambda reading: Copy(
        id=id_,
        source=SOURCE,
        holder=holder,
        made_at=at,
        count=len(announced),
        size=sum(one.size for one in found),
        documents=contents(reading),
    )


def _document(call: Call, stored: document.Document) -> Document:
    stated = stored.deposit
    return Document(
        entry_uuid=UUID(stored.entry_uuid),
        unique_id=stated.unique_id,
        title=stated.title,
        type=_coded(call, stated.type, stated.type, "codeSystem_oid", "label_fr"),
        kind=None
        if stated.class_code is None
        else _coded(call, stated.type, stated.class_code, "class_oid", "class_label"),
        confidentiality=tuple(_label(call, label) for label in sorted(stated.labels)),
        archived=stored.status == "Archived",
        author=_author(stated),
        created_at=stated.created_at,
        deposited_at=stored.deposited_at,
        size=stored.size,
        sha256=stored.sha256,
    )


def _coded(call: Call, row: str, code: str, system: str, label: str) -> Coded:
    """A code with what the rules' table of types says of it."""
    cell = call.rules.cell
    return Coded(system=cell(TYPES, row, system) or UNKNOWN, code=code, label=cell(TYPES, row, label) or code)


def _label(call: Call, label: str) -> Coded:
    words = call.rules.vocabulary.wording["document.labels"].values
    return Coded(
        system=CONFIDENTIALITY if label in _HL7 else LABELS,
        code=label,
        label=words[label].fr if label in words else label,
    )


def _author(stated: document.Deposit) -> Author:
    place = stated.author_structure
    return Author(
        id=_identifier(stated.author),
        name=stated.author_name,
        institution=None if place is None else Institution(id=_identifier(place)),
    )


def _identifier(text: str) -> Identifier:
    system, value = parts(text)
    return Identifier(system=system, value=value)


def _progress(done: int) -> records_pb2.ExportCopyResponse:
    return records_pb2.ExportCopyResponse(progress=records_pb2.CopyProgress(documents=done))


def _file(size: int, sha256: str) -> records_pb2.ExportCopyResponse:
    return records_pb2.ExportCopyResponse(file=records_pb2.CopyFile(size=size, sha256=sha256))


def _chunk(data: bytes) -> records_pb2.ExportCopyResponse:
    return records_pb2.ExportCopyResponse(chunk=data)
