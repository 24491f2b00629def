"""Consents collected: a trace of who collected what, when (CNS-02), never a contract."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from services.store import clock, sql
from services.store.savepoint import Savepoint
from services.store.tables import consents

_ADD = sql.inserted(consents, "number")
_OF_RECORD = sql.Statement(
    select(consents.c.code, consents.c.target, consents.c.collector, consents.c.at, consents.c.decision_id)
    .where(sql.given(consents.c.record))
    .order_by(consents.c.number)
)


@dataclass(frozen=True, slots=True)
class Consent:
    """One consent or opposition as it was collected."""

    code: str
    target: str | None
    """The person whom an authorisation names, else nothing."""
    collector: str
    at: datetime
    decision_id: str
    """The decision that obliged to record it."""


class ConsentStore:
    """Consents, by record."""

    __slots__ = ("_savepoint",)

    def __init__(self, savepoint: Savepoint) -> None:
        """Work inside this savepoint."""
        self._savepoint = savepoint

    def record(self, record: str, consent: Consent) -> None:
        """Keep a consent; the record must exist already."""
        self._savepoint.change(
            _ADD,
            record=record,
            code=consent.code,
            target=consent.target,
            collector=consent.collector,
            at=clock.micros(consent.at),
            decision_id=consent.decision_id,
        )

    def of_record(self, record: str) -> tuple[Consent, ...]:
        """Every consent, in the order collected."""
        rows = self._savepoint.rows(_OF_RECORD, record=record)
        return tuple(Consent(code, target, by, clock.moment(at), decision) for code, target, by, at, decision in rows)
