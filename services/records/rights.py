"""Who has which right on a record, since when and until when, as the rules in force give it effect."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dmp.records.v1 import records_pb2
from services.records.wire import EXPIRED
from services.runtime import codes
from services.runtime.absence import asked_as
from services.runtime.call import Call
from services.runtime.messages import identifier, page_size, timestamp
from services.store.authorisations import TREATING_PHYSICIAN, Authorisation
from services.store.errors import UnknownCursor
from services.store.relations import Relation

VALID: Final = "VALIDE"
AUTHORISATION: Final = "AUTORISATION"


@dataclass(frozen=True, slots=True)
class Right:
    """One right, with the codes of the contract."""

    person: str
    kind: str
    status: str
    since: datetime
    until: datetime | None
    recorded_by: str | None
    power: str | None = None
    granted: str | None = None

    @property
    def place(self) -> str:
        """What a page continues after; it names nobody."""
        return hashlib.sha256(f"{self.kind}|{self.person}".encode()).hexdigest()


def list_access_rights(
    call: Call, request: records_pb2.ListAccessRightsRequest
) -> records_pb2.ListAccessRightsResponse:
    """Those that are stored, in the order of their kinds."""
    wanted = codes.by_number(records_pb2.AccessRightsShown.DESCRIPTOR).get(request.shown)
    rights = [right for right in _rights(call) if wanted in (None, right.status)]
    rights.sort(key=lambda right: (_number(right.kind), right.person))
    rest = _after(rights, request.page_token)
    shown = rest[: page_size(request.page_size)]
    return records_pb2.ListAccessRightsResponse(
        rights=map(_told, shown), next_page_token=shown[-1].place if len(rest) > len(shown) else ""
    )


def _rights(call: Call) -> Iterator[Right]:
    physicians = call.stores.authorisations.physicians(call.record)
    for person, since in physicians:
        yield Right(person, TREATING_PHYSICIAN, VALID, since, None, None)
    held = {person for person, _ in physicians}
    for stored in call.stores.authorisations.of_record(call.record):
        yield _authorisation(call, stored, is_physician=stored.target in held)
    for relation in call.stores.relations.of_record(call.record):
        status = _status(call, relation)
        yield Right(
            relation.person,
            relation.kind,
            status,
            relation.starts_at,
            relation.ends_at,
            relation.collector,
            relation.power,
            relation.granted,
        )


def _authorisation(call: Call, stored: Authorisation, *, is_physician: bool) -> Right:
    """As stored, but for EXPIRE, which the date and the profile make (AUT-04); a role does not expire (AUT-09)."""
    ends = stored.status == VALID and not is_physician
    until = call.due(stored.added_at, "authorisation_validity_days") if ends else None
    status = EXPIRED if until is not None and until <= call.now else stored.status
    return Right(stored.target, AUTHORISATION, status, stored.added_at, until, stored.collector)


def _status(call: Call, relation: Relation) -> str:
    if relation.starts_at > call.now:
        return "NON_EXISTE"
    if relation.ends_at is not None and relation.ends_at <= call.now:
        return EXPIRED
    return VALID if _has_effect(call, relation) else EXPIRED


def _has_effect(call: Call, relation: Relation) -> bool:
    """Whether the rules still let the person do anything by it: a power ends with a minority or a measure (MIN-08)."""
    capacity = call.rules.absence.capacities.get(relation.kind)
    if capacity is None or not capacity.least:
        return True
    by = {"power": relation.power, "granted": relation.granted}
    request = {**call.verdict.request, "action": capacity.least, **asked_as(capacity, relation.person, by)}
    return call.engine.decide(request).permitted


def _after(rights: Sequence[Right], token: str) -> Sequence[Right]:
    """Those after the one that a page ended with; raises UnknownCursor where it is no longer there."""
    if not token:
        return rights
    places = [right.place for right in rights]
    if token not in places:
        raise UnknownCursor("there is no such right to continue from")
    return rights[places.index(token) + 1 :]


def _number(kind: str) -> int:
    return int(codes.number_of(records_pb2.AccessRightKind, kind))


def _told(right: Right) -> records_pb2.AccessRight:
    return records_pb2.AccessRight(
        person=identifier(right.person),
        kind=codes.number_of(records_pb2.AccessRightKind, right.kind),
        status=codes.number_of(records_pb2.AuthorisationStatus, right.status),
        since=timestamp(right.since),
        until=timestamp(right.until),
        power=codes.number_of(records_pb2.Power, right.power) if right.power else records_pb2.POWER_UNSPECIFIED,
        granted=codes.number_of(records_pb2.Extent, right.granted) if right.granted else records_pb2.EXTENT_UNSPECIFIED,
        recorded_by=identifier(right.recorded_by),
    )
