"""Alice masks a document, and a sensitive one waits for its interview."""

from __future__ import annotations

from typing import Final

from dmp.access.v1.access_pb2 import Attestations
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import records_pb2 as records
from dmp.trace.v1 import trace_pb2 as trace
from services.client.calls import Reply
from services.demo import papers, words
from services.demo.expected import NOT_FOUND, OK, Expected, refused, says
from services.demo.papers import CYTOLOGY, LABORATORY, REMOTE, STAY, Paper
from services.demo.telling import NEVER_DEPOSITED, Telling

NO_INTERVIEW: Final = "VIS-08.interview"
WARNED: Final = says(words.duties, words.DUTIES["ALERT_INVISIBLE_PATIENT"])


def masking(telling: Telling) -> None:
    """Masked, it stays visible to the patient, its author and the treating physician (VIS-02, VIS-03)."""
    telling.scene("Alice masks a document", "Alice masque le compte rendu de son séjour à l'hôpital")
    masked = documents.MaskDocumentRequest(document_id=telling.document(STAY.key))
    telling.step("Masking", "alice", "masque le compte rendu de son séjour à l'hôpital", masked, OK)
    papers.listing(telling, "The colleague's list", "colleague", "il a disparu", LABORATORY, REMOTE, CYTOLOGY)
    _indistinguishable(telling)
    unmasking = documents.UnmaskDocumentRequest(
        document_id=telling.document(STAY.key), attestations=Attestations(patient_request=True)
    )
    telling.step("Who does not see it cannot unmask it", "colleague", "veut le démasquer", unmasking, NOT_FOUND)
    _read(telling, "author", "le lit : il en est l'auteur", STAY, says(words.title, STAY.title))
    _read(telling, "treating", "le lit : elle est médecin traitant", STAY, says(words.title, STAY.title))
    _read(telling, "alice", "le lit : c'est le sien", STAY, says(words.title, STAY.title))
    papers.listing(telling, "The nurse's list", "nurse", "il a disparu aussi", LABORATORY, CYTOLOGY)


def interview(telling: Telling) -> None:
    """Sensitive information waits for an interview with a professional (VIS-06 to VIS-08)."""
    telling.scene("The sensitive document", "Le document sensible attend l'entretien")
    _read(telling, "alice", "demande le document sensible par son numéro", CYTOLOGY, NOT_FOUND)
    told = (STAY.title, LABORATORY.title, REMOTE.title)
    traces, does = trace.ListTracesRequest(page_size=500), "lit dans ses traces les dépôts qu'elle peut connaître"
    expected = says(lambda response: _deposits(telling, response), *told)
    telling.step("The traces do not betray it", "alice", does, traces, expected)
    _read(telling, "treating", "lit le document sensible, avec une alerte", CYTOLOGY, WARNED)
    step, who, too_soon, held = telling.step, CYTOLOGY.author, _revealing(telling), _revealing(telling, interview=True)
    step("No revealing without an interview", who, "veut le révéler sans entretien", too_soon, refused(NO_INTERVIEW))
    step("Revealing after the interview", who, "s'entretient avec Alice et le lui révèle", held, OK)
    papers.listing(telling, "Alice's list", "alice", "il est là", STAY, LABORATORY, REMOTE, CYTOLOGY)
    news = says(words.notified, f"{telling.players['author'].name}, {words.MODES['normal']}")
    telling.step("Alice was told", "alice", "en est avertie", records.ListNotificationsRequest(), news)


def _indistinguishable(telling: Telling) -> None:
    """To the colleague the masked document and one that never was are the same (ENV-03, VIS-18)."""
    hidden = _read(telling, "colleague", "demande le document masqué par son numéro", STAY, NOT_FOUND)
    never = documents.GetDocumentRequest(document_id=NEVER_DEPOSITED)
    does = "demande un document qui n'a jamais existé"
    missing = telling.step("A document that never was", "colleague", does, never, NOT_FOUND)
    telling.same("Nobody can tell them apart", "ne se distinguent en rien", hidden, missing)


def _read(telling: Telling, who: str, does: str, paper: Paper, expected: Expected) -> Reply:
    return telling.step(f"Reading {paper.key}: {who}", who, does, papers.reading(telling, paper), expected)


def _revealing(telling: Telling, *, interview: bool = False) -> documents.RevealToPatientRequest:
    attestations = Attestations(interview=interview)
    return documents.RevealToPatientRequest(document_id=telling.document(CYTOLOGY.key), attestations=attestations)


def _deposits(telling: Telling, response: trace.ListTracesResponse) -> list[str]:
    """The documents whose deposit the reader is told of, the oldest first."""
    known = {identifier: papers.TITLES[key] for key, identifier in telling.documents.items()}
    lines = [line for line in response.lines if line.kind == trace.LINE_KIND_DOCUMENT and line.action == "doc.create"]
    return [known.get(line.document_id, line.document_id) for line in reversed(lines)]
