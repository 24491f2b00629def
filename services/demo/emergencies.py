"""Breaking the glass, centre 15, the opposition and the block."""

from __future__ import annotations

from typing import Final

from dmp.access.v1.access_pb2 import Attestations
from dmp.authorization.v1 import authorization_pb2
from dmp.documents.v1 import documents_pb2 as documents
from dmp.records.v1 import records_pb2 as records
from services.demo import papers, words
from services.demo.expected import NOT_FOUND, OK, conflict, refused, says
from services.demo.papers import CYTOLOGY, LABORATORY, REMOTE, STAY
from services.demo.telling import Telling

REASON: Final = "Inconsciente après une chute"
CALL: Final = "APPEL-15-DEMO"
LIST: Final = documents.ListDocumentsRequest()
EMERGENCY: Final = words.DUTIES["DISPLAY_EMERGENCY"]
NOTIFIED: Final = (("emergency", "bris_de_glace"), ("author", "normal"))
OPENED: Final = says(words.started, EMERGENCY, words.AT_MOST)


def glass(telling: Telling) -> None:
    """An emergency opens the record, and not what is masked (MOD-03, MOD-04, MOD-08)."""
    telling.scene("Breaking the glass", "Aux urgences, un médecin sans droit brise la glace")
    step, who, no_right = telling.step, "emergency", "AUT-02.refused"
    step("No listing without a right", who, "liste le dossier, sans autorisation", LIST, refused(no_right))
    why = authorization_pb2.ExplainRequest(question=authorization_pb2.Question(action="doc.list"))
    step("Why", who, "demande pourquoi", why, says(words.reasons, no_right))
    step("No glass broken without a reason", who, "veut briser la glace sans motif", _glass(""), refused("MOD-04"))
    step("The glass broken with a reason", who, f"brise la glace : « {REASON} »", _glass(REASON), OPENED)
    papers.listing(telling, "The list in an emergency", who, "le masqué n'y est pas", LABORATORY, REMOTE, CYTOLOGY)
    reading = papers.reading(telling, LABORATORY)
    step("Reading in an emergency", who, "lit les analyses de sang", reading, says(words.duties, EMERGENCY))
    masked = papers.reading(telling, STAY)
    step("Masked in an emergency", who, "demande le document masqué par son numéro", masked, NOT_FOUND)


def aftermath(telling: Telling) -> None:
    """Alice is told, the access ends, and who may consult breaks no glass (NTF-01, MOD-10, MOD-18)."""
    step, who = telling.step, "emergency"
    telling.scene("After the emergency", "Alice l'apprend, et l'urgence finit")
    told = [f"{telling.players[key].name}, {words.MODES[mode]}" for key, mode in NOTIFIED]
    reading = records.ListNotificationsRequest()
    step("Alice is notified", "alice", "est avertie, une fois pour tout l'accès", reading, says(words.notified, *told))
    step("The end", who, "met fin à son accès d'urgence", records.EndEmergencyAccessRequest(), OK)
    step("No listing after the end", who, "liste le dossier, l'accès fini", LIST, refused("AUT-02.refused"))
    does = "autorisée, veut briser la glace : l'accès normal lui est ouvert"
    step("No glass to break for who may consult", "colleague", does, _glass(REASON), conflict("MOD-18"))


def block(telling: Telling) -> None:
    """A block holds in every mode (AUT-06, AUT-07, MOD-15)."""
    telling.scene("A block", "Alice bloque un médecin")
    step, who = telling.step, "blocked"
    papers.listing(telling, "Before the block", who, "autorisé jusqu'ici", LABORATORY, REMOTE, CYTOLOGY)
    blocking = records.BlockProfessionalRequest(professional=telling.players[who].identifier)
    step("Blocking", "alice", "bloque le Dr Bloqué", blocking, OK)
    step("A block holds in mode normal", who, "liste le dossier, en accès normal", LIST, refused("AUT-06"))
    granting = records.GrantAccessRequest(attestations=Attestations(consent=True))
    step("He cannot lift it", who, "veut s'autoriser lui-même", granting, refused("AUT-07"))
    step("A block holds with the glass broken", who, "veut briser la glace", _glass(REASON), refused("MOD-15"))
    step("A block holds at centre 15", who, "veut passer par le centre 15", _centre_15(CALL), refused("MOD-15"))


def opposition(telling: Telling) -> None:
    """Alice closes one way and leaves the other open (CNS-04, MOD-05, MOD-11, MOD-16)."""
    telling.scene("The opposition", "Alice s'oppose au bris de glace, et non au centre 15")
    step, who = telling.step, "regulator"
    opposing = records.SetOppositionRequest(opposition=records.OPPOSITION_BRIS_DE_GLACE, opposed=True)
    step("Opposing", "alice", "s'oppose au bris de glace", opposing, OK)
    again = "veut de nouveau briser la glace"
    step("The opposition closes the glass", "emergency", again, _glass(REASON), refused("MOD-05"))
    no_call = "veut accéder sans référence d'appel"
    step("Centre 15 asks for a call", who, no_call, _centre_15(""), refused("MOD-11.refused"))
    step("Centre 15 stays open", who, "régule l'appel au centre 15", _centre_15(CALL), OPENED)
    papers.listing(telling, "The regulator's list", who, "sans le masqué", LABORATORY, REMOTE, CYTOLOGY)
    masked = papers.reading(telling, STAY)
    step("Masked at centre 15", who, "demande le document masqué par son numéro", masked, NOT_FOUND)
    step("The end of the call", who, "met fin à l'accès", records.EndEmergencyAccessRequest(), OK)


def _glass(reason: str) -> records.StartEmergencyAccessRequest:
    attestations = Attestations(patient_unable=True, immediate_risk=True, reason=reason)
    return records.StartEmergencyAccessRequest(mode=records.EMERGENCY_MODE_BRIS_DE_GLACE, attestations=attestations)


def _centre_15(call: str) -> records.StartEmergencyAccessRequest:
    attestations = Attestations(call_ref=call)
    return records.StartEmergencyAccessRequest(mode=records.EMERGENCY_MODE_CENTRE_15, attestations=attestations)
