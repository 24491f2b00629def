"""The terms of what waits for an interview: they run on where a version replaces another (VIS-11, VIS-16)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, bindparam, func, literal_column, select, update

from services.store import sql
from services.store.labels import BITS
from services.store.savepoint import Savepoint
from services.store.tables import Text, documents, notifications

NOTICE: Final = "SENSITIVE_NOTICE"
"""What the holder is told: that his record was updated, and to see a professional (R1111-53)."""
RUN_SINCE = func.coalesce(documents.c.waits_since, documents.c.deposited_at)
"""The moment that the rules know as a document's deposit."""
_WAITS = literal_column(f"(documents.labels & {BITS['INVISIBLE_PATIENT']}) <> 0", Boolean)
_NAMED = (sql.given(documents.c.record), sql.given(documents.c.logical_id), _WAITS)
_SINCE = sql.Statement(select(RUN_SINCE).where(*_NAMED))
_RUN_ON = sql.Statement(update(documents).where(*_NAMED).values(waits_since=bindparam("since", type_=BigInteger)))
_TOLD = sql.Statement(
    update(notifications)
    .where(sql.given(notifications.c.record), notifications.c.addressee == notifications.c.record)
    .where(sql.given(notifications.c.once))
    .values(once=bindparam("now_once", type_=Text))
)


def told_once(code: str, document: str) -> str:
    """What the holder is told of only once about a document, so that a job that is run again tells nothing anew."""
    return f"{code} {document}"


def run_on(savepoint: Savepoint, record: str, former: str, successor: str) -> None:
    """Where both are hidden from the patient, he waits for the new version no longer and no less than for the old."""
    since = savepoint.row(_SINCE, record=record, logical_id=former)
    if since is None or not savepoint.change(_RUN_ON, record=record, logical_id=successor, since=since[0]):
        return
    # What he was told of the one he is not told again of the other.
    once, now_once = told_once(NOTICE, former), told_once(NOTICE, successor)
    savepoint.change(_TOLD, record=record, once=once, now_once=now_once)
