"""The call that a case is about, and what its caller is answered."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import grpc

from dmp.access.v1 import access_pb2 as access
from dmp.authorization.v1 import authorization_pb2 as authorization
from dmp.records.v1 import records_pb2 as records
from services.runtime.codes import by_number, number_of
from tests.services.cases.acts import ACTS
from tests.services.cases.casebook import CODES
from tests.services.cases.stage import Stage
from tests.services.world import told

ATTESTED = {
    **{name: name for name in ("consent", "informed", "non_opposition", "patient_request", "interview", "reason")},
    **{name: name for name in ("patient_unable", "immediate_risk", "call_ref")},
    "secret": "secret_connection",
}
"""The fields of the attestations, by the attributes of the context."""
ELSEWHERE = {"mode", "purpose", "holder_birth_date", "opposition_code", "target", "ticket", "motive"}
"""The attributes of the context that other fields of a request say."""
MODES = {"bris_de_glace": records.EMERGENCY_MODE_BRIS_DE_GLACE, "centre_15": records.EMERGENCY_MODE_CENTRE_15}


@dataclass(frozen=True)
class Heard:
    """What the caller of a case was answered."""

    code: str
    decision_id: str
    obligations: frozenset[str] = frozenset()
    said: tuple[Any, ...] = ()
    """The response, or all messages of a copy."""


def play(stage: Stage) -> Heard:
    """Do what the case is about, in its mode: one that may not be begun is the answer."""
    if stage.context["mode"] != "normal" and not stage.begun:
        heard = begin(stage)
        if heard.code != "OK":
            return heard
    act = ACTS[stage.case["action"]]
    return hear(stage, act.rpc, act.request(record=stage.record, attestations=attestations(stage), **act.fields(stage)))


def begin(stage: Stage) -> Heard:
    """Begin the emergency access of the case."""
    mode = MODES[stage.context["mode"]]
    request = records.StartEmergencyAccessRequest(record=stage.record, mode=mode, attestations=attestations(stage))
    heard = hear(stage, "StartEmergencyAccess", request)
    stage.begun = heard.code == "OK"
    return heard


def attestations(stage: Stage) -> access.Attestations:
    said = {ATTESTED[name]: value for name, value in stage.context.items() if name not in ELSEWHERE}
    return access.Attestations(purpose=number_of(access.Purpose, stage.context["purpose"]), **said)


def hear(stage: Stage, rpc: str, request: Any) -> Heard:
    """Call as the subject of the case, and take the answer as it comes."""
    call = getattr(stage.as_(stage.subject), rpc)
    try:
        answered = call(request)
        said = tuple(answered) if isinstance(answered, Iterator) else (answered,)
    except grpc.RpcError as error:
        refused = told(error)
        return Heard(refused.code, refused.decision_id)
    decided = said[0].decided
    return Heard(outward(said[0]), decided.decision_id, frozenset(decided.obligations), said)


def outward(response: Any) -> str:
    """How it was answered: a question is always answered, and says how the action would be."""
    if isinstance(response, authorization.CheckResponse):
        return CODES[by_number(authorization.Answer.DESCRIPTOR)[response.answer]]
    return "OK"
