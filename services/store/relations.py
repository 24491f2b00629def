"""How people are linked to a record: representatives, delegates, the care team, equivalents of a treating physician."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import and_, delete, func, select

from services.store import clock, sql
from services.store.errors import StateConflict
from services.store.records import raise_revision
from services.store.relations_table import relations
from services.store.savepoint import Row, Savepoint

REPRESENTATIVE: Final = "REPRESENTATIVE"
DELEGATE: Final = "DELEGATE"
CARE_TEAM: Final = "CARE_TEAM"
MT_EQUIVALENT: Final = "MT_EQUIVALENT"

_OF_PERSON = and_(sql.given(relations.c.record), sql.given(relations.c.person), sql.given(relations.c.kind))
_ADD = sql.inserted(relations)
_END = sql.Statement(delete(relations).where(_OF_PERSON))
_OF_KIND = and_(sql.given(relations.c.record), relations.c.kind == REPRESENTATIVE)
_END_REPRESENTATIVES = sql.Statement(delete(relations).where(_OF_KIND))
_LAPSE = sql.Statement(delete(relations).where(and_(sql.given(relations.c.record), relations.c.kind != REPRESENTATIVE)))
MOST: Final = 500
"""Relations of a record: every call on it looks through them, and a list of its rights tells them all."""
_COUNT = sql.Statement(select(func.count()).select_from(relations).where(sql.given(relations.c.record)))
_OF_RECORD = sql.Statement(
    select(*relations.c).where(sql.given(relations.c.record)).order_by(relations.c.kind, relations.c.person)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """What links one person to one record."""

    record: str
    person: str
    """A representative or delegate by his INS, a professional by his own identifier."""
    kind: str
    power: str | None = None
    """Of a representative, by which power he acts."""
    granted: str | None = None
    """Of a curator, what the assisted adult entrusts to him (ACT-03)."""
    starts_at: datetime
    ends_at: datetime | None
    """The first moment at which it holds no more; nothing where no end is known."""
    collector: str
    """Who recorded or declared it."""
    added_at: datetime


def _relation(row: Row) -> Relation:
    record, person, kind, power, granted, starts_at, ends_at, collector, added_at = row
    return Relation(
        record=record,
        person=person,
        kind=kind,
        power=power,
        granted=granted,
        starts_at=clock.moment(starts_at),
        ends_at=clock.moment_or_none(ends_at),
        collector=collector,
        added_at=clock.moment(added_at),
    )


class RelationStore:
    """Relations of one record, by person and kind."""

    __slots__ = ("_savepoint",)

    def __init__(self, savepoint: Savepoint) -> None:
        """Work inside this savepoint."""
        self._savepoint = savepoint

    def put(self, relation: Relation) -> None:
        """Keep it, in place of the same person's of the same kind; raises NotStored without such a record.

        Raises StateConflict where the record has as many as it may have.
        """
        raise_revision(self._savepoint, relation.record)
        self._savepoint.change(_END, record=relation.record, person=relation.person, kind=relation.kind)
        counted = self._savepoint.row(_COUNT, record=relation.record)
        if counted is not None and counted[0] >= MOST:
            raise StateConflict("the record has as many relations as it may have")
        self._savepoint.change(
            _ADD,
            record=relation.record,
            person=relation.person,
            kind=relation.kind,
            power=relation.power,
            granted=relation.granted,
            starts_at=clock.micros(relation.starts_at),
            ends_at=None if relation.ends_at is None else clock.micros(relation.ends_at),
            collector=relation.collector,
            added_at=clock.micros(relation.added_at),
        )

    def end(self, record: str, person: str, kind: str) -> bool:
        """It holds no more; whether there was one."""
        if not self._savepoint.change(_END, record=record, person=person, kind=kind):
            return False
        raise_revision(self._savepoint, record)
        return True

    def end_representatives(self, record: str) -> None:
        """Nobody represents the holder any more."""
        if self._savepoint.change(_END_REPRESENTATIVES, record=record):
            raise_revision(self._savepoint, record)

    def lapse(self, record: str) -> None:
        """What the holder gave ends, and what the law gives stays (catalogue 8.3, LIF-09: record closed)."""
        if self._savepoint.change(_LAPSE, record=record):
            raise_revision(self._savepoint, record)

    def of_record(self, record: str) -> tuple[Relation, ...]:
        """All, those too whose time has passed or is to come, by kind and person."""
        return tuple(map(_relation, self._savepoint.rows(_OF_RECORD, record=record)))
