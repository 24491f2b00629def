"""Breaking the glass, centre 15, the opposition and the block."""

from __future__ import annotations

from typing import Final

from dmp.access.v1.access_pb2 import Attestations
from dmp.authorization.v1 import authorization_pb2
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import records_pb2 as records
from services.demo import papers, words
from services.demo.expected import NOT_FOUND, OK, Expected, conflict, refused, says
from services.demo.papers import CYTOLOGY, LABORATORY, REMOTE, STAY
from services.demo.telling import Telling

REASON: Final = "Inconsciente après une chute"
CALL: Final = "APPEL-15-DEMO"
GLASS: Final = records.EMERGENCY_MODE_BRIS_DE_GLACE
CENTRE_15: Final = records.EMERGENCY_MODE_CENTRE_15
OPENED: Final = says(words.started, words.DUTIES["DISPLAY_EMERGENCY"], words.AT_MOST)
SHOWN: Final = says(words.duties, words.DUTIES["DISPLAY_EMERGENCY"])


def glass(telling: Telling) -> None:
    """An emergency opens the record, and not what is masked (MOD-03, MOD-04, MOD-08, NTF-01)."""
    telling.scene("Breaking the glass", "Aux urgences, un médecin sans droit brise la glace")
    _list(telling, "emergency", "liste le dossier, sans autorisation", refused("AUT-02.refused"))
    why = authorization_pb2.ExplainRequest(question=authorization_pb2.Question(action="doc.list"))
    telling.step("Why", "emergency", "demande pourquoi", why, says(words.reasons, "AUT-02.refused"))
    _start(telling, "emergency", "veut briser la glace sans dire pourquoi", GLASS, _in_danger(""), refused("MOD-04"))
    _start(telling, "emergency", f"brise la glace : « {REASON} »", GLASS, _in_danger(REASON), OPENED)
    papers.listing(
        telling, "The list in an emergency", "emergency", "le masqué n'y est pas", LABORATORY, REMOTE, CYTOLOGY
    )
    telling.step("Reading in an emergency", "emergency", "lit les analyses de sang",
                 papers.reading(telling, LABORATORY), SHOWN)  # fmt: skip
    telling.step("Masked in an emergency", "emergency", "demande le document masqué par son numéro",
                 papers.reading(telling, STAY), NOT_FOUND)  # fmt: skip
    told = [f"{telling.players[who].name}, {words.MODES[mode]}" for who, mode in
            (("emergency", "bris_de_glace"), ("author", "normal"))]  # fmt: skip
    telling.step("Alice is notified", "alice", "est avertie, une fois pour tout l'accès d'urgence",
                 records.ListNotificationsRequest(), says(words.notified, *told))  # fmt: skip
    telling.step("The end", "emergency", "met fin à son accès d'urgence", records.EndEmergencyAccessRequest(), OK)
    _list(telling, "emergency", "liste le dossier, l'accès fini", refused("AUT-02.refused"))
    _start(telling, "colleague", "autorisée, veut briser la glace : l'accès normal lui est ouvert", GLASS,
           _in_danger(REASON), conflict("MOD-18"))  # fmt: skip


def block(telling: Telling) -> None:
    """A block holds in every mode (AUT-06, AUT-07, MOD-15)."""
    telling.scene("A block", "Alice bloque un médecin")
    papers.listing(telling, "Before the block", "blocked", "autorisé jusqu'ici", LABORATORY, REMOTE, CYTOLOGY)
    blocking = records.BlockProfessionalRequest(professional=telling.players["blocked"].identifier)
    telling.step("Blocking", "alice", "bloque le Dr Bloqué", blocking, OK)
    _list(telling, "blocked", "liste le dossier, en accès normal", refused("AUT-06"))
    granting = records.GrantAccessRequest(attestations=Attestations(consent=True))
    telling.step("He cannot lift it", "blocked", "veut s'autoriser lui-même", granting, refused("AUT-07"))
    _start(telling, "blocked", "veut briser la glace", GLASS, _in_danger(REASON), refused("MOD-15"))
    _start(telling, "blocked", "veut passer par le centre 15", CENTRE_15, _called(CALL), refused("MOD-15"))


def opposition(telling: Telling) -> None:
    """Alice closes one way and leaves the other open (CNS-04, MOD-05, MOD-16)."""
    telling.scene("The opposition", "Alice s'oppose au bris de glace, et non au centre 15")
    opposing = records.SetOppositionRequest(opposition=records.OPPOSITION_BRIS_DE_GLACE, opposed=True)
    telling.step("Opposing", "alice", "s'oppose au bris de glace", opposing, OK)
    _start(telling, "emergency", "veut de nouveau briser la glace", GLASS, _in_danger(REASON), refused("MOD-05"))
    _start(telling, "regulator", "veut accéder sans référence d'appel", CENTRE_15, _called(""),
           refused("MOD-11.refused"))  # fmt: skip
    _start(telling, "regulator", "régule l'appel au centre 15", CENTRE_15, _called(CALL), OPENED)
    papers.listing(telling, "The regulator's list", "regulator", "sans le masqué", LABORATORY, REMOTE, CYTOLOGY)
    telling.step("Masked at centre 15", "regulator", "demande le document masqué par son numéro",
                 papers.reading(telling, STAY), NOT_FOUND)  # fmt: skip
    telling.step("The end of the call", "regulator", "met fin à l'accès", records.EndEmergencyAccessRequest(), OK)


def _list(telling: Telling, who: str, does: str, expected: Expected) -> None:
    telling.step(f"Listing: {who}", who, does, documents.ListDocumentsRequest(), expected)


def _start(
    telling: Telling,
    who: str,
    does: str,
    mode: records.EmergencyMode.ValueType,
    attestations: Attestations,
    expected: Expected,
) -> None:
    request = records.StartEmergencyAccessRequest(mode=mode, attestations=attestations)
    telling.step(f"Emergency access: {who}", who, does, request, expected)


def _in_danger(reason: str) -> Attestations:
    return Attestations(patient_unable=True, immediate_risk=True, reason=reason)


def _called(reference: str) -> Attestations:
    return Attestations(call_ref=reference)
