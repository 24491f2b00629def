"""Erasures: what was destroyed for good, kept in the database and, beyond its copies, in the key provider's ledger."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, select, update

from services.store import clock, sql
from services.store.key_provider import Erasure
from services.store.keys import KeyStore
from services.store.outbox_tables import deliveries, subscriptions
from services.store.relations_table import relations
from services.store.savepoint import Savepoint
from services.store.tables import data_keys, documents, emergency_accesses, erasures, record_keys, records, tickets

RECORD, DOCUMENT = "record", "document"

_ADD = sql.inserted(erasures, "number")
_ALL = sql.Statement(select(erasures.c.id, erasures.c.kind, erasures.c.what, erasures.c.at).order_by(erasures.c.number))
_RECORDS, _DOCUMENTS = (select(erasures.c.what).where(erasures.c.kind == kind) for kind in (RECORD, DOCUMENT))
_GONE = {
    "state": "DESTROYED",
    "closed_at": None,
    "closure_motive": None,
    "retained_until": None,
    "revision": records.c.revision + 1,
}
_END_RECORD = sql.Statement(update(records).where(sql.given(records.c.ins)).values(_GONE))
# What an erasure names, and is there again.
_END_RECORDS = sql.Statement(
    update(records).where(records.c.key.in_(_RECORDS), records.c.state != "DESTROYED").values(_GONE)
)
_END_DOCUMENTS = sql.Statement(
    update(documents)
    .where(documents.c.logical_id.in_(_DOCUMENTS), documents.c.status != "Destroyed")
    .values(status="Destroyed")
)
_DESTROYED = select(records.c.ins).where(records.c.state == "DESTROYED")
# Who represents, helps or treats somebody is of him, and goes with his record.
_END_RELATIONS = sql.Statement(delete(relations).where(sql.given(relations.c.record)))
_END_RELATIONS_OF_ALL = sql.Statement(delete(relations).where(relations.c.record.in_(_DESTROYED)))
_END_DELIVERIES = sql.Statement(
    update(deliveries)
    .where(deliveries.c.record.in_(_DESTROYED), deliveries.c.due_at.is_not(None))
    .values(state="LAPSED", settled_at=deliveries.c.due_at, due_at=None)
)
_END_PARKED = sql.Statement(
    update(deliveries).where(deliveries.c.record.in_(_DESTROYED), deliveries.c.state == "PARKED").values(state="LAPSED")
)
_FORGET_PATIENTS = sql.Statement(
    update(deliveries).where(deliveries.c.record.in_(_DESTROYED), deliveries.c.own.is_not(None)).values(own=None)
)
# Or a job would be due on them for ever, and the host's doctor be shown them.
_END_TICKETS = sql.Statement(
    update(tickets)
    .where(tickets.c.record.in_(_DESTROYED), tickets.c.state == "OPEN")
    .values(state="EXPIRED", settled_at=tickets.c.expires_at)
)
_END_EMERGENCIES = sql.Statement(
    update(emergency_accesses)
    .where(emergency_accesses.c.record.in_(_DESTROYED), emergency_accesses.c.ended_at.is_(None))
    .values(ended_at=emergency_accesses.c.expires_at)
)
_END_SUBSCRIPTIONS = sql.Statement(delete(subscriptions).where(subscriptions.c.record.in_(_DESTROYED)))
_RECORD_KEYS = sql.Statement(select(record_keys.c.record).where(record_keys.c.id.in_(_RECORDS)))
_DOCUMENT_KEYS = sql.Statement(
    select(data_keys.c.record, data_keys.c.document).where(
        documents.c.logical_id.in_(_DOCUMENTS),
        data_keys.c.record == documents.c.record,
        data_keys.c.document == documents.c.logical_id,
    )
)


class ErasureStore:
    """Destroys, and remembers that it did; INVARIANT: what it destroys is gone with its key, never to come back."""

    __slots__ = ("_keys", "_savepoint")

    def __init__(self, savepoint: Savepoint, keys: KeyStore) -> None:
        """Work inside this savepoint, on these keys."""
        self._savepoint = savepoint
        self._keys = keys

    def destroy_record(self, record: str, decision_id: str, at: datetime) -> None:
        """Destroy a record and all that is in it (LIF-11); raises Unreadable where that was done before."""
        key = self._keys.destroy_record(record)
        self._savepoint.change(_END_RECORD, ins=record)
        self._savepoint.change(_END_RELATIONS, record=record)
        self._note(Erasure(decision_id, RECORD, key, clock.micros(at)))

    def destroy_document(self, record: str, document: str, decision_id: str, at: datetime) -> None:
        """Destroy a document that is Destroyed by its status (DOC-12); raises NotStored where that was done before."""
        self._keys.destroy_document(record, document)
        self._note(Erasure(decision_id, DOCUMENT, document, clock.micros(at)))

    def replay(self, ledger: Iterable[Erasure]) -> tuple[Erasure, ...]:
        """Destroy again what the ledger names and what this database knows to be gone; what only the database names.

        Documents, keys and erasures may be of three different copies: each is looked at.
        """
        stored = {row[0]: Erasure(*row) for row in self._savepoint.rows(_ALL)}
        named = {erasure.id: erasure for erasure in ledger}
        for erasure in named.values():
            if erasure.id not in stored:
                self._add(erasure)
        waiting = (_END_DELIVERIES, _END_PARKED, _END_SUBSCRIPTIONS, _END_TICKETS, _END_EMERGENCIES)
        for statement in (_END_RECORDS, _END_RELATIONS_OF_ALL, *waiting, _FORGET_PATIENTS, _END_DOCUMENTS):
            self._savepoint.change(statement)
        for (record,) in self._savepoint.rows(_RECORD_KEYS):
            self._keys.destroy_record(record)
        for record, document in self._savepoint.rows(_DOCUMENT_KEYS):
            self._keys.destroy_document(record, document)
        return tuple(erasure for erasure in stored.values() if erasure.id not in named)

    def _note(self, erasure: Erasure) -> None:
        self._add(erasure)
        self._savepoint.erased.append(erasure)

    def _add(self, erasure: Erasure) -> None:
        self._savepoint.change(_ADD, id=erasure.id, kind=erasure.kind, what=erasure.what, at=erasure.at)
