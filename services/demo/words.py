"""What answers say, in the words of the story."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from dmp.authorization.v1 import authorization_pb2
from dmp.documents.v1 import documents_pb2
from dmp.records.v1 import records_pb2
from dmp.trace.v1 import trace_pb2

PARIS: Final = ZoneInfo("Europe/Paris")
MODES: Final = {"normal": "accès normal", "bris_de_glace": "bris de glace", "centre_15": "centre 15"}
DUTIES: Final = {
    "DISPLAY_EMERGENCY": "bandeau d'urgence à l'écran",
    "ALERT_INVISIBLE_PATIENT": "alerte : non visible de la patiente",
}
"""What the caller's screen must show, by obligation."""
OPEN: Final = "dossier ouvert"
AT_MOST: Final = "pour trois heures au plus"
LONGEST_EMERGENCY: Final = 3 * 3600
ATTESTED: Final = {
    "informed": "informée",
    "consent": "consentement",
    "non_opposition": "non-opposition",
    "patient_request": "demande de la patiente",
    "interview": "entretien",
}
"""What the actor attested."""
OUTCOMES: Final = {
    trace_pb2.OUTCOME_DONE: "fait",
    trace_pb2.OUTCOME_REFUSED: "refusé",
    trace_pb2.OUTCOME_FAILED: "échoué",
    trace_pb2.OUTCOME_LATE: "trop tard",
}
ACTIONS: Final[Mapping[str, str]] = {
    "record.create": "ouvrir le dossier",
    "authz.add": "autoriser",
    "authz.block": "bloquer",
    "opposition.set": "s'opposer",
    "doc.create": "déposer",
    "doc.list": "lister",
    "doc.read": "lire",
    "doc.mask": "masquer",
    "doc.unmask": "démasquer",
    "doc.reveal_patient": "révéler",
    "emergency.start": "accéder en urgence",
    "emergency.end": "finir l'urgence",
    "notification.list": "lire les avis",
    "trace.list": "lire les traces",
}


def duties(response: Any) -> list[str]:  # noqa: ANN401 - whatever is answered has a decision
    """What the screen must show with the answer."""
    return [DUTIES[duty] for duty in response.decided.obligations if duty in DUTIES]


def state(response: records_pb2.GetRecordStatusResponse) -> list[str]:
    """The state of the record."""
    return [OPEN if response.state == records_pb2.RECORD_STATE_ACTIVE else f"état {response.state}"]


def title(response: documents_pb2.GetDocumentResponse) -> list[str]:
    """The document read."""
    return [response.document.title]


def started(response: records_pb2.StartEmergencyAccessResponse) -> list[str]:
    """What the screen must show, and how long the access lasts."""
    left = (response.expires_at.ToDatetime(UTC) - datetime.now(UTC)).total_seconds()
    return [*duties(response), AT_MOST if 0 < left <= LONGEST_EMERGENCY else f"pour {left:.0f} s"]


def notified(response: records_pb2.ListNotificationsResponse) -> list[str]:
    """Of whom the holder was told, newest first."""
    return [f"{news.actor_name}, {MODES.get(news.mode, news.mode)}" for news in response.notifications]


def reasons(response: authorization_pb2.ExplainResponse) -> list[str]:
    """The rules that explain an answer."""
    return [reason.rule for reason in response.reasons]


def hour(moment: datetime) -> str:
    """The time of the day in Paris."""
    return moment.astimezone(PARIS).strftime("%H:%M:%S")
