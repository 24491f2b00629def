"""The record is opened with consent, professionals are authorised, documents are deposited."""

from __future__ import annotations

from typing import Final

from dmp.access.v1.access_pb2 import Attestations
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import records_pb2 as records
from services.demo import papers, words
from services.demo.cast import BIRTH
from services.demo.expected import NOT_FOUND, OK, refused, says
from services.demo.papers import CYTOLOGY, LABORATORY, REMOTE, STAY
from services.demo.telling import Telling

BYTES: Final = "octet pour octet"


def opening(telling: Telling) -> None:
    """No record without information and consent (CNS-01)."""
    telling.scene("The record is opened", "Le dossier s'ouvre avec le consentement d'Alice, informée")
    step, who, state = telling.step, "treating", records.GetRecordStatusRequest()
    step("There is no record yet", who, "demande l'état du dossier : il n'y en a pas", state, NOT_FOUND)
    informed, agreed = Attestations(informed=True), Attestations(informed=True, consent=True)
    without = "veut ouvrir le dossier d'Alice sans son consentement"
    step("No opening without consent", who, without, _creation(informed), refused("CNS-01"))
    consented = "informe Alice, recueille son consentement et ouvre le dossier"
    step("Opening with informed consent", who, consented, _creation(agreed), OK)
    support = "vérifie pour Alice que le dossier est ouvert, et ne voit que cela"
    step("Support sees the state alone", "support", support, state, says(words.state, words.OPEN))


def rights(telling: Telling) -> None:
    """Who may consult is Alice's choice (AUT-03, AUT-09)."""
    telling.scene("Professionals are authorised", "Alice choisit qui accède à son dossier")
    step, nothing, consent = telling.step, Attestations(), Attestations(consent=True)
    too_soon = "liste le dossier, sans autorisation"
    step("No access yet", "author", too_soon, documents.ListDocumentsRequest(), refused("AUT-02.refused"))
    role = records.SetTreatingPhysicianRequest(attestations=consent)
    step("The treating physician", "treating", "devient médecin traitant d'Alice, qui y consent", role, OK)
    for who, whom in (("author", "le Dr Auteur"), ("nurse", "l'infirmière"), ("blocked", "le Dr Bloqué")):
        step(f"Alice authorises: {who}", "alice", f"autorise {whom}", _grant(telling, who, nothing), OK)
    alone, asked = "veut autoriser sa collègue sans demander à Alice", "autorise sa collègue, Alice y consent"
    request = _grant(telling, "colleague", nothing)
    step("No authorisation without consent", "author", alone, request, refused("AUT-03.consent"))
    step("A colleague authorised with consent", "author", asked, _grant(telling, "colleague", consent), OK)


def deposits(telling: Telling) -> None:
    """Documents arrive, each with its author's statement of who may see it (CNS-05, VIS-14)."""
    telling.scene("Documents are deposited", "Les documents arrivent dans le dossier")
    opposed = papers.depositing(telling, STAY, Attestations())
    does = "veut déposer un document auquel Alice s'oppose"
    telling.step("No deposit that the patient opposes", "author", does, opposed, refused("CNS-05"))
    papers.deposit(telling, STAY, "dépose le compte rendu du séjour à l'hôpital")
    content = papers.deposit(telling, LABORATORY, "dépose les analyses de sang")
    papers.deposit(telling, REMOTE, "dépose une demande de télémédecine")
    papers.deposit(telling, CYTOLOGY, "dépose une biopsie : document sensible, invisible d'Alice avant un entretien")
    expected = says(lambda response: [BYTES] if response.content == content else [], BYTES)
    reading = papers.reading(telling, LABORATORY)
    telling.step("Byte for byte", "colleague", "lit les analyses de sang telles que déposées", reading, expected)


def lists(telling: Telling) -> None:
    """Everybody sees the same record, and each his own list (ENV-05)."""
    telling.scene("Everybody's list", "Chacun voit sa liste")
    for who in ("treating", "author", "colleague"):
        _list(telling, who, "voit tout", STAY, LABORATORY, REMOTE, CYTOLOGY)
    _list(telling, "nurse", "voit ce que la matrice ouvre à sa profession", STAY, LABORATORY, CYTOLOGY)
    _list(telling, "alice", "ne voit pas encore le document sensible", STAY, LABORATORY, REMOTE)
    closed = papers.reading(telling, REMOTE)
    telling.step("The matrix hides", "nurse", "demande le document fermé à sa profession", closed, NOT_FOUND)


def _creation(attestations: Attestations) -> records.CreateRecordRequest:
    return records.CreateRecordRequest(attestations=attestations, holder_birth_date=BIRTH)


def _grant(telling: Telling, whom: str, attestations: Attestations) -> records.GrantAccessRequest:
    return records.GrantAccessRequest(attestations=attestations, professional=telling.players[whom].identifier)


def _list(telling: Telling, who: str, why: str, *shown: papers.Paper) -> None:
    papers.listing(telling, f"The list of: {who}", who, why, *shown)
