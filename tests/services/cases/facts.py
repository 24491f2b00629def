"""Which RPC makes which fact of a record and of the caller's link with it, and when."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial

from dmp.access.v1 import access_pb2 as access
from dmp.records.v1 import records_pb2 as records
from services.runtime.codes import number_of
from tests.services.cases import papers, playing
from tests.services.cases.casebook import BEGUN_BEFORE, moment
from tests.services.cases.stage import DAY, HOUR, Stage
from tests.services.cases.steps import Step, walk
from tests.services.world import of

CONSENT = access.Attestations(consent=True, informed=True, representative_consent=True)
TITLE = access.Attestations(reason="livret de famille")


def build(stage: Stage) -> None:
    """The world that a case describes, at the moment of the case."""
    if stage.stored["exists"]:
        walk(stage, (step for fact in FACTS for step in fact(stage)))
    stage.clock(stage.at)


def before_closure(stage: Stage, at: datetime) -> datetime:
    """Nobody is given anything on a closed record: what the case dates later was given before."""
    return min(at, stage.closed_at - DAY) if stage.closed_at else at


def opposed(stage: Stage) -> Iterator[Step]:
    for code in stage.stored["oppositions"]:
        opposition = number_of(records.Opposition, code)
        request = records.SetOppositionRequest(record=stage.record, opposition=opposition, opposed=True)
        yield Step(stage.at - DAY, partial(stage.as_(stage.holder).SetOpposition, request))


def authorised(stage: Stage) -> Iterator[Step]:
    if stage.relation.get("authorisation") != "VALIDE":
        return
    if stage.case["id"] in BEGUN_BEFORE:
        yield from authorised_in_an_emergency(stage)
        return
    at = before_closure(stage, moment(stage.relation["authorisation_added_at"]))
    caller = stage.as_(stage.subject)
    yield Step(at, partial(caller.GrantAccess, records.GrantAccessRequest(record=stage.record, attestations=CONSENT)))
    if stage.relation["treating_physician"]:
        role = records.SetTreatingPhysicianRequest(record=stage.record, attestations=CONSENT)
        yield Step(at, partial(caller.SetTreatingPhysician, role))


def authorised_in_an_emergency(stage: Stage) -> Iterator[Step]:
    """He breaks the glass, and then the holder authorises him."""
    yield Step(stage.at - HOUR, partial(playing.begin, stage))
    grant = records.GrantAccessRequest(record=stage.record, professional=of(stage.subject), attestations=CONSENT)
    yield Step(stage.at - HOUR, partial(stage.as_(stage.holder).GrantAccess, grant))


def blocked(stage: Stage) -> Iterator[Step]:
    if stage.relation.get("authorisation") == "INTERDIT":
        request = records.BlockProfessionalRequest(record=stage.record, professional=of(stage.subject))
        at = moment(stage.relation["authorisation_added_at"])
        yield Step(at, partial(stage.as_(stage.holder).BlockProfessional, request))


def represented(stage: Stage) -> Iterator[Step]:
    """A minor by a parent, an adult by whom he gave a mandate."""
    if stage.relation.get("representative"):
        power = records.POWER_AUTORITE_PARENTALE if stage.minor else records.POWER_MANDAT
        request = records.RegisterRepresentativeRequest(
            record=stage.record, representative=of(stage.subject), power=power, attestations=TITLE
        )
        yield Step(stage.at - DAY, partial(stage.as_("operator").RegisterRepresentative, request))


def delegated(stage: Stage) -> Iterator[Step]:
    if stage.relation.get("delegate"):
        request = records.SetDelegateRequest(record=stage.record, delegate=of(stage.subject), designated=True)
        yield Step(stage.at - DAY, partial(stage.as_(stage.holder).SetDelegate, request))


def of_the_team(stage: Stage) -> Iterator[Step]:
    if stage.relation.get("care_team"):
        request = records.SetCareTeamMemberRequest(record=stage.record, professional=of(stage.subject), member=True)
        yield Step(stage.at - DAY, partial(stage.as_(stage.holder).SetCareTeamMember, request))


def equivalent(stage: Stage) -> Iterator[Step]:
    if stage.relation.get("mt_equivalent"):
        request = records.SetEquivalentRequest(record=stage.record, professional=of(stage.subject), equivalent=True)
        yield Step(stage.at - DAY, partial(stage.as_(stage.holder).SetEquivalent, request))


def closed(stage: Stage) -> Iterator[Step]:
    """By the holder, or by his death."""
    if stage.closed_at is None:
        return
    if stage.stored["deceased"]:
        death = records.DeclareDeathRequest(record=stage.record, deceased=True, attestations=TITLE)
        yield Step(stage.closed_at, partial(stage.as_("operator").DeclareDeath, death))
    else:
        closing = records.CloseRecordRequest(record=stage.record)
        yield Step(stage.closed_at, partial(stage.as_(stage.holder).CloseRecord, closing))


def ticketed(stage: Stage) -> Iterator[Step]:
    """The holder asked for what the host's doctor is about to do."""
    if "ticket" not in stage.context:
        return
    holder = stage.as_(stage.holder)

    def ask() -> None:
        if stage.case["action"] == "record.destroy":
            answered = holder.RequestRecordDestruction(records.RequestRecordDestructionRequest(record=stage.record))
        else:
            answered = holder.RequestRecordCopy(records.RequestRecordCopyRequest(record=stage.record))
        stage.ticket = answered.ticket_id

    yield Step(stage.at - HOUR, ask)


FACTS: tuple[Callable[[Stage], Iterator[Step]], ...] = (
    opposed,
    authorised,
    blocked,
    represented,
    delegated,
    of_the_team,
    equivalent,
    papers.steps,
    closed,
    ticketed,
)
"""Of facts of one moment, those before come first."""
