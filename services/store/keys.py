"""Wrapped keys, apart from what they seal: a record's by an epoch's master key, and by that its documents' and fields'.

Destruction deletes a key and never a row; what it sealed is then unreadable wherever a copy of it may lie.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from sqlalchemy import and_, bindparam, delete, select, update

from services.store import sql
from services.store.envelope import Key, drawn
from services.store.errors import Contended, EpochGone, NotStored, Unreadable
from services.store.keyring import data_place, record_place
from services.store.savepoint import Row, Savepoint
from services.store.tables import data_keys, key_epochs, keys, record_keys

NOBODY: Final = ""
"""The record whose key seals the personal fields of what concerns no record that exists."""
FIELDS: Final = ""
"""The document whose key seals the personal fields of a record."""

_SECRET = sql.Statement(select(keys.c.secret).where(sql.given(keys.c.purpose)))
# Shared, so that no key is wrapped by an epoch while its last keys are being looked for.
_CURRENT = sql.Statement(select(key_epochs.c.number).where(key_epochs.c.current).with_for_update(read=True))
_ADD_RECORD = sql.inserted(record_keys)
_ADD_DATA = sql.inserted(data_keys)
_RECORD = sql.Statement(
    select(record_keys.c.id, record_keys.c.epoch, record_keys.c.wrapped).where(sql.given(record_keys.c.record))
)
_FIELDS = sql.Statement(
    select(
        record_keys.c.record, record_keys.c.id, record_keys.c.epoch, record_keys.c.wrapped, data_keys.c.wrapped
    ).where(
        record_keys.c.record.in_(select(sql.texts("records").c.value)),
        data_keys.c.record == record_keys.c.record,
        data_keys.c.document == FIELDS,
    )
)
_OF_RECORD = sql.given(data_keys.c.record)
_DATA = sql.Statement(select(data_keys.c.document, data_keys.c.wrapped).where(_OF_RECORD))
_REWRAP_DATA = sql.Statement(
    update(data_keys)
    .where(and_(_OF_RECORD, sql.given(data_keys.c.document, "named")))
    .values(wrapped=bindparam("anew"))
)
REWRAP_RECORD = sql.Statement(
    update(record_keys)
    .where(sql.given(record_keys.c.record, "named"))
    .values(epoch=bindparam("by"), wrapped=bindparam("anew"))
)
_REMOVE_DATA = sql.Statement(delete(data_keys).where(and_(_OF_RECORD, sql.given(data_keys.c.document))))
_REMOVE_ALL_DATA = sql.Statement(delete(data_keys).where(_OF_RECORD))
_REMOVE_RECORD = sql.Statement(delete(record_keys).where(sql.given(record_keys.c.record)))


@dataclass(frozen=True, slots=True)
class FieldsKey:
    """What seals the personal fields of a record."""

    id: str
    """Of the record's key, by chance: it names the record as long as it lives, and tells nothing once it is gone."""
    key: Key


class KeyStore:
    """Keys by record and document; what has no key any more is told as Unreadable."""

    __slots__ = ("_fields", "_savepoint", "_wrapping")

    def __init__(self, savepoint: Savepoint) -> None:
        """Work inside this savepoint."""
        self._savepoint = savepoint
        # As long as the savepoint, in which they change only here.
        self._fields: dict[str, FieldsKey] = {}
        self._wrapping: dict[str, Key] = {}

    def cursors(self) -> bytes:
        """The 32 bytes that cursors are sealed with."""
        row = self._savepoint.row(_SECRET, purpose="cursors")
        if row is None:
            raise NotStored("the key of the cursors is missing")
        return bytes(row[0])

    def create(self, record: str) -> str:
        """Draw the keys of a new record; the id of its own."""
        identifier, drawn_key = str(uuid4()), drawn()
        epoch, wrapped = self._wrapped(drawn_key, identifier)
        self._savepoint.change(_ADD_RECORD, record=record, id=identifier, epoch=epoch, wrapped=wrapped)
        self._add(Key(drawn_key), record, FIELDS)
        return identifier

    def fields(self, record: str) -> Key:
        """The key of a record's personal fields; raises Unreadable where it has none, or none any more."""
        found = self.fields_key(record)
        if found is None:
            raise Unreadable("the record has no key")
        return found.key

    def fields_key(self, record: str) -> FieldsKey | None:
        """The key of a record's personal fields with its id, if it has one."""
        if record not in self._fields:
            self._fields.update(self.of_records([record]))
        return self._fields.get(record)

    @property
    def known(self) -> Mapping[str, FieldsKey]:
        """The keys of personal fields that were read so far, by record."""
        return self._fields

    def of_records(self, records: Iterable[str]) -> dict[str, FieldsKey]:
        """The keys of the personal fields of these records, as far as there are any that can be unwrapped."""
        found: dict[str, FieldsKey] = {}
        for record, identifier, epoch, wrapped, fields in self._savepoint.rows(_FIELDS, records=sql.array_of(records)):
            try:
                by = self._wrapping[record] = self._unwrapped(epoch, wrapped, identifier)
                found[record] = FieldsKey(identifier, self._savepoint.keyring.data(by, fields, record, FIELDS))
            except Unreadable:
                continue
        return found

    def record_key(self, record: str) -> Key:
        """What wraps the keys of a record; raises Unreadable where it has none any more."""
        if record not in self._wrapping:
            # With what its trace will be sealed by.
            self._fields.update(self.of_records([NOBODY, record]))
        found = self._wrapping.get(record)
        if found is None:
            identifier, epoch, wrapped = self._row(record)
            found = self._wrapping[record] = self._unwrapped(epoch, wrapped, identifier)
        return found

    def new_document(self, record: str, document: str) -> Key:
        """Draw the key of a new document; raises Unreadable for a record without one."""
        return self._add(self.record_key(record), record, document)

    def document(self, record: str, document: str, wrapped: bytes) -> Key:
        """The key of a document, as it is stored; raises Unreadable."""
        return self._savepoint.keyring.data(self.record_key(record), wrapped, record, document)

    def destroy_document(self, record: str, document: str) -> None:
        """Delete a document's key, and renew its record's; raises NotStored where it is gone already.

        INVARIANT: the record's old key, which older copies of the document's are wrapped by, is kept nowhere after.
        """
        if not self._savepoint.change(_REMOVE_DATA, record=record, document=document):
            raise NotStored("the document's key is destroyed")
        identifier, epoch, wrapped = self._row(record)
        old, drawn_key = self._unwrapped(epoch, wrapped, identifier), drawn()
        new = Key(drawn_key)
        self._savepoint.change_many(_REWRAP_DATA, [
            {
                "record": record,
                "named": name,
                "anew": new.seal(old.open(bytes(each), *data_place(record, name)), *data_place(record, name)),
            }
            for name, each in self._savepoint.rows(_DATA, record=record)
        ])  # fmt: skip
        epoch, wrapped = self._wrapped(drawn_key, identifier)
        self._savepoint.change(REWRAP_RECORD, named=record, by=epoch, anew=wrapped)
        self._forget()

    def destroy_record(self, record: str) -> str:
        """Delete every key of a record; the id of its own; raises Unreadable where it has none any more."""
        identifier = str(self._row(record)[0])
        self._savepoint.change(_REMOVE_ALL_DATA, record=record)
        self._savepoint.change(_REMOVE_RECORD, record=record)
        self._forget()
        return identifier

    def _forget(self) -> None:
        self._fields.clear()
        self._wrapping.clear()

    def _unwrapped(self, epoch: int, wrapped: bytes, identifier: str) -> Key:
        """A record's key; raises Contended where this transaction still sees it wrapped by an epoch that has ended."""
        try:
            return self._savepoint.keyring.record(epoch, wrapped, identifier)
        except EpochGone as error:
            raise Contended("the master key was changed meanwhile") from error

    def _row(self, record: str) -> Row:
        row = self._savepoint.row(_RECORD, record=record)
        if row is None:
            raise Unreadable("the record has no key")
        return row

    def _add(self, by: Key, record: str, document: str) -> Key:
        secret = drawn()
        wrapped = by.seal(secret, *data_place(record, document))
        self._savepoint.change(_ADD_DATA, record=record, document=document, wrapped=wrapped)
        return Key(secret)

    def _wrapped(self, secret: bytes, identifier: str) -> tuple[int, bytes]:
        """The secret of a record's key, wrapped by the current epoch, and that epoch."""
        # An epoch that ended while this waited for it is no longer the current one; the next is found at a second look.
        row = self._savepoint.row(_CURRENT) or self._savepoint.row(_CURRENT)
        if row is None:
            raise Unreadable("there is no epoch yet")
        epoch = int(row[0])
        return epoch, self._savepoint.keyring.master(epoch).seal(secret, *record_place(identifier))
