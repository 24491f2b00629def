"""The documents of the story, and the requests about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

from dmp.access.v1.access_pb2 import Attestations
from dmp.documents.v1 import documents_pb2 as documents
from services.demo.cast import HOLDER
from services.demo.expected import OK, says
from services.demo.french_cda import french_cda
from services.demo.telling import Telling

ROOT: Final = "2.16.840.1.113883.19.5.1"
"""The root of HL7's examples."""
SENSITIVE: Final = (documents.LABEL_INVISIBLE_PATIENT,)


@dataclass(frozen=True, slots=True)
class Paper:
    """A document that somebody of the cast writes and deposits."""

    key: str
    title: str
    type_code: str
    author: str
    labels: tuple[documents.Label.ValueType, ...] = ()


STAY: Final = Paper("stay", "Séjour à l'hôpital", "34112-3", "author")
LABORATORY: Final = Paper("laboratory", "Analyses de sang", "11502-2", "author")
REMOTE: Final = Paper("remote", "Télémédecine", "75496-0", "treating")
CYTOLOGY: Final = Paper("cytology", "Biopsie", "60568-3", "author", SENSITIVE)
TITLES: Final = {paper.key: paper.title for paper in (STAY, LABORATORY, REMOTE, CYTOLOGY)}
"""By key."""


def deposit(telling: Telling, paper: Paper, does: str) -> bytes:
    """Let its author deposit a document to which the patient does not object; what was sent comes back."""
    request = depositing(telling, paper, Attestations(non_opposition=True))
    reply = telling.step(f"Deposit: {paper.key}", paper.author, does, request, OK)
    if isinstance(reply.response, documents.DepositDocumentResponse):
        telling.documents[paper.key] = reply.response.document_id
    return request.content


def depositing(telling: Telling, paper: Paper, attestations: Attestations) -> documents.DepositDocumentRequest:
    """The request to deposit a document."""
    labels = [documents.LABEL_NORMAL, *paper.labels]
    return documents.DepositDocumentRequest(content=_written(telling, paper), labels=labels, attestations=attestations)


def listing(telling: Telling, title: str, who: str, why: str, *shown: Paper) -> None:
    """Let somebody list the documents, of which these are shown, given in the order of their deposit."""
    newest_first = (paper.title for paper in reversed(shown))
    telling.step(
        title, who, f"liste le dossier : {why}", documents.ListDocumentsRequest(), says(_titles, *newest_first)
    )


def reading(telling: Telling, paper: Paper) -> documents.GetDocumentRequest:
    """The request to read one document."""
    return documents.GetDocumentRequest(document_id=telling.document(paper.key))


def _titles(response: documents.ListDocumentsResponse) -> list[str]:
    return [document.title for document in response.documents]


def _written(telling: Telling, paper: Paper) -> bytes:
    author = telling.players[paper.author]
    given, _, family = author.name.removeprefix("Dr ").partition(" ")
    return french_cda(
        unique_id=f"{ROOT}^{uuid4().hex}",
        type_code=paper.type_code,
        title=paper.title,
        effective_time=datetime.now(UTC) - timedelta(hours=1),
        patient=telling.players[HOLDER].id,
        author=author.id,
        author_name=(family.upper(), given),
        structure=author.structure,
        custodian=author.structure,
    )
