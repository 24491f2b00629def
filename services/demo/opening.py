"""The record is opened with consent, professionals are authorised, documents are deposited."""

from __future__ import annotations

from dmp.access.v1.access_pb2 import Attestations
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import records_pb2 as records
from services.demo import papers, words
from services.demo.cast import BIRTH
from services.demo.expected import NOT_FOUND, OK, Expected, refused, says
from services.demo.papers import CYTOLOGY, LABORATORY, REMOTE, STAY
from services.demo.telling import Telling


def opening(telling: Telling) -> None:
    """No record without information and consent (CNS-01)."""
    telling.scene("The record is opened", "Le dossier s'ouvre avec le consentement d'Alice, informée")
    telling.step(
        "There is no record yet", "treating", "demande l'état du dossier : il n'y en a pas",
        records.GetRecordStatusRequest(), NOT_FOUND,
    )  # fmt: skip
    telling.step(
        "No opening without consent", "treating", "veut ouvrir le dossier d'Alice sans son consentement",
        _creation(Attestations(informed=True)), refused("CNS-01"),
    )  # fmt: skip
    telling.step(
        "Opening with informed consent", "treating", "informe Alice, recueille son consentement et ouvre le dossier",
        _creation(Attestations(informed=True, consent=True)), OK,
    )  # fmt: skip
    telling.step(
        "Support sees the state alone", "support", "vérifie pour Alice que le dossier est ouvert, et ne voit que cela",
        records.GetRecordStatusRequest(), says(words.state, words.OPEN),
    )  # fmt: skip


def rights(telling: Telling) -> None:
    """Who may consult is Alice's choice (AUT-03, AUT-09)."""
    telling.scene("Professionals are authorised", "Alice choisit qui accède à son dossier")
    telling.step(
        "No access before authorisation", "author", "demande la liste des documents, sans autorisation",
        documents.ListDocumentsRequest(), refused("AUT-02.refused"),
    )  # fmt: skip
    telling.step(
        "The treating physician", "treating", "devient médecin traitant d'Alice, qui y consent",
        records.SetTreatingPhysicianRequest(attestations=Attestations(consent=True)), OK,
    )  # fmt: skip
    for who, whom in (("author", "le Dr Auteur"), ("nurse", "l'infirmière"), ("blocked", "le Dr Bloqué")):
        _grant(telling, "alice", who, f"autorise {whom}", Attestations(), OK)
    _grant(telling, "author", "colleague", "veut autoriser sa collègue sans demander à Alice",
           Attestations(), refused("AUT-03.consent"))  # fmt: skip
    _grant(telling, "author", "colleague", "autorise sa collègue, Alice y consent", Attestations(consent=True), OK)


def deposits(telling: Telling) -> None:
    """Documents arrive, each with its author's statement of who may see it (CNS-05, VIS-14)."""
    telling.scene("Documents are deposited", "Les documents arrivent dans le dossier")
    telling.step(
        "No deposit that the patient opposes", "author", "veut déposer un document auquel Alice s'oppose",
        papers.depositing(telling, STAY, Attestations()), refused("CNS-05"),
    )  # fmt: skip
    papers.deposit(telling, STAY, "dépose le compte rendu du séjour à l'hôpital")
    content = papers.deposit(telling, LABORATORY, "dépose les analyses de sang")
    papers.deposit(telling, REMOTE, "dépose une demande de télémédecine")
    papers.deposit(telling, CYTOLOGY, "dépose une biopsie : document sensible, invisible d'Alice avant un entretien")
    telling.step(
        "Byte for byte", "colleague", "lit les analyses de sang tels que déposés",
        papers.reading(telling, LABORATORY),
        says(lambda response: ["octet pour octet"] if response.content == content else [], "octet pour octet"),
    )  # fmt: skip


def lists(telling: Telling) -> None:
    """Everybody sees the same record, and each his own list (ENV-05)."""
    telling.scene("Everybody's list", "Chacun voit sa liste")
    everything = (STAY, LABORATORY, REMOTE, CYTOLOGY)
    for who, why in (("treating", "voit tout"), ("author", "voit tout"), ("colleague", "voit tout")):
        _list(telling, who, why, *everything)
    _list(telling, "nurse", "voit ce que la matrice ouvre à sa profession", STAY, LABORATORY, CYTOLOGY)
    _list(telling, "alice", "ne voit pas encore le document sensible", STAY, LABORATORY, REMOTE)
    telling.step(
        "The matrix hides by profession", "nurse", "demande le document fermé à sa profession",
        papers.reading(telling, REMOTE), NOT_FOUND,
    )  # fmt: skip


def _creation(attestations: Attestations) -> records.CreateRecordRequest:
    return records.CreateRecordRequest(attestations=attestations, holder_birth_date=BIRTH)


def _grant(telling: Telling, who: str, whom: str, does: str, attestations: Attestations, expected: Expected) -> None:
    request = records.GrantAccessRequest(attestations=attestations, professional=telling.players[whom].identifier)
    telling.step(f"Authorising: {whom}", who, does, request, expected)


def _list(telling: Telling, who: str, why: str, *shown: papers.Paper) -> None:
    papers.listing(telling, f"The list of: {who}", who, why, *shown)
