"""What a suite holds and is asked while it is measured, all of it brought in by calls as any client makes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from dmp.access.v1 import access_pb2
from dmp.authorization.v1 import authorization_pb2
from dmp.documents.v1 import documents_pb2
from dmp.records.v1 import records_pb2
from services.demo.french_cda import INS_NIR_TEST, french_cda, ins
from services.runtime import local_issuer
from services.runtime.identifiers import parts
from tests.faults.process import PEOPLE, Process
from tests.services.world import As

RECORDS: Final = 8
"""Records that reads and changes are spread over, one a connection."""
BATCH: Final = 500
"""Documents of the first record."""
DOCUMENTS: Final = BATCH + RECORDS - 1
READER: Final = "treating"
WRITER: Final = "author"
READ: Final = "doc.read"

Step = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Stock:
    """The first record's documents, and one of each record."""

    token: str
    """Of somebody who may read them all."""
    records: Sequence[access_pb2.Identifier]
    documents: Sequence[str]
    """Of the first record."""
    firsts: Sequence[str]
    """The first of each record."""

    def check(self) -> bytes:
        """Whether the reader may read one document."""
        return authorization_pb2.CheckRequest(question=self._question(self.documents[0])).SerializeToString()

    def batch(self) -> bytes:
        """Whether he may read each of them."""
        items = [
            authorization_pb2.BatchItem(key=str(place), question=self._question(document))
            for place, document in enumerate(self.documents)
        ]
        return authorization_pb2.CheckBatchRequest(items=items).SerializeToString()

    def reads(self) -> list[bytes]:
        """The reading of a document, of each record."""
        return [
            documents_pb2.GetDocumentRequest(record=record, document_id=document).SerializeToString()
            for record, document in zip(self.records, self.firsts, strict=True)
        ]

    def changes(self) -> list[bytes]:
        """The patient's renewed consent to the reader, on each record: a change that may be made again and again."""
        return [_grant(record).SerializeToString() for record in self.records]

    def _question(self, document: str) -> authorization_pb2.Question:
        return authorization_pb2.Question(record=self.records[0], action=READ, document_id=document)


def bring(process: Process, step: Step, many: int = BATCH) -> Stock:
    """Open the records and deposit so many documents in the first, one in the others; calls `step` after each."""
    people = local_issuer.people(PEOPLE)
    tokens = {name: local_issuer.issue_token(process.settings, people[name]) for name in (READER, WRITER)}
    records = [access_pb2.Identifier(system=INS_NIR_TEST, value=ins(f"28403759{n:05}")) for n in range(RECORDS)]
    with ExitStack() as stack:
        channels = {name: stack.enter_context(process.channel(name)) for name in process.settings.ports}
        reader, writer = (As(channels, tokens[name]) for name in (READER, WRITER))
        for record in records:
            _open(record, reader, writer)
        bringing = [records[0]] * many + records[1:]
        documents = [_deposit(record, place, writer, step) for place, record in enumerate(bringing)]
    return Stock(tokens[READER], records, documents[:many], [documents[0], *documents[many:]])


def _open(record: access_pb2.Identifier, reader: As, writer: As) -> None:
    consent = access_pb2.Attestations(consent=True, informed=True)
    birth = access_pb2.Date(year=1984, month=3, day=1)
    writer.CreateRecord(records_pb2.CreateRecordRequest(record=record, holder_birth_date=birth, attestations=consent))
    reader.GrantAccess(_grant(record))


def _grant(record: access_pb2.Identifier) -> records_pb2.GrantAccessRequest:
    return records_pb2.GrantAccessRequest(record=record, attestations=access_pb2.Attestations(consent=True))


def _deposit(record: access_pb2.Identifier, place: int, writer: As, step: Step) -> str:
    author = local_issuer.people(PEOPLE)[WRITER]
    content = french_cda(
        unique_id=f"2.16.840.1.113883.19.5.1^{place}",
        patient=(record.system, record.value),
        author=parts(author["sub"]),
        structure=parts(author["structure"]),
    )
    request = documents_pb2.DepositDocumentRequest(
        record=record,
        content=content,
        labels=[documents_pb2.LABEL_NORMAL],
        attestations=access_pb2.Attestations(non_opposition=True),
    )
    document = str(writer.DepositDocument(request).document_id)
    step()
    return document
