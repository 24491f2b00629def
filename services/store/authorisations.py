"""Who may consult a record: authorisations and the role of treating physician (catalogue 8.3, AUT, ACT-07)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import and_, bindparam, delete, func, select, update

from services.store import clock, sql
from services.store.errors import StateConflict
from services.store.records import raise_revision
from services.store.savepoint import Savepoint
from services.store.tables import authorisations, roles

TREATING_PHYSICIAN = "MEDECIN_TRAITANT"

_OF_TARGET = and_(sql.given(authorisations.c.record), sql.given(authorisations.c.target))
_STATUS = sql.Statement(select(authorisations.c.status).where(_OF_TARGET))
_ADD = sql.inserted(authorisations)
_REPLACE = sql.Statement(
    update(authorisations)
    .where(_OF_TARGET)
    .values(status=bindparam("new_status"), collector=bindparam("new_collector"), added_at=bindparam("new_added_at"))
)
_REMOVE = sql.Statement(delete(authorisations).where(_OF_TARGET))
_OF_ROLE = and_(sql.given(roles.c.record), sql.given(roles.c.person), sql.given(roles.c.role))
_HELD = sql.Statement(select(roles.c.added_at).where(_OF_ROLE))
_HOLDERS = sql.Statement(
    select(roles.c.person).where(sql.given(roles.c.record), sql.given(roles.c.role)).order_by(roles.c.person)
)
_TAKE_ROLE = sql.inserted(roles)
_LEAVE_ROLE = sql.Statement(delete(roles).where(_OF_ROLE))
_LAPSE = sql.Statement(
    delete(authorisations).where(and_(sql.given(authorisations.c.record), authorisations.c.status != "INTERDIT"))
)
_OF_RECORD = sql.Statement(
    select(authorisations.c.target, authorisations.c.status, authorisations.c.collector, authorisations.c.added_at)
    .where(sql.given(authorisations.c.record))
    .order_by(authorisations.c.target)
)
_PHYSICIANS = sql.Statement(
    select(roles.c.person, roles.c.added_at)
    .where(and_(sql.given(roles.c.record), sql.given(roles.c.role)))
    .order_by(roles.c.person)
)
MOST: Final = 1_000
"""Authorisations of a record, and blocks, each counted alone: what is granted never takes the place of a block."""
_COUNT = sql.Statement(
    select(func.count())
    .select_from(authorisations)
    .where(sql.given(authorisations.c.record), sql.given(authorisations.c.status))
)
_LEAVE_ROLES = sql.Statement(delete(roles).where(sql.given(roles.c.record)))


@dataclass(frozen=True, slots=True)
class Authorisation:
    """An authorisation or a block, as stored."""

    target: str
    """A professional or a structure."""
    status: str
    """VALIDE or INTERDIT."""
    collector: str
    """Who granted or blocked."""
    added_at: datetime


class AuthorisationStore:
    """Authorisations of one record, by the person or structure that each names."""

    __slots__ = ("_savepoint",)

    def __init__(self, savepoint: Savepoint) -> None:
        """Work inside this savepoint."""
        self._savepoint = savepoint

    def status(self, record: str, target: str) -> str:
        """NON_EXISTE, VALIDE or INTERDIT, as stored."""
        row = self._savepoint.row(_STATUS, record=record, target=target)
        return "NON_EXISTE" if row is None else str(row[0])

    def of_record(self, record: str) -> tuple[Authorisation, ...]:
        """All, those too whose time has passed, in the order of their targets."""
        rows = self._savepoint.rows(_OF_RECORD, record=record)
        return tuple(Authorisation(target, status, by, clock.moment(at)) for target, status, by, at in rows)

    def physicians(self, record: str) -> tuple[tuple[str, datetime], ...]:
        """Who holds the role of treating physician, and since when."""
        rows = self._savepoint.rows(_PHYSICIANS, record=record, role=TREATING_PHYSICIAN)
        return tuple((person, clock.moment(at)) for person, at in rows)

    def grant(self, record: str, target: str, *, collector: str, at: datetime) -> None:
        """AJOUT: VALIDE from now on, renewed if it was.

        Raises StateConflict where the target is blocked, and where the record has as many as it may have.
        """
        if self.status(record, target) == "INTERDIT":
            raise StateConflict("the target is blocked, and only the holder unblocks")
        self._put(record, target, "VALIDE", collector, at)

    def revoke(self, record: str, target: str) -> bool:
        """SUPPRESSION: VALIDE ends, INTERDIT stays; whether this changed anything; raises StateConflict."""
        # The role grants access by itself, so that its holder would keep what was just taken from him.
        self._refuse_treating_physician(record, target)
        return self._remove(record, target, "VALIDE")

    def block(self, record: str, target: str, *, collector: str, at: datetime) -> bool:
        """INTERDIT, whatever it was; whether this changed anything; raises StateConflict (ACT-08, or if full)."""
        self._refuse_treating_physician(record, target)
        if self.status(record, target) == "INTERDIT":
            return False
        self._put(record, target, "INTERDIT", collector, at)
        return True

    def unblock(self, record: str, target: str) -> bool:
        """INTERDIT ends, as NON_EXISTE and not as what it was before; whether this changed anything."""
        return self._remove(record, target, "INTERDIT")

    def is_treating_physician(self, record: str, person: str) -> bool:
        """Whether the role is held now."""
        return self._savepoint.row(_HELD, record=record, person=person, role=TREATING_PHYSICIAN) is not None

    def treating_physicians(self, record: str) -> tuple[str, ...]:
        """Everybody who holds the role now."""
        rows = self._savepoint.rows(_HOLDERS, record=record, role=TREATING_PHYSICIAN)
        return tuple(row[0] for row in rows)

    def set_treating_physician(self, record: str, person: str, *, collector: str, at: datetime) -> bool:
        """The role with its authorisation (AUT-09); whether the role is new; raises StateConflict as `grant`."""
        self.grant(record, person, collector=collector, at=at)
        if self.is_treating_physician(record, person):
            return False
        self._savepoint.change(
            _TAKE_ROLE, record=record, person=person, role=TREATING_PHYSICIAN, added_at=clock.micros(at)
        )
        return True

    def remove_treating_physician(self, record: str, person: str) -> bool:
        """The role ends, and its authorisation with it; whether it was held."""
        if not self._savepoint.change(_LEAVE_ROLE, record=record, person=person, role=TREATING_PHYSICIAN):
            return False
        raise_revision(self._savepoint, record)
        self._remove(record, person, "VALIDE")
        return True

    def lapse(self, record: str) -> None:
        """Every authorisation and role of a record ends; blocks stay (catalogue 8.3: record closed)."""
        self._savepoint.change(_LAPSE, record=record)
        self._savepoint.change(_LEAVE_ROLES, record=record)
        raise_revision(self._savepoint, record)

    def _refuse_treating_physician(self, record: str, target: str) -> None:
        if self.is_treating_physician(record, target):
            raise StateConflict("the target is a treating physician, whose role must be removed first")

    def _refuse_one_more(self, record: str, target: str, status: str) -> None:
        if self.status(record, target) == status:
            return
        counted = self._savepoint.row(_COUNT, record=record, status=status)
        if counted is not None and counted[0] >= MOST:
            raise StateConflict("the record has as many of these as it may have")

    def _put(self, record: str, target: str, status: str, collector: str, at: datetime) -> None:
        raise_revision(self._savepoint, record)
        self._refuse_one_more(record, target, status)
        since = clock.micros(at)
        changed = self._savepoint.change(
            _REPLACE, record=record, target=target, new_status=status, new_collector=collector, new_added_at=since
        )
        if not changed:
            self._savepoint.change(
                _ADD, record=record, target=target, status=status, collector=collector, added_at=since
            )

    def _remove(self, record: str, target: str, status: str) -> bool:
        if self.status(record, target) != status:
            return False
        raise_revision(self._savepoint, record)
        self._savepoint.change(_REMOVE, record=record, target=target)
        return True
