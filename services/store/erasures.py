"""Erasures: what was destroyed for good, kept in the database and, beyond its copies, in the key provider's ledger."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select, update

from services.store import clock, sql
from services.store.key_provider import Erasure
from services.store.keys import KeyStore
from services.store.savepoint import Savepoint
from services.store.tables import data_keys, documents, erasures, record_keys, records

RECORD, DOCUMENT = "record", "document"

_ADD = sql.inserted(erasures, "number")
_ALL = sql.Statement(select(erasures.c.id, erasures.c.kind, erasures.c.what, erasures.c.at).order_by(erasures.c.number))
_OF_KEY = sql.Statement(select(record_keys.c.record).where(sql.given(record_keys.c.id)))
_OF_DOCUMENT = sql.Statement(select(data_keys.c.record).where(sql.given(data_keys.c.document)))
_RECORD_GONE = sql.Statement(
    update(records)
    .where(sql.given(records.c.key))
    .values(
        state="DESTROYED", closed_at=None, closure_motive=None, retained_until=None, revision=records.c.revision + 1
    )
)
_DOCUMENT_GONE = sql.Statement(update(documents).where(sql.given(documents.c.logical_id)).values(status="Destroyed"))


class ErasureStore:
    """Destroys, and remembers that it did; INVARIANT: what it destroys is gone with its key, never to come back."""

    __slots__ = ("_keys", "_savepoint")

    def __init__(self, savepoint: Savepoint, keys: KeyStore | None = None) -> None:
        """Work inside this savepoint."""
        self._savepoint = savepoint
        self._keys = keys or KeyStore(savepoint)

    def destroy_record(self, record: str, decision_id: str, at: datetime) -> None:
        """Destroy a record and all that is in it (LIF-11); raises Unreadable where that was done before."""
        key = self._keys.destroy_record(record)
        self._savepoint.change(_RECORD_GONE, key=key)
        self._note(Erasure(decision_id, RECORD, key, clock.micros(at)))

    def destroy_document(self, record: str, document: str, decision_id: str, at: datetime) -> None:
        """Destroy a document that is Destroyed by its status (DOC-12); raises NotStored where that was done before."""
        self._keys.destroy_document(record, document)
        self._note(Erasure(decision_id, DOCUMENT, document, clock.micros(at)))

    def replay(self, ledger: Iterable[Erasure]) -> tuple[Erasure, ...]:
        """Destroy again what the ledger names and this database does not; what only the database names."""
        stored = {row[0]: Erasure(*row) for row in self._savepoint.rows(_ALL)}
        named = {erasure.id: erasure for erasure in ledger}
        for erasure in named.values():
            if erasure.id not in stored:
                self._again(erasure)
        return tuple(erasure for erasure in stored.values() if erasure.id not in named)

    def _again(self, erasure: Erasure) -> None:
        # The keys may be newer than what they seal, and gone already.
        if erasure.kind == RECORD:
            if row := self._savepoint.row(_OF_KEY, id=erasure.what):
                self._keys.destroy_record(row[0])
            self._savepoint.change(_RECORD_GONE, key=erasure.what)
        else:
            if row := self._savepoint.row(_OF_DOCUMENT, document=erasure.what):
                self._keys.destroy_document(row[0], erasure.what)
            self._savepoint.change(_DOCUMENT_GONE, logical_id=erasure.what)
        self._add(erasure)

    def _note(self, erasure: Erasure) -> None:
        self._add(erasure)
        self._savepoint.erased.append(erasure)

    def _add(self, erasure: Erasure) -> None:
        self._savepoint.change(_ADD, id=erasure.id, kind=erasure.kind, what=erasure.what, at=erasure.at)
